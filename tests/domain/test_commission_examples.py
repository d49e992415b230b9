"""The worked examples of plans.md §4 and requirements R1-R4, R13, R22, R23, R28 that plain commission rules decide."""

from pathlib import Path

import pytest

from tests.domain.stories import Story, given, upline_rates

PRESETS = Path(__file__).parents[2] / "assets" / "plans"


def preset(name: str, chain: str) -> Story:
    return Story((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"), chain)


def courses() -> Story:
    """编程课: a trial pays per referral, a package a share."""
    rules = """
  - {id: trial, kind: commission, title: 体验课奖励, scope: {skus: [TRIAL]}, pay: [{to: seller, amount: "10.00"}]}
  - {id: pack, kind: commission, title: 课程佣金, scope: {skus: [PACK]}, pay: [{to: seller, rate: 15%}]}
"""
    return given(rules=rules, chain="A").product("TRIAL").product("PACK")


def skin_care() -> Story:
    """护肤: fixed amounts per bottle."""
    return given('{to: seller, amount: "30.00"}', '{to: upline-1, amount: "10.00"}', chain="A>B")


def per_product() -> Story:
    """R13: P pays 5 %, Q 3.00 per unit."""
    rules = """
  - {id: p, kind: commission, title: 佣金, scope: {skus: [P]}, pay: [{to: seller, rate: 5%}]}
  - {id: q, kind: commission, title: 佣金, scope: {skus: [Q]}, pay: [{to: seller, amount: "3.00"}]}
"""
    return given(rules=rules, chain="A").product("P").product("Q")


FIVE = ["10%", "5%", "3%", "2%", "1%"]

EXAMPLES = {
    "1 two levels above the seller": (
        preset("two-level-above-seller", "A>B>C").order(),
        {"B": "10.00", "A": "5.00"},  # C, who sold, has nothing
    ),
    "1 two levels from the seller": (preset("two-level-from-seller", "A>B>C").order(), {"C": "10.00", "B": "5.00"}),
    "2 five levels pay 21.00": (
        given(*upline_rates(FIVE), chain="E>D>C>B>A>S").order(),
        {"A": "10.00", "B": "5.00", "C": "3.00", "D": "2.00", "E": "1.00"},
    ),
    "3 the fruit shop": (preset("fruit", "A>B").order("O1", ("P", 1, "68.00")), {"B": "6.80", "A": "3.40"}),
    "4 a trial class pays per unit": (courses().order("O1", ("TRIAL", 2, "58.00")), {"A": "20.00"}),
    "4 a package of 999.00 at 15 %": (courses().order("O1", ("PACK", 1, "999.00")), {"A": "149.85"}),
    "5 three bottles": (skin_care().order("O1", ("P", 3, "897.00")), {"B": "90.00", "A": "30.00"}),
    "10 0.99 at 5 % is 4.95 fen": (given("{to: seller, rate: 5%}").order("O1", ("P", 1, "0.99")), {"C": "0.04"}),
    "10 each line rounds down": (
        given("{to: seller, rate: 5%}").order("O1", *[("P", 1, "0.99")] * 3),
        {"C": "0.12"},  # 3 × 4 fen, not floor(14.85)
    ),
    "11 a third refunded": (
        given("{to: seller, rate: 10%}").order().refund("33.33"),
        {"C": "6.66"},  # floor(66.67 × 10 %)
    ),
    "12 the cap cuts the second row": (
        given("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}", terms="{max_share: 12%}").order(),
        {"C": "10.00", "B": "2.00"},
    ),
    "14 a free trial pays": (courses().order("O1", ("TRIAL", 2, "0.00")), {"A": "20.00"}),
    "14 a trial at 9.90 is capped": (courses().order("O1", ("TRIAL", 1, "9.90")), {"A": "4.95"}),
    "R1 single level": (preset("single", "A>B").order(), {"B": "10.00"}),
    "R13 per product": (per_product().order("O1", ("P", 1, "200.00"), ("Q", 2, "60.00")), {"A": "16.00"}),
}


@pytest.mark.parametrize(("story", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_worked_example_comes_out_to_the_fen(story: Story, expected: dict[str, str]) -> None:
    assert story.earns() == expected


def test_a_full_refund_reverses_the_award() -> None:
    award = given("{to: seller, rate: 10%}").order().refund("33.33").refund("66.67").award()
    assert (award["amount_fen"], award["state"]) == (0, "reversed")


def test_a_row_that_the_cap_cuts_is_also_a_skip() -> None:
    story = given("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}", terms="{max_share: 12%}").order()
    assert story.skipped() == [("upline-1", "B", "capped")]


def test_an_award_has_every_field_of_the_contract() -> None:
    completed = "2026-03-03T10:00:00+08:00"
    assert given("{to: seller, rate: 10%}").order(completed_at=completed).award("2026-03-10T09:59:59+08:00") == {
        "rule": "direct",
        "to": "C",
        "as": "seller",
        "order": "O1",
        "line": 0,
        "window": None,
        "n": None,
        "base_fen": 10000,
        "bps": 1000,
        "amount_fen": 1000,
        "reward": None,
        "state": "pending",
        "why": "订单 O1 实付 100.00 元 × 推广佣金 10% = 10.00 元",
    }


def test_a_skip_has_every_field_of_the_contract() -> None:
    assert given("{to: upline-3, rate: 10%}").order().result()["skips"] == [
        {
            "rule": "direct",
            "to": None,
            "as": "upline-3",
            "order": "O1",
            "line": 0,
            "window": None,
            "reason": "no_upline",
        }
    ]
