"""What somebody reads in the morning about the day before, and on Monday about the week."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.money import Money
from domain.periods import SHANGHAI
from jobs.summary import SummaryJob
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NEAR = """
name: 升级和达标
levels:
  - {id: bronze, title: 铜牌}
SILVER
rules:
  - {id: direct, title: 分销佣金, kind: commission, pay: [{to: seller, rate: 10%}]}
  - {id: five, title: 满四单, kind: milestone, count: {of: orders}, at: [4], reward: {cash: "8.00"}}
"""
SILVER = "  - {id: silver, title: 银牌, when: {of: orders, window: lifetime, at_least: 4}}"


def told(shop: Shop, day: int, span: str = "day", minimum: str = "10.00") -> list[str]:
    """What Li reads at ten past nine on that day of November."""
    before = len(shop.told("xiaoli"))
    now = datetime(2026, 11, day, 9, 10, tzinfo=SHANGHAI)
    shop.now = max(shop.now, now)
    SummaryJob(shop.sessions, shop.clock, catalogue(), span, Money.of_yuan(minimum))(now)
    return [line for text in shop.told("xiaoli")[before:] for line in text.splitlines()]


def test_a_day_with_orders(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    shop.completes(shop.sells("xiaoli", "30.00"))
    assert told(shop, 19) == [
        "11月18日赚 9.80 元（2 单），待结算 9.80 元，可提现 0.00 元。",
        "11月25日过售后期的有 3.00 元，之后的结算就能提现。",
        "还差 10.00 元可提现（最低 10.00 元），回复「明细」看每一笔。",
    ]


def test_a_day_without_anything_new_is_not_spoken_of(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    assert told(shop, 20) == []


def test_what_the_team_sold_is_something_new(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.joins("xiaowang", inviter="xiaoli")
    shop.sells("xiaowang", "100.00")
    assert told(shop, 19)[0] == "11月18日赚 5.00 元（1 单），待结算 5.00 元，可提现 0.00 元。"


def test_whoever_can_withdraw_is_told_so(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "680.00"))
    shop.later(days=8)
    shop.settles()
    shop.sells("xiaoli", "30.00")
    assert told(shop, 27)[0] == "11月26日赚 3.00 元（1 单），待结算 3.00 元，可提现 68.00 元。"
    assert shop.told("xiaoli")[-1].splitlines()[-1] == "回复「提现」把 68.00 元提出来。"


def test_a_week_with_his_place(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.joins("xiaowang")
    shop.sells("xiaowang", "100.00")
    shop.sells("xiaoli", "68.00")
    assert told(shop, 23, "week")[:2] == [
        "11月16日至11月22日赚 6.80 元（1 单），待结算 6.80 元，可提现 0.00 元。",
        "销售榜上你第 2 名，还差 32.00 元到第 1 名。",
    ]


@pytest.mark.parametrize(
    ("level", "line"),
    [(SILVER, "再 1 单就升到「银牌」。"), ("", "再 1 单就到「满四单」，奖励 8.00 元。")],
    ids=["level", "reward"],
)
def test_what_is_nearly_reached_is_named(database: Database, level: str, line: str) -> None:
    shop = Shop(database.sessions, plan=NEAR.replace("SILVER", level))
    shop.joins("xiaoli")
    for _ in range(3):
        shop.completes(shop.sells("xiaoli", "30.00"))
    shop.later(days=8)
    shop.settles()
    shop.sells("xiaoli", "30.00")
    assert told(shop, 27)[1] == line


def test_what_is_far_away_is_not(database: Database) -> None:
    shop = Shop(database.sessions, plan=NEAR.replace("SILVER", SILVER))
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "30.00"))
    shop.later(days=8)
    shop.settles()
    shop.sells("xiaoli", "30.00")
    assert len(told(shop, 27)) == 2
