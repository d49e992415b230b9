"""Rates that depend on what somebody has brought about, on the live path: in their turn, and when facts come late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select

from models.distributor import Distributor
from models.ledger import LedgerEntry
from models.plan import PlanVersion
from models.rollup import Reliance, Rollup, RollupSum
from services import plan, recount, standing
from tests.support.counting import STEPS, awards, line, sells_late
from tests.support.databases import Database
from tests.support.shop import PLAN, Shop

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
VIDEO = """
name: 视频号
terms: {max_share: 50%, hold_days: 1}
rules:
  - {id: r, kind: commission, title: 佣金, pay: [{to: seller, rate: {by: orders, steps: {3: 10%, 5: 15%}}}]}
"""


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions, plan=STEPS)
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    shop.later(days=1)
    return shop


def differences(shop: Shop) -> list[Any]:
    with shop.sessions.writing() as session:
        return [one for who in recount.people(session) for one in recount.verify(session, who)]


# In their turn


def test_steps_move_with_the_order_that_reaches_them_and_earlier_orders_keep_their_rate(database: Database) -> None:
    """Orders of 100.00: the first two pay nothing, the third and fourth 10.00, the fifth 15.00."""
    shop = Shop(database.sessions, plan=VIDEO)
    shop.joins("xiaoli")
    for no in range(1, 6):
        shop.later(hours=1)
        shop.sells("xiaoli", "100.00", no=f"O{no}")
    assert awards(shop) == {
        "O3": [("seller", "10.00")],
        "O4": [("seller", "10.00")],
        "O5": [("seller", "15.00")],
    }
    assert differences(shop) == []


@SQLITE
def test_a_level_is_by_what_has_settled_when_the_order_is_paid(shop: Shop) -> None:
    """His second order settles a day after its completion: only the order after that pays 2 % to the inviter."""
    for no in ("O1", "O2"):
        shop.sells("xiaowang", "100.00", no=no)
        shop.completes(no)
        shop.later(hours=1)
    shop.later(hours=21)
    shop.sells("xiaoli", "100.00", no="O3")
    shop.later(hours=5)
    shop.sells("xiaoli", "100.00", no="O4")
    assert awards(shop)["O3"] == [("seller", "10.00"), ("upline-1", "1.00")]
    assert awards(shop)["O4"] == [("seller", "10.00"), ("upline-1", "2.00")]


@SQLITE
def test_a_plan_that_counts_nothing_keeps_nothing(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00", no="O1")
    shop.refunds("O1", "10.00")
    shop.completes("O1")
    with shop.sessions.reading() as session:
        for table in (Rollup, RollupSum, Reliance):
            assert session.scalar(select(func.count()).select_from(table)) == 0


@SQLITE
def test_orders_from_before_the_first_version_that_counts_are_counted(database: Database) -> None:
    shop = Shop(database.sessions, plan=PLAN)
    shop.joins("xiaoli")
    for no in ("O1", "O2"):
        shop.later(hours=1)
        shop.sells("xiaoli", "100.00", no=no)
    shop.later(hours=1)
    with shop.sessions.writing() as session:
        plan.publish(session, VIDEO, starts_at=shop.now, operator=None, now=shop.now)
    shop.later(hours=1)
    shop.sells("xiaoli", "100.00", no="O3")
    assert awards(shop)["O3"] == [("seller", "10.00")]
    with shop.sessions.reading() as session:
        assert list(session.scalars(select(PlanVersion.counts).order_by(PlanVersion.id))) == [False, True]


@SQLITE
def test_an_order_costs_as_many_statements_after_a_hundred_as_after_three(shop: Shop) -> None:
    def statements(work: Callable[[], object]) -> int:
        said: list[str] = []
        record = lambda *given: said.append(given[2])  # noqa: E731
        event.listen(shop.sessions.engine, "before_cursor_execute", record)
        work()
        event.remove(shop.sessions.engine, "before_cursor_execute", record)
        return len(said)

    def sells() -> None:
        shop.later(minutes=1)
        shop.sells("xiaoli", "10.00")

    for _ in range(3):
        sells()
    few = statements(sells)
    for _ in range(100):
        sells()
    assert statements(sells) == few


# Late


@SQLITE
def test_an_order_that_comes_late_makes_those_after_it_reach_the_next_step(shop: Shop) -> None:
    """Paid in the order O1 O2 O3, come as O2 O3 O1: O3 is the third all the same, and O1 the first."""
    sells_late(shop, "xiaoli", "O2", hours=2)
    sells_late(shop, "xiaoli", "O3", hours=1)
    assert awards(shop)["O3"][0] == ("seller", "10.00")
    sells_late(shop, "xiaoli", "O1", hours=3)
    assert [rows[0] for rows in awards(shop).values()] == [
        ("seller", "10.00"),
        ("seller", "10.00"),
        ("seller", "20.00"),
    ]
    assert shop.balances("xiaoli") == {"pending": "40.00"}
    with shop.sessions.reading() as session:
        keys = session.scalars(select(LedgerEntry.key).where(LedgerEntry.kind == "redecision")).all()
    assert keys == ["redecision:payment:3:2"]
    assert (shop.differences(), differences(shop)) == ([], [])


def test_a_refund_from_before_the_third_order_takes_its_step_back_after_it_was_settled_and_paid_out(
    shop: Shop,
) -> None:
    """What was 20.00 and is available becomes 10.00; the account may go below zero for it."""
    for no in ("O1", "O2", "O3"):
        shop.sells("xiaoli", "100.00", no=no)
        shop.completes(no)
        shop.later(hours=1)
    shop.later(days=2)
    shop.settles()
    assert shop.balances("xiaoli") == {"available": "40.00"}
    shop.later(days=-2, hours=-2, minutes=-30)  # between the second and the third
    shop.refunds("O1", "100.00", qty=1)
    shop.later(days=3)
    assert [rows[0] for rows in awards(shop).values()] == [("seller", "10.00"), ("seller", "10.00")]
    assert shop.balances("xiaoli") == {"available": "20.00"}
    assert (shop.differences(), differences(shop)) == ([], [])


@SQLITE
def test_what_under_the_new_decision_never_was_is_listed_no_more_and_told_as_a_skip(database: Database) -> None:
    shop = Shop(database.sessions, plan=VIDEO)
    shop.joins("xiaoli")
    shop.later(days=1)
    for hours, no in ((4, "O1"), (3, "O2"), (1, "O3")):
        sells_late(shop, "xiaoli", no, hours=hours)
    assert list(awards(shop)) == ["O3"]
    shop.later(hours=-2)
    shop.refunds("O2", "100.00")
    shop.later(hours=2)
    assert awards(shop) == {}
    assert shop.balances("xiaoli") == {}
    assert "还没到第一档" in shop.says("xiaoli", "订单O3的佣金怎么算的")


@SQLITE
def test_a_completion_that_comes_late_raises_the_level_of_orders_in_between(shop: Shop) -> None:
    for no in ("O1", "O2"):
        sells_late(shop, "xiaowang", no, hours=5)
    shop.later(days=3)
    sells_late(shop, "xiaoli", "O3", hours=1)
    assert awards(shop)["O3"][1] == ("upline-1", "1.00")
    shop.later(days=-2)
    for no in ("O1", "O2"):
        shop.completes(no)
    shop.later(days=2)
    assert awards(shop)["O3"][1] == ("upline-1", "2.00")
    assert differences(shop) == []


@SQLITE
def test_somebody_who_joins_in_the_second_of_a_payment_counts_for_it(shop: Shop) -> None:
    shop.sells("xiaoli", "100.00", no="O1")
    assert awards(shop)["O1"] == [("seller", "10.00"), ("upline-1", "1.00")]
    shop.joins("xiaozhang", inviter="xiaowang")
    assert awards(shop)["O1"] == [("seller", "10.00"), ("upline-1", "1.00"), ("upline-1", "1.00")]
    assert shop.balances("xiaowang") == {"pending": "2.00"}


@SQLITE
def test_a_suspension_that_is_told_late_takes_what_he_earned_since(shop: Shop) -> None:
    shop.joins("xiaozhang", inviter="xiaowang")
    shop.later(days=1)
    for hours, no in ((3, "O1"), (1, "O2")):
        sells_late(shop, "xiaoli", no, hours=hours)
    assert shop.balances("xiaowang") == {"pending": "4.00"}
    shop.later(hours=-2)
    since = shop.now
    shop.later(hours=2)
    with shop.sessions.writing() as session:
        standing.suspend(session, session.get_one(Distributor, shop.who("xiaowang").id), at=since, now=shop.now)
    assert shop.balances("xiaowang") == {"pending": "2.00"}
    with shop.sessions.writing() as session:
        standing.suspend(session, session.get_one(Distributor, shop.who("xiaozhang").id), at=since, now=shop.now)
        standing.resume(session, session.get_one(Distributor, shop.who("xiaowang").id), at=since, now=shop.now)
    assert shop.balances("xiaowang") == {"pending": "3.00"}  # he has one active recruit from then on
    assert shop.differences() == []


@SQLITE
def test_roles_are_those_of_the_payment_when_an_order_is_decided_again(database: Database) -> None:
    by_role = VIDEO.replace("{by: orders, steps: {3: 10%, 5: 15%}}", "{by: role, table: {leader: 20%}, else: 10%}")
    with_a_condition = by_role.replace("else: 10%}}", "else: 10%}, if: {of: orders, at_least: 0}}")
    shop = Shop(database.sessions, plan=with_a_condition)
    shop.joins("xiaoli")
    shop.later(days=1)
    sells_late(shop, "xiaoli", "O1", hours=1)
    with shop.sessions.writing() as session:
        session.get_one(Distributor, shop.who("xiaoli").id).role = "leader"
    sells_late(shop, "xiaoli", "O0", hours=2)
    assert awards(shop)["O1"] == [("seller", "10.00")]


# Levels in the chat


@SQLITE
def test_the_chat_tells_the_level_and_what_the_next_one_takes(shop: Shop) -> None:
    assert shop.says("xiaowang", "我什么等级").splitlines() == [
        "你现在是「初级分销员」。",
        "升到「中级分销员」要累计结算订单 2 单，现在 0 单，还差 2 单。",
        "回复「海报」领图去推广，订单过了售后期就算进来。",
    ]
    for no in ("O1", "O2"):
        shop.sells("xiaowang", "100.00", no=no)
        shop.completes(no)
    shop.later(days=1)
    assert shop.says("xiaowang", "还差多少升级").splitlines()[:2] == [
        "你现在是「中级分销员」。",
        "升到「高级分销员」要累计结算销售额 1,000.00 元，现在 200.00 元，还差 800.00 元。",
    ]
    assert shop.says("xiaoli", "规则").count("初级分销员 1%、中级分销员 2%、高级分销员 3%") == 1


@SQLITE
def test_whoever_reaches_another_level_is_told_once(shop: Shop) -> None:
    for no, paid in (("O1", "100.00"), ("O2", "900.00")):
        shop.sells("xiaowang", paid, no=no)
        shop.completes(no)
        shop.later(hours=1)
    shop.settles(hours=22, minutes=30)  # the first has settled, the second not
    assert not any("升到" in text for text in shop.told("xiaowang"))
    shop.later(days=1)
    for _ in range(2):
        shop.settles()
        assert [text for text in shop.told("xiaowang") if "等级" in text] == [
            "恭喜，你升到「高级分销员」了！回复「我的等级」看下一级还差多少。"
        ]
    shop.refunds("O2", "1.00")
    shop.settles()
    assert shop.told("xiaowang")[-1] == "你的等级现在是「中级分销员」。回复「我的等级」看下一级还差多少。"


@SQLITE
def test_without_levels_the_chat_says_so(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    assert "没有分销员等级" in shop.says("xiaoli", "我什么等级")


@SQLITE
def test_products_are_told_with_what_the_next_order_would_bring(shop: Shop) -> None:
    for no in ("O1", "O2"):
        shop.sells("xiaoli", "100.00", no=no, lines=[line(1, "100.00")])
        shop.later(hours=1)
    assert "39.80" in shop.says("xiaoli", "有什么能卖")  # the gift box of 199.00 at 20 %, as his third order
