"""The difference of two plans in words, for the one who has to decide: 「推广佣金：上级从 5% 降到 4%」.

    changes(old, new) -> list[Difference]       # empty where they mean the same

Rules are the same in both if their id is, as with versions; the k-th row for a seat is the same as the other's.

Source   plans.md §3, `flask plan diff`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from domain.money import rate_text
from domain.plan import say
from domain.plan.commission import CommissionRule, PayRow
from domain.plan.counts import Level, Table
from domain.plan.milestone import MilestoneRule
from domain.plan.model import Bonus, Rule
from domain.plan.plan import Plan
from domain.plan.team import TeamRule


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes, and for whom.

    seat   None where it is the same for all; else who sits there: 0 all who sell, N all with a downline so deep. What
           counts recruits or the team without himself concerns those who have invited somebody, 链动 those whose
           recruits have
    roles  only for distributors of these roles, where it concerns no others
    """

    text: str
    seat: int | None = None
    roles: frozenset[str] = frozenset()


def changes(old: Plan, new: Plan) -> list[Difference]:
    return [*_head(old, new), *_levels(old.levels, new.levels), *_rules(old, new)]


def _head(old: Plan, new: Plan) -> Iterator[Difference]:
    if old.name != new.name:
        yield Difference("名称" + _from(f"「{old.name}」", f"「{new.name}」"))
    before, after = say.terms(old.terms), say.terms(new.terms)
    for name, value in after.items():
        if before[name] != value:
            yield Difference(f"{name}{_from(before[name], value)}")


def _levels(old: tuple[Level, ...], new: tuple[Level, ...]) -> Iterator[Difference]:
    before, after = {level.id: level for level in old}, {level.id: level for level in new}
    for id_, level in before.items():
        if id_ not in after:
            yield Difference(f"取消等级「{level.title}」")
    for id_, level in after.items():
        if id_ not in before:
            yield Difference(f"新增等级「{level.title}」：{say.condition(level.when)}")
        elif before[id_].title != level.title:
            yield Difference(f"等级「{before[id_].title}」{_from(say.level(before[id_]), say.level(level))}")
        elif before[id_] != level:
            changed = _from(say.condition(before[id_].when), say.condition(level.when))
            yield Difference(f"等级「{level.title}」的条件{changed}")
    if _moved(list(before), list(after)):
        yield Difference("等级的高低顺序变了")


def _rules(old: Plan, new: Plan) -> Iterator[Difference]:
    before, after = {rule.id: rule for rule in old.rules}, {rule.id: rule for rule in new.rules}
    for id_, rule in before.items():
        if id_ not in after:
            yield Difference(f"取消规则「{rule.title}」（{rule.name}）", *_whom(rule))
    for id_, rule in after.items():
        if id_ not in before:
            yield Difference(f"新增规则「{rule.title}」（{rule.name}）：{_whole(rule)}", *_whom(rule))
        else:
            yield from _rule(before[id_], rule)
    if _moved([r.id for r in old.commission_rules], [r.id for r in new.commission_rules]):
        yield Difference("佣金规则的先后变了：每一行商品只用第一条适用的规则")


def _moved(before: list[str], after: list[str]) -> bool:
    """Whether what is in both stands in another order."""
    return [id_ for id_ in before if id_ in after] != [id_ for id_ in after if id_ in before]


def _rule(old: Rule, new: Rule) -> Iterator[Difference]:
    if old.title != new.title:
        yield Difference(f"规则「{old.title}」改名为「{new.title}」")
    if isinstance(old, CommissionRule) and isinstance(new, CommissionRule):
        yield from _commission(old, new)
    elif old.kind != new.kind:
        yield Difference(f"{new.title}：从{old.name}改为{new.name}：{_whole(new)}")
    else:
        before, after = cast(Bonus, old).parts(), cast(Bonus, new).parts()
        whom = _whom(new) if _whom(old) == _whom(new) else (None, frozenset())
        for name, value in after.items():
            if before.get(name) != value:
                yield Difference(f"{new.title}：{name}{_from(before.get(name, '不限'), value)}", *whom)
        for name in before.keys() - after.keys():
            yield Difference(f"{new.title}：{name}不再限制（原为{before[name]}）", *whom)


def _whom(rule: Rule) -> tuple[int | None, frozenset[str]]:
    """Whom a whole rule concerns: seat and roles of a Difference."""
    if isinstance(rule, CommissionRule):
        roles = [_roles(row) for row in rule.pay]
        return min(row.up for row in rule.pay), frozenset[str]().union(*roles) if all(roles) else frozenset()
    if isinstance(rule, MilestoneRule) and rule.count.of_people:
        return (2 if rule.count.of == "chain" else 1), frozenset()
    if isinstance(rule, TeamRule) and not rule.own:
        return 1, frozenset()
    return None, frozenset()


def _whole(rule: Rule) -> str:
    """A rule on one line."""
    if isinstance(rule, CommissionRule):
        return say.commission(rule)
    return "，".join(f"{name}{value}" for name, value in cast(Bonus, rule).parts().items())


def _commission(old: CommissionRule, new: CommissionRule) -> Iterator[Difference]:
    if old.scope != new.scope:
        yield Difference(f"{new.title}：适用范围{_from(say.scope(old.scope), say.scope(new.scope))}")
    if old.base != new.base:
        yield Difference(f"{new.title}：计算基数{_from(say.BASE[old.base], say.BASE[new.base])}")
    before, after = _seats(old), _seats(new)
    for seat, row in before.items():
        if seat not in after:
            yield Difference(f"{new.title}：{say.seat(row.up)}不再有{say.pay(row)}", row.up, _roles(row))
    for seat, row in after.items():
        if seat not in before:
            yield Difference(f"{new.title}：{say.seat(row.up)}新增{say.pay(row)}", row.up, _roles(row))
        elif before[seat] != row:
            yield Difference(f"{new.title}：{_row(before[seat], row)}", row.up, _roles(row, before[seat]))
    if _moved([f"{seat}" for seat in before], [f"{seat}" for seat in after]):
        yield Difference(f"{new.title}：各行的先后变了，到上限时后面的先被削减")


def _from(old: str, new: str) -> str:
    """「从 5% 改为每件 3.00 元」: Chinese and digits are set apart."""
    old, new = old.strip(), new.strip()
    before, after, last = (" " if edge.isascii() else "" for edge in (old[:1], old[-1:], new[:1]))
    return f"从{before}{old}{after}改为{last}{new}"


def _seats(rule: CommissionRule) -> dict[tuple[int, int], PayRow]:
    """The rows by seat and by how many of that seat came before."""
    seen: Counter[int] = Counter()
    found = {}
    for row in rule.pay:
        found[row.up, seen[row.up]] = row
        seen[row.up] += 1
    return found


def _row(old: PayRow, new: PayRow) -> str:
    who = say.seat(new.up)
    if old.condition == new.condition:
        if old.rate_bp is not None and new.rate_bp is not None:
            verb = "降到" if new.rate_bp < old.rate_bp else "升到"
            return f"{who}从 {rate_text(old.rate_bp)} {verb} {rate_text(new.rate_bp)}"
        if old.amount is not None and new.amount is not None and old.per == new.per:
            verb = "降到" if new.amount < old.amount else "升到"
            return f"{who}从{say.PER[old.per]} {old.amount.spoken} 元{verb} {new.amount.spoken} 元"
        if entries := _entries(old, new):
            return f"{who}{entries}"
    return f"{who}{_from(say.pay(old), say.pay(new))}"


def _entries(old: PayRow, new: PayRow) -> str | None:
    """Of two tables that are looked up by the same thing only what differs: 「按角色 团长从 12% 降到 10%」."""
    before, after = _table(old), _table(new)
    if before is None or after is None or before[0] != after[0] or (old.amount_by and old.per != new.per):
        return None
    parts = []
    for name in {**before[1], **after[1]}:
        was, now = before[1].get(name), after[1].get(name)
        if was is None or now is None:
            parts += [f"{name}新增 {now[1]}" if now else f"{name}不再有"]
        elif was != now:
            parts += [f"{name}从 {was[1]} {'降到' if now[0] < was[0] else '升到'} {now[1]}"]
    return f"{before[0]} {'、'.join(parts)}"


def _table(row: PayRow) -> tuple[str, dict[str, tuple[int, str]]] | None:
    """What a row's table is looked up by, and its entries by name: each to compare and to say."""
    if row.rate_by is not None:
        return say.looked_up(row.rate_by), {
            name: (rate_bp, rate_text(rate_bp)) for name, rate_bp in say.entries(row.rate_by)
        }
    if row.amount_by is not None:
        by = f"{say.PER[row.per]}{say.looked_up(row.amount_by)}"
        return by, {name: (amount.fen, f"{amount.spoken} 元") for name, amount in say.entries(row.amount_by)}
    return None


def _roles(*rows: PayRow) -> frozenset[str]:
    """The roles whose entries differ (of one row: that it names); none where others are concerned as well."""
    tables = [row.by for row in rows]
    found: set[str] = set()
    for table in tables:
        if not isinstance(table, Table) or table.by != "role" or table.otherwise is not None:
            return frozenset()
        found |= {name for name, _ in table.entries}
    if len(rows) == 2:
        same = {n for n in found if len({t.value(n) for t in tables if isinstance(t, Table)}) == 1}
        found -= same if rows[0].condition == rows[1].condition and rows[0].per == rows[1].per else set()
    return frozenset(found)
