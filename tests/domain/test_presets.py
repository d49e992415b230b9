"""Every preset of assets/plans with its worked numbers: plans.md §4 and requirements R1-R30, sums in comments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.plan import canonical, parse
from tests.domain.stories import Story

PRESETS = Path(__file__).parents[2] / "assets" / "plans"


def preset(name: str, chain: str) -> Story:
    story = Story((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"), chain)
    for sku in {"hybrid": ["GIFT-BOX"], "coding-course": ["TRIAL", "PACK"]}.get(name, []):
        story.product(sku)
    return story


def many(story: Story, count: int, **facts: object) -> Story:
    """So many orders of customers of their own, an hour apart."""
    for number in range(1, count + 1):
        day, hour = divmod(number, 24)
        story.sold(f"O{number:03}", at=f"2026-03-{day + 1:02}T{hour:02}:00:00+08:00", **facts)  # type: ignore[arg-type]
    return story


def chained(people: str, sellers: str) -> Story:
    story = preset("chain-2plus1", people)
    for number, seller in enumerate(sellers):
        story.sold(f"O{number}", seller, at=f"2026-03-0{number + 1}")
    return story


def in_kind(story: Story) -> list[tuple[str, object, str]]:
    return [(award["to"], award["reward"], award["state"]) for award in story.awards() if award["reward"]]


def money(story: Story) -> object:
    return story.earns()


def of_rule(rule: str) -> Callable[[Story], object]:
    """(to, n, fen) of the awards of one rule."""
    return lambda story: [(award["to"], award["n"], award["amount_fen"]) for award in story.of(rule)]


COUPON, LESSON = {"coupon": "CASH50"}, {"gift": "编程课一节", "value": "199.00"}
FRUIT_COUPON, STAR = {"coupon": "FRUIT10"}, {"gift": "明星单品", "value": "500.00"}

EXAMPLES: dict[str, tuple[str, Story, Callable[[Story], object], object]] = {
    "R1: 10 % and nothing above": ("single", preset("single", "A>B").sold("O1", "B"), money, {"B": "10.00"}),
    "R2, 1: two levels above the seller": (
        "two-level-above-seller",
        preset("two-level-above-seller", "A>B>C").sold("O1"),
        money,
        {"B": "10.00", "A": "5.00"},
    ),
    "R3, 1: two levels from the seller": (
        "two-level-from-seller",
        preset("two-level-from-seller", "A>B>C").sold("O1"),
        money,
        {"C": "10.00", "B": "5.00"},
    ),
    "R4, 2: five levels are 21.00 in all": (
        "five-level",
        preset("five-level", "E>D>C>B>A>S").sold("O1"),
        money,
        {"A": "10.00", "B": "5.00", "C": "3.00", "D": "2.00", "E": "1.00"},
    ),
    # 12000.00 × 2 % + 1000.00 × 10 %; C has 6000.00 × 10 %, D 5000.00 × 10 %
    "R6, 9: 240.00 + 100.00": (
        "team",
        preset("team", "A>C, A>D").sold("O1", "A", "1000.00").sold("O2", "C", "6000.00").sold("O3", "D", "5000.00"),
        money,
        {"A": "340.00", "C": "600.00", "D": "500.00"},
    ),
    "R7, 8: one reward of four first sales of 100.00 at 5 %": (
        "chain-2plus1",
        chained("A>B>D, A>C>E", "BCDE"),
        of_rule("two-plus-one"),
        [("A", 1, 2000)],
    ),
    "R7, 8: B has both, C nobody": ("chain-2plus1", chained("A>B>D, B>F, A>C", "BCDF"), of_rule("two-plus-one"), []),
    "R7, 8: a third recruit without recruits": (
        "chain-2plus1",
        chained("A>B>D, A>C>E, A>G", "BCDEG"),
        of_rule("two-plus-one"),
        [("A", 1, 2000)],
    ),
    "R8, 7: seven buyers are two coupons": (
        "three-for-one",
        many(preset("three-for-one", "A"), 7),
        in_kind,
        [("A", COUPON, "available")] * 2,
    ),
    "R8, 11: one of seven refunded leaves two": (
        "three-for-one",
        many(preset("three-for-one", "A"), 7).refund("100.00", at="2026-04-01"),
        in_kind,
        [("A", COUPON, "available")] * 2,
    ),
    # the 9th pays 0, the 10th 10 %, the 49th 10 %, the 50th 15 %, the 100th 20 %: 40 × 10 + 50 × 15 + 20
    "R10, 6: a hundred orders of 100.00": (
        "video-channel",
        many(preset("video-channel", "A"), 100),
        money,
        {"A": "1170.00"},
    ),
    "R16: 25 orders of 100.00 at 8 %": (
        "group-leader",
        many(preset("group-leader", "A").person("A", role="leader"), 25),
        of_rule("leader"),
        [("A", None, 800)] * 25,
    ),
    "R17: a creator has 15 %, others nothing": (
        "creator",
        preset("creator", "A, B").person("A", role="creator").sold("O1", "A").sold("O2", "B"),
        money,
        {"A": "15.00"},
    ),
    "R18: only members earn": (
        "members-only",
        preset("members-only", "A>B").person("B", member=True).sold("O1", "B"),
        money,
        {"B": "10.00"},
    ),
    "R15: each role in its own way": (
        "by-role",
        preset("by-role", "A, B, C, D")
        .person("A", role="creator")
        .person("B", role="leader")
        .person("C", role="guide")
        .sold("O1", "A")
        .sold("O2", "B")
        .sold("O3", "C", qty=3)
        .sold("O4", "D"),
        money,
        {"A": "15.00", "B": "12.00", "C": "6.00", "D": "10.00"},
    ),
    # direct 10 %, for A nothing yet (no order of his own this month), first order 10.00, team 2 % of 10000.00
    "R12: each part is an award of its own": (
        "hybrid",
        preset("hybrid", "A>B").sold("O1", "B", "10000.00"),
        lambda story: sorted((award["rule"], award["to"], award["amount_fen"]) for award in story.awards()),
        [
            ("direct", "B", 100000),
            ("first-order", "B", 1000),
            ("sprint", "B", 10000),
            ("team", "A", 20000),
            ("team", "B", 20000),
        ],
    ),
    "R11: 50000.00 sold are a red packet and a title": (
        "hybrid",
        preset("hybrid", "A").sold("O1", paid="50000.00"),
        lambda story: [
            (a["rule"], a["amount_fen"], a["reward"]) for a in story.awards() if a["rule"].startswith("star")
        ],
        [("star", 0, {"title": "金牌推广官"}), ("star-packet", 8800, None)],
    ),
    # ten orders have settled by the eighteenth: 10 % before, 12 % from then on
    "R14: a higher level, a higher rate": (
        "hybrid",
        many(preset("hybrid", "A"), 10).sold("L", at="2026-03-18"),
        lambda story: {award["bps"] for award in story.of("direct") if award["order"] == "L"},
        {1200},
    ),
    "3, R22: 68.00 at 10 % and 5 %": (
        "fruit",
        preset("fruit", "A>B").sold("O1", "B", "68.00"),
        money,
        {"B": "6.80", "A": "3.40"},
    ),
    "3, R22: the same in full": (
        "fruit-shop",
        preset("fruit-shop", "A>B").sold("O1", "B", "68.00"),
        of_rule("direct"),
        [("B", None, 680), ("A", None, 340)],
    ),
    "3, R19: 10.00 with the first settled sale, once": (
        "fruit-shop",
        preset("fruit-shop", "A").sold("O1").sold("O2", at="2026-03-02"),
        of_rule("first-order"),
        [("A", 1, 1000)],
    ),
    "3, R20: 100, 80 and 50": (
        "fruit-shop",
        preset("fruit-shop", "A, B, C, D")
        .sold("O1", "A", "4.00")
        .sold("O2", "B", "3.00")
        .sold("O3", "C", "2.00")
        .sold("O4", "D", "1.00"),
        of_rule("sprint"),
        [("A", 1, 10000), ("B", 2, 8000), ("C", 3, 5000)],
    ),
    "13, R20: a tie for rank 2": (
        "fruit-shop",
        preset("fruit-shop", "A, B, C")
        .sold("O1", "A", "9.00")
        .sold("O2", "B", "5.00", "2026-02-25")
        .sold("O3", "C", "5.00", "2026-02-24"),
        of_rule("sprint"),
        [("A", 1, 10000), ("C", 2, 8000), ("B", 3, 5000)],
    ),
    "3, R21: a coupon for a recruit who sold, none for joining": (
        "fruit-shop",
        preset("fruit-shop", "A>B, A>C").person("C", joined_at="2026-02-01").sold("O1", "B"),
        in_kind,
        [("A", FRUIT_COUPON, "available")],
    ),
    "4, R23: a trial pays 10.00 per unit": (
        "coding-course",
        preset("coding-course", "A").sold("O1", paid="58.00", sku="TRIAL", qty=2),
        of_rule("trial"),
        [("A", None, 2000)],
    ),
    "4, 14, R23: also when it is free": (
        "coding-course",
        preset("coding-course", "A").sold("O1", paid="0.00", sku="TRIAL", qty=2),
        money,
        {"A": "20.00"},
    ),
    "14: at 9.90 it is cut to the half": (
        "coding-course",
        preset("coding-course", "A").sold("O1", paid="9.90", sku="TRIAL"),
        of_rule("trial"),
        [("A", None, 495)],
    ),
    "4, R23: 999.00 at 15 %": (
        "coding-course",
        preset("coding-course", "A").sold("O1", paid="999.00", sku="PACK"),
        of_rule("pack"),
        [("A", None, 14985)],
    ),
    "4, R9: two buyers of courses are one course": (
        "coding-course",
        many(preset("coding-course", "A"), 2, sku="PACK", paid="999.00"),
        lambda story: [(award["reward"], award["state"]) for award in story.of("two-parents")],
        [(LESSON, "available")],
    ),
    "4, R9: one of them refunded takes it back": (
        "coding-course",
        many(preset("coding-course", "A"), 2, sku="PACK", paid="999.00").refund("999.00", at="2026-04-01"),
        lambda story: [(award["reward"], award["state"]) for award in story.of("two-parents")],
        [(LESSON, "reversed")],
    ),
    "4, R27: 4300.00 are 200.00": (
        "coding-course",
        preset("coding-course", "A").sold("O1", paid="4300.00", sku="PACK"),
        of_rule("cash-back"),
        [("A", 1, 10000), ("A", 2, 10000)],
    ),
    "4, R25: the best of a month": (
        "coding-course",
        preset("coding-course", "A, B").sold("O1", "A", "999.00", sku="PACK").sold("O2", "B", "1.00", sku="PACK"),
        lambda story: [(award["to"], award["n"], award["reward"]["value"]) for award in story.of("top-five")],
        [("A", 1, "1999.00"), ("B", 2, "500.00")],
    ),
    "5, R28: three bottles are 90.00 and 30.00": (
        "skin-care",
        preset("skin-care", "A>B").sold("O1", "B", "897.00", qty=3),
        money,
        {"B": "90.00", "A": "30.00"},
    ),
    "5, R29: 19 bottles are 0": (
        "skin-care",
        preset("skin-care", "A").sold("O1", paid="5681.00", qty=19),
        of_rule("volume"),
        [],
    ),
    "5, R29: 20 bottles are 300.00": (
        "skin-care",
        preset("skin-care", "A").sold("O1", paid="5980.00", qty=20),
        of_rule("volume"),
        [("A", 1, 30000)],
    ),
    "5, R29: 41 bottles are 300.00": (
        "skin-care",
        preset("skin-care", "A").sold("O1", paid="12259.00", qty=41),
        of_rule("volume"),
        [("A", 1, 30000)],
    ),
    "R30: the best of a month have the star product": (
        "skin-care",
        preset("skin-care", "A").sold("O1", paid="299.00"),
        in_kind,
        [("A", STAR, "available")],
    ),
}


@pytest.mark.parametrize(("story", "told", "expected"), [row[1:] for row in EXAMPLES.values()], ids=EXAMPLES)
def test_a_worked_example_of_a_preset_comes_out(
    story: Story, told: Callable[[Story], object], expected: object
) -> None:
    assert told(story) == expected


def test_steps_of_the_video_channel_order_by_order() -> None:
    paid = {award["order"]: award["amount_fen"] for award in many(preset("video-channel", "A"), 100).awards()}
    assert [paid.get(f"O{number:03}", 0) for number in (9, 10, 49, 50, 100)] == [0, 1000, 1000, 1500, 2000]


def test_of_seven_buyers_two_refunded_leave_one_coupon() -> None:
    story = many(preset("three-for-one", "A"), 6).refund("100.00", at="2026-04-01")
    story.sold("O7", at="2026-03-02").refund("100.00", at="2026-04-02")
    assert [state for *_, state in in_kind(story)] == ["available", "reversed"]


def test_the_reward_for_the_first_order_goes_when_that_order_goes() -> None:
    """R19."""
    story = preset("fruit-shop", "A").sold("O1").refund("100.00", at="2026-04-01")
    assert [award["state"] for award in story.of("first-order")] == ["reversed"]


ALL = sorted(PRESETS.glob("*.yaml"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_preset_opens_with_whom_it_suits_in_two_sentences_and_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert all(line.startswith("# ") and line.endswith("。") for line in text.splitlines()[:2])
    assert not text.splitlines()[2].startswith("#")
    plan = parse(text)
    assert parse(canonical(plan)) == plan


def test_every_preset_has_a_worked_example() -> None:
    assert {name for name, *_ in EXAMPLES.values()} == {path.stem for path in ALL}
