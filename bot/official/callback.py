"""The GET by which WeChat checks that an address is ours: signed over token, timestamp and nonce, not encrypted.

Source   reference/official-account.md §2.1
"""

from __future__ import annotations

import hashlib
import hmac

from bot.wecom.errors import BadSignature


def sign(token: str, timestamp: str, nonce: str) -> str:
    joined = "".join(sorted((token, timestamp, nonce)))
    return hashlib.sha1(joined.encode(errors="replace"), usedforsecurity=False).hexdigest()


def verify(token: str, signature: str, timestamp: str, nonce: str, echo: str) -> str:
    """The whole answer: the echo as it came. Raises BadSignature"""
    if not hmac.compare_digest(sign(token, timestamp, nonce).encode(), signature.encode(errors="replace")):
        raise BadSignature("the signature does not fit")
    return echo
