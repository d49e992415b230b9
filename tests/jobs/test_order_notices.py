"""New orders are told within two looks, once, whatever is killed or runs beside; several of a minute in one message."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.orders import OrderNoticeJob
from services.push import orders
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ON_SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)


def job(shop: Shop, sessions: Any = None) -> OrderNoticeJob:
    return OrderNoticeJob(sessions or shop.sessions, shop.clock, catalogue(), shop.wake)


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    shop.joins("xiaowang", inviter="xiaoli")
    shop.sells("xiaoli", "10.00")  # long before the first look: no news
    shop.later(minutes=15)
    job(shop)(shop.now)
    return shop


def look(shop: Shop, times: int = 2) -> None:
    for _ in range(times):
        job(shop)(shop.now)
        shop.later(minutes=1)


@ON_SQLITE
def test_the_seller_and_who_invited_him_are_told(shop: Shop) -> None:
    shop.sells("xiaowang", "100.00", no="O77")
    look(shop)
    assert shop.told("xiaowang") == ["新订单 O77：预计佣金 10.00 元（实付 100.00 元）。\n回复「我的订单」看每一单。"]
    assert shop.told("xiaoli")[-1].startswith("团队新订单 O77：预计佣金 5.00 元")
    assert "wecom:xiaowang" in shop.woken


@ON_SQLITE
def test_several_of_one_look_are_one_message_and_told_once(shop: Shop) -> None:
    for _ in range(3):
        shop.sells("xiaowang", "100.00")
    look(shop, times=5)
    assert shop.told("xiaowang") == ["3 个新订单：预计佣金 30.00 元（实付 300.00 元）。\n回复「我的订单」看每一单。"]


@ON_SQLITE
def test_an_order_that_brings_nothing_or_is_old_is_no_news(shop: Shop) -> None:
    shop.sells(None, "100.00")
    shop.later(days=3)
    shop.sells("xiaowang", "100.00", paid_at=(shop.now.replace(day=18)).isoformat())
    look(shop)
    assert shop.told("xiaowang") == []


@ON_SQLITE
def test_a_job_that_dies_between_two_pages_goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "PAGE", 2)
    for number in range(4):
        shop.sells("xiaowang", "100.00", no=f"O{number}")
    job(shop)(shop.now)
    dying, left = job(shop), [1]
    page = dying._page

    def dies(session: Any) -> Any:
        left[0] -= 1
        found = page(session)
        if left[0] < 0:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(dying, "_page", dies)
    with pytest.raises(KeyboardInterrupt):
        dying(shop.now)
    look(shop)
    assert [text[:6] for text in shop.told("xiaowang")] == [f"新订单 O{number}" for number in range(4)]


@ON_SERVERS
def test_two_schedulers_at_once_tell_once(shop: Shop, database: Database) -> None:
    for _ in range(5):
        shop.sells("xiaowang", "100.00")
    with connections(database, 4) as sessions:
        for _ in range(2):
            found = at_once([lambda: job(shop, sessions)(shop.now) for _ in range(4)])
            assert [one for one in found if isinstance(one, Exception)] == []
    assert len(shop.told("xiaowang")) == 1
    assert shop.told("xiaowang")[0].startswith("5 个新订单")
