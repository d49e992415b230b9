"""Orders, refunds, completions and settlement at the same moment: everything is booked once, and none of it is lost."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from domain.errors import IdempotencyConflict, Invalid
from domain.money import ZERO, Money, total
from domain.order import CompletionFacts, OrderFacts, RefundFacts
from jobs.settlement import SettlementJob
from models import Sessions
from models.commission import Award
from models.order import EarlyFact, IntakeLock, Order, Refund
from models.settlement import SettlementRun, Statement
from services import order
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue
from web import in_transaction

PLAN = """
name: 三级
terms: {max_share: 50%, hold_days: 1}
rules:
  - id: r
    kind: commission
    title: 推广佣金
    pay: [{to: seller, rate: 10%}, {to: upline-1, rate: 5%}, {to: upline-2, rate: 2%}]
"""


def shop_of_three(database: Database) -> Shop:
    """xiaowang invited xiaoli, who invited xiaozhang."""
    shop = Shop(database.sessions, plan=PLAN)
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    shop.joins("xiaozhang", inviter="xiaoli")
    return shop


def content(shop: Shop, no: str, seller: str = "xiaozhang", paid: str = "100.00", **more: Any) -> dict[str, Any]:
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 10, "price": paid, "paid": paid}
    return {
        "no": no,
        "source": "mall",
        "buyer": {"id": f"cust-{no}"},
        "ref": {"code": shop.code(seller)},
        "paid_at": shop.now.isoformat(),
        "freight": "0.00",
        "lines": [line],
        **more,
    }


class Mall:
    """Pushes as the API does, on connections of its own: a transaction that another one was in the way of is begun
    anew.
    """

    def __init__(self, shop: Shop, sessions: Sessions) -> None:
        self.shop, self.sessions = shop, sessions

    def push(self, body: dict[str, Any]) -> Callable[[], str]:
        facts = OrderFacts.parse(json.dumps(body), now=self.shop.now)
        return self._act(lambda session: order.record(session, self.shop.vault, facts, now=self.shop.now))

    def refund(self, no: str, refund_no: str, amount: str, *, qty: int = 0, source: str | None = None) -> Any:
        line = {"line": 0, "qty": qty, "amount": amount}
        facts = RefundFacts.parse(
            json.dumps({"refund_no": refund_no, "at": self.shop.now.isoformat(), "lines": [line]})
        )
        return self._act(lambda session: order.refund(session, no, facts, source=source, now=self.shop.now))

    def complete(self, no: str, *, source: str | None = None) -> Callable[[], str]:
        facts = CompletionFacts.parse(json.dumps({"at": self.shop.now.isoformat()}))
        return self._act(lambda session: order.complete(session, no, facts, source=source, now=self.shop.now))

    def _act(self, work: Callable[[Any], order.Outcome]) -> Callable[[], str]:
        def act() -> str:
            try:
                return in_transaction(self.sessions, work).status
            except (Invalid, IdempotencyConflict) as refusal:
                return type(refusal).__name__

        return act


def carried_out(results: list[str | Exception]) -> Counter[str]:
    for result in results:
        if isinstance(result, Exception):
            raise result
    return Counter(map(str, results))


def check_books(shop: Shop, people: tuple[str, ...] = ("xiaowang", "xiaoli", "xiaozhang")) -> None:
    """The books add up, and every balance is what the awards say."""
    assert shop.differences() == []
    with shop.sessions.reading() as session:
        awards = session.scalars(select(Award)).all()
    for userid in people:
        who = shop.who(userid).id
        sums = {
            state: total(row.amount for row in awards if row.distributor_id == who and row.state == state)
            for state in ("pending", "available")
        }
        assert shop.balances(userid) == {state: amount.yuan for state, amount in sums.items() if amount}


def test_an_order_that_comes_twenty_times_at_once_is_one(database: Database) -> None:
    shop = shop_of_three(database)

    with connections(database, 20) as sessions:
        results = carried_out(at_once([Mall(shop, sessions).push(content(shop, "O1"))] * 20))

    assert results == {"created": 1, "same": 19}
    assert [shop.balances(who)["pending"] for who in ("xiaozhang", "xiaoli", "xiaowang")] == ["10.00", "5.00", "2.00"]
    check_books(shop)


def test_of_two_contents_under_one_number_at_once_one_is_taken(database: Database) -> None:
    shop = shop_of_three(database)

    with connections(database, 20) as sessions:
        mall = Mall(shop, sessions)
        acts = [mall.push(content(shop, "O1")), mall.push(content(shop, "O1", paid="50.00"))] * 10
        results = carried_out(at_once(acts))

    assert results == {"created": 1, "same": 9, "IdempotencyConflict": 10}
    check_books(shop)


def test_orders_of_one_family_at_once_are_all_booked(database: Database) -> None:
    """Seller, inviter and the inviter's inviter sell at the same moment and earn on each other's orders."""
    shop = shop_of_three(database)

    with connections(database, 24) as sessions:
        mall = Mall(shop, sessions)
        sellers = ("xiaowang", "xiaoli", "xiaozhang")
        acts = [mall.push(content(shop, f"O{n}", sellers[n % 3])) for n in range(24)]
        assert carried_out(at_once(acts)) == {"created": 24}

    # eight orders each: 10 % of the own, 5 % of who stands below, 2 % of who stands below him
    assert [shop.balances(who)["pending"] for who in sellers] == ["136.00", "120.00", "80.00"]
    check_books(shop)


def test_refunds_at_once_take_back_no_more_than_was_paid(database: Database) -> None:
    """Fifteen of 10.00 on an order of 100.00: ten are accepted, each of them ten times over is one."""
    shop = shop_of_three(database)
    shop.pushes(content(shop, "O1"))

    with connections(database, 30) as sessions:
        mall = Mall(shop, sessions)
        results = carried_out(at_once([mall.refund("O1", f"R{n % 15}", "10.00") for n in range(30)]))

    # whether a refused number is refused both times or finds itself below the limit never differs: all are of 10.00
    assert results == {"created": 10, "same": 10, "Invalid": 10}
    assert shop.balances("xiaozhang") == {}
    check_books(shop)


@pytest.mark.parametrize("named", ["mall", None])
def test_an_order_its_completion_and_its_refund_at_once_are_all_applied(database: Database, named: str | None) -> None:
    """Whichever comes first: what is known of an order that has not come is kept until it comes."""
    shop = shop_of_three(database)
    orders = [f"O{n}" for n in range(8)]

    with connections(database, 24) as sessions:
        mall = Mall(shop, sessions)
        acts = []
        for no in orders:
            acts += [
                mall.push(content(shop, no)),
                mall.complete(no, source=named),
                mall.refund(no, f"{no}-R", "50.00", qty=5, source=named),
            ]
        carried_out(at_once(acts))

    with shop.sessions.reading() as session:
        found = session.scalars(select(Order)).all()
        assert {(row.no, row.net, row.completed_at) for row in found} == {
            (no, Money.of_yuan("50.00"), shop.now) for no in orders
        }
        assert session.scalars(select(EarlyFact).where(EarlyFact.applied_at.is_(None))).all() == []
        assert len(session.scalars(select(Refund)).all()) == len(orders)
    assert shop.balances("xiaozhang") == {"pending": "40.00"}
    check_books(shop)


def test_the_slots_that_orders_wait_on_are_made_by_the_first_who_needs_one(database: Database) -> None:
    """An empty table and forty pushes about one number: a slot is inserted once and nobody passes it by."""
    shop = shop_of_three(database)

    with connections(database, 40) as sessions:
        mall = Mall(shop, sessions)
        acts = [mall.refund("O1", f"R{n}", "1.00") for n in range(20)] + [mall.push(content(shop, "O1"))] * 20
        results = carried_out(at_once(acts))

    assert results["created"] + results["kept"] == 21  # the order and every refund
    with shop.sessions.reading() as session:
        assert session.scalars(select(Order.net)).one() == Money.of_yuan("80.00")
        slots = len(session.scalars(select(IntakeLock)).all())
    assert slots == (0 if database.backend == "sqlite" else 1)
    check_books(shop)


# ---------------------------------------------------------------------------------------------------------------
# Settlement


def job(shop: Shop, sessions: Sessions) -> SettlementJob:
    return SettlementJob(sessions, shop.clock, catalogue(), shop.wake)


def with_due_orders(database: Database, count: int) -> Shop:
    shop = shop_of_three(database)
    push_due_orders(shop, range(count))
    return shop


def push_due_orders(shop: Shop, numbers: range) -> None:
    sellers = ("xiaowang", "xiaoli", "xiaozhang")
    for number in numbers:
        shop.pushes(content(shop, f"O{number}", sellers[number % 3], completed_at=shop.now.isoformat()))
    shop.later(days=2)


def statements(shop: Shop) -> list[tuple[int, int, Money]]:
    with shop.sessions.reading() as session:
        return [(row.run_id, row.distributor_id, row.amount) for row in session.scalars(select(Statement))]


def test_settlement_by_four_at_once_moves_everything_once(database: Database) -> None:
    shop = with_due_orders(database, 12)

    with connections(database, 8) as sessions:
        results = at_once([lambda: job(shop, sessions)(shop.now) for _ in range(4)])

    counted = [result for result in results if not isinstance(result, Exception)]
    assert len(counted) == 4, results
    assert sum(result["failed"] for result in counted) == 0
    assert sum(result["distributors"] for result in counted) == len(statements(shop)) == 3
    assert total(Money.of_yuan(result["amount"]) for result in counted) == total(row[2] for row in statements(shop))
    assert shop.balances("xiaozhang") == {"available": "40.00"}
    assert len([said for said in shop.told("xiaozhang") if "已结算" in said]) == 1
    check_books(shop)
    with shop.sessions.reading() as session:
        assert session.scalars(select(SettlementRun).where(SettlementRun.closed_at.is_(None))).all() == []


def test_full_refunds_of_what_is_just_being_settled_leave_nobody_unsettled(database: Database) -> None:
    """A refund takes an award's row first and its place in the index second, a run the other way round: one of them is
    ended by MariaDB for the other's sake, and begins again.
    """
    shop = shop_of_three(database)

    with connections(database, 12) as sessions:
        mall = Mall(shop, sessions)

        def settle() -> str:
            return f"{job(shop, sessions)(shop.now)['failed']} failed"

        def refund(numbers: range) -> Callable[[], str]:
            def act() -> str:
                for number in numbers:
                    assert mall.refund(f"O{number}", f"R{number}", "100.00", qty=10)() == "created"
                return "refunded"

            return act

        for start in (0, 18, 36):
            push_due_orders(shop, range(start, start + 18))
            refunds = [refund(range(start + first, start + 18, 6)) for first in range(6)]
            assert carried_out(at_once([*[settle] * 4, *refunds])) == {"0 failed": 4, "refunded": 6}

    assert [shop.balances(who) for who in ("xiaowang", "xiaoli", "xiaozhang")] == [{}, {}, {}]
    check_books(shop)


def test_refunds_and_completions_during_settlement_lose_nothing(database: Database) -> None:
    """Half of the orders are completed and all are refunded in part while three runs are at it, again and again."""
    shop = shop_of_three(database)
    sellers = ("xiaowang", "xiaoli", "xiaozhang")
    numbers = [f"O{n}" for n in range(12)]
    for place, no in enumerate(numbers):
        done = {"completed_at": shop.now.isoformat()} if place % 2 else {}
        shop.pushes(content(shop, no, sellers[place % 3], **done))
    ahead = shop.now.replace(year=2027)

    with connections(database, 24) as sessions:
        mall = Mall(shop, sessions)
        over = threading.Event()
        done_pushing = threading.Semaphore(0)

        def settle() -> str:
            runs = job(shop, sessions)
            while not over.is_set():
                assert runs(ahead)["failed"] == 0, "a distributor could not be settled"
            return "settled"

        def push(mine: list[str]) -> Callable[[], str]:
            def act() -> str:
                try:
                    for no in mine:
                        for part in range(2):
                            assert mall.refund(no, f"{no}-{part}", "20.00", qty=1)() == "created"
                        assert mall.complete(no)() in ("completed", "same")
                finally:
                    done_pushing.release()
                return "pushed"

            return act

        def end() -> str:
            for _ in range(6):
                done_pushing.acquire()
            over.set()
            return "ended"

        acts = [settle, settle, settle, *(push(numbers[first::6]) for first in range(6)), end]
        assert carried_out(at_once(acts)) == {"settled": 3, "pushed": 6, "ended": 1}

    assert job(shop, shop.sessions)(ahead)["failed"] == 0
    # 60.00 are left of each of the four orders that everybody sold
    assert [shop.balances(who) for who in sellers] == [
        {"available": "40.80"},
        {"available": "36.00"},
        {"available": "24.00"},
    ]
    check_books(shop)
    with shop.sessions.reading() as session:
        assert session.scalars(select(Award).where(Award.state == "pending", Award.amount > ZERO)).all() == []
