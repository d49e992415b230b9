"""The story of 宋雨: she opens the 微信客服 by 小李's link, joins, sells, asks for a person, withdraws."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import person
from tests.support.databases import Database
from tests.support.service import Service, running

SONG = "kf-songyu"
APPLES = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 1, "price": "100.00", "paid": "100.00"}


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    with running(database.sessions) as service:
        yield service
        assert service.shop.differences() == []


def test_who_opens_a_distributors_link_joins_earns_and_withdraws_in_the_service_chat(service: Service) -> None:
    shop = service.shop
    xiaoli = shop.joins("xiaoli")
    welcome = service.enters(SONG, xiaoli)
    assert "邀请你一起做" in welcome
    assert welcome.endswith("[我要加入][规则][人工]")
    joined = service.taps(SONG, "我要加入")
    code = service.code(SONG)
    assert f"http://shop.test/r/{code}" in joined
    assert "邀请人" in joined
    shop.pushes(
        {
            "no": "O77", "source": "mall", "buyer": {"id": "cust-1"}, "ref": {"code": code}, "freight": "0.00",
            "paid_at": shop.clock().isoformat(), "lines": [APPLES],
        }
    )  # fmt: skip
    assert "待结算 10.00 元" in service.says(SONG, "我赚了多少")
    assert service.says(SONG, "海报").endswith("[image]")
    shop.completes("O77")
    service.later(days=8)
    shop.clock()
    shop.settles()
    service.deliver()
    assert "已结算" not in service.seen(SONG)[-1]  # she has not written for two days
    asked = service.says(SONG, "提现")
    assert asked.startswith("10.00 元已结算（1 单）")  # seen on the next contact
    assert asked.endswith("[确认][取消]")
    assert "已提交提现 10.00 元" in service.taps(SONG, "确认")
    assert shop.told("boss")[-1].startswith("分销员")
    shop.says("boss", "通过 1")
    service.deliver()
    assert service.seen(SONG)[-1] == "你的 10.00 元提现已通过审核，商家打款后会再通知你。"


LIN = "kf-linxia"


def test_who_is_a_distributor_elsewhere_is_known_here_by_the_unionid(service: Service) -> None:
    """林夏 joined in the 公众号, which told her unionid; the 微信客服 tells the same one when she comes."""
    shop, kf = service.shop, service.simulator.kf
    assert kf is not None
    code = shop.joins("linxia")
    stored = {"kind": "unionid", "digest": shop.vault.digest("unionid", kf.guests.find(LIN).unionid)}
    with shop.sessions.writing() as session:
        who = session.get_one(type(shop.who("linxia")), shop.who("linxia").id)
        person._add(session, who, stored | {"sealed": "s", "plain": None}, proof="test", now=shop.now)
    service.enters(LIN)
    assert f"http://shop.test/r/{code}" in service.says(LIN, "我的链接")
    assert service.code(LIN) == code


def test_an_order_of_her_own_is_hers_by_the_unionid(service: Service) -> None:
    """A buyer is a distributor where the unionid is hers: the 微信客服 tells it once she has joined."""
    shop, kf = service.shop, service.simulator.kf
    assert kf is not None
    code = service.joins(SONG)
    shop.pushes(
        {
            "no": "O88", "source": "mall", "ref": {"code": code}, "freight": "0.00", "lines": [APPLES],
            "buyer": {"id": "cust-1", "unionid": kf.guests.find(SONG).unionid}, "paid_at": shop.clock().isoformat(),
        }
    )  # fmt: skip
    assert "待结算 0.00 元" in service.says(SONG, "我赚了多少")  # the plan pays nothing for one's own orders


def test_a_customer_of_the_enterprise_and_a_guest_are_one_person(service: Service) -> None:
    """客户联系 and 微信客服 call him the same: an order that names the one is the other's."""
    shop = service.shop
    code = service.joins(SONG)
    shop.pushes(
        {
            "no": "O99", "source": "mall", "ref": {"code": code}, "freight": "0.00", "lines": [APPLES],
            "buyer": {"id": "cust-2", "external_userid": service.external(SONG)}, "paid_at": shop.clock().isoformat(),
        }
    )  # fmt: skip
    assert "待结算 0.00 元" in service.says(SONG, "我赚了多少")
