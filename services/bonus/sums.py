"""What was sold in a window, for team and ranking: one statement over orders and lines, in the net of one moment.

The lines hold what is left now. What was refunded after the moment is added again, from the refunds themselves: few,
where a run is on time, and found by their time.

Locks    none; a refund that is committed between the statements is seen, and they are asked again
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Text, and_, case, cast, distinct, func, null, or_, select, type_coerce
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from domain.periods import Period
from domain.plan import RankingRule, Scope, TeamRule
from domain.plan.ranking import Place
from models.base import MoneyFen
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from services import history
from services.history import Recorded

Found = TypeVar("Found")
FETCH = 5000
FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)  # after every refund that is known


@dataclass(frozen=True, slots=True)
class Window:
    """Sales paid in a period, at a moment. `as_any_other` are the plan versions under which own orders are sales."""

    period: Period
    at: datetime
    as_any_other: frozenset[int]

    @property
    def orders(self) -> ColumnElement[bool]:
        return and_(Order.paid_at >= self.period.start, Order.paid_at < self.period.end, Order.counts)

    @property
    def buyer(self) -> ColumnElement[int | None]:
        """The buyer who earns nothing from what he bought himself."""
        if not self.as_any_other:
            return Order.buyer_distributor_id.expression
        return case((Order.plan_version_id.in_(self.as_any_other), null()), else_=Order.buyer_distributor_id)


def of_teams(session: Session, rule: TeamRule, window: Window) -> dict[int, Money]:
    """What the team of each sold, by distributor; of whom it sold nothing is left out."""

    def ask(later: list[Recorded]) -> dict[int, Money]:
        sold: dict[int, int] = defaultdict(int)
        ids = _ids(session, later)
        for seller, buyer, chain, net in _by_chain(session, rule.scope, window):
            for up, who in enumerate([seller, *_above(chain)[: rule.depth]]):
                if (up or rule.own) and who != buyer:
                    sold[who] += net.fen
        for one in later:
            net_later = one.sale.part(rule.scope, window.at).net - one.sale.part(rule.scope, FOR_EVER).net
            for up, person in enumerate(one.sale.chain[: rule.depth + 1]):
                if (up or rule.own) and not _bought(window, one, person.code):
                    sold[ids[person.code]] += net_later.fen
        return {who: Money(fen) for who, fen in sold.items() if fen}

    return _settled(session, window, ask)


def of_ranking(session: Session, rule: RankingRule, window: Window) -> list[tuple[int, Place]]:
    """Who may be among the prizes, with the value and when it was reached, in any order."""

    def ask(later: list[Recorded]) -> list[tuple[int, Place]]:
        undone = {one.seller_id for one in later if one.seller_id is not None}
        most = len(rule.prizes) + len(undone)  # whoever is corrected may leave the first places, or come into them
        found = dict(_places(session, rule, window, most=most))
        found |= dict(_places(session, rule, window, only=undone)) if undone else {}
        for one in later:
            assert one.seller_id is not None  # noqa: S101 - what counts is somebody's
            _correct(found, rule, window, one)
        return list(found.items())

    return _settled(session, window, ask)


def _settled(session: Session, window: Window, ask: Callable[[list[Recorded]], Found]) -> Found:
    """The answer for refunds that are the same before and after it was asked."""
    later = _refunded_later(session, window)
    while True:
        found = ask(_recorded(session, later))
        again = _refunded_later(session, window)
        if again == later:
            return found
        later = again


def _refunded_later(session: Session, window: Window) -> dict[int, int]:
    """Orders of the window of which something was refunded after the moment, with how many refunds."""
    query = (
        select(Refund.order_id, func.count())
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.at > window.at, window.orders)
        .group_by(Refund.order_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _recorded(session: Session, order_ids: Collection[int]) -> list[Recorded]:
    return history.sales(session, order_ids) if order_ids else []


def _ids(session: Session, recorded: list[Recorded]) -> dict[str, int]:
    """Of everybody in the chains of some orders, by code."""
    codes = {person.code for one in recorded for person in one.sale.chain}
    rows = session.execute(select(Distributor.code, Distributor.id).where(Distributor.code.in_(codes)))
    return {row.code: row.id for row in rows}


def _bought(window: Window, one: Recorded, code: str) -> bool:
    return one.plan_version_id not in window.as_any_other and one.sale.order.buyer_distributor == code


# ---------------------------------------------------------------------------------------------------------------
# The statements


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    named = or_(OrderLine.sku.in_(scope.skus), OrderLine.category.in_(scope.categories))
    everything = not (scope.skus or scope.categories)
    conditions = ([] if everything else [named]) + ([OrderLine.sku.not_in(scope.exclude)] if scope.exclude else [])
    return and_(True, *conditions)


def _by_chain(session: Session, scope: Scope, window: Window) -> Iterator[tuple[int, int | None, str, Money]]:
    """(seller, buyer, chain as JSON, net): the chain of a seller hardly changes, so there are few more than sellers."""
    chain = _as_text(session, Order.upline)
    buyer = window.buyer  # once: PostgreSQL groups by what it is told only where the parameters are the same ones
    net = type_coerce(func.sum(OrderLine.paid - OrderLine.refunded), MoneyFen())
    query = (
        select(Order.distributor_id, buyer, chain, net)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(window.orders, _in_scope(scope), OrderLine.paid > OrderLine.refunded)
        .group_by(Order.distributor_id, buyer, chain)
    )
    with session.execute(query.execution_options(yield_per=FETCH)) as rows:
        for row in rows:
            yield row[0] or 0, row[1], row[2], row[3]  # what counts is somebody's


def _as_text(session: Session, column: Any) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "postgresql":
        return cast(column, Text)
    return type_coerce(column, Text)  # it is one there


@lru_cache(maxsize=4096)
def _above(chain: str) -> tuple[int, ...]:
    return tuple(step["id"] for step in json.loads(chain))


def _places(
    session: Session,
    rule: RankingRule,
    window: Window,
    *,
    most: int | None = None,
    only: Collection[int] | None = None,
) -> Iterator[tuple[int, Place]]:
    """The first places by what is left now, or those of some."""
    values: dict[str, ColumnElement[Any]] = {
        "sales": func.sum(OrderLine.paid - OrderLine.refunded),
        "orders": func.count(distinct(Order.id)),
        "units": func.sum(OrderLine.qty - OrderLine.refunded_qty),
    }
    value, reached_at = values[rule.by], func.max(Order.paid_at)
    query = (
        select(Order.distributor_id, Distributor.code, type_coerce(value, MoneyFen()), reached_at)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Distributor, Distributor.id == Order.distributor_id)
        .where(window.orders, _in_scope(rule.scope), OrderLine.paid > OrderLine.refunded)
        .group_by(Order.distributor_id, Distributor.code)
        .order_by(value.desc(), reached_at, Distributor.code)
    )
    query = query if only is None else query.where(Order.distributor_id.in_(only))
    for who, code, held, at in session.execute(query if most is None else query.limit(most)):
        if who is not None and held != ZERO:
            yield who, Place(code, held.fen, at)


def _correct(found: dict[int, Place], rule: RankingRule, window: Window, one: Recorded) -> None:
    """Put what an order was worth at the moment in place of what it is worth now."""
    who = one.seller_id or 0
    then, now = (rule.value(one.sale.part(rule.scope, at)) for at in (window.at, FOR_EVER))
    if then == 0:
        return  # nothing of it counted at the moment, so nothing does now
    place = found.get(who, Place(one.sale.seller, 0, one.sale.paid_at))
    found[who] = Place(place.code, place.value + then - now, max(place.reached_at, one.sale.paid_at))
