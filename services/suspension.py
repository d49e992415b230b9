"""Who was suspended when: whether somebody earned is judged by the moment of a payment, not by what he is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.distributor import Distributor, Suspension

CHUNK = 500


def suspended(session: Session, people: Iterable[Distributor], at: datetime) -> frozenset[int]:
    """Which of them earned nothing at a moment; no statement where none of them had been suspended by then."""
    asked = [row.id for row in people if row.first_suspended_at is not None and row.first_suspended_at <= at]
    if not asked:
        return frozenset()
    then = or_(Suspension.until.is_(None), Suspension.until > at)
    query = select(Suspension.distributor_id).where(Suspension.distributor_id.in_(asked), Suspension.since <= at, then)
    return frozenset(session.scalars(query))


def courses(session: Session, ids: Iterable[int]) -> dict[int, tuple[tuple[datetime, datetime | None], ...]]:
    """The suspensions of each, oldest first, for those who have any."""
    found: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    columns = (Suspension.distributor_id, Suspension.since, Suspension.until)
    for chunk in chunks(ids):
        query = select(*columns).where(Suspension.distributor_id.in_(chunk)).order_by(Suspension.since)
        for who, since, until in session.execute(query):
            found[who].append((since, until))
    return {who: tuple(spans) for who, spans in found.items()}


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Each once, in the order of the numbers, so many at a time as a statement takes well."""
    wanted = sorted(set(ids))
    for place in range(0, len(wanted), CHUNK):
        yield wanted[place : place + CHUNK]
