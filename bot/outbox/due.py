"""What the sweep finds: lanes with something due that nobody is sending. Reads by index, and never all that waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from bot.outbox import lanes, pauses
from models.message import Lane, Outbox, Pause

LOOK_AHEAD = 1000  # rows that one look reads of each kind
PROBES = 10  # lanes that may make the minute's try of a stopped app; the first to claim it makes it


def find_due(session: Session, now: datetime, wall: datetime, robots: list[str]) -> list[str]:
    """Lanes, those that wait longest first; of a stopped scope none until its next try is due."""
    paused = {row.scope: row for row in session.scalars(select(Pause))}
    found = _candidates(session, now, paused, robots)
    live = set(session.scalars(select(Lane.name).where(Lane.name.in_(found), lanes.live(wall))))
    chosen = [name for name in found if name not in live and _may_try(name, paused, now)]
    for scope in _SCOPES:
        if scope in paused:
            of_it = [name for name in chosen if pauses.scope_of(name) == scope]
            chosen = [name for name in chosen if name not in of_it] + of_it[:PROBES]
    return chosen


_SCOPES = tuple(dict.fromkeys(pauses.OF.values()))


def _begins(lane: str) -> ColumnElement[bool]:
    """Lanes of this beginning, as a range of the index; `;` comes after `:`."""
    return and_(Outbox.lane >= lane, Outbox.lane < lane.replace(":", ";"))


def _candidates(session: Session, now: datetime, paused: Mapping[str, Pause], robots: list[str]) -> list[str]:
    waiting = select(Outbox.lane).where(Outbox.state == "waiting")
    stopped = [scope for scope in _SCOPES if scope in paused and pauses.waits(paused[scope], now)]
    if stopped:  # not past the thousands that wait for it
        others = [_begins(lane) for lane, scope in pauses.OF.items() if scope not in stopped]
        waiting = waiting.where(or_(Outbox.lane.in_(robots), *others))
    queries = (
        select(Outbox.lane).where(Outbox.state == "sending"),
        waiting.where(Outbox.due_at <= now).order_by(Outbox.due_at),
        waiting.where(Outbox.due_at > now + lanes.FARTHEST, lanes.due(now)),
    )
    return list(dict.fromkeys(name for query in queries for name in session.scalars(query.limit(LOOK_AHEAD))))


def _may_try(name: str, paused: Mapping[str, Pause], now: datetime) -> bool:
    pause = paused.get(pauses.scope_of(name))
    return pause is None or not pauses.waits(pause, now)
