"""The envelope of callbacks (AES-256-CBC, PKCS#7 of 32, SHA-1 of the sorted parts) and the signature of orders."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import time
import uuid
import xml.etree.ElementTree as ElementTree
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Envelope:
    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self.token, self.receiver = token, receiver
        self._key = base64.b64decode(aes_key + "=")

    def seal(self, plain: bytes, receiver: str | None = None) -> str:
        block = os.urandom(16) + struct.pack(">I", len(plain)) + plain
        block += (self.receiver if receiver is None else receiver).encode()
        pad = 32 - len(block) % 32
        cipher = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(cipher.update(block + bytes([pad]) * pad) + cipher.finalize()).decode()

    def unseal(self, sealed: str) -> bytes:
        cipher = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
        block = cipher.update(base64.b64decode(sealed, validate=True)) + cipher.finalize()
        assert 1 <= block[-1] <= 32
        assert block[-block[-1] :] == bytes([block[-1]]) * block[-1]
        block = block[: -block[-1]]
        (length,) = struct.unpack(">I", block[16:20])
        assert block[20 + length :].decode() == self.receiver
        return block[20 : 20 + length]

    def signature(self, timestamp: str, nonce: str, sealed: str) -> str:
        return hashlib.sha1("".join(sorted([self.token, timestamp, nonce, sealed])).encode()).hexdigest()

    def query(self, sealed: str) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), uuid.uuid4().hex[:10]
        return {"msg_signature": self.signature(timestamp, nonce, sealed), "timestamp": timestamp, "nonce": nonce}

    def request(self, plain: str | bytes, receiver: str | None = None) -> tuple[dict[str, str], bytes]:
        """(query, body) of a callback."""
        sealed = self.seal(plain.encode() if isinstance(plain, str) else plain, receiver)
        body = f"<xml><ToUserName><![CDATA[{self.receiver}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return self.query(sealed), body.encode()

    def answer(self, body: bytes) -> dict[str, str]:
        """The fields of a passive reply, its signature checked; {} for an empty body."""
        if not body:
            return {}
        envelope = {child.tag: child.text or "" for child in ElementTree.fromstring(body)}
        expected = self.signature(envelope["TimeStamp"], envelope["Nonce"], envelope["Encrypt"])
        assert envelope["MsgSignature"] == expected
        return {child.tag: child.text or "" for child in ElementTree.fromstring(self.unseal(envelope["Encrypt"]))}


def xml(**fields: str | int) -> str:
    """A message or an event; a value that begins with '<' is put in as it is."""

    def one(value: str | int) -> str:
        text = str(value)
        if isinstance(value, int) or text.startswith("<"):
            return text
        return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"

    return "<xml>" + "".join(f"<{name}>{one(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def signed(secret: str, body: bytes, *, timestamp: int | None = None, nonce: str | None = None) -> dict[str, str]:
    at, once = str(int(time.time()) if timestamp is None else timestamp), nonce or uuid.uuid4().hex
    mac = hmac.new(secret.encode(), f"{at}\n{once}\n".encode() + body, hashlib.sha256)
    return {"X-Timestamp": at, "X-Nonce": once, "X-Signature": mac.hexdigest(), "Content-Type": "application/json"}


def as_json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()


def yuan(text: str, label: str) -> str:
    """The amount that stands after `label` in a sentence: yuan("可提现 32.40 元", "可提现") is "32.40"."""
    found = re.search(re.escape(label) + r"\s*(-?[\d,]+\.\d\d)", text)
    assert found, f"no amount after {label} in {text!r}"
    return found[1].replace(",", "")
