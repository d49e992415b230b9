"""Rollups: the sums behind the counts that plans ask for, kept in step with orders, refunds and settlements.

A sum holds everything that is known, whenever it happened, so facts may come in any order and are only added. What
somebody had at a moment is his sum less what came after it: nothing, for an order that comes in its turn, and then
neither orders nor lines are looked at. What has settled moves on by itself; it is taken in up to `settled_to` when
somebody asks for later.

    heads = hold(session, {17: kinds, 18: kinds}, writing=17, at=order.paid_at)
    paid(session, heads[17], counted_of(order))     # refunded, completed, take_in

services.counts reads them; services.rollup_rows knows how they are stored.

Units    sales in fen; labels as in models.rollup
Locks    hold: the rows of all whose sums it needs, in the order of their ids; exclusively where sums will change
Source   plans.md §2, Counts; §2.1, steps
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from domain.history import BEGINNING, Part
from domain.results import Kind
from models.order import Order
from services.rollup_rows import (
    Basis,
    Counted,
    Head,
    Label,
    Sum,
    buyers_now,
    heads,
    label_of,
    last_refund,
    lock,
    next_settles,
    orders_of,
    row_of,
    save,
    settled_between,
    write,
    write_buyers,
)


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
    due = settled_between(session, head.distributor_id, head.settled_to, to)
    _change(session, head, "settled", [(order, order.part, 1) for order in due])
    head.settled_to = to
    head.next_settles = next_settles(session, head)
    save(session, head)


def build_anew(session: Session, head: Head) -> None:
    """Make all sums that he has from his orders; none of them is there any more."""
    kinds, head.kept = head.kept, frozenset()
    if kinds:
        _build(session, head, kinds, head.settled_to or BEGINNING, None)


def _build(session: Session, head: Head, kinds: frozenset[Kind], at: datetime, new: int | None) -> None:
    """Make sums that he lacks from all his orders, once."""
    orders = [one for one in orders_of(session, head.distributor_id) if one.order_id != new]
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
    write(session, [row_of(head, *key, total) for key, total in sums.items()], adding=False)
    write_buyers(session, head, buyers)
    save(session, head)


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
        save(session, head)


def refunded(session: Session, head: Head, order: Counted, before: Part, at: datetime) -> None:
    """Some of an order went back; `before` is what was left of it."""
    if head.kept:
        change = [(order, before, -1), (order, order.part, 1)]
        _change(session, head, "paid", change)
        if head.has_taken_in(order):
            _change(session, head, "settled", change)
        head.refunded_to = max(at, head.refunded_to or at)
        save(session, head)


def completed(session: Session, head: Head, order: Counted) -> None:
    """It is known now when an order settles; that may be long ago."""
    if head.settled_to is None or order.settles_at is None:
        return
    if head.has_taken_in(order):
        _change(session, head, "settled", [(order, order.part, 1)])
    else:
        head.next_settles = min(order.settles_at, head.next_settles or order.settles_at)
    save(session, head)


def team_moved(session: Session, head: Head) -> None:
    """Somebody joined, or may earn or not: people are counted when that is asked, but his level may be another."""
    head.moved = True
    save(session, head)


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
        write_buyers(session, head, after)
    rows = [row_of(head, basis, label, total) for label, total in sums.items() if total != Sum()]
    write(session, rows, adding=True)
