"""Whether the rollups are what the order tables say, and making them anew: `flask rollup verify`, `… rebuild`.

The check adds up by domain.results.Tally over the history, the way in which `evaluate` counts; it shares nothing with
how the sums are kept but the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domain.history import History, Sale
from domain.plan import Terms
from domain.plan.counts import Count
from domain.results import EVERYTHING, Tally
from models.distributor import Distributor
from models.rollup import Rollup, RollupBuyer, RollupSum
from services import history, rollup, rollup_rows
from services.rollup_rows import Head

_END = datetime(9000, 1, 1, tzinfo=UTC)
_COUNTS: tuple[Count, ...] = ("orders", "units", "sales")
BATCH = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum of somebody that is not what his orders come to; sales in fen, moments in ISO 8601."""

    code: str
    what: str
    expected: str
    found: str


def people(session: Session, after: int = 0) -> list[int]:
    """The next of those who have rollups, by id."""
    query = select(Rollup.distributor_id).where(Rollup.distributor_id > after)
    return list(session.scalars(query.order_by(Rollup.distributor_id).limit(BATCH)))


def verify(session: Session, who: int) -> list[Difference]:
    """Where one person's sums differ from his orders; empty is right."""
    head = rollup_rows.lock(session, who)
    code = session.get_one(Distributor, who).code
    expected, found = dict(_expected(session, head, code)), dict(_found(session, head))
    names = sorted(expected.keys() | found.keys())
    return [
        Difference(code, name, expected.get(name, "0"), found.get(name, "0"))
        for name in names
        if expected.get(name, "0") != found.get(name, "0")
    ]


def rebuild(session: Session, who: int) -> None:
    """Make all sums that somebody has from his orders; what he has settled is taken in as far as it was."""
    head = rollup_rows.lock(session, who)
    for table in (RollupSum, RollupBuyer):
        session.execute(delete(table).where(table.distributor_id == who).execution_options(synchronize_session=False))
    rollup.build_anew(session, head)


def _found(session: Session, head: Head) -> Iterator[tuple[str, str]]:
    for row in session.scalars(select(RollupSum).where(RollupSum.distributor_id == head.distributor_id)):
        values = {"orders": row.orders, "units": row.units, "sales": row.sales.fen, "buyers": row.buyers}
        for of, value in values.items():
            yield f"{row.basis} {of} {row.label}", str(value)
    for buyer in session.scalars(select(RollupBuyer).where(RollupBuyer.distributor_id == head.distributor_id)):
        yield f"buyer {buyer.buyer_digest[:8]} {buyer.label}", str(buyer.orders)
    yield "paid_to", _text(head.paid_to)
    yield "refunded_to", _text(head.refunded_to)
    yield "next_settles", _text(head.next_settles)


def _expected(session: Session, head: Head, code: str) -> Iterator[tuple[str, str]]:
    sales = [one.sale for one in history.sales_of(session, [head.distributor_id]) if one.sale.counts]
    taken_in = [sale for sale in sales if _is_settled(sale, head.settled_to)]
    facts = History(Terms(), {}, tuple(sales))
    windows = frozenset(window for _, window in head.kept)
    for basis, of_basis in (("paid", sales), ("settled", taken_in)):
        tally = Tally(facts, windows)
        for sale in of_basis:
            tally.hold(sale, sale.part(EVERYTHING, _END))
        for window in sorted(window for kept, window in head.kept if kept == basis):
            distinct = basis == "settled" and ("buyers", window) in head.kept
            counts: list[Count] = [*_COUNTS, "buyers"] if distinct else [*_COUNTS]
            for label, at in {rollup_rows.label_of(window, sale.paid_at): sale.paid_at for sale in of_basis}.items():
                for of in counts:
                    yield f"{basis} {of} {label}", str(tally.count(code, of, window, at))
    yield from _buyers(head, taken_in)
    if head.kept:
        yield "paid_to", _text(max((sale.paid_at for sale in sales), default=None))
        yield "refunded_to", _text(rollup_rows.last_refund(session, head.distributor_id))
        yield "next_settles", _text(_next(session, head))


def _is_settled(sale: Sale, by: datetime | None) -> bool:
    return by is not None and sale.settles_at is not None and sale.settles_at <= by


def _buyers(head: Head, taken_in: list[Sale]) -> Iterator[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for sale in taken_in:
        if sale.part(EVERYTHING, _END).net:
            for window in (window for kept, window in head.kept if kept == "buyers"):
                found[sale.buyer[:8], rollup_rows.label_of(window, sale.paid_at)] += 1
    for (buyer, label), orders in found.items():
        yield f"buyer {buyer} {label}", str(orders)


def _next(session: Session, head: Head) -> datetime | None:
    return rollup_rows.next_settles(session, head) if head.settled_to is not None else None


def _text(at: Any) -> str:
    return "0" if at is None else str(at.isoformat())
