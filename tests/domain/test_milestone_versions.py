"""Milestones where the plan changed on the way (plans.md §3, Versions): who is paid what by which version."""

from __future__ import annotations

from datetime import datetime

from domain.evaluation import END_OF_TIME, history_of
from domain.milestones import Version, Walk
from domain.plan import MilestoneRule, parse
from domain.scenario import parse_scenario
from tests.domain.stories import Story, ruled

CASH, MORE = 'reward: {cash: "10.00"}', 'reward: {cash: "20.00"}'


def paid(story: Story, *versions: tuple[str, str | None], as_of: datetime = END_OF_TIME) -> list[tuple[str, int, str]]:
    """What A gets under versions that start on days: (order or who joined, n, amount)."""
    found: list[Version] = []
    for day, rule in versions:
        plan = parse(ruled(f"id: m, kind: milestone, {rule}").plan) if rule else None
        made = plan.rules[0] if plan else None
        assert made is None or isinstance(made, MilestoneRule)
        starts_at = datetime.fromisoformat(f"2026-{day}T00:00:00+08:00")
        found.append(Version(starts_at, (plan or parse(story.plan)).terms, made))
    history = history_of(parse(story.plan), parse_scenario(story.scenario()))
    decisions = [one for one in Walk(found, history).decisions(as_of) if one.key[0] == "A" and one.reason is None]
    awards = [one.rule.award(one) for one in decisions]
    return [(str(award.order or award.facts["joined"]), award.n or 0, award.amount.yuan) for award in awards]


def sells(times: int, **more: str) -> Story:
    """A story in which A sells O1 on the 1st of March, O2 on the 2nd, …; what is completed is settled."""
    story = ruled("id: m, kind: milestone, count: {of: orders}, every: 1, " + CASH, **more)
    for day in range(1, times + 1):
        story.sold(f"O{day}", "A", at=f"2026-03-{day:02d}")
    return story


def test_the_same_rule_in_a_new_version_goes_on_counting() -> None:
    rule = "count: {of: orders}, every: 2, " + CASH
    assert paid(sells(5), ("02-01", rule), ("03-04", rule)) == [("O2", 1, "10.00"), ("O4", 2, "10.00")]


def test_the_version_of_the_order_that_reaches_it_says_how_much() -> None:
    old, new = (f"count: {{of: orders}}, every: 2, {reward}" for reward in (CASH, MORE))
    assert paid(sells(4), ("02-01", old), ("03-04", new)) == [("O2", 1, "10.00"), ("O4", 2, "20.00")]


def test_an_order_that_settles_after_a_new_version_is_decided_by_its_own() -> None:
    old, new = (f"count: {{of: orders}}, at: [1], {reward}" for reward in (CASH, MORE))
    story = sells(0).sold("O1", "A", at="2026-03-01", completed_at="2026-03-09T12:00:00+08:00")
    assert paid(story, ("02-01", old), ("03-05", new)) == [("O1", 1, "10.00")]


def test_what_was_passed_before_the_rule_came_into_force_is_not_paid() -> None:
    rule = "count: {of: orders}, every: 2, " + CASH
    assert paid(sells(6), ("02-01", None), ("03-05", rule)) == [("O6", 3, "10.00")]


def test_an_order_paid_before_the_rule_and_settled_after_it_passes_a_threshold_unpaid() -> None:
    rule = "count: {of: orders}, at: [1, 2], " + CASH
    story = sells(0).sold("O1", "A", at="2026-03-01", completed_at="2026-03-09T12:00:00+08:00")
    story.sold("O2", "A", at="2026-03-10")
    assert paid(story, ("02-01", None), ("03-05", rule)) == [("O2", 2, "10.00")]


def test_a_threshold_that_was_paid_is_not_paid_again_under_another_scope() -> None:
    old = "count: {of: orders}, at: [1], " + CASH
    new = "count: {of: orders, scope: {skus: [NEW]}}, at: [1], " + CASH
    story = sells(1).product("NEW").product("P").sold("O9", "A", at="2026-03-09", sku="NEW")
    assert paid(story, ("02-01", old), ("03-05", new)) == [("O1", 1, "10.00")]


def test_a_rule_that_was_taken_out_and_comes_back_does_not_pay_what_was_passed_meanwhile() -> None:
    rule = "count: {of: orders}, every: 1, " + CASH
    versions = (("02-01", rule), ("03-02", None), ("03-04", rule))
    assert paid(sells(4), *versions) == [("O1", 1, "10.00"), ("O4", 4, "10.00")]


def test_closer_thresholds_pay_only_those_that_an_order_of_the_new_version_reaches() -> None:
    old, new = (f"count: {{of: orders}}, every: {every}, {CASH}" for every in (3, 1))
    # Three orders under the old version are its first threshold; the fourth order is the new one's fourth.
    assert paid(sells(4), ("02-01", old), ("03-04", new)) == [("O3", 1, "10.00"), ("O4", 4, "10.00")]


def test_a_refund_takes_back_by_the_count_of_the_version_that_paid() -> None:
    old = "count: {of: units}, at: [2], " + CASH
    story = sells(0).sold("O1", "A", qty=2).refund("0.00", 1)
    assert paid(story, ("02-01", old), ("03-02", "count: {of: orders}, at: [1], " + CASH)) == [("O1", 1, "0.00")]


def test_a_joining_is_decided_by_the_version_in_force_then() -> None:
    rule = "count: {of: recruits, qualify: joined}, every: 1, " + CASH
    story = sells(0, chain="A>B, A>C").person("B", joined_at="2026-03-01").person("C", joined_at="2026-03-05")
    story.person("A", joined_at="2026-02-01")
    assert paid(story, ("02-01", None), ("03-05", rule)) == [("C", 2, "10.00")]
