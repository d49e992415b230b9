"""Somebody is suspended, let back, or departs: what counts is the order's own time, whenever it comes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from domain.distributor import WrongStatus
from domain.errors import Invalid
from models.distributor import Distributor
from services import history, standing
from tests.support.databases import Database
from tests.support.shop import Shop

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions)
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    shop.later(days=1)
    return shop


def does(shop: Shop, what: str, userid: str, **ago: float) -> bool:
    at = shop.now - timedelta(**ago)

    def work(session: Session) -> bool:
        who = session.get_one(Distributor, shop.who(userid).id)
        return getattr(standing, what)(session, who, at=at, now=shop.now)

    return shop.sessions.transact(work)


def sells(shop: Shop, userid: str, **ago: float) -> list[tuple[str, str]]:
    """An order that was paid a while ago and comes now: who earns."""
    paid_at = (shop.now - timedelta(**ago)).isoformat()
    before = {who: shop.balances(who).get("pending", "0.00") for who in ("xiaoli", "xiaowang")}
    shop.sells(userid, "100.00", paid_at=paid_at)
    after = {who: shop.balances(who).get("pending", "0.00") for who in ("xiaoli", "xiaowang")}
    return [(who, after[who]) for who in after if after[who] != before[who]]


@SQLITE
def test_an_order_that_was_paid_before_the_suspension_and_comes_after_it_pays_him(shop: Shop) -> None:
    assert does(shop, "suspend", "xiaowang", hours=2)
    assert sells(shop, "xiaoli", hours=1) == [("xiaoli", "10.00")]
    assert sells(shop, "xiaoli", hours=3) == [("xiaoli", "20.00"), ("xiaowang", "5.00")]


@SQLITE
def test_his_own_code_is_judged_by_the_payment_too(shop: Shop) -> None:
    assert does(shop, "suspend", "xiaoli", hours=2)
    assert sells(shop, "xiaoli", hours=1) == []
    assert sells(shop, "xiaoli", hours=3) == [("xiaoli", "10.00"), ("xiaowang", "5.00")]


@SQLITE
def test_who_was_let_back_earns_from_that_second_on(shop: Shop) -> None:
    assert does(shop, "suspend", "xiaowang", hours=3)
    assert does(shop, "resume", "xiaowang", hours=2)
    assert sells(shop, "xiaoli", hours=2, seconds=1) == [("xiaoli", "10.00")]
    assert sells(shop, "xiaoli", hours=2) == [("xiaoli", "20.00"), ("xiaowang", "5.00")]


@SQLITE
def test_a_second_suspension_changes_nothing_and_a_departure_ends_both(shop: Shop) -> None:
    assert does(shop, "suspend", "xiaoli", hours=3)
    assert not does(shop, "suspend", "xiaoli", hours=2)
    assert does(shop, "depart", "xiaoli", hours=1)
    assert not does(shop, "depart", "xiaoli")
    with pytest.raises(WrongStatus):
        does(shop, "resume", "xiaoli")
    who = shop.who("xiaoli")
    with shop.sessions.reading() as session:
        assert history.people(session, [who.id])[who.id].suspended == ((shop.now - timedelta(hours=3), None),)


@SQLITE
def test_times_that_cannot_be_are_refused(shop: Shop) -> None:
    for ago in (timedelta(hours=-1), timedelta(days=3)):  # in the future; before he joined
        with pytest.raises(Invalid):
            does(shop, "suspend", "xiaoli", seconds=ago.total_seconds())
    assert does(shop, "suspend", "xiaoli", hours=2)
    with pytest.raises(Invalid):
        does(shop, "resume", "xiaoli", hours=3)
    assert does(shop, "resume", "xiaoli", hours=1)
    with pytest.raises(Invalid):
        does(shop, "suspend", "xiaoli", hours=2)
    assert shop.who("xiaoli").status == "active"


def test_somebody_let_back_and_suspended_again_in_one_second_was_never_back(shop: Shop) -> None:
    assert does(shop, "suspend", "xiaoli")
    assert does(shop, "resume", "xiaoli")
    assert does(shop, "suspend", "xiaoli")
    who = shop.who("xiaoli")
    with shop.sessions.reading() as session:
        assert history.people(session, [who.id])[who.id].suspended == ((shop.now, shop.now), (shop.now, None))
