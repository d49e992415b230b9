"""Followers of the 公众号: who they are, what they may be sent, what waits for their next contact.

A customer-service message is allowed only after an act of the person himself, and only so often (`WROTE`, `TAPPED`).
What may not be sent is parked; his next act makes it due again, so that he sees it then.

Locks    the sender and the message that arrives both take the follower's row first: a message cannot be parked just
         as the contact that would have freed it goes by
Source   reference/official-account.md §3.2, §6.1. How several grants add up is not documented: each is counted by
         itself, a message counts against all that are open, and the platform's word (45015, 45047) closes them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.conversation import Inbound
from models.person import Follower
from services import message
from services.grants import WROTE, Grant, release
from services.once import insert_once

LONGEST_SCENE = 64

TAPPED = Grant(3, timedelta(seconds=55))

_WRITING = ("text", "unsupported")
_TAPPING = ("menu", "card", "greet")  # a menu entry, a menu message's entry, a follow, a scan
_TAPPING_EVENTS = ("scancode_push", "scancode_waitmsg")
_LEAVING, _COMING = "unsubscribe", "subscribe"


def find(session: Session, digest: str, *, lock: bool = False) -> Follower | None:
    query = select(Follower).where(Follower.digest == digest)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def seen(session: Session, inbound: Inbound, *, now: datetime) -> list[str]:
    """Note what somebody did, in the transaction of his message; the lanes in which something became due by it."""
    who = _row(session, inbound, now)
    if who is None:
        return []
    _follow(who, inbound)
    if inbound.scene:
        who.scene = inbound.scene[:LONGEST_SCENE]
    if inbound.kind in _WRITING:
        who.wrote_at, who.wrote_used = now, 0
    elif inbound.kind in _TAPPING or inbound.text in _TAPPING_EVENTS:
        who.tapped_at, who.tapped_used = now, 0
    else:
        return []
    session.flush()
    return release(session, message.lane_of("official", inbound.sender), now)


def _row(session: Session, inbound: Inbound, now: datetime) -> Follower | None:
    if (found := find(session, inbound.sender, lock=True)) is not None:
        return found
    if inbound.sealed is None:
        return None
    # The act itself decides whether he follows: whoever writes does.
    values = {"digest": inbound.sender, "sealed": inbound.sealed, "follows": True, "created_at": now}
    insert_once(session, Follower, values | {"follows_since": inbound.sent_at, "wrote_used": 0, "tapped_used": 0})
    return find(session, inbound.sender, lock=True)


def _follow(who: Follower, inbound: Inbound) -> None:
    """Coming and leaving go by the platform's own time: their callbacks may arrive in the wrong order."""
    leaves = inbound.kind == "ignored" and inbound.text == _LEAVING
    comes = inbound.kind in (*_WRITING, *_TAPPING)
    if (leaves or comes) and inbound.sent_at >= who.follows_since:
        who.follows, who.follows_since = comes, inbound.sent_at


# ---------------------------------------------------------------------------------------------------------------
# How much he may be sent


def allowed(who: Follower, now: datetime) -> int:
    """How many customer-service messages the platform takes for him at this moment."""
    if not who.follows:
        return 0
    return max(WROTE.left(who.wrote_at, who.wrote_used, now), TAPPED.left(who.tapped_at, who.tapped_used, now))


def count(who: Follower, now: datetime, by: int = 1) -> None:
    """One message more, or (by -1) one less because it was not taken."""
    if WROTE.is_open(who.wrote_at, now):
        who.wrote_used = max(0, who.wrote_used + by)
    if TAPPED.is_open(who.tapped_at, now):
        who.tapped_used = max(0, who.tapped_used + by)


def close(who: Follower) -> None:
    """The platform takes no more: nothing until his next act."""
    who.wrote_at = who.tapped_at = None
    who.wrote_used = who.tapped_used = 0
