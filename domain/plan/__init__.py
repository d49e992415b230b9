"""The plan document (分销方案): parsed, validated, immutable. What each key means is in plans.md §2.

    plan = parse(text)                     # form only; PlanRefused names line, key and what is allowed
    check_against(plan, catalogue)         # the SKUs and categories that it names; PlanRefused likewise
    canonical(plan), digest(plan)          # one JSON text and its SHA-256; parse(canonical(plan)) == plan

Units    rates are basis points, amounts Money, hold_days days of 24 hours
Raises   PlanRefused with `faults`: line, key, zh, en
"""

from domain.document import Fault
from domain.plan.model import Attribution, CommissionRule, PayRow, Plan, Rule, Scope, Terms, seat
from domain.plan.parse import (
    Catalogue,
    PlanRefused,
    Product,
    canonical,
    check_against,
    digest,
    parse,
)

__all__ = [
    "Attribution",
    "Catalogue",
    "CommissionRule",
    "Fault",
    "PayRow",
    "Plan",
    "PlanRefused",
    "Product",
    "Rule",
    "Scope",
    "Terms",
    "canonical",
    "check_against",
    "digest",
    "parse",
    "seat",
]
