"""Rollups: the sums behind the counts that plans ask for, kept in step with orders, refunds and settlements.

A sum holds everything that is known, whenever it happened, so facts may come in any order and are only added. What
somebody had at a moment is his sum less what came after it: nothing, for an order that comes in its turn, and then
neither orders nor lines are looked at. What has settled moves on by itself; it is taken in up to `settled_to` when
somebody asks for later.

    heads = hold(session, {17: kinds, 18: kinds}, writing=17, at=order.paid_at)
    paid(session, heads[17], counted_of(order))     # refunded, completed, take_in

services.counts reads them.

Units    sales in fen; labels as in models.rollup
Locks    hold: the rows of all whose sums it needs, in the order of their ids; exclusively where sums will change
Source   plans.md §2, Counts; §2.1, steps
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from domain.history import BEGINNING, Part
from domain.money import ZERO, Money
from domain.periods import Window, period_of
from domain.results import Kind
from models.base import UtcDateTime, table_of
from models.order import Order, Refund
from models.prepared import Prepared
from models.rollup import Rollup, RollupBuyer, RollupSum
from services.once import insert_once

Basis: TypeAlias = Literal["paid", "settled"]
Label: TypeAlias = str


def label_of(window: Window, at: datetime) -> Label:
    """The label of the window that holds a moment."""
    return _label(window, at.replace(minute=0, second=0, microsecond=0))  # Shanghai's days begin on the hour


@lru_cache(maxsize=4096)
def _label(window: Window, hour: datetime) -> Label:
    return getattr(period_of(window, hour), "label", "lifetime")


@dataclass(slots=True)
class Head:
    """Somebody's row of Rollup: which sums he has, and how far they go."""

    distributor_id: int
    kept: frozenset[Kind]
    paid_to: datetime | None
    refunded_to: datetime | None
    settled_to: datetime | None
    next_settles: datetime | None
    moved: bool

    @property
    def settled_windows(self) -> list[Window]:
        return sorted({window for basis, window in self.kept if basis == "settled"})

    def windows(self, basis: Basis) -> list[Window]:
        return sorted(window for kept, window in self.kept if kept == basis)

    def has_taken_in(self, order: Counted) -> bool:
        """Whether the sums of what is settled hold an order."""
        return order.settles_at is not None and self.settled_to is not None and order.settles_at <= self.settled_to

    def is_due(self, at: datetime) -> bool:
        """Whether something has settled by `at` that is not taken in."""
        return self.next_settles is not None and self.next_settles <= at

    def goes_to(self, since: datetime, until: datetime) -> bool:
        """Whether the sums are those of every moment between: nothing that they hold came after, nothing is due."""
        paid = self.paid_to is None or self.paid_to < since
        refunded = self.refunded_to is None or self.refunded_to <= since
        settled = self.settled_to is None or self.settled_to <= since
        return paid and refunded and settled and not self.is_due(until)


@dataclass(frozen=True, slots=True)
class Counted:
    """An order that counts, with what is left of it now."""

    order_id: int
    no: str
    buyer: str
    paid_at: datetime
    settles_at: datetime | None
    part: Part


@dataclass(slots=True)
class Sum:
    orders: int = 0
    units: int = 0
    sales: Money = ZERO
    buyers: int = 0

    def add(self, part: Part, sign: int = 1) -> None:
        if part.net:
            self.orders += sign
            self.units += sign * part.units
            self.sales += part.net * sign


# ---------------------------------------------------------------------------------------------------------------
# Statements

_HEADS, _SUMS, _BUYERS = table_of(Rollup), table_of(RollupSum), table_of(RollupBuyer)
_ORDERS, _REFUNDS = table_of(Order), table_of(Refund)
_O = _ORDERS.c
_HEAD_COLUMNS = [column for column in _HEADS.c if column.name not in ("level", "levels_told")]
_MINE = _HEADS.c.distributor_id == bindparam("who")
_HEAD = select(*_HEAD_COLUMNS).where(_MINE)
_LOCK = {True: Prepared(_HEAD.with_for_update()), False: Prepared(_HEAD.with_for_update(read=True))}
_SAVE = Prepared(
    update(_HEADS)
    .where(_MINE)
    .values({column.name: bindparam(f"new_{column.name}", type_=column.type) for column in _HEAD_COLUMNS[1:]})
)
_COUNTED = (_O.id, _O.no, _O.buyer_digest, _O.paid_at, _O.settles_at, _O.net, _O.units)
HIS = select(*_COUNTED).where(_O.distributor_id == bindparam("who"), _O.counts.is_(True))
_ALL = Prepared(HIS)
_LOW: Any = bindparam("low", type_=UtcDateTime())
_HIGH: Any = bindparam("high", type_=UtcDateTime())
DUE = HIS.where(_O.settles_at > _LOW, _O.settles_at <= _HIGH)
_TAKE_IN = Prepared(DUE)
_NEXT = Prepared(
    select(func.min(_O.settles_at)).where(
        _O.distributor_id == bindparam("who"), _O.counts.is_(True), _O.settles_at > _LOW
    )
)
_SUM_COLUMNS = ("distributor_id", "basis", "label", "orders", "units", "sales", "buyers")
_BUYER_COLUMNS = ("distributor_id", "label", "buyer_digest", "orders")


@lru_cache
def _upsert(table: Table, columns: tuple[str, ...], dialect: str, adding: tuple[str, ...]) -> Prepared:
    """INSERT a row, or add to what is there (`adding`), or put it in place of what is there."""
    keys = [column.name for column in table.primary_key]
    values = [name for name in columns if name not in keys]

    def changed(new: Any) -> dict[str, Any]:
        return {name: table.c[name] + new[name] if name in adding else new[name] for name in values}

    if dialect in ("mysql", "mariadb"):
        statement = mysql.insert(table)
        return Prepared(statement.on_duplicate_key_update(changed(statement.inserted)), columns)
    say = postgresql.insert if dialect == "postgresql" else sqlite.insert
    on_conflict = say(table)
    upsert = on_conflict.on_conflict_do_update(index_elements=keys, set_=changed(on_conflict.excluded))
    return Prepared(upsert.inline(), columns)


def _write(session: Session, rows: list[dict[str, Any]], *, adding: bool) -> None:
    if rows:
        added = ("orders", "units", "sales", "buyers") if adding else ()
        dialect = session.get_bind().dialect.name
        _upsert(_SUMS, _SUM_COLUMNS, dialect, added).run_many(session, sorted(rows, key=lambda row: row["label"]))


def _kinds(kept: str) -> frozenset[Kind]:
    found: list[Any] = [tuple(word.split(":")) for word in kept.split()]
    return frozenset(found)


def _head(row: Sequence[Any]) -> Head:
    who, kept, *moments = row
    return Head(who, _kinds(kept), *moments)


def counted_rows(rows: Iterable[Sequence[Any]]) -> list[Counted]:
    return [
        Counted(id_, no, buyer, paid_at, settles_at, Part(net, units))
        for id_, no, buyer, paid_at, settles_at, net, units in rows
    ]


def _save(session: Session, head: Head) -> None:
    values = {
        "who": head.distributor_id,
        "new_kept": " ".join(sorted(":".join(kind) for kind in head.kept)),
        "new_paid_to": head.paid_to,
        "new_refunded_to": head.refunded_to,
        "new_settled_to": head.settled_to,
        "new_next_settles": head.next_settles,
        "new_moved": head.moved,
    }
    _SAVE.run(session, values)


# ---------------------------------------------------------------------------------------------------------------
# Holding and keeping


def heads(session: Session, ids: Iterable[int]) -> dict[int, Head]:
    """The rows as they are, of those who have one; nothing is locked."""
    wanted = sorted(set(ids))
    found = (
        _heads(len(wanted)).all(session, {f"who_{place}": who for place, who in enumerate(wanted)}) if wanted else []
    )
    return {row[0]: _head(row) for row in found}


@lru_cache
def _heads(count: int) -> Prepared:
    return Prepared(
        select(*_HEAD_COLUMNS).where(_HEADS.c.distributor_id.in_([bindparam(f"who_{n}") for n in range(count)]))
    )


def lock(session: Session, who: int, *, exclusive: bool = True) -> Head:
    """His row, made where he has none; nobody else changes his sums before this transaction ends."""
    row = _LOCK[exclusive].first(session, {"who": who})
    if row is None:
        empty = dict.fromkeys(("paid_to", "refunded_to", "settled_to", "next_settles", "level"))
        insert_once(session, Rollup, empty | {"distributor_id": who, "kept": "", "moved": False, "levels_told": 0})
        row = _LOCK[exclusive].first(session, {"who": who})
    assert row is not None  # noqa: S101 - rows are never deleted
    return _head(row)


def hold(
    session: Session,
    asked: Mapping[int, frozenset[Kind]],
    *,
    writing: int | None,
    at: datetime,
    new: int | None = None,
) -> dict[int, Head]:
    """Lock the rows of all who are asked for and of whose sums will change, and bring them up to `at`.

    Whose sums are complete is locked together with others that only read him. `new` is the order that is being
    recorded: it is in the orders, and in the sums not yet.
    """
    wanted = {who: _stored(kinds) for who, kinds in asked.items()}
    there = heads(session, wanted)
    behind = {who for who, kinds in wanted.items() if who not in there or _is_behind(there[who], kinds, at)}
    alone = session.get_bind().dialect.name == "sqlite"  # one writer at a time: what was read cannot change
    found = {}
    for who in sorted({*wanted, *([writing] if writing is not None else [])}):
        exclusive = who == writing or who in behind
        found[who] = there[who] if alone and who in there else lock(session, who, exclusive=exclusive)
        if exclusive:
            _bring_up(session, found[who], wanted.get(who, frozenset()), at, new)
    return found


def _stored(kinds: Iterable[Kind]) -> frozenset[Kind]:
    """What is kept as sums. Those of buyers stand in the rows of what is settled."""
    stored = {kind for kind in kinds if kind[0] != "people"}
    settled: set[Kind] = {("settled", window) for basis, window in stored if basis == "buyers"}
    return frozenset(stored | settled)


def _is_behind(head: Head, kinds: frozenset[Kind], at: datetime) -> bool:
    return not kinds <= head.kept or head.is_due(at)


def _bring_up(session: Session, head: Head, kinds: frozenset[Kind], at: datetime, new: int | None) -> None:
    before = head.kept
    if head.is_due(at):
        _take_in(session, head, at)
    if not kinds <= head.kept:
        _build(session, head, kinds - head.kept, at, new)
        assert head.kept > before  # noqa: S101


def take_in(session: Session, who: int, to: datetime) -> None:
    """Take in what has settled by `to`, so that others who read him find nothing left to take in."""
    there = heads(session, [who]).get(who)
    if there is not None and there.is_due(to):
        head = lock(session, who)
        if head.is_due(to):
            _take_in(session, head, to)


def _take_in(session: Session, head: Head, to: datetime) -> None:
    who = {"who": head.distributor_id}
    due = counted_rows(_TAKE_IN.all(session, who | {"low": head.settled_to, "high": to}))
    _change(session, head, "settled", [(order, order.part, 1) for order in due])
    head.settled_to = to
    head.next_settles = next_settles(session, head)
    _save(session, head)


def next_settles(session: Session, head: Head) -> datetime | None:
    """The first order that settles after what is taken in."""
    row = _NEXT.first(session, {"who": head.distributor_id, "low": head.settled_to})
    return row[0] if row else None


def build_anew(session: Session, head: Head) -> None:
    """Make all sums that he has from his orders; none of them is there any more."""
    kinds, head.kept = head.kept, frozenset()
    if kinds:
        _build(session, head, kinds, head.settled_to or BEGINNING, None)


def _build(session: Session, head: Head, kinds: frozenset[Kind], at: datetime, new: int | None) -> None:
    """Make sums that he lacks from all his orders, once."""
    orders = [one for one in counted_rows(_ALL.all(session, {"who": head.distributor_id})) if one.order_id != new]
    if not head.kept:
        head.paid_to = max((one.paid_at for one in orders), default=None)
        head.refunded_to = last_refund(session, head.distributor_id)
    head.kept |= kinds
    head.moved = True
    if head.settled_windows:
        head.settled_to = head.settled_to or at
        moments = [one.settles_at for one in orders if one.settles_at is not None and one.settles_at > head.settled_to]
        head.next_settles = min(moments, default=None)
    sums, buyers = sums_of(head, orders)
    _write(session, [_row(head, *key, total) for key, total in sums.items()], adding=False)
    _write_buyers(session, head, buyers)
    _save(session, head)


def last_refund(session: Session, who: int) -> datetime | None:
    """Of his orders that count."""
    query = select(func.max(Refund.at)).join(Order, Order.id == Refund.order_id)
    return session.scalar(query.where(Refund.distributor_id == who, Order.counts.is_(True)))


def sums_of(
    head: Head, orders: Iterable[Counted]
) -> tuple[dict[tuple[Basis, Label], Sum], dict[tuple[Label, str], int]]:
    """All sums that `head` keeps, from all orders, and how many orders that have settled are of each buyer."""
    sums: dict[tuple[Basis, Label], Sum] = defaultdict(Sum)
    buyers: Counter[tuple[Label, str]] = Counter()
    of_buyers = {window for basis, window in head.kept if basis == "buyers"}
    for order in orders:
        for window in head.windows("paid"):
            sums["paid", label_of(window, order.paid_at)].add(order.part)
        if head.has_taken_in(order):
            for window in head.settled_windows:
                label = label_of(window, order.paid_at)
                sums["settled", label].add(order.part)
                if window in of_buyers and order.part.net:
                    buyers[label, order.buyer] += 1
    for (label, _), _count in buyers.items():
        sums["settled", label].buyers += 1
    return sums, dict(buyers)


def _row(head: Head, basis: Basis, label: Label, total: Sum) -> dict[str, Any]:
    values = {"orders": total.orders, "units": total.units, "sales": total.sales, "buyers": total.buyers}
    return {"distributor_id": head.distributor_id, "basis": basis, "label": label} | values


def _write_buyers(session: Session, head: Head, buyers: Mapping[tuple[Label, str], int]) -> None:
    if buyers:
        rows = [
            {"distributor_id": head.distributor_id, "label": label, "buyer_digest": buyer, "orders": orders}
            for (label, buyer), orders in sorted(buyers.items())
        ]
        dialect = session.get_bind().dialect.name
        _upsert(_BUYERS, _BUYER_COLUMNS, dialect, ()).run_many(session, rows)


# What happens to an order


def counted_of(order: Order) -> Counted:
    """An order that is at hand, with what is left of it now."""
    part = Part(order.net, order.units)
    return Counted(order.id, order.no, order.buyer_digest, order.paid_at, order.settles_at, part)


def paid(session: Session, head: Head, order: Counted) -> None:
    """A new order counts for its seller."""
    if head.kept:
        _change(session, head, "paid", [(order, order.part, 1)])
        head.paid_to = max(order.paid_at, head.paid_to or order.paid_at)
        _save(session, head)


def refunded(session: Session, head: Head, order: Counted, before: Part, at: datetime) -> None:
    """Some of an order went back; `before` is what was left of it."""
    if head.kept:
        change = [(order, before, -1), (order, order.part, 1)]
        _change(session, head, "paid", change)
        if head.has_taken_in(order):
            _change(session, head, "settled", change)
        head.refunded_to = max(at, head.refunded_to or at)
        _save(session, head)


def completed(session: Session, head: Head, order: Counted) -> None:
    """It is known now when an order settles; that may be long ago."""
    if head.settled_to is None or order.settles_at is None:
        return
    if head.has_taken_in(order):
        _change(session, head, "settled", [(order, order.part, 1)])
    else:
        head.next_settles = min(order.settles_at, head.next_settles or order.settles_at)
    _save(session, head)


def team_moved(session: Session, head: Head) -> None:
    """Somebody joined, or may earn or not: people are counted when that is asked, but his level may be another."""
    head.moved = True
    _save(session, head)


def _change(session: Session, head: Head, basis: Basis, parts: list[tuple[Counted, Part, int]]) -> None:
    """Add the parts of orders to all sums of a basis, or take them away: one statement for the sums."""
    head.moved = head.moved or basis == "settled"
    sums: dict[Label, Sum] = defaultdict(Sum)
    buyers: Counter[tuple[Label, str]] = Counter()
    of_buyers = {window for kept, window in head.kept if kept == "buyers"} if basis == "settled" else set()
    for order, part, sign in parts:
        for window in head.windows(basis):
            label = label_of(window, order.paid_at)
            sums[label].add(part, sign)
            if window in of_buyers and part.net:
                buyers[label, order.buyer] += sign
    buyers = Counter({key: more for key, more in buyers.items() if more})
    if buyers:
        now = buyers_now(session, head.distributor_id, buyers)
        after = {key: now.get(key, 0) + more for key, more in buyers.items()}
        for (label, buyer), orders in after.items():
            sums[label].buyers += (orders > 0) - (now.get((label, buyer), 0) > 0)
        _write_buyers(session, head, after)
    rows = [_row(head, basis, label, total) for label, total in sums.items() if total != Sum()]
    _write(session, rows, adding=True)


def buyers_now(session: Session, who: int, keys: Iterable[tuple[Label, str]]) -> dict[tuple[Label, str], int]:
    """How many orders of these buyers in these windows are in his sums."""
    by_label: dict[Label, set[str]] = defaultdict(set)
    for label, buyer in keys:
        by_label[label].add(buyer)
    found: dict[tuple[Label, str], int] = {}
    for label, digests in by_label.items():
        wanted = sorted(digests)
        for place in range(0, len(wanted), 500):
            query = select(RollupBuyer.buyer_digest, RollupBuyer.orders).where(
                RollupBuyer.distributor_id == who,
                RollupBuyer.label == label,
                RollupBuyer.buyer_digest.in_(wanted[place : place + 500]),
            )
            found |= {(label, row.buyer_digest): row.orders for row in session.execute(query)}
    return found
