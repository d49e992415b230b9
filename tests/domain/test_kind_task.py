"""`kind: task`: read and kept, and left alone by `evaluate` (plans.md §2.5)."""

import json

import pytest

from domain.plan import PlanRefused, TaskRule, canonical, parse
from tests.domain.stories import ruled

TASK = "id: t, kind: task, evidence: {evidence}, reward: {reward}, limit: 1, window: week"


def task(evidence: str = "screenshot", reward: str = "{points: 50}") -> str:
    return ruled(TASK.format(evidence=evidence, reward=reward)).plan


def test_a_task_is_read_and_written_back() -> None:
    plan = parse(task())
    assert plan.rules[0].data() == {
        "id": "t",
        "kind": "task",
        "title": "奖励",
        "evidence": "screenshot",
        "reward": {"points": 50},
        "limit": 1,
        "window": "week",
    }
    assert parse(canonical(plan)) == plan
    assert json.loads(canonical(plan))["rules"][0]["kind"] == TaskRule.kind


def test_evaluate_leaves_tasks_alone() -> None:
    assert ruled(TASK.format(evidence="text", reward='{cash: "1.00"}')).sold("O1").result() == {
        "awards": [],
        "skips": [],
    }


@pytest.mark.parametrize(
    ("evidence", "reward", "key"),
    [("video", "{points: 1}", "evidence"), ("text", "{percent: 1%}", "reward.percent"), ("text", "{}", "reward")],
)
def test_a_task_that_makes_no_sense_is_refused_by_its_key(evidence: str, reward: str, key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        parse(task(evidence, reward))
    assert f"rules[0].{key}" in [fault.key for fault in refused.value.faults]


def test_the_sentence_says_what_was_approved() -> None:
    facts = {"title": "发布图文", "reward": {"points": 50}, "reward_fen": 0}
    assert TaskRule.why(facts) == "发布图文：已审核通过，奖励积分 50 分"
    paid = facts | {"reward": None, "reward_fen": 500}
    assert TaskRule.why(paid) == "发布图文：已审核通过，奖励 5.00 元"
    assert TaskRule.amount_of(paid).fen == 500
