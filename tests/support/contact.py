"""A merchant with 客户联系 in a test: the assistant behind a real address, a real simulator in front of it, one clock.

contact.scans("cust-zhou", "lihua")           a customer scans the code of the distributor lihua
contact.deliver()                             the outbox is sent, as the workers do
contact.sees("cust-zhou")                     what stands in the customer's chat with wangfang, not his own words
contact.buys("cust-zhou", "100.00")           an order that names him by his external_userid: who has it, and why
contact.later(seconds=15)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select

from bot import webhook
from bot.contact import setup
from bot.contact.client import ContactClient
from bot.contact.listing import Listing
from bot.naming import Person
from bot.outbox import Sender
from bot.outbox.contact import Contacts
from bot.wecom.client import Client
from bot.wecom.crypto import Envelope
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from jobs.contacts import CannotAsk, ContactsJob, CursorGone
from models import Sessions
from models.customer import ContactWay, Customer, CustomerEvent, CustomerRelation
from models.distributor import Distributor
from models.message import Outbox
from services.customer import ways
from services.customer.terms import Terms
from simulator import ContactOptions, Limits, Options, create_simulator
from simulator import Server as SimulatorServer
from tests.support.clocked import ClockedShop, seconds_of
from tests.support.shop import START, catalogue
from web.server import Server

CORP, AGENT, SECRET, TOKEN = "ww0123456789abcdef", 1000002, "secret", "token"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
CONTACT = "secret-of-the-contacts"
FAST = Limits(callback_timeout=10.0, retry_delays=(0.02,))
TERMS = Terms(users=("wangfang",))
ZHOU, WU, ZHENG, QIAN = "cust-zhou", "cust-wu", "cust-zheng", "cust-qian"
JPEG = b"\xff\xd8\xff\xe0"


class Desk:
    """`terms` may be replaced before the first message."""

    def __init__(self, sessions: Sessions, terms: Terms = TERMS, limits: Limits = FAST) -> None:
        self.sessions, self.terms = sessions, terms
        self.shop = ClockedShop(sessions, contact=terms)
        vault = self.shop.vault
        outside = Person(lambda external: vault.digest("external_userid", external), vault.seal)
        channel = webhook.wecom(Envelope(TOKEN, AES_KEY, CORP), CORP, AGENT, self.shop.clock, outside=outside)
        app = Flask("contact")
        app.register_blueprint(webhook.blueprint(self.shop.assistant, "wecom", channel))
        self._web = Server(app, "127.0.0.1", 0, threads=4)
        self._web.start()
        callback = f"http://127.0.0.1:{self._web.port}/callback/wecom"
        options = Options(
            CORP, AGENT, SECRET, TOKEN, AES_KEY, callback, limits=limits,
            contact=ContactOptions(CONTACT, members=("wangfang", "lihua", "zhaolei")),
        )  # fmt: skip
        made = create_simulator(options)
        self.simulator = made.simulator
        self.simulator.world.clock.set(START)
        self.shop.time = lambda: datetime.fromtimestamp(self.simulator.world.now(), UTC)
        self._server = SimulatorServer(made, threads=8).start()
        self.url = self._server.url
        self.http = requests.Session()
        self.http.trust_env = False
        self.drawn: list[tuple[str, dict[str, Any]]] = []
        self.sender = self.another_sender()

    def close(self) -> None:
        self.http.close()
        self._server.stop()
        self._web.stop()

    # what the product is made of

    def client(self, secret: str = CONTACT) -> ContactClient:
        return ContactClient(Wire(f"{self.url}/cgi-bin"), self._tokens(secret))

    def _tokens(self, secret: str) -> TokenProvider:
        vault, clock = self.shop.vault, self.shop.clock
        wire = Wire(f"{self.url}/cgi-bin")
        return TokenProvider(
            self.sessions, wire, CORP, secret, seal=vault.seal, unseal=vault.open, clock=clock, wall=clock
        )

    def another_sender(self, sessions: Sessions | None = None) -> Sender:
        contacts = Contacts(self.client(), self.shop.vault, self.terms, setup.remark(catalogue()))
        return Sender(
            sessions or self.sessions,
            clock=self.shop.clock,
            wall=self.shop.clock,
            client=Client(Wire(f"{self.url}/cgi-bin"), self._tokens(SECRET)),
            robots={},
            draw=self._draw,
            on_name=lambda *_: None,
            operators=lambda _: ["boss"],
            say=lambda stopped: f"{stopped.scope} {stopped.errcode}",
            agent_id=AGENT,
            contacts=contacts,
        )

    def _draw(self, kind: str, facts: dict[str, Any]) -> bytes:
        self.drawn.append((kind, facts))
        return JPEG + repr((kind, facts)).encode()

    def job(self, wake: Any = None) -> ContactsJob:
        listing = Listing(self.client(), refused=CannotAsk, cursor_gone=CursorGone)
        return ContactsJob(self.sessions, self.shop.clock, self.shop.vault, listing, wake or self._wake, self.terms)

    def _wake(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            self.sender.send_lane(lane)

    # what people do

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sim/{path}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def joins(self, userid: str) -> str:
        """Join, with his code for customers made; his code as a distributor."""
        code = self.shop.joins(userid)
        self.deliver()
        return code

    def scans(self, customer: str, by: str, **more: Any) -> list[dict[str, Any]]:
        """A customer scans a distributor's code, or (no distributor) what `by` names; the callbacks that it brought."""
        code = by
        if self.shop.find(by) is not None and (way := self.way(by)) is not None:
            code = way.config_id or self.terms.address(way.state)
        told = self.act("contact/scan", customer=customer, code=code, wait=True, **more)
        self.idle()
        assert all(callback["state"] in ("answered", "lost") for callback in told["callbacks"]), told
        return list(told["callbacks"])

    def idle(self) -> None:
        """Wait until no callback is on its way any more, copies included."""
        answer = self.http.get(f"{self.url}/sim/callbacks", params={"wait": 30}, timeout=60)
        assert answer.json()["idle"]

    def does(self, what: str, customer: str, userid: str = "wangfang", **more: Any) -> None:
        told = self.act(f"contact/{what}", customer=customer, userid=userid, wait=True, **more)
        assert all(callback["state"] in ("answered", "lost") for callback in told["callbacks"]), told

    def buys(
        self, customer: str, paid: str = "100.00", *, by: str = "external_userid", **more: Any
    ) -> tuple[str | None, str]:
        who = self.simulator.contact.customers.get(customer)  # type: ignore[union-attr]
        value = who.external_userid if by == "external_userid" else who.unionid
        self.shop.clock()
        no = self.shop.sells(None, paid, buyer={"id": f"{customer}-{paid}", by: value}, **more)
        return self.has(no)

    def later(self, **step: float) -> None:
        self.simulator.world.clock.advance(seconds_of(step))

    def deliver(self, sender: Sender | None = None) -> None:
        """Send everything that is due."""
        sender = sender or self.sender
        for _ in range(20):
            found = sender.sweep()
            for lane in found:
                sender.send_lane(lane)
            if not found:
                return

    # what can be seen

    def has(self, no: str) -> tuple[str | None, str]:
        """Whose an order is, and why."""
        from models.order import Order

        with self.sessions.reading() as session:
            order = session.scalars(select(Order).where(Order.no == no)).one()
            who = session.get(Distributor, order.distributor_id) if order.distributor_id else None
        return (who.code if who else None), order.reason_code

    def way(self, userid: str) -> ContactWay | None:
        with self.sessions.reading() as session:
            return ways.find(session, self.shop.who(userid).id)

    def relation(self, customer: str = ZHOU, userid: str = "wangfang") -> CustomerRelation | None:
        digest = self.shop.vault.digest("external_userid", self.external(customer))
        with self.sessions.reading() as session:
            mine = select(CustomerRelation).join(Customer, Customer.id == CustomerRelation.customer_id)
            found = mine.where(Customer.digest == digest, CustomerRelation.userid == userid)
            return session.scalars(found).one_or_none()

    def evidence(self, customer: str = ZHOU, userid: str = "wangfang") -> list[CustomerEvent]:
        relation = self.relation(customer, userid)
        assert relation is not None
        with self.sessions.reading() as session:
            mine = select(CustomerEvent).where(CustomerEvent.relation_id == relation.id).order_by(CustomerEvent.id)
            return list(session.scalars(mine))

    def external(self, customer: str) -> str:
        assert self.simulator.contact is not None
        return self.simulator.contact.customers.get(customer).external_userid

    def sees(self, customer: str, userid: str = "wangfang") -> list[str]:
        """What the customer was sent: texts, and the titles of links."""
        rows = self.simulator.world.chats.get(f"contact:{customer}:{userid}", [])
        return [row["content"].get("content") or row["content"].get("title") for row in rows if row["side"] == "app"]

    def rows(self, kind: str) -> list[Outbox]:
        with self.sessions.reading() as session:
            return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))

    def calls(self, path: str) -> list[int]:
        """The errcodes of one call."""
        return [row["errcode"] for row in self.simulator.world.calls if row["path"] == f"externalcontact/{path}"]


@contextmanager
def running(sessions: Sessions, terms: Terms = TERMS, limits: Limits = FAST) -> Iterator[Desk]:
    desk = Desk(sessions, terms, limits)
    try:
        yield desk
    finally:
        desk.close()
