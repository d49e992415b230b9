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

    decide(Plan, PaidOrder, Sequence[Person], Results)              -> Decision(rows, max_share_bp, hold_days)
    line_state(PaidLine, Iterable[Refunded])                        -> LineState(line, net, units)
    amounts(Iterable[RowTerms], LineState, int)                     -> list[RowResult], one for each row given
    order_settles(Iterable[LineState])                              -> bool
    settled_at(datetime, int)                                       -> datetime

Units    Money in fen; rates in basis points; a line's `net` is what was paid for all its units less refunds
Rounds   down to the fen, once for each row and once for the cap
Source   plans.md §1 and §2.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from domain.money import ZERO, Money
from domain.outcome import Reason
from domain.periods import Window
from domain.plan import CommissionRule, PayRow, Plan, Results, Steps, Table, seat
from domain.plan.counts import Count, level_of, step_at
from domain.sale import (
    LineState,
    PaidLine,
    PaidOrder,
    Person,
    Refunded,
    course,
    line_state,
    order_settles,
    settled_at,
)

__all__ = [
    "NO_RESULTS",
    "Decision",
    "LineState",
    "PaidLine",
    "PaidOrder",
    "Person",
    "Reason",
    "Refunded",
    "RowResult",
    "RowTerms",
    "amounts",
    "course",
    "decide",
    "line_state",
    "order_settles",
    "settled_at",
]

Basis: TypeAlias = Mapping[str, Any]


class RowTerms(NamedTuple):  # half a million of them are made in a replay: a frozen class takes four times as long
    """A row of `pay` for one line, decided for ever. It pays exactly where `reason` is None.

    row     the row's position in the rule, from 0
    to      the payee's code; None where the chain does not reach so far
    up      0 the seller, N upline-N
    basis   where the rate or the amount comes of a table: what of the payee it was looked up by, as JSON values
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
    basis: Basis | None = None

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


class RowResult(NamedTuple):
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


# ---------------------------------------------------------------------------------------------------------------
# At payment: who earns, at which rate


class _NoResults:
    """For plans that count nothing. One that does must be told what: nobody is paid by a count that was guessed."""

    def settled(self, code: str, of: Count, window: Window) -> int:
        raise LookupError(f"the plan asks for {of} ({window}) of {code}; hand the results to decide")

    paid = settled


NO_RESULTS: Results = _NoResults()


def decide(plan: Plan, order: PaidOrder, people: Sequence[Person], results: Results = NO_RESULTS) -> Decision:
    """The rows of every line, each with the reason for which it does not pay, or None.

    `people[0]` is the seller, `people[N]` upline-N, as far as the chain goes; empty where nobody has the order.
    `results` tells the counts that levels, conditions and steps ask for, as they are at this payment.
    """
    payment = _Payment(plan, order, people, results)
    rows = tuple(row for line in order.lines for row in payment.line_rows(line)) if people else ()
    return Decision(rows, plan.terms.max_share_bp, plan.terms.hold_days)


class _Payment:
    """One order at its payment: the plan, the chain, and what is looked up for it, once for all its lines."""

    def __init__(self, plan: Plan, order: PaidOrder, people: Sequence[Person], results: Results) -> None:
        self.plan, self.terms, self.order, self.people, self.results = plan, plan.terms, order, people, results
        self.rules = plan.commission_rules
        self.decided: dict[tuple[str, int], _Found] = {}

    def line_rows(self, line: PaidLine) -> Iterator[RowTerms]:
        """The first rule that holds the line applies; rows of later rules that hold it too are told as `other_rule`."""
        applies = True
        for rule in self.rules:
            if rule.scope.holds(line.sku, line.category):
                yield from self.rule_rows(rule, line, applies=applies)
                applies = False

    def rule_rows(self, rule: CommissionRule, line: PaidLine, *, applies: bool) -> Iterator[RowTerms]:
        for number, row in enumerate(rule.pay):
            if line.free and row.is_rate:
                continue  # a share of nothing: on a free line such a row is nobody's to earn or to miss
            payee = self.people[row.up] if row.up < len(self.people) else None
            found = self.found(rule, number, row, payee) if applies else _OTHER_RULE
            to = payee.code if payee else None
            what = line.no, rule.id, rule.title, number, to, row.up, rule.base
            yield RowTerms(*what, found.rate_bp, found.amount, row.per, found.reason, found.basis)

    def found(self, rule: CommissionRule, number: int, row: PayRow, payee: Person | None) -> _Found:
        """What a row gives this payee: the same for every line of the order."""
        key = rule.id, number
        if key not in self.decided:
            self.decided[key] = self.find(row, payee)
        return self.decided[key]

    def find(self, row: PayRow, payee: Person | None) -> _Found:
        """The first reason, in plans.md's order, for which the payee earns nothing, or the rate or amount."""
        if payee is None:
            return _Found("no_upline")
        if payee.suspended:
            return _Found("suspended")
        if self.terms.members_only and not payee.member:
            return _Found("not_member")
        if self.is_own(payee):
            return _Found("own_order")
        if row.condition is not None and not row.condition.met(payee.code, self.results):
            return _Found("condition")
        if row.by is None:
            return _Found(None, row.rate_bp, row.amount)
        return self.look_up_step(row.by, payee) if isinstance(row.by, Steps) else self.look_up(row.by, payee)

    def is_own(self, payee: Person) -> bool:
        """Whether the payee would earn on an own purchase: his own, or under `none` anybody's on the seller's own."""
        if self.terms.own_orders == "seller" or self.order.buyer_distributor is None:
            return False
        bought_by_seller = self.order.buyer_distributor == self.order.seller
        return payee.code == self.order.buyer_distributor or (bought_by_seller and self.terms.own_orders == "none")

    def look_up(self, table: Table[int] | Table[Money], payee: Person) -> _Found:
        """By level or role. Without entry and without `else` the payee does not meet what the row asks for."""
        level = level_of(self.plan.levels, payee.code, self.results) if table.by == "level" else None
        name = payee.role if table.by == "role" else level.id if level else None
        value: int | Money | None = table.value(name)
        if value is None:
            return _Found("condition")
        return _found(value, {"by": table.by, "is": name, "title": level.title if level else None})

    def look_up_step(self, table: Steps[int] | Steps[Money], payee: Person) -> _Found:
        """On the payee's own results; a step holds its own threshold."""
        count = table.count(payee.code, self.results)
        steps: tuple[tuple[int, int | Money], ...] = table.steps
        step = step_at(steps, count)
        if step is None:
            return _Found("below_first_step")
        return _found(step[1], {"by": table.by, "window": table.window, "count": count, "step": step[0]})


class _Found(NamedTuple):
    """Why a row pays nothing, or its rate or amount and what it was looked up by."""

    reason: Reason | None
    rate_bp: int | None = None
    amount: Money | None = None
    basis: Basis | None = None


_OTHER_RULE = _Found("other_rule")


def _found(value: int | Money, basis: Basis) -> _Found:
    return _Found(None, None, value, basis) if isinstance(value, Money) else _Found(None, value, None, basis)


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
