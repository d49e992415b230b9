"""The JSON envelope: {"encrypt"} comes, {"encrypt", "msgsignature", "timestamp", "nonce"} goes back.

Source   reference/wecom.md §1.9; vectors V4 to V6
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot.wecom.crypto import Envelope
from bot.wecom.errors import NotJson


def opened(envelope: Envelope, body: bytes, signature: str, timestamp: str, nonce: str) -> bytes:
    """The message inside. Raises NotJson (400); BadSignature, BadReceiver, BadCiphertext (403)"""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJson("the body is no JSON") from None
    encrypted = found.get("encrypt") if isinstance(found, dict) else None
    if not isinstance(encrypted, str) or not encrypted:
        raise NotJson("a text `encrypt` is needed")
    return envelope.unseal(encrypted, signature, timestamp, nonce)


def sealed(envelope: Envelope, reply: dict[str, Any], nonce: str, now: datetime) -> str:
    """A reply; its nonce must be that of the callback."""
    timestamp = int(now.timestamp())
    encrypted, signature = envelope.sealed(json.dumps(reply, ensure_ascii=False), nonce, timestamp)
    return json.dumps({"encrypt": encrypted, "msgsignature": signature, "timestamp": timestamp, "nonce": nonce})
