"""Tallies and ranks: who sold how much in a day, week or month.

Units    sales in fen, net, of orders paid in the window
Ties     who reached the value first (payment time of his last order that counts), then the lower code
Source   plans.md §2.4; tallies are kept in step by orders and refunds and can be rebuilt from them
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from domain.money import ZERO, Money, total
from domain.periods import Period, Window, period_of
from models.base import MoneyFen, UtcDateTime, table_of
from models.distributor import Distributor
from models.order import Order, OrderLine
from models.prepared import Prepared
from models.rank import Tally
from models.upsert import Upsert
from services import plan

By = Literal["sales", "orders", "units"]
WINDOWS: tuple[Window, ...] = ("day", "week", "month")
_COUNT = Upsert(
    table_of(Tally),
    keys=("label", "distributor_id"),
    adding=("sales", "orders", "units"),
    later=("reached_at",),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One place of a leaderboard."""

    rank: int
    distributor_id: int
    nickname: str
    sales: Money
    orders: int
    units: int


@dataclass(frozen=True, slots=True)
class Own:
    """Where one person stands: his place, and what is missing to the one before him (None for the first)."""

    rank: int
    value: Money
    missing: Money | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What of an order counts now: its net, whether it counts as one, the units of lines that have a net."""

    sales: Money
    orders: int
    units: int


def counted(lines: Iterable[OrderLine]) -> Counted:
    alive = [line for line in lines if line.paid - line.refunded > ZERO]
    units = sum(line.qty - line.refunded_qty for line in alive)
    return Counted(total(line.paid - line.refunded for line in alive), 1 if alive else 0, units)


def labels(paid_at: datetime) -> list[str]:
    """The labels of the windows that hold a payment: day, week, month."""
    periods = (period_of(window, paid_at) for window in WINDOWS)
    return [period.label for period in periods if period is not None]


def record(session: Session, order: Order, lines: Iterable[OrderLine]) -> None:
    """Count a new order for its distributor in its three windows: one statement."""
    now = counted(lines)
    if not _counts(session, order) or not now.orders:
        return
    values = [
        {
            "label": label,
            "distributor_id": order.distributor_id,
            "sales": now.sales,
            "orders": now.orders,
            "units": now.units,
            "reached_at": order.paid_at,
        }
        for label in labels(order.paid_at)
    ]
    _COUNT.run(session, values)


def _counts(session: Session, order: Order) -> bool:
    """Own purchases count nowhere, unless the order's plan says that they are sales like any other."""
    if order.distributor_id is None:
        return False
    if order.buyer_distributor_id != order.distributor_id or order.plan_version_id is None:
        return True
    return _own_orders_count(session, order.plan_version_id)


def _own_orders_count(session: Session, plan_version_id: int) -> bool:
    return plan.load(session, plan_version_id).plan.terms.own_orders == "seller"


def take_back(session: Session, order: Order, before: Counted, after: Counted) -> None:
    """Take from the tallies what a refund took from an order."""
    if not _counts(session, order) or before == after:
        return
    for label in labels(order.paid_at):
        session.execute(
            update(Tally)
            .where(Tally.label == label, Tally.distributor_id == order.distributor_id)
            .values(
                sales=Tally.sales - (before.sales - after.sales),
                orders=Tally.orders - (before.orders - after.orders),
                units=Tally.units - (before.units - after.units),
            )
            .execution_options(synchronize_session=False)
        )
        if before.orders != after.orders:
            _reach_anew(session, order, label)


def _reach_anew(session: Session, order: Order, label: str) -> None:
    """An order that counts no more may have been his last: ask for the last one that still does."""
    period = next(p for w in WINDOWS if (p := period_of(w, order.paid_at)) is not None and p.label == label)
    alive = and_(
        Order.distributor_id == order.distributor_id,
        Order.paid_at >= period.start,
        Order.paid_at < period.end,
        Order.net > ZERO,
    )
    own = Order.buyer_distributor_id == Order.distributor_id
    plans = session.scalars(
        select(Order.plan_version_id).where(alive, own, Order.plan_version_id.is_not(None)).distinct()
    )
    sales = Order.plan_version_id.in_(
        [version for version in plans.all() if version and _own_orders_count(session, version)]
    )
    counting = or_(Order.buyer_distributor_id.is_(None), ~own, sales)
    last = session.scalar(select(func.max(Order.paid_at)).where(alive, counting))
    session.execute(
        update(Tally)
        .where(Tally.label == label, Tally.distributor_id == order.distributor_id)
        # Nothing left: whatever comes next is later, also what was paid before and comes late.
        .values(reached_at=last or period.start)
        .execution_options(synchronize_session=False)
    )


def top(session: Session, period: Period, *, by: By = "sales", limit: int = 10) -> list[Standing]:
    """The first places of a period. A day, week or month is read from its tallies; nobody with 0 is ranked."""
    value, listed = _value(by), and_(Tally.label == period.label, Tally.sales > ZERO)
    # The last place that is shown is found first, without codes: else every distributor is read for those of a few.
    last = session.execute(
        select(value, Tally.reached_at)
        .where(listed)
        .order_by(value.desc(), Tally.reached_at)
        .offset(limit - 1)
        .limit(1)
    ).one_or_none()
    shown = listed
    if last is not None:
        shown = and_(listed, or_(value > last[0], and_(value == last[0], Tally.reached_at <= last[1])))
    rows = session.execute(
        select(Tally, Distributor)
        .join(Distributor, Distributor.id == Tally.distributor_id)
        .where(shown)
        .order_by(value.desc(), Tally.reached_at, Distributor.code)
        .limit(limit)
    )
    return [
        Standing(
            number, row.Distributor.id, row.Distributor.nickname, row.Tally.sales, row.Tally.orders, row.Tally.units
        )
        for number, row in enumerate(rows, start=1)
    ]


def own(session: Session, who: Distributor, period: Period) -> Own | None:
    """His place by sales, or None while he has sold nothing."""
    mine = session.scalars(
        select(Tally).where(Tally.label == period.label, Tally.distributor_id == who.id, Tally.sales > ZERO)
    ).one_or_none()
    if mine is None:
        return None
    place = {"label": mine.label, "sales": mine.sales, "reached_at": mine.reached_at, "code": who.code}
    ((more, earlier, tied, next_sales),) = _AHEAD.all(session, place)
    with_as_much = earlier + tied
    ahead = mine.sales if with_as_much else next_sales
    return Own(more + with_as_much + 1, mine.sales, None if ahead is None else ahead - mine.sales)


def _ahead() -> Prepared:
    """Who is before a place: how many sold more, how many as much but earlier, how many at the same moment with a lower
    code; and the least that was sold by those who sold more.

    Asked apart, each is a stretch of one index; together they would read every distributor for the few codes that
    decide.
    """
    tally, people = table_of(Tally), table_of(Distributor)
    t = tally.c
    label, sales = t.label == bindparam("label"), bindparam("sales", type_=MoneyFen())
    reached_at: ColumnElement[datetime] = bindparam("reached_at", type_=UtcDateTime())
    count = select(func.count()).select_from(tally).where(label)
    moment = select(t.distributor_id).where(label, t.sales == sales, t.reached_at == reached_at).subquery()
    tied = select(func.count()).select_from(moment.join(people, people.c.id == moment.c.distributor_id))
    return Prepared(
        select(
            count.where(t.sales > sales).scalar_subquery(),
            count.where(t.sales == sales, t.reached_at < reached_at).scalar_subquery(),
            tied.where(people.c.code < bindparam("code")).scalar_subquery(),
            select(func.min(t.sales)).where(label, t.sales > sales).scalar_subquery(),
        )
    )


_AHEAD = _ahead()


def _value(by: By) -> Any:
    return {"sales": Tally.sales, "orders": Tally.orders, "units": Tally.units}[by]
