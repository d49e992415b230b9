"""The pure function: a plan and a scenario in, every award and every skip out.

    evaluate(plan, scenario, as_of) -> Evaluation(awards, skips)
    evaluate_files(plan_text, scenario_text, as_of_text) -> {"awards": […], "skips": […]}

`evaluate` walks each order through the calls of domain.commission, as the live path does when the facts arrive, and
books nothing: it keeps what every row was worth after the payment and after each refund, and reports the last.

Raises   PlanRefused, ScenarioRefused
Source   plans.md §3
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from domain.commission import (
    Decision,
    Reason,
    RowResult,
    RowTerms,
    amounts,
    course,
    decide,
    line_state,
    order_settles,
    settled_at,
)
from domain.document import Fault, parse_instant
from domain.explanation import facts_of
from domain.money import ZERO
from domain.plan import Plan, check_against, parse
from domain.scenario import Order, Scenario, ScenarioRefused, parse_scenario
from domain.why import why

State: TypeAlias = Literal["pending", "available", "reversed"]

# Where no `as_of` is told everything has happened: every fact is known and every order that can settle has.
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Award:
    """One row of one line that was above 0 at some moment by `as_of`. `facts` are those of domain.explanation."""

    order: str
    result: RowResult
    state: State
    facts: dict[str, Any]

    def data(self) -> dict[str, Any]:
        terms = self.result.terms
        return {
            "rule": terms.rule,
            "to": terms.to,
            "as": terms.as_,
            "order": self.order,
            "line": terms.line,
            "window": None,
            "n": None,
            "base_fen": self.result.base.fen,
            "bps": terms.rate_bp,
            "amount_fen": self.result.amount.fen,
            "reward": None,
            "state": self.state,
            "why": why(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Skip:
    """One row of one line that could have paid and did not, or not in full."""

    order: str
    terms: RowTerms
    reason: Reason

    def data(self) -> dict[str, Any]:
        return {
            "rule": self.terms.rule,
            "to": self.terms.to,
            "as": self.terms.as_,
            "order": self.order,
            "line": self.terms.line,
            "window": None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Awards and skips by moment of payment, then seller, order, line, rule and row."""

    awards: tuple[Award, ...]
    skips: tuple[Skip, ...]

    def data(self) -> dict[str, Any]:
        return {"awards": [award.data() for award in self.awards], "skips": [skip.data() for skip in self.skips]}


def evaluate_files(plan_text: str, scenario_text: str, as_of: str | None = None) -> dict[str, Any]:
    """What `flask plan evaluate` prints, of the texts of its files; without `as_of` everything has happened."""
    plan, scenario = parse(plan_text), parse_scenario(scenario_text)
    return evaluate(plan, scenario, END_OF_TIME if as_of is None else _read_as_of(as_of)).data()


def evaluate(plan: Plan, scenario: Scenario, as_of: datetime) -> Evaluation:
    """Everything the plan gives by `as_of`, that moment included; what happens later is unknown."""
    check_against(plan, scenario.catalogue)
    _require_known_products(plan, scenario)
    awards: list[Award] = []
    skips: list[Skip] = []
    for order in scenario.orders:
        if order.paid.paid_at <= as_of:
            decision = decide(plan, order.paid, scenario.people(order.paid))
            skips += [Skip(order.paid.no, row, row.reason) for row in decision.rows if row.reason is not None]
            for award_or_skip in _outcomes(order, decision, as_of):
                if isinstance(award_or_skip, Award):
                    awards.append(award_or_skip)
                else:
                    skips.append(award_or_skip)
    return Evaluation(tuple(awards), tuple(skips))


def _outcomes(order: Order, decision: Decision, as_of: datetime) -> Iterator[Award | Skip]:
    """The awards of an order as they stand, and a skip `capped` where the cap cuts them."""
    settled = _is_settled(order, decision, as_of)
    for line in order.paid.lines:
        states = course(line, [refund for refund in order.refunds if refund.at <= as_of])
        worth = [amounts(decision.payable(line.no), state, decision.max_share_bp) for state in states]
        for moments in zip(*worth, strict=True):
            now = moments[-1]
            if any(moment.amount > ZERO for moment in moments):
                yield Award(order.paid.no, now, _state(now, settled), facts_of(order.paid, decision, states[-1], now))
            if now.capped:
                yield Skip(order.paid.no, now.terms, "capped")


def _is_settled(order: Order, decision: Decision, as_of: datetime) -> bool:
    """Whether the hold days are over by `as_of` and something was left then; refunds of that moment come before."""
    if order.completed_at is None:
        return False
    due = settled_at(order.completed_at, decision.hold_days)
    refunds = [refund for refund in order.refunds if refund.at <= due]
    return due <= as_of and order_settles(line_state(line, refunds) for line in order.paid.lines)


def _state(result: RowResult, settled: bool) -> State:
    if result.amount == ZERO:
        return "reversed"
    return "available" if settled else "pending"


def _require_known_products(plan: Plan, scenario: Scenario) -> None:
    """A line of an unknown SKU is fine until a rule asks for its category or cost."""
    asked = any(rule.scope.categories or rule.base == "profit" for rule in plan.commission_rules)
    unknown = sorted(
        {line.sku for order in scenario.orders for line in order.paid.lines if line.sku not in scenario.catalogue}
    )
    if asked and unknown:
        names = ", ".join(unknown)
        zh = f"方案按类目或利润计算，但缺少这些 SKU：{names}"
        en = f"the plan asks for categories or profit, and these SKUs are missing: {names}"
        raise ScenarioRefused([Fault(None, "products", zh, en)])


def _read_as_of(value: str) -> datetime:
    try:
        return parse_instant(value)
    except ValueError:
        zh = '时间要写成 ISO 8601，例如 "2026-03-01T10:00:00+08:00"，不写时区时按上海时间'
        en = 'a time is ISO 8601, like "2026-03-01T10:00:00+08:00"; without an offset it is Shanghai\'s'
        raise ScenarioRefused([Fault(None, "as_of", zh, en)]) from None
