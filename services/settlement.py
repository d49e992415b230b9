"""Settlement runs: open or resume one, settle one distributor, give him his statement.

A run fixes its cutoff when it opens. Each distributor is settled in a transaction of his own (the caller opens them),
so that a run that is killed goes on where it stood. What is due is asked of the awards, so a run that is repeated or
runs beside another finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from domain import settlement as rules
from domain.money import ZERO, total
from models.commission import Award
from models.settlement import SettlementRun, Statement
from services import ledger

BATCH = 500


def open_run(session: Session, cutoff: datetime, *, reason: str, now: datetime) -> SettlementRun | None:
    """The run to work on: one that was left open, else a new one; None where nothing is due by `cutoff`."""
    left = select(SettlementRun).where(SettlementRun.closed_at.is_(None)).order_by(SettlementRun.id).limit(1)
    if found := session.scalars(left.with_for_update()).one_or_none():
        return found
    if session.scalar(select(Award.id).where(_due(cutoff)).limit(1)) is None:
        return None
    row = SettlementRun(cutoff=cutoff, opened_at=now, closed_at=None, reason=reason)
    session.add(row)
    session.flush()
    return row


def due_distributors(session: Session, cutoff: datetime, after: int) -> list[int]:
    """The next distributors, by id, who have something due."""
    query = select(Award.distributor_id).where(_due(cutoff), Award.distributor_id > after).distinct()
    return list(session.scalars(query.order_by(Award.distributor_id).limit(BATCH)))


def _due(cutoff: datetime) -> ColumnElement[bool]:
    return and_(Award.state == "pending", Award.settles_at <= cutoff)


def settle(session: Session, run: SettlementRun, distributor_id: int, *, now: datetime) -> Statement | None:
    """Make available what is due to one distributor by the run's cutoff; None where nothing is (any more)."""
    rows = session.execute(
        select(Award.id, Award.order_id, Award.amount)
        .where(Award.distributor_id == distributor_id, _due(run.cutoff))
        .order_by(Award.id)
        .with_for_update()
    ).all()
    if not rows:
        return None
    has_one = select(Statement.id).where(Statement.run_id == run.id, Statement.distributor_id == distributor_id)
    if session.scalar(has_one) is not None:
        return None  # a late fact made more due since: the next run's
    amount = total(row.amount for row in rows)
    session.execute(
        update(Award)
        .where(Award.id.in_([row.id for row in rows]))
        .values(state="available", available_at=now)
        .execution_options(synchronize_session=False)
    )
    if amount == ZERO:
        return None  # only rows that the cap of their line has left nothing
    statement = Statement(
        run_id=run.id,
        distributor_id=distributor_id,
        amount=amount,
        orders=len({row.order_id for row in rows if row.amount}),
        settled_at=now,
    )
    session.add(statement)
    session.flush()
    ledger.post(session, rules.settle(run.id, distributor_id, amount), now=now)
    return statement


def close(session: Session, run_id: int, *, now: datetime) -> None:
    session.execute(
        update(SettlementRun)
        .where(SettlementRun.id == run_id, SettlementRun.closed_at.is_(None))
        .values(closed_at=now)
        .execution_options(synchronize_session=False)
    )


def statements(session: Session, distributor_id: int, limit: int = 5) -> Iterator[Statement]:
    """His latest ones, newest first."""
    query = select(Statement).where(Statement.distributor_id == distributor_id).order_by(Statement.id.desc())
    yield from session.scalars(query.limit(limit))
