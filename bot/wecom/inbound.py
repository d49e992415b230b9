"""A decrypted callback → `Inbound`. Whatever comes, it becomes an Inbound or NotXml, never another exception.

Source   reference/wecom.md §1.8 (keys), §2 (messages and events)
"""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from bot.naming import Person
from bot.wecom import xml
from domain.conversation import Inbound

log = logging.getLogger(__name__)

Kind = Literal["text", "menu", "card", "greet", "unsupported", "contact", "ignored"]

LONGEST_KEY = 160  # the inbox column
LONGEST_ID, LONGEST_CHAT_ID = 64, 64
MAX_SECONDS = 253_402_300_799  # the last second of the year 9999

_EVENTS: dict[str, Kind] = {
    "click": "menu",
    "template_card_event": "card",
    "template_card_menu_event": "card",
    "enter_agent": "greet",
    "subscribe": "greet",
}
# What tells two events of one second apart; system events all come from `sys` (§1.8).
_EVENT_KEY = ("Event", "EventKey", "TaskId", "ResponseCode")
_SYSTEM_EVENT_KEY = (
    "Event", "ChangeType", "UserID", "ExternalUserID", "ChatId", "Id", "TagType", "LinkId", "State", "FailReason",
    "UpdateDetail", "CurMemVer", "JobId",
)  # fmt: skip


def parse(plain: bytes, agent: int | str | None = None, outside: Person | None = None) -> Inbound:
    """What one person did, as the rest of the program sees it.

    agent    our agent id. Another one in the message is only logged: that its signature fits ours says whom it is for
    outside  how customers are named inside; without it events about them are ignored
    kind     text · menu (text = the entry's key) · card (text = the button's key) · greet (text = the event's name) ·
             unsupported (text = the message's type) · contact and ignored (text = the event's name)
    sender   lower-cased: WeCom's userids are the same in any case
    Raises   NotXml
    """
    found = xml.read(plain).fields
    if agent is not None and found.get("AgentID", str(agent)).strip() != str(agent):
        log.warning("callback names another agent", extra={"event": "wecom.other_agent"})
    sender, sent_at = _sender(found), _sent_at(found)
    kind_of_message = found.get("MsgType", "")
    if sender is None or sent_at is None or not kind_of_message:
        # kf_msg_or_event has no sender by design; anything else here is nothing that we could answer.
        key = f"content:{hashlib.sha256(plain).hexdigest()}"
        name = found.get("Event", "")
        return Inbound(key, "wecom", sender or "", "ignored", name, sent_at or datetime.fromtimestamp(0, UTC))
    if kind_of_message == "event":
        return _event(found, sender, sent_at, outside)
    key = _message_key(found, plain)
    if kind_of_message == "text":
        return Inbound(key, "wecom", sender, "text", found.get("Content", ""), sent_at)
    return Inbound(key, "wecom", sender, "unsupported", kind_of_message, sent_at)


def selections(plain: bytes) -> dict[str, list[str]]:
    """What was chosen in the lists of a clicked card: question key → option ids. Both spellings of OptionId count."""
    chosen: dict[str, list[str]] = {}
    question = ""
    for name, text in xml.read(plain).leaves:
        if name == "QuestionKey":
            question = text
            chosen.setdefault(question, [])
        elif name in ("OptionId", "OpitonId"):
            chosen.setdefault(question, []).append(text)
    return chosen


def _event(found: dict[str, str], sender: str, sent_at: datetime, outside: Person | None) -> Inbound:
    name = found.get("Event", "")
    from_system = sender == "sys"
    parts = [sender, found["CreateTime"].strip()]
    parts += [found.get(field, "") for field in (_SYSTEM_EVENT_KEY if from_system else _EVENT_KEY)]
    kind: Kind = "ignored" if from_system else _EVENTS.get(name, "ignored")
    key = "event:" + ":".join(quote(part, safe="") for part in parts)
    if found.get("ExternalUserID"):
        key = _hashed(key)  # it is personal and stands in no table as it is
    facts: dict[str, str] = {}
    if from_system and name == "change_external_contact" and outside is not None:
        facts = _contact(found, outside)
        kind = "contact" if facts else "ignored"
    elif from_system and name == "change_external_chat":
        facts = _group(found)
    return Inbound(
        key=_bounded(key),
        channel="wecom",
        sender=sender,
        kind=kind,
        text=found.get("EventKey", "") if kind in ("menu", "card") else name,
        sent_at=sent_at,
        task_id=found.get("TaskId") or None,
        response_code=found.get("ResponseCode") or None,
        facts=facts,
    )


def _contact(found: dict[str, str], outside: Person) -> dict[str, str]:
    """What happened between whom; empty where that cannot be told."""
    userid, external = found.get("UserID", "").strip().lower(), found.get("ExternalUserID", "").strip()
    if not 0 < len(userid.encode()) <= LONGEST_ID or not 0 < len(external.encode()) <= LONGEST_ID:
        return {}
    facts = {"change": found.get("ChangeType", ""), "userid": userid}
    facts |= {"external": outside.digest(external), "sealed": outside.seal(external)}
    more = {"state": "State", "welcome_code": "WelcomeCode"}
    facts |= {name: found[field] for name, field in more.items() if found.get(field)}
    if detail := found.get("FailReason") or found.get("Source"):
        facts["detail"] = detail[:LONGEST_ID]
    return facts


def _group(found: dict[str, str]) -> dict[str, str]:
    """What an event says of a customer group, without who it is about: that is looked up."""
    chat_id = found.get("ChatId", "").strip()
    if not 0 < len(chat_id) <= LONGEST_CHAT_ID or not chat_id.isascii() or not chat_id.isprintable():
        return {}
    return {"chat_id": chat_id, "change": found.get("ChangeType", ""), "detail": found.get("UpdateDetail", "")}


def _message_key(found: dict[str, str], plain: bytes) -> str:
    number = found.get("MsgId", "").strip()
    if not number:
        return f"content:{hashlib.sha256(plain).hexdigest()}"
    return _bounded(f"msg:{quote(number, safe='')}")


def _bounded(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else _hashed(key)


def _hashed(key: str) -> str:
    prefix, _, rest = key.partition(":")
    return f"{prefix}:{hashlib.sha256(rest.encode()).hexdigest()}"


def _sender(found: dict[str, str]) -> str | None:
    """None for what no member is called; `@all` or `a|b` as a receiver would reach others than the sender."""
    userid = found.get("FromUserName", "").strip().lower()
    if not userid or len(userid.encode()) > 64 or userid.startswith("@") or not userid.isprintable():
        return None
    return None if any(mark in userid for mark in "| ") else userid


def _sent_at(found: dict[str, str]) -> datetime | None:
    seconds = found.get("CreateTime", "").strip()
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if 0 < int(seconds) <= MAX_SECONDS else None
