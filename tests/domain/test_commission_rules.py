"""Who earns, how much, and when it becomes available: one sentence of plans.md each."""

import pytest

from domain.plan import PlanRefused
from domain.scenario import ScenarioRefused
from tests.domain.stories import PAID_AT, given

SELLER = "{to: seller, rate: 10%}"
BOTH = (SELLER, "{to: upline-1, rate: 5%}")
COMPLETED = "2026-03-03T10:00:00+08:00"
SETTLES = "2026-03-10T10:00:00+08:00"  # seven days of 24 hours later
SECOND_BEFORE = "2026-03-10T09:59:59+08:00"


# Which rule


SPECIAL_FIRST = """
  - {id: gift, kind: commission, title: 礼盒, scope: {skus: [GIFT]}, pay: [{to: seller, rate: 1%}]}
  - {id: fruit, kind: commission, title: 水果, scope: {categories: [水果], exclude: [PEAR]},
     pay: [{to: seller, rate: 2%}, {to: upline-1, rate: 1%}]}
  - {id: rest, kind: commission, title: 其他, pay: [{to: seller, rate: 3%}]}
"""


@pytest.mark.parametrize(
    ("sku", "rule", "others"),
    [
        ("GIFT", "gift", ["fruit", "fruit", "rest"]),  # each row of a later rule that holds the line
        ("APPLE", "fruit", ["rest"]),
        ("PEAR", "rest", []),  # excluded from its category
        ("TEA", "rest", []),
    ],
)
def test_the_first_rule_that_holds_the_line_applies_and_later_ones_are_skipped(
    sku: str, rule: str, others: list[str]
) -> None:
    story = given(rules=SPECIAL_FIRST).product("GIFT", "水果").product("APPLE", "水果").product("PEAR", "水果")
    result = story.product("TEA", "茶").order("O1", (sku, 1, "100.00")).result()
    assert {award["rule"] for award in result["awards"]} == {rule}
    assert [skip["rule"] for skip in result["skips"]] == others
    assert {skip["reason"] for skip in result["skips"]} <= {"other_rule"}


def test_a_row_of_another_rule_is_told_as_such_even_where_nobody_could_have_it() -> None:
    rules = """
  - {id: one, kind: commission, title: 一, pay: [{to: seller, rate: 1%}]}
  - {id: two, kind: commission, title: 二, pay: [{to: upline-9, rate: 1%}]}
"""
    assert given(rules=rules).order().skipped() == [("upline-9", None, "other_rule")]


def test_several_rows_may_name_the_same_payee() -> None:
    awards = given(SELLER, '{to: seller, amount: "1.00"}').order().awards()
    assert [(award["to"], award["bps"], award["amount_fen"]) for award in awards] == [
        ("C", 1000, 1000),
        ("C", None, 100),
    ]


# Who


def test_an_order_of_nobody_pays_nobody() -> None:
    assert given(*BOTH).order(seller=None).result() == {"awards": [], "skips": []}


def test_nobody_moves_up_into_the_place_of_who_is_suspended() -> None:
    story = given(*BOTH).person("B", suspended=[["2026-02-01T00:00:00+08:00", None]]).order()
    assert story.earns() == {"C": "10.00"}
    assert story.skipped() == [("upline-1", "B", "suspended")]


@pytest.mark.parametrize(
    ("start", "end", "earns"),
    [
        ("2026-02-01T00:00:00+08:00", "2026-03-01T09:59:59+08:00", True),
        ("2026-02-01T00:00:00+08:00", PAID_AT, True),  # a suspension does not hold its end
        (PAID_AT, None, False),  # it holds its start
        ("2026-03-01T10:00:01+08:00", None, True),  # later changes take nothing
    ],
)
def test_suspension_is_judged_at_payment(start: str, end: str | None, earns: bool) -> None:
    story = given(SELLER).person("C", suspended=[[start, end]]).order()
    assert story.earns() == ({"C": "10.00"} if earns else {})


def test_under_members_only_a_distributor_who_is_no_member_earns_nothing() -> None:
    story = given(*BOTH, terms="{members_only: true}").person("C", member=True).order()
    assert story.earns() == {"C": "10.00"}
    assert story.skipped() == [("upline-1", "B", "not_member")]


def test_of_several_reasons_the_first_of_the_list_is_told() -> None:
    story = given(SELLER, terms="{members_only: true}").person("C", suspended=[["2026-01-01", None]])
    assert story.order(buyer_distributor="C").skipped() == [("seller", "C", "suspended")]


@pytest.mark.parametrize(
    ("joined", "earns"),
    [
        ("2026-03-01T10:00:00.900000+08:00", True),  # in the second of the payment
        ("2026-03-01T10:00:01+08:00", False),
    ],
)
def test_a_distributor_earns_from_the_second_in_which_he_joined(joined: str, earns: bool) -> None:
    assert given(SELLER).person("C", joined_at=joined).order().earns() == ({"C": "10.00"} if earns else {})


def test_the_chain_ends_at_an_inviter_who_had_not_joined_when_the_order_was_paid() -> None:
    story = given(*BOTH, "{to: upline-2, rate: 1%}").person("B", joined_at="2026-03-02").order()
    assert story.skipped() == [("upline-1", None, "no_upline"), ("upline-2", None, "no_upline")]


# Own purchases


@pytest.mark.parametrize(
    ("own_orders", "buyer", "earns"),
    [
        ("none", "C", {}),
        ("upline", "C", {"B": "5.00"}),
        ("seller", "C", {"C": "10.00", "B": "5.00"}),
        ("none", "B", {"C": "10.00"}),  # who buys through his downline earns nothing from it himself
        ("upline", "B", {"C": "10.00"}),
        ("seller", "B", {"C": "10.00", "B": "5.00"}),
        ("none", "A", {"C": "10.00", "B": "5.00"}),
    ],
)
def test_own_purchases_pay_as_the_plan_says(own_orders: str, buyer: str, earns: dict[str, str]) -> None:
    story = given(*BOTH, terms=f"{{own_orders: {own_orders}}}").order(buyer_distributor=buyer)
    assert story.earns() == earns
    unpaid = [code for code in ("C", "B") if code not in earns]
    assert [(to, reason) for _, to, reason in story.skipped()] == [(code, "own_order") for code in unpaid]


# How much


@pytest.mark.parametrize(
    ("qty", "paid", "refund", "returned", "fen"),
    [
        (1, "100.00", "0.00", 0, 400),  # (100.00 − 60.00) × 10 %
        (2, "200.00", "50.00", 0, 300),  # (150.00 − 120.00) × 10 %
        (2, "200.00", "100.00", 1, 400),  # (100.00 − 60.00) × 10 %
        (2, "200.00", "50.00", 2, 1500),  # 150.00 and no cost: the units are back
        (1, "60.00", "0.00", 0, None),  # no profit is no award
        (1, "50.00", "0.00", 0, None),  # never below 0
    ],
)
def test_profit_is_net_less_cost_of_the_net_units(
    qty: int, paid: str, refund: str, returned: int, fen: int | None
) -> None:
    story = given(SELLER, more="base: profit").product("P", cost="60.00").order("O1", ("P", qty, paid))
    awards = story.refund(refund, returned).awards()
    assert [award["amount_fen"] for award in awards] == ([] if fen is None else [fen])


def test_an_amount_per_unit_follows_the_net_units_and_not_the_money() -> None:
    story = given('{to: seller, amount: "3.00"}').order("O1", ("P", 3, "90.00"))
    assert story.refund("30.00").earns() == {"C": "9.00"}
    assert story.refund(qty=1).earns() == {"C": "6.00"}


def test_an_amount_per_line_is_paid_once_for_each_line_with_a_net() -> None:
    story = given('{to: seller, amount: "3.00", per: line}').order("O1", ("P", 3, "90.00"), ("P", 1, "30.00"))
    assert story.earns() == {"C": "6.00"}
    assert story.refund("30.00", line=1).earns() == {"C": "3.00"}


def test_a_line_that_a_refund_brought_to_0_pays_nothing_whatever_its_units() -> None:
    assert given('{to: seller, amount: "3.00"}').order("O1", ("P", 3, "90.00")).refund("90.00").earns() == {"C": "0.00"}


def test_a_free_line_pays_its_amounts_on_its_net_units_without_the_cap_and_no_rates() -> None:
    story = given('{to: seller, amount: "3.00"}', SELLER, "{to: upline-9, rate: 1%}", terms="{max_share: 0%}")
    story.order("O1", ("P", 3, "0.00"))
    assert story.earns() == {"C": "9.00"}
    assert story.refund(qty=2).earns() == {"C": "3.00"}
    assert story.skipped() == []


def test_a_free_line_whose_units_are_all_back_is_reversed() -> None:
    award = given('{to: seller, amount: "3.00", per: line}').order("O1", ("P", 2, "0.00")).refund(qty=2).award()
    assert (award["amount_fen"], award["state"]) == (0, "reversed")


def test_base_and_rate_are_those_before_a_cut() -> None:
    award = given(SELLER, terms="{max_share: 5%}").order().award()
    assert (award["base_fen"], award["bps"], award["amount_fen"]) == (10000, 1000, 500)


def test_what_an_earlier_row_loses_may_fall_to_a_later_one() -> None:
    # Two units for 30.00, cap 15.00: 10.00 a unit is cut to 15.00 and leaves nothing; one unit back leaves 5.00.
    story = given('{to: seller, amount: "10.00"}', "{to: upline-1, rate: 5%}").order("O1", ("P", 2, "30.00"))
    assert story.earns() == {"C": "15.00"}
    assert story.skipped() == [("seller", "C", "capped"), ("upline-1", "B", "capped")]
    story.refund(qty=1)
    assert story.earns() == {"C": "10.00", "B": "1.50"}
    assert story.earns("2026-03-04T09:59:59+08:00") == {"C": "15.00"}  # before it


def test_what_never_was_above_0_is_no_award() -> None:
    assert given(SELLER).order("O1", ("P", 1, "0.09")).awards() == []


def test_what_was_above_0_before_a_refund_stays_listed_as_reversed() -> None:
    award = given(SELLER).order("O1", ("P", 1, "0.10")).refund("0.01").award()
    assert (award["amount_fen"], award["state"]) == (0, "reversed")


# When


@pytest.mark.parametrize(("as_of", "state"), [(SECOND_BEFORE, "pending"), (SETTLES, "available")])
def test_an_award_becomes_available_when_the_hold_days_are_over(as_of: str, state: str) -> None:
    assert given(SELLER).order(completed_at=COMPLETED).award(as_of)["state"] == state


def test_an_order_that_is_not_completed_stays_pending_for_ever() -> None:
    assert given(SELLER).order().award()["state"] == "pending"


def test_what_happens_after_as_of_is_unknown() -> None:
    story = given(SELLER).order(completed_at=COMPLETED).refund("100.00", at="2026-03-02T10:00:00+08:00")
    assert story.result("2026-03-01T09:59:59+08:00") == {"awards": [], "skips": []}
    assert story.award(PAID_AT)["state"] == "pending"
    assert story.award("2026-03-02T09:59:59+08:00")["amount_fen"] == 1000
    assert story.award("2026-03-02T10:00:00+08:00")["amount_fen"] == 0


def test_a_refund_after_settlement_is_taken_from_what_is_available() -> None:
    story = given(SELLER).order(completed_at=COMPLETED).refund("40.00", at="2026-04-01T00:00:00+08:00")
    award = story.award()
    assert (award["amount_fen"], award["state"]) == (600, "available")
    assert story.refund("60.00", at="2026-04-02T00:00:00+08:00").award()["state"] == "reversed"


def test_a_full_refund_to_come_does_not_unsettle_what_is_settled() -> None:
    story = given(SELLER).order(completed_at=COMPLETED).refund("100.00", at="2026-04-01T00:00:00+08:00")
    assert story.award("2026-03-31T23:59:59+08:00")["state"] == "available"
    assert story.award("2026-04-01T00:00:00+08:00")["state"] == "reversed"


def test_a_full_refund_in_the_moment_of_settlement_leaves_nothing_to_settle() -> None:
    story = given(SELLER).order(completed_at=COMPLETED).refund("100.00", at=SETTLES)
    assert story.award(SECOND_BEFORE)["state"] == "pending"
    assert story.award(SETTLES)["state"] == "reversed"


def test_one_line_that_is_left_settles_the_order() -> None:
    story = given(SELLER).order("O1", ("P", 1, "50.00"), ("P", 1, "50.00"), completed_at=COMPLETED).refund("50.00")
    assert [award["state"] for award in story.awards()] == ["reversed", "available"]


def test_a_free_line_with_units_left_settles_its_order() -> None:
    story = given('{to: seller, amount: "3.00"}').order("O1", ("P", 1, "0.00"), completed_at=COMPLETED)
    assert story.award()["state"] == "available"


def test_hold_days_of_0_settle_at_completion() -> None:
    story = given(SELLER, terms="{hold_days: 0}").order(completed_at=COMPLETED)
    assert story.award(COMPLETED)["state"] == "available"


# What a plan may ask of the catalogue


def test_names_that_nobody_sells_are_refused() -> None:
    story = (
        given(SELLER, more="scope: {skus: [APPEL], categories: [水果], exclude: [GIFT]}").product("APPLE", "菜").order()
    )
    with pytest.raises(PlanRefused) as refused:
        story.result()
    assert [(fault.line, fault.key) for fault in refused.value.faults] == [
        (4, "rules[0].scope.categories"),
        (4, "rules[0].scope.skus"),
        (4, "rules[0].scope.exclude"),
    ]


def test_profit_over_a_sku_without_cost_is_refused() -> None:
    with pytest.raises(PlanRefused, match="P 没有成本价"):
        given(SELLER, more="base: profit").product("P").order().result()


def test_profit_is_not_asked_of_a_sku_out_of_scope() -> None:
    story = given(SELLER, more="base: profit, scope: {skus: [Q]}").product("P").product("Q", cost="1.00")
    assert story.order().awards() == []


def test_a_line_of_an_unknown_sku_is_refused_only_where_a_rule_asks_for_its_category() -> None:
    assert given(SELLER).order().earns() == {"C": "10.00"}
    with pytest.raises(ScenarioRefused, match="products"):
        given(SELLER, more="scope: {categories: [水果]}").product("Q", "水果").order().result()
