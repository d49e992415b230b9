"""Withdrawals at the same moment: nothing is reserved that is not there, and a decision is taken once.

FULL=1   a thousand on each database, ten times over
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bot.worker import Assistant
from domain import ledger as books
from domain.conversation import Inbound
from domain.errors import DomainError
from domain.money import Money
from domain.withdrawal import Limits, reserve
from models import Sessions
from models.distributor import Distributor
from models.withdrawal import Withdrawal
from services import distributor, ledger, withdrawal
from tests.concurrency.crowd import at_once, connections, in_turns
from tests.support.databases import Database
from tests.support.shop import Shop, understanding

FULL = os.environ.get("FULL") == "1"
RUNS = 10 if FULL else 1
AMOUNT = Money.of_yuan("1.23")
ASKED = {"sqlite": (1000, 100), "postgresql": (200, 20), "mariadb": (200, 20)}  # a server's commits cost more
THREADS = 20
NO_LIMITS = Limits(Money(1), Money(10**9))


def earner(database: Database, available: Money) -> tuple[Shop, int]:
    """A shop, and a distributor who has so much to withdraw."""
    shop = Shop(database.sessions, limits=NO_LIMITS)
    shop.joins("xiaoli")
    who = shop.who("xiaoli").id
    gift = books.transfer(
        "gift", "accrual", books.house(books.COMMISSION_COST), books.of_distributor(who, "available"), available
    )
    with shop.sessions.writing() as session:
        ledger.post(session, gift, now=shop.now)
    return shop, who


def withdrawals(shop: Shop) -> list[Withdrawal]:
    with shop.sessions.reading() as session:
        return list(session.query(Withdrawal).order_by(Withdrawal.id))


@pytest.mark.parametrize("run", range(RUNS))
def test_of_a_thousand_confirmed_withdrawals_exactly_those_that_are_covered_are_reserved(
    database: Database, run: int
) -> None:
    asked, covered = (1000, 100) if FULL else ASKED[database.backend]
    shop, who = earner(database, AMOUNT * covered)

    with connections(database, THREADS) as sessions:

        def ask(number: int) -> str:
            try:
                with sessions.writing() as session:
                    me = session.get_one(Distributor, who)
                    withdrawal.request(session, me, AMOUNT, NO_LIMITS, key=f"ask:{number}", now=shop.now)
            except DomainError as refusal:
                return type(refusal).__name__
            return "reserved"

        results = in_turns(ask, asked, THREADS)

    assert results["reserved"] == covered
    assert results.keys() <= {"reserved", "NothingAvailable", "NotEnoughAvailable"}
    assert len(withdrawals(shop)) == covered
    assert shop.balances("xiaoli") == {"withdrawing": (AMOUNT * covered).yuan}
    assert shop.differences() == []


def test_the_books_alone_let_no_more_out_than_there_is(database: Database) -> None:
    """Without the lock and the check above them: the guarded update is the last line of defence."""
    shop, who = earner(database, AMOUNT * 10)

    with connections(database, THREADS) as sessions:

        def take(number: int) -> str:
            try:
                with sessions.writing() as session:
                    ledger.post(session, reserve(number, who, AMOUNT), now=shop.now)
            except books.NotCovered:
                return "refused"
            return "taken"

        assert in_turns(take, 60, THREADS) == {"taken": 10, "refused": 50}

    assert shop.balances("xiaoli") == {"withdrawing": (AMOUNT * 10).yuan}
    assert shop.differences() == []


# ---------------------------------------------------------------------------------------------------------------
# The same through the chat


def assistants(shop: Shop, sessions: Sessions, count: int) -> list[Assistant]:
    """As many processes would have: they share nothing but the database."""
    return [Assistant(sessions, shop.house, understanding(), shop.clock, shop.wake) for _ in range(count)]


def asks(shop: Shop, text: str = "提现 50") -> str:
    """Ask for a withdrawal; the task of the card that waits for the yes."""
    shop.says("xiaoli", text)
    return str(shop.queued("xiaoli", "card")[-1]["task"])


def receive_all(shop: Shop, database: Database, inbounds: list[Inbound], processes: int = 2) -> list[Any]:
    """Every message at the same moment, by several processes in turn; then what was kept for the workers."""
    with connections(database, len(inbounds)) as sessions:
        acts = zip(itertools.cycle(assistants(shop, sessions, processes)), inbounds, strict=False)
        answers = at_once([lambda one=one, inbound=inbound: one.receive(inbound) for one, inbound in acts])
    shop.later(seconds=2)
    for inbox in shop.assistant.due():
        shop.assistant.retry(inbox)
    assert shop.assistant.due() == []
    return answers


def answered(shop: Shop, answers: list[Any], userid: str = "xiaoli") -> Counter[str]:
    """How each message was answered, by the first words; those that were kept have their answer in the outbox."""
    texts = [answer for answer in answers if answer] + shop.told(userid)
    return Counter(text.split("（")[0].split("，")[0].split("：")[0] for text in texts)


def test_fifty_yeses_at_once_open_one_request(database: Database) -> None:
    shop, _ = earner(database, Money.of_yuan("200.00"))
    asks(shop)

    answers = receive_all(shop, database, [shop.inbound("xiaoli", "确认") for _ in range(50)])

    assert [row.amount for row in withdrawals(shop)] == [Money.of_yuan("50.00")]
    assert shop.balances("xiaoli") == {"available": "150.00", "withdrawing": "50.00"}
    assert answered(shop, answers) == {"已提交提现 50.00 元": 1, "现在没有等你确认的事。要提现就回复「提现」。": 49}
    assert len(shop.told("boss")) == 1
    assert shop.differences() == []


def test_one_yes_that_comes_fifty_times_at_once_has_one_answer(database: Database) -> None:
    shop, _ = earner(database, Money.of_yuan("200.00"))
    asks(shop)
    yes = shop.inbound("xiaoli", "确认", key="msg:yes")

    answers = receive_all(shop, database, [yes] * 50, processes=5)

    (said,) = {answer for answer in answers if answer}
    assert said.startswith("已提交提现 50.00 元")
    assert shop.says("xiaoli", "确认", key="msg:yes") == said
    assert len(withdrawals(shop)) == 1
    assert shop.told("xiaoli") == []
    assert shop.differences() == []


def test_a_click_and_a_word_at_once_open_one_request(database: Database) -> None:
    shop, _ = earner(database, Money.of_yuan("200.00"))
    task = asks(shop)
    clicks = [shop.inbound("xiaoli", "confirm", kind="card", task_id=task, response_code=f"rc{n}") for n in range(10)]

    receive_all(shop, database, [*clicks, *(shop.inbound("xiaoli", "确认") for _ in range(10))])

    assert len(withdrawals(shop)) == 1
    assert shop.balances("xiaoli") == {"available": "150.00", "withdrawing": "50.00"}
    assert shop.differences() == []


def test_a_yes_and_a_no_of_one_moment_are_not_both_done(database: Database) -> None:
    shop, _ = earner(database, Money.of_yuan("200.00"))
    asks(shop)
    words = ["确认", "取消"] * 4

    answers = receive_all(shop, database, [shop.inbound("xiaoli", word) for word in words])

    done = answered(shop, answers)
    submitted, cancelled = done["已提交提现 50.00 元"], done["已取消"]
    assert submitted + cancelled == 1
    assert len(withdrawals(shop)) == submitted
    assert sum(done.values()) == len(words)
    assert shop.differences() == []


# ---------------------------------------------------------------------------------------------------------------
# Operators


def two_operators(database: Database) -> tuple[Shop, int]:
    """A request of 50.00 that waits, and a second operator beside boss."""
    shop, _ = earner(database, Money.of_yuan("200.00"))
    with shop.sessions.writing() as session:
        distributor.add_operator(session, "finance", name="小财", role="finance", now=shop.now)
    asks(shop)
    shop.says("xiaoli", "确认")
    return shop, withdrawals(shop)[0].id


def by_both(shop: Shop, *words: str) -> list[Inbound]:
    operators = itertools.cycle(["boss", "finance"])
    return [shop.inbound(next(operators), word) for word in words]


def test_two_operators_who_approve_at_once_approve_once(database: Database) -> None:
    shop, number = two_operators(database)

    answers = receive_all(shop, database, by_both(shop, *[f"通过 {number}"] * 8))

    assert sum(str(answer).startswith("已通过") for answer in answers) == 1
    assert withdrawals(shop)[0].state == "approved"
    assert len([said for said in shop.told("xiaoli") if "通过审核" in said]) == 1
    assert shop.differences() == []


def test_approving_and_rejecting_at_once_is_one_of_both(database: Database) -> None:
    """Rejecting may follow approving, as when the payout fails; then the money is back, once."""
    shop, number = two_operators(database)

    receive_all(shop, database, by_both(shop, *[f"通过 {number}", f"拒绝 {number} 资料不全"] * 4))

    state = withdrawals(shop)[0].state
    assert state == "rejected"  # whoever rejects wins: it is allowed from both states
    assert shop.balances("xiaoli") == {"available": "200.00"}
    assert len([said for said in shop.told("xiaoli") if "没有通过" in said]) == 1
    assert shop.differences() == []


def test_paying_and_rejecting_at_once_is_one_of_both(database: Database) -> None:
    shop, number = two_operators(database)
    shop.says("boss", f"通过 {number}")

    receive_all(shop, database, by_both(shop, *[f"已打款 {number} P001", f"拒绝 {number} 账号不对"] * 4))

    state = withdrawals(shop)[0].state
    rest = {"paid": {"available": "150.00"}, "rejected": {"available": "200.00"}}
    assert shop.balances("xiaoli") == rest[state]
    told = [said for said in shop.told("xiaoli") if "已打款" in said or "没有通过" in said]
    assert len(told) == 1
    assert shop.differences() == []


def test_one_payout_number_closes_one_of_two_requests(database: Database) -> None:
    shop, number = two_operators(database)
    shop.says("xiaoli", "提现 30")
    shop.says("xiaoli", "确认")
    numbers = [row.id for row in withdrawals(shop)]
    for number in numbers:
        shop.says("boss", f"通过 {number}")

    receive_all(shop, database, by_both(shop, *[f"已打款 {number} P001" for number in numbers * 4]))

    assert sorted(row.state for row in withdrawals(shop)) == ["approved", "paid"]
    assert shop.differences() == []


def test_the_daily_limit_holds_for_requests_of_one_moment(database: Database) -> None:
    shop, who = earner(database, Money.of_yuan("200.00"))
    limits = replace(NO_LIMITS, daily_limit=Money.of_yuan("50.00"))

    with connections(database, THREADS) as sessions:

        def ask(number: int) -> str:
            try:
                with sessions.writing() as session:
                    me = session.get_one(Distributor, who)
                    withdrawal.request(session, me, Money.of_yuan("10.00"), limits, key=f"ask:{number}", now=shop.now)
            except DomainError as refusal:
                return type(refusal).__name__
            return "reserved"

        assert in_turns(ask, 40, THREADS) == {"reserved": 5, "AboveDailyLimit": 35}
