"""What people have chosen of pushes, and the one place that asks it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.push import NOTHING_CHOSEN, Choice, Hours, Verdict, Wish, chosen, may_go
from models.push import PushChoice
from services.once import insert_once


def judge(session: Session, kind: str, person: int | None, default: Hours | None, now: datetime) -> Verdict:
    """Whether a push of this kind may go to a distributor now; `person` None: to somebody who cannot choose."""
    return may_go(kind, choice_of(session, person), default, now)


def choice_of(session: Session, person: int | None) -> Choice:
    row = session.get(PushChoice, person) if person is not None else None
    return _choice(row) if row is not None else NOTHING_CHOSEN


def choices_of(session: Session, people: Iterable[int]) -> dict[int, Choice]:
    """Of those who have chosen anything."""
    rows = session.scalars(select(PushChoice).where(PushChoice.distributor_id.in_(list(people))))
    return {row.distributor_id: _choice(row) for row in rows}


def choose(session: Session, person: int, wish: Wish, *, default: Hours | None, now: datetime) -> Choice:
    """Keep what somebody wants and return what holds from now on."""
    values = {"distributor_id": person, "muted": [], "paused": [], "changed_at": now}
    insert_once(session, PushChoice, values | {"since": None, "until": None, "hours": None})
    row = session.get_one(PushChoice, person, with_for_update=True, populate_existing=True)
    after = chosen(_choice(row), wish, default=default, now=now)
    row.muted, row.paused = sorted(after.muted), sorted(after.paused)
    row.since, row.until, row.changed_at = after.since, after.until, now
    row.hours = None if after.hours == "default" else "off" if after.hours is None else after.hours.text
    session.flush()
    return after


def _choice(row: PushChoice) -> Choice:
    return Choice(
        muted=frozenset(row.muted),
        paused=frozenset(row.paused),
        since=row.since,
        until=row.until,
        hours="default" if row.hours is None else Hours.parse(row.hours),
    )
