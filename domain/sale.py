"""A sale: an order as it was paid, what came back of it, what is left, and when it is settled. Values only.

    line_state(PaidLine, Iterable[Refunded])    -> LineState(line, net, units)
    order_settles(Iterable[LineState])          -> bool
    settled_at(datetime, int)                   -> datetime

Units    Money in fen; a line's `net` is what was paid for all its units less refunds
Source   plans.md §1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.money import ZERO, Money
from domain.periods import end_of_hold


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line as it was paid: `paid` for all `qty` units, after discounts, without freight.

    no         the line's position in the order, from 0
    unit_cost  at payment; None where the merchant has told none (its profit then counts as 0)
    """

    no: int
    sku: str
    category: str | None
    qty: int
    paid: Money
    unit_cost: Money | None = None
    name: str = ""

    @property
    def free(self) -> bool:
        return self.paid == ZERO


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """An order at payment. `seller` is whom it is attributed to, `buyer_distributor` the buyer's own code if any."""

    no: str
    seller: str | None
    buyer_distributor: str | None
    paid_at: datetime
    lines: tuple[PaidLine, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A distributor as he was when the order was paid; `suspended` also stands for departed."""

    code: str
    suspended: bool = False
    member: bool = False
    role: str = "member"


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money or units or both that came back on one line at one moment."""

    at: datetime
    line: int
    units: int
    amount: Money


@dataclass(frozen=True, slots=True)
class LineState:
    """A line with what is left of it."""

    line: PaidLine
    net: Money
    units: int

    @property
    def alive(self) -> bool:
        """Whether it still pays and lets its order settle: it has a net, or it was free and has units."""
        return self.units > 0 if self.line.free else self.net > ZERO


def line_state(line: PaidLine, refunds: Iterable[Refunded]) -> LineState:
    """What is left of a line after those of `refunds` that concern it."""
    net, units = line.paid, line.qty
    for refund in refunds:
        if refund.line == line.no:
            net, units = net - refund.amount, units - refund.units
    return LineState(line, net, units)


def settled_at(completed_at: datetime, hold_days: int) -> datetime:
    """The moment at which an order is settled, if `order_settles` then."""
    return end_of_hold(completed_at, hold_days)


def order_settles(states: Iterable[LineState]) -> bool:
    """Whether something of the order is left when its hold days are over."""
    return any(state.alive for state in states)


def course(line: PaidLine, refunds: Sequence[Refunded]) -> list[LineState]:
    """The line after its payment and after each moment of refunds; all refunds of one moment are one change."""
    moments = sorted({refund.at for refund in refunds if refund.line == line.no})
    return [
        line_state(line, ()),
        *(line_state(line, [refund for refund in refunds if refund.at <= moment]) for moment in moments),
    ]


def course_of(order: PaidOrder, refunds: Sequence[Refunded]) -> Iterator[tuple[datetime, tuple[LineState, ...]]]:
    """What is left from the payment on, and from each moment of refunds; a refund comes before what else is then."""
    for moment in sorted({order.paid_at, *(refund.at for refund in refunds)}):
        known = [refund for refund in refunds if refund.at <= moment]
        yield moment, tuple(line_state(line, known) for line in order.lines)
