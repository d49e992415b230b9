"""Two plans compared, in words a merchant can decide by."""

from pathlib import Path

import pytest

from domain.plan import changes, parse

PRESETS = Path(__file__).parents[2] / "assets" / "plans"
BASE = """name: 甲
rules:
  - {id: a, kind: commission, title: 推广佣金, pay: [{to: seller, rate: 10%}, {to: upline-1, rate: 5%}]}
  - {id: b, kind: commission, title: 礼盒, scope: {skus: [BOX]}, pay: [{to: seller, amount: "3.00"}]}
  - {id: m, kind: milestone, title: 首单奖励, count: {of: orders}, at: [1], reward: {cash: "10.00"}}
  - {id: t, kind: team, title: 团队分红, window: month, depth: 2, steps: {"100.00": 2%}}
  - {id: r, kind: ranking, title: 周冲刺, window: week, by: sales, prizes: [{cash: "100.00"}, {gift: 水杯}]}
  - {id: k, kind: task, title: 发图文, evidence: text, reward: {points: 5}}
"""
LEVELS = "levels: [{id: s, title: 银, when: {of: orders, at_least: 20}}]\n"


def told(old: str, new: str) -> list[str]:
    return [difference.text for difference in changes(parse(old), parse(new))]


EDITS = {
    "a lower rate": ("upline-1, rate: 5%", "upline-1, rate: 4%", ["推广佣金：上级从 5% 降到 4%"]),
    "a higher rate": ("seller, rate: 10%", "seller, rate: 12.5%", ["推广佣金：出单人从 10% 升到 12.5%"]),
    "a higher amount": ('"3.00"', '"3.50"', ["礼盒：出单人从每件 3.00 元升到 3.50 元"]),
    "once for each line": ('"3.00"}', '"3.00", per: line}', ["礼盒：出单人从每件 3.00 元改为每行 3.00 元"]),
    "a row that goes": (", {to: upline-1, rate: 5%}", "", ["推广佣金：上级不再有 5%"]),
    "a row that comes": ("rate: 5%}]", "rate: 5%}, {to: upline-2, rate: 1%}]", ["推广佣金：第 2 级上级新增 1%"]),
    "rows that change places": (
        "[{to: seller, rate: 10%}, {to: upline-1, rate: 5%}]",
        "[{to: upline-1, rate: 5%}, {to: seller, rate: 10%}]",
        ["推广佣金：各行的先后变了，到上限时后面的先被削减"],
    ),
    "a condition": (
        "rate: 5%}",
        "rate: 5%, if: {of: orders, window: month, at_least: 1}}",
        ["推广佣金：上级从 5% 改为 5%（每月订单数至少 1）"],
    ),
    "steps": (
        "seller, rate: 10%",
        'seller, rate: {by: sales, steps: {"100.00": 10%, "500.00": 20%}}',
        ["推广佣金：出单人从 10% 改为按累计销售额 100.00 元 起 10%、500.00 元 起 20%"],
    ),
    "by role": (
        "seller, rate: 10%",
        "seller, rate: {by: role, table: {leader: 12%}, else: 10%}",
        ["推广佣金：出单人从 10% 改为按角色 团长 12%、其他 10%"],
    ),
    "a scope": ("{skus: [BOX]}", "{categories: [礼盒]}", ["礼盒：适用范围从 SKU BOX 改为类目 礼盒"]),
    "a base": ("title: 礼盒,", "title: 礼盒, base: profit,", ["礼盒：计算基数从实付金额改为利润"]),
    "a title": ("title: 礼盒", "title: 礼盒佣金", ["规则「礼盒」改名为「礼盒佣金」"]),
    "a threshold": ("at: [1]", "every: 3", ["首单奖励：门槛从 1 改为每 3"]),
    "a limit": ("at: [1],", "at: [1], limit: 1,", ["首单奖励：次数上限从不限改为 1 次"]),
    "a reward": ('{cash: "10.00"}', "{coupon: X}", ["首单奖励：奖励从 10.00 元改为优惠券 X"]),
    "a step of the team": (
        "2%}}",
        '2%, "900.00": 3%}}',
        ["团队分红：分红比例从 100.00 元起 2% 改为 100.00 元起 2%、900.00 元起 3%"],
    ),
    "a prize": (
        '"100.00"}, {gift',
        '"90.00"}, {gift',
        ["周冲刺：奖品从第 1 名 100.00 元、第 2 名赠品「水杯」改为第 1 名 90.00 元、第 2 名赠品「水杯」"],
    ),
    "a task": ("evidence: text", "evidence: screenshot", ["发图文：证明从文字改为截图"]),
    "another kind": (
        "{id: k, kind: task, title: 发图文, evidence: text, reward: {points: 5}}",
        "{id: k, kind: milestone, title: 发图文, count: {of: buyers}, every: 3, limit: 2, reward: {points: 5}}",
        ["发图文：从任务奖励改为达标奖励：计数累计顾客数，门槛 每 3，适用范围全部商品，次数上限 2 次，奖励积分 5 分"],
    ),
    "a name": ("name: 甲", "name: 乙", ["名称从「甲」改为「乙」"]),
    "terms": (
        "name: 甲\n",
        "name: 甲\nterms: {hold_days: 15, max_share: 20%}\n",
        ["售后期从 7 天改为 15 天", "单行佣金上限从 50% 改为 20%"],
    ),
    "levels": ("name: 甲\n", f"name: 甲\n{LEVELS}", ["新增等级「银」：累计订单数至少 20"]),
    "comments and defaults": ("name: 甲\n", "# 注\nname: 甲\nterms: {hold_days: 7}\n", []),
}


@pytest.mark.parametrize(("old", "new", "words"), EDITS.values(), ids=EDITS)
def test_a_change_is_told_in_words(old: str, new: str, words: list[str]) -> None:
    assert old in BASE
    assert told(BASE, BASE.replace(old, new)) == words


def test_levels_that_change_and_go_are_told() -> None:
    text = BASE.replace("name: 甲\n", f"name: 甲\n{LEVELS}")
    assert told(text, text.replace("at_least: 20", "at_least: 10")) == [
        "等级「银」的条件从累计订单数至少 20 改为累计订单数至少 10"
    ]
    assert told(text, text.replace("title: 银", "title: 银牌")) == [
        "等级「银」从「银」（累计订单数至少 20）改为「银牌」（累计订单数至少 20）"
    ]
    assert told(text, BASE) == ["取消等级「银」"]


TABLES = {
    "a rate of a role": (
        "{by: role, table: {leader: 12%, creator: 15%}, else: 5%}",
        "{by: role, table: {leader: 10%, creator: 15%}, else: 6%}",
        "按角色 团长从 12% 降到 10%、其他从 5% 升到 6%",
    ),
    "a role that comes and one that goes": (
        "{by: role, table: {leader: 12%, guide: 1%}}",
        "{by: role, table: {leader: 12%, creator: 15%}}",
        "按角色 导购不再有、达人新增 15%",
    ),
    "a step": (
        "{by: orders, steps: {10: 10%, 50: 15%}}",
        "{by: orders, steps: {10: 8%, 60: 15%}}",
        "按累计订单数 10 起从 10% 降到 8%、50 起不再有、60 起新增 15%",
    ),
    "another count": (
        "{by: orders, steps: {10: 10%}}",
        "{by: orders, window: month, steps: {10: 10%}}",
        "从按累计订单数 10 起 10% 改为按每月订单数 10 起 10%",
    ),
    "a plain rate": ("{by: role, table: {leader: 12%}}", "9%", "从按角色 团长 12% 改为 9%"),
}


@pytest.mark.parametrize(("old", "new", "words"), TABLES.values(), ids=TABLES)
def test_of_a_table_only_what_differs_is_told(old: str, new: str, words: str) -> None:
    rule = "name: x\nrules:\n  - {id: a, kind: commission, title: 佣金, pay: [{to: upline-1, rate: %s}]}\n"
    assert told(rule.replace("%s", old), rule.replace("%s", new)) == [f"佣金：上级{words}"]


WHOM = {
    "a rule for those above": (
        "kind: commission, title: t, pay: [{to: upline-2, rate: 1%}, {to: upline-1, rate: 1%}]", 1, []
    ),
    "a rule for one role": (
        "kind: commission, title: t, pay: [{to: seller, rate: {by: role, table: {leader: 1%}}}]", 0, ["leader"]
    ),
    "own orders": ("kind: milestone, title: t, count: {of: orders}, every: 3, reward: {points: 1}", None, []),
    "recruits": ("kind: milestone, title: t, count: {of: recruits}, every: 3, reward: {points: 1}", 1, []),
    "pairs of recruits": ("kind: milestone, title: t, count: {of: chain}, every: 1, reward: {points: 1}", 2, []),
    "the team without himself": (
        'kind: team, title: t, window: month, depth: 1, own: false, steps: {"1.00": 1%}', 1, []
    ),
    "the team with himself": ('kind: team, title: t, window: month, depth: 1, steps: {"1.00": 1%}', None, []),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "seat", "roles"), WHOM.values(), ids=WHOM)
def test_a_rule_that_comes_or_goes_concerns_those_who_can_earn_by_it(
    rule: str, seat: int | None, roles: list[str]
) -> None:
    without = "name: x\nrules: []\n"
    with_it = f"name: x\nrules:\n  - {{id: a, {rule}}}\n"
    for old, new in ((without, with_it), (with_it, without)):
        (difference,) = changes(parse(old), parse(new))
        assert (difference.seat, sorted(difference.roles)) == (seat, roles)


def test_rules_that_come_go_and_change_places_are_told() -> None:
    lines = BASE.splitlines(keepends=True)
    without = "".join(line for line in lines if "id: b" not in line)
    assert told(BASE, without) == ["取消规则「礼盒」（佣金）"]
    assert told(without, BASE) == ["新增规则「礼盒」（佣金）：SKU BOX，按实付金额，出单人每件 3.00 元"]
    moved = "".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    assert told(BASE, moved) == ["佣金规则的先后变了：每一行商品只用第一条适用的规则"]


def test_a_change_names_whom_it_concerns() -> None:
    old, new = BASE, BASE.replace("upline-1, rate: 5%", "upline-1, rate: 4%")
    (difference,) = changes(parse(old), parse(new))
    assert (difference.seat, difference.roles) == (1, frozenset())
    pay = "[{to: seller, rate: {by: role, table: {%s}}}]"
    rule = f"name: x\nrules:\n  - {{id: a, kind: commission, title: t, pay: {pay}}}\n"
    (difference,) = changes(parse(rule % "leader: 1%, creator: 2%"), parse(rule % "leader: 1%, creator: 3%"))
    assert difference.roles == {"creator"}
    with_else = (rule % "leader: 1%").replace("1%}}", "1%}, else: 2%}")
    (difference,) = changes(parse(rule % "leader: 1%"), parse(with_else))
    assert difference.roles == frozenset()


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_can_be_compared_with_every_part_of_a_plan(path: Path) -> None:
    preset = path.read_text(encoding="utf-8")
    assert told(preset, preset) == []
    assert told(BASE, preset)
    assert told(preset, BASE)
