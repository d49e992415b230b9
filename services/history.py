"""What happened, as the pure functions take it: people and sales of the database as values of domain.history.

A sale is made of what stands on its order: who had it and who was above him then, what was refunded when, and, by the
terms of the order's own plan version, when it settles and whether it counts.

    for found in sales_of(session, [17, 18], paid_from=start, paid_until=end): found.sale, found.order_id
    people(session, [17, 18])                   # {17: Distributor(code="A…", upline=…, suspended=…), …}

Queries  one for orders, one for lines and one for refunds for every CHUNK of sellers or orders; people likewise
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from domain import history
from domain.money import Money
from domain.sale import LineState, PaidLine, PaidOrder, Person, Refunded, course_of, line_state, order_settles
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from services.suspension import chunks, courses

Suspended = Mapping[int, tuple[tuple[datetime, datetime | None], ...]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A sale and where it stands. `plan_version_id` None: no plan was in force when it was paid."""

    order_id: int
    source: str
    seller_id: int | None
    plan_version_id: int | None
    sale: history.Sale


def sales_of(
    session: Session,
    seller_ids: Collection[int],
    *,
    paid_from: datetime | None = None,
    paid_until: datetime | None = None,
    settles_from: datetime | None = None,
    settles_until: datetime | None = None,
) -> list[Recorded]:
    """Every sale of these sellers, by payment, then seller, then number.

    Bounds hold their start and not their end; those of `settles` leave out what is not completed.
    """
    bounds: list[ColumnElement[bool]] = []
    bounds += [Order.paid_at >= paid_from] if paid_from is not None else []
    bounds += [Order.paid_at < paid_until] if paid_until is not None else []
    bounds += [Order.settles_at >= settles_from] if settles_from is not None else []
    bounds += [Order.settles_at < settles_until] if settles_until is not None else []
    found: list[Recorded] = []
    for chunk in chunks(seller_ids):
        orders = session.scalars(select(Order).where(Order.distributor_id.in_(chunk), *bounds)).all()
        found += recorded(session, orders)
    return sorted(found, key=_place)


def sales(session: Session, order_ids: Collection[int]) -> list[Recorded]:
    """The sales of these orders, whoever has them; in the same order."""
    found: list[Recorded] = []
    for chunk in chunks(order_ids):
        found += recorded(session, session.scalars(select(Order).where(Order.id.in_(chunk))).all())
    return sorted(found, key=_place)


def recorded(session: Session, orders: Sequence[Order]) -> Iterator[Recorded]:
    """The sales of orders that are at hand, in their order."""
    ids = [order.id for order in orders]
    lines, refunds = _lines(session, ids), _refunds(session, ids)
    persons = {who for order in orders for who in chain_ids(order)}
    buyers = {order.buyer_distributor_id for order in orders if order.buyer_distributor_id is not None}
    codes, suspended = _codes(session, persons | buyers), courses(session, persons)
    for order in orders:
        yield Recorded(
            order_id=order.id,
            source=order.source,
            seller_id=order.distributor_id,
            plan_version_id=order.plan_version_id,
            sale=_sale(order, lines[order.id], refunds[order.id], codes, suspended),
        )


def people(session: Session, ids: Iterable[int]) -> dict[int, history.Distributor]:
    """Each as domain.history has him, by id. Uplines are told as codes; who is not a distributor yet is left out."""
    rows: list[Distributor] = []
    for chunk in chunks(ids):
        joined = Distributor.status.not_in(("review", "refused"))
        rows += session.scalars(select(Distributor).where(Distributor.id.in_(chunk), joined))
    codes = _codes(session, {row.inviter_id for row in rows if row.inviter_id is not None})
    suspended = courses(session, [row.id for row in rows if row.first_suspended_at is not None])
    return {
        row.id: history.Distributor(
            code=row.code,
            upline=codes[row.inviter_id] if row.inviter_id is not None else None,
            role=row.role,
            member=row.member,
            joined_at=row.joined_at,
            suspended=suspended.get(row.id, ()),
        )
        for row in rows
    }


def chain_ids(order: Order) -> list[int]:
    """The seller and those above him when the order was paid; empty where nobody has it."""
    return [] if order.distributor_id is None else [order.distributor_id, *(step["id"] for step in order.upline)]


def chain(order: Order, codes: Mapping[int, str], suspended: Suspended) -> tuple[Person, ...]:
    """The same as persons, with the roles and memberships of that moment."""
    if order.distributor_id is None:
        return ()

    def person(who: int, code: str, role: str | None, member: bool | None) -> Person:
        spans = suspended.get(who, ())
        out = any(since <= order.paid_at and (until is None or order.paid_at < until) for since, until in spans)
        return Person(code, suspended=out, member=bool(member), role=role or "member")

    seller = person(order.distributor_id, codes[order.distributor_id], order.seller_role, order.seller_member)
    return seller, *(person(step["id"], step["code"], step["role"], step["member"]) for step in order.upline)


def _place(found: Recorded) -> tuple[datetime, str, str]:
    return found.sale.paid_at, found.sale.order.seller or "", found.sale.no


def _sale(
    order: Order, lines: Sequence[PaidLine], refunds: Sequence[Refunded], codes: Mapping[int, str], suspended: Suspended
) -> history.Sale:
    paid = PaidOrder(
        no=order.no,
        seller=codes[order.distributor_id] if order.distributor_id is not None else None,
        buyer_distributor=codes[order.buyer_distributor_id] if order.buyer_distributor_id is not None else None,
        paid_at=order.paid_at,
        lines=tuple(lines),
    )
    return history.Sale(
        order=paid,
        buyer=order.buyer_digest,
        chain=chain(order, codes, suspended),
        course=tuple(course_of(paid, refunds)),
        settles_at=_settles_at(order, lines, refunds),
        counts=order.counts,
    )


def _settles_at(order: Order, lines: Sequence[PaidLine], refunds: Sequence[Refunded]) -> datetime | None:
    """The end of the hold days, if something is left then; refunds of that moment come before."""
    if order.settles_at is None:
        return None
    by_then = [refund for refund in refunds if refund.at <= order.settles_at]
    left: list[LineState] = [line_state(line, by_then) for line in lines]
    return order.settles_at if order_settles(left) else None


def _lines(session: Session, order_ids: Iterable[int]) -> dict[int, list[PaidLine]]:
    found: dict[int, list[PaidLine]] = defaultdict(list)
    line = OrderLine
    columns = (line.order_id, line.line, line.sku, line.category, line.qty, line.paid, line.cost, line.name)
    for chunk in chunks(order_ids):
        for row in session.execute(select(*columns).where(line.order_id.in_(chunk)).order_by(line.order_id, line.line)):
            found[row.order_id].append(PaidLine(row.line, row.sku, row.category, row.qty, row.paid, row.cost, row.name))
    return found


def _refunds(session: Session, order_ids: Iterable[int]) -> dict[int, list[Refunded]]:
    found: dict[int, list[Refunded]] = defaultdict(list)
    for chunk in chunks(order_ids):
        query = select(Refund.order_id, Refund.at, Refund.lines).where(Refund.order_id.in_(chunk)).order_by(Refund.id)
        for order_id, at, lines in session.execute(query):
            found[order_id] += [Refunded(at, item["line"], item["qty"], Money(item["amount_fen"])) for item in lines]
    return found


def _codes(session: Session, ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(ids):
        rows = session.execute(select(Distributor.id, Distributor.code).where(Distributor.id.in_(chunk)))
        found |= {row.id: row.code for row in rows}
    return found
