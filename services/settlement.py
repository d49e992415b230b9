"""Settlement runs: open or resume one, settle one distributor, note his statement, tell him.

A run fixes its cutoff when it opens. It makes commission available, decides milestones (services.bonus.milestones) and
computes the windows that are over (services.bonus.windows), each distributor or batch in a transaction of its own (the
caller opens them), so that a run that is killed goes on where it stood. What is due is asked of the rows, so a run that
is repeated or runs beside another finds nothing left to do. At the end each is told once what he got in it.

Locks    awards, then accounts, then the statement; bonuses end in the same order
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from domain import settlement as rules
from domain.money import ZERO, Money, total
from domain.why import why
from models.bonus import Bonus
from models.commission import Award
from models.settlement import SettlementRun, Statement
from services import ledger, statement
from services.bonus import milestones, windows
from services.once import insert_once

BATCH = 500
SHOWN = 5
OPEN = 1  # the slot of the run that is open


def open_run(session: Session, cutoff: datetime, *, reason: str, now: datetime) -> SettlementRun | None:
    """The run to work on: one that was left open, else a new one; None where nothing is due by `cutoff`."""
    left = select(SettlementRun).where(SettlementRun.slot == OPEN)
    if found := session.scalars(left).one_or_none():
        return found
    if not _anything_due(session, cutoff):
        return None
    # Another may be opening one at this moment: then that is the one.
    insert_once(session, SettlementRun, {"cutoff": cutoff, "opened_at": now, "reason": reason, "slot": OPEN})
    return session.scalars(left).one_or_none()


def _anything_due(session: Session, cutoff: datetime) -> bool:
    commission = session.scalar(select(Award.id).where(_due(cutoff)).limit(1)) is not None
    return commission or milestones.any_due(session, cutoff) or bool(windows.due(session, cutoff))


def due_distributors(session: Session, cutoff: datetime, after: int) -> list[int]:
    """The next distributors, by id, who have commission due."""
    query = select(Award.distributor_id).where(_due(cutoff), Award.distributor_id > after).distinct()
    return list(session.scalars(query.order_by(Award.distributor_id).limit(BATCH)))


def _due(cutoff: datetime) -> ColumnElement[bool]:
    return and_(Award.state == "pending", Award.settles_at <= cutoff)


def settle(session: Session, run: SettlementRun, distributor_id: int, *, now: datetime) -> Money:
    """Make available what commission one distributor has due by the run's cutoff; zero where none is (any more)."""
    rows = session.execute(
        select(Award.id, Award.order_id, Award.amount)
        .where(Award.distributor_id == distributor_id, _due(run.cutoff))
        .order_by(Award.id)
        .with_for_update()
    ).all()
    if not rows:
        return ZERO
    settled = select(Statement.id).where(
        Statement.run_id == run.id, Statement.distributor_id == distributor_id, Statement.orders > 0
    )
    if session.scalar(settled) is not None:
        return ZERO  # a late fact made more due since: the next run's
    amount = total(row.amount for row in rows)
    session.execute(
        update(Award)
        .where(Award.id.in_([row.id for row in rows]))
        .values(state="available", available_at=now)
        .execution_options(synchronize_session=False)
    )
    if amount == ZERO:
        return ZERO  # only rows that the cap of their line has left nothing
    ledger.post(session, rules.settle(run.id, distributor_id, amount), now=now)
    by_order: dict[int, Money] = defaultdict(lambda: ZERO)
    for row in rows:
        by_order[row.order_id] += row.amount
    lines = {order_id: share for order_id, share in by_order.items() if share}
    statement.note(session, run.id, distributor_id, amount=amount, orders=len(lines), now=now)
    statement.add_lines(session, run.id, distributor_id, lines)
    return amount


def settle_milestones(session: Session, run: SettlementRun, distributor_id: int, *, now: datetime) -> milestones.Result:
    """Decide one distributor's milestones by the run's cutoff, and note what that came to on his statement."""
    result = milestones.decide(session, distributor_id, run.cutoff, run_id=run.id, now=now)
    if result.changed:
        statement.note(session, run.id, distributor_id, bonus=result.amount, now=now)
    return result


# ---------------------------------------------------------------------------------------------------------------
# What they are told


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody is told at the end of a run. `bonuses` are the sentences of the first of them, `more` are left."""

    statement: Statement
    bonuses: tuple[str, ...]
    more: int


def untold(session: Session, run_id: int, limit: int = BATCH) -> list[Told]:
    """The next statements of a run that nobody was told of, marked as told in the caller's transaction."""
    query = select(Statement).where(Statement.run_id == run_id, Statement.told_at.is_(None))
    rows = session.scalars(query.order_by(Statement.distributor_id).limit(limit).with_for_update()).all()
    found: dict[int, list[Bonus]] = {row.distributor_id: [] for row in rows}
    bonuses = select(Bonus).where(Bonus.distributor_id.in_(found), Bonus.run_id == run_id).order_by(Bonus.at, Bonus.id)
    for bonus in session.scalars(bonuses):
        found[bonus.distributor_id].append(bonus)
    return [_told(row, found[row.distributor_id]) for row in rows]


def _told(row: Statement, bonuses: list[Bonus]) -> Told:
    return Told(row, tuple(_said(bonus) for bonus in bonuses[:SHOWN]), max(0, len(bonuses) - SHOWN))


def _said(bonus: Bonus) -> str:
    if bonus.state in ("void", "skipped"):
        return f"{bonus.facts['title']}：订单数据有更正，重新计算后不再发放，已收回"
    return why(bonus.facts)


def close(session: Session, run_id: int, *, now: datetime) -> None:
    session.execute(
        update(SettlementRun)
        .where(SettlementRun.id == run_id, SettlementRun.closed_at.is_(None))
        .values(closed_at=now, slot=None)
        .execution_options(synchronize_session=False)
    )


def statements(session: Session, distributor_id: int, limit: int = 5) -> Iterator[Statement]:
    """His latest ones, newest first."""
    query = select(Statement).where(Statement.distributor_id == distributor_id).order_by(Statement.id.desc())
    yield from session.scalars(query.limit(limit))
