"""Levels in the chat: what is missing to the next one is said with the earnings, in the plan's own numbers."""

from __future__ import annotations

import pytest

from tests.support.databases import Database
from tests.support.shop import Shop

PLAN = """
name: 等级
terms: {hold_days: 1}
levels:
  - {id: none, title: 新人}
  - {id: silver, title: 银牌, when: {of: orders, at_least: 3}}
  - {id: gold, title: 金牌, when: {of: sales, window: month, at_least: "500.00"}}
rules:
  - {id: direct, kind: commission, title: 佣金, pay: [{to: seller, rate: {by: level, table: {silver: 12%}, else: 10%}}]}
"""


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions, plan=PLAN)
    shop.joins("xiaoli", None)
    return shop


def test_the_earnings_say_what_the_next_level_takes(shop: Shop) -> None:
    assert "还差 3 单升「银牌」。" in shop.says("xiaoli", "我的收益").splitlines()
    shop.completes(shop.sells("xiaoli", "100.00"))
    assert "还差 3 单升「银牌」。" in shop.says("xiaoli", "我的收益")  # not settled yet
    shop.later(days=2)
    shop.settles()
    assert "还差 2 单升「银牌」。" in shop.says("xiaoli", "我的收益")
    for _ in range(2):
        shop.completes(shop.sells("xiaoli", "100.00"))
    shop.later(days=2)
    shop.settles()
    assert "这个月还差 200.00 元升「金牌」。" in shop.says("xiaoli", "我的收益")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_plan_without_levels_says_nothing_of_them(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli", None)
    assert "升「" not in shop.says("xiaoli", "我的收益")
