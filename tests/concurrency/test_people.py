"""Joining, naming an inviter and being approved at the same moment."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from bot.worker import Assistant
from domain.distributor import AlreadyInvited, Loop
from models.distributor import Distributor, Identity
from models.ledger import LedgerAccount
from services import distributor
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, understanding
from web import in_transaction


def receive_all(shop: Shop, database: Database, inbounds: list[Any], processes: int = 4) -> list[Any]:
    """All at the same moment, by several processes; then what was kept for the workers."""
    with connections(database, len(inbounds)) as sessions:
        crowd = [Assistant(sessions, shop.house, understanding(), shop.clock, shop.wake) for _ in range(processes)]
        acts = zip(itertools.cycle(crowd), inbounds, strict=False)
        answers = at_once([lambda one=one, inbound=inbound: one.receive(inbound) for one, inbound in acts])
    shop.later(seconds=2)
    for inbox in shop.assistant.due():
        shop.assistant.retry(inbox)
    assert shop.assistant.due() == []
    return answers


def count(shop: Shop, table: Any) -> int:
    with shop.sessions.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_who_joins_twenty_times_at_once_is_one_distributor_with_one_code(database: Database) -> None:
    shop = Shop(database.sessions)

    answers = receive_all(shop, database, [shop.inbound("xiaoli", "我要加入") for _ in range(20)])

    code = shop.code("xiaoli")
    texts = [answer for answer in answers if answer] + shop.told("xiaoli")
    assert len(texts) == 20
    assert all(code in text for text in texts)
    assert (count(shop, Distributor), count(shop, Identity)) == (1, 1)
    with shop.sessions.reading() as session:
        mine = select(func.count()).where(LedgerAccount.distributor_id.is_not(None))
        assert session.scalar(mine) == 3


def bind(shop: Shop, sessions: Any, me: str, inviter: str) -> Any:
    """Name an inviter in a transaction that is begun anew where another one was in the way."""
    mine, his = shop.who(me).id, shop.who(inviter).id

    def work(session: Session) -> str:
        who, above = session.get_one(Distributor, mine), session.get_one(Distributor, his)
        distributor.bind(session, who, above, reason="bind", now=shop.now)
        return "bound"

    def act() -> str:
        try:
            return in_transaction(sessions, work)
        except (Loop, AlreadyInvited) as refusal:
            return type(refusal).__name__

    return act


def check_that_every_chain_ends(shop: Shop) -> None:
    with shop.sessions.reading() as session:
        above = {row.id: row.inviter_id for row in session.execute(select(Distributor.id, Distributor.inviter_id))}
    for who in above:
        seen = set()
        while who is not None:
            assert who not in seen, "the inviters form a loop"
            seen.add(who)
            who = above[who]


@pytest.mark.parametrize("people", [2, 4, 7])
def test_a_circle_of_people_who_name_each_other_at_once_stays_open(database: Database, people: int) -> None:
    shop = Shop(database.sessions)
    names = [f"p{n}" for n in range(people)]
    for name in names:
        shop.joins(name)

    with connections(database, people) as sessions:
        acts = [bind(shop, sessions, name, names[(n + 1) % people]) for n, name in enumerate(names)]
        results = at_once(acts)

    assert sorted(map(str, results)) == ["Loop", *["bound"] * (people - 1)]
    check_that_every_chain_ends(shop)


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)  # SQLite has one writer at a time
def test_a_circle_that_two_close_from_both_sides_stays_open(database: Database) -> None:
    """a→b and c→d are written while b→c and d→a are not seen yet by either: each must look again once it has the lock.

    a→b locks a and b, finds that b's chain has grown by c meanwhile, and must not go on before it has c as well.
    """
    shop = Shop(database.sessions)
    for name in "abcd":
        shop.joins(name)

    with connections(database, 8) as sessions:
        slow = sessions.engine.connect()
        transaction = slow.begin()
        with Session(slow) as session:
            for me, inviter in (("b", "c"), ("d", "a")):
                above = session.get_one(Distributor, shop.who(inviter).id)
                distributor.bind(
                    session, session.get_one(Distributor, shop.who(me).id), above, reason="bind", now=shop.now
                )
        waiting = Waiting(sessions.engine)
        acts = [bind(shop, sessions, "a", "b"), bind(shop, sessions, "c", "d")]

        def let_go() -> str:
            waiting.for_locks(2)
            transaction.commit()
            slow.close()
            return "committed"

        results = at_once([*acts, let_go])

    assert sorted(map(str, results)) == ["Loop", "bound", "committed"]
    check_that_every_chain_ends(shop)


class Waiting:
    """Counts the statements that ask for a lock."""

    def __init__(self, engine: Any) -> None:
        self._asked = threading.Semaphore(0)
        event.listen(engine, "before_cursor_execute", self._see)

    def _see(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "FOR UPDATE" in statement:
            self._asked.release()

    def for_locks(self, count: int) -> None:
        for _ in range(count):
            assert self._asked.acquire(timeout=60)


def test_of_twenty_inviters_named_at_once_one_is_kept(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    inviters = [f"p{n}" for n in range(20)]
    for name in inviters:
        shop.joins(name)
    asked = [shop.inbound("xiaoli", f"绑定 {shop.code(name)}") for name in inviters]

    answers = receive_all(shop, database, asked)

    texts = [answer for answer in answers if answer] + shop.told("xiaoli")
    assert len(texts) == 20
    assert sum(text.startswith("已绑定") for text in texts) == 1
    assert shop.who("xiaoli").inviter_id in {shop.who(name).id for name in inviters}


def test_an_application_that_two_operators_decide_at_once_is_decided_once(database: Database) -> None:
    shop = Shop(database.sessions, join_mode="review")
    shop.says("xiaoli", "我要加入")
    with shop.sessions.writing() as session:
        distributor.add_operator(session, "finance", name="小财", role="finance", now=shop.now)
    number = shop.who("xiaoli").id

    words = [f"通过 J{number}", f"拒绝 J{number} 资料不全"] * 4
    receive_all(shop, database, [shop.inbound(["boss", "finance"][n // 4], word) for n, word in enumerate(words)])

    status = shop.who("xiaoli").status
    told = [text for text in shop.told("xiaoli") if "审核通过" in text or "资料不全" in text]
    assert len(told) == 1
    assert ("审核通过" in told[0]) == (status == "active")
    assert status in ("active", "refused")
