"""What came of a task: whether the member has confirmed, who got it, and what a person does about it.

Locks    the task's row
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from domain import broadcast as rules
from models.broadcast import BroadcastTarget, BroadcastTask
from services.broadcast.task import hold

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one receiver; `at` the second in which it was sent."""

    status: int
    at: datetime | None


def look_later(session: Session, task_id: int, *, now: datetime, at: datetime | None = None) -> BroadcastTask:
    """Nobody has confirmed yet: when to look again, or that nobody will any more."""
    row = hold(session, task_id)
    row.looked_at = now
    following = rules.next_look(row.created_at or now, now)
    row.due_at = following if following is None or at is None else at
    if row.due_at is None and row.state == "created":
        row.state = "lapsed"
        _end(session, row)
    session.flush()
    return row


def look_now(session: Session, broadcast_id: int, *, now: datetime) -> None:
    """Somebody wants to see the latest: what the platform has is due at once."""
    session.execute(
        update(BroadcastTask)
        .where(BroadcastTask.broadcast_id == broadcast_id, BroadcastTask.state.in_(("unknown", *rules.LOOKED_AT)))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def confirmed(session: Session, task_id: int, at: datetime, *, now: datetime) -> bool:
    """The member has sent it; True where that is new."""
    row = hold(session, task_id)
    if row.state != "created":
        return False
    row.state, row.confirmed_at, row.due_at = "confirmed", min(at, now), now
    session.flush()
    return True


def results(session: Session, task_id: int, found: Mapping[str, Outcome], *, now: datetime) -> BroadcastTask:
    """What is told of its receivers, by chat_id or digest. Of groups only those that got it are told."""
    row = hold(session, task_id)
    if row.state in ("confirmed", "cancelled", "created"):
        _write(session, task_id, found)
        _count(session, row)
        row.looked_at = now
        if row.state == "confirmed":
            settled = row.confirmed_at is not None and now >= row.confirmed_at + rules.SETTLES_AFTER
            if row.unsent == 0 or settled:
                row.state = "done"
                _end(session, row)
            else:
                row.due_at = rules.next_look(row.confirmed_at or now, now)
        elif row.state == "cancelled":
            _end(session, row)
    session.flush()
    return row


def cancelled(session: Session, task_id: int, *, now: datetime) -> bool:
    """Called off, here or at the platform; what was sent before stays, and is looked at once more."""
    row = hold(session, task_id)
    if row.state in (*rules.OVER, "asking", "unknown"):
        return False
    row.due_at = now if row.msgid is not None else None
    row.state = "cancelled"
    if row.msgid is None:
        _end(session, row)
    session.flush()
    return True


def reminded(session: Session, task_id: int, *, now: datetime) -> int:
    """He was reminded: how often in all."""
    row = hold(session, task_id)
    row.reminded = [*row.reminded, now.isoformat()]
    session.flush()
    return len(row.reminded)


def _write(session: Session, task_id: int, found: Mapping[str, Outcome]) -> None:
    wanted = sorted(found)
    for place in range(0, len(wanted), CHUNK):
        mine = BroadcastTarget.receiver.in_(wanted[place : place + CHUNK])
        rows = select(BroadcastTarget).where(BroadcastTarget.task_id == task_id, mine)
        for target in session.scalars(rows):
            outcome = found[target.receiver]
            target.status, target.sent_at = outcome.status, outcome.at
            if outcome.status == rules.SENT:
                target.counts_at = outcome.at
            elif outcome.status != rules.UNSENT:
                target.counts_at = None
        session.flush()


def _count(session: Session, task: BroadcastTask) -> None:
    query = select(BroadcastTarget.status, func.count().label("receivers")).where(BroadcastTarget.task_id == task.id)
    counts = {row.status: row.receivers for row in session.execute(query.group_by(BroadcastTarget.status))}
    task.sent, task.unsent = counts.get(rules.SENT, 0), counts.get(rules.UNSENT, 0)
    task.no_friend, task.over_cap = counts.get(rules.NO_FRIEND, 0), counts.get(rules.OVER_CAP, 0)
    task.failed = counts.get(rules.FAILED, 0)


def _end(session: Session, row: BroadcastTask) -> None:
    """Nothing more comes of it: who has not had it may get another."""
    row.due_at = None
    session.flush()
    session.execute(
        update(BroadcastTarget)
        .where(BroadcastTarget.task_id == row.id, BroadcastTarget.status == rules.UNSENT)
        .values(counts_at=None)
        .execution_options(synchronize_session=False)
    )
