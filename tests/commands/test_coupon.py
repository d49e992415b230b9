"""`flask coupon`: what a merchant makes, sees and closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.compliance import Context
from domain.money import Money
from services import compliance
from tests.commands.conftest import ASSETS, Flask
from tests.support import coupons
from tests.support.coupons import document
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "coupon.yaml"
    path.write_text(document(stock="50"), encoding="utf-8")
    return path


def made(flask: Flask, path: Path, **more: int) -> Any:
    return flask("coupon", "create", path, "--json", **more).data


def test_a_document_becomes_a_coupon_once(flask: Flask, file: Path) -> None:
    data = made(flask, file)
    assert {name: data[name] for name in ("key", "state", "claimed", "left", "created")} == {
        "key": "SAVE20", "state": "open", "claimed": 0, "left": 50, "created": True,
    }  # fmt: skip
    assert made(flask, file)["created"] is False
    assert "没有变化" in flask("coupon", "create", file).text
    file.write_text(document(stock="51"), encoding="utf-8")
    error = made(flask, file, code=1)["error"]
    assert error["code"] == "coupon.key_taken"
    assert "换一个 key" in error["message"]
    assert flask("coupon", "show", "SAVE20", "--json").data["terms"]["stock"] == 50


def test_what_is_wrong_is_named_in_both_languages(flask: Flask, file: Path) -> None:
    file.write_text(document(scope="{categories: [衣服]}", off="20", extra="1"), encoding="utf-8")
    error = made(flask, file, code=1)["error"]
    assert error["code"] == "coupon.refused"
    assert [(field["line"], field["field"]) for field in error["fields"]] == [(4, "off"), (7, "extra")]
    assert all(field["message"] and field["message_en"] for field in error["fields"])
    file.write_text(document(scope="{categories: [衣服]}"), encoding="utf-8")
    said = flask("coupon", "create", file, code=1).said
    assert "优惠券没有被接受，共 1 处" in said
    assert "第 6 行 scope.categories[0]：没有这个类目的商品：衣服" in said
    assert "no product has this category: 衣服" in said
    assert flask("coupon", "list").text.startswith("还没有券")


def test_a_title_says_nothing_that_may_not_stand_on_a_poster(flask: Flask, file: Path) -> None:
    file.write_text(document(title="全网最低价券"), encoding="utf-8")
    (field,) = made(flask, file, code=1)["error"]["fields"]
    assert field["field"] == "title"
    assert "AD-1" in field["message"]


@pytest.mark.parametrize("preset", sorted(path.name for path in (ASSETS / "coupons").glob("*.yaml")))
def test_every_preset_is_accepted(flask: Flask, preset: str) -> None:
    assert made(flask, ASSETS / "coupons" / preset)["created"]


def test_what_came_of_it_is_shown_by_where_it_came_from(flask: Flask, shop: Shop, file: Path) -> None:
    made(flask, file)
    shop.joins("xiaoli")
    code = shop.code("xiaoli")
    address = flask("coupon", "link", "SAVE20", "--code", code).text.strip()
    assert address.startswith("http://shop.test/shop/c/")
    assert flask("coupon", "link", "SAVE20", "--code", code, "--json").data["address"] == address
    own = flask("coupon", "link", "SAVE20", "--json").data["code"]
    page = address.rsplit("/", 1)[1]
    taken = [coupons.takes(shop.sessions, page, name, now=shop.now) for name in "abc"]
    coupons.takes(shop.sessions, own, "d", now=shop.now)
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 5, "price": "30.00", "paid": "130.00"}
    shop.sells(None, "0.00", no="O1", ref={"coupon": taken[0]}, lines=[line])
    shop.sells(None, "0.00", no="O2", ref={"coupon": taken[0]}, lines=[line])

    data = flask("coupon", "show", "SAVE20", "--json").data
    assert data["figures"] == {"claimed": 4, "used": 1, "discount": "20.00", "sales": "130.00"}
    assert data["left"] == 46
    assert [(row["code"], row["claimed"], row["used"]) for row in data["sources"]] == [(code, 3, 1), (None, 1, 0)]
    assert data["refused"] == [{"order": "O2", "reason": "used", "why": "这张券已在订单 O1 用过"}]
    said = flask("coupon", "show", "SAVE20").text
    for words in ("已领 4 张，用了 1 张，优惠 20.00 元，带来 130.00 元", "满 100 元可用", "商家", "O2"):
        assert words in said
    assert "SAVE20" in flask("coupon", "list").text


def test_a_closed_one_says_so(flask: Flask, file: Path) -> None:
    made(flask, file)
    assert flask("coupon", "close", "SAVE20", "--json").data["changed"] is True
    assert "没有变化" in flask("coupon", "close", "SAVE20").text
    assert flask("coupon", "list", "--json").data["coupons"][0]["state"] == "closed"


@pytest.mark.parametrize(
    "asked", [("show", "NOPE"), ("close", "NOPE"), ("link", "NOPE"), ("link", "SAVE20", "--code", "X")]
)
def test_what_is_not_there_is_refused(flask: Flask, file: Path, asked: tuple[str, ...]) -> None:
    made(flask, file)
    error = flask("coupon", *asked, "--json", code=1).data["error"]
    assert error["code"] in ("coupon.unknown", "distributor.unknown")


# Coupons that plans give

PLAN = """
name: 推一返一
terms: {hold_days: 0}
rules:
  - {id: direct, kind: commission, title: 佣金, pay: [{to: seller, rate: 10%}]}
  - {id: coupon, kind: milestone, title: 首单券, count: {of: orders}, at: [1], reward: {coupon: CASH50}}
"""


@pytest.fixture
def rewarded(shop: Shop, flask: Flask) -> str:
    """xiaoli's first order has settled, and she has a coupon with a code; the order's number."""
    made(flask, ASSETS / "coupons" / "cash50.yaml")
    return shop.earns_first(PLAN)


def reward(shop: Shop) -> str:
    with shop.sessions.reading() as session:
        (claim,) = coupons.claims(session)
    return claim.code


def state(flask: Flask) -> tuple[str, str | None]:
    (row,) = flask("entitlement", "list", "--state", "all", "--json").data["entitlements"]
    return row["state"], row["note"]


def buys(shop: Shop, no: str) -> None:
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 3, "price": "30.00", "paid": "40.00"}
    shop.sells(None, "0.00", no=no, ref={"coupon": reward(shop)}, lines=[line])


def test_a_reward_whose_key_is_a_coupons_has_a_code_that_an_order_takes(
    flask: Flask, shop: Shop, rewarded: str
) -> None:
    buys(shop, "O9")
    assert coupons.uses(shop.sessions)["O9"]["discount"] == "50.00"
    assert state(flask) == ("used", "订单 O9")
    data = flask("coupon", "show", "CASH50", "--json").data
    assert (data["figures"]["claimed"], data["figures"]["used"], data["claimed"]) == (1, 1, 0)
    assert data["sources"][0]["reward"] is True
    shop.refunds("O9", "40.00")
    assert state(flask) == ("issued", None)


def test_a_refund_of_what_earned_it_withdraws_it_unless_it_was_used(flask: Flask, shop: Shop, rewarded: str) -> None:
    shop.refunds(rewarded, "100.00")
    shop.settles(seconds=1)
    buys(shop, "O9")
    assert coupons.uses(shop.sessions)["O9"]["reason"] == "withdrawn"
    assert state(flask)[0] == "reversed"


def test_a_used_reward_stays_used_whatever_is_refunded(flask: Flask, shop: Shop, rewarded: str) -> None:
    buys(shop, "O9")
    shop.refunds(rewarded, "100.00")
    shop.settles(seconds=1)
    assert state(flask) == ("used", "退款前已使用或寄出，不追回")


def test_one_that_was_marked_by_hand_is_good_for_nothing_more(flask: Flask, shop: Shop, rewarded: str) -> None:
    flask("entitlement", "use", "1", "--note", "到店")
    buys(shop, "O9")
    assert coupons.uses(shop.sessions)["O9"]["reason"] == "withdrawn"
    assert state(flask) == ("used", "到店")


def test_a_reward_without_such_a_coupon_stays_a_word(flask: Flask, shop: Shop) -> None:
    made(flask, ASSETS / "coupons" / "cash50.yaml")
    flask("coupon", "close", "CASH50")
    shop.earns_first(PLAN)
    assert state(flask) == ("issued", None)
    with shop.sessions.reading() as session:
        assert coupons.claims(session) == []


def test_an_orders_explanation_tells_what_became_of_its_coupon(flask: Flask, shop: Shop, rewarded: str) -> None:
    buys(shop, "O9")
    code = reward(shop)
    assert flask("explain", "O9", "--json").data["coupon"] == {
        "given": code, "state": "used", "discount": "50.00", "reason": None, "why": None,
    }  # fmt: skip
    buys(shop, "O10")
    assert f"优惠券 {code}：没有用成：这张券已在订单 O9 用过" in flask("explain", "O10").text
    shop.refunds("O9", "40.00")
    assert f"优惠券 {code}：用了，整单退款后已退回" in flask("explain", "O9").text
    assert flask("explain", rewarded, "--json").data["coupon"] is None


def test_the_compliance_check_knows_what_a_coupon_is_worth(flask: Flask, shop: Shop) -> None:
    with shop.sessions.reading() as session:
        assert compliance.live(session, Context()).coupons == {}
    made(flask, ASSETS / "coupons" / "cash50.yaml")
    made(flask, ASSETS / "coupons" / "first-order.yaml")
    with shop.sessions.reading() as session:
        assert compliance.live(session, Context()).coupons == {"CASH50": Money(5000)}
        told = Context(coupons={"CASH50": Money(4000)})
        assert compliance.live(session, told).coupons == {"CASH50": Money(4000)}
