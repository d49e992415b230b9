"""Coupons in the chat: a distributor asks for one and shares it, a customer takes it, an order uses it, he is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from domain.conversation import Inbound
from models.coupon import CouponShare
from services.distributor import Address
from tests.support import coupons
from tests.support.coupons import document
from tests.support.shop import Shop

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "coupons"


def offered(answer: str) -> list[str]:
    """The codes of the pages in an answer."""
    return re.findall(r"http://shop\.test/shop/c/([0-9A-Z]{12})\b", answer)


def pictures(shop: Shop, userid: str) -> list[dict[str, Any]]:
    drawn = [body["poster"] for body in shop.queued(userid, "poster")]
    return [poster["facts"] for poster in drawn if poster["kind"] == "coupon"]


def make(shop: Shop, key: str = "SAVE20", **keys: str) -> None:
    coupons.make(shop.sessions, document(key, **keys), now=shop.now)


def buys(shop: Shop, no: str, coupon: str, **more: Any) -> None:
    line = {"sku": "STRAWBERRY", "name": "草莓", "category": "水果", "qty": 2, "price": "68.00", "paid": "116.00"}
    shop.sells(None, "0.00", no=no, ref={"coupon": coupon}, lines=[line], **more)


def test_from_asking_for_a_coupon_to_hearing_what_it_brought(shop: Shop) -> None:
    make(shop, stock="50", valid_days="7")
    shop.joins("xiaoli")

    said = shop.says("xiaoli", "发个优惠券")
    assert said.startswith(
        "已领 0 张，用了 0 张，带来 0.00 元。\n「满100减20」满 100 元可用，领取后 7 天内，剩 50 张。"
    )
    (page,) = offered(said)
    (picture,) = pictures(shop, "xiaoli")
    assert picture["link"] == f"http://shop.test/shop/c/{page}"
    assert (picture["worth"], picture["scope"]) == ("减 20 元", "全部商品")

    taken = [coupons.takes(shop.sessions, page, name, now=shop.now) for name in ("a", "b", "c")]
    buys(shop, "O1001", taken[0])

    assert offered(shop.says("xiaoli", "领券")) == [page]
    assert shop.says("xiaoli", "我的券").startswith("已领 3 张，用了 1 张，带来 116.00 元。")
    assert shop.balances("xiaoli") == {"pending": "11.60"}
    assert "116.00 元" in shop.says("xiaoli", "订单O1001怎么算的")
    shop.refunds("O1001", "116.00")
    assert shop.says("xiaoli", "优惠券").startswith("已领 3 张，用了 0 张，带来 0.00 元。")


def test_of_several_he_gets_each_link_and_by_its_name_the_picture_too(shop: Shop) -> None:
    make(shop)
    make(shop, "TEN", kind="percent", title="全场九折")
    make(shop, "GIFT", title="礼盒减20", scope="{categories: [礼盒]}")
    make(shop, "OURS", share="false")
    make(shop, "LATER", from_='"2027-01-01"')
    shop.joins("xiaoli")

    said = shop.says("xiaoli", "有什么优惠券")
    assert said.startswith("现在能发 3 种券：\n· 礼盒减20（满 100 元可用，不限量）http")
    assert len(set(offered(said))) == 3
    assert "例如「礼盒减20券」" in said
    assert pictures(shop, "xiaoli") == []

    assert shop.says("xiaoli", "发个全场九折券").startswith("已领 0 张")
    assert [picture["title"] for picture in pictures(shop, "xiaoli")] == ["全场九折"]


def test_for_a_product_only_what_can_be_used_on_it(shop: Shop) -> None:
    make(shop, "GIFT", title="礼盒减20", scope="{categories: [礼盒]}")
    make(shop, "FRUIT", title="水果减20", scope="{categories: [水果]}")
    shop.joins("xiaoli")
    for asked in ("草莓有没有券", "发个水果减20券", "水果有券吗"):
        said = shop.says("xiaoli", asked)
        assert "「水果减20」" in said, asked
        assert len(offered(said)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_with_none_open_the_answer_says_what_else_to_do(shop: Shop) -> None:
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "发个优惠券") == ("现在没有可发的券。商家上新券后再来，先发「商品」或「海报」也能推广。")
    make(shop, "GIFT", title="礼盒减20", scope="{categories: [礼盒]}")
    assert shop.says("xiaoli", "草莓有没有券").startswith("这件商品现在没有可用的券。")
    assert shop.says("xiaowang", "领券").startswith("现在能领 1 种券")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ["群里发的券怎么用", "券用不了", "优惠卷怎么用", "券过期了"])
def test_how_a_coupon_is_used_is_explained(shop: Shop, asked: str) -> None:
    make(shop)
    shop.joins("xiaoli")
    for who in ("xiaoli", "somebody"):
        said = shop.says(who, asked)
        assert said.startswith("点开领券链接就能领到一个券码")
        assert "没到金额" in said
        assert offered(said) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_asks_about_a_code_hears_what_it_is_good_for(shop: Shop) -> None:
    make(shop, valid_days="7")
    shop.joins("xiaoli")
    (page,) = offered(shop.says("xiaoli", "发个优惠券"))
    code = coupons.takes(shop.sessions, page, now=shop.now)
    asked = f"这张券能用吗 {code[:5].lower()}-{code[5:]}"
    good = "「满100减20」可以用：满 100 元可用，适用全部商品，11月25日 10:00 前可用。"
    assert shop.says("somebody", asked) == good
    buys(shop, "O1", code)
    assert shop.says("somebody", asked).startswith("「满100减20」已经用过了")
    shop.refunds("O1", "116.00")
    shop.later(days=7)
    assert shop.says("somebody", asked).startswith("「满100减20」已经过期了")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_follower_takes_one_in_the_name_of_whose_code_he_scanned(shop: Shop) -> None:
    make(shop, for_="first_order")
    code = shop.joins("xiaoli")
    digest = shop.vault.digest("openid", "oLin")

    def writes(text: str, kind: Any = "text", scene: str | None = None) -> str:
        number = f"msg:oa{next(shop._numbers)}"
        inbound = Inbound(number, "official", digest, kind, text, shop.now, sealed=shop.vault.seal("oLin"), scene=scene)
        return shop.assistant.receive(inbound)

    assert writes("领券").startswith("现在没有能领的券")  # it is for who comes through a distributor
    writes("subscribe", "greet", code)
    said = writes("领券")
    (page,) = offered(said)
    assert re.search(rf"{page}\?h=o[0-9a-f]{{96}}\b", said)
    with shop.sessions.reading() as session:
        share = session.query(CouponShare).filter_by(code=page).one()
    assert share.distributor_id == shop.who("xiaoli").id
    assert Address("official", digest).kind == "openid"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_is_suspended_shares_none(shop: Shop) -> None:
    from models.distributor import Distributor
    from services import standing

    make(shop)
    shop.joins("xiaoli")
    with shop.sessions.writing() as session:
        who = session.get_one(Distributor, shop.who("xiaoli").id)
        standing.suspend(session, who, at=shop.now, now=shop.now)
    assert shop.says("xiaoli", "发个优惠券") == "你的推广已暂停，暂时不能发券。有疑问请联系商家。"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_plan_gave_stands_with_its_code(shop: Shop) -> None:
    coupons.make(shop.sessions, (FOLDER / "cash50.yaml").read_text(encoding="utf-8"), now=shop.now)
    rule = "{id: c, kind: milestone, title: 首单券, count: {of: orders}, at: [1], reward: {coupon: CASH50}}"
    plan = f"name: 奖\nterms: {{hold_days: 0}}\nrules:\n  - {rule}\n"
    shop.earns_first(plan)
    said = shop.says("xiaoli", "我的券")
    found = re.search(r"你自己有 1 张可用：\n· 50元无门槛券，券码 ([0-9A-Z]{5}-[0-9A-Z]{5})，", said)
    assert found, said
    buys(shop, "O9", found[1])
    assert coupons.uses(shop.sessions)["O9"]["discount"] == "20.00"  # what the mall took off, of the 50.00
    assert "你自己有" not in shop.says("xiaoli", "我的券")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_when_two_chats_turn_out_to_be_one_person_the_pages_are_his(shop: Shop) -> None:
    """What stands in groups with the link of the chat that ends keeps bringing its orders to him."""
    make(shop)
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00")
    digest = shop.vault.digest("openid", "oLin")

    def writes(text: str) -> str:
        number = f"msg:oa{next(shop._numbers)}"
        inbound = Inbound(number, "official", digest, "text", text, shop.now, sealed=shop.vault.seal("oLin"))
        return shop.assistant.receive(inbound)

    writes("我要加入")
    (page,) = offered(writes("发个优惠券"))
    code = re.search(r"关联码是 ([0-9A-Z]{8})", shop.says("xiaoli", "关联"))
    assert code
    assert "现在都是你" in writes(f"关联 {code[1]}")
    buys(shop, "O9", coupons.takes(shop.sessions, page, now=shop.now))
    assert shop.says("xiaoli", "我的券").startswith("已领 1 张，用了 1 张，带来 116.00 元。")
    assert shop.balances("xiaoli") == {"pending": "21.60"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_customer_is_not_told_what_a_distributors_coupon_brought(shop: Shop) -> None:
    make(shop)
    code = shop.joins("xiaoli")
    (page,) = offered(shop.says("xiaoli", "发个优惠券"))
    coupons.takes(shop.sessions, page, now=shop.now)
    digest = shop.vault.digest("openid", "oLin")
    for kind, text, scene in (("greet", "subscribe", code), ("text", "领券", None)):
        number = f"msg:oa{next(shop._numbers)}"
        inbound = Inbound(number, "official", digest, kind, text, shop.now, sealed=shop.vault.seal("oLin"), scene=scene)
        said = shop.assistant.receive(inbound)
    assert offered(said) == [page]
    assert "已领" not in said


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_text_to_send_on_carries_the_coupon_that_is_running(shop: Shop) -> None:
    make(shop, "GIFT", title="礼盒满100减20", scope="{categories: [礼盒]}")
    make(shop, "FRUIT", title="水果满100减20", scope="{categories: [水果]}")
    shop.joins("xiaoli")
    shop.says("xiaoli", "草莓私聊文案")
    (text,) = [said for said in shop.told("xiaoli") if "水果满100减20" in said]
    (page,) = offered(text)
    assert offered(shop.says("xiaoli", "草莓的券")) == [page]
