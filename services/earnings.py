"""What a distributor earned, from which orders, and why: the questions that the chat asks of awards and orders.

Units    Money in fen; an award belongs to the period in which its order was paid, a bonus to that in which it was
         reached, computed or approved
Rule     a distributor sees his own awards and the orders that are attributed to him, and no buyer's data
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from domain import settlement
from domain.money import ZERO, Money, total
from domain.periods import Period
from domain.settlement import Standing
from models.base import MoneyFen, table_of
from models.bonus import Bonus
from models.commission import Award
from models.ledger import LedgerAccount
from models.order import Order
from models.prepared import Prepared
from services import commission, ledger, plan
from services.bonus import told
from services.plan import LoadedPlan

SHOWN = 10
LOOKED_THROUGH = 500  # of his latest awards, for the order of an amount: he asks about what he has just seen
_WORDS = re.compile(r"[0-9A-Za-z_\-./:#]+")


@dataclass(frozen=True, slots=True)
class AwardLine:
    """What he has of one order, or one bonus: then `title` says what it is for, and `reward` what it is in kind."""

    order_no: str
    paid_at: datetime
    amount: Money
    state: str
    title: str | None = None
    reward: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """state: paid | completed | settled | refunded; commission is what this distributor has of it."""

    no: str
    paid_at: datetime
    net: Money
    commission: Money
    state: str


@dataclass(frozen=True, slots=True)
class Orders:
    total: int
    sales: Money
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All awards of one person in one order as they stand, and why others of his are missing."""

    awards: tuple[commission.Told, ...]
    reasons: tuple[Reason, ...]
    amount: Money
    taken_back: Money
    standing: Standing

    @property
    def asks_for_counts(self) -> bool:
        """Whether something is missing because of what he has brought about."""
        return any(reason.code in ("condition", "below_first_step") for reason in self.reasons)


def in_period(session: Session, distributor_id: int, period: Period) -> Money:
    """The sum of his awards as they stand, of orders paid in the period, and of his bonuses in it."""
    values = {"distributor_id": distributor_id, "start": period.start, "end": period.end}
    ((amount,),) = _IN_PERIOD.all(session, values)
    return amount or ZERO


@dataclass(frozen=True, slots=True)
class Overview:
    """What somebody earned in a period, what he has, and the plan in force now, if there is one."""

    amount: Money
    have: ledger.Balances
    plan: LoadedPlan | None


def overview(session: Session, distributor_id: int, period: Period, now: datetime) -> Overview:
    """In one statement: it is asked more often than anything else."""
    values = {"distributor_id": distributor_id, "start": period.start, "end": period.end}
    rows = _OVERVIEW.all(session, values | {"at": now})
    if not rows:  # he has no accounts yet
        return Overview(in_period(session, distributor_id, period), ledger.NOTHING, plan.in_force(session, now))
    _, _, amount, version_id, digest = rows[0]
    loaded = None if version_id is None else plan.load(session, version_id, digest)
    return Overview(amount or ZERO, ledger.of_accounts((row[0], row[1]) for row in rows), loaded)


def _sum_in_period() -> Select[Any]:
    award = table_of(Award).c
    mine = award.distributor_id == bindparam("distributor_id")
    within = award.paid_at >= bindparam("start"), award.paid_at < bindparam("end")
    awards = select(func.sum(award.amount)).where(mine, *within).scalar_subquery()
    nothing: BindParameter[Money] = literal(ZERO, MoneyFen())
    bonuses = told.sum_in_period().scalar_subquery()
    return select(type_coerce(func.coalesce(awards, nothing) + func.coalesce(bonuses, nothing), MoneyFen()))


def _sum_beside_balances() -> Select[Any]:
    account = table_of(LedgerAccount).c
    mine = account.distributor_id == bindparam("distributor_id")
    version = plan.IN_FORCE.subquery()
    running = (select(column).scalar_subquery() for column in (version.c.id, version.c.digest))
    return select(account.purpose, account.balance, _sum_in_period().scalar_subquery(), *running).where(mine)


_IN_PERIOD, _OVERVIEW = Prepared(_sum_in_period()), Prepared(_sum_beside_balances())


def lines(session: Session, distributor_id: int, period: Period) -> list[AwardLine]:
    """His latest awards of the period, one line for each order, and his bonuses."""
    rows = session.execute(
        select(Award.order_id, Award.amount, Award.state, Award.paid_at, Order.no)
        .join(Order, Order.id == Award.order_id)
        .where(_awards(distributor_id, period), Award.peak > ZERO)
        .order_by(Award.paid_at.desc(), Award.order_id.desc(), Award.id)
        .limit(SHOWN * 4)
    ).all()
    by_order: dict[int, list[AwardLine]] = {}
    for row in rows:
        by_order.setdefault(row.order_id, []).append(AwardLine(row.no, row.paid_at, row.amount, row.state))
    found = [_together(group) for group in list(by_order.values())[:SHOWN]]
    found += [
        AwardLine("", line.at, line.amount, line.state, line.title, line.reward)
        for line in told.lines(session, distributor_id, period, SHOWN)
    ]
    return sorted(found, key=lambda line: line.paid_at, reverse=True)[:SHOWN]


def _together(group: list[AwardLine]) -> AwardLine:
    """Several awards of one order as one line; its state is the earliest of those that are left."""
    states = [line.state for line in group]
    state = next(state for state in ("pending", "available", "reversed") if state in states)
    return AwardLine(group[0].order_no, group[0].paid_at, total(line.amount for line in group), state)


def _awards(distributor_id: int, period: Period | None) -> ColumnElement[bool]:
    return and_(Award.distributor_id == distributor_id, *within(Award.paid_at, period))


def orders(
    session: Session,
    distributor_id: int,
    period: Period | None,
    *,
    status: str | None = None,
    group_id: int | None = None,
) -> Orders:
    """His orders, newest first. `status`: pending | settled | refunded; with a group only those that came from it."""
    mine = [Order.distributor_id == distributor_id, *within(Order.paid_at, period)]
    if group_id is not None:
        mine.append(Order.group_id == group_id)
    if status == "refunded":
        mine.append(Order.net < Order.paid)
    elif status == "settled":
        mine.append(_has_settled(distributor_id))
    elif status == "pending":
        mine += [or_(Order.net > ZERO, Order.paid == ZERO), ~_has_settled(distributor_id)]
    count, sales = session.execute(select(func.count(), func.sum(Order.net)).where(*mine)).one()
    rows = session.scalars(
        select(Order).where(*mine).order_by(Order.paid_at.desc(), Order.id.desc()).limit(SHOWN)
    ).all()
    return Orders(count, sales or ZERO, tuple(order_lines(session, distributor_id, rows)))


def order_lines(session: Session, distributor_id: int, rows: Sequence[Order]) -> list[OrderLine]:
    """Each order with what he has of it."""
    shares = _shares(session, distributor_id, [row.id for row in rows])
    return [
        OrderLine(row.no, row.paid_at, row.net, shares.get(row.id, (ZERO, False))[0], _state(row, shares))
        for row in rows
    ]


def _has_settled(distributor_id: int) -> ColumnElement[bool]:
    """What he has of the order is available."""
    settled = Award.order_id == Order.id, Award.distributor_id == distributor_id, Award.available_at.is_not(None)
    return exists().where(*settled)


def _shares(session: Session, distributor_id: int, order_ids: list[int]) -> dict[int, tuple[Money, bool]]:
    """Per order: what he has of it, and whether it has been settled."""
    rows = session.execute(
        select(Award.order_id, func.sum(Award.amount).label("amount"), func.max(Award.available_at).label("available"))
        .where(Award.distributor_id == distributor_id, Award.order_id.in_(order_ids))
        .group_by(Award.order_id)
    )
    return {row.order_id: (row.amount, row.available is not None) for row in rows}


def _state(order: Order, shares: dict[int, tuple[Money, bool]]) -> str:
    if order.net == ZERO and order.paid > ZERO:
        return "refunded"
    if shares.get(order.id, (ZERO, False))[1]:
        return "settled"
    return "completed" if order.completed_at else "paid"


def by_number(session: Session, distributor_id: int, *, words: str, named: str | None = None) -> Order | None:
    """His order whose number is `named` or a word of `words`; anybody else's is none."""
    candidates = {word.strip(".:#-/") for word in _WORDS.findall(words)} | ({named} if named else set())
    if not candidates:
        return None
    query = select(Order).where(Order.no.in_(candidates), _is_his(distributor_id)).limit(1)
    return session.scalars(query).first()


def matching(
    session: Session, distributor_id: int, *, amount: Money | None, period: Period | None, limit: int
) -> list[Order]:
    """His orders of the period, those that gave him this amount where one is named; newest first, at most `limit`."""
    if amount is not None:
        return _of_amount(session, distributor_id, amount, period)[:limit]
    sold = select(Order).where(Order.distributor_id == distributor_id, *within(Order.paid_at, period))
    earned = select(Order).join(Award, Award.order_id == Order.id)
    earned = earned.where(Award.distributor_id == distributor_id, *within(Award.paid_at, period))
    by_sale = session.scalars(sold.order_by(Order.paid_at.desc(), Order.id.desc()).limit(limit))
    by_award = session.scalars(earned.order_by(Award.paid_at.desc(), Award.id.desc()).limit(limit * 4))
    found = {row.id: row for row in (*by_sale, *by_award)}
    return sorted(found.values(), key=lambda row: (row.paid_at, row.id), reverse=True)[:limit]


def _of_amount(session: Session, distributor_id: int, amount: Money, period: Period | None) -> list[Order]:
    """Of his latest orders those that gave him this amount, in one award or in all of his together."""
    mine = select(Award.order_id, Award.amount).where(_awards(distributor_id, period))
    gave: dict[int, list[Money]] = {}
    for row in session.execute(mine.order_by(Award.paid_at.desc(), Award.order_id.desc()).limit(LOOKED_THROUGH)):
        gave.setdefault(row.order_id, []).append(row.amount)
    found = [order_id for order_id, awards in gave.items() if amount in (*awards, total(awards))]
    rows = {row.id: row for row in session.scalars(select(Order).where(Order.id.in_(found[:SHOWN])))}
    return [rows[order_id] for order_id in found[:SHOWN]]


def within(column: Any, period: Period | None) -> list[ColumnElement[bool]]:
    """The conditions by which an instant lies in the period; none without one."""
    return [] if period is None else [column >= period.start, column < period.end]


def _is_his(distributor_id: int) -> ColumnElement[bool]:
    """Attributed to him, or one from which he has an award, or that reached a milestone of his."""
    has_award = exists().where(Award.order_id == Order.id, Award.distributor_id == distributor_id)
    has_bonus = exists().where(Bonus.order_id == Order.id, Bonus.distributor_id == distributor_id)
    return or_(Order.distributor_id == distributor_id, has_award, has_bonus)


def explain(session: Session, order: Order, distributor_id: int, *, now: datetime) -> Explanation:
    """What he has of an order and why, what was taken back, and when the rest becomes available."""
    awards = (*commission.told(session, order, distributor_id), *told.of_order(session, order.id, distributor_id))
    skips = commission.skips_of(session, order, distributor_id)
    reasons = {(row.reason, row.facts["title"]): Reason(row.reason, row.facts["title"]) for row in skips}
    if not awards and not reasons:
        reasons[order.reason_code, ""] = Reason("no_rule" if order.distributor_id else "nobody", "")
    return Explanation(
        awards=awards,
        reasons=tuple(reasons.values()),
        amount=total(award.amount for award in awards),
        taken_back=total(award.taken_back for award in awards),
        standing=_standing(order, awards, now),
    )


def _standing(order: Order, awards: tuple[commission.Told, ...], now: datetime) -> Standing:
    if any(award.state == "pending" for award in awards):
        return settlement.standing(order.settles_at, now)
    if any(award.state == "available" for award in awards):
        return Standing("available", order.settles_at)
    return Standing("reversed", None)
