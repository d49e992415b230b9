"""Suspending a distributor, letting him back, and his departure: each takes effect at its own time.

What he is now stands in his `status`; whether he earned from an order is judged by the moment of its payment, so an
order that was paid before and comes later is his all the same.

Units    from the whole second on: an order's time has no finer grain
Locks    his row
Raises   Invalid (a time that cannot be), WrongStatus
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domain.distributor import WrongStatus
from domain.errors import Invalid
from models.distributor import Distributor, Suspension
from services.bonus import marks

CHUNK = 500


def suspend(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He earns nothing from `at` on; False where he is suspended already."""
    return _end(session, who, "suspended", at, now)


def depart(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He has left at `at`; False where he had before. Who was suspended has earned nothing since then already."""
    return _end(session, who, "departed", at, now)


def resume(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He earns again from `at` on; False where he is active. Who has departed does not come back by this."""
    _lock(session, who)
    if who.status == "active":
        return False
    if who.status != "suspended":
        raise WrongStatus(code=who.code, status=who.status)
    at = _moment(at, now)
    not_over = select(Suspension).where(Suspension.distributor_id == who.id, Suspension.until.is_(None))
    row = session.scalars(not_over).one()
    if at < row.since:
        raise Invalid([("at", f"不能早于暂停的时间 {row.since.isoformat()}")])
    who.status, row.until = "active", at
    session.flush()
    marks.may_earn_changed(session, who.id, at)
    return True


def _end(session: Session, who: Distributor, status: str, at: datetime, now: datetime) -> bool:
    _lock(session, who)
    if who.status in (status, "departed"):
        return False
    if who.status not in ("active", "suspended"):
        raise WrongStatus(code=who.code, status=who.status)
    if who.status == "active":
        since = _moment(at, now)
        latest = session.scalar(
            select(Suspension.until)
            .where(Suspension.distributor_id == who.id)
            .order_by(Suspension.since.desc())
            .limit(1)
        )
        least = max(who.joined_at, latest or who.joined_at)
        if since < least:
            raise Invalid([("at", f"不能早于 {least.isoformat()}：那时他还没有加入，或者正被暂停")])
        _begin(session, who, since)
        marks.may_earn_changed(session, who.id, since)
    who.status = status
    session.flush()
    return True


def _begin(session: Session, who: Distributor, since: datetime) -> None:
    """Where he was let back in the same second, it is one suspension that goes on."""
    same = select(Suspension).where(Suspension.distributor_id == who.id, Suspension.since == since)
    if row := session.scalars(same).one_or_none():
        row.until = None
    else:
        session.add(Suspension(distributor_id=who.id, since=since, until=None))
    who.first_suspended_at = min(since, who.first_suspended_at or since)


def _moment(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise Invalid([("at", "不能晚于现在")])
    return at.replace(microsecond=0)


def _lock(session: Session, who: Distributor) -> None:
    query = select(Distributor).where(Distributor.id == who.id).with_for_update()
    session.scalars(query.execution_options(populate_existing=True)).one()


# What others ask


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
    for chunk in chunks(ids):
        query = select(Suspension.distributor_id, Suspension.since, Suspension.until)
        for who, since, until in session.execute(
            query.where(Suspension.distributor_id.in_(chunk)).order_by(Suspension.since)
        ):
            found[who].append((since, until))
    return {who: tuple(spans) for who, spans in found.items()}


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Each once, in the order of the numbers, so many at a time as a statement takes well."""
    wanted = sorted(set(ids))
    for place in range(0, len(wanted), CHUNK):
        yield wanted[place : place + CHUNK]
