"""Many pushes at once, over real connections: one order, no fen too much, nothing forgotten."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from domain.money import Money
from domain.order import OrderFacts, RefundFacts, RefundLine
from models.commission import Award
from models.order import ApiNonce, EarlyFact, Order, OrderLine, Refund, Touch
from services import order as orders
from tests.orders.mall import NOW, Mall, order


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answers of calls that all start in the same moment."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_twenty_pushes_of_one_order_record_it_once_and_are_answered_alike(mall: Mall) -> None:
    seller = mall.distributor("小李", inviter=mall.distributor("老王"))
    answers = at_once(*[lambda: mall.push(order(code=seller.code))] * 20)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert len({answer.data for answer in answers}) == 1
    assert (mall.count(Order), mall.count(OrderLine), mall.count(Award), mall.count(Touch)) == (1, 1, 2, 1)
    assert mall.balances(seller) == ("10.00", "0.00")
    assert mall.books_are_right()


def test_twenty_different_contents_under_one_number_record_one(mall: Mall) -> None:
    answers = at_once(*[lambda n=n: mall.push(order(freight=f"{n}.00")) for n in range(20)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert mall.count(Order) == 1


def test_twenty_requests_with_one_nonce_do_one_thing(mall: Mall) -> None:
    answers = at_once(*[lambda n=n: mall.push(order(f"O{n}"), X_Nonce="n1") for n in range(20)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 401: 19}
    assert (mall.count(Order), mall.count(ApiNonce)) == (1, 1)


def test_refunds_at_once_never_give_back_more_than_was_paid(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code))
    answers = at_once(*[lambda n=n: mall.refund("O1", f"R{n}", (0, 0, "30.00")) for n in range(10)])
    assert Counter(answer.status_code for answer in answers) == {201: 3, 422: 7}
    row = mall.read(lambda session: session.get(OrderLine, 1))
    assert (row.refunded, mall.count(Refund)) == (Money(9000), 3)
    assert mall.balances(seller) == ("1.00", "0.00")
    assert mall.books_are_right()


def test_one_refund_pushed_ten_times_at_once_is_booked_once(mall: Mall) -> None:
    mall.push(order(code=mall.distributor("小李").code))
    answers = at_once(*[lambda: mall.refund("O1", "R1", (0, 1, "30.00"))] * 10)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 9}
    assert mall.count(Refund) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_an_order_its_refund_and_its_completion_at_once_end_the_same_whoever_is_first(mall: Mall, attempt: int) -> None:
    """A refund that finds no order while the order is being written must not wait for ever."""
    seller = mall.distributor("小李")
    numbers = [f"O{n}" for n in range(6)]
    calls: list[Callable[[], Any]] = []
    for no in numbers:
        calls.append(lambda no=no: mall.push(order(no, code=seller.code)))
        calls.append(lambda no=no: mall.refund(no, f"R-{no}", (0, 1, "40.00")))
        calls.append(lambda no=no: mall.tell(no, "complete", {"at": NOW.isoformat()}))
    answers = at_once(*calls)
    assert {answer.status_code for answer in answers} <= {200, 201, 202}
    assert mall.count(Refund) == len(numbers)
    rows = mall.read(lambda session: session.query(Order).all())
    assert [(row.net, row.completed_at) for row in rows] == [(Money(6000), NOW)] * len(numbers)
    waiting = mall.read(lambda session: [row.ref for row in session.query(EarlyFact) if row.applied_at is None])
    assert waiting == []
    assert mall.balances(seller) == ("36.00", "0.00")
    assert mall.books_are_right()


def test_orders_of_people_who_share_an_upline_do_not_stand_in_each_others_way(mall: Mall) -> None:
    above = mall.distributor("老王")
    sellers = [mall.distributor(f"分销员{n}", inviter=above) for n in range(4)]
    calls = [lambda n=n: mall.push(order(f"O{n}", code=sellers[n % 4].code)) for n in range(20)]
    assert {answer.status_code for answer in at_once(*calls)} == {201}
    assert mall.balances(above) == ("100.00", "0.00")
    assert mall.books_are_right()


def finished_while_open(mall: Mall, open_work: Callable[[Any], object], call: Callable[[], Any]) -> tuple[bool, Any]:
    """`call` in another thread while the transaction of `open_work` is not committed yet; whether it did not wait for
    the commit, and its answer.
    """
    with ThreadPoolExecutor(1) as thread:
        with mall.sessions.writing() as session:
            open_work(session)
            answer = thread.submit(call)
            done, _ = wait([answer], timeout=0.5)
        return bool(done), answer.result(timeout=30)


def test_a_refund_waits_for_the_order_that_is_just_being_written(mall: Mall) -> None:
    facts = OrderFacts.parse(json.dumps(order()), now=NOW)
    early, answer = finished_while_open(
        mall,
        lambda session: orders.record(session, mall.vault, facts, now=NOW),
        lambda: mall.refund("O1", "R1", (0, 1, "40.00")),
    )
    assert (early, answer.status_code) == (False, 201)


def test_an_order_waits_for_the_refund_that_is_just_being_kept(mall: Mall) -> None:
    facts = RefundFacts("R1", NOW, (RefundLine(0, 1, Money(4000)),))
    early, answer = finished_while_open(
        mall, lambda session: orders.refund(session, "O1", facts, now=NOW), lambda: mall.push(order())
    )
    assert (early, answer.status_code) == (False, 201)
    assert mall.read(lambda session: session.get(Order, 1)).net == Money(6000)
