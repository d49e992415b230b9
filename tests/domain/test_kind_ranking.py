"""`kind: ranking`: prizes for those who sold most in a window (plans.md §2.4)."""

from typing import Any

import pytest

from domain.plan import PlanRefused
from tests.domain.stories import Story, ruled

PRIZES = '[{cash: "100.00"}, {cash: "80.00"}, {cash: "50.00"}]'


def sprint(by: str = "sales", *, prizes: str = PRIZES, more: str = "", terms: str = "{hold_days: 7}") -> Story:
    rule = f"id: s, kind: ranking, window: week, by: {by}, prizes: {prizes}"
    return ruled(rule + (f", {more}" if more else ""), chain="A, B, C, D", terms=terms)


def ranks(story: Story, as_of: str | None = None) -> list[tuple[int, str, int]]:
    return [(award["n"], award["to"], award["amount_fen"]) for award in story.awards(as_of)]


def test_the_best_of_a_week_get_the_prizes_in_order() -> None:
    story = sprint().sold("O1", "A", "10.00").sold("O2", "B", "40.00").sold("O3", "C", "20.00").sold("O4", "D", "30.00")
    assert ranks(story) == [(1, "B", 10000), (2, "D", 8000), (3, "C", 5000)]
    award = story.awards()[0]
    fields = {key: award[key] for key in ("rule", "as", "order", "line", "window", "bps", "reward", "state")}
    assert fields == {
        "rule": "s",
        "as": "ranking",
        "order": None,
        "line": None,
        "window": "2026-W09",
        "bps": None,
        "reward": None,
        "state": "available",
    }


def test_fewer_people_than_prizes_leave_prizes_over() -> None:
    assert ranks(sprint().sold("O1", "A")) == [(1, "A", 10000)]


@pytest.mark.parametrize(
    ("by", "first"),
    [("sales", "A"), ("orders", "B"), ("units", "C")],
)
def test_what_is_compared_is_sales_orders_or_units(by: str, first: str) -> None:
    story = sprint(by).sold("O1", "A", "100.00").sold("O2", "B", "1.00").sold("O3", "B", "1.00")
    assert ranks(story.sold("O4", "C", "9.00", qty=9))[0][1] == first


def test_a_tie_goes_to_who_reached_the_value_first() -> None:
    story = sprint().sold("O1", "D", "90.00").sold("O2", "C", at="2026-02-26").sold("O3", "B", at="2026-02-25")
    story.sold("O4", "A", "900.00")
    assert ranks(story) == [(1, "A", 10000), (2, "B", 8000), (3, "C", 5000)]


def test_the_value_is_reached_with_the_last_order_that_counts() -> None:
    story = sprint().sold("O1", "A", "50.00", at="2026-02-24").sold("O2", "A", "50.00", at="2026-02-27")
    story.sold("O3", "B", at="2026-02-26")
    assert [to for _, to, _ in ranks(story)] == ["B", "A"]
    story = sprint().sold("O1", "A", at="2026-02-24").sold("O2", "A", at="2026-02-27").refund("100.00", at="2026-02-28")
    story.sold("O3", "B", at="2026-02-26")
    assert [to for _, to, _ in ranks(story)] == ["A", "B"]  # an order without net is none that counts


def test_a_tie_in_one_instant_goes_to_the_lower_code() -> None:
    assert [to for _, to, _ in ranks(sprint().sold("O1", "C").sold("O2", "B"))] == ["B", "C"]


def test_who_may_not_earn_keeps_his_rank_and_gets_nothing() -> None:
    story = sprint().person("B", suspended=[["2026-03-05", None]]).sold("O1", "A", "10.00").sold("O2", "B", "40.00")
    assert ranks(story) == [(2, "A", 8000)]
    assert story.result()["skips"] == [
        {
            "rule": "s",
            "to": "B",
            "as": "ranking",
            "order": None,
            "line": None,
            "window": "2026-W09",
            "reason": "suspended",
        }
    ]


def test_who_is_suspended_only_before_or_after_the_computing_gets_his_prize() -> None:
    story = sprint().person("A", suspended=[["2026-02-01", "2026-03-09"], ["2026-03-09T00:00:01+08:00", None]])
    assert ranks(story.sold("O1", "A")) == [(1, "A", 10000)]


def test_at_least_leaves_out_those_under_it() -> None:
    story = sprint(more='at_least: "50.00"').sold("O1", "A", "50.00").sold("O2", "B", "49.99")
    assert ranks(story) == [(1, "A", 10000)]


def test_nobody_with_0_is_ranked() -> None:
    story = sprint("orders").sold("O1", "A").refund("100.00", at="2026-03-02").sold("O2", "B", "0.00")
    assert story.result() == {"awards": [], "skips": []}


def test_it_is_computed_once_at_the_end_of_the_window_and_the_hold_days_on_the_net_of_that_moment() -> None:
    story = sprint().sold("O1", "A", completed_at=None).sold("O2", "B", "90.00")
    story.orders[0]["refunds"] = [{"at": "2026-03-09", "line": 0, "amount": "50.00"}]  # the moment of computing
    story.orders[1]["refunds"] = [{"at": "2026-03-09T00:00:01+08:00", "line": 0, "amount": "90.00"}]
    assert ranks(story, "2026-03-08T23:59:59+08:00") == []
    assert ranks(story, "2026-03-09") == ranks(story) == [(1, "B", 10000), (2, "A", 8000)]


def test_each_window_has_its_own_ranking() -> None:
    story = sprint().sold("O1", "A", at="2026-03-01T23:59:59+08:00").sold("O2", "B", at="2026-03-02T00:00:00+08:00")
    assert [(award["window"], award["to"]) for award in story.awards()] == [("2026-W09", "A"), ("2026-W10", "B")]


def test_only_lines_in_scope_and_no_own_purchases_are_compared() -> None:
    story = sprint(more="scope: {skus: [Q]}").product("P").product("Q").sold("O1", "A")
    assert ranks(story.sold("O2", "B", "1.00", sku="Q").sold("O3", "C", sku="Q", buyer_distributor="C")) == [
        (1, "B", 10000)
    ]


def test_a_prize_may_be_in_kind() -> None:
    (award,) = sprint(prizes='[{gift: 学习机, value: "999.00"}]').sold("O1", "A").awards()
    assert (award["reward"], award["amount_fen"]) == ({"gift": "学习机", "value": "999.00"}, 0)
    assert award["why"] == "奖励 2026-W09：销售额 100.00 元，第 1 名，奖励赠品「学习机」（价值 999.00 元）"


def test_the_sentence_names_value_rank_and_prize() -> None:
    assert sprint("units").sold("O1", "A", qty=3).award()["why"] == "奖励 2026-W09：3 件，第 1 名，奖励 100.00 元"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a percentage as a prize": ({"prizes": "[{percent: 1%}]"}, "prizes[0].percent"),
    "no prizes": ({"prizes": "[]"}, "prizes"),
    "an unknown value": ({"by": "buyers"}, "by"),
    "sales without quotes": ({"more": "at_least: 50"}, "at_least"),
    "orders in quotes": ({"by": "orders", "more": 'at_least: "50"'}, "at_least"),
}


@pytest.mark.parametrize(("plan", "key"), REFUSED.values(), ids=REFUSED)
def test_a_ranking_that_makes_no_sense_is_refused_by_its_key(plan: dict[str, Any], key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        sprint(**plan).result()
    assert f"rules[0].{key}" in [fault.key for fault in refused.value.faults]


def test_a_lifetime_has_no_end_and_so_no_ranking() -> None:
    with pytest.raises(PlanRefused, match="window"):
        ruled(f"id: s, kind: ranking, window: lifetime, by: sales, prizes: {PRIZES}").result()
