"""A plan as a distributor reads it, a line for each thing he can earn: 「推广佣金：水果，你推广成交，得实付的 10%」.

told(plan, {"PACK": "Python 编程课"}) -> list[str]        # products by name, where there is one
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from domain.money import rate_text
from domain.plan import say
from domain.plan.commission import CommissionRule, PayRow
from domain.plan.counts import Condition, Steps, Table
from domain.plan.model import Scope
from domain.plan.plan import Plan
from domain.plan.words import IN_WINDOW, MET, number

EVERYTHING = "全部商品"
WHO = {0: "你推广成交，", 1: "你邀请的人成交，你"}
BASE = {"net": "实付", "profit": "利润"}
PER = {"unit": "每件", "line": "每单"}


def told(plan: Plan, names: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Levels first, then the rules in their order."""
    lines = [_levels(plan)] if plan.levels else []
    bonuses = {rule.id: rule for rule in plan.bonuses}
    for rule in plan.rules:
        of = scope(rule.scope, names)
        if isinstance(rule, CommissionRule):
            lines += [f"{rule.title}：{of or EVERYTHING}，{_row(plan, rule, row)}" for row in rule.pay]
        else:
            lines.append(f"{rule.title}：{bonuses[rule.id].told(of)}")
    return lines


def scope(found: Scope, names: Mapping[str, str]) -> str:
    """「水果、礼盒（四季鲜果礼盒除外）」; empty for everything."""
    if found == Scope():
        return ""
    of = "、".join([*sorted(found.categories), *(names.get(sku, sku) for sku in sorted(found.skus))]) or EVERYTHING
    without = "、".join(names.get(sku, sku) for sku in sorted(found.exclude))
    return f"{of}（{without}除外）" if without else of


def condition(when: Condition) -> str:
    """「本月满 10 单」, of what has been settled."""
    return IN_WINDOW[when.window] + MET[when.of].format(value=number(when.of, when.at_least))


def _levels(plan: Plan) -> str:
    each = [f"{level.title}（{condition(level.when)}）" if level.when else level.title for level in plan.levels]
    return f"分销员等级：{'、'.join(each)}，按已结算的订单计"


def _row(plan: Plan, rule: CommissionRule, row: PayRow) -> str:
    who = WHO.get(row.up, f"你的第 {row.up} 级成员成交，你")
    said = f"{who}{_pays(plan, rule, row)}"
    return said if row.condition is None else f"{said}（条件：你{condition(row.condition)}已结算）"


def _pays(plan: Plan, rule: CommissionRule, row: PayRow) -> str:
    if row.rate_bp is not None:
        return f"得{BASE[rule.base]}的 {rate_text(row.rate_bp)}"
    if row.amount is not None:
        return f"{PER[row.per]}得 {row.amount.spoken} 元"
    if row.rate_by is not None:
        return f"得{BASE[rule.base]}的 " + "、".join(_table(plan, row.rate_by, rate_text))
    assert row.amount_by is not None  # noqa: S101 - a row pays one of the four
    return f"{PER[row.per]}得 " + "、".join(_table(plan, row.amount_by, lambda amount: f"{amount.spoken} 元"))


def _table(plan: Plan, table: Table[Any] | Steps[Any], worth: Callable[[Any], str]) -> Iterator[str]:
    if isinstance(table, Steps):
        for at, value in table.steps:
            yield f"{worth(value)}（{IN_WINDOW[table.window]}{MET[table.by].format(value=number(table.by, at))}）"
        return
    titles = say.ROLE if table.by == "role" else {level.id: level.title for level in plan.levels}
    for name, value in table.entries:
        yield f"{worth(value)}（{titles.get(name, name)}）"
    if table.otherwise is not None:
        yield f"{worth(table.otherwise)}（其他）"
