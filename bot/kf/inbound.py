"""A knock at the callback; and an item of the log → `Inbound`. Whatever an item is, it becomes one or is skipped.

The external_userid is personal: what leaves here names the person by its keyed hash, and carries it sealed.

Source   reference/wecom.md §9.2–9.4
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.naming import Person
from bot.wecom import xml
from domain.conversation import INTENTS, Inbound
from domain.kf import CHANGES

CUSTOMER, SYSTEM, SERVICER = 3, 4, 5
LONGEST_KEY, LONGEST_SCENE = 100, 128
MAX_SECONDS = 253_402_300_799  # the last second of the year 9999
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_FACTS = ("change_type", "fail_msgid", "fail_type")


@dataclass(frozen=True, slots=True)
class Knock:
    """There is something in the log of `account` (None: of any); the token lets it be read for ten minutes."""

    account: str | None
    token: str | None


def knocked(plain: bytes) -> Knock | None:
    """The knock in a decrypted callback; None where it is something else. Raises NotXml"""
    found = xml.read(plain).fields
    if found.get("MsgType", "").strip() != "event" or found.get("Event", "").strip() != "kf_msg_or_event":
        return None
    token = found.get("Token", "").strip()
    return Knock(found.get("OpenKfId", "").strip() or None, token if 0 < len(token) <= 255 else None)


def parse(item: dict[str, Any], person: Person) -> Inbound:
    """What one person did, or what was done about his session.

    kind   text · menu (text = an intent that was tapped) · card (a button of ours: text = its key) · greet (text =
           enter_session; scene = scene_param; response_code = welcome_code) · unsupported (text = the message's type)
           · session (text = taken | ended, response_code = the code to answer it with) · ignored (text = what it was)
    """
    event = _object(item.get("event"))
    named = event if item.get("msgtype") == "event" else item
    userid, kind = _text(named.get("external_userid")), _text(item.get("msgtype"))
    known = bool(_ID.fullmatch(userid))
    base = Inbound(
        key=_key(item),
        channel="kf",
        sender=person.digest(userid) if known else "",
        kind="ignored",
        text=kind[:64],
        sent_at=_sent_at(item),
        sealed=person.seal(userid) if known else None,
    )
    if kind == "event":
        return _event(event, base)
    if not known:
        return base
    if item.get("origin") == SERVICER:
        return replace(base, text="servicer")
    return _message(item, base) if item.get("origin") == CUSTOMER else base


def as_old(inbound: Inbound) -> Inbound:
    """Read again after the cursor was lost: by whose link he came still counts, the rest is answered no more."""
    return replace(inbound, kind="ignored", text="old", response_code=None, facts={})


def _message(item: dict[str, Any], base: Inbound) -> Inbound:
    if base.text != "text":
        return replace(base, kind="unsupported")
    words = _object(item.get("text"))
    tapped = read_menu_id(_text(words.get("menu_id")))
    if tapped is not None:
        key, task = tapped
        return replace(base, kind="card" if task else "menu", text=key, task_id=task)
    return replace(base, kind="text", text=_text(words.get("content")))


def _event(event: dict[str, Any], base: Inbound) -> Inbound:
    name = _text(event.get("event_type"))[:64]
    found = replace(base, text=name, facts={part: _text(event[part])[:64] for part in _FACTS if part in event})
    if name == "enter_session" and base.sender:
        code, scene = _text(event.get("welcome_code"))[:255], _text(event.get("scene_param"))[:LONGEST_SCENE]
        return replace(found, kind="greet", response_code=code or None, scene=scene or None)
    change = found.facts.get("change_type", "")
    if name == "session_status_change" and change.isdigit() and int(change) in CHANGES and base.sender:
        told, code = CHANGES[int(change)][1], _text(event.get("msg_code"))[:255]
        if code and told in ("taken", "ended"):
            return replace(found, kind="session", text=told, response_code=code)
    return found


# ---------------------------------------------------------------------------------------------------------------
# The id of a menu's entry: at most 128 of [A-Za-z0-9_]. An intent by itself, or a button's key and its card's task.

LONGEST_MENU_ID = 128
_AND = "_9"
_ESCAPED = {"_": "_0", "-": "_1", "@": "_2"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}


def menu_id(key: str, task: str) -> str:
    """`confirm` and `wd-1` → `confirm_9wd_11`. Raises ValueError for what is too long"""
    made = f"{_escape(key)}{_AND}{_escape(task)}" if task else _escape(key)
    if not 0 < len(made) <= LONGEST_MENU_ID:
        raise ValueError(f"a menu's id has at most {LONGEST_MENU_ID} characters: {made!r}")
    return made


def read_menu_id(text: str) -> tuple[str, str | None] | None:
    """Key and task (None: the intent itself was tapped); None for what no menu of ours has."""
    key, joined, task = text.partition(_AND)
    found = _unescape(key)
    if not found or (not joined and found not in INTENTS):
        return None
    return found, _unescape(task) or None


def _escape(text: str) -> str:
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def _unescape(text: str) -> str:
    return re.sub(r"_[012]", lambda found: _PLAIN[found[0]], text)


# ---------------------------------------------------------------------------------------------------------------


def _key(item: dict[str, Any]) -> str:
    number = _text(item.get("msgid")).strip()
    if not number:
        content = json.dumps(item, ensure_ascii=False, sort_keys=True, default=str)
        return f"content:{hashlib.sha256(content.encode(errors='replace')).hexdigest()}"
    key = f"msg:{quote(number, safe='')}"
    return key if len(key) <= LONGEST_KEY else f"msg:{hashlib.sha256(number.encode(errors='replace')).hexdigest()}"


def _sent_at(item: dict[str, Any]) -> datetime:
    seconds = item.get("send_time")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) <= 12:
        seconds = int(seconds)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= MAX_SECONDS:
        seconds = 0
    return datetime.fromtimestamp(seconds, UTC)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """As text; what no database takes is left out."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "").encode(errors="ignore").decode()
