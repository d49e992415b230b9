"""`kind: team`: 团队分红 and 级差 (plans.md §2.3)."""

import pytest

from domain.plan import PlanRefused
from tests.domain.stories import Story, ruled

HUNDRED = '{"100.00": 10%}'


def team(steps: str = HUNDRED, *, chain: str = "A>B>C", terms: str = "{hold_days: 7}", more: str = "depth: 2") -> Story:
    return ruled(f"id: t, kind: team, window: month, steps: {steps}, {more}", chain=chain, terms=terms)


def test_the_bonus_is_a_share_of_all_that_the_team_sold_beside_the_own_commission() -> None:
    story = ruled(
        'id: t, kind: team, window: month, depth: 2, steps: {"10000.00": 2%, "50000.00": 3%}',
        "id: c, kind: commission, pay: [{to: seller, rate: 10%}]",
        chain="A>B, A>C, A>D",
    )
    story.sold("O1", "A", "1000.00").sold("O2", "B", "6000.00").sold("O3", "C", "5000.00")
    assert sum(award["amount_fen"] for award in story.awards() if award["to"] == "A") == 24000 + 10000
    (bonus,) = story.of("t")
    assert {key: bonus[key] for key in ("as", "order", "line", "window", "n", "base_fen", "bps", "state")} == {
        "as": "team",
        "order": None,
        "line": None,
        "window": "2026-03",
        "n": None,
        "base_fen": 1200000,
        "bps": 200,
        "state": "available",
    }


@pytest.mark.parametrize(
    ("sales", "fen"), [("99.99", None), ("100.00", 100), ("199.99", 199), ("200.00", 400), ("200.99", 401)]
)
def test_the_rate_of_the_highest_step_reached_holds_for_everything(sales: str, fen: int | None) -> None:
    story = team('{"100.00": 1%, "200.00": 2%}', chain="A").sold("O1", paid=sales)
    assert [award["amount_fen"] for award in story.awards()] == ([] if fen is None else [fen])
    assert story.skipped() == ([("team", "A", "below_first_step")] if fen is None else [])


@pytest.mark.parametrize(
    ("depth", "own", "base"),
    [(1, "true", 30000), (2, "true", 70000), (3, "true", 150000), (1, "false", 20000), (2, "false", 60000)],
)
def test_the_team_is_the_downline_to_its_depth_with_or_without_himself(depth: int, own: str, base: int) -> None:
    story = team(chain="A>B>C>D", more=f"depth: {depth}, own: {own}")
    for seller, paid in zip("ABCD", ("100.00", "200.00", "400.00", "800.00"), strict=True):
        story.sold(f"O{seller}", seller, paid)
    assert next(award["base_fen"] for award in story.awards() if award["to"] == "A") == base


def test_differential_takes_off_the_bonuses_of_those_he_himself_invited() -> None:
    """Each before its own deduction: 400, 250 and 100 get 150, 150 and 100."""
    story = team(more="depth: 2, differential: true")
    story.sold("O1", "A", "1500.00").sold("O2", "B", "1500.00").sold("O3", "C", "1000.00")
    assert story.earns() == {"A": "150.00", "B": "150.00", "C": "100.00"}


def test_differential_takes_off_only_those_whom_the_rule_pays() -> None:
    story = team(more="depth: 2, differential: true").person("B", suspended=[["2026-04-01", None]])
    story.sold("O1", "A", "1500.00").sold("O2", "B", "1500.00").sold("O3", "C", "1000.00")
    assert story.earns() == {"A": "400.00", "C": "100.00"}
    assert story.skipped() == [("team", "B", "suspended")]


def test_differential_is_never_below_0_and_what_never_was_above_0_is_no_award() -> None:
    story = team('{"100.00": 1%}', chain="A>B>C", more="depth: 1, own: false, differential: true")
    story.sold("O1", "B", "200.00").sold("O2", "C", "300.00")  # A 2.00 less B's 3.00; B 3.00
    assert story.earns() == {"B": "3.00"}
    assert story.skipped() == []


def test_sales_of_who_is_suspended_count_for_everybody_else() -> None:
    story = team(chain="A>B").person("B", suspended=[["2026-01-01", None]]).sold("O1", "B")
    assert story.earns() == {"A": "10.00"}


def test_orders_count_when_they_were_paid_completed_or_not_on_the_net_at_the_moment_of_computing() -> None:
    story = team(chain="A").sold("O1", at="2026-03-31T23:59:59+08:00", completed_at=None)
    story.refund("40.00", at="2026-04-07T23:59:59+08:00").sold("O2", paid="50.00", at="2026-03-02")
    story.sold("O3", at="2026-04-01T00:00:00+08:00").sold("O4", paid="1.00", at="2026-03-01T00:00:00+08:00")
    (march,) = [award for award in story.awards() if award["window"] == "2026-03"]
    assert march["base_fen"] == 6000 + 5000 + 100


def test_it_is_computed_once_at_the_end_of_the_window_and_the_hold_days_and_then_fixed() -> None:
    story = team(chain="A").sold("O1").refund("50.00", at="2026-04-08T00:00:01+08:00")
    assert story.awards("2026-04-07T23:59:59+08:00") == []
    assert story.earns("2026-04-08T00:00:00+08:00") == {"A": "10.00"}
    assert story.earns() == {"A": "10.00"}


def test_a_refund_in_the_moment_of_computing_comes_before_it() -> None:
    assert team(chain="A").sold("O1").refund("0.01", at="2026-04-08T00:00:00+08:00").awards() == []


def test_only_lines_in_scope_are_team_sales() -> None:
    story = team(chain="A", more="depth: 1, scope: {skus: [Q]}").product("P").product("Q")
    story.order("O1", ("P", 1, "900.00"), ("Q", 1, "100.00"))
    assert story.award()["base_fen"] == 10000


def test_own_purchases_are_no_team_sales_and_nobody_earns_on_what_he_bought_himself() -> None:
    story = team(chain="A>B").sold("O1", "B", buyer_distributor="B")
    assert story.awards() == []
    story.sold("O2", "B", buyer_distributor="A")  # a customer like any other for B, and nothing for A
    assert story.earns() == {"B": "10.00"}


def test_the_sentence_can_be_repeated_by_hand() -> None:
    story = team(chain="A>B", more="depth: 2, differential: true").sold("O1", "B", "500.05").sold("O2", "A", "499.95")
    leader, seller = (award["why"] for award in story.awards())
    assert leader == (
        "奖励 2026-03：团队销售额 1,000.00 元 × 10%（满 100.00 元）= 100.00 元，"
        "级差 100.00 元 − B 的 50.00 元 = 50.00 元"
    )
    assert seller == "奖励 2026-03：团队销售额 500.05 元 × 10%（满 100.00 元）= 50.00 元（不足 1 分舍去）"


REFUSED = {
    "steps that fall": ('{"200.00": 1%, "100.00": 2%}', "depth: 1", "steps"),
    "steps that are equal": ('{"100.00": 1%, "100.0": 2%}', "depth: 1", "steps"),
    "a step without quotes": ("{100.00: 1%}", "depth: 1", "steps.100.00"),
    "no steps": ("{}", "depth: 1", "steps"),
    "a rate over 100 %": ('{"100.00": 101%}', "depth: 1", "steps.100.00"),
    "depth 0": (HUNDRED, "depth: 0", "depth"),
    "no depth": (HUNDRED, "own: true", "depth"),
    "an unknown key": (HUNDRED, "depth: 1, cap: 1%", "cap"),
}


@pytest.mark.parametrize(("steps", "more", "key"), REFUSED.values(), ids=REFUSED)
def test_a_team_rule_that_makes_no_sense_is_refused_by_its_key(steps: str, more: str, key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        team(steps, more=more).result()
    assert [fault.key for fault in refused.value.faults] == [f"rules[0].{key}"]
