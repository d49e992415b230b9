"""A decrypted callback of the 智能机器人 → `Inbound`, or the platform's question for the rest of an answer.

Whatever comes, it becomes one of the two or NotJson, nothing else.

Source   reference/wecom.md §7.1, §7.3, §7.4
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.wecom.errors import NotJson
from domain.conversation import Inbound

_USERID = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_AT = re.compile(r"^\s*@\S+\s*")  # the robot's own name, which begins whatever is said to it in a group
LONGEST_KEY = 160


@dataclass(frozen=True, slots=True)
class Refresh:
    """The platform asks for what an answer has come to meanwhile. `key` is that of the message it answers."""

    key: str
    sender: str


def parse(plain: bytes, now: datetime) -> Inbound | Refresh:
    """What a member did, or which answer is asked for. Callbacks of messages tell no time: `now` is theirs.

    kind   text · greet (text = enter_chat) · unsupported (text = the message's type) · ignored (text = the event's)
    """
    found = _object(plain)
    sender = _text(_part(found, "from"), "userid")
    kind, number = _text(found, "msgtype"), _text(found, "msgid")
    if not _USERID.fullmatch(sender) or not kind:
        return Inbound(_key(plain, ""), "robot", "", "ignored", kind[:64], now)
    if kind == "stream":
        return Refresh(_text(_part(found, "stream"), "id"), sender)
    key = _key(plain, number)
    group = (_text(found, "chatid")[:64] or "group") if _text(found, "chattype") == "group" else None
    if kind == "event":
        name = _text(_part(found, "event"), "eventtype")
        return Inbound(key, "robot", sender, "greet" if name == "enter_chat" else "ignored", name[:64], now)
    said = _said(found, kind)
    if said is None:
        return Inbound(key, "robot", sender, "unsupported", kind[:64], now, group=group)
    return Inbound(key, "robot", sender, "text", _AT.sub("", said, count=1) if group else said, now, group=group)


def _said(found: Mapping[str, Any], kind: str) -> str | None:
    """The words of a message; None where it has none."""
    if kind == "text":
        return _text(_part(found, "text"), "content")
    if kind == "voice":
        voice = _part(found, "voice")
        return _text(voice, "content") or _text(voice, "text_content") or None
    if kind == "mixed":
        items = _part(found, "mixed").get("msg_item")
        rows = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        words = [_text(_part(row, "text"), "content") for row in rows if row.get("msgtype") == "text"]
        return " ".join(filter(None, words)) or None
    return None


def _key(plain: bytes, number: str) -> str:
    key = f"msg:{number}"
    return key if number and len(key) <= LONGEST_KEY else f"content:{hashlib.sha256(plain).hexdigest()}"


def _object(plain: bytes) -> dict[str, Any]:
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        raise NotJson("the message is no JSON") from None
    if not isinstance(found, dict):
        raise NotJson("the message is no object")
    return found


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
