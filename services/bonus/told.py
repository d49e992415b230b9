"""What people are told of bonuses: those of an order, those of a period, and how far somebody is on the way.

Units    Money in fen; a bonus belongs to the period in which it was reached, computed or approved
Rule     a distributor sees his own
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.periods import Period, period_of
from domain.plan import MilestoneRule, TeamRule
from domain.why import why
from models.base import table_of
from models.bonus import Bonus, MilestoneMark, WindowRun, WindowSum
from models.distributor import Distributor
from services import plan
from services.commission import Told

GIVEN = ("available", "reversed")


@dataclass(frozen=True, slots=True)
class BonusLine:
    """One bonus in a list: what it is for, when, how much, or what in kind."""

    title: str
    at: datetime
    amount: Money
    reward: Mapping[str, Any] | None
    state: str


@dataclass(frozen=True, slots=True)
class BelowFirstStep:
    """A team's window that is over and gave somebody nothing: his team sold less than the rule's first step."""

    rule: TeamRule
    window: str
    sales: Money

    @property
    def needed(self) -> Money:
        return Money(self.rule.steps[0][0])


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """A milestone that somebody has not reached: `missing` to the next threshold, of `next`, as the last run saw it."""

    rule: MilestoneRule
    count: int
    next: int

    @property
    def missing(self) -> int:
        return self.next - self.count


def of_order(session: Session, order_id: int, distributor_id: int | None = None) -> list[Told]:
    """The bonuses that an order reached, or those of one distributor among them, as they stand."""
    query = (
        select(Bonus, Distributor.code)
        .join(Distributor, Distributor.id == Bonus.distributor_id)
        .where(Bonus.order_id == order_id, Bonus.state.in_(GIVEN))
        .order_by(Bonus.at, Bonus.id)
    )
    if distributor_id is not None:
        query = query.where(Bonus.distributor_id == distributor_id)
    return [
        Told(
            to=code,
            distributor_id=row.distributor_id,
            as_=row.as_,
            amount=row.amount,
            taken_back=row.full - row.amount,
            state=row.state,
            why=why(row.facts),
            settles_at=row.at,
        )
        for row, code in session.execute(query)
    ]


def awards_of(session: Session, order_id: int) -> list[dict[str, str]]:
    """The same in the form of the order API."""
    return [
        {"to": told.to, "as": told.as_, "amount": told.amount.yuan, "state": told.state, "why": told.why}
        for told in of_order(session, order_id)
    ]


def rows_of_order(session: Session, order_id: int) -> list[tuple[Bonus, Distributor]]:
    """For the merchant: every bonus about an order, the skipped ones too."""
    query = (
        select(Bonus, Distributor)
        .join(Distributor, Distributor.id == Bonus.distributor_id)
        .where(Bonus.order_id == order_id, Bonus.state != "void")
        .order_by(Bonus.at, Bonus.id)
    )
    return [(row.Bonus, row.Distributor) for row in session.execute(query)]


def sum_in_period() -> Select[Any]:
    """The sum of somebody's bonuses in a period: of `distributor_id`, from `start` to `end`."""
    bonus = table_of(Bonus).c
    mine = bonus.distributor_id == bindparam("distributor_id")
    within = bonus.at >= bindparam("start"), bonus.at < bindparam("end")
    return select(func.sum(bonus.amount)).where(mine, *within)


def lines(session: Session, distributor_id: int, period: Period, limit: int) -> list[BonusLine]:
    """His latest bonuses of the period."""
    within: list[ColumnElement[bool]] = [Bonus.at >= period.start, Bonus.at < period.end]
    query = select(Bonus).where(Bonus.distributor_id == distributor_id, Bonus.state.in_(GIVEN), *within)
    rows = session.scalars(query.order_by(Bonus.at.desc(), Bonus.id.desc()).limit(limit))
    return [BonusLine(_title(row), row.at, row.amount, row.reward, row.state) for row in rows]


def _title(row: Bonus) -> str:
    return f"{row.facts['title']} {row.window}".strip()


def on_the_way(session: Session, who: Distributor, now: datetime) -> list[OnTheWay]:
    """The milestones of the plan in force that he has still before him."""
    version = plan.in_force(session, now)
    rules = [] if version is None else [rule for rule in version.plan.rules if isinstance(rule, MilestoneRule)]
    mark = session.get(MilestoneMark, who.id) if rules else None
    counts = {(row["rule"], row["window"]): row["count"] for row in (mark.progress if mark is not None else ())}
    found = []
    for rule in rules:
        period = period_of(rule.count.window, now)
        count = counts.get((rule.id, period.label if period else None), 0)
        reached = rule.reached(count)
        if not _is_last(rule, reached):
            found.append(OnTheWay(rule, count, rule.threshold(reached + 1)))
    return found


def below_first_step(session: Session, distributor_id: int, limit: int = 3) -> list[BelowFirstStep]:
    """Of the latest team windows those in which his team sold something and not enough, the latest first."""
    latest = select(WindowRun).where(WindowRun.as_ == TeamRule.kind, WindowRun.state == "closed")
    latest = latest.order_by(WindowRun.at.desc(), WindowRun.id.desc()).limit(limit)
    runs = {row.id: row for row in session.scalars(latest)}
    sums = select(WindowSum).where(WindowSum.window_run_id.in_(runs), WindowSum.distributor_id == distributor_id)
    sold = {row.window_run_id: row.sales for row in session.scalars(sums)} if runs else {}
    decided = select(Bonus.rule, Bonus.window).where(Bonus.distributor_id == distributor_id, Bonus.as_ == TeamRule.kind)
    known = {tuple(row) for row in session.execute(decided)} if sold else set()
    found = []
    for run_id, row in runs.items():
        if run_id in sold and (row.rule, row.window) not in known:
            rules = plan.load(session, row.plan_version_id).plan.rules
            rule = next(rule for rule in rules if isinstance(rule, TeamRule) and rule.id == row.rule)
            found.append(BelowFirstStep(rule, row.window, sold[run_id]))
    return [one for one in found if one.sales < one.needed]


def _is_last(rule: MilestoneRule, reached: int) -> bool:
    return reached == rule.limit or (rule.at is not None and reached == len(rule.at))
