"""What the sweep finds: lanes with something due that nobody is sending. Reads by index, and never all that waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from bot.outbox import lanes, pauses, pushes
from bot.outbox.budget import MESSAGE_SEND
from bot.outbox.pushes import Gate
from models.message import Lane, Outbox, Pause
from services.push import announcement

LOOK_AHEAD = 1000  # rows that one look reads of each kind
PROBES = 10  # lanes that may make the minute's try of a stopped app; the first to claim it makes it


class Due(NamedTuple):
    """Lanes, those that wait longest first; `pushes` are those in which nothing but pushes has been held until now."""

    lanes: list[str]
    pushes: list[str]


def find_due(session: Session, now: datetime, wall: datetime, robots: list[str], gate: Gate) -> Due:
    """Of a stopped scope none until its next try is due, and then few."""
    paused = {row.scope: row for row in session.scalars(select(Pause))}
    found, held = _candidates(session, now, paused, robots, gate)
    live = set(session.scalars(select(Lane.name).where(Lane.name.in_([*found, *held]), lanes.live(wall))))
    chosen = [name for name in (*found, *held) if name not in live and _may_try(name, paused, now)]
    for scope in _SCOPES:
        if scope in paused:
            of_it = [name for name in chosen if pauses.scope_of(name) == scope]
            chosen = [name for name in chosen if name not in of_it] + of_it[:PROBES]
    known = set(found)
    return Due([name for name in chosen if name in known], [name for name in chosen if name not in known])


_SCOPES = tuple(dict.fromkeys(pauses.OF.values()))


def _begins(lane: str) -> ColumnElement[bool]:
    """Lanes of this beginning, as a range of the index; `;` comes after `:`."""
    return and_(Outbox.lane >= lane, Outbox.lane < lane.replace(":", ";"))


def _candidates(
    session: Session, now: datetime, paused: Mapping[str, Pause], robots: list[str], gate: Gate
) -> tuple[list[str], list[str]]:
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
    )
    found = [name for query in queries for name in session.scalars(query)]
    if pauses.APP not in stopped and room:
        found += [announcement.about(number) for number in announcement.due(session, now)]
    known = set(found)
    of_pushes = (
        held.where(Outbox.due_at <= now).order_by(Outbox.due_at).limit(min(room, LOOK_AHEAD)),
        held.where(Outbox.due_at > now + pushes.FARTHEST).limit(LOOK_AHEAD),
    )
    late = [name for query in of_pushes for name in session.scalars(query)]
    return list(dict.fromkeys(found)), [name for name in dict.fromkeys(late) if name not in known]


def _may_try(name: str, paused: Mapping[str, Pause], now: datetime) -> bool:
    pause = paused.get(pauses.scope_of(name))
    return pause is None or not pauses.waits(pause, now)
