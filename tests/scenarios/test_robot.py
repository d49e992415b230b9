"""The 智能机器人 in a group of the enterprise, and alone: 「@分销助手 排行榜」."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from models.message import Inbox, Outbox
from services import distributor
from tests.support import coupons
from tests.support.databases import Database
from tests.support.robot import UNPAINTED, Robot

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def robot(database: Database) -> Iterator[Robot]:
    found = Robot(database.sessions)
    yield found
    found.close()


@pytest.fixture
def selling(robot: Robot) -> Robot:
    """小李 has sold for 68.00 today, 老王 for 30.00."""
    robot.shop.joins("xiaoli")
    robot.shop.joins("laowang")
    with robot.shop.sessions.writing() as session:
        for userid, name in (("xiaoli", "小李"), ("laowang", "老王")):
            distributor.learn_name(session, robot.shop.vault, userid, name)
    robot.shop.sells("xiaoli", "68.00")
    robot.shop.sells("laowang", "30.00")
    return robot


def test_the_group_asks_who_sold_most(selling: Robot) -> None:
    answer = selling.says("laowang", "排行榜", group=selling.group)
    assert "小李" in answer
    assert "68.00" in answer
    assert "第 2 名" in answer


@pytest.mark.parametrize(
    "asked", ["我的收益", "提现 20", "确认", "我的团队", "我的订单", "我要加入", "关联", "我的资料"]
)
def test_what_is_somebodys_own_is_not_said_before_others(selling: Robot, asked: str) -> None:
    answer = selling.says("xiaoli", asked, group=selling.group)
    assert "只说给你一个人听" in answer
    assert "6.80" not in answer


def test_alone_it_answers_like_the_app(selling: Robot) -> None:
    assert selling.says("xiaoli", "我的收益") == selling.shop.says("xiaoli", "我的收益")


def test_a_voice_is_read_where_the_platform_has_heard_words(selling: Robot) -> None:
    told = selling.act("voice", "xiaoli", text="我的收益。")
    assert "待结算 6.80 元" in told["reply"]["content"]["content"]


def test_a_withdrawal_is_asked_and_confirmed_in_the_same_chat(selling: Robot) -> None:
    shop = selling.shop
    shop.completes(shop.sells("xiaoli", "100.00"))
    shop.settles(days=8)
    assert "确认" in selling.says("xiaoli", "提现 5")
    assert "已提交" in selling.says("xiaoli", "确认")
    assert shop.balances("xiaoli")["withdrawing"] == "5.00"


def test_a_poster_comes_with_the_rest_of_the_answer(selling: Robot) -> None:
    words = selling.says("xiaoli", "草莓海报", group=selling.group)
    assert "草莓" in words
    (picture,) = selling.pictures(selling.group)
    assert b"STRAWBERRY" in picture
    with selling.shop.sessions.reading() as session:
        states = session.scalars(select(Outbox.state).where(Outbox.key.like("stream:%"))).all()
    assert states == ["sent"]


def test_a_poster_that_cannot_be_drawn_leaves_the_words(selling: Robot) -> None:
    selling.undrawable = True
    words = selling.says("xiaoli", "草莓海报")
    assert words.endswith(UNPAINTED)
    assert not selling.pictures("ai-xiaoli")


def test_the_first_look_of_a_day_is_greeted_in_words(selling: Robot) -> None:
    told = selling.act("enter", "xiaoli")
    assert told["reply"]["type"] == "text"
    assert "小李" in told["reply"]["content"]["content"]
    assert selling.act("enter", "xiaoli")["callback"] is None


def test_who_has_not_joined_is_sent_to_the_app(robot: Robot) -> None:
    assert "工作台" in robot.says("xiaoli", "我要加入")
    with robot.shop.sessions.reading() as session:
        assert session.scalar(select(Inbox.id).where(Inbox.channel == "robot")) is not None


def test_a_robot_that_hides_who_writes_knows_nobody(selling: Robot) -> None:
    world = selling.simulator.world
    world.limits = world.limits.changed({"robot_hides_userids": True})
    assert "还不是分销员" in selling.says("xiaoli", "我的收益")
    assert "小李" in selling.says("xiaoli", "排行榜", group=selling.group)


def test_an_operator_is_one_here_too(selling: Robot) -> None:
    assert "98.00" in selling.says("boss", "今天卖了多少")


def test_opinions_and_pictures(selling: Robot) -> None:
    assert selling.act("feedback", "xiaoli", type=2)["reply"] is None
    assert "文字" in selling.act("image", "xiaoli")["reply"]["content"]["content"]


def test_a_text_to_send_on_stands_in_the_same_answer(selling: Robot) -> None:
    answer = selling.says("xiaoli", "草莓群文案", group=selling.group)
    assert "的群文案在下面" in answer
    assert f"/r/{selling.shop.code('xiaoli')}?p=STRAWBERRY&s=group" in answer
    assert answer.endswith("（广告）")


def test_a_coupon_asked_for_before_others_says_nothing_of_what_was_sold(selling: Robot) -> None:
    shop = selling.shop
    coupons.make(shop.sessions, now=shop.now)
    code = coupons.page(shop.sessions, 1, shop.who("xiaoli").id, now=shop.now)
    coupons.takes(shop.sessions, code, now=shop.now)
    answer = selling.says("xiaoli", "发个优惠券", group=selling.group)
    assert code in answer
    assert "已领" not in answer
    assert "已领 1 张" in selling.says("xiaoli", "发个优惠券")
