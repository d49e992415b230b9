"""Read the facts: in one snapshot, by columns and by key, so that what is held does not grow with the orders."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, Text, and_, bindparam, cast, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.periods import day_of, month_of, week_of
from models.base import table_of
from models.bonus import Bonus
from models.commission import Award
from models.distributor import Distributor, Suspension
from models.order import Order, OrderLine, Refund
from services.replay.facts import LineFacts, OrderFacts, People, PersonFacts, Seated, Span, Spans

CHUNK = 2_000
CHAINS_KEPT = 50_000
NOT_YET = ("review", "refused")
_O, _L, _R = table_of(Order).c, table_of(OrderLine).c, table_of(Refund).c
_A, _B, _S, _D = table_of(Award).c, table_of(Bonus).c, table_of(Suspension).c, table_of(Distributor).c


class NothingToReplay(DomainError):
    """No order was paid in the span. Facts: first, last: the dates asked for; earliest, latest: of all payments."""

    code = "plan.nothing_to_replay"


def snapshot(session: Session) -> None:
    """Let every statement of this transaction see the same moment. Nothing may have been asked in it before."""
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    elif dialect != "sqlite":  # whose readers have a snapshot by themselves
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def count(session: Session, span: Span, since: datetime) -> tuple[int, int]:
    """How many orders were paid from `since` on and before the span, and in it.

    Raises NothingToReplay
    """
    within = session.scalar(select(func.count()).where(_O.paid_at >= span.start, _O.paid_at < span.end)) or 0
    if not within:
        earliest, latest = session.execute(select(func.min(_O.paid_at), func.max(_O.paid_at))).one()
        raise NothingToReplay(first=span.first, last=span.last, earliest=earliest, latest=latest)
    if since >= span.start:
        return 0, within
    return session.scalar(select(func.count()).where(_O.paid_at >= since, _O.paid_at < span.start)) or 0, within


def people(session: Session) -> People:
    suspended: dict[int, Spans] = defaultdict(tuple)
    for who, since, until in session.execute(select(_S.distributor_id, _S.since, _S.until).order_by(_S.since)):
        suspended[who] += ((since, until),)
    columns = (_D.id, _D.code, _D.role, _D.member, _D.status, _D.inviter_id, _D.joined_at)
    return People(
        {
            id_: PersonFacts(code, role, member, status not in NOT_YET, inviter, at, suspended.get(id_, ()))
            for id_, code, role, member, status, inviter, at in session.execute(select(*columns))
        }
    )


def orders(session: Session, since: datetime, until: datetime) -> Iterator[list[OrderFacts]]:
    """Every order paid from `since` on and before `until`, by payment, some thousands at a time."""
    chunk, refunds = _statements(session.get_bind().dialect.name)
    after, after_id, chains = since, 0, _Chains()
    while True:
        rows = session.execute(chunk, {"after": after, "after_id": after_id, "until": until}).all()
        found = _put_together(rows, chains)
        if found:
            last = rows[-1]
            span = {"first": rows[0].paid_at, "last": last.paid_at}
            for order_id, at, entries in session.execute(refunds, span):
                if order_id in found:  # orders of the same moments may be in the chunks beside this one
                    back = ((at, entry["line"], entry["qty"], entry["amount_fen"]) for entry in entries)
                    found[order_id].refunds.extend(back)
            yield list(found.values())
        if len(found) < CHUNK:
            return
        after, after_id = last.paid_at, last.id


def _put_together(rows: Sequence[Any], chains: _Chains) -> dict[int, OrderFacts]:
    """The orders of rows of which each is a line with its order, by id."""
    found: dict[int, OrderFacts] = {}
    lines: dict[int, list[LineFacts]] = {}
    for row in rows:
        id_, line = row[0], tuple(row[11:])
        if id_ in lines:  # its second line, and so on
            lines[id_].append(line)
            continue
        lines[id_] = [] if line[0] is None else [line]
        _, no, source, seller, buyer, customer, role, member, above, paid_at, completed_at = row[:11]
        chain = () if seller is None else chains[seller, role, member, above]
        found[id_] = OrderFacts(no, source, seller, buyer, customer, chain, paid_at, completed_at, (), [])
    return {id_: facts._replace(lines=tuple(lines[id_])) for id_, facts in found.items()}


class _Chains(dict[tuple[int, str | None, bool | None, str], tuple[Seated, ...]]):
    """By seller and what is stored with his order. Most of a seller's orders have the same, read once."""

    def __missing__(self, key: tuple[int, str | None, bool | None, str]) -> tuple[Seated, ...]:
        if len(self) >= CHAINS_KEPT:
            self.clear()
        seller, role, member, above = key
        steps = ((step["id"], step["role"], step["member"]) for step in json.loads(above))
        found = self[key] = ((seller, role or "member", bool(member)), *steps)
        return found


@cache
def _statements(dialect: str) -> tuple[Select[Any], Select[Any]]:
    """A chunk of orders with their lines, and the refunds of what was paid in its time. Chains come as text."""
    after, paid_at = bindparam("after", type_=_O.paid_at.type), _O.paid_at
    upline = cast(_O.upline, Text) if dialect == "postgresql" else type_coerce(_O.upline, Text)
    columns = (_O.no, _O.source, _O.distributor_id, _O.buyer_distributor_id, _O.buyer_digest)
    some = (
        select(_O.id, *columns, _O.seller_role, _O.seller_member, upline.label("upline"), paid_at, _O.completed_at)
        .where(
            paid_at >= after,
            paid_at < bindparam("until", type_=paid_at.type),
            or_(paid_at > after, and_(paid_at == after, _O.id > bindparam("after_id"))),
        )
        .order_by(paid_at, _O.id)
        .limit(CHUNK)
        .subquery()
    )
    line = _L.line, _L.sku, _L.category, _L.qty, type_coerce(_L.paid, BigInteger), type_coerce(_L.cost, BigInteger)
    chunk = select(some, *line).join(table_of(OrderLine), _L.order_id == some.c.id, isouter=True)
    first, last = (bindparam(name, type_=paid_at.type) for name in ("first", "last"))
    refunds = (
        select(_R.order_id, _R.at, _R.lines)
        .join(table_of(Order), _O.id == _R.order_id)
        .where(paid_at.between(first, last))
        .order_by(_R.id)
    )
    return chunk.order_by(some.c.paid_at, some.c.id, _L.line), refunds


def really_paid(session: Session, span: Span) -> dict[int, int]:
    """Fen by distributor of everything that was booked for the orders of the span, as it stands.

    Commission and milestones by the payment of their order; a milestone of a joining by its moment; teams and rankings
    of every window that the span touches. Tasks have no part in a replay.
    """
    within = [_O.paid_at >= span.start, _O.paid_at < span.end]
    of_orders = _B.order_id.in_(select(_O.id).where(*within))
    of_joinings = and_(_B.order_id.is_(None), _B["as"] == "milestone", _B.at >= span.start, _B.at < span.end)
    of_windows = and_(_B["as"].in_(("team", "ranking")), _B.window.in_(_labels(span)))
    paid: dict[int, int] = defaultdict(int)
    for who, amount, held in (
        (_A.distributor_id, _A.amount, [_A.paid_at >= span.start, _A.paid_at < span.end]),
        (_B.distributor_id, _B.amount, [or_(of_orders, of_joinings, of_windows)]),
    ):
        fen = type_coerce(func.sum(amount), BigInteger)
        for id_, booked in session.execute(select(who, fen).where(*held).group_by(who)):
            paid[id_] += int(booked)
    return paid


def _labels(span: Span) -> list[str]:
    """Of every day, week and month that the span touches."""
    days = (span.first + timedelta(days=number) for number in range((span.last - span.first).days + 1))
    return sorted({period.label for day in days for period in (day_of(day), week_of(day), month_of(day))})


def nicknames(session: Session, codes: list[str]) -> dict[str, str]:
    return {row.code: row.nickname for row in session.scalars(select(Distributor).where(Distributor.code.in_(codes)))}
