"""What of a plan the live path cannot carry out yet: it is evaluated, and not published.

    live_faults(plan) -> list[Fault]        # by line; empty where everything can be carried out

A part that the live path has learnt is taken out of here, and of nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.document import Fault
from domain.plan.commission import CommissionRule
from domain.plan.plan import Plan

LATER = ("可以试算，还不能发布：正式结算暂不支持", "can be evaluated and not be published yet: the live path has no")


def live_faults(plan: Plan) -> list[Fault]:
    return sorted(_faults(plan), key=lambda fault: fault.line or 0)


def _faults(plan: Plan) -> Iterator[Fault]:
    for number, rule in enumerate(plan.rules):
        if not isinstance(rule, CommissionRule):
            path = f"rules[{number}].kind"
            yield _fault(plan, path, rule.kind, path, f"规则类型 {rule.kind}", f"rules of kind {rule.kind}")


def _fault(plan: Plan, path: str, value: str, key: str, zh: str, en: str) -> Fault:
    return Fault(plan.lines.get((path, value)), key, f"{LATER[0]}{zh}", f"{LATER[1]} {en}")
