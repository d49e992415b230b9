"""A plan that was published lawfully and that today's rule set forbids: it is not passed over in silence."""

from __future__ import annotations

import pytest

from jobs.lawful import LawfulJob
from services.doctor import stored
from tests.support.databases import Database
from tests.support.shop import PLAN, Shop, catalogue

HEADS = """
name: 五级按人头
levels:
  - {id: v1, title: 一星}
  - {id: v2, title: 二星, when: {of: team_size, at_least: 100}}
rules:
  - {id: five, kind: commission, title: 分销, pay: [
      {to: seller, rate: 10%}, {to: upline-1, rate: {by: level, table: {v1: 3%, v2: 5%}}}]}
"""


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions, plan=HEADS, unpublishable=True)  # as under a rule set that did not know HC-2
    shop.joins("xiaoli", None)
    return shop


def runs(shop: Shop) -> dict[str, int]:
    return LawfulJob(shop.sessions, shop.clock, catalogue(), lambda lanes: None)(shop.now)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_operator_hears_of_it_every_day_and_when_he_asks(shop: Shop) -> None:
    assert runs(shop) == {"unlawful": 1, "told": 1}
    runs(shop)
    (told,) = shop.told("boss")
    assert told.startswith("方案「五级按人头」不再合规：HC-2 ")
    assert told.endswith("请尽快改好重新发布；用 flask plan check 看每一条怎么改。")
    assert shop.says("boss", "有什么异常") == told
    shop.later(days=1)
    runs(shop)
    assert shop.told("boss")[-1] == told
    assert "HC-2" not in shop.says("xiaoli", "有什么异常")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_doctor_says_what_to_do(shop: Shop) -> None:
    (finding,) = stored.plans(shop.sessions, now=shop.now)
    assert (finding.status, "HC-2" in finding.said) == ("wrong", True)
    assert finding.do is not None
    assert "flask plan publish" in finding.do


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_orders_keep_what_the_plan_in_force_gives_them_until_another_is(shop: Shop) -> None:
    shop.sells("xiaoli", "100.00")
    assert shop.balances("xiaoli") == {"pending": "10.00"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_where_all_is_well_nobody_is_told(database: Database) -> None:
    shop = Shop(database.sessions, plan=PLAN)
    assert runs(shop) == {"unlawful": 0, "told": 0}
    assert shop.says("boss", "有什么异常") == "没有发现异常。回复「今天」看今天卖了多少。"
    assert [finding.status for finding in stored.plans(shop.sessions, now=shop.now)] == ["ok"]
