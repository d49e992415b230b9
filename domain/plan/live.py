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
    for number, level in enumerate(plan.levels):
        yield _fault(plan, f"levels[{number}].id", level.id, "levels", "分销员等级（levels）", "levels")
    for number, rule in enumerate(plan.rules):
        if not isinstance(rule, CommissionRule):
            continue
        for place, row in enumerate(rule.pay):
            path = f"rules[{number}].pay[{place}]"
            if row.by is not None:
                key = f"{path}.{'rate' if row.is_rate else 'amount'}"
                yield _fault(plan, f"{key}.by", row.by.by, key, f"按 {row.by.by} 的表（by）", "tables (by)")
            if row.condition is not None:
                key = f"{path}.if"
                yield _fault(plan, f"{key}.of", row.condition.of, key, "条件（if）", "conditions (if)")


def _fault(plan: Plan, path: str, value: str, key: str, zh: str, en: str) -> Fault:
    return Fault(plan.lines.get((path, value)), key, f"{LATER[0]}{zh}", f"{LATER[1]} {en}")
