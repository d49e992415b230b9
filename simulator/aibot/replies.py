"""The app's answer to a callback of the 智能机器人: nothing, or a JSON envelope with a reply that is allowed there."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from ..crypto import Crypto, CryptoError, Sealed
from ..media import sniff
from ..replies import BadReply

MOST_BYTES = 20480
MOST_PICTURES = 10
PICTURE_BYTES = 10 * 1024 * 1024
ON_ENTERING = frozenset({"text"})
ON_MESSAGES = frozenset({"stream"})

__all__ = ["ON_ENTERING", "ON_MESSAGES", "BadReply", "Streamed", "read"]


@dataclass(frozen=True)
class Streamed:
    """A reply that was understood; `stream_id` is None for a plain text."""

    kind: str
    content: dict[str, Any]
    stream_id: str | None = None
    finish: bool = True
    pictures: list[bytes] = field(default_factory=list)


def read(crypto: Crypto, body: bytes, nonce: str, allowed: frozenset[str]) -> Streamed | None:
    """None for an empty answer; BadReply says what is wrong with any other."""
    if not body.strip():
        return None
    node = _opened(crypto, body, nonce)
    kind = node.get("msgtype")
    if kind not in allowed:
        raise BadReply(f"msgtype: {kind!r} is not allowed here; {', '.join(sorted(allowed)) or 'nothing'} is")
    part = node.get(str(kind))
    if not isinstance(part, dict):
        raise BadReply(f"{kind}: an object is needed")
    words = part.get("content", "")
    if not isinstance(words, str) or len(words.encode()) > MOST_BYTES:
        raise BadReply(f"{kind}.content: a text of at most {MOST_BYTES} bytes is needed")
    if kind == "text":
        return Streamed("text", {"content": words})
    return _stream(part, words)


def _stream(part: dict[str, Any], words: str) -> Streamed:
    number, finish = part.get("id"), part.get("finish", False)
    if not isinstance(number, str) or not number:
        raise BadReply("stream.id: a text is needed")
    if not isinstance(finish, bool):
        raise BadReply("stream.finish: true or false is needed")
    items = part.get("msg_item", [])
    if not isinstance(items, list) or len(items) > MOST_PICTURES:
        raise BadReply(f"stream.msg_item: at most {MOST_PICTURES}")
    if items and not finish:
        raise BadReply("stream.msg_item: only with finish")
    pictures = [_picture(item) for item in items]
    content = {"content": words, "finish": finish, "pictures": len(pictures)}
    return Streamed("stream", content, number, finish, pictures)


def _picture(item: Any) -> bytes:
    image = item.get("image") if isinstance(item, dict) and item.get("msgtype") == "image" else None
    if not isinstance(image, dict):
        raise BadReply("stream.msg_item: an image is needed")
    try:
        data = base64.b64decode(str(image.get("base64", "")), validate=True)
    except binascii.Error:
        raise BadReply("stream.msg_item.image.base64: not base64") from None
    if not sniff(data).startswith("image/") or len(data) > PICTURE_BYTES:
        raise BadReply("stream.msg_item.image: a JPEG or PNG of at most 10 MB is needed")
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != image.get("md5"):
        raise BadReply("stream.msg_item.image.md5: it is not that of the picture")
    return data


def _opened(crypto: Crypto, body: bytes, nonce: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise BadReply("the answer is no JSON") from None
    if not isinstance(found, dict) or not all(name in found for name in ("encrypt", "msgsignature", "nonce")):
        raise BadReply("the answer needs encrypt, msgsignature, timestamp and nonce")
    if found["nonce"] != nonce:
        raise BadReply("nonce: it is not that of the callback")
    timestamp = str(found.get("timestamp", ""))  # a number in the documents, a text in the official sample
    try:
        plain = crypto.open(Sealed(str(found["encrypt"]), str(found["msgsignature"]), timestamp, nonce))
        node = json.loads(plain)
    except CryptoError as fault:
        raise BadReply(f"{fault.code}: {fault.reason}") from None
    except ValueError:
        raise BadReply("the decrypted answer is no JSON") from None
    if not isinstance(node, dict):
        raise BadReply("the decrypted answer is no object")
    return node
