"""Suspending a distributor, letting him back, and his departure: each takes effect at its own time.

What he is now stands in his `status`; whether he earned from an order is judged by the moment of its payment, so an
order that was paid before and comes later is his all the same.

Units    from the whole second on: an order's time has no finer grain
Locks    nothing is recorded meanwhile (services.intake), so that no order misses it; then his row
Raises   Invalid (a time that cannot be), WrongStatus
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.distributor import WrongStatus
from domain.errors import Invalid
from models.distributor import Distributor, Suspension
from services import late
from services.bonus import marks
from services.intake import barrier


def suspend(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He earns nothing from `at` on; False where he is suspended already."""
    return _end(session, who, "suspended", at, now)


def depart(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He has left at `at`; False where he had before. Who was suspended has earned nothing since then already."""
    return _end(session, who, "departed", at, now)


def resume(session: Session, who: Distributor, *, at: datetime, now: datetime) -> bool:
    """He earns again from `at` on; False where he is active. Who has departed does not come back by this."""
    barrier(session)
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
    _tell_the_past(session, who, row, at, "resumption", now)
    return True


def _end(session: Session, who: Distributor, status: str, at: datetime, now: datetime) -> bool:
    barrier(session)
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
        row = Suspension(distributor_id=who.id, since=since, until=None)
        session.add(row)
        who.first_suspended_at = min(since, who.first_suspended_at or since)
        who.status = status
        session.flush()
        _tell_the_past(session, who, row, since, "suspension", now)
    who.status = status
    session.flush()
    return True


def _tell_the_past(
    session: Session, who: Distributor, row: Suspension, since: datetime, what: str, now: datetime
) -> None:
    """Orders that were paid since are decided again: his own rows, and those that rest on counts of people. So are his
    milestones, in the next run.
    """
    cause = f"{what}:{row.id}"
    marks.may_earn_changed(session, who.id, since)
    late.standing_changed(session, who, since, cause, now=now)
    late.team_changed(session, who, since, f"team:{cause}", now=now)


def _moment(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise Invalid([("at", "不能晚于现在")])
    return at.replace(microsecond=0)


def _lock(session: Session, who: Distributor) -> None:
    query = select(Distributor).where(Distributor.id == who.id).with_for_update()
    session.scalars(query.execution_options(populate_existing=True)).one()
