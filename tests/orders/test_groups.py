"""Orders that come from a customer group: whose they are, by the second of their payment, and what is kept of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.distributor import Distributor
from models.group import CustomerGroup, GroupLeadership
from models.order import Order
from services import group
from services.group import Told
from tests.orders.mall import NOW, Mall, ago, order
from tests.support import coupons

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAT = "wrAAAAAA0001"


def reason(answer: Any) -> tuple[str | None, str]:
    who = answer.json["distributor"]
    return who["name"] if who else None, answer.json["reason"]["code"]


def leader(mall: Mall, name: str, userid: str | None = None, **more: Any) -> Distributor:
    who = mall.distributor(name, role="leader", **more)
    if userid is not None:
        mall.known_by(who, "wecom", userid)
    return who


def told(mall: Mall, chat_id: str = CHAT, owner: str = "lihua", **more: Any) -> None:
    """The platform says so of the group, now."""
    facts = {"name": "福利群1", "members": 3, "version": "v1", "began_at": ago(days=30), "states": ()} | more
    with mall.sessions.writing() as session:
        group.take_in(session, mall.vault, Told(chat_id, owner=owner, **facts), asked_at=mall.now, now=mall.now)


def in_group(no: str = "O1", chat_id: str = CHAT, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    return order(no, at=at, ref={"group": chat_id}, buyer={"id": f"cust-{no}"}, **more)


def test_an_order_of_a_group_is_its_leaders(mall: Mall) -> None:
    above = mall.distributor("老王")
    leader(mall, "小李", "lihua", inviter=above)
    told(mall, owner="LiHua")
    answer = mall.push(in_group())
    assert reason(answer) == ("小李", "group")
    assert answer.json["reason"]["text"] == "订单来自小李的客户群「福利群1」"
    assert [award["amount"] for award in answer.json["awards"]] == ["10.00", "5.00"]
    row = mall.read(lambda session: session.get(Order, 1))
    assert row.group_id == mall.read(lambda session: group.find(session, CHAT)).id
    assert [(claim["kind"], claim["given"], claim["why"]) for claim in row.claims] == [("group", CHAT, "won")]


def test_whose_it_is_goes_by_the_second_of_the_payment(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    leader(mall, "小王", "wangfang")
    told(mall)
    mall.now = NOW + timedelta(hours=1)
    with mall.sessions.writing() as session:
        group.happened(session, CHAT, "update", "change_owner", at=NOW + timedelta(minutes=30), now=mall.now)
    told(mall, owner="wangfang")
    before = in_group("O1", at=NOW + timedelta(minutes=30) - timedelta(seconds=1))
    assert reason(mall.push(before)) == ("小李", "group")
    assert reason(mall.push(in_group("O2", at=NOW + timedelta(minutes=30)))) == ("小王", "group")
    old = mall.push(in_group("O3", at=ago(days=29)))
    assert reason(old) == ("小李", "group")


def test_a_change_of_which_no_event_came_holds_from_when_it_is_seen(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    leader(mall, "小王", "wangfang")
    told(mall)
    mall.now = NOW + timedelta(hours=1)
    told(mall, owner="wangfang")
    assert reason(mall.push(in_group("O1", at=NOW + timedelta(minutes=59)))) == ("小李", "group")
    assert reason(mall.push(in_group("O2", at=NOW + timedelta(minutes=60)))) == ("小王", "group")


@only_sqlite
def test_a_group_of_nobody_and_an_unknown_one(mall: Mall) -> None:
    mall.known_by(mall.distributor("小张"), "wecom", "zhangmin")  # owns it and is no leader
    told(mall, owner="zhangmin")
    nobody = mall.push(in_group())
    assert reason(nobody) == (None, "unknown_code")
    assert CHAT in nobody.json["reason"]["text"]
    assert mall.read(lambda session: session.get(Order, 1)).group_id is not None
    assert reason(mall.push(in_group("O2", "wrNobodyKnows"))) == (None, "unknown_code")
    assert mall.read(lambda session: session.get(Order, 2)).group_id is None


@only_sqlite
def test_a_code_goes_before_the_group_and_the_order_still_comes_from_it(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    told(mall)
    other = mall.distributor("小王")
    answer = mall.push(order(ref={"group": CHAT, "code": other.code}))
    assert reason(answer) == ("小王", "code")
    row = mall.read(lambda session: session.get(Order, 1))
    assert row.group_id is not None
    assert [(claim["kind"], claim["why"]) for claim in row.claims] == [("code", "won"), ("group", "earlier")]


@only_sqlite
def test_a_code_of_nobody_leaves_it_to_the_group(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    told(mall)
    assert reason(mall.push(order(ref={"group": CHAT, "code": "ZZZZZZ"}))) == ("小李", "group")


@only_sqlite
def test_while_he_is_suspended_his_group_brings_him_nothing(mall: Mall) -> None:
    who = leader(mall, "小李", "lihua")
    told(mall)
    mall.suspend(who)
    answer = mall.push(in_group(at=NOW + timedelta(seconds=1)))
    assert reason(answer) == (None, "suspended")
    assert answer.json["reason"]["text"].startswith(f"群「{CHAT}」")


@only_sqlite
def test_what_he_buys_in_his_own_group_is_his_own_order(mall: Mall) -> None:
    mall.known_by(leader(mall, "小李", "lihua"), "unionid", "o1")
    told(mall)
    answer = mall.push(order(ref={"group": CHAT}, buyer={"id": "c", "unionid": "o1"}))
    assert reason(answer) == (None, "own_order")


@only_sqlite
def test_before_he_joined_the_group_was_nobodys(mall: Mall) -> None:
    leader(mall, "小李", "lihua", joined_at=NOW)
    told(mall)
    answer = mall.push(in_group(at=ago(days=1)))
    assert reason(answer) == (None, "unknown_code")
    assert "之后才加入" in answer.json["reason"]["text"]


@only_sqlite
def test_the_leader_by_whose_code_customers_came_where_the_owner_is_none(mall: Mall) -> None:
    one, other = leader(mall, "小李"), leader(mall, "小王")
    with mall.sessions.writing() as session:
        numbers = iter(range(1000))
        ways = [
            group.new_join_way(session, who, below=lambda n: next(numbers) % n, now=NOW).state for who in (one, other)
        ]
    assert len(set(ways)) == 2
    assert all(len(state) <= 30 for state in ways)
    told(mall, owner="boss", states=("somebody-elses", ways[1], ways[0]))
    assert reason(mall.push(in_group())) == ("小王", "group")
    told(mall, owner="boss", states=())  # the first of them has left: it stays as it was
    assert reason(mall.push(in_group("O2", at=NOW + timedelta(minutes=1)))) == ("小王", "group")


@only_sqlite
def test_the_merchants_word_goes_before_owner_and_code_until_it_is_taken_back(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    other = leader(mall, "小王")
    told(mall)
    mall.now = NOW + timedelta(hours=1)
    with mall.sessions.writing() as session:
        group.assign(session, CHAT, other, now=mall.now)
    told(mall)
    assert reason(mall.push(in_group("O1", at=mall.now))) == ("小王", "group")
    mall.now += timedelta(hours=1)
    with mall.sessions.writing() as session:
        group.release(session, mall.vault, CHAT, now=mall.now)
    assert reason(mall.push(in_group("O2", at=mall.now))) == ("小李", "group")
    assert reason(mall.push(in_group("O3", at=mall.now - timedelta(seconds=1)))) == ("小王", "group")


@only_sqlite
def test_becoming_a_leader_brings_the_groups_that_he_owns_and_ceasing_gives_them_up(mall: Mall) -> None:
    who = mall.distributor("小李")
    mall.known_by(who, "wecom", "lihua")
    told(mall)
    mall.now = NOW + timedelta(hours=1)
    with mall.sessions.writing() as session:
        assert group.set_role(session, mall.vault, who, "leader", now=mall.now)
        assert not group.set_role(session, mall.vault, who, "leader", now=mall.now)
    answer = mall.push(in_group("O1", at=mall.now))
    assert reason(answer) == ("小李", "group")
    assert mall.read(lambda session: session.get(Order, 1)).seller_role == "leader"
    mall.now += timedelta(hours=1)
    with mall.sessions.writing() as session:
        group.set_role(session, mall.vault, who, "member", now=mall.now)
    assert reason(mall.push(in_group("O2", at=mall.now))) == (None, "unknown_code")
    assert reason(mall.push(in_group("O3", at=NOW + timedelta(minutes=90)))) == ("小李", "group")


@only_sqlite
def test_the_same_answer_again_writes_no_history(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    told(mall)
    told(mall, members=4, version="v2")
    assert mall.count(GroupLeadership) == 1
    row = mall.read(lambda session: session.scalars(select(CustomerGroup)).one())
    assert (row.members, row.pull_at, row.leads_by) == (4, None, "owner")


@only_sqlite
def test_what_happens_while_the_platform_is_asked_is_looked_at_again(mall: Mall) -> None:
    with mall.sessions.writing() as session:
        group.happened(session, CHAT, "create", "", at=NOW, now=NOW)
    asked_at, mall.now = NOW + timedelta(seconds=3), NOW + timedelta(seconds=4)
    assert mall.read(lambda session: group.due(session, now=asked_at)) == [CHAT]
    with mall.sessions.writing() as session:
        group.happened(session, CHAT, "update", "change_name", at=mall.now, now=mall.now)
        facts = Told(CHAT, "福利群", "lihua", 1, "v1", None, ())
        group.take_in(session, mall.vault, facts, asked_at=asked_at, now=mall.now)
    assert mall.read(lambda session: group.due(session, now=mall.now + timedelta(seconds=3))) == [CHAT]


@only_sqlite
def test_a_dismissed_group_is_listed_no_more_and_its_orders_stay(mall: Mall) -> None:
    who = leader(mall, "小李", "lihua")
    told(mall)
    mall.push(in_group())
    with mall.sessions.writing() as session:
        group.happened(session, CHAT, "dismiss", "", at=NOW, now=NOW)
    assert mall.read(lambda session: group.led_by(session, who)) == []
    (sold,) = mall.read(lambda session: group.of_leader(session, who, None))
    assert (sold.name, sold.orders, sold.sales.yuan, sold.commission.yuan) == ("福利群1", 1, "100.00", "10.00")


@only_sqlite
def test_a_group_leaves_nothing_to_the_customers_later_orders(mall: Mall) -> None:
    leader(mall, "小李", "lihua")
    told(mall)
    mall.push(order(ref={"group": CHAT}))
    assert reason(mall.push(order("O2", at=NOW + timedelta(minutes=1)))) == (None, "none")


@only_sqlite
def test_an_order_with_a_coupon_from_the_groups_page_comes_from_the_group(mall: Mall) -> None:
    who = leader(mall, "小李", "lihua")
    told(mall)
    number = mall.read(lambda session: group.find(session, CHAT)).id
    at = NOW - timedelta(hours=1)
    coupon = coupons.make(mall.sessions, now=at)
    page = coupons.page(mall.sessions, coupon, who.id, now=at, group=number)
    answer = mall.push(order(ref={"coupon": coupons.takes(mall.sessions, page, now=at)}))
    assert reason(answer) == ("小李", "coupon")
    assert mall.read(lambda session: session.get(Order, 1)).group_id == number
    (sold,) = mall.read(lambda session: group.of_leader(session, who, None))
    assert (sold.name, sold.orders) == ("福利群1", 1)
