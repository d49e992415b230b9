"""Referral links: where they lead, and the touch that they leave."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from models.order import Touch
from tests.orders.mall import BASE, NOW, Mall, order

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def touches(shop: Mall) -> list[Touch]:
    return shop.read(lambda session: session.query(Touch).order_by(Touch.id).all())


def open_link(shop: Mall, path: str, client: Any = None, **headers: str) -> Any:
    return (client or shop.app.test_client()).get(path, headers=headers, base_url=BASE)


def test_a_link_goes_to_the_shop_and_leaves_a_touch(shop: Mall) -> None:
    seller = shop.distributor("小李")
    answer = open_link(shop, f"/r/{seller.code}?s=poster")
    assert (answer.status_code, answer.location) == (302, f"{BASE}/shop?r={seller.code}&s=poster")
    (touch,) = touches(shop)
    assert (touch.distributor_id, touch.kind, touch.sku, touch.origin, touch.at) == (
        seller.id, "link", None, "poster", NOW,
    )  # fmt: skip


def test_a_link_of_a_product_goes_to_the_product(shop: Mall) -> None:
    seller = shop.distributor("小李")
    answer = open_link(shop, f"/r/{seller.code}?p={quote('A/B ?', safe='')}&s=group")
    assert answer.location == f"{BASE}/shop/p/A%2FB%20%3F?r={seller.code}&s=group"
    assert touches(shop)[0].sku == "A/B ?"
    assert open_link(shop, urlsplit(answer.location).path).status_code == 200


@pytest.mark.parametrize(
    "product", ["NOPE", "GONE", "//evil.example", "https://evil.example", "../../x", "%00", "x" * 99, ""]
)
def test_a_product_that_is_not_sold_goes_to_the_shop(shop: Mall, product: str) -> None:
    seller = shop.distributor("小李")
    answer = open_link(shop, f"/r/{seller.code}?p={product}")
    assert (answer.status_code, answer.location) == (302, f"{BASE}/shop?r={seller.code}")


@pytest.mark.parametrize(
    "code",
    ["8K3M2X", "不是码", "//evil.example", "%2F%2Fevil.example", "x" * 500, "a%0d%0aSet-Cookie:x", "%FF", "..", "."],
)
def test_an_unknown_code_goes_to_the_shop_without_a_touch(shop: Mall, code: str) -> None:
    answer = open_link(shop, f"/r/{code}?p=APPLE")
    assert (answer.status_code, answer.location) == (302, f"{BASE}/shop/p/APPLE")
    assert touches(shop) == []
    assert "Set-Cookie" not in answer.headers


def test_the_host_of_the_request_means_nothing(shop: Mall) -> None:
    seller = shop.distributor("小李")
    answer = shop.app.test_client().get(f"/r/{seller.code}", headers={"Host": "evil.example"})
    assert answer.location == f"{BASE}/shop?r={seller.code}"
    page = shop.app.test_client().get("/shop", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil" not in page.text


@pytest.mark.parametrize("typed", ["{lower}", " {code}。", "{code}%20"])
def test_a_code_is_taken_as_people_type_it(shop: Mall, typed: str) -> None:
    seller = shop.distributor("小李")
    answer = open_link(shop, "/r/" + typed.format(code=seller.code, lower=seller.code.lower()))
    assert answer.location == f"{BASE}/shop?r={seller.code}"
    assert len(touches(shop)) == 1


def test_the_visitor_is_known_by_a_cookie_that_scripts_cannot_read(shop: Mall) -> None:
    answer = open_link(shop, f"/r/{shop.distributor('小李').code}")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["tuike_visitor"]
    assert len(cookie.value) == 22
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert touches(shop)[0].identity_digest == shop.vault.digest("visitor", cookie.value)


def test_the_same_link_within_a_minute_is_one_visit(shop: Mall) -> None:
    one, other = shop.distributor("小李"), shop.distributor("小王")
    phone = shop.app.test_client()
    for code, seconds, expected in [
        (one.code, 0, 1),
        (one.code, 59, 1),
        (other.code, 59, 2),
        (one.code, 59, 3),
        (one.code, 119, 4),
    ]:
        shop.now = NOW + timedelta(seconds=seconds)
        open_link(shop, f"/r/{code}", phone)
        assert len(touches(shop)) == expected, (code, seconds)
    assert len({touch.identity_digest for touch in touches(shop)}) == 1


def test_a_cookie_that_is_not_ours_is_replaced(shop: Mall) -> None:
    seller = shop.distributor("小李")
    phone = shop.app.test_client()
    phone.set_cookie("tuike_visitor", "cust-1", domain="tuike.example")
    answer = open_link(shop, f"/r/{seller.code}", phone)
    assert "tuike_visitor=" in answer.headers["Set-Cookie"]
    assert touches(shop)[0].identity_digest != shop.vault.digest("visitor", "cust-1")


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
    ],
    ids=str,
)
def test_what_is_no_person_leaves_no_touch(shop: Mall, headers: dict[str, str]) -> None:
    answer = open_link(shop, f"/r/{shop.distributor('小李').code}", **headers)
    assert answer.status_code == 302
    assert touches(shop) == []


def test_wechats_browser_is_a_person(shop: Mall) -> None:
    agent = (
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36 XWEB MicroMessenger/8.0.50"
    )
    open_link(shop, f"/r/{shop.distributor('小李').code}", **{"User-Agent": agent})
    assert len(touches(shop)) == 1


def test_head_leaves_no_touch(shop: Mall) -> None:
    answer = shop.app.test_client().head(f"/r/{shop.distributor('小李').code}")
    assert (answer.status_code, touches(shop)) == (302, [])


@pytest.mark.parametrize("status", ["suspended", "departed", "review", "refused"])
def test_who_may_not_promote_leaves_no_touch(shop: Mall, status: str) -> None:
    answer = open_link(shop, f"/r/{shop.distributor('小李', status=status).code}")
    assert (answer.location, touches(shop)) == (f"{BASE}/shop", [])


def test_an_order_of_the_visitor_finds_the_link_that_he_opened(shop: Mall) -> None:
    phone = shop.app.test_client()
    open_link(shop, f"/r/{shop.distributor('小李').code}", phone)
    visitor = phone.get_cookie("tuike_visitor", domain="tuike.example").value
    answer = shop.push(order(source="shop", buyer={"id": visitor}, at=NOW))
    assert answer.json["distributor"]["name"] == "小李"
    assert answer.json["reason"] == {"code": "touch", "text": "顾客 2026-03-10 打开过小李的推广链接"}
