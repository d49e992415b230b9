"""The merchant's numbers of a day.

Units    Money in fen; the day is Shanghai's
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import withdrawal as rules
from domain.money import ZERO, Money
from domain.periods import day_of, shanghai_date
from models.commission import Award
from models.distributor import Distributor
from models.order import EarlyFact, Order
from models.withdrawal import Withdrawal

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    orders: int
    sales: Money
    commission: Money
    joined: int
    waiting: int
    waiting_amount: Money


def today(session: Session, now: datetime) -> Day:
    """Orders paid today with their net and their commission, who joined, what waits for an operator."""
    period = day_of(shanghai_date(now))
    paid_today = Order.paid_at >= period.start, Order.paid_at < period.end
    orders, sales = session.execute(select(func.count(), func.sum(Order.net)).where(*paid_today)).one()
    commission = session.scalar(
        select(func.sum(Award.amount)).join(Order, Order.id == Award.order_id).where(*paid_today)
    )
    joined = session.scalar(
        select(func.count())
        .select_from(Distributor)
        .where(Distributor.joined_at >= period.start, Distributor.joined_at < period.end)
    )
    waiting, amount = session.execute(
        select(func.count(), func.sum(Withdrawal.amount)).where(Withdrawal.state.in_(rules.OPEN))
    ).one()
    return Day(orders, sales or ZERO, commission or ZERO, joined or 0, waiting, amount or ZERO)


def misfits(session: Session, now: datetime) -> int:
    """How many refunds, completions and parcels of the last day came before their order and do not fit it."""
    recent = (EarlyFact.fault.is_not(None), EarlyFact.applied_at > now - RECENT)
    return session.scalar(select(func.count()).select_from(EarlyFact).where(*recent)) or 0
