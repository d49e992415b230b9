"""Counts of people at the moment of a payment, kept up as the facts go by: what levels, `if` and steps ask for.

    results = Running(history, windows_of(plan))
    results.refunded(sale, at); results.settles(sale, at)
    with results.paying(sale):
        results.settled("A", "orders", "month")     # domain.plan.counts.Results

Units    `sales` in fen
Source   plans.md §2, Counts; §2.1, steps
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from domain.history import BEGINNING, NOTHING, Distributor, History, Part, Sale
from domain.periods import Window
from domain.plan import Plan, Scope
from domain.plan.counts import PAID_COUNTS, Condition, Count, Steps

EVERYTHING = Scope()


@dataclass(slots=True)
class Sum:
    orders: int = 0
    units: int = 0
    sales: int = 0
    buyers: dict[str, int] = field(default_factory=dict)


class Tally:
    """Sums per person and window of the sales it holds, each with what is left of it."""

    def __init__(self, history: History, windows: frozenset[Window]) -> None:
        self._history, self._windows = history, windows
        self._held: dict[str, Part] = {}
        self._sums: dict[tuple[str, Window, str | None], Sum] = defaultdict(Sum)

    def holds(self, sale: Sale) -> bool:
        return sale.no in self._held

    def hold(self, sale: Sale, part: Part) -> None:
        """Let `part` be what the sale adds, in place of what it added before."""
        before = self._held.get(sale.no, NOTHING)
        self._held[sale.no] = part
        orders = (part is not NOTHING) - (before is not NOTHING)
        units, fen = part.units - before.units, part.net.fen - before.net.fen
        seller, buyer, paid_at, label = sale.seller, sale.buyer, sale.paid_at, self._history.label
        for window in self._windows:
            total = self._sums[seller, window, label(window, paid_at)]
            total.orders += orders
            total.units += units
            total.sales += fen
            total.buyers[buyer] = total.buyers.get(buyer, 0) + orders

    def count(self, code: str, of: Count, window: Window, at: datetime) -> int:
        total = self._sums.get((code, window, self._history.label(window, at)))
        if total is None:
            return 0
        if of == "buyers":
            return sum(times > 0 for times in total.buyers.values())
        return total.orders if of == "orders" else total.units if of == "units" else total.sales


class Running:
    """The counts of everybody as the facts go by; `at` is the moment of the payment that is evaluated."""

    def __init__(self, history: History, windows: frozenset[Window]) -> None:
        self._history = history
        self._paid, self._settled = Tally(history, windows), Tally(history, windows)
        self.at = BEGINNING

    def refunded(self, sale: Sale, at: datetime) -> None:
        for tally in (self._paid, self._settled):  # a sale that counts nowhere is in neither
            if tally.holds(sale):
                tally.hold(sale, sale.part(EVERYTHING, at))

    def settles(self, sale: Sale, at: datetime) -> None:
        if sale.counts:
            self._settled.hold(sale, sale.part(EVERYTHING, at))

    @contextmanager
    def paying(self, sale: Sale) -> Iterator[None]:
        """The moment in which a sale is paid. It counts as paid from now on, and never as settled for itself."""
        self.at = sale.paid_at
        if not sale.counts:
            yield
            return
        part, has_settled = sale.part(EVERYTHING, self.at), self._settled.holds(sale)
        self._paid.hold(sale, part)
        if has_settled:
            self._settled.hold(sale, NOTHING)
        yield
        if has_settled:
            self._settled.hold(sale, part)

    def settled(self, code: str, of: Count, window: Window) -> int:
        if of == "recruits":
            return sum(self._is_in(person, window) for person in self._joined(code))
        if of == "team_size":
            invited = self._joined(code)
            team = [*invited, *(person for first in invited for person in self._joined(first.code))]
            return sum(self._is_in(person, window) for person in team)
        return self._settled.count(code, of, window, self.at)

    def paid(self, code: str, of: Count, window: Window) -> int:
        return self._paid.count(code, of, window, self.at)

    def _joined(self, code: str) -> list[Distributor]:
        return [person for person in self._history.recruits.get(code, ()) if person.has_joined(self.at)]

    def _is_in(self, person: Distributor, window: Window) -> bool:
        """Whether he is active, and in a window joined in it. Who was there from the beginning joined in none."""
        if person.is_suspended(self.at):
            return False
        if window == "lifetime":
            return True
        label = self._history.label
        return person.joined_at is not None and label(window, person.joined_at) == label(window, self.at)


Kind: TypeAlias = tuple[Literal["paid", "settled", "buyers", "people"], Window]
"""What is counted: `paid` and `settled` are orders, units and sales together; `people` are recruits and team_size."""


def asked_of(plan: Plan) -> dict[int, frozenset[Kind]]:
    """The counts that a plan's commission and levels ask for, by whose they are: 0 the seller's, N upline-N's."""
    asked: dict[int, set[Kind]] = defaultdict(set)
    levels = {_settled(level.when) for level in plan.levels if level.when}
    asked[0] |= levels  # whoever sells is told when he reaches another
    for row in (row for rule in plan.commission_rules for row in rule.pay):
        if row.condition is not None:
            asked[row.up].add(_settled(row.condition))
        if isinstance(row.by, Steps):
            by_paid = row.by.by in PAID_COUNTS
            asked[row.up].add(("paid", row.by.window) if by_paid else _kind(row.by.by, row.by.window))
        elif row.by is not None and row.by.by == "level" and levels:
            asked[row.up] |= levels
    return {up: frozenset(kinds) for up, kinds in asked.items() if kinds}


def _settled(condition: Condition) -> Kind:
    return _kind(condition.of, condition.window)


def _kind(of: Count, window: Window) -> Kind:
    if of in ("recruits", "team_size"):
        return "people", window
    return ("buyers" if of == "buyers" else "settled"), window


def windows_of(plan: Plan) -> frozenset[Window]:
    """The windows in which a plan's levels, conditions and steps count; none where it has no such thing."""
    rows = [row for rule in plan.commission_rules for row in rule.pay]
    conditions = [level.when for level in plan.levels] + [row.condition for row in rows]
    steps = [row.by for row in rows if isinstance(row.by, Steps)]
    return frozenset([condition.window for condition in conditions if condition] + [step.window for step in steps])
