"""What the group is told of the week, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.periods import SHANGHAI
from jobs.leaderboard import LeaderboardJob, lane_of_robot
from models.message import Outbox
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LANE = lane_of_robot("robot-key")
WEDNESDAY = datetime(2026, 11, 18, 21, tzinfo=SHANGHAI)
FIRST = "第 1 名 {name} 68.00 元（1 单）"


def pushed(shop: Shop, at: datetime) -> list[Any]:
    """What a push at that moment puts into the robot's lane: texts, and the facts of pictures."""
    LeaderboardJob(shop.sessions, shop.clock, catalogue(), [LANE], shop.wake)(at)
    with shop.sessions.reading() as session:
        key = f"leaderboard:{at.isoformat(timespec='seconds')}:%"
        query = select(Outbox).where(Outbox.lane == LANE, Outbox.key.like(key)).order_by(Outbox.id)
        return [row.body.get("content") or row.body["poster"]["facts"] for row in session.scalars(query)]


def test_the_group_gets_the_week_as_a_text_and_as_a_picture(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    text, picture = pushed(shop, WEDNESDAY)
    name = shop.who("xiaoli").nickname
    assert text.splitlines()[:2] == ["11月16日至11月22日销售榜", FIRST.format(name=name)]
    assert picture["rows"] == [[1, name, "68.00 元"]]
    assert picture["period"] == "11月16日至11月22日"


def test_the_same_moment_is_pushed_once(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    assert len(pushed(shop, WEDNESDAY)) == 2
    assert len(pushed(shop, WEDNESDAY)) == 2


def test_on_monday_morning_it_is_the_week_that_has_ended(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    text, _ = pushed(shop, datetime(2026, 11, 23, 9, tzinfo=SHANGHAI))
    assert text.startswith("11月16日至11月22日销售榜")
    assert "想上榜？" in text


def test_while_nobody_has_sold_the_week_before_is_shown_once_more(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    text, picture = pushed(shop, WEDNESDAY + timedelta(days=7))
    assert text.startswith("11月16日至11月22日销售榜")
    assert "这一周还没有人出单" in text
    assert picture["period"] == "11月16日至11月22日"


def test_two_weeks_without_an_order_are_a_text_without_a_picture(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    (text,) = pushed(shop, WEDNESDAY + timedelta(days=14))
    assert text.startswith("11月30日至12月6日还没有人出单")
