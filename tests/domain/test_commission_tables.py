"""Levels, roles, steps and conditions: which rate a payee has is decided once, at payment (plans.md §2 and §2.1)."""

import pytest

from domain.commission import PaidLine, PaidOrder, Person, decide
from domain.document import parse_instant
from domain.money import Money
from domain.plan import PlanRefused, canonical, parse
from tests.domain.stories import PAID_AT, Story, ruled

STEPS = "rate: {by: orders, steps: {10: 10%, 50: 15%, 100: 20%}}"
LEVELS = """[{id: bronze, title: 初级}, {id: silver, title: 中级, when: {of: orders, at_least: 2}},
          {id: gold, title: 高级, when: {of: sales, at_least: "1000.00"}}]"""


def pays(row: str, *, to: str = "seller", chain: str = "A", terms: str = "{hold_days: 7}", levels: str = "[]") -> Story:
    rule = f"id: c, kind: commission, pay: [{{to: {to}, {row}}}]"
    return ruled(rule, chain=chain, terms=terms, levels=levels)


def rates(story: Story, as_of: str | None = None) -> dict[str, int]:
    return {award["order"]: award["bps"] for award in story.awards(as_of)}


def months(story: Story, count: int, start: int = 1, **facts: object) -> Story:
    """So many orders, one an hour from the first of January on."""
    for number in range(start, start + count):
        day, hour = divmod(number, 24)
        story.sold(f"N{number:03}", at=f"2026-01-{day + 1:02}T{hour:02}:00:00+08:00", **facts)  # type: ignore[arg-type]
    return story


# steps


def test_steps_rise_with_the_orders_paid_and_hold_their_own_threshold() -> None:
    story = months(pays(STEPS, terms="{max_share: 20%}"), 100)
    paid = {award["order"]: award["amount_fen"] for award in story.awards()}
    assert "N009" not in paid
    assert [paid[no] for no in ("N010", "N049", "N050", "N099", "N100")] == [1000, 1000, 1500, 1500, 2000]
    skips = story.result()["skips"]
    assert [skip["order"] for skip in skips] == [f"N{number:03}" for number in range(1, 10)]
    assert {skip["reason"] for skip in skips} == {"below_first_step"}


def test_steps_count_what_is_paid_and_not_yet_settled() -> None:
    story = pays("rate: {by: orders, steps: {2: 10%}}").sold("O1", completed_at=None).sold("O2", at="2026-03-02")
    assert rates(story) == {"O2": 1000}


def test_the_order_that_is_evaluated_counts_with_all_its_lines() -> None:
    story = pays('rate: {by: sales, steps: {"100.00": 10%}}').order("O1", ("P", 1, "60.00"), ("P", 1, "40.00"))
    assert [award["amount_fen"] for award in story.awards()] == [600, 400]


def test_orders_paid_earlier_keep_their_rate() -> None:
    story = pays("rate: {by: units, steps: {1: 5%, 3: 10%}}").sold("O1", qty=2).sold("O2", at="2026-03-02")
    assert rates(story) == {"O1": 500, "O2": 1000}


def test_steps_count_the_net_of_the_moment_and_later_refunds_change_nothing() -> None:
    story = pays("rate: {by: orders, steps: {1: 5%, 2: 10%}}")
    story.sold("O1").refund("100.00", at="2026-03-02").sold("O2", at="2026-03-03").sold("O3", at="2026-03-04")
    story.refund("100.00", at="2026-03-05").sold("O4", at="2026-03-06")
    assert rates(story) == {"O1": 500, "O2": 500, "O3": 1000, "O4": 1000}


def test_a_refund_in_the_instant_of_a_payment_comes_before_it() -> None:
    story = pays("rate: {by: orders, steps: {1: 5%, 2: 10%}}").sold("O1").refund("100.00", at="2026-03-02T12:00:00")
    assert rates(story.sold("O2", at="2026-03-02")) == {"O1": 500, "O2": 500}


def test_of_two_orders_in_one_instant_the_lower_number_comes_first() -> None:
    story = pays("rate: {by: orders, steps: {1: 5%, 2: 10%}}").sold("O10").sold("O9")
    assert rates(story) == {"O10": 500, "O9": 1000}


def test_steps_of_an_upline_are_on_his_own_results() -> None:
    story = pays("rate: {by: orders, steps: {1: 10%}}", to="upline-1", chain="A>B").sold("O1", "B")
    assert story.skipped() == [("upline-1", "A", "below_first_step")]
    assert rates(story.sold("O0", "A", at="2026-02-01")) == {"O1": 1000}


def test_a_window_starts_anew() -> None:
    story = pays("rate: {by: orders, window: month, steps: {1: 5%, 2: 10%}}")
    story.sold("O1", at="2026-03-01").sold("O2", at="2026-03-31T23:59:59+08:00").sold(
        "O3", at="2026-04-01T00:00:00+08:00"
    )
    assert rates(story) == {"O1": 500, "O2": 1000, "O3": 500}


def test_steps_by_people_count_who_is_active() -> None:
    """R5: three percent with fewer than two in the team, five from two on."""
    story = pays("rate: {by: team_size, steps: {0: 3%, 2: 5%}}", to="upline-1", chain="A>B>C>D")
    assert rates(story.sold("O1", "B")) == {"O1": 500}  # B and C; D is the third level
    story.person("C", suspended=[["2026-01-01", None]])
    assert rates(story) == {"O1": 300}


def test_steps_by_buyers_count_settled_orders_only() -> None:
    story = (
        pays("rate: {by: buyers, steps: {1: 10%}}").sold("O1").sold("O2", at="2026-03-02").sold("O3", at="2026-03-08")
    )
    assert rates(story) == {"O3": 1000}


def test_a_free_order_is_no_step() -> None:
    story = (
        pays('amount: {by: orders, steps: {1: "1.00", 2: "2.00"}}').sold("O1", paid="0.00").sold("O2", at="2026-03-02")
    )
    assert story.earns() == {"A": "1.00"}
    assert story.skipped() == [("seller", "A", "below_first_step")]


def test_an_own_purchase_is_no_step() -> None:
    story = (
        pays("rate: {by: orders, steps: {1: 5%, 2: 10%}}").sold("O1", buyer_distributor="A").sold("O2", at="2026-03-02")
    )
    assert rates(story) == {"O2": 500}


def test_amounts_may_be_in_steps_too() -> None:
    story = pays('amount: {by: orders, steps: {1: "1.00", 2: "1.50"}}, per: unit').sold("O1", qty=3)
    assert story.sold("O2", qty=2, at="2026-03-02").earns() == {"A": "6.00"}


# conditions


CONDITION = "rate: 5%, if: {of: orders, window: month, at_least: 1}"


def test_a_condition_is_met_by_orders_that_are_settled_when_the_order_is_paid() -> None:
    story = pays(CONDITION).sold("O1").sold("O2", at="2026-03-08T11:59:59+08:00").sold("O3", at="2026-03-08")
    assert rates(story) == {"O3": 500}
    assert story.skipped() == [("seller", "A", "condition")] * 2


def test_an_order_never_counts_as_settled_for_itself() -> None:
    assert pays(CONDITION, terms="{hold_days: 0}").sold("O1").awards() == []


def test_a_condition_in_a_window_counts_orders_that_were_paid_in_it() -> None:
    story = pays(CONDITION, terms="{hold_days: 0}").sold("O1", at="2026-03-31").sold("O2", at="2026-04-01")
    assert rates(story) == {}
    assert rates(story.sold("O3", at="2026-04-02")) == {"O3": 500}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("{of: units, at_least: 2}", True),
        ("{of: units, at_least: 3}", False),
        ('{of: sales, at_least: "100.00"}', True),
        ('{of: sales, at_least: "100.01"}', False),
        ("{of: buyers, at_least: 1}", True),
        ("{of: buyers, at_least: 2}", False),
        ("{of: recruits, at_least: 2}", True),
        ("{of: recruits, at_least: 3}", False),
        ("{of: team_size, at_least: 3}", True),
        ("{of: team_size, at_least: 4}", False),
        ("{of: recruits, window: month, at_least: 1}", True),
        ("{of: recruits, window: week, at_least: 1}", False),
        ("{of: orders, window: day, at_least: 1}", False),
    ],
)
def test_every_count_may_be_a_condition(condition: str, met: bool) -> None:
    story = pays(f"rate: 5%, if: {condition}", chain="A, A>B>C>D, A>E", terms="{hold_days: 0}")
    story.person("B", joined_at="2026-03-02").person("E", joined_at="2026-02-28").sold("O1", qty=2, buyer="x")
    assert ("O2" in rates(story.sold("O2", at="2026-03-10", buyer="y"))) is met


def test_a_count_is_over_all_lines_whatever_the_rules_scope() -> None:
    rule = f"id: c, kind: commission, scope: {{skus: [Q]}}, pay: [{{to: seller, {CONDITION}}}]"
    story = ruled(rule).product("P").product("Q").sold("O1", sku="P").sold("O2", sku="Q", at="2026-03-02")
    assert rates(story) == {"O2": 500}


def test_an_order_that_is_refunded_after_it_settled_no_longer_counts() -> None:
    story = (
        pays(CONDITION, terms="{hold_days: 0}").sold("O1").refund("100.00", at="2026-03-02").sold("O2", at="2026-03-03")
    )
    assert story.skipped() == [("seller", "A", "condition")] * 2


def test_of_several_reasons_suspended_comes_before_condition_and_condition_before_the_first_step() -> None:
    row = "rate: {by: orders, steps: {9: 5%}}, if: {of: orders, at_least: 1}"
    assert pays(row).sold("O1").skipped() == [("seller", "A", "condition")]
    suspended = pays(row).person("A", suspended=[["2026-01-01", None]]).sold("O1")
    assert suspended.skipped() == [("seller", "A", "suspended")]


# levels and roles


def test_one_holds_the_last_level_whose_condition_he_meets() -> None:
    table = "rate: {by: level, table: {bronze: 5%, silver: 8%, gold: 10%}}"
    story = pays(table, levels=LEVELS, terms="{hold_days: 0}")
    for day, paid in enumerate(["100.00", "100.00", "100.00", "700.00", "1.00"], start=1):
        story.sold(f"O{day}", paid=paid, at=f"2026-03-0{day}")
    assert rates(story) == {"O1": 500, "O2": 500, "O3": 800, "O4": 800, "O5": 1000}


def test_a_later_level_may_be_met_without_the_one_below_it() -> None:
    table = "rate: {by: level, table: {gold: 10%}, else: 1%}"
    story = pays(table, levels=LEVELS, terms="{hold_days: 0}").sold("O1", paid="1000.00").sold("O2", at="2026-03-02")
    assert rates(story) == {"O1": 100, "O2": 1000}


def test_who_holds_no_level_or_one_without_entry_has_the_else_or_nothing() -> None:
    levels = "[{id: silver, title: 中级, when: {of: orders, at_least: 2}}]"
    assert rates(pays("rate: {by: level, table: {silver: 8%}, else: 5%}", levels=levels).sold("O1")) == {"O1": 500}
    story = pays("rate: {by: level, table: {silver: 8%}}", levels=levels).sold("O1")
    assert (story.awards(), story.skipped()) == ([], [("seller", "A", "condition")])


def test_a_grade_of_twenty_settled_orders_has_its_own_rate() -> None:
    """R14: silver from 20 orders, 12 % in place of 10 %."""
    levels = "[{id: silver, title: 银, when: {of: orders, at_least: 20}}]"
    story = months(pays("rate: {by: level, table: {silver: 12%}, else: 10%}", levels=levels), 20)
    assert rates(story.sold("O21", at="2026-01-08T19:00:00+08:00"))["O21"] == 1000  # the twentieth settles at 20:00
    assert rates(story.sold("O22", at="2026-01-08T20:00:00+08:00"))["O22"] == 1200


def test_each_role_may_have_a_rate_or_an_amount_of_its_own() -> None:
    """R15: a creator has 15 %, a shopping guide 2.00 for each unit."""
    rule = """id: c, kind: commission, pay: [{to: seller, rate: {by: role, table: {creator: 15%}}},
              {to: seller, amount: {by: role, table: {guide: "2.00"}}}]"""
    story = ruled(rule, chain="A, B").person("A", role="creator").person("B", role="guide")
    assert story.sold("O1", "A").sold("O2", "B", qty=3).earns() == {"A": "15.00", "B": "6.00"}


def test_what_was_decided_at_payment_stays_after_refunds() -> None:
    table = "rate: {by: level, table: {bronze: 5%, gold: 10%}}, if: {of: orders, at_least: 1}"
    story = (
        pays(table, levels=LEVELS, terms="{hold_days: 0}").sold("O1", paid="1000.00").refund("999.00", at="2026-03-09")
    )
    story.sold("O2", at="2026-03-02").refund("50.00", at="2026-03-10")
    assert story.earns() == {"A": "5.00"}


# what is told


SENTENCES = [
    (
        pays("rate: {by: orders, steps: {1: 10%}}"),
        "订单 O1 实付 100.00 元 × 奖励 10% = 10.00 元（累计 1 单，已到 1 档）",
    ),
    (
        pays('rate: {by: sales, window: month, steps: {"100.00": 10%}}'),
        "订单 O1 实付 100.00 元 × 奖励 10% = 10.00 元（本月销售额 100.00 元，已到 100.00 档）",
    ),
    (
        pays("rate: {by: level, table: {bronze: 5%}}", levels=LEVELS),
        "订单 O1 实付 100.00 元 × 奖励 5% = 5.00 元（等级：初级）",
    ),
    (
        pays('amount: {by: role, table: {guide: "2.00"}, else: "1.00"}'),
        "订单 O1 奖励每件 1.00 元 × 1 件 = 1.00 元（角色：分销员）",
    ),
]


@pytest.mark.parametrize(("story", "sentence"), SENTENCES)
def test_the_sentence_says_what_the_rate_was_looked_up_by(story: Story, sentence: str) -> None:
    assert story.sold("O1").award()["why"] == sentence


def test_a_plan_that_counts_is_not_decided_without_the_counts() -> None:
    plan = parse(pays(CONDITION).plan)
    order = PaidOrder("O1", "A", None, parse_instant(PAID_AT), (PaidLine(0, "P", None, 1, Money(100)),))
    with pytest.raises(LookupError, match="orders"):
        decide(plan, order, [Person("A")])


# the document


REFUSED = {
    "steps that fall": ("rate: {by: orders, steps: {10: 1%, 5: 2%}}", "rate.steps"),
    "steps in decimals": ("rate: {by: orders, steps: {1.5: 1%}}", "rate.steps.1.5"),
    "no steps": ("rate: {by: orders, steps: {}}", "rate.steps"),
    "a step of sales without quotes": ("rate: {by: sales, steps: {100.00: 1%}}", "rate.steps.100.00"),
    "a step of sales in full-width digits": ('rate: {by: sales, steps: {"１00.00": 1%}}', "rate.steps.１00.00"),
    "a rate finer than a hundredth": ("rate: {by: orders, steps: {1: 0.001%}}", "rate.steps.1"),
    "an amount where a rate stands": ('rate: {by: orders, steps: {1: "1.00"}}', "rate.steps.1"),
    "a table and steps": ("rate: {by: orders, table: {a: 1%}, steps: {1: 1%}}", "rate.table"),
    "a window of a role": ("rate: {by: role, window: month, table: {guide: 1%}}", "rate.window"),
    "an unknown role": ("rate: {by: role, table: {boss: 1%}}", "rate.table.boss"),
    "an unknown level": ("rate: {by: level, table: {platinum: 1%}}", "rate.table.platinum"),
    "an unknown count": ("rate: {by: likes, steps: {1: 1%}}", "rate.by"),
    "per beside a table of rates": ("rate: {by: role, table: {guide: 1%}}, per: line", "per"),
    "a condition without a threshold": ("rate: 1%, if: {of: orders}", "if.at_least"),
    "a condition in quotes": ('rate: 1%, if: {of: orders, at_least: "1"}', "if.at_least"),
    "a condition of sales without quotes": ("rate: 1%, if: {of: sales, at_least: 1}", "if.at_least"),
    "an unknown window": ("rate: 1%, if: {of: orders, window: year, at_least: 1}", "if.window"),
}


@pytest.mark.parametrize(("row", "key"), REFUSED.values(), ids=REFUSED)
def test_a_table_or_condition_that_makes_no_sense_is_refused_by_its_key(row: str, key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        parse(pays(row, levels=LEVELS).plan)
    assert f"rules[0].pay[0].{key}" in [fault.key for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("levels", "key"),
    [
        ("[{id: a, title: t}, {id: a, title: u}]", "levels[1].id"),
        ("[{id: a}]", "levels[0].title"),
        ("[{id: a, title: t, when: {of: chain, at_least: 1}}]", "levels[0].when.of"),
    ],
)
def test_levels_that_make_no_sense_are_refused_by_their_key(levels: str, key: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        parse(pays("rate: 1%", levels=levels).plan)
    assert [fault.key for fault in refused.value.faults] == [key]


def test_no_levels_are_no_part_of_the_canonical_form() -> None:
    assert "levels" not in canonical(parse(pays("rate: 1%").plan))
