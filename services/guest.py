"""Guests of the 微信客服: what they may be sent, who serves them, by whose link they came.

A message of the guest allows five of ours for two days. While a person serves him, or he waits for one, nothing may be
sent and the assistant is silent; what waits is parked until he is back and writes again.

Locks    the sender and the event that is handled both take the guest's row first, as for followers
Source   reference/wecom.md §9.3–9.7
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain import kf as rules
from domain.conversation import Inbound
from domain.kf import Session as State
from models.kf import Guest
from models.message import Inbox, Outbox
from services import message
from services.grants import WROTE, release
from services.once import insert_once

log = logging.getLogger(__name__)

LONGEST_SCENE = 128
_WRITING = ("text", "menu", "card", "unsupported")
_FAILED, _CHANGED, _SERVED = "msg_send_fail", "session_status_change", "servicer"
_MSGID = re.compile(r"m(\d{1,15})-\d{1,2}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Seen:
    """lanes    in which something became due
    silent   a person serves him: the assistant has nothing to say
    mend     the fail_type of a message that did not arrive, where a person of the merchant's must mend something
    """

    lanes: list[str] = field(default_factory=list)
    silent: bool = False
    mend: int | None = None


def find(session: Session, digest: str, *, lock: bool = False) -> Guest | None:
    query = select(Guest).where(Guest.digest == digest)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def lane(digest: str) -> str:
    return message.lane_of("kf", digest)


def lookup_lane(digest: str) -> str:
    """What is asked about him does not wait behind what he is sent."""
    return f"guest:{digest}"


def seen(session: Session, inbound: Inbound, *, now: datetime) -> Seen:
    """Note what somebody did, or what was done about him, in the transaction of that message."""
    if inbound.text == _FAILED and inbound.kind == "ignored":
        return _failed(session, inbound, now)
    who, lanes = _row(session, inbound, now)
    if who is None:
        return Seen()
    if inbound.scene:
        who.scene = inbound.scene[:LONGEST_SCENE]
    if inbound.kind in _WRITING:
        return _wrote(session, who, inbound, lanes, now)
    if inbound.kind == "session" or inbound.text == _CHANGED:
        change = inbound.facts.get("change_type", "")
        if change.isdigit() and (found := rules.CHANGES.get(int(change))) is not None:
            who.state = int(found[0])
    elif inbound.kind == "ignored" and inbound.text == _SERVED:
        who.state = int(State.PERSON)  # nobody can write to him there without serving him
    session.flush()
    # The welcome is answered by its code, whoever serves him.
    silent = inbound.kind == "greet" and not inbound.response_code and not _may_greet(who, inbound, now)
    return Seen(lanes, silent)


def _row(session: Session, inbound: Inbound, now: datetime) -> tuple[Guest | None, list[str]]:
    """His row, and where something is due because he is new: whether the platform knows him from another chat."""
    if not inbound.sender or inbound.sealed is None:
        return None, []
    if (found := find(session, inbound.sender, lock=True)) is not None:
        return found, []
    values = {"digest": inbound.sender, "sealed": inbound.sealed, "state": int(State.NEW), "wrote_used": 0}
    is_new = insert_once(session, Guest, values | {"created_at": now})
    lanes = [look_up(session, inbound.sender, key=f"union:kf:{inbound.sender}", now=now)] if is_new else []
    return find(session, inbound.sender, lock=True), lanes


def look_up(session: Session, digest: str, *, key: str, now: datetime) -> str:
    """Ask the platform for his unionid; the lane in which that is due."""
    chosen = lookup_lane(digest)
    message.queue(session, key=key, lane=chosen, kind="lookup_union", body={}, now=now)
    return chosen


def _wrote(session: Session, who: Guest, inbound: Inbound, lanes: list[str], now: datetime) -> Seen:
    who.wrote_at, who.noticed_at, who.wrote_used = min(inbound.sent_at, now), now, 0
    if who.state in rules.WITH_A_PERSON:
        return Seen([*lanes, *_ask_back(session, who, inbound, now)], silent=True)
    who.state = int(State.NEW) if who.state == State.ENDED else who.state
    session.flush()
    return Seen([*lanes, *release(session, lane(who.digest), now)])


def _ask_back(session: Session, who: Guest, inbound: Inbound, now: datetime) -> list[str]:
    """He writes while a person serves him. Sessions also end without a word to us (after two days, or elsewhere by the
    API), so the platform is asked; if it is over, this message is handled after all (`learn_state`).
    """
    if who.state == State.WAITING and inbound.kind == "text" and rules.wants_back(inbound.text):
        chosen, kind = lane(who.digest), "hand_back"
    else:
        chosen, kind = lookup_lane(who.digest), "lookup_state"
    body = {"inbox": inbound.key} if kind == "lookup_state" else {}
    message.queue(session, key=f"{kind}:{inbound.key}"[:160], lane=chosen, kind=kind, body=body, now=now)
    return [chosen]


def _may_greet(who: Guest, inbound: Inbound, now: datetime) -> bool:
    """Without a welcome code only who came by somebody's link, and may be written to, is greeted."""
    return bool(inbound.scene) and allowed(who, now) > 0


def learn_state(session: Session, digest: str, state: int, *, inbox: str | None = None, now: datetime) -> None:
    """What the platform says of his session. Where nobody serves him, the message that was left to a person is
    handled after all.
    """
    if state not in rules.WITH_A_PERSON and inbox is not None:  # before his row: whoever handles it locks it first
        left = update(Inbox).where(Inbox.channel == "kf", Inbox.key == inbox, Inbox.state == "handled")
        session.execute(left.values(state="waiting", due_at=now, answer=None))
    who = find(session, digest, lock=True)
    if who is not None:
        who.state = state


# ---------------------------------------------------------------------------------------------------------------
# How much he may be sent


def allowed(who: Guest, now: datetime) -> int:
    """How many messages the platform takes for him at this moment."""
    if who.state not in (State.NEW, State.BOT):
        return 0
    return WROTE.left(who.wrote_at, who.wrote_used, now)


def count(who: Guest, now: datetime, by: int = 1) -> None:
    """One message more, or (by -1) one less because it was not taken."""
    if WROTE.is_open(who.wrote_at, now):
        who.wrote_used = max(0, who.wrote_used + by)


def close(who: Guest) -> None:
    """The platform takes no more: nothing until he writes again."""
    who.wrote_at, who.wrote_used = None, 0


def has_written_since(who: Guest, at: datetime | None) -> bool:
    """Whether he has written since we tried to send him something: then that may go at once."""
    return who.noticed_at is not None and at is not None and who.noticed_at > at


# ---------------------------------------------------------------------------------------------------------------
# What was taken in and not delivered


def msgid(row: Outbox) -> str:
    """Our own number of a message, unique in the account: it finds the row, and no row of a database that was restored
    from a backup has the number of one that was sent before. `row.number` is how often it has failed.
    """
    made = hashlib.sha256(f"{row.key}\0{row.created_at.isoformat()}".encode()).hexdigest()[:8]
    return f"m{row.id}-{row.number or 0}-{made}"


def _failed(session: Session, inbound: Inbound, now: datetime) -> Seen:
    """A message of ours did not arrive although it was taken in: by its fail_type it waits, or is given up."""
    failed, fail_type = inbound.facts.get("fail_msgid", ""), inbound.facts.get("fail_type", "")
    found = _MSGID.fullmatch(failed)
    row = session.get(Outbox, int(found[1])) if found else None
    if row is None or msgid(row) != failed:
        return Seen()
    who = find(session, row.lane.partition(":")[2], lock=True)
    session.refresh(row, with_for_update=True)
    if row.state not in ("sending", "sent") or msgid(row) != failed:
        return Seen()
    number = int(fail_type) if fail_type.isdigit() else 0
    row.number = (row.number or 0) + 1  # the number that it was sent under is spent
    fate = rules.fate(number, row.number)
    came = who is not None and has_written_since(who, row.sent_at)
    row.request, row.result, row.sent_at, row.fault = None, None, None, f"msg_send_fail {number}"
    row.state, row.due_at = ("waiting" if came else "parked"), now
    if fate == "drop" or "code" in row.body:  # the answer to an event comes at once or not at all
        row.state = "given_up"
    elif who is not None and not came:
        close(who)
    session.flush()
    log.warning("not delivered", extra={"event": "kf.undelivered", "outbox_id": row.id, "fail_type": number})
    return Seen([row.lane] if came else [], mend=number if fate == "mend" else None)
