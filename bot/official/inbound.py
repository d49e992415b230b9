"""A decrypted callback of the 公众号 → `Inbound`. Whatever comes, it becomes an Inbound or NotXml, nothing else.

The openid is personal: what leaves here names the person by its keyed hash, and carries the openid sealed.

Source   reference/official-account.md §3 (messages and events), §4 (keys)
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from bot.naming import Person
from bot.wecom import xml
from domain.conversation import Inbound

Kind = Literal["text", "menu", "card", "greet", "unsupported", "ignored"]

MAX_SECONDS = 253_402_300_799  # the last second of the year 9999
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_EVENTS: dict[str, Kind] = {"CLICK": "menu", "subscribe": "greet", "SCAN": "greet"}
_SCENE = "qrscene_"
# A link in one of our texts: the key of a card's button, and the card's task.
_BUTTON = re.compile(r"([a-z_]{1,32}):([0-9A-Za-z_@-]{1,128})")


def parse(plain: bytes, person: Person) -> tuple[Inbound, str, str]:
    """What one person did, his openid, and the account (gh_…) that he wrote to. Raises NotXml

    kind     text · menu (text = the entry's key) · card (a link in a text of ours: text = the button's key) ·
             greet (text = the event's name) · unsupported (text = the message's type) · ignored (text = the event's)
    """
    found = xml.read(plain).fields
    openid, account = found.get("FromUserName", "").strip(), found.get("ToUserName", "").strip()
    sent_at, kind = _sent_at(found), found.get("MsgType", "").strip()
    if not _OPENID.fullmatch(openid) or sent_at is None or not kind:
        key = f"content:{hashlib.sha256(plain).hexdigest()}"
        inbound = Inbound(key, "official", "", "ignored", "", sent_at or datetime.fromtimestamp(0, UTC))
        return inbound, "", account
    digest, sealed = person.digest(openid), person.seal(openid)
    if kind == "event":
        return _event(found, digest, sealed, sent_at), openid, account
    return _message(found, kind, digest, sealed, sent_at, plain), openid, account


def _message(found: dict[str, str], kind: str, digest: str, sealed: str, sent_at: datetime, plain: bytes) -> Inbound:
    number = found.get("MsgId", "").strip()
    key = f"msg:{quote(number, safe='')}" if number else f"content:{hashlib.sha256(plain).hexdigest()}"
    if len(key) > 160:
        key = f"msg:{hashlib.sha256(number.encode()).hexdigest()}"
    if kind != "text":
        return Inbound(key, "official", digest, "unsupported", kind, sent_at, sealed=sealed)
    tapped = _BUTTON.fullmatch(found.get("bizmsgmenuid", "").strip())
    if tapped:
        return Inbound(key, "official", digest, "card", tapped[1], sent_at, task_id=tapped[2], sealed=sealed)
    return Inbound(key, "official", digest, "text", found.get("Content", ""), sent_at, sealed=sealed)


def _event(found: dict[str, str], digest: str, sealed: str, sent_at: datetime) -> Inbound:
    name, event_key = found.get("Event", "").strip(), found.get("EventKey", "").strip()
    kind = _EVENTS.get(name, "ignored")
    # Two events of one person may share their second: what happened tells them apart.
    parts = [digest, found["CreateTime"].strip(), name, event_key]
    scene = event_key.removeprefix(_SCENE) if kind == "greet" else ""
    return Inbound(
        key="event:" + hashlib.sha256(":".join(quote(part, safe="") for part in parts).encode()).hexdigest(),
        channel="official",
        sender=digest,
        kind=kind,
        text=event_key if kind == "menu" else name[:64],
        sent_at=sent_at,
        sealed=sealed,
        scene=scene or None,
    )


def _sent_at(found: dict[str, str]) -> datetime | None:
    seconds = found.get("CreateTime", "").strip()
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if 0 < int(seconds) <= MAX_SECONDS else None
