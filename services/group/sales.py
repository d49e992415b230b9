"""What was sold in a leader's groups: his orders that came from them, and what he earned by these.

Units    Money in fen; an order belongs to the period in which it was paid
Rule     he sees the orders that are his; what came from his group and is another's by his code is the other's
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from domain.periods import Period
from models.commission import Award
from models.distributor import Distributor
from models.group import CustomerGroup
from models.order import Order
from services import earnings
from services.earnings import within


@dataclass(frozen=True, slots=True)
class GroupSales:
    """`sales` is what was paid less what was refunded, `commission` what of it is his."""

    group_id: int
    name: str
    orders: int
    sales: Money
    commission: Money


def of_leader(session: Session, who: Distributor, period: Period | None) -> list[GroupSales]:
    """Each group from which he had orders, and each that is his, those that sold most first."""
    mine = [Order.distributor_id == who.id, Order.group_id.is_not(None), *within(Order.paid_at, period)]
    sold = session.execute(
        select(Order.group_id, func.count().label("orders"), func.sum(Order.net).label("sales"))
        .where(*mine)
        .group_by(Order.group_id)
    ).all()
    names = _names(session, who, [row.group_id for row in sold])
    earned = _earned(session, who, period) if sold else {}
    rows = {row.group_id: row for row in sold}
    found = [
        GroupSales(
            number,
            name,
            rows[number].orders if number in rows else 0,
            rows[number].sales if number in rows else ZERO,
            earned.get(number, ZERO),
        )
        for number, name in names.items()
    ]
    return sorted(found, key=lambda row: (-row.sales.fen, -row.orders, row.group_id))


def orders(session: Session, who: Distributor, group_id: int, period: Period | None) -> earnings.Orders:
    """His orders of one group, newest first, as he sees his others."""
    return earnings.orders(session, who.id, period, group_id=group_id)


def _names(session: Session, who: Distributor, sold_in: list[int]) -> dict[int, str]:
    theirs = CustomerGroup.id.in_(sold_in)
    his = (CustomerGroup.leader_id == who.id) & CustomerGroup.dismissed_at.is_(None)
    rows = session.scalars(select(CustomerGroup).where(theirs | his).order_by(CustomerGroup.id))
    return {row.id: row.shown_name for row in rows}


def _earned(session: Session, who: Distributor, period: Period | None) -> dict[int, Money]:
    query = select(Order.group_id, func.sum(Award.amount)).join(Order, Order.id == Award.order_id)
    query = query.where(Award.distributor_id == who.id, *within(Award.paid_at, period))
    query = query.where(Order.group_id.is_not(None), Order.distributor_id == who.id).group_by(Order.group_id)
    return {number: amount for number, amount in session.execute(query) if number is not None}
