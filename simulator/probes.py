"""Requests that no person causes: the console's check of the callback address, and what an attacker would send."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import requests

from . import xml
from .callbacks import post
from .crypto import Crypto, Sealed

if TYPE_CHECKING:
    from .state import World

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    '<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><xml><Encrypt>&d;</Encrypt></xml>'
)
HUGE_BYTES = 10 * 1024 * 1024


class Probes:
    def __init__(self, world: World, crypto: Crypto) -> None:
        self._world = world
        self._crypto = crypto
        self._attacks: dict[str, Callable[[Sealed], tuple[Sealed, str | bytes]]] = {
            "bad_signature": self._bad_signature,
            "wrong_receiveid": self._wrong_receiveid,
            "swapped_key": self._swapped_key,
            "truncated": self._truncated,
            "bad_padding": self._bad_padding,
            "not_base64": self._not_base64,
            "non_xml": lambda sealed: (sealed, "this is not XML"),
            "no_encrypt": lambda sealed: (sealed, "<xml><ToUserName>x</ToUserName></xml>"),
            "entity_bomb": lambda sealed: (sealed, BOMB),
            "inner_entity_bomb": self._inner_bomb,
            "old_timestamp": self._old_timestamp,
            "huge": lambda sealed: (sealed, b"<xml>" + b"x" * HUGE_BYTES + b"</xml>"),
        }

    @property
    def attacks(self) -> list[str]:
        return list(self._attacks)

    def verify(self) -> dict[str, Any]:
        """The GET that the console sends when the address is saved: `{"ok", "reason", "status", "ms"}`."""
        plain = str(secrets.randbelow(9 * 10**18) + 10**18)
        sealed = self._crypto.seal(plain.encode(), self._world.now())
        params = {
            "msg_signature": sealed.signature,
            "timestamp": sealed.timestamp,
            "nonce": sealed.nonce,
            "echostr": sealed.encrypt,
        }
        limit, started = self._world.limits.verify_timeout, time.monotonic()
        status, reason = None, ""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(
                    self._world.options.callback_url, params=params, timeout=limit, allow_redirects=False,
                    headers={"Connection": "close"},
                )  # fmt: skip
                status = answer.status_code
            if status != 200:
                reason = f"status {status} instead of 200"
            elif answer.content != plain.encode():
                reason = "the body is not exactly the decrypted echostr (no quotes, no BOM, no line end)"
        except requests.Timeout:
            reason = f"no answer within {limit:g} s"
        except requests.RequestException:
            reason = "no connection"
        seconds = time.monotonic() - started
        if not reason and seconds > limit:
            reason = f"answered after {seconds:.2f} s; the limit is {limit:g} s"
        return {"ok": not reason, "reason": reason, "status": status, "ms": round(seconds * 1000, 1)}

    def attack(self, kind: str) -> dict[str, Any]:
        """Send one wrong callback, once: `{"kind", "status", "bytes", "outcome", "ms"}`. KeyError: no such kind."""
        build = self._attacks[kind]
        sealed, body = build(self._crypto.seal(self._plain(), self._world.now()))
        started = time.monotonic()
        with requests.Session() as session:
            session.trust_env = False
            status, answer, fault = post(
                session, self._world.options.callback_url, sealed, body, self._world.limits.callback_timeout
            )
        return {
            "kind": kind,
            "status": status,
            "bytes": len(answer),
            "outcome": fault or "answered",
            "ms": round((time.monotonic() - started) * 1000, 1),
        }

    def _plain(self) -> bytes:
        fields = {
            "ToUserName": self._world.options.corp_id,
            "FromUserName": next(iter(self._world.members.values())).userid,
            "CreateTime": int(self._world.now()),
            "MsgType": "text",
            "Content": "帮助",
            "MsgId": secrets.randbits(62),
            "AgentID": self._world.options.agent_id,
        }
        return xml.element("xml", fields).encode()

    def _envelope(self, encrypt: str) -> str:
        fields = {"ToUserName": self._world.options.corp_id, "AgentID": str(self._world.options.agent_id)}
        return xml.element("xml", {**fields, "Encrypt": encrypt})

    def _resign(self, sealed: Sealed, **changes: str) -> tuple[Sealed, str]:
        """The message with parts changed and a signature that is right again."""
        fresh = replace(sealed, **changes)
        signature = self._crypto.sign(fresh.timestamp, fresh.nonce, fresh.encrypt)
        return replace(fresh, signature=signature), self._envelope(fresh.encrypt)

    def _bad_signature(self, sealed: Sealed) -> tuple[Sealed, str]:
        wrong = ("1" if sealed.signature[0] == "0" else "0") + sealed.signature[1:]
        return replace(sealed, signature=wrong), self._envelope(sealed.encrypt)

    def _wrong_receiveid(self, sealed: Sealed) -> tuple[Sealed, str]:
        options = self._world.options
        stranger = Crypto(options.token, options.aes_key, "ww9999999999999999")
        return self._resign(sealed, encrypt=stranger.encrypt(self._plain()))

    def _swapped_key(self, sealed: Sealed) -> tuple[Sealed, str]:
        other = Crypto(self._world.options.token, self._world.options.aes_key[::-1], self._world.options.corp_id)
        return self._resign(sealed, encrypt=other.encrypt(self._plain()))

    def _truncated(self, sealed: Sealed) -> tuple[Sealed, str]:
        return self._resign(sealed, encrypt=sealed.encrypt[: len(sealed.encrypt) // 2 - 1])

    def _bad_padding(self, sealed: Sealed) -> tuple[Sealed, str]:
        return self._resign(sealed, encrypt=self._crypto.encrypt_raw(bytes(63) + b"\xff"))

    def _not_base64(self, sealed: Sealed) -> tuple[Sealed, str]:
        return self._resign(sealed, encrypt="***" + sealed.encrypt[3:])

    def _inner_bomb(self, sealed: Sealed) -> tuple[Sealed, str]:
        return self._resign(sealed, encrypt=self._crypto.encrypt(BOMB.encode()))

    def _old_timestamp(self, sealed: Sealed) -> tuple[Sealed, str]:
        return self._resign(sealed, timestamp=str(int(sealed.timestamp) - 86400))
