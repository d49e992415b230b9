"""A plan with its thresholds brought within reach of a probe: what it pays stays, when it pays it comes sooner.

A threshold says only how much is enough, and a probe asks whether something is paid at all. A reward for a thousand
recruits must not hide from a chain of twelve. Thresholds of one count keep their order: 10, 50, 100 become 1, 2, 3.

    within_reach(plan) -> Plan
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from domain.plan import CommissionRule, Condition, MilestoneRule, PayRow, Plan, Rule, Steps, Table, TeamRule
from domain.plan.commission import By

MOST_STEPS = 6  # of one count; where there are more, neighbours fall together
MOST_HEADS = 3
REACHED = 10  # so many recruits a star has anyway: milestones up to there are tried as they are
SALE_FEN = 10_000  # what one order of a probe adds to `sales`

T = TypeVar("T")
Map = Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Lowered:
    """`orders` and `heads` are how many orders, and how many people without sales, reach the highest threshold."""

    plan: Plan
    orders: int
    heads: int


def within_reach(plan: Plan) -> Lowered:
    asked = _ranked(_conditions(plan), MOST_STEPS)
    lower: dict[tuple[str, int], int] = {key: _reach(key[0], place) for key, place in asked.items()}
    orders = max((place for (of, _), place in asked.items() if of not in ("recruits", "team_size")), default=0)
    heads = max((place for (of, _), place in asked.items() if of in ("recruits", "team_size")), default=0)
    counted = _ranked(_milestones(plan), MOST_STEPS)
    milestones = {key: _reach_milestone(*key, place) for key, place in counted.items()}
    terms = replace(plan.terms, hold_days=0)
    levels = tuple(replace(level, when=_condition(level.when, lower)) for level in plan.levels)
    rules = tuple(_rule(rule, lower, milestones) for rule in plan.rules)
    return Lowered(Plan(plan.name, terms, rules, levels), orders, heads)


def _conditions(plan: Plan) -> Iterable[tuple[str, int]]:
    for level in plan.levels:
        if level.when is not None:
            yield level.when.of, level.when.at_least
    for row in (row for rule in plan.commission_rules for row in rule.pay):
        if row.condition is not None:
            yield row.condition.of, row.condition.at_least
        if isinstance(row.by, Steps):
            for at, _ in row.by.steps:
                yield row.by.by, at


def _milestones(plan: Plan) -> Iterable[tuple[str, int]]:
    for rule in plan.rules:
        if isinstance(rule, MilestoneRule):
            for at in rule.at or (rule.every,):
                yield rule.count.of, cast(int, at)


def _ranked(thresholds: Iterable[tuple[str, int]], most: int) -> dict[tuple[str, int], int]:
    """The place of each threshold above 0 among those of its count, from 1, never above `most` (heads: MOST_HEADS)."""
    found: dict[tuple[str, int], int] = {}
    there = sorted(set(thresholds))
    for of in sorted({of for of, _ in there}):
        limit = MOST_HEADS if of in ("recruits", "team_size") else most
        values = [at for name, at in there if name == of and at > 0]
        for place, at in enumerate(values, start=1):
            found[of, at] = place if len(values) <= limit else -(-place * limit // len(values))
    return found


def _reach(of: str, place: int) -> int:
    """In a probe everybody has one recruit who has one, so that counts of people begin above that."""
    return {"sales": place * SALE_FEN, "recruits": place + 1, "team_size": 2 * place + 1}.get(of, place)


def _reach_milestone(of: str, at: int, place: int) -> int:
    if of == "recruits":
        return at if at <= REACHED else place
    return place * SALE_FEN if of == "sales" else place


def _condition(when: Condition | None, lower: Map) -> Condition | None:
    return None if when is None else replace(when, at_least=lower.get((when.of, when.at_least), 0))


def _rule(rule: Rule, lower: Map, milestones: Map) -> Rule:
    if isinstance(rule, CommissionRule):
        return replace(rule, pay=tuple(_row(row, lower) for row in rule.pay))
    if isinstance(rule, MilestoneRule):
        every = None if rule.every is None else milestones[rule.count.of, rule.every]
        at = None if rule.at is None else tuple(sorted({milestones[rule.count.of, value] for value in rule.at}))
        return replace(rule, every=every, at=at)
    if isinstance(rule, TeamRule):
        steps = dict(zip(range(1, len(rule.steps) + 1), (rate for _, rate in rule.steps), strict=True))
        return replace(rule, steps=tuple(steps.items()))
    return rule


def _row(row: PayRow, lower: Map) -> PayRow:
    return replace(
        row,
        condition=_condition(row.condition, lower),
        rate_by=_table(row.rate_by, lower),
        amount_by=_table(row.amount_by, lower),
    )


def _table(by: By[T] | None, lower: Map) -> By[T] | None:
    if by is None or isinstance(by, Table):
        return by
    steps: dict[int, Any] = {lower.get((by.by, at), 0): worth for at, worth in by.steps}  # of equals the higher stays
    return replace(by, steps=tuple(sorted(steps.items())))
