"""One customer, several processes: the same callback, both halves of an adding, coming and going at the same moment."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.contact import setup
from bot.naming import Person
from bot.wecom.inbound import parse
from bot.worker import Assistant
from domain.conversation import Inbound
from models.customer import Customer, CustomerEvent, CustomerRelation
from models.message import Inbox, Outbox
from models.order import Touch
from services.customer import ways
from services.customer.terms import Terms
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue, understanding

servers = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
TERMS = Terms(users=("wangfang",))


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions, contact=TERMS)
    shop.joins("lihua")
    return shop


def event(shop: Shop, customer: str = "wm0001", change: str = "add_external_contact", **fields: str) -> Inbound:
    outside = Person(lambda external: shop.vault.digest("external_userid", external), shop.vault.seal)
    given = {
        "FromUserName": "sys", "CreateTime": str(int(shop.now.timestamp())), "MsgType": "event",
        "Event": "change_external_contact", "ChangeType": change, "UserID": "wangfang", "ExternalUserID": customer,
        **fields,
    }  # fmt: skip
    body = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
    return parse(f"<xml>{body}</xml>".encode(), None, outside)


def state(shop: Shop) -> str:
    with shop.sessions.reading() as session:
        way = ways.find(session, shop.who("lihua").id)
    assert way is not None
    return way.state


def receive(shop: Shop, database: Database, inbounds: list[Inbound], processes: int = 2) -> None:
    """All at the same moment, by several processes; then what was kept for the workers."""
    desk = setup.desk(shop.vault, catalogue(), TERMS, merchant="", base_url="http://shop.test").take
    with connections(database, len(inbounds)) as sessions:
        crowd = [
            Assistant(sessions, shop.house, understanding(), shop.clock, shop.wake, desk) for _ in range(processes)
        ]
        acts = zip(itertools.cycle(crowd), inbounds, strict=False)
        answers = at_once([lambda one=one, inbound=inbound: one.receive(inbound) for one, inbound in acts])
    assert answers == [""] * len(inbounds)
    for _ in range(4):
        shop.later(seconds=6)
        for inbox in shop.assistant.due():
            shop.assistant.retry(inbox)
    assert shop.assistant.due() == []


def count(shop: Shop, table: Any, *where: Any) -> int:
    with shop.sessions.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


@servers
def test_the_same_callback_in_two_processes_is_one_relation_and_one_welcome(shop: Shop, database: Database) -> None:
    same = event(shop, State=state(shop), WelcomeCode="CODE")
    receive(shop, database, [same] * 8, processes=8)
    assert count(shop, Customer) == count(shop, CustomerRelation) == count(shop, CustomerEvent) == 1
    assert count(shop, Touch, Touch.kind == "contact") == 1
    assert count(shop, Outbox, Outbox.kind == "welcome") == 1
    assert count(shop, Outbox, Outbox.kind == "lookup_customer") == 1
    assert count(shop, Inbox, Inbox.key == same.key) == 1


@servers
def test_both_halves_of_an_adding_at_once_are_one_relation(shop: Shop, database: Database) -> None:
    half = event(shop, change="add_half_external_contact", State=state(shop), WelcomeCode="ONE")
    whole = event(shop, State=state(shop), WelcomeCode="TWO")
    receive(shop, database, [half, whole] * 3, processes=6)
    with shop.sessions.reading() as session:
        relation = session.scalars(select(CustomerRelation)).one()
    assert relation.status == "added"
    assert relation.distributor_id == shop.who("lihua").id
    assert count(shop, CustomerEvent) == 2
    assert count(shop, Touch, Touch.kind == "contact") == 1


@servers
def test_a_burst_of_one_second_is_as_many_relations(shop: Shop, database: Database) -> None:
    burst = [event(shop, f"wm{number:04}", State=state(shop), WelcomeCode=f"C{number}") for number in range(20)]
    receive(shop, database, burst, processes=4)
    assert count(shop, CustomerRelation) == 20
    assert count(shop, Outbox, Outbox.kind == "welcome") == 20


@servers
def test_coming_and_going_at_the_same_moment_end_as_they_happened(shop: Shop, database: Database) -> None:
    add = event(shop, State=state(shop))
    shop.now += timedelta(minutes=1)
    leave = event(shop, change="del_follow_user")
    receive(shop, database, [leave, add] * 3, processes=6)
    with shop.sessions.reading() as session:
        relation = session.scalars(select(CustomerRelation)).one()
    assert relation.status == "left"
    assert relation.distributor_id == shop.who("lihua").id
    assert count(shop, CustomerEvent) == 2
