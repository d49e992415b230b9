"""The plain pages: what a customer sees, safely, and that he stays with who sent him."""

from __future__ import annotations

import re

import pytest

from tests.orders.mall import BASE, Mall

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def get(shop: Mall, path: str) -> object:
    return shop.app.test_client().get(path, base_url=BASE)


def test_a_products_page_shows_it_and_who_recommends_it(shop: Mall) -> None:
    seller = shop.distributor("小李")
    answer = get(shop, f"/shop/p/APPLE?r={seller.code}")
    assert answer.status_code == 200
    assert "红富士 &lt;5斤&gt;" in answer.text
    assert "1,234" in answer.text
    assert all(word in answer.text for word in ("坏果包赔", "冷链配送", "<b>小李</b> 推荐", seller.code))
    assert f"{BASE}/shop/images/apple.jpg" in answer.text


def test_names_are_escaped_wherever_they_stand(shop: Mall) -> None:
    seller = shop.distributor('"><script>alert(1)</script>')
    for path in (f"/shop/p/APPLE?r={seller.code}", f'/shop?r={seller.code}&s="><script>'):
        assert "<script" not in get(shop, path).text


def test_every_link_of_a_page_keeps_the_code_and_begins_with_the_public_address(shop: Mall) -> None:
    seller = shop.distributor("小李")
    for path in (f"/shop/p/APPLE?r={seller.code}&s=poster", f"/shop?r={seller.code}&s=poster"):
        links = re.findall(r'<a href="([^"]+)"', get(shop, path).text)
        assert links
        for link in links:
            assert link.startswith(f"{BASE}/shop"), link
            assert link.endswith(f"?r={seller.code}&amp;s=poster"), link


def test_without_a_code_nobody_recommends(shop: Mall) -> None:
    for path in (
        "/shop/p/APPLE",
        "/shop/p/APPLE?r=8K3M2X",
        f"/shop?r={shop.distributor('走了', status='departed').code}",
    ):
        answer = get(shop, path)
        assert answer.status_code == 200
        assert "推广码" not in answer.text
        assert "?r=" not in answer.text


def test_the_shelf_shows_what_is_sold(shop: Mall) -> None:
    answer = get(shop, "/shop")
    assert "礼盒" in answer.text
    assert "下架的" not in answer.text


@pytest.mark.parametrize("sku", ["NOPE", "GONE", "%00", "x" * 100])
def test_a_product_that_is_not_sold_shows_the_shelf(shop: Mall, sku: str) -> None:
    answer = get(shop, f"/shop/p/{sku}")
    assert answer.status_code == 404
    assert "这件商品没有找到" in answer.text
    assert "红富士" in answer.text


def test_pages_may_be_cached_for_a_minute_and_run_no_scripts(shop: Mall) -> None:
    headers = get(shop, "/shop/p/APPLE").headers
    assert headers["Cache-Control"] == "public, max-age=60"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers


def test_pictures_are_served_and_nothing_else_is(shop: Mall) -> None:
    with get(shop, "/shop/images/apple.jpg") as picture:
        assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
        assert picture.data.startswith(b"\xff\xd8")
        assert "max-age=86400" in picture.headers["Cache-Control"]
    for path in ("notes.txt", "../secret.jpg", "..%2Fsecret.jpg", "%2Fetc%2Fpasswd", "none.jpg", ".jpg"):
        assert get(shop, f"/shop/images/{path}").status_code == 404, path


def test_an_address_that_is_none_gets_a_page_in_chinese(shop: Mall) -> None:
    answer = get(shop, "/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "没有这个地址" in answer.text
    assert get(shop, "/callback/nobody").data == b""


def test_a_mistake_is_logged_and_shown_without_a_traceback(shop: Mall, caplog: pytest.LogCaptureFixture) -> None:
    @shop.app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("inside")

    @shop.app.get("/api/broken")
    def broken_api() -> str:
        raise ZeroDivisionError("inside")

    page, answer = get(shop, "/broken"), get(shop, "/api/broken")
    assert (page.status_code, answer.status_code) == (500, 500)
    assert "ZeroDivisionError" not in page.text + answer.text
    assert "inside" not in page.text + answer.text
    assert answer.json["error"]["code"] == "internal"
    assert [record.event for record in caplog.records] == ["request.failed"] * 2
