"""A 团长's day: his group's orders, what he asks about them, and the one statement with all of them (R16)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import Database
from tests.support.leader import Enterprise, Platform, running
from tests.support.shop import Shop

ROOT = Path(__file__).resolve().parent.parent.parent
EIGHT_PERCENT = (ROOT / "assets/plans/group-leader.yaml").read_text(encoding="utf-8")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running() as platform:
        yield platform


@pytest.fixture
def desk(database: Database, platform: Platform) -> Iterator[Enterprise]:
    """小李 is 团长 under the plan 社区团长: 8 % for leaders, nothing for others."""
    desk = Enterprise(database.sessions, platform, plan=EIGHT_PERCENT)
    desk.leads("lihua")
    yield desk
    assert desk.shop.differences() == []


def sell_and_settle(shop: Shop, desk: Enterprise, chat_id: str, orders: int) -> None:
    """So many orders of 50.00 in the group, a minute apart, received and past their hold days."""
    for _ in range(orders):
        no = desk.sells_in(chat_id, "50.00")
        desk.later(minutes=1)
        shop.completes(no)
    desk.later(days=8)
    shop.clock()
    shop.settles()


def test_twenty_five_orders_of_a_group_are_one_statement_with_twenty_five_lines(desk: Enterprise) -> None:
    """R16: 25 orders, 8 %: 25 × 50.00 = 1,250.00, of which 25 × 4.00 = 100.00."""
    shop, chat_id = desk.shop, desk.group("福利群1", "cust-zhou")
    sell_and_settle(shop, desk, chat_id, 25)
    assert shop.balances("lihua") == {"available": "100.00"}
    assert shop.told("lihua")[-1].startswith("100.00 元已结算（25 单）")
    first, groups, *lines, following = shop.says("lihua", "结算单").splitlines()
    assert first == "11月26日的结算单：100.00 元，25 单。"
    assert groups == "其中「福利群1」25 单 100.00 元"
    assert len(lines) == 25
    assert all(line.endswith("实付 50.00 元，佣金 4.00 元") for line in lines)
    assert lines == sorted(lines, key=lambda line: line.split()[1])
    assert following.startswith("想知道哪一单怎么算的")


@only_sqlite
def test_a_long_statement_comes_page_by_page(desk: Enterprise) -> None:
    shop, chat_id = desk.shop, desk.group("福利群1")
    sell_and_settle(shop, desk, chat_id, 33)
    first = shop.says("lihua", "结算单").splitlines()
    assert (len(first), first[-1]) == (33, "第 1 页，共 2 页。回复「结算单第2页」看后面的。")
    second = shop.says("lihua", "结算单第二页").splitlines()
    assert (len(second), second[-1]) == (6, "第 2 页，共 2 页。")
    assert shop.says("lihua", "结算单 第9页").splitlines() == second
    assert not {line for line in first if "实付" in line} & {line for line in second if "实付" in line}


@only_sqlite
def test_a_refund_after_the_settlement_leaves_the_statement_as_it_was(desk: Enterprise) -> None:
    shop, chat_id = desk.shop, desk.group("福利群1")
    no = desk.sells_in(chat_id, "50.00")
    shop.completes(no)
    desk.later(days=8)
    shop.clock()
    shop.settles()
    shop.refunds(no, "50.00", qty=1)
    assert shop.balances("lihua") == {}
    said = shop.says("lihua", "结算单")
    assert said.startswith("11月26日的结算单：4.00 元，1 单。")
    assert f"{no}  实付 0.00 元，佣金 4.00 元" in said


@only_sqlite
def test_what_his_groups_have_sold(desk: Enterprise) -> None:
    shop, one, other = desk.shop, desk.group("福利群1"), desk.group("邻居群")
    numbers = [desk.sells_in(one, "50.00"), desk.sells_in(one, "25.00"), desk.sells_in(other, "10.00")]
    shop.sells("lihua", "99.00")  # by his code, from nowhere in particular
    assert shop.says("lihua", "群订单").splitlines() == [
        "本月你的 2 个群共 3 单，实付合计 85.00 元：",
        "· 福利群1：2 单，实付 75.00 元，佣金 6.00 元",
        "· 邻居群：1 单，实付 10.00 元，佣金 0.80 元",
        "想看一个群的订单，回复「福利群1的订单」。",
    ]
    named = shop.says("lihua", "福利群1卖了多少").splitlines()
    assert named[0] == "「福利群1」本月 2 单，实付合计 75.00 元，你的佣金 6.00 元："
    assert {line.split()[1] for line in named[1:3]} == set(numbers[:2])
    assert shop.says("lihua", "昨天群里出了几单").startswith("昨天你的 2 个群共 0 单")
    assert shop.says("lihua", "我的订单").startswith("最近 4 单")


@only_sqlite
@pytest.mark.parametrize(
    "asked", ["这个群卖了多少", "群里卖了多少", "这个群赚了多少", "我的群", "群订单", "这群出了几单"]
)
def test_with_one_group_every_way_of_asking_means_it(desk: Enterprise, asked: str) -> None:
    chat_id = desk.group("福利群1")
    assert desk.shop.says("lihua", asked).startswith("「福利群1」本月还没有订单。")
    desk.sells_in(chat_id, "50.00")
    assert desk.shop.says("lihua", asked).startswith("「福利群1」本月 1 单，实付合计 50.00 元，你的佣金 4.00 元：")


@only_sqlite
def test_other_questions_that_speak_of_a_group_are_what_they_were(desk: Enterprise) -> None:
    shop = desk.shop
    desk.group("福利群1")
    assert "海报正在画" in shop.says("lihua", "把草莓海报发到群里")
    assert "7 天后结算" in shop.says("lihua", "结算单多久出一次")
    assert shop.says("lihua", "排行榜发群里").startswith("本周还没有人出单")
    shop.joins("zhangmin")
    assert "你还不是团长" in shop.says("zhangmin", "这个群卖了多少")
    assert shop.says("zhangmin", "结算单").startswith("还没有结算过")
    desk.leads("wangfang")
    assert "你名下还没有客户群" in shop.says("wangfang", "群订单")
    assert "还不是分销员" in shop.says("sunli", "群订单")


@only_sqlite
def test_the_group_that_changed_hands_shows_each_what_was_his(desk: Enterprise) -> None:
    shop, chat_id = desk.shop, desk.group("福利群1")
    desk.leads("zhangmin")
    desk.sells_in(chat_id, "50.00")
    desk.does("owner", chat_id, to="zhangmin")
    desk.looks()
    desk.sells_in(chat_id, "30.00")
    assert "1 单，实付合计 50.00 元" in shop.says("lihua", "群订单")
    assert "1 单，实付合计 30.00 元" in shop.says("zhangmin", "群订单")


@only_sqlite
def test_a_leaders_poster_is_in_his_name_and_reaches_his_group_by_his_own_confirmation(desk: Enterprise) -> None:
    """From the merchant's command to the leader's statement."""
    shop, chat_id = desk.shop, desk.group("福利群1", "cust-zhou")
    desk.flask(
        "broadcast", "create", "--text", "丹东草莓今天到货，一箱 68", "--product", "STRAWBERRY",
        "--groups-of", shop.code("lihua"), "--operator", "boss",
    )  # fmt: skip
    assert "有 1 条群发等你确认，发到 1 个群：福利群1。" in shop.told("lihua")[-1]
    assert desk.sees(chat_id) == []
    desk.confirms("lihua")
    assert desk.sees(chat_id) == ["丹东草莓今天到货，一箱 68\n（广告）", "[image]", "丹东99草莓 3斤装"]
    assert desk.drawn[0]["distributor_id"] == shop.who("lihua").id
    desk.sells_in(chat_id, "68.00")
    assert shop.says("lihua", "这个群卖了多少").startswith(
        "「福利群1」本月 1 单，实付合计 68.00 元，你的佣金 5.44 元："
    )


@only_sqlite
def test_a_leader_who_turns_out_to_be_one_person_with_another_takes_his_groups_along(desk: Enterprise) -> None:
    """He joined in the app and was made 团长; then he links the chat in which he has sold before."""
    shop, chat_id = desk.shop, desk.group("福利群1")
    shop.joins("zhangmin")
    shop.sells("zhangmin", "10.00")
    code = shop.says("zhangmin", "关联").partition("关联码是 ")[2][:8]
    assert "现在都是你" in shop.says("lihua", f"关联 {code}")
    who = shop.who("lihua")
    assert (who.id, who.role) == (shop.who("zhangmin").id, "leader")
    assert desk.known(chat_id).leader_id == who.id
    desk.sells_in(chat_id, "50.00")
    assert "1 单，实付合计 50.00 元，你的佣金 4.00 元" in shop.says("zhangmin", "群订单")
