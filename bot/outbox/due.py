"""What the sweep finds: lanes with something due that nobody is sending. Reads by index, and never all that waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from bot.outbox import lanes, pauses, pushes
from bot.outbox.budget import MESSAGE_SEND
from bot.outbox.pushes import Gate
from models.message import Lane, Outbox, Pause
from services.push import announcement

LOOK_AHEAD = 1000  # rows that one look reads of each kind
PROBES = 10  # lanes that may make the minute's try of a stopped app; the first to claim it makes it


def find_due(session: Session, now: datetime, wall: datetime, robots: list[str], gate: Gate) -> list[str]:
    """Lanes, those that wait longest first, pushes last; of a stopped scope none until its next try is due."""
    paused = {row.scope: row for row in session.scalars(select(Pause))}
    found = _candidates(session, now, paused, robots, gate)
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


def _candidates(
    session: Session, now: datetime, paused: Mapping[str, Pause], robots: list[str], gate: Gate
) -> list[str]:
    stopped = [scope for scope in _SCOPES if scope in paused and pauses.waits(paused[scope], now)]
    others = [_begins(lane) for lane, scope in pauses.OF.items() if scope not in stopped]

    def lanes_in(state: str) -> Select[str]:
        """Not past the thousands that wait for a stopped scope."""
        found = select(Outbox.lane).where(Outbox.state == state)
        return found.where(or_(Outbox.lane.in_(robots), *others)) if stopped else found

    waiting, held = lanes_in("waiting"), lanes_in("held")
    room = LOOK_AHEAD if gate.spending is None else gate.spending.room(session, MESSAGE_SEND, now)
    queries = (
        select(Outbox.lane).where(Outbox.state == "sending").limit(LOOK_AHEAD),
        waiting.where(Outbox.due_at <= now).order_by(Outbox.due_at).limit(LOOK_AHEAD),
        waiting.where(Outbox.due_at > now + lanes.FARTHEST, lanes.due(now)).limit(LOOK_AHEAD),
        held.where(Outbox.due_at <= now).order_by(Outbox.due_at).limit(min(room, LOOK_AHEAD)),
        held.where(Outbox.due_at > now + pushes.FARTHEST).limit(LOOK_AHEAD),
    )
    found = [name for query in queries for name in session.scalars(query)]
    if pauses.APP not in stopped and room:
        found += [announcement.about(number) for number in announcement.due(session, now)]
    return list(dict.fromkeys(found))


def _may_try(name: str, paused: Mapping[str, Pause], now: datetime) -> bool:
    pause = paused.get(pauses.scope_of(name))
    return pause is None or not pauses.waits(pause, now)
