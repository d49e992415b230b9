"""`kind: milestone`: every count, thresholds, rewards, and what refunds do to them (plans.md §2.2)."""

import pytest

from domain.plan import PlanRefused
from tests.domain.stories import Story, ruled

CASH = 'reward: {cash: "10.00"}'


def milestone(count: str, *, when: str = "every: 1", reward: str = CASH, chain: str = "A", **plan: str) -> Story:
    return ruled(f"id: m, kind: milestone, count: {count}, {when}, {reward}", chain=chain, **plan)


# orders, buyers, units, sales


def test_the_first_settled_order_pays_once() -> None:
    story = milestone("{of: orders}", when="at: [1]").sold("O1").sold("O2", at="2026-03-02")
    assert story.stands() == [("A", "O1", 1, "available")]


def test_an_order_counts_when_it_settles_and_not_before() -> None:
    story = milestone("{of: orders}", terms="{hold_days: 7}").sold("O1").sold("O2", completed_at=None)
    assert story.awards("2026-03-08T11:59:59+08:00") == []
    assert story.stands("2026-03-08T12:00:00+08:00") == [("A", "O1", 1, "available")]


def test_a_milestone_is_never_pending() -> None:
    assert {state for *_, state in milestone("{of: orders}").sold("O1").stands("2026-03-01T12:00:00")} == {"available"}


def test_seven_buyers_are_two_coupons_of_three_for_one() -> None:
    story = milestone("{of: buyers}", when="every: 3", reward="reward: {coupon: CASH50}")
    for number in range(1, 8):
        story.sold(f"O{number}", at=f"2026-03-0{number}")
    story.sold("O8", at="2026-03-08", buyer="customer of O1")  # a second order of the same buyer adds nothing
    awards = story.awards()
    assert [(award["order"], award["n"], award["reward"]) for award in awards] == [
        ("O3", 1, {"coupon": "CASH50"}),
        ("O6", 2, {"coupon": "CASH50"}),
    ]
    assert {award["amount_fen"] for award in awards} == {0}


def test_a_buyer_counts_while_one_of_his_orders_has_a_net() -> None:
    story = milestone("{of: buyers}", when="at: [1]").sold("O1", buyer="x").sold("O2", buyer="x")
    story.orders[0]["refunds"] = [{"at": "2026-03-05", "line": 0, "amount": "100.00"}]
    assert story.stands() == [("A", "O1", 1, "available")]
    story.refund("100.00", at="2026-03-06")
    assert story.stands() == [("A", "O1", 1, "reversed")]


@pytest.mark.parametrize(("units", "paid"), [(19, []), (20, [30000]), (41, [30000])])
def test_twenty_bottles_in_a_month_pay_300_once(units: int, paid: list[int]) -> None:
    story = milestone("{of: units, window: month}", when="at: [20]", reward='reward: {cash: "300.00"}')
    assert [award["amount_fen"] for award in story.sold("O1", qty=units).awards()] == paid


def test_one_order_that_passes_several_thresholds_is_paid_for_each() -> None:
    story = milestone("{of: sales}", when='every: "2000.00"', reward='reward: {cash: "100.00"}').sold(
        "O1", paid="4300.00"
    )
    assert story.stands() == [("A", "O1", 1, "available"), ("A", "O1", 2, "available")]
    assert story.earns() == {"A": "200.00"}


def test_units_that_came_back_without_money_no_longer_count() -> None:
    story = milestone("{of: units}", when="at: [2]").sold("O1", qty=2).refund("0.00", 1)
    assert story.stands() == [("A", "O1", 1, "reversed")]


def test_a_count_may_be_of_some_products_only() -> None:
    story = milestone("{of: sales, scope: {skus: [COURSE]}}", when='every: "100.00"').product("COURSE").product("P")
    story.sold("O1", paid="500.00").sold("O2", paid="150.00", sku="COURSE")
    assert story.stands() == [("A", "O2", 1, "available")]


def test_a_free_line_settles_its_order_and_counts_in_no_count() -> None:
    for of in ("orders", "buyers", "units"):
        assert milestone(f"{{of: {of}}}").sold("O1", paid="0.00").awards() == []


@pytest.mark.parametrize(("own_orders", "awards"), [("none", 0), ("upline", 0), ("seller", 1)])
def test_an_own_purchase_counts_only_where_it_is_like_any_other_sale(own_orders: str, awards: int) -> None:
    story = milestone("{of: orders}", terms=f"{{hold_days: 0, own_orders: {own_orders}}}")
    assert len(story.sold("O1", buyer_distributor="A").awards()) == awards


# every, at, limit, window


def test_at_pays_once_at_each_of_its_thresholds() -> None:
    story = milestone("{of: orders}", when="at: [1, 3]")
    for number in range(1, 8):
        story.sold(f"O{number}", at=f"2026-03-0{number}")
    assert story.stands() == [("A", "O1", 1, "available"), ("A", "O3", 2, "available")]


def test_limit_leaves_the_first_thresholds_of_each_window() -> None:
    story = milestone("{of: orders, window: month}", when="every: 1, limit: 2")
    for day in (1, 2, 3):
        story.sold(f"M{day}", at=f"2026-03-0{day}").sold(f"A{day}", at=f"2026-04-0{day}")
    assert [(award["window"], award["n"], award["order"]) for award in story.awards()] == [
        ("2026-03", 1, "M1"),
        ("2026-03", 2, "M2"),
        ("2026-04", 1, "A1"),
        ("2026-04", 2, "A2"),
    ]


def test_an_order_belongs_to_the_window_in_which_it_was_paid_whenever_it_settles() -> None:
    story = milestone("{of: orders, window: month}", when="every: 2", terms="{hold_days: 7}")
    story.sold("O1", at="2026-03-31T23:59:59+08:00").sold("O2", at="2026-03-30").sold(
        "O3", at="2026-04-01T00:00:00+08:00"
    )
    assert [(award["window"], award["order"]) for award in story.awards()] == [("2026-03", "O1")]


def test_a_week_starts_on_monday_in_shanghai() -> None:
    story = milestone("{of: orders, window: week}", when="every: 2")
    story.sold("O1", at="2026-03-01T23:59:59+08:00").sold("O2", at="2026-03-02T00:00:00+08:00").sold(
        "O3", at="2026-03-08"
    )
    assert [(award["window"], award["order"]) for award in story.awards()] == [("2026-W10", "O3")]


# recruits


def recruits(
    qualify: str = "sold", *, when: str = "every: 1", reward: str = "reward: {coupon: FRUIT10}", **plan: str
) -> Story:
    return milestone(f"{{of: recruits, qualify: {qualify}}}", when=when, reward=reward, chain="A>B, A>C, A>D", **plan)


def test_joining_alone_gives_nothing_and_the_first_sale_that_settles_a_coupon() -> None:
    assert recruits().stands() == []
    story = recruits().sold("O1", "B").sold("O2", "B", at="2026-03-02")
    assert story.stands() == [("A", "O1", 1, "available")]
    assert story.award()["reward"] == {"coupon": "FRUIT10"}


def test_a_recruit_counts_while_one_of_his_settled_sales_has_a_net() -> None:
    story = recruits().sold("O1", "B").refund("100.00", at="2026-03-03").sold("O2", "B", at="2026-03-05")
    assert story.stands("2026-03-02") == [("A", "O1", 1, "available")]
    assert story.stands("2026-03-04") == [("A", "O1", 1, "reversed")]
    assert story.stands("2026-03-06") == [("A", "O1", 1, "available")]  # reached again, the same award stands again


def test_a_recruit_whose_only_sale_is_his_own_purchase_does_not_qualify() -> None:
    assert recruits().sold("O1", "B", buyer_distributor="B").awards() == []


def test_a_recruit_counts_whether_suspended_or_not() -> None:
    story = recruits().person("B", suspended=[["2026-01-01", None]]).sold("O1", "B")
    assert story.stands() == [("A", "O1", 1, "available")]


def test_joined_counts_from_approval_and_names_no_order() -> None:
    story = recruits("joined").person("B", joined_at="2026-02-01").person("C", joined_at="2026-02-03")
    story.person("D", joined_at="2026-02-05")
    assert story.stands("2026-02-04") == [("A", None, 1, "available"), ("A", None, 2, "available")]


def test_a_recruit_belongs_to_the_window_in_which_his_first_settled_sale_was_paid() -> None:
    story = milestone("{of: recruits, window: month}", when="every: 2", chain="A>B, A>C, A>D", terms="{hold_days: 7}")
    story.sold("O1", "B", at="2026-03-30").sold("O2", "C", at="2026-03-31").sold("O3", "D", at="2026-04-01")
    assert [(award["window"], award["order"]) for award in story.awards()] == [("2026-03", "O2")]


def test_a_recruit_who_joined_belongs_to_the_window_of_that_day() -> None:
    story = milestone("{of: recruits, qualify: joined, window: month}", when="every: 2", chain="A>B, A>C, A>D")
    story.person("B", joined_at="2026-01-31").person("C", joined_at="2026-02-01").person("D", joined_at="2026-02-28")
    assert [award["window"] for award in story.awards()] == ["2026-02"]


# chain


def chain(people: str, *sellers: str, qualify: str = "sold") -> Story:
    story = milestone(f"{{of: chain, qualify: {qualify}}}", chain=people)
    for number, seller in enumerate(sellers, start=1):
        story.sold(f"O{number}", seller, at=f"2026-03-{number:02d}")
    return story


@pytest.mark.parametrize(
    ("people", "sellers", "awards"),
    [
        ("A>B>D, A>C>E", "BCDE", 1),
        ("A>B>D, B>F, A>C", "BCDF", 0),
        ("A>B>D, A>C>E, A>G", "BCDEG", 1),  # a third recruit without recruits changes nothing
        ("A>B>D, A>C>E", "BCD", 0),  # E has not sold
        ("A>B>D, A>C>E", "DEBC", 1),  # whoever sells first
        ("A>B>F, A>C, A>D>G, A>E>H", "BCDEFGH", 1),  # the second pair is complete, the first is not
        ("A>B>F, A>C, A>D>G", "BCDFG", 0),  # B+C is formed once: D does not move up into it
    ],
)
def test_a_pair_is_complete_when_both_recruits_have_recruited(people: str, sellers: str, awards: int) -> None:
    assert len([award for award in chain(people, *sellers).awards() if award["to"] == "A"]) == awards


def test_pairs_are_formed_by_who_qualified_first_and_ties_by_code() -> None:
    story = milestone("{of: chain}", chain="A>B>F, A>C>G, A>D")
    for seller in "DCBFG":  # all in one instant: B and C are the first pair, D waits
        story.sold(f"O-{seller}", seller)
    assert [award["order"] for award in story.awards()] == ["O-G"]


def test_a_pair_falls_apart_when_one_of_its_recruits_no_longer_counts() -> None:
    story = chain("A>B>D, A>C>E", *"BCDE").refund("100.00", at="2026-03-10")
    assert story.stands() == [("A", "O4", 1, "reversed")]
    story.sold("O5", "E", at="2026-03-11")
    assert story.stands() == [("A", "O4", 1, "available")]


def test_the_mechanism_repeats_layer_by_layer() -> None:
    story = chain("A>B>D>H, A>C>E>I, B>J>K", *"BCDEHIJK")
    assert [(to, n) for to, _, n, _ in story.stands()] == [("A", 1), ("B", 1)]


# rewards


@pytest.mark.parametrize(
    ("reward", "given"),
    [
        ("{coupon: CASH50}", {"coupon": "CASH50"}),
        ("{points: 100}", {"points": 100}),
        ('{gift: 一节课, value: "199"}', {"gift": "一节课", "value": "199.00"}),
        ("{gift: GIFT-BOX}", {"gift": "GIFT-BOX"}),
        ("{title: 金牌推广官}", {"title": "金牌推广官"}),
    ],
)
def test_a_reward_in_kind_is_the_plans_mapping_and_no_money(reward: str, given: dict[str, object]) -> None:
    award = milestone("{of: orders}", reward=f"reward: {reward}").sold("O1").award()
    assert (award["reward"], award["amount_fen"], award["bps"], award["state"]) == (given, 0, None, "available")


def test_cash_has_no_mapping() -> None:
    award = milestone("{of: orders}").sold("O1").award()
    assert (award["amount_fen"], award["reward"], award["bps"], award["as"]) == (1000, None, None, "milestone")


def test_percent_is_of_what_was_part_of_no_earlier_award() -> None:
    story = milestone("{of: orders}", when="every: 2", reward="reward: {percent: 10%}")
    for number, paid in enumerate(["10.00", "20.00", "30.00", "40.99"], start=1):
        story.sold(f"O{number}", paid=paid, at=f"2026-03-0{number}")
    assert [(award["base_fen"], award["bps"], award["amount_fen"]) for award in story.awards()] == [
        (3000, 1000, 300),
        (7099, 1000, 709),  # floor(709.9)
    ]


def test_percent_is_of_the_net_in_the_moment_it_is_reached_and_then_fixed() -> None:
    story = milestone("{of: orders}", when="at: [2]", reward="reward: {percent: 10%}")
    story.sold("O1").refund("60.00", at="2026-03-02").sold("O2", at="2026-03-03").refund("50.00", at="2026-03-04")
    assert [(award["base_fen"], award["amount_fen"]) for award in story.awards()] == [(14000, 1400)]


def test_of_several_thresholds_passed_at_once_the_first_takes_all_that_there_is() -> None:
    story = milestone("{of: sales}", when='every: "100.00"', reward="reward: {percent: 10%}").sold("O1", paid="250.00")
    assert [(award["n"], award["amount_fen"]) for award in story.awards()] == [(1, 2500)]


def test_percent_of_buyers_is_of_each_ones_first_settled_order_that_has_a_net() -> None:
    story = milestone("{of: buyers}", when="at: [2]", reward="reward: {percent: 10%}")
    story.sold("O1", buyer="x").refund("100.00", at="2026-03-02").sold("O2", buyer="x", paid="30.00", at="2026-03-03")
    story.sold("O3", buyer="x", paid="70.00", at="2026-03-04").sold("O4", buyer="y", paid="50.00", at="2026-03-05")
    assert [award["base_fen"] for award in story.awards()] == [8000]  # O2 and O4


def test_percent_of_recruits_is_of_their_first_settled_sales() -> None:
    story = (
        recruits(when="every: 2", reward="reward: {percent: 5%}").sold("O1", "B", "100.00").sold("O2", "B", "900.00")
    )
    story.sold("O3", "C", "60.00", at="2026-03-02")
    assert [(award["base_fen"], award["amount_fen"]) for award in story.awards()] == [(16000, 800)]


def test_percent_of_a_chain_is_of_the_four_first_sales() -> None:
    story = milestone("{of: chain}", reward="reward: {percent: 10%}", chain="A>B>D, B>F, A>C>E")
    for number, (seller, paid) in enumerate(
        zip("BDFCEB", ("1.00", "2.00", "4.00", "8.00", "16.00", "32.00"), strict=True)
    ):
        story.sold(f"O{number}", seller, paid, at=f"2026-03-0{number + 1}")
    assert [award["base_fen"] for award in story.awards()] == [2700]  # B 1 + D 2 + C 8 + E 16, not F's nor B's second


def test_a_percentage_of_nothing_is_no_award() -> None:
    assert milestone("{of: orders}", reward="reward: {percent: 10%}").sold("O1", paid="0.09").awards() == []


# refunds


def three_for_one(*refunded: str) -> Story:
    story = milestone("{of: buyers}", when="every: 3", reward="reward: {coupon: CASH50}")
    for number in range(1, 8):
        story.sold(f"O{number}", at=f"2026-03-0{number}")
        if f"O{number}" in refunded:
            story.refund("100.00", at="2026-03-20")
    return story


def test_of_seven_buyers_one_refunded_leaves_two_coupons_and_two_refunded_one() -> None:
    assert [state for *_, state in three_for_one("O2").stands()] == ["available", "available"]
    assert [state for *_, state in three_for_one("O2", "O7").stands()] == ["available", "reversed"]


def test_an_award_taken_back_has_no_money_and_keeps_its_base() -> None:
    story = milestone("{of: orders}", reward="reward: {percent: 10%}").sold("O1").refund("100.00", at="2026-03-05")
    award = story.award()
    assert (award["state"], award["amount_fen"], award["base_fen"], award["bps"]) == ("reversed", 0, 10000, 1000)


def test_a_threshold_reached_again_pays_the_same_award_and_no_second_one() -> None:
    story = milestone("{of: sales}", when='at: ["100.00"]', reward="reward: {percent: 10%}").sold("O1")
    story.refund("50.00", at="2026-03-02").sold("O2", paid="80.00", at="2026-03-03")
    assert story.stands("2026-03-02") == [("A", "O1", 1, "reversed")]
    (award,) = story.awards()
    assert (award["order"], award["amount_fen"], award["state"]) == ("O1", 1000, "available")


def test_a_refund_in_the_instant_of_settlement_comes_before_it() -> None:
    story = (
        milestone("{of: orders}", terms="{hold_days: 7}").sold("O1").refund("100.00", at="2026-03-08T12:00:00+08:00")
    )
    assert story.awards() == []


def test_who_fills_a_group_of_five_is_paid_until_the_group_fails() -> None:
    """R26: 50.00 when five customers have bought the group's product."""
    group = milestone("{of: buyers, scope: {skus: [GROUP]}}", when="every: 5", reward='reward: {cash: "50.00"}')
    group.product("GROUP")
    for number in range(1, 6):
        assert group.awards() == []
        group.sold(f"O{number}", sku="GROUP", at=f"2026-03-0{number}")
    assert group.earns() == {"A": "50.00"}
    assert group.refund("100.00", at="2026-03-10").earns() == {"A": "0.00"}


# who may earn


def test_whether_he_could_earn_is_fixed_when_the_threshold_is_reached() -> None:
    story = milestone("{of: orders}", when="every: 1").person("A", suspended=[["2026-03-02", "2026-03-04"]])
    story.sold("O1", at="2026-03-01").sold("O2", at="2026-03-03").sold("O3", at="2026-03-05")
    assert story.stands() == [("A", "O1", 1, "available"), ("A", "O3", 3, "available")]
    assert story.result()["skips"] == [
        {"rule": "m", "to": "A", "as": "milestone", "order": "O2", "line": None, "window": None, "reason": "suspended"}
    ]


def test_under_members_only_a_threshold_of_who_is_no_member_is_skipped() -> None:
    story = milestone("{of: orders, window: month}", terms="{hold_days: 0, members_only: true}").sold("O1")
    assert story.skipped() == [("milestone", "A", "not_member")]
    assert story.result()["skips"][0]["window"] == "2026-03"


def test_nobody_is_rewarded_for_what_he_bought_through_his_recruit() -> None:
    story = recruits().sold("O1", "B", buyer_distributor="A").sold("O2", "C", at="2026-03-02")
    assert story.stands() == [("A", "O2", 2, "available")]
    assert story.skipped() == [("milestone", "A", "own_order")]


def test_what_a_skipped_threshold_would_have_shared_is_left_for_the_next() -> None:
    story = milestone("{of: orders}", when="every: 1", reward="reward: {percent: 10%}")
    story.person("A", suspended=[["2026-03-01", "2026-03-02"]]).sold("O1").sold("O2", at="2026-03-03")
    assert [(award["n"], award["base_fen"]) for award in story.awards()] == [(2, 20000)]


# the sentence


SENTENCES = [
    (milestone("{of: orders}").sold("O1"), "奖励：订单 O1 结算后，结算订单达到 1 单（第 1 次）= 10.00 元"),
    (
        milestone("{of: sales, window: month}", when='at: ["100.00"]', reward="reward: {percent: 10%}").sold(
            "O1", paid="100.05"
        ),
        (
            "奖励 2026-03：订单 O1 结算后，结算销售额达到 100.00 元（第 1 次），"
            "计入的实付 100.05 元 × 10% = 10.00 元（不足 1 分舍去）"
        ),
    ),
    (
        milestone("{of: units}", when="at: [2]", reward='reward: {gift: 一节课, value: "199.00"}')
        .sold("O1", qty=2)
        .refund("0.00", 1),
        (
            "奖励：订单 O1 结算后，售出商品达到 2 件（第 1 次），"
            "奖励赠品「一节课」（价值 199.00 元）；退款后只剩 1 件，已收回"
        ),
    ),
    (
        milestone("{of: recruits, qualify: joined}", chain="A>B", reward="reward: {points: 100}"),
        "奖励：B 加入后，邀请的分销员达到 1 位（第 1 次），奖励积分 100 分",
    ),
]


@pytest.mark.parametrize(("story", "sentence"), SENTENCES)
def test_the_sentence_shows_what_was_reached_and_what_it_gives(story: Story, sentence: str) -> None:
    assert story.award()["why"] == sentence


# the document


REFUSED = {
    "both every and at": ("{of: orders}", "every: 1, at: [1]", CASH, ""),
    "neither every nor at": ("{of: orders}", "limit: 1", CASH, ""),
    "at that falls": ("{of: orders}", "at: [2, 1]", CASH, ".at"),
    "at that stays": ("{of: orders}", "at: [2, 2]", CASH, ".at"),
    "at from 0": ("{of: orders}", "at: [0, 1]", CASH, ".at[0]"),
    "every 0": ("{of: orders}", "every: 0", CASH, ".every"),
    "sales without quotes": ("{of: sales}", "every: 2000.00", CASH, ".every"),
    "orders in quotes": ("{of: orders}", 'every: "2"', CASH, ".every"),
    "no limit at all": ("{of: orders}", "every: 1, limit: 0", CASH, ".limit"),
    "a window for a chain": ("{of: chain, window: month}", "every: 1", CASH, ".count.window"),
    "a day": ("{of: orders, window: day}", "every: 1", CASH, ".count.window"),
    "a scope of recruits": ("{of: recruits, scope: {skus: [P]}}", "every: 1", CASH, ".count.scope"),
    "qualify of orders": ("{of: orders, qualify: sold}", "every: 1", CASH, ".count.qualify"),
    "an unknown count": ("{of: team_size}", "every: 1", CASH, ".count.of"),
    "two rewards": ("{of: orders}", "every: 1", 'reward: {cash: "1.00", points: 1}', ".reward"),
    "no reward": ("{of: orders}", "every: 1", "reward: {}", ".reward"),
    "a value beside cash": ("{of: orders}", "every: 1", 'reward: {cash: "1.00", value: "1.00"}', ".reward.value"),
    "cash without quotes": ("{of: orders}", "every: 1", "reward: {cash: 1.00}", ".reward.cash"),
    "points in decimals": ("{of: orders}", "every: 1", "reward: {points: 1.5}", ".reward.points"),
}


@pytest.mark.parametrize(("count", "when", "reward", "key"), REFUSED.values(), ids=REFUSED)
def test_a_milestone_that_makes_no_sense_is_refused_by_its_key(count: str, when: str, reward: str, key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        milestone(count, when=when, reward=reward).result()
    assert [fault.key for fault in refused.value.faults] == [f"rules[0]{key}"]
