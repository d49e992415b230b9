"""What an award was computed from, as JSON values that are stored with it, and the way back to the fen.

    facts = facts_of(order, decision, state, result)        # of a commission; other kinds bring theirs
    amount_of(facts) == result.amount               # from the facts alone: no plan, no order, no other award

Units    `…_fen` in fen, `…_bp` in basis points, `qty` and `returned` in units
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from domain.commission import Decision, LineState, PaidLine, PaidOrder, RowResult, RowTerms, amounts
from domain.money import Money
from domain.plan import BONUSES, CommissionRule

Facts: TypeAlias = Mapping[str, Any]


def facts_of(order: PaidOrder, decision: Decision, state: LineState, result: RowResult) -> dict[str, Any]:
    """The facts of one row of one line.

    item           the product's name where the order has several lines, else None
    up             0 the seller, N upline-N
    unit_cost_fen  only for a base of profit, and None where it is unknown
    each_fen, per  of an amount; rate_bp of a rate; the other is None
    taken_fen      what earlier rows of the line got of the cap
    basis          only where a table gave the rate or the amount: what it was looked up by (RowTerms.basis)
    """
    line, terms = state.line, result.terms
    return {
        "kind": CommissionRule.kind,
        "order": order.no,
        "item": (line.name or line.sku) if len(order.lines) > 1 else None,
        "rule": terms.rule,
        "title": terms.title,
        "up": terms.up,
        "paid_fen": line.paid.fen,
        "refunded_fen": (line.paid - state.net).fen,
        "qty": line.qty,
        "returned": line.qty - state.units,
        "base": terms.base,
        "unit_cost_fen": _fen(line.unit_cost) if terms.base == "profit" else None,
        "rate_bp": terms.rate_bp,
        "each_fen": _fen(terms.amount),
        "per": terms.per,
        "max_share_bp": decision.max_share_bp,
        "taken_fen": result.taken.fen,
        "amount_fen": result.amount.fen,
        **({} if terms.basis is None else {"basis": dict(terms.basis)}),
    }


def amount_of(facts: Facts) -> Money:
    """The amount computed again from the facts of an explanation and nothing else, whatever the kind."""
    if facts["kind"] in BONUSES:
        return BONUSES[facts["kind"]].amount_of(facts)
    return result_of(facts).amount


def state_of(facts: Facts) -> LineState:
    """The line and what is left of it."""
    line = PaidLine(
        no=0,
        sku="",
        category=None,
        qty=facts["qty"],
        paid=Money(facts["paid_fen"]),
        unit_cost=_money(facts["unit_cost_fen"]),
    )
    return LineState(line, line.paid - Money(facts["refunded_fen"]), line.qty - facts["returned"])


def result_of(facts: Facts) -> RowResult:
    """The row's result, computed anew."""
    terms = RowTerms(
        line=0,
        rule=facts["rule"],
        title=facts["title"],
        row=0,
        to=None,
        up=facts["up"],
        base=facts["base"],
        rate_bp=facts["rate_bp"],
        amount=_money(facts["each_fen"]),
        per=facts["per"],
    )
    return amounts([terms], state_of(facts), facts["max_share_bp"], taken=Money(facts["taken_fen"]))[0]


def _fen(amount: Money | None) -> int | None:
    return None if amount is None else amount.fen


def _money(fen: int | None) -> Money | None:
    return None if fen is None else Money(fen)
