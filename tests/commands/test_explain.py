"""`flask explain`: who has an order and why, every award, every skip."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Flask
from tests.support import plans
from tests.support.shop import Shop

CAPPED = """
name: 封顶
terms: {max_share: 12%, hold_days: 7}
rules:
  - id: direct
    title: 推广佣金
    kind: commission
    scope: {categories: [水果]}
    pay: [{to: seller, rate: 10%}, {to: upline-1, rate: 5%}, {to: upline-2, rate: 1%}]
"""


def test_an_order_is_explained_from_payment_to_settlement(flask: Flask, shop: Shop) -> None:
    shop.joins("wangjie")
    shop.joins("xiaoli", inviter="wangjie")
    no = shop.sells("xiaoli", "68.00", no="O1001")
    xiaoli, wangjie = shop.who("xiaoli"), shop.who("wangjie")

    data = flask("explain", no, "--json").data
    assert data["distributor"] == {"code": xiaoli.code, "name": xiaoli.nickname}
    assert data["reason"] == {"code": "code", "text": f"下单时填了{xiaoli.nickname}的推广码"}
    assert data["upline"] == [wangjie.code]
    assert data["plan"] == {"version": 1, "name": "水果店"}
    assert [(award["to"], award["amount"], award["state"]) for award in data["awards"]] == [
        (xiaoli.code, "6.80", "pending"),
        (wangjie.code, "3.40", "pending"),
    ]
    assert data["awards"][0]["why"] == "订单 O1001 实付 68.00 元 × 推广佣金 10% = 6.80 元"
    assert data["awards"][0]["available_at"] is None
    assert data["skips"] == []
    assert "订单完成并过了售后期之后结算" in flask("explain", no).text

    shop.completes(no)
    award = flask("explain", no, "--json").data["awards"][0]
    assert award["available_at"] == "2026-11-25T10:00:00+08:00"
    assert award["when"] == "售后期到 2026-11-25 10:00，之后的第一次结算转为可提现"

    shop.later(days=8)
    shop.settles()
    award = flask("explain", no, "--json").data["awards"][0]
    assert (award["state"], award["when"]) == ("available", "已在 2026-11-26 10:00 结算，可以提现")


def test_a_refund_shows_what_was_taken_back(flask: Flask, shop: Shop) -> None:
    shop.joins("xiaoli")
    no = shop.sells("xiaoli", "100.00")
    shop.refunds(no, "33.33")
    data = flask("explain", no, "--json").data
    assert (data["paid"], data["net"]) == ("100.00", "66.67")
    assert data["refunds"][0]["amount"] == "33.33"
    assert (data["awards"][0]["amount"], data["awards"][0]["taken_back"]) == ("6.66", "3.34")
    text = flask("explain", no).text
    assert "实付 100.00 元，退款后 66.67 元" in text
    assert "6.66 元，待结算，已退回 3.34 元" in text
    shop.refunds(no, "66.67", qty=1)
    assert "0.00 元，已取消，已退回 10.00 元" in flask("explain", no).text


def test_everybody_who_got_less_is_named_with_the_reason_in_words(flask: Flask, shop: Shop) -> None:
    with shop.sessions.writing() as session:
        plans.publish(session, shop.vault, CAPPED, starts_at=shop.now, now=shop.now)
    shop.joins("wangjie")
    shop.joins("xiaoli", inviter="wangjie")
    no = shop.sells("xiaoli", "100.00")
    wangjie = shop.code("wangjie")
    data = flask("explain", no, "--json").data
    assert [award["amount"] for award in data["awards"]] == ["10.00", "2.00"]
    assert [(skip["to"], skip["as"], skip["reason"]) for skip in data["skips"]] == [
        (None, "upline-2", "no_upline"),
        (wangjie, "upline-1", "capped"),
    ]
    text = flask("explain", no).text
    assert "出单人往上没有这一级邀请人" in text
    assert "已到这一行的佣金上限，超出的部分不发" in text


def test_an_order_of_nobody_says_why_and_names_the_losing_claims(flask: Flask, shop: Shop) -> None:
    no = shop.sells(None, "68.00", ref={"code": "8K3M2Q", "coupon": "C1"})
    data = flask("explain", no, "--json").data
    assert data["distributor"] is None
    assert data["reason"]["code"] == "unknown_code"
    assert {(claim["kind"], claim["given"], claim["why"]) for claim in data["claims"]} == {
        ("code", "8K3M2Q", "unknown"),
        ("coupon", "C1", "unknown"),
    }
    text = flask("explain", no).text
    assert "归属：没有分销员" in text
    assert "推广码 8K3M2Q" in text
    assert "不属于任何分销员" in text
    assert "佣金：没有" in text


def test_a_claim_that_lost_to_a_later_one_is_shown(flask: Flask, shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.joins("wangjie")
    buyer = {"buyer": {"id": "cust-7", "phone": "13800001111"}}
    shop.sells("xiaoli", "68.00", **buyer)
    shop.later(days=1)
    no = shop.sells("wangjie", "68.00", **buyer)
    printed = flask("explain", no)
    assert f"用推广码买过 {shop.code('xiaoli')}" in printed.text
    assert "有更晚的推荐" in printed.text
    assert "13800001111" not in printed.text + flask("explain", no, "--json").text
    assert "cust-7" not in printed.text + flask("explain", no, "--json").text


def test_an_order_number_of_two_sources_asks_for_the_source(flask: Flask, shop: Shop) -> None:
    shop.sells(None, "10.00", no="X1", source="mall")
    shop.sells(None, "20.00", no="X1", source="shop")
    assert "（mall、shop）；用 --source" in flask("explain", "X1", code=1).said
    assert flask("explain", "X1", "--source", "shop", "--json").data["paid"] == "20.00"


@pytest.mark.parametrize("arguments", [("O404",), ("O404", "--source", "mall")])
def test_an_unknown_order_is_refused(flask: Flask, arguments: tuple[str, ...]) -> None:
    error = flask("explain", *arguments, "--json", code=1).data["error"]
    assert error["code"] == "order.unknown"
    assert "O404" in error["message"]
