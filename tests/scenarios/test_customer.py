"""A customer of 客户联系 scans a distributor's code, is welcomed, buys, goes and comes back. As the chats have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.customer.terms import Terms
from tests.support.contact import WU, ZHENG, ZHOU, Desk, running
from tests.support.databases import Database

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LINK = "https://work.weixin.qq.com/ca/cafe0123456789abcd"


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with running(database.sessions) as desk:
        yield desk
        assert desk.shop.differences() == []


def test_a_customer_is_welcomed_bound_and_his_order_is_the_distributors(desk: Desk) -> None:
    """The whole story, on every database."""
    lihua = desk.joins("lihua")
    assert "你专属的" in desk.shop.says("lihua", "我的链接")
    desk.deliver()
    assert desk.drawn[-1] == ("contact", {"distributor_id": desk.shop.who("lihua").id})

    desk.scans(ZHOU, "lihua")
    desk.deliver()
    greeting, link = desk.sees(ZHOU)
    assert greeting.startswith("你好，欢迎你来！是 李华 推荐你的。") or "推荐你的。" in greeting
    assert link == "看看有什么好东西"

    assert desk.buys(ZHOU) == (lihua, "bound")
    assert desk.buys(ZHOU, "60.00", by="unionid") == (lihua, "bound")
    assert "待结算 16.00 元" in desk.shop.says("lihua", "我赚了多少")
    assert desk.buys(WU) == (None, "none")


@ON_SQLITE
def test_who_comes_by_himself_is_welcomed_and_nobodys(desk: Desk) -> None:
    desk.joins("lihua")
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    greeting, link = desk.sees(ZHOU)
    assert "推荐" not in greeting
    assert link == "看看有什么好东西"
    assert desk.buys(ZHOU) == (None, "none")


@ON_SQLITE
def test_who_deletes_the_member_leaves_the_distributor_what_he_has(desk: Desk) -> None:
    lihua = desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    assert desk.buys(ZHOU) == (lihua, "bound")
    desk.later(hours=1)
    desk.does("leave", ZHOU)
    assert desk.relation().status == "left"
    assert desk.shop.balances("lihua") == {"pending": "10.00"}
    desk.later(hours=1)
    assert desk.buys(ZHOU, "50.00") == (lihua, "bound")  # he brought him: for as long as the plan says
    desk.later(days=31)
    assert desk.buys(ZHOU, "40.00") == (None, "expired")


@ON_SQLITE
def test_who_comes_back_by_another_is_the_others(desk: Desk) -> None:
    first, second = desk.joins("lihua"), desk.joins("zhangmin")
    desk.scans(ZHOU, "lihua")
    desk.later(hours=1)
    desk.does("drop", ZHOU)
    desk.later(hours=1)
    desk.scans(ZHOU, "zhangmin")
    desk.deliver()
    assert len(desk.sees(ZHOU)) == 2  # welcomed again: the first code was never used
    assert desk.buys(ZHOU) == (second, "bound")
    assert [(row.what, row.distributor_id) for row in desk.evidence()] == [
        ("add_external_contact", desk.shop.who("lihua").id), ("del_external_contact", None),
        ("add_external_contact", desk.shop.who("zhangmin").id),
    ]  # fmt: skip
    assert first != second


@ON_SQLITE
def test_a_friend_who_scans_anothers_code_stays_whose_he_is(desk: Desk) -> None:
    lihua = desk.joins("lihua")
    desk.joins("zhangmin")
    desk.scans(ZHOU, "lihua")
    desk.later(hours=1)
    assert desk.scans(ZHOU, "zhangmin") == []  # the platform tells nobody
    assert desk.buys(ZHOU) == (lihua, "bound")


@ON_SQLITE
def test_a_second_member_is_a_second_relation_and_the_plan_decides(desk: Desk) -> None:
    lihua, zhangmin = desk.joins("lihua"), desk.joins("zhangmin")
    desk.scans(ZHOU, "lihua")
    desk.later(hours=1)
    made = desk.client().add_way(desk.way("zhangmin").state, "另一位客服", ["zhaolei"])
    desk.scans(ZHOU, made[0])
    assert desk.relation(ZHOU, "zhaolei").distributor_id == desk.shop.who("zhangmin").id
    assert desk.relation(ZHOU, "wangfang").distributor_id == desk.shop.who("lihua").id
    assert desk.buys(ZHOU) == (zhangmin, "bound")  # last_touch
    assert lihua != zhangmin


@ON_SQLITE
def test_a_code_shown_later_wins_over_the_bond_under_last_touch(desk: Desk) -> None:
    desk.joins("lihua")
    other = desk.joins("zhangmin")
    desk.scans(ZHOU, "lihua")
    desk.later(hours=1)
    assert desk.buys(ZHOU, ref={"code": other}) == (other, "code")


@ON_SQLITE
def test_a_burst_of_one_second_is_as_many_customers(desk: Desk) -> None:
    lihua = desk.joins("lihua")
    desk.act("contact/burst", customers=[ZHOU, WU, ZHENG], code=desk.way("lihua").config_id, wait=True)
    desk.deliver()
    for customer in (ZHOU, WU, ZHENG):
        assert len(desk.sees(customer)) == 2
        assert desk.buys(customer) == (lihua, "bound")


@ON_SQLITE
def test_a_link_of_the_merchant_brings_customers_by_its_channel(database: Database) -> None:
    with running(database.sessions, Terms(link=LINK)) as desk:
        desk.client().create_link("推客", ["wangfang"])
        (made,) = desk.simulator.contact.links.all()
        made.key = LINK.rpartition("/")[2]
        lihua = desk.joins("lihua")
        assert "下面这张图里的码" in desk.shop.says("lihua", "我的链接")
        assert desk.rows("contact_way") == []  # nothing has to be made
        desk.scans(ZHOU, "lihua")
        assert desk.relation().state == desk.way("lihua").state
        assert desk.buys(ZHOU) == (lihua, "bound")


@ON_SQLITE
def test_without_members_who_serve_nothing_is_promised(database: Database) -> None:
    with running(database.sessions, Terms()) as desk:
        desk.joins("lihua")
        assert "码" not in desk.shop.says("lihua", "我的链接").replace("邀请码", "")
        desk.scans(ZHOU, "wangfang")
        desk.deliver()
        assert len(desk.sees(ZHOU)) == 2  # who has the secret welcomes all the same


@ON_SQLITE
@pytest.mark.parametrize(
    ("said", "first"), [("", []), ("你好，我是{inviter}的朋友", ["你好，我是李小华的朋友", "看看有什么好东西"])]
)
def test_the_merchants_own_words(database: Database, said: str, first: list[str]) -> None:
    with running(database.sessions, Terms(users=("wangfang",), welcome=said)) as desk:
        desk.joins("lihua")
        with desk.sessions.writing() as session:
            session.merge(desk.shop.who("lihua")).told_name = "李小华"
        desk.scans(ZHOU, "lihua")
        desk.deliver()
        assert desk.sees(ZHOU) == first


@ON_SQLITE
def test_a_distributor_who_serves_himself_has_his_own_code(database: Database) -> None:
    with running(database.sessions, Terms(users=("wangfang",), own=True)) as desk:
        desk.joins("lihua")
        desk.joins("zhangmin")  # no customer permission
        assert desk.way("lihua").users == ["lihua"]
        assert desk.way("zhangmin").users == ["wangfang"]
        desk.scans(ZHOU, "lihua")
        assert desk.relation(ZHOU, "lihua").distributor_id == desk.shop.who("lihua").id
