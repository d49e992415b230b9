"""The facts of a replay, read in chunks: orders as the engine's sales, and who there is.

Everything is read in one read-only snapshot, by columns and by key, so that what is held does not grow with the
orders: a sale is let go when the caller has done with it.

A sale's number carries its source behind a separator, because two sources may share a number; in comparisons the number
comes first, as plans.md asks.

`status` tells who is suspended today and not since when. For commission the order itself knows better: whoever was
suspended at its payment has a skip with that reason. Milestones, teams and ranks take today's status.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.history import BEGINNING, Distributor, Sale
from domain.money import Money
from domain.periods import day_of
from domain.plan import Plan, TeamRule
from domain.sale import LineState, PaidLine, PaidOrder, Person, Refunded, line_state, order_settles, settled_at
from models.base import table_of
from models.commission import Skip
from models.distributor import Distributor as DistributorRow
from models.order import Order, OrderLine, Refund

CHUNK = 2_000
SEPARATOR = "\x1f"
_O, _L, _R = table_of(Order).c, table_of(OrderLine).c, table_of(Refund).c
_S, _D = table_of(Skip).c, table_of(DistributorRow).c


class NothingToReplay(DomainError):
    """No order was paid in the span. Facts: first and last, the dates that were asked for; earliest, latest paid."""

    code = "plan.nothing_to_replay"


@dataclass(frozen=True, slots=True)
class Span:
    """Shanghai dates, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return day_of(self.first).start

    @property
    def end(self) -> datetime:
        return day_of(self.last).end

    def holds(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders there are to replay, and how many earlier ones the plan's counts ask for."""

    before: int
    within: int


def snapshot(session: Session) -> None:
    """Let every statement of this transaction see the same moment, and refuse to write. Nothing may have been asked
    before."""
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    elif dialect != "sqlite":  # SQLite's readers have a snapshot by themselves
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def count(session: Session, span: Span, since: datetime) -> Counted:
    """Raises NothingToReplay"""
    within = session.scalar(select(func.count()).where(_O.paid_at >= span.start, _O.paid_at < span.end)) or 0
    if not within:
        earliest, latest = session.execute(select(func.min(_O.paid_at), func.max(_O.paid_at))).one()
        raise NothingToReplay(first=span.first, last=span.last, earliest=earliest, latest=latest)
    if since >= span.start:
        return Counted(0, within)
    before = session.scalar(select(func.count()).where(_O.paid_at >= since, _O.paid_at < span.start)) or 0
    return Counted(before, within)


class People:
    """Everybody by id: few fields each, and the engine's persons, one for each of them and shared by all orders."""

    def __init__(self, session: Session) -> None:
        columns = (_D.id, _D.code, _D.role, _D.member, _D.status, _D.inviter_id, _D.joined_at)
        self._rows = {row[0]: row[1:] for row in session.execute(select(*columns))}
        self._persons: dict[tuple[int, bool], Person] = {}

    def code(self, id_: int) -> str:
        return str(self._rows[id_][0])

    def person(self, id_: int, *, suspended: bool) -> Person:
        known = self._persons.get((id_, suspended))
        if known is None:
            code, role, member, *_ = self._rows[id_]
            known = self._persons[id_, suspended] = Person(code, suspended=suspended, member=member, role=role)
        return known

    def distributors(self) -> Mapping[str, Distributor]:
        """As counts, milestones, teams and ranks see them; without those who are still to be approved."""
        found = {}
        for code, role, member, status, inviter, joined_at in self._rows.values():
            if status in ("review", "refused"):
                continue
            suspended = () if status == "active" else ((BEGINNING, None),)
            upline = None if inviter is None else self.code(inviter)
            found[code] = Distributor(code, upline, role, member, joined_at, suspended)
        return found


def sales(session: Session, plan: Plan, people: People, since: datetime, until: datetime) -> Iterator[Sale]:
    """Every order paid from `since` on and before `until`, by payment, as the plan's terms see it."""
    depth = max((rule.depth for rule in plan.rules if isinstance(rule, TeamRule)), default=0)
    most = max([row.up for rule in plan.commission_rules for row in rule.pay] + [depth])
    reader = _Reader(plan, people, most)
    after, after_id = since, 0
    while True:
        rows = session.execute(_CHUNK, {"after": after, "after_id": after_id, "until": until}).all()
        yield from reader.sales(session, rows)
        if len(rows) < CHUNK:
            return
        after, after_id = rows[-1].paid_at, rows[-1].id


_CHUNK = (
    select(
        _O.id,
        _O.source,
        _O.no,
        _O.distributor_id,
        _O.buyer_distributor_id,
        _O.buyer_digest,
        _O.upline,
        _O.paid_at,
        _O.completed_at,
    )
    .where(
        _O.paid_at >= bindparam("after", type_=_O.paid_at.type),
        _O.paid_at < bindparam("until", type_=_O.paid_at.type),
        or_(
            _O.paid_at > bindparam("after", type_=_O.paid_at.type),
            and_(_O.paid_at == bindparam("after", type_=_O.paid_at.type), _O.id > bindparam("after_id")),
        ),
    )
    .order_by(_O.paid_at, _O.id)
    .limit(CHUNK)
)
_IDS = bindparam("ids", expanding=True)
_LINES = (
    select(
        _L.order_id,
        _L.line,
        _L.sku,
        _L.category,
        _L.qty,
        type_coerce(_L.paid, BigInteger),
        type_coerce(_L.cost, BigInteger),
    )
    .where(_L.order_id.in_(_IDS))
    .order_by(_L.order_id, _L.line)
)
_REFUNDS = select(_R.order_id, _R.at, _R.lines).where(_R.order_id.in_(_IDS)).order_by(_R.id)
_SUSPENDED = (
    select(_S.order_id, _S.distributor_id).where(_S.order_id.in_(_IDS), _S.reason == "suspended").distinct()
)


class _Reader:
    """Rows of orders, with what belongs to them, to sales."""

    def __init__(self, plan: Plan, people: People, most: int) -> None:
        self._terms, self._people, self._most = plan.terms, people, most

    def sales(self, session: Session, rows: Sequence[Any]) -> Iterator[Sale]:
        if not rows:
            return
        ids = {"ids": [row.id for row in rows]}
        lines: dict[int, list[PaidLine]] = defaultdict(list)
        for order_id, no, sku, category, qty, paid, cost in session.execute(_LINES, ids):
            unit_cost = None if cost is None else Money(cost)
            lines[order_id].append(PaidLine(no, sku, category, qty, Money(paid), unit_cost))
        refunds: dict[int, list[Refunded]] = defaultdict(list)
        for order_id, at, entries in session.execute(_REFUNDS, ids):
            refunds[order_id] += (
                Refunded(at, entry["line"], entry["qty"], Money(entry["amount_fen"])) for entry in entries
            )
        suspended: dict[int, set[int | None]] = defaultdict(set)
        for order_id, who in session.execute(_SUSPENDED, ids):
            suspended[order_id].add(who)
        for row in rows:
            yield self._sale(row, tuple(lines[row.id]), refunds.get(row.id, ()), suspended.get(row.id, frozenset()))

    def _sale(
        self, row: Any, lines: tuple[PaidLine, ...], refunds: Sequence[Refunded], suspended: Iterable[int | None]
    ) -> Sale:
        seller, buyer = row.distributor_id, row.buyer_distributor_id
        paid = PaidOrder(
            no=f"{row.no}{SEPARATOR}{row.source}",
            seller=None if seller is None else self._people.code(seller),
            buyer_distributor=None if buyer is None else self._people.code(buyer),
            paid_at=row.paid_at,
            lines=lines,
        )
        ids = [] if seller is None else [seller, *(step["id"] for step in row.upline[: self._most])]
        own = buyer is not None and buyer == seller
        return Sale(
            order=paid,
            buyer=row.buyer_digest,
            chain=tuple(self._people.person(id_, suspended=id_ in suspended) for id_ in ids),
            course=_course(paid, refunds),
            settles_at=self._settles_at(row.completed_at, lines, refunds),
            counts=seller is not None and not (own and self._terms.own_orders != "seller"),
        )

    def _settles_at(
        self, completed_at: datetime | None, lines: tuple[PaidLine, ...], refunds: Sequence[Refunded]
    ) -> datetime | None:
        """The end of the draft's hold days, if something is left then; refunds of that moment come before."""
        if completed_at is None:
            return None
        due = settled_at(completed_at, self._terms.hold_days)
        known = [refund for refund in refunds if refund.at <= due]
        return due if order_settles(line_state(line, known) for line in lines) else None


def _course(paid: PaidOrder, refunds: Sequence[Refunded]) -> tuple[tuple[datetime, tuple[LineState, ...]], ...]:
    """What is left from the payment on, and from each moment of refunds."""
    if not refunds:
        return ((paid.paid_at, tuple(LineState(line, line.paid, line.qty) for line in paid.lines)),)
    moments = sorted({paid.paid_at, *(refund.at for refund in refunds)})
    return tuple(
        (moment, tuple(line_state(line, [it for it in refunds if it.at <= moment]) for line in paid.lines))
        for moment in moments
    )
