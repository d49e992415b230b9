"""The customer's phone of the simulator pays with a coupon: it asks the order API what one is good for and shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.distributor import Distributor
from simulator import Options, create_simulator
from simulator.mall import Mall as Phone
from simulator.mall import MallError
from tests.orders.mall import NOW, SECRET, Mall
from tests.support import coupons
from web.server import Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

WECOM = ("ww0123456789abcdef", 1000002, "secret", "token", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")


@pytest.fixture
def phone(shop: Mall) -> Iterator[Phone]:
    server = Server(shop.app, "127.0.0.1", 0, threads=2)
    server.start()
    url = f"http://127.0.0.1:{server.port}"
    made = create_simulator(Options(*WECOM, callback_url=f"{url}/callback", mall_url=url, mall_secret=SECRET))
    made.simulator.world.clock.set(NOW)
    yield made.simulator.mall
    server.stop()


@pytest.fixture
def seller(shop: Mall) -> Distributor:
    return shop.distributor("小李")


def taken(shop: Mall, who: Distributor, key: str, **keys: str) -> str:
    number = coupons.make(shop.sessions, coupons.document(key, **keys), now=NOW)
    return coupons.takes(shop.sessions, coupons.page(shop.sessions, number, who.id, now=NOW), now=NOW)


@pytest.mark.parametrize(
    ("keys", "paid"),
    [
        ({}, "1214.50"),  # 1,234.50 less 20.00
        ({"kind": "percent", "off": "12.5%"}, "1080.19"),  # less floor(154.3125)
        ({"kind": "percent", "at_most": '"30.00"'}, "1204.50"),
    ],
)
def test_it_pays_less_what_the_coupon_takes_off(
    shop: Mall, seller: Distributor, phone: Phone, keys: dict[str, str], paid: str
) -> None:
    code = taken(shop, seller, "A", **keys)
    status, answer = phone.buy({"sku": "APPLE", "qty": 1, "coupon": f"{code[:5].lower()}-{code[5:]}"})
    assert status == 201, answer
    assert (answer["reason"]["code"], answer["distributor"]["code"]) == ("coupon", seller.code)
    (use,) = coupons.uses(shop.sessions).values()
    assert (use["stands"], use["sales"]) == (True, paid)
    assert phone.orders[answer["no"]]["paid"] == paid


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"minimum": '"1234.51"'}, "这张券要满 1234.51 元，现在是 1234.50 元"),
        ({"scope": "{skus: [GONE]}"}, "这张券不能用在这件商品上"),
        ({"scope": "{exclude: [APPLE]}"}, "这张券不能用在这件商品上"),
    ],
)
def test_what_cannot_be_used_is_said_before_paying(
    shop: Mall, seller: Distributor, phone: Phone, keys: dict[str, str], said: str
) -> None:
    code = taken(shop, seller, "A", **keys)
    with pytest.raises(MallError, match=said):
        phone.buy({"sku": "APPLE", "coupon": code})
    with pytest.raises(MallError, match="没有这个券码"):
        phone.buy({"sku": "APPLE", "coupon": "nothing"})
    assert coupons.uses(shop.sessions) == {}
