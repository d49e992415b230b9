"""Who writes and who buys: names of the distributors that `bench.fill` makes, callbacks and pushes as they come in."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.scratch import AES_KEY, AGENT_ID, CORP_ID, ORDER_SECRET, TOKEN
from bot.wecom.crypto import Envelope
from web.signing import sign

ENVELOPE = Envelope(TOKEN, AES_KEY, CORP_ID)
_numbers = itertools.count(time.time_ns())  # MsgIds and order numbers that no other run has used


def userid(distributor_id: int) -> str:
    return f"user{distributor_id}"


def callback(sender: str, text: str) -> tuple[str, bytes]:
    """The address and the body of a text message: signed, encrypted, with a MsgId of its own."""
    now = int(time.time())
    plain = (
        f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
        f"<MsgId>{next(_numbers)}</MsgId><AgentID>{AGENT_ID}</AgentID></xml>"
    )
    nonce = str(secrets.randbelow(10**10))
    sealed = ENVELOPE.seal(plain, nonce, now)
    encrypted = sealed.partition("<Encrypt>")[2].partition("</Encrypt>")[0]
    signature = sealed.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
    body = (
        f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><Encrypt>{encrypted}</Encrypt>"
        f"<AgentID><![CDATA[{AGENT_ID}]]></AgentID></xml>"
    )
    return f"/callback/wecom?msg_signature={signature}&timestamp={now}&nonce={nonce}", body.encode()


def answer(body: bytes) -> str:
    """What a passive reply says: its decrypted XML."""
    text = body.decode()
    nonce = text.partition("<Nonce><![CDATA[")[2].partition("]]>")[0]
    stamp = text.partition("<TimeStamp>")[2].partition("</TimeStamp>")[0]
    signature = text.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
    return ENVELOPE.open(body, signature, stamp, nonce).decode()


def order_number() -> str:
    return f"B{next(_numbers)}"


def order(code: str, *, no: str | None = None, buyer: str | None = None) -> bytes:
    """The body of an order with the seller's code: one line of 68.00, two awards of the demo's plan."""
    number = no or order_number()
    content = {
        "no": number,
        "source": "mall",
        "buyer": {"id": buyer or f"new-{number}"},
        "ref": {"code": code},
        "paid_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "freight": "0.00",
        "lines": [
            {"sku": "STRAWBERRY-3J", "name": "丹东99草莓 3斤装", "category": "水果", "qty": 1}
            | {"price": "68.00", "paid": "68.00"}
        ],
    }
    return json.dumps(content, ensure_ascii=False).encode()


def signed(body: bytes) -> dict[str, str]:
    """The headers of a push."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return {
        "Content-Type": "application/json",
        "X-Timestamp": stamp,
        "X-Nonce": nonce,
        "X-Signature": sign(ORDER_SECRET, stamp, nonce, body),
    }


def http(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A whole POST, as it goes over the wire; the connection is kept."""
    lines = [f"POST {path} HTTP/1.1", "Host: tuike.example", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {"Content-Type": "text/xml"}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def in_turn(ids: list[int]) -> Iterator[int]:
    """These distributors again and again."""
    return itertools.cycle(ids)
