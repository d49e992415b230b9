"""The pure function: a plan and a scenario in, every award and every skip out.

    evaluate(plan, scenario, as_of) -> Evaluation(awards, skips)
    evaluate_files(plan_text, scenario_text, as_of_text) -> {"awards": […], "skips": […]}

Commission: each order goes through the calls of domain.commission, as on the live path when the facts arrive, and
nothing is booked: what every row was worth after the payment and after each refund is kept, and the last is told.
Every other rule looks at the whole history by itself (domain.plan.kinds).

Raises   PlanRefused, ScenarioRefused
Source   plans.md §3
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.commission import Decision, RowResult, RowTerms, amounts, decide
from domain.document import Fault, parse_instant
from domain.explanation import facts_of
from domain.history import Happening, History, Sale
from domain.money import ZERO
from domain.outcome import Award, Skip, State
from domain.plan import Plan, TeamRule, check_against, parse
from domain.results import Running, windows_of
from domain.sale import course_of, line_state, order_settles, settled_at
from domain.scenario import Order, Scenario, ScenarioRefused, parse_scenario
from domain.why import why

# Where no `as_of` is told everything has happened: every fact is known and every order that can settle has.
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Commission by moment of payment, then seller, order, line, rule and row; then the other rules in their order."""

    awards: tuple[Award, ...]
    skips: tuple[Skip, ...]

    def data(self) -> dict[str, Any]:
        awards = [award.data() | {"why": why(award.facts)} for award in self.awards]
        return {"awards": awards, "skips": [skip.data() for skip in self.skips]}


def evaluate_files(plan_text: str, scenario_text: str, as_of: str | None = None) -> dict[str, Any]:
    """What `flask plan evaluate` prints, of the texts of its files; without `as_of` everything has happened."""
    plan, scenario = parse(plan_text), parse_scenario(scenario_text)
    return evaluate(plan, scenario, END_OF_TIME if as_of is None else _read_as_of(as_of)).data()


def evaluate(plan: Plan, scenario: Scenario, as_of: datetime) -> Evaluation:
    """Everything the plan gives by `as_of`, that moment included; what happens later is unknown."""
    check_against(plan, scenario.catalogue)
    _require_known_products(plan, scenario)
    history = history_of(plan, scenario)
    found = [outcome for sale, decision in _decided(plan, history, as_of) for outcome in _paid(sale, decision, as_of)]
    found += [outcome for rule in plan.bonuses for outcome in rule.outcomes(history, as_of)]
    return Evaluation(
        awards=tuple(outcome for outcome in found if isinstance(outcome, Award)),
        skips=tuple(outcome for outcome in found if isinstance(outcome, Skip)),
    )


# ---------------------------------------------------------------------------------------------------------------
# The facts


def history_of(plan: Plan, scenario: Scenario) -> History:
    """A scenario as the plan's terms see it: when orders settle, and which count."""
    most = max([row.up for rule in plan.commission_rules for row in rule.pay] + [_depth(plan)])
    return History(
        terms=plan.terms,
        people=scenario.distributors,
        sales=tuple(_sale(plan, scenario, order, most) for order in scenario.orders),
    )


def _depth(plan: Plan) -> int:
    return max((rule.depth for rule in plan.rules if isinstance(rule, TeamRule)), default=0)


def _sale(plan: Plan, scenario: Scenario, order: Order, most: int) -> Sale:
    chain = tuple(scenario.people(order.paid, most))
    own_purchase = order.paid.buyer_distributor is not None and order.paid.buyer_distributor == order.paid.seller
    return Sale(
        order=order.paid,
        buyer=order.buyer,
        chain=chain,
        course=tuple(course_of(order.paid, order.refunds)),
        settles_at=_settles_at(order, plan.terms.hold_days),
        counts=bool(chain) and not (own_purchase and plan.terms.own_orders != "seller"),
    )


def _settles_at(order: Order, hold_days: int) -> datetime | None:
    """The end of the hold days, if something is left then; refunds of that moment come before."""
    if order.completed_at is None:
        return None
    due = settled_at(order.completed_at, hold_days)
    refunds = [refund for refund in order.refunds if refund.at <= due]
    return due if order_settles(line_state(line, refunds) for line in order.paid.lines) else None


# ---------------------------------------------------------------------------------------------------------------
# Commission


def _decided(plan: Plan, history: History, as_of: datetime) -> Iterator[tuple[Sale, Decision]]:
    """What each payment decided, with the counts as they were then."""
    windows = windows_of(plan)
    if not windows:
        for sale in history.sales:
            if sale.paid_at <= as_of:
                yield sale, decide(plan, sale.order, sale.chain)
        return
    results = Running(history, windows)
    for change in history.changes(as_of):
        if change.sale is None:
            continue  # a joining: who has joined is seen when somebody asks
        if change.what is Happening.REFUND:
            results.refunded(change.sale, change.at)
        elif change.what is Happening.SETTLEMENT:
            results.settles(change.sale, change.at)
        else:
            with results.paying(change.sale):
                yield change.sale, decide(plan, change.sale.order, change.sale.chain, results)


def _paid(sale: Sale, decision: Decision, as_of: datetime) -> Iterator[Award | Skip]:
    """The skips of an order, its awards as they stand, and a skip `capped` where the cap cuts them."""
    for row in decision.skips:
        if row.reason is not None:
            yield Skip(row.rule, row.to, row.as_, sale.no, row.line, None, row.reason)
    settled = sale.settles_at is not None and sale.settles_at <= as_of
    # What was paid comes first even where it was refunded in the same instant: the award was told, so it is listed.
    at_payment = tuple(line_state(line, ()) for line in sale.order.lines)
    course = [at_payment, *(states for since, states in sale.course if since <= as_of)]
    for line in sale.order.lines:
        payable = decision.payable(line.no)
        worth = [amounts(payable, states[line.no], decision.max_share_bp) for states in course]
        for moments in zip(*worth, strict=True):
            now = moments[-1]
            if any(moment.amount > ZERO for moment in moments):
                yield _award(sale, now, _state(now, settled), facts_of(sale.order, decision, course[-1][line.no], now))
            if now.capped:
                terms = now.terms
                yield Skip(terms.rule, terms.to, terms.as_, sale.no, terms.line, None, "capped")


def _award(sale: Sale, result: RowResult, state: State, facts: dict[str, Any]) -> Award:
    terms: RowTerms = result.terms
    assert terms.to is not None  # noqa: S101 - a row that pays has a payee
    return Award(
        rule=terms.rule,
        to=terms.to,
        as_=terms.as_,
        order=sale.no,
        line=terms.line,
        window=None,
        n=None,
        amount=result.amount,
        state=state,
        facts=facts,
        base=result.base,
        rate_bp=terms.rate_bp,
    )


def _state(result: RowResult, settled: bool) -> State:
    if result.amount == ZERO:
        return "reversed"
    return "available" if settled else "pending"


# ---------------------------------------------------------------------------------------------------------------
# What the files lack


def _require_known_products(plan: Plan, scenario: Scenario) -> None:
    """A line of an unknown SKU is fine until a rule asks for its category or cost."""
    profit = any(rule.base == "profit" for rule in plan.commission_rules)
    asked = profit or any(rule.scope.categories for rule in plan.rules)
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
