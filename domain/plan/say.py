"""A plan's parts in Chinese words, for people who compare or read plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.money import rate_text
from domain.plan.commission import CommissionRule, PayRow
from domain.plan.counts import Condition, Level, Steps, Table
from domain.plan.model import Scope, Terms
from domain.plan.reward import Reward, reward_of
from domain.plan.words import number

COUNT = {
    "orders": "订单数",
    "units": "件数",
    "sales": "销售额",
    "buyers": "顾客数",
    "recruits": "邀请人数",
    "team_size": "团队人数",
    "chain": "链动组数",
}
WINDOW = {"lifetime": "累计", "day": "每日", "week": "每周", "month": "每月"}
BASE = {"net": "实付金额", "profit": "利润"}
PER = {"unit": "每件", "line": "每行"}
ROLE = {"member": "分销员", "leader": "团长", "creator": "达人", "guide": "导购"}
OWN = {"none": "都不计佣", "seller": "照常计佣", "upline": "只计上级"}
TOUCH = {"last_touch": "最后一次点击", "first_touch": "第一次点击"}
YES = {True: "是", False: "否"}


def terms(found: Terms) -> dict[str, str]:
    days = found.attribution.window_days
    return {
        "归属规则": TOUCH[found.attribution.rule],
        "归属有效期": f" {days} 天" if days else "永久",
        "本人下单": OWN[found.own_orders],
        "售后期": f" {found.hold_days} 天",
        "单行佣金上限": f" {rate_text(found.max_share_bp)}",
        "只有会员计佣": YES[found.members_only],
    }


def seat(up: int) -> str:
    return {0: "出单人", 1: "上级"}.get(up, f"第 {up} 级上级")


def condition(when: Condition | None) -> str:
    if when is None:
        return "无条件"
    return f"{WINDOW[when.window]}{COUNT[when.of]}至少 {value(when.of, when.at_least)}"


def level(found: Level) -> str:
    return f"「{found.title}」（{condition(found.when)}）"


def scope(found: Scope) -> str:
    parts = [("类目 ", found.categories), ("SKU ", found.skus), ("除去 ", found.exclude)]
    return "，".join(f"{word}{'、'.join(sorted(names))}" for word, names in parts if names) or "全部商品"


def pay(row: PayRow, titles: Mapping[str, str] | None = None) -> str:
    """What a row pays: 「 10%」「每件 30.00 元」「按角色 团长 12%、其他 10%」. Levels have their `titles`, or ids."""
    if row.rate_bp is not None:
        said = f" {rate_text(row.rate_bp)}"
    elif row.amount is not None:
        said = f"{PER[row.per]} {row.amount.spoken} 元"
    elif row.rate_by is not None:
        said = _table(row.rate_by, rate_text, titles)
    elif row.amount_by is not None:
        said = PER[row.per] + _table(row.amount_by, lambda amount: f"{amount.spoken} 元", titles)
    else:
        raise ValueError("a row pays a rate or an amount")
    return said if row.condition is None else f"{said}（{condition(row.condition)}）"


def _table(table: Table[Any] | Steps[Any], worth: Callable[[Any], str], titles: Mapping[str, str] | None) -> str:
    if isinstance(table, Steps):
        steps = "、".join(f"{value(table.by, at)} 起 {worth(it)}" for at, it in table.steps)
        return f"按{WINDOW[table.window]}{COUNT[table.by]} {steps}"
    names = ROLE if table.by == "role" else titles or {}
    parts = [f"{names.get(name, name)} {worth(it)}" for name, it in table.entries]
    parts += [] if table.otherwise is None else [f"其他 {worth(table.otherwise)}"]
    return f"按{'角色' if table.by == 'role' else '等级'} {'、'.join(parts)}"


def reward(found: Reward) -> str:
    if found.kind == "cash":
        return f" {found.amount().spoken} 元"
    return f"计入实付的 {rate_text(found.value)}" if found.kind == "percent" else reward_of(found.data())


def commission(found: CommissionRule) -> str:
    """A commission rule on one line."""
    rows = "；".join(f"{seat(row.up)}{pay(row)}" for row in found.pay)
    return f"{scope(found.scope)}，按{BASE[found.base]}，{rows}"


def value(of: str, count: int) -> str:
    """A threshold: with its unit where it is money."""
    return f"{number(of, count)} 元" if of == "sales" else str(count)
