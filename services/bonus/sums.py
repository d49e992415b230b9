"""What was sold in a window, for team and ranking: one statement over orders and lines, in the net of one moment.

The lines hold what is left now. What was refunded after the moment is added again, from the refunds themselves: few,
where a run is on time, and found by their time.

Locks    none; a refund that is committed between the statements is seen, and they are asked again
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    CursorResult,
    Select,
    Text,
    and_,
    case,
    delete,
    distinct,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from domain.periods import Period
from domain.plan import RankingRule, Scope, TeamRule
from domain.plan.ranking import Place
from models.base import MoneyFen, table_of
from models.bonus import WindowSum
from models.bulk import allow_memory
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from services import history
from services.history import Recorded

Found = TypeVar("Found")
EVERYTHING = Scope()
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


def keep_teams(session: Session, rule: TeamRule, window: Window, window_run_id: int) -> None:
    """Write down what the team of each sold (models.bonus.WindowSum); whose team sold nothing is left out.

    The database adds up and writes: nothing passes through here but what was refunded later.
    """

    def ask(later: list[Recorded]) -> None:
        session.execute(delete(WindowSum).where(WindowSum.window_run_id == window_run_id))
        allow_memory(session)
        sold = _team_sales(session, rule, window).subquery()
        new = select(literal(window_run_id), sold.c.who, sold.c.sales)
        session.execute(insert(WindowSum).from_select(_SUMMED, new))
        for who, more in _refunded_since(session, rule, window, later).items():
            _add(session, window_run_id, who, more)

    _settled(session, window, ask)


_SUMMED = ("window_run_id", "distributor_id", "sales")


def _refunded_since(session: Session, rule: TeamRule, window: Window, later: list[Recorded]) -> dict[int, Money]:
    """What each team had sold at the moment and has been refunded since."""
    ids = _ids(session, later)
    more: dict[int, Money] = defaultdict(lambda: ZERO)
    for one in later:
        lost = one.sale.part(rule.scope, window.at).net - one.sale.part(rule.scope, FOR_EVER).net
        for up, person in enumerate(one.sale.chain[: rule.depth + 1]):
            if lost and (up or rule.own) and not _bought(window, one, person.code):
                more[ids[person.code]] += lost
    return more


def _add(session: Session, window_run_id: int, who: int, more: Money) -> None:
    place = WindowSum.window_run_id == window_run_id, WindowSum.distributor_id == who
    added = session.execute(update(WindowSum).where(*place).values(sales=WindowSum.sales + more))
    if not cast(CursorResult[Any], added).rowcount:
        values = {"window_run_id": window_run_id, "distributor_id": who, "sales": more}
        session.execute(insert(WindowSum).values(values))


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


def _sold(window: Window, scope: Scope) -> tuple[Any, ColumnElement[bool]]:
    """Where the sales of a window in a scope stand: on the orders, or, where not every line counts, on their lines."""
    if scope == EVERYTHING:
        return table_of(Order), and_(window.orders, Order.net > ZERO)
    lines = table_of(Order).join(table_of(OrderLine), OrderLine.order_id == Order.id)
    return lines, and_(window.orders, _in_scope(scope), OrderLine.paid > OrderLine.refunded)


def _net(scope: Scope) -> ColumnElement[Any]:
    return func.sum(Order.net if scope == EVERYTHING else OrderLine.paid - OrderLine.refunded)


def _team_sales(session: Session, rule: TeamRule, window: Window) -> Select[Any]:
    """(who, sales) of everybody whose team sold something.

    First by seller, buyer and chain: the chain of a seller hardly changes, so there are few more of these than sellers,
    and only they are taken apart.
    """
    chain = _as_text(session, Order.upline)
    buyer = window.buyer  # once: PostgreSQL groups by what it is told only where the parameters are the same ones
    where, condition = _sold(window, rule.scope)
    columns = Order.distributor_id.label("seller"), buyer.label("buyer"), chain.label("chain")
    of_chains = (
        select(*columns, _net(rule.scope).label("net"))
        .select_from(where)
        .where(condition)
        .group_by(Order.distributor_id, buyer, chain)
        .cte("of_chains")
    )
    above = [_above(session, of_chains.c.chain, up).label(f"above_{up}") for up in range(rule.depth)]
    seats = select(of_chains.c.seller, of_chains.c.buyer, of_chains.c.net, *above).cte("seats")  # each is read once
    named = [seats.c.seller] if rule.own else []
    named += [seats.c[who.name] for who in above]
    shares = union_all(*(select(who.label("who"), seats.c.buyer, seats.c.net) for who in named)).subquery()
    not_his_own = or_(shares.c.buyer.is_(None), shares.c.buyer != shares.c.who)
    sales = type_coerce(func.sum(shares.c.net), MoneyFen()).label("sales")
    return select(shares.c.who, sales).where(shares.c.who.is_not(None), not_his_own).group_by(shares.c.who)


def _as_text(session: Session, column: Any) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "postgresql":
        return sql_cast(column, Text)
    return type_coerce(column, Text)  # it is one there


def _above(session: Session, chain: ColumnElement[str], up: int) -> ColumnElement[Any]:
    """The id of who is so many steps above the seller's inviter, NULL where nobody is."""
    document = sql_cast(chain, JSON) if session.get_bind().dialect.name == "postgresql" else type_coerce(chain, JSON)
    return sql_cast(document[up, "id"].as_string(), BigInteger)


def _places(
    session: Session,
    rule: RankingRule,
    window: Window,
    *,
    most: int | None = None,
    only: Collection[int] | None = None,
) -> Iterator[tuple[int, Place]]:
    """The first places by what is left now, or those of some."""
    where, condition = _sold(window, rule.scope)
    whole = rule.scope == EVERYTHING
    values: dict[str, ColumnElement[Any]] = {
        "sales": _net(rule.scope),
        "orders": func.count() if whole else func.count(distinct(Order.id)),
        "units": func.sum(Order.units if whole else OrderLine.qty - OrderLine.refunded_qty),
    }
    value = type_coerce(values[rule.by], MoneyFen()).label("value")
    columns = Order.distributor_id.label("who"), value, func.max(Order.paid_at).label("reached_at")
    sold = select(*columns).select_from(where).where(condition).group_by(Order.distributor_id)
    sold = sold if only is None else sold.where(Order.distributor_id.in_(only))
    held = sold.subquery()
    query = (
        select(held.c.who, Distributor.code, held.c.value, held.c.reached_at)
        .join(Distributor, Distributor.id == held.c.who)
        .where(held.c.value != ZERO)
        .order_by(held.c.value.desc(), held.c.reached_at, Distributor.code)
    )
    for who, code, value_, at in session.execute(query if most is None else query.limit(most)):
        yield who, Place(code, value_.fen, at)


def _correct(found: dict[int, Place], rule: RankingRule, window: Window, one: Recorded) -> None:
    """Put what an order was worth at the moment in place of what it is worth now."""
    who = one.seller_id or 0
    then, now = (rule.value(one.sale.part(rule.scope, at)) for at in (window.at, FOR_EVER))
    if then == 0:
        return  # nothing of it counted at the moment, so nothing does now
    place = found.get(who, Place(one.sale.seller, 0, one.sale.paid_at))
    found[who] = Place(place.code, place.value + then - now, max(place.reached_at, one.sale.paid_at))
