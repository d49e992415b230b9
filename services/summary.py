"""Summaries of a day or a week: who has something new, what came in, what is due, what is nearly reached.

People are looked at by pages of their ids. What came in is asked for a whole page at once, by the indexes that hold a
person's awards, bonuses and tallies in the order of their periods; the rest only for those who have something new.

Units    Money in fen; a period is a Shanghai day or week
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from domain.periods import Period, shanghai_date, start_of
from models.bonus import Bonus
from models.commission import Award
from models.distributor import Distributor
from models.rank import Tally
from services import ledger, level, rank
from services.bonus import told
from services.bonus.told import OnTheWay
from services.level import Missing
from services.rank import Own

PAGE = 200
NEARLY = 0.7  # of what a level or a reward takes


@dataclass(frozen=True, slots=True)
class Came:
    """What a period brought: orders with something for him, and what he earned."""

    orders: int
    earned: Money


@dataclass(frozen=True, slots=True)
class Due:
    """What the first of the days on which something settles makes ready for withdrawal."""

    at: datetime
    amount: Money


@dataclass(frozen=True, slots=True)
class Summary:
    """level and reward are what he has nearly reached, rank his place by sales in the period."""

    who: Distributor
    came: Came
    balances: ledger.Balances
    due: Due | None
    level: Missing | None
    reward: OnTheWay | None
    rank: Own | None


def page(session: Session, after: int, limit: int = PAGE) -> list[Distributor]:
    """The next who may be told, by id."""
    query = select(Distributor).where(Distributor.status == "active", Distributor.id > after)
    return list(session.scalars(query.order_by(Distributor.id).limit(limit)))


def news(session: Session, people: Sequence[int], period: Period) -> dict[int, Came]:
    """What the period brought each of them; who is missing has nothing new."""
    within = Award.paid_at >= period.start, Award.paid_at < period.end
    awards = session.execute(
        select(Award.distributor_id, func.count(Award.order_id.distinct()), func.sum(Award.amount))
        .where(Award.distributor_id.in_(people), *within, Award.peak > ZERO)
        .group_by(Award.distributor_id)
    )
    found = {row[0]: Came(row[1], row[2]) for row in awards}
    given = Bonus.at >= period.start, Bonus.at < period.end, Bonus.state.in_(told.GIVEN)
    bonuses = session.execute(
        select(Bonus.distributor_id, func.sum(Bonus.amount))
        .where(Bonus.distributor_id.in_(people), *given)
        .group_by(Bonus.distributor_id)
    )
    for number, amount in bonuses:
        before = found.get(number, Came(0, ZERO))
        found[number] = Came(before.orders, before.earned + amount)
    sold = select(Tally.distributor_id, Tally.orders).where(Tally.label == period.label, Tally.orders > 0)
    for number, orders in session.execute(sold.where(Tally.distributor_id.in_(people))):
        before = found.get(number, Came(0, ZERO))
        found[number] = Came(max(before.orders, orders), before.earned)
    return found


def of(session: Session, who: Distributor, came: Came, period: Period, *, ranked: bool, now: datetime) -> Summary:
    """Everything that somebody with something new is told."""
    standing = level.standing(session, who, now=now)
    rewards = [way for way in told.on_the_way(session, who, now) if _nearly(way.count, way.next)]
    missing = standing.next if standing is not None else None
    return Summary(
        who=who,
        came=came,
        balances=ledger.balances(session, who.id),
        due=_due(session, who.id, now),
        level=missing if missing is not None and _nearly(missing.have, missing.at_least) else None,
        reward=min(rewards, key=lambda way: way.missing / way.next) if rewards else None,
        rank=rank.own(session, who, period) if ranked else None,
    )


def _nearly(have: int, takes: int) -> bool:
    return NEARLY * takes <= have < takes


def _due(session: Session, distributor_id: int, now: datetime) -> Due | None:
    mine = Award.distributor_id == distributor_id, Award.state == "pending"
    first = session.scalar(select(func.min(Award.settles_at)).where(*mine, Award.settles_at > now))
    if first is None:
        return None
    until = start_of(shanghai_date(first) + timedelta(days=1))
    within = Award.settles_at >= first, Award.settles_at < until
    amount = session.scalar(select(func.sum(Award.amount)).where(*mine, *within))
    return Due(first, amount) if amount else None
