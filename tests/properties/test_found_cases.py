"""Cases that random histories and reading have found, each as small as it gets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from bot import worker
from domain.distributor import DEEPEST_UPLINE
from domain.plan import PlanRefused, parse
from models.distributor import Identity
from models.message import Inbox
from models.rank import Tally
from services import commission
from services.order import _find
from tests.support.databases import Database
from tests.support.shop import Shop

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def plan(*pay: str, max_share: str = "50%") -> str:
    terms = f"{{max_share: {max_share}, hold_days: 0}}"
    rows = ", ".join(pay)
    return f"name: 试\nterms: {terms}\nrules:\n  - {{id: r, kind: commission, title: 推广佣金, pay: [{rows}]}}\n"


def sells_three(shop: Shop, userid: str, paid: str) -> str:
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 3, "price": paid, "paid": paid}
    return shop.sells(userid, paid, lines=[line])


def told(shop: Shop, no: str) -> list[tuple[str, str, str]]:
    with shop.sessions.writing() as session:
        order = _find(session, no, "mall")
        assert order is not None
        return [(award.as_, award.amount.yuan, award.state) for award in commission.told(session, order)]


@SQLITE
def test_a_return_that_takes_from_one_row_what_it_gives_to_another_of_the_same_person_is_accepted(
    database: Database,
) -> None:
    """Three units at 10.00 each fill the cap of 30.00; with two, the second row gets the 10.00 that the first loses."""
    shop = Shop(
        database.sessions, plan=plan('{to: seller, amount: "10.00"}', "{to: seller, rate: 30%}", max_share="30%")
    )
    shop.joins("xiaoli")
    no = sells_three(shop, "xiaoli", "100.00")
    assert told(shop, no) == [("seller", "30.00", "pending")]

    shop.refunds(no, "0.00", qty=1)

    assert told(shop, no) == [("seller", "20.00", "pending"), ("seller", "10.00", "pending")]
    assert shop.balances("xiaoli") == {"pending": "30.00"}
    assert shop.differences() == []


def a_row_that_only_a_return_brings_to_life(database: Database) -> tuple[Shop, str]:
    """The cap leaves the inviter nothing while all three units are kept."""
    shop = Shop(
        database.sessions, plan=plan('{to: seller, amount: "10.00"}', "{to: upline-1, rate: 30%}", max_share="30%")
    )
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    return shop, sells_three(shop, "xiaoli", "100.00")


def refund(shop: Shop, no: str, refund_no: str, amount: str, qty: int, **ago: float) -> None:
    """A refund that took place some time ago and comes now."""
    shop.now -= timedelta(**ago)
    shop.refunds(no, amount, qty=qty, refund_no=refund_no)
    shop.now += timedelta(**ago)


@SQLITE
def test_what_an_award_ever_was_follows_the_times_of_refunds_and_not_their_arrival(database: Database) -> None:
    """By their times the money went back first and the award never was above 0; they arrive the other way round."""
    shop, no = a_row_that_only_a_return_brings_to_life(database)
    shop.later(hours=5)

    refund(shop, no, "R-units", "0.00", 1, hours=1)
    assert told(shop, no) == [("seller", "20.00", "pending"), ("upline-1", "10.00", "pending")]
    refund(shop, no, "R-money", "100.00", 0, hours=2)

    assert told(shop, no) == [("seller", "0.00", "reversed")]
    assert shop.balances("xiaowang") == {}


@SQLITE
def test_two_refunds_of_one_moment_are_one_change(database: Database) -> None:
    shop, no = a_row_that_only_a_return_brings_to_life(database)
    shop.later(hours=5)

    refund(shop, no, "R-units", "0.00", 1)
    refund(shop, no, "R-money", "100.00", 0)

    assert told(shop, no) == [("seller", "0.00", "reversed")]


@SQLITE
def test_a_late_refund_that_shows_that_an_award_once_was_lets_it_be_told_as_taken_back(database: Database) -> None:
    """The money is back already when the return of a unit from an hour before becomes known."""
    shop, no = a_row_that_only_a_return_brings_to_life(database)
    shop.later(hours=5)

    refund(shop, no, "R-money", "100.00", 0, hours=1)
    refund(shop, no, "R-units", "0.00", 1, hours=2)

    assert told(shop, no) == [("seller", "0.00", "reversed"), ("upline-1", "0.00", "reversed")]


@SQLITE
def test_when_a_rank_was_reached_is_not_told_by_an_own_purchase_that_counts_nowhere(database: Database) -> None:
    own = plan("{to: upline-1, rate: 5%}").replace("hold_days: 0", "hold_days: 0, own_orders: upline")
    shop = Shop(database.sessions, plan=own)
    shop.joins("xiaoli")
    with shop.sessions.writing() as session:
        digest = shop.vault.digest("unionid", "U1")
        session.add(Identity(distributor_id=shop.who("xiaoli").id, kind="unionid", digest=digest, created_at=shop.now))
    counts_at = shop.now
    shop.sells("xiaoli", "100.00")
    shop.later(minutes=1)
    taken_back = shop.sells("xiaoli", "50.00")
    shop.later(minutes=1)
    shop.sells("xiaoli", "30.00", buyer={"id": "me", "unionid": "U1"})

    shop.refunds(taken_back, "50.00")

    with shop.sessions.reading() as session:
        tallies = session.scalars(select(Tally)).all()
    assert {(row.sales.yuan, row.orders, row.reached_at) for row in tallies} == {("100.00", 1, counts_at)}


@SQLITE
def test_an_order_from_before_the_binding_that_comes_after_it_knows_no_inviter(database: Database) -> None:
    shop = Shop(database.sessions, plan=plan("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}"))
    shop.joins("xiaoli")
    shop.joins("xiaowang")
    shop.later(hours=1)
    paid_at = shop.now.isoformat()
    shop.later(hours=1)
    assert shop.says("xiaoli", f"绑定 {shop.code('xiaowang')}").startswith("已绑定")

    early = shop.sells("xiaoli", "100.00", paid_at=paid_at)
    late = shop.sells("xiaoli", "100.00")

    assert told(shop, early) == [("seller", "10.00", "pending")]
    assert told(shop, late) == [("seller", "10.00", "pending"), ("upline-1", "5.00", "pending")]


@SQLITE
def test_the_chain_ends_at_an_inviter_whose_own_application_was_open_when_the_order_was_paid(
    database: Database,
) -> None:
    rows = ("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}", "{to: upline-2, rate: 2%}")
    shop = Shop(database.sessions, plan=plan(*rows))
    shop.joins("ahead")
    shop.joins("applicant", inviter="ahead")
    with shop.sessions.writing() as session:
        session.merge(shop.who("applicant")).status = "review"
    shop.says("xiaoli", f"我要加入 {shop.code('applicant')}")

    assert told(shop, shop.sells("xiaoli", "100.00")) == [("seller", "10.00", "pending")]


@SQLITE
def test_nobody_closes_a_loop_however_long_the_chain_is(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("first")
    before = "first"
    for number in range(DEEPEST_UPLINE + 1):
        shop.joins(f"p{number}", inviter=before)
        before = f"p{number}"

    said = shop.says("first", f"绑定 {shop.code(before)}")

    assert "已绑定" not in said
    assert shop.who("first").inviter_id is None


@SQLITE
def test_the_deepest_upline_that_a_plan_may_name_is_paid(database: Database) -> None:
    shop = Shop(database.sessions, plan=plan("{to: upline-98, rate: 2%}", "{to: upline-99, rate: 1%}"))
    shop.joins("p0")
    for number in range(1, 100):
        shop.joins(f"p{number}", inviter=f"p{number - 1}")

    no = shop.sells("p99", "100.00")

    assert told(shop, no) == [("upline-98", "2.00", "pending"), ("upline-99", "1.00", "pending")]
    with pytest.raises(PlanRefused):
        parse(plan("{to: upline-100, rate: 1%}"))


@SQLITE
def test_nobody_is_told_of_a_settlement_of_nothing(database: Database) -> None:
    """A row that the cap left empty goes through the run without a word."""
    shop, no = a_row_that_only_a_return_brings_to_life(database)
    shop.completes(no)
    shop.later(hours=1)

    shop.settles()

    assert shop.balances("xiaoli") == {"available": "30.00"}
    assert [said for said in shop.told("xiaowang") if "已结算" in said] == []
    assert len([said for said in shop.told("xiaoli") if "已结算" in said]) == 1


def test_a_message_whose_repeat_was_accepted_is_not_lost_with_the_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WeCom hangs up after five seconds and is content with the repeat's 200: from then on it never sends it again.

    Where writers wait for each other (SQLite) the repeat waits too, for what the first has stored.
    """
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    seconds = [0.0]
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: seconds[-1]))
    inbound = shop.inbound("xiaoli", "我的邀请码", key="slow")
    under_way, go_on = threading.Event(), threading.Event()
    understand = shop.assistant._understand

    def slowly(*args: Any) -> Any:
        under_way.set()
        assert go_on.wait(20)
        return understand(*args)

    monkeypatch.setattr(shop.assistant, "_understand", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(shop.assistant.receive, inbound)
        assert under_way.wait(20)
        assert shop.assistant.receive(inbound) == ""  # the platform still waits for the first
        assert shop.assistant.due() == []
        seconds.append(6.0)
        if database.backend == "sqlite":
            repeat = pool.submit(shop.assistant.receive, inbound)
        else:
            assert shop.assistant.receive(inbound) == ""
            with database.sessions.reading() as session:  # a kill now loses nothing
                assert session.scalars(select(Inbox.state).where(Inbox.key == inbound.key)).all() == ["waiting"]
        go_on.set()
        assert first.result(20) == ""
        if database.backend == "sqlite":
            assert repeat.result(20) == ""
    shop.later(seconds=2)
    for row in shop.assistant.due():
        shop.assistant.retry(row)
    assert len([said for said in shop.told("xiaoli") if shop.code("xiaoli") in said]) == 1
    assert shop.assistant.receive(inbound) == ""


@SQLITE
def test_a_share_of_the_profit_takes_the_catalogues_cost_where_the_push_tells_none(database: Database) -> None:
    """An apple costs 18.00: sold at 30.00 it leaves 12.00. A cost that is told counts before the catalogue's."""
    profit = plan("{to: seller, rate: 50%}").replace("pay:", "base: profit, pay:")
    shop = Shop(database.sessions, plan=profit, cost="18.00", unpublishable=True)
    shop.joins("xiaoli")
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 1, "price": "30.00", "paid": "30.00"}
    assert told(shop, shop.sells("xiaoli", "30.00", lines=[line])) == [("seller", "6.00", "pending")]
    assert told(shop, shop.sells("xiaoli", "30.00", lines=[line | {"cost": "20.00"}])) == [
        ("seller", "5.00", "pending")
    ]


@SQLITE
def test_a_source_with_a_colon_is_not_mixed_up_with_a_number_that_has_one(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00", no="c", source="a:b")
    shop.sells("xiaoli", "50.00", no="b:c", source="a")
    assert shop.balances("xiaoli") == {"pending": "15.00"}
