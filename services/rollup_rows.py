"""The rows of rollups, and the orders that they add up: read, locked and written, without what is counted when.

Units    sales in fen; labels as in models.rollup
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from domain.history import Part
from domain.money import ZERO, Money
from domain.periods import Window, period_of
from domain.results import Kind
from models.base import UtcDateTime, table_of
from models.order import Order, Refund
from models.prepared import Prepared
from models.rollup import Rollup, RollupBuyer, RollupSum
from models.upsert import Upsert
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
_SUM_KEYS, _SUM_VALUES = ("distributor_id", "basis", "label"), ("orders", "units", "sales", "buyers")
_ADD = Upsert(_SUMS, keys=_SUM_KEYS, adding=_SUM_VALUES)
_PUT = Upsert(_SUMS, keys=_SUM_KEYS, replacing=_SUM_VALUES)
_PUT_BUYERS = Upsert(_BUYERS, keys=("distributor_id", "label", "buyer_digest"), replacing=("orders",))


def write(session: Session, rows: list[dict[str, Any]], *, adding: bool) -> None:
    """Write sums: added to what is there, or in its place."""
    (_ADD if adding else _PUT).run(session, rows)


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


def save(session: Session, head: Head) -> None:
    """Write down how far somebody's sums go."""
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


def orders_of(session: Session, who: int) -> list[Counted]:
    """All his orders that count."""
    return counted_rows(_ALL.all(session, {"who": who}))


def settled_between(session: Session, who: int, low: datetime | None, high: datetime) -> list[Counted]:
    """Those that settle after one moment and not after another."""
    return counted_rows(_TAKE_IN.all(session, {"who": who, "low": low, "high": high}))


def next_settles(session: Session, head: Head) -> datetime | None:
    """The first order that settles after what is taken in."""
    row = _NEXT.first(session, {"who": head.distributor_id, "low": head.settled_to})
    return row[0] if row else None


def last_refund(session: Session, who: int) -> datetime | None:
    """Of his orders that count."""
    query = select(func.max(Refund.at)).join(Order, Order.id == Refund.order_id)
    return session.scalar(query.where(Refund.distributor_id == who, Order.counts.is_(True)))


def row_of(head: Head, basis: Basis, label: Label, total: Sum) -> dict[str, Any]:
    """A sum as `write` takes it."""
    values = {"orders": total.orders, "units": total.units, "sales": total.sales, "buyers": total.buyers}
    return {"distributor_id": head.distributor_id, "basis": basis, "label": label} | values


def write_buyers(session: Session, head: Head, buyers: Mapping[tuple[Label, str], int]) -> None:
    """Write how many orders of each buyer are in the sums now."""
    rows = [
        {"distributor_id": head.distributor_id, "label": label, "buyer_digest": buyer, "orders": orders}
        for (label, buyer), orders in buyers.items()
    ]
    _PUT_BUYERS.run(session, rows)


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
