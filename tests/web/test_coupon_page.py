"""A coupon's page: what it says, that its button takes one and no more, and what it says when there is none to take."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.coupon import CouponClaim
from models.distributor import Distributor
from models.order import Touch
from services.coupon import campaign, hint
from tests.orders.mall import BASE, NOW, Mall, ago, line, order
from tests.support import coupons
from tests.support.coupons import document

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"}


@pytest.fixture
def seller(shop: Mall) -> Distributor:
    return shop.distributor("小李<b>")


@pytest.fixture
def page(shop: Mall, seller: Distributor) -> str:
    return made(
        shop, seller, stock="50", until='"2026-04-01T00:00:00"', scope="{categories: [水果], exclude: ['A/B ?']}"
    )


def made(shop: Mall, who: Distributor | None, **keys: str) -> str:
    number = coupons.make(shop.sessions, document(**keys), now=ago(days=1))
    return coupons.page(shop.sessions, number, who.id if who else None, now=shop.now)


def customer(shop: Mall) -> FlaskClient:
    return shop.app.test_client()


def opens(who: FlaskClient, code: str, query: str = "", **more: Any) -> Any:
    return who.get(f"/shop/c/{code}{query}", base_url=BASE, headers=PHONE, **more)


def form(answer: Any) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w)" value="([^"]+)">', answer.text))


def takes(who: FlaskClient, code: str, given: dict[str, str] | None = None) -> Any:
    """Click the button; the page that comes after it."""
    given = form(opens(who, code)) if given is None else given
    return who.post(f"/shop/c/{code}", base_url=BASE, headers=PHONE, data=given, follow_redirects=True)


def codes(answer: Any) -> list[str]:
    return re.findall(r'<p class="code">([0-9A-Z]{5}-[0-9A-Z]{5})</p>', answer.text)


# What it says


def test_a_page_says_value_condition_window_scope_what_is_left_and_who_recommends(
    shop: Mall, seller: Distributor, page: str
) -> None:
    answer = opens(customer(shop), page)
    assert answer.status_code == 200
    said = (
        "<small>¥</small>20", "满100减20", "满 100 元可用", "3月31日 24:00 前", "水果（礼盒除外）", "50 张",
        "限领 1 张", "<b>小李&lt;b&gt;</b> 推荐", "立即领取",
        f'action="{BASE}/shop/c/{page}"', f'href="{BASE}/shop?r={seller.code}&amp;s=coupon">去逛逛',
    )  # fmt: skip
    assert [words for words in said if words not in answer.text] == []
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert f"form-action 'self' {BASE}" in policy


def test_a_percentage_is_told_as_people_say_it(shop: Mall) -> None:
    code = made(shop, None, kind="percent", off="12.5%", at_most='"30.00"', for_="new_customers", valid_days="7")
    answer = opens(customer(shop), code)
    said = ("8.75<small>折</small>", "无门槛，最多减 30 元，限新客", "领取后 7 天内", "不限量", "全部商品")
    assert [words for words in said if words not in answer.text] == []
    assert "推荐" not in answer.text


def test_a_coupon_for_one_product_leads_to_it(shop: Mall, seller: Distributor) -> None:
    answer = opens(customer(shop), made(shop, seller, scope="{skus: [APPLE]}"))
    assert f'href="{BASE}/shop/p/APPLE?r={seller.code}&amp;s=coupon">去逛逛' in answer.text


def test_opening_it_is_a_touch_once_a_visit_and_not_by_robots(shop: Mall, page: str) -> None:
    visitor = customer(shop)
    for _ in range(3):
        opens(visitor, page)
    assert shop.count(Touch) == 1
    shop.app.test_client().get(f"/shop/c/{page}", base_url=BASE, headers={"User-Agent": "Baiduspider/2.0"})
    assert shop.count(Touch) == 1


# Taking one


def test_the_button_gives_a_code_and_the_order_that_shows_it_is_the_recommenders(
    shop: Mall, seller: Distributor, page: str
) -> None:
    answer = takes(customer(shop), page)
    (code,) = codes(answer)
    assert "已领取，3月31日 24:00 前可用" in answer.text
    assert "49 张" in answer.text
    assert "立即领取" not in answer.text
    fruit = line(category="水果", qty=2, price="60.00", paid="100.00")
    told = shop.push(order(ref={"coupon": code}, lines=[fruit])).json
    assert (told["reason"]["code"], told["distributor"]["code"]) == ("coupon", seller.code)


def test_what_is_taken_is_there_whenever_he_comes_again_until_it_is_used(shop: Mall, page: str) -> None:
    visitor = customer(shop)
    (code,) = codes(takes(visitor, page))
    assert codes(opens(visitor, page)) == [code]
    assert codes(opens(customer(shop), page)) == []
    shop.push(order(ref={"coupon": code}, lines=[line(qty=2, price="60.00", paid="100.00")]))
    assert "已经用过了" in opens(visitor, page).text


def test_a_claim_is_a_touch_for_the_visitor(shop: Mall, page: str) -> None:
    visitor = customer(shop)
    takes(visitor, page)
    cookie = visitor.get_cookie("tuike_visitor", domain="tuike.example")
    shop.now = NOW + timedelta(days=1)
    told = shop.push(order(buyer={"id": cookie.value}, at=shop.now)).json
    assert told["reason"] == {"code": "touch", "text": "顾客 2026-03-10 领过小李<b>发的优惠券"}


def test_a_click_that_comes_again_takes_nothing_more(shop: Mall, seller: Distributor) -> None:
    code, visitor = made(shop, seller, per_person="2"), customer(shop)
    first = form(opens(visitor, code))
    assert codes(takes(visitor, code, first)) == codes(takes(visitor, code, first))
    answer = opens(visitor, code)
    assert "再领一张" in answer.text
    assert len(codes(takes(visitor, code, form(answer)))) == 2
    assert "领一张" not in opens(visitor, code).text
    assert shop.count(CouponClaim) == 2


def test_another_sites_form_takes_nothing(shop: Mall, page: str) -> None:
    """It cannot know the token, and the cookie does not travel with it."""
    visitor, stranger = customer(shop), customer(shop)
    given = form(opens(visitor, page))
    for who, data in [
        (stranger, given),
        (stranger, {}),
        (visitor, given | {"t": "0" * 64}),
        (visitor, given | {"n": "2"}),
        (visitor, given | {"t": "券" * 3}),
        (visitor, {"n": "1"}),
    ]:
        assert "再点一次" in takes(who, page, data).text
    assert shop.count(CouponClaim) == 0
    cookie = opens(customer(shop), page).headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Secure"))


def test_a_form_that_is_too_large_is_refused(shop: Mall, page: str) -> None:
    assert takes(customer(shop), page, {"n": "1" * 5000}).status_code == 413


# Who is known


def test_who_is_known_by_a_hint_takes_his_one_on_whatever_phone(shop: Mall, seller: Distributor, page: str) -> None:
    known = hint.hint(shop.vault, "openid", shop.vault.digest("openid", "oLin"))
    first, second = customer(shop), customer(shop)
    for phone in (first, second):
        answer = opens(phone, page, f"?h={known}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{BASE}/shop/c/{page}")
    taken = codes(takes(first, page))
    assert codes(opens(second, page)) == taken
    told = shop.push(order(buyer={"id": "c9", "openid": "oLin"}, at=NOW)).json
    assert (told["reason"]["code"], told["distributor"]["code"]) == ("touch", seller.code)


@pytest.mark.parametrize("given", ["", "x", "o" + "0" * 96, "券"])
def test_a_hint_that_is_not_ours_is_as_if_it_were_not_there(shop: Mall, page: str, given: str) -> None:
    visitor = customer(shop)
    assert opens(visitor, page, f"?h={given}").status_code == 303
    assert visitor.get_cookie("tuike_known", domain="tuike.example", path="/shop/c") is None
    assert codes(takes(visitor, page))


# When there is none to take


def test_what_is_sold_out_says_so_and_where_to_go(shop: Mall, seller: Distributor) -> None:
    code, late = made(shop, seller, stock="1"), customer(shop)
    waiting = form(opens(late, code))
    takes(customer(shop), code)
    for answer in (opens(late, code), takes(late, code, waiting)):
        assert "已经领完了" in answer.text
        assert "立即领取" not in answer.text
        assert "去逛逛" in answer.text


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"from_": '"2026-03-11T10:00:00+08:00"'}, "还没开始，3月11日 10:00 开抢"),
        ({"until": '"2026-03-10T12:00:00+08:00"'}, "活动已经结束"),
        ({"for_": "first_order"}, "这张券要从推荐人的链接领取"),
    ],
)
def test_before_and_after_its_time_nobody_takes_one(shop: Mall, keys: dict[str, str], said: str) -> None:
    code, visitor = made(shop, None, **keys), customer(shop)
    answer = opens(visitor, code)
    assert said in answer.text
    assert form(answer) == {}
    shop.now = NOW - timedelta(hours=1)
    waiting = form(opens(visitor, code))
    shop.now = NOW
    if waiting:
        assert said in takes(visitor, code, waiting).text
    assert shop.count(CouponClaim) == 0


def test_a_closed_one_gives_no_more_and_shows_what_was_taken(shop: Mall, page: str) -> None:
    visitor = customer(shop)
    (code,) = codes(takes(visitor, page))
    with shop.sessions.writing() as session:
        campaign.close(session, "SAVE20", now=shop.now)
    assert codes(opens(visitor, page)) == [code]
    assert "活动已经结束" in opens(customer(shop), page).text


def test_one_that_has_run_out_is_shown_as_such(shop: Mall, seller: Distributor) -> None:
    code, visitor = made(shop, seller, valid_days="1"), customer(shop)
    takes(visitor, code)
    shop.now = NOW + timedelta(days=1)
    assert "已经过期了" in opens(visitor, code).text


@pytest.mark.parametrize("code", ["7K3M2QAB9XYZ", "nope", "%00", "7K3M2QAB9X", "x" * 300])
def test_an_address_of_no_coupon_has_a_page_with_a_next_step(shop: Mall, code: str) -> None:
    answer = opens(customer(shop), code)
    assert answer.status_code == 404
    assert "没有找到这张券" in answer.text
    assert f'href="{BASE}/shop"' in answer.text


def test_who_may_not_promote_now_is_not_shown(shop: Mall, seller: Distributor, page: str) -> None:
    shop.suspend(seller)
    answer = opens(customer(shop), page)
    assert "推荐" not in answer.text
    assert "立即领取" in answer.text
    assert shop.count(Touch) == 0
