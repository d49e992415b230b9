"""Everything that happened, as counts, milestones, teams and rankings see it: people, sales, and what changed when.

    history = History(terms, people, sales)
    for change in history.changes(as_of): …         # refunds, joinings, settlements, payments in plans.md's order
    sale.part(scope, at)                            # net and units in scope at a moment

A sale that counts nowhere (an own purchase, or nobody's) is in it all the same: it still settles and pays.

Units    Money in fen; UTC instants
Source   plans.md §1
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from domain.money import ZERO, Money
from domain.outcome import Reason
from domain.periods import Period, Window, end_of_hold, period_of
from domain.sale import LineState, PaidOrder, Person

if TYPE_CHECKING:  # domain.plan imports this module: its kinds look at a history
    from domain.plan.model import Scope, Terms

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Distributor:
    """Somebody who may earn. `joined_at` None: from the beginning; suspensions hold their start, not their end."""

    code: str
    upline: str | None = None
    role: str = "member"
    member: bool = False
    joined_at: datetime | None = None
    suspended: tuple[tuple[datetime, datetime | None], ...] = ()

    def has_joined(self, at: datetime) -> bool:
        """He earns on orders paid at or after the second in which he joined."""
        return self.joined_at is None or self.joined_at.replace(microsecond=0) <= at

    def is_suspended(self, at: datetime) -> bool:
        return any(start <= at and (end is None or at < end) for start, end in self.suspended)


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of a sale that are in scope and have a net."""

    net: Money
    units: int


NOTHING = Part(ZERO, 0)


@dataclass(frozen=True, slots=True)
class Sale:
    """A paid order and what became of it.

    chain       the seller and those above him at payment, as persons; empty where nobody has it
    course      what was left of its lines from each of these moments on; the first is the payment
    settles_at  None where it never settles
    counts      whether it counts in counts, milestones, teams and rankings
    """

    order: PaidOrder
    buyer: str
    chain: tuple[Person, ...]
    course: tuple[tuple[datetime, tuple[LineState, ...]], ...]
    settles_at: datetime | None
    counts: bool

    @property
    def no(self) -> str:
        return self.order.no

    @property
    def seller(self) -> str:
        """Of a sale that somebody has."""
        return self.chain[0].code

    @property
    def paid_at(self) -> datetime:
        return self.order.paid_at

    def left(self, at: datetime) -> tuple[LineState, ...]:
        """Its lines at a moment from payment on, refunds of that moment included."""
        if len(self.course) == 1:  # nothing came back
            return self.course[0][1]
        return next((states for since, states in reversed(self.course) if since <= at), self.course[0][1])

    def part(self, scope: Scope, at: datetime) -> Part:
        fen = units = 0
        for state in self.left(at):
            if state.net.fen > 0 and scope.holds(state.line.sku, state.line.category):
                fen, units = fen + state.net.fen, units + state.units
        return Part(Money(fen), units) if fen else NOTHING


class Happening(IntEnum):
    """What happens in one instant happens in this order."""

    REFUND = 0
    JOINING = 1
    SETTLEMENT = 2
    PAYMENT = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened. `sale` is None for a joining, `who` for everything else."""

    at: datetime
    what: Happening
    sale: Sale | None = None
    who: Distributor | None = None

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        if self.sale is None:
            return self.at, self.what, self.who.code if self.who else "", ""
        return self.at, self.what, self.sale.order.seller or "", self.sale.no


@dataclass(frozen=True)
class History:
    """The facts; `sales` by payment, then seller, then number."""

    terms: Terms
    people: Mapping[str, Distributor]
    sales: tuple[Sale, ...]
    _windows: dict[tuple[Window, int], str] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def recruits(self) -> Mapping[str, list[Distributor]]:
        """Whom each of them invited, by code."""
        found: dict[str, list[Distributor]] = defaultdict(list)
        for code in sorted(self.people):
            person = self.people[code]
            if person.upline is not None:
                found[person.upline].append(person)
        return found

    def changes(self, until: datetime) -> list[Change]:
        """Everything that happened by `until`, in its order. All refunds of one order in one instant are one change."""
        return self._changes[: bisect_right(self._changes, until, key=lambda change: change.at)]

    @cached_property
    def _changes(self) -> list[Change]:
        found = [Change(p.joined_at or BEGINNING, Happening.JOINING, who=p) for p in self.people.values()]
        for sale in self.sales:
            found.append(Change(sale.paid_at, Happening.PAYMENT, sale))
            found += [Change(at, Happening.REFUND, sale) for at, _ in sale.course[1:]]
            if sale.settles_at is not None:
                found.append(Change(sale.settles_at, Happening.SETTLEMENT, sale))
        return sorted(found, key=lambda change: change.order)

    def label(self, window: Window, at: datetime) -> str | None:
        """The label of the window that holds `at`; None for a lifetime."""
        if window == "lifetime":
            return None
        key = window, int(at.timestamp()) // 3600  # Shanghai's days begin on the hour
        label = self._windows.get(key)
        if label is None:
            label = self._windows[key] = getattr(period_of(window, at), "label", "")
        return label

    def closed(self, window: Window, as_of: datetime) -> Iterator[tuple[Period, datetime, list[Sale]]]:
        """The windows that were computed by `as_of`, with the moment of it and the sales paid in them that count."""
        sales: dict[str | None, list[Sale]] = defaultdict(list)
        for sale in self.sales:
            if sale.counts:
                sales[self.label(window, sale.paid_at)].append(sale)
        for found in sales.values():
            period = period_of(window, found[0].paid_at)
            if period is not None and (at := end_of_hold(period.end, self.terms.hold_days)) <= as_of:
                yield period, at, found

    def may_not_earn(self, code: str, at: datetime) -> Reason | None:
        """Why somebody earns nothing at a moment, whatever it would be for; None if he may."""
        if self.people[code].is_suspended(at):
            return "suspended"
        return "not_member" if self.terms.members_only and not self.people[code].member else None

    def bought(self, code: str, sale: Sale) -> bool:
        """Whether he bought it himself, so that he earns nothing from it: a customer like any other to the rest."""
        return self.terms.own_orders != "seller" and sale.order.buyer_distributor == code
