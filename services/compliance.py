"""The compliance check at work: with what the database knows, and as the gate that every publication passes.

    findings = check(plan, live(session, context))
    passed = gate(session, plan, context, ticks=["TP-1"], now=now)

Raises   NotPublishable with the findings: `plan.blocked`, `plan.override_needed`, `plan.ticks_needed`
Source   compliance.md §1
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import compliance
from domain import plan as documents
from domain.compliance import Context, Finding, Goods, of_severity
from domain.errors import DomainError
from domain.plan import Plan
from models.order import Product
from services import override
from services.coupon import campaign

_KEPT = 64


class NotPublishable(DomainError):
    """What stands in the way; `findings` are all that were found, `rule_ids` those that hinder."""

    code = "plan.blocked"

    def __init__(self, findings: Sequence[Finding], hindering: Sequence[Finding]) -> None:
        self.findings, self.hindering = list(findings), list(hindering)
        self.rule_ids = [finding.rule_id for finding in hindering]
        super().__init__(rule_ids=self.rule_ids)


class OverrideNeeded(NotPublishable):
    code = "plan.override_needed"


class TicksNeeded(NotPublishable):
    code = "plan.ticks_needed"


@dataclass(frozen=True, slots=True)
class Passed:
    """What was found, and what lets it through: record numbers, and until when they hold (None: without end)."""

    findings: tuple[Finding, ...]
    overrides: tuple[int, ...] = ()
    good_until: datetime | None = None


def live(session: Session, context: Context) -> Context:
    """The context with the catalogue's prices and costs and what coupons are worth, where it does not tell them."""
    told = {goods.sku for goods in context.products}
    rows = session.execute(select(Product.sku, Product.category, Product.price, Product.cost).order_by(Product.sku))
    known = (Goods(row.sku, row.category, row.price, row.cost) for row in rows if row.sku not in told)
    worth = {key: off for key, off in campaign.worths(session).items() if key not in context.coupons}
    return replace(context, products=(*context.products, *known), coupons={**context.coupons, **worth})


def check(plan: Plan, context: Context) -> list[Finding]:
    """The findings; computed once per process for one plan in one context, as they are the same every time."""
    key = documents.digest(plan), compliance.canonical_context(context)
    with _lock:
        found = _found.get(key)
    if found is None:
        found = tuple(compliance.check(plan, context))
        with _lock:
            if len(_found) >= _KEPT:
                _found.clear()
            _found[key] = found
    return list(found)


_found: dict[tuple[str, str], tuple[Finding, ...]] = {}
_lock = Lock()


def gate(session: Session, plan: Plan, context: Context, *, ticks: Collection[str], now: datetime) -> Passed:
    """Let a plan through, or say what stands in its way. Nothing helps against a BLOCK."""
    findings = check(plan, live(session, context))
    if blocked := of_severity(findings, "BLOCK"):
        raise NotPublishable(findings, blocked)
    records = []
    if serious := of_severity(findings, "OVERRIDE"):
        records = override.holding(session, documents.digest(plan), findings, now)
        if not records:
            raise OverrideNeeded(findings, serious)
    if unticked := [finding for finding in of_severity(findings, "WARN") if finding.rule_id not in ticks]:
        raise TicksNeeded(findings, unticked)
    last = max(records, key=lambda row: row.valid_until, default=None)
    if last is None:
        return Passed(tuple(findings))
    return Passed(tuple(findings), (last.id,), last.valid_until)
