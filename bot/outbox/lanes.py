"""Lanes: a receiver's queue, the lease on it, the budget of its limits, and which of its rows is next.

Units    `now` is the program's time: due times, budgets. `wall` is the machine's time: leases. A lease bounds how long
         one living process may be silent; were it measured by the program's clock, moving that clock by a week would
         hand a message that is under way to a second sender, after WeCom's duplicate check has forgotten it too.
Source   reference/wecom.md §4.7, §6: 30 a minute and 1,000 an hour per member, beyond which messages are silently
         dropped; 20 a minute per robot
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, and_, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.message import Lane, Outbox
from services.once import insert_once

LEASE = timedelta(seconds=15)
MEMBER_BUDGET = ((25, timedelta(seconds=60)), (950, timedelta(seconds=3600)))
ROBOT_BUDGET = ((18, timedelta(seconds=60)),)
# No row is postponed by more than an hour; one that is due later than this was written by a clock that has since been
# turned back.
LONGEST_HOLD, FARTHEST = timedelta(seconds=3600), timedelta(seconds=3700)
SKEW = timedelta(seconds=60)

# What counts against a receiver's budget; a card's update and a look-up are no messages.
MESSAGES = ("text", "menu", "card", "poster", "robot_text", "robot_poster", "announcement")
MERGED = ("text", "poster", "robot_text", "robot_poster")  # a card's task is unique: none equals another
MOST_MERGED = 1000

MEMBER, ROBOT, DIRECTORY = "wecom:", "robot:", "directory:"
CONTACT = "contact:"  # 客户联系: a welcome, a code, looking a customer up
OFFICIAL, FOLLOWER = "official:", "follower:"  # a chat of the 公众号, and looking its follower up; by digest
KF, GUEST = "kf:", "guest:"  # a chat of the 微信客服, and looking its guest up; by digest
PUSH = "push:"  # the merchant's push of this number, to many members at once


def lane_of(userid: str) -> str:
    """The lane of a member; WeCom's userids are the same in any case, and he has one budget."""
    return MEMBER + userid.lower()


def robot_lane(key: str) -> str:
    """The lane of a group robot; its key is a secret and does not stand in it."""
    return ROBOT + hashlib.sha256(key.encode()).hexdigest()[:16]


def directory_lane(userid: str) -> str:
    """The lane of looking a member up, so that a slow directory does not hold up his messages."""
    return DIRECTORY + userid.lower()


def changed(session: Session, statement: Any) -> int:
    """How many rows the statement found."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


# the lease


def live(wall: datetime) -> ColumnElement[bool]:
    """Somebody holds the lane. A lease that ends too far ahead was taken before the machine's clock was set back."""
    return and_(Lane.holder.is_not(None), Lane.held_until >= wall, Lane.held_until <= wall + 2 * LEASE)


def hold(session: Session, name: str, me: str, wall: datetime) -> bool:
    """Take the lease or renew it; the lane's row stays locked until the transaction ends."""
    free = or_(Lane.holder == me, Lane.holder.is_(None), ~live(wall))
    take = update(Lane).where(Lane.name == name, free).values(holder=me, held_until=wall + LEASE)
    if changed(session, take):
        return True
    if session.scalar(select(Lane.id).where(Lane.name == name)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(Lane(name=name, count=0, holder=me, held_until=wall + LEASE))
    except IntegrityError:
        return bool(changed(session, take))  # somebody made it meanwhile
    return True


def release(session: Session, name: str, me: str) -> None:
    session.execute(update(Lane).where(Lane.name == name, Lane.holder == me).values(holder=None, held_until=None))


def hold_many(session: Session, names: Sequence[str], me: str, wall: datetime, *, new: bool = True) -> set[str]:
    """`hold` of many at once: the lanes that are ours now. Not `new`: those that we hold still."""
    if new:
        known = set(session.scalars(select(Lane.name).where(Lane.name.in_(names))))
        for name in names:
            if name not in known:
                insert_once(session, Lane, {"name": name, "count": 0, "holder": None, "held_until": None})
    free = or_(Lane.holder == me, Lane.holder.is_(None), ~live(wall)) if new else Lane.holder == me
    take = update(Lane).where(Lane.name.in_(names), free).values(holder=me, held_until=wall + LEASE)
    session.execute(take, execution_options={"synchronize_session": False})
    return set(session.scalars(select(Lane.name).where(Lane.name.in_(names), Lane.holder == me)))


def release_many(session: Session, names: Iterable[str], me: str) -> None:
    mine = update(Lane).where(Lane.name.in_(list(names)), Lane.holder == me).values(holder=None, held_until=None)
    session.execute(mine, execution_options={"synchronize_session": False})


def next_numbers(session: Session, names: Sequence[str]) -> dict[str, int]:
    """`next_number` of many."""
    counted = update(Lane).where(Lane.name.in_(names)).values(count=Lane.count + 1)
    session.execute(counted, execution_options={"synchronize_session": False})
    return {row.name: row.count for row in session.execute(select(Lane.name, Lane.count).where(Lane.name.in_(names)))}


def next_number(session: Session, name: str) -> int:
    """The lane's count, one higher; only its holder asks."""
    session.execute(update(Lane).where(Lane.name == name).values(count=Lane.count + 1))
    return session.scalars(select(Lane.count).where(Lane.name == name)).one()


# what is due


def due(now: datetime) -> ColumnElement[bool]:
    stranded = or_(Outbox.fault.is_not(None), Outbox.created_at > now + SKEW)
    return or_(Outbox.due_at <= now, and_(Outbox.due_at > now + FARTHEST, stranded))


def is_due(row: Outbox, now: datetime) -> bool:
    """As `due`, of a row at hand."""
    stranded = row.fault is not None or row.created_at > now + SKEW
    return row.due_at <= now or (row.due_at > now + FARTHEST and stranded)


def orphan(name: str) -> Select[Outbox]:
    """A row whose sender is gone: whoever holds the lease does not find his own here."""
    return select(Outbox).where(Outbox.lane == name, Outbox.state == "sending").order_by(Outbox.id).limit(1)


def head(name: str, now: datetime) -> Select[Outbox]:
    """The first row that is due or that the sender has postponed: a postponed one holds up what follows it, so that
    order is kept; one that its writer meant for later does not.
    """
    first = or_(due(now), Outbox.fault.is_not(None))
    return select(Outbox).where(Outbox.lane == name, Outbox.state == "waiting", first).order_by(Outbox.id).limit(1)


def hold_back(session: Session, name: str, until: datetime, reason: str) -> None:
    """Nothing of the lane is due before then: the sweep goes by `due_at` and should find only what may be sent."""
    earlier = update(Outbox).where(Outbox.lane == name, Outbox.state == "waiting", Outbox.due_at < until)
    held = earlier.values(due_at=until, fault=func.coalesce(Outbox.fault, reason))
    session.execute(held, execution_options={"synchronize_session": False})
    session.expire_all()


# the budget


def free_at(session: Session, name: str, now: datetime) -> datetime:
    """When the lane's limits allow the next message; `now` or earlier: at once."""
    earliest = now
    if name.startswith(PUSH):
        return earliest  # its receivers have been asked one by one
    for count, window in ROBOT_BUDGET if name.startswith(ROBOT) else MEMBER_BUDGET:
        # The message that is `count` back. One sent after `now` was sent before the clock was turned back.
        recent = (Outbox.lane == name, Outbox.sent_at > now - window, Outbox.sent_at <= now + SKEW)
        counted = select(Outbox.sent_at).where(*recent, Outbox.kind.in_(MESSAGES))
        oldest = session.scalar(counted.order_by(Outbox.sent_at.desc()).offset(count - 1).limit(1))
        if oldest is not None:
            earliest = max(earliest, oldest + window)
    return earliest


def full(session: Session, names: Sequence[str], now: datetime) -> set[str]:
    """Of these lanes of members those whose limits do not allow another message now: `free_at` of many."""
    (few, short), (many, long) = MEMBER_BUDGET
    recent = (Outbox.lane.in_(names), Outbox.sent_at > now - long, Outbox.sent_at <= now + SKEW)
    lately = func.sum(case((Outbox.sent_at > now - short, 1), else_=0))
    counted = select(Outbox.lane, lately, func.count()).where(*recent, Outbox.kind.in_(MESSAGES)).group_by(Outbox.lane)
    return {name for name, minute, hour in session.execute(counted) if minute >= few or hour >= many}


def merge(session: Session, name: str, until: datetime) -> None:
    """Of equal messages that wait in the lane for its limits only the first is kept."""
    waiting = (Outbox.lane == name, Outbox.state == "waiting", Outbox.due_at <= until)
    fresh = select(Outbox).where(*waiting, Outbox.attempts == 0, Outbox.kind.in_(MERGED))
    kept: dict[str, int] = {}
    for row in session.scalars(fresh.order_by(Outbox.id).limit(MOST_MERGED)):
        content = json.dumps([row.kind, row.body], sort_keys=True)
        if content in kept:
            row.state, row.fault = "merged", f"equal to {kept[content]}"
        else:
            kept[content] = row.id
