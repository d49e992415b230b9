"""Commission: a plan and a paid order in, rows of money out. The path of an order is three calls:

    decision = decide(plan, order, people)             # once, at payment; frozen with the order for ever
    results = amounts(decision.payable(line.no), line_state(line, refunds), decision.max_share_bp)
                                                       # at payment and again after every refund of the line
    order_settles(states), settled_at(completed_at, decision.hold_days)
                                                       # when pending becomes available

`decide` settles who earns at which rate and who does not and why; later changes of people or plan touch nothing.
`amounts` is the only place where commission is computed. It knows nothing of what was paid before: the caller books
the difference to what stands. The live path and `evaluate` both use exactly these functions. What an amount was
computed from is kept by `domain.explanation.facts_of` and told by `domain.why.why`.

    decide(Plan, PaidOrder, Sequence[Person])                       -> Decision(rows, max_share_bp, hold_days)
    line_state(PaidLine, Iterable[Refunded])                        -> LineState(line, net, units)
    amounts(Iterable[RowTerms], LineState, int)                     -> list[RowResult], one for each row given
    order_settles(Iterable[LineState])                              -> bool
    settled_at(datetime, int)                                       -> datetime

Units    Money in fen; rates in basis points; a line's `net` is what was paid for all its units less refunds
Rounds   down to the fen, once for each row and once for the cap
Source   plans.md §1 and §2.1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.money import ZERO, Money
from domain.periods import end_of_hold
from domain.plan import CommissionRule, Plan, Terms, seat

Reason: TypeAlias = Literal[
    "other_rule", "no_upline", "suspended", "not_member", "own_order", "condition", "below_first_step", "capped"
]


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


@dataclass(frozen=True, slots=True)
class RowTerms:
    """A row of `pay` for one line, decided for ever. It pays exactly where `reason` is None.

    row     the row's position in the rule, from 0
    to      the payee's code; None where the chain does not reach so far
    up      0 the seller, N upline-N
    """

    line: int
    rule: str
    title: str
    row: int
    to: str | None
    up: int
    base: Literal["net", "profit"]
    rate_bp: int | None
    amount: Money | None
    per: Literal["unit", "line"]
    reason: Reason | None = None

    @property
    def as_(self) -> str:
        return seat(self.up)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an order's payment decided, in the order of lines, rules and rows."""

    rows: tuple[RowTerms, ...]
    max_share_bp: int
    hold_days: int

    def payable(self, line_no: int) -> list[RowTerms]:
        return [row for row in self.rows if row.line == line_no and row.reason is None]

    @property
    def skips(self) -> list[RowTerms]:
        return [row for row in self.rows if row.reason is not None]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What a row gives now.

    base     the rule's base of the line: its net or its profit
    full     before the cap; `taken` is what earlier rows of the line got, `amount` what this one gets
    """

    terms: RowTerms
    base: Money
    full: Money
    taken: Money
    amount: Money

    @property
    def capped(self) -> bool:
        return self.amount < self.full


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


# ---------------------------------------------------------------------------------------------------------------
# At payment: who earns, at which rate


def decide(plan: Plan, order: PaidOrder, people: Sequence[Person]) -> Decision:
    """The rows of every line, each with the reason for which it does not pay, or None.

    `people[0]` is the seller, `people[N]` upline-N, as far as the chain goes; empty where nobody has the order.
    """
    rows = tuple(row for line in order.lines for row in _line_rows(plan, order, line, people)) if people else ()
    return Decision(rows, plan.terms.max_share_bp, plan.terms.hold_days)


def _line_rows(plan: Plan, order: PaidOrder, line: PaidLine, people: Sequence[Person]) -> Iterable[RowTerms]:
    """The first rule that holds the line applies; rows of later rules that hold it too are told as `other_rule`."""
    holding = [rule for rule in plan.commission_rules if rule.scope.holds(line.sku, line.category)]
    for position, rule in enumerate(holding):
        yield from _rule_rows(rule, plan.terms, order, line, people, applies=position == 0)


def _rule_rows(
    rule: CommissionRule,
    terms: Terms,
    order: PaidOrder,
    line: PaidLine,
    people: Sequence[Person],
    *,
    applies: bool,
) -> Iterable[RowTerms]:
    for number, row in enumerate(rule.pay):
        if line.free and row.rate_bp is not None:
            continue  # a share of nothing: on a free line such a row is nobody's to earn or to miss
        payee = people[row.up] if row.up < len(people) else None
        yield RowTerms(
            line=line.no,
            rule=rule.id,
            title=rule.title,
            row=number,
            to=payee.code if payee else None,
            up=row.up,
            base=rule.base,
            rate_bp=row.rate_bp,
            amount=row.amount,
            per=row.per,
            reason=_why_not(terms, order, payee) if applies else "other_rule",
        )


def _why_not(terms: Terms, order: PaidOrder, payee: Person | None) -> Reason | None:
    """The first reason, in plans.md's order, for which the payee earns nothing; None if he earns."""
    if payee is None:
        return "no_upline"
    if payee.suspended:
        return "suspended"
    if terms.members_only and not payee.member:
        return "not_member"
    if _is_own(terms, order, payee):
        return "own_order"
    return None


def _is_own(terms: Terms, order: PaidOrder, payee: Person) -> bool:
    """Whether the payee would earn on an own purchase: his own, or under `none` anybody's on the seller's own."""
    if terms.own_orders == "seller" or order.buyer_distributor is None:
        return False
    bought_by_seller = order.buyer_distributor == order.seller
    return payee.code == order.buyer_distributor or (bought_by_seller and terms.own_orders == "none")


# ---------------------------------------------------------------------------------------------------------------
# At payment and after every refund: how much


def amounts(rows: Iterable[RowTerms], state: LineState, max_share_bp: int, *, taken: Money = ZERO) -> list[RowResult]:
    """What each payable row of one line gives on what is left of the line, in order, the cap included.

    Cap 12 %, rows of 10 % and 5 % on 100.00 give 10.00 and 2.00. A free line knows no cap. `taken` is what rows
    before the first of `rows` got.
    """
    results: list[RowResult] = []
    for row in rows:
        base = _base(row, state)
        full = _full(row, state, base)
        amount = full if state.line.free else min(full, state.net.share(max_share_bp) - taken)
        results.append(RowResult(row, base, full, taken, amount))
        taken += amount
    return results


def _base(row: RowTerms, state: LineState) -> Money:
    if row.base == "net":
        return state.net
    unit_cost = state.line.unit_cost
    return ZERO if unit_cost is None else max(ZERO, state.net - unit_cost * state.units)


def _full(row: RowTerms, state: LineState, base: Money) -> Money:
    """Before the cap. A line that a refund brought to 0 pays nothing, whatever its units."""
    if not state.alive:
        return ZERO
    if row.rate_bp is not None:
        return base.share(row.rate_bp)
    each = row.amount if row.amount is not None else ZERO
    return each * state.units if row.per == "unit" else each


def line_state(line: PaidLine, refunds: Iterable[Refunded]) -> LineState:
    """What is left of a line after those of `refunds` that concern it."""
    net, units = line.paid, line.qty
    for refund in refunds:
        if refund.line == line.no:
            net, units = net - refund.amount, units - refund.units
    return LineState(line, net, units)


def course(line: PaidLine, refunds: Sequence[Refunded]) -> list[LineState]:
    """The line after its payment and after each moment of refunds; all refunds of one moment are one change."""
    moments = sorted({refund.at for refund in refunds if refund.line == line.no})
    return [
        line_state(line, ()),
        *(line_state(line, [refund for refund in refunds if refund.at <= moment]) for moment in moments),
    ]


# ---------------------------------------------------------------------------------------------------------------
# Settling


def settled_at(completed_at: datetime, hold_days: int) -> datetime:
    """The moment at which an order is settled, if `order_settles` then."""
    return end_of_hold(completed_at, hold_days)


def order_settles(states: Iterable[LineState]) -> bool:
    """Whether something of the order is left when its hold days are over."""
    return any(state.alive for state in states)
