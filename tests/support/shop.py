"""A merchant in a test: a database with products and a plan, people who write to the assistant, orders that come in.

    shop.says("xiaoli", "我要加入")        what the assistant answers, words and all
    shop.sells("xiaoli", "68.00")           an order of that amount with her code, paid now; gives its number
    shop.balances("xiaoli")                 {"pending": "6.80", …}

The clock stands still until it is moved: `shop.later(days=8)`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.contact import setup
from bot.understanding import Understanding
from bot.worker import Assistant
from domain.conversation import Inbound
from domain.money import Money
from domain.order import CompletionFacts, OrderFacts, RefundFacts
from domain.withdrawal import Limits
from handlers import House
from jobs.settlement import SettlementJob
from models import Sessions
from models.distributor import Distributor
from models.message import Outbox
from models.order import Product
from services import distributor, ledger, order
from services.customer.terms import Terms
from services.distributor import Address
from services.message import Catalogue
from services.vault import Vault
from tests.support import plans

ROOT = Path(__file__).resolve().parent.parent.parent
START = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in Shanghai
PLAN = (ROOT / "assets/plans/fruit.yaml").read_text(encoding="utf-8")
FERNET = "sS0hVd7Yk7e0Qq0jJ3lV6m2m3r5m8m1b7t7n0yK1x2E="


@cache
def understanding() -> Understanding:
    return Understanding.load(ROOT / "assets")


@cache
def catalogue() -> Catalogue:
    return Catalogue.load(ROOT / "assets/messages/zh_CN.toml")


@dataclass
class Shop:
    sessions: Sessions
    now: datetime = START
    join_mode: Any = "open"
    limits: Limits = field(default_factory=lambda: Limits(Money.of_yuan("1.00"), Money.of_yuan("2000.00")))
    plan: str = PLAN
    cost: str | None = None  # of one of any product, in the catalogue
    unpublishable: bool = False  # the plan is one that the check blocks; it is laid into the database as it is
    contact: Terms | None = None  # 客户联系
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vault = Vault([FERNET], "a secret key of the tests")
        dice = random.Random(7)
        base = "http://shop.test"
        self.house = House(
            base, self.join_mode, self.limits, self.vault, catalogue(), dice.randrange, customers=self.contact
        )
        desk = None
        if self.contact is not None:
            desk = setup.desk(self.vault, catalogue(), self.contact, merchant="鲜果到家", base_url=base).take
        self.assistant = Assistant(self.sessions, self.house, understanding(), self.clock, self.wake, desk)
        self._numbers = count(1)
        with self.sessions.writing() as session:
            for sku, name, category, price in (
                ("APPLE", "烟台苹果 5斤装", "水果", "30.00"),
                ("STRAWBERRY", "丹东99草莓 3斤装", "水果", "68.00"),
                ("GIFT-BOX", "四季鲜果礼盒", "礼盒", "199.00"),
            ):
                session.add(
                    Product(
                        sku=sku,
                        name=name,
                        category=category,
                        price=Money.of_yuan(price),
                        cost=Money.of_yuan(self.cost) if self.cost else None,
                        stock=100,
                        on_shelf=True,
                    )
                )
            distributor.add_operator(session, "boss", name="陈店长", role="owner", now=self.now)
            session.flush()
            if self.unpublishable:
                plans.put_in_force(session, self.plan, starts_at=self.now)
            else:
                plans.publish(session, self.vault, self.plan, starts_at=self.now, now=self.now)

    def clock(self) -> datetime:
        return self.now

    def wake(self, lanes: Iterable[str]) -> None:
        self.woken += lanes

    def later(self, **step: float) -> None:
        self.now += timedelta(**step)

    # What people do

    def inbound(self, userid: str, text: str, *, kind: Any = "text", key: str | None = None, **more: Any) -> Inbound:
        key = key or f"msg:{next(self._numbers)}"
        return Inbound(key, "wecom", userid, kind, text, self.now, **more)

    def says(self, userid: str, text: str, *, key: str | None = None) -> str:
        """The passive answer; a text without one fails."""
        answer = self.assistant.receive(self.inbound(userid, text, key=key))
        assert answer, f"no answer to {text!r}"
        return answer

    def clicks(self, userid: str, button: str, task: str, response_code: str = "rc") -> None:
        self.assistant.receive(
            self.inbound(userid, button, kind="card", task_id=task, response_code=f"{response_code}{task}")
        )

    def joins(self, userid: str, inviter: str | None = None) -> str:
        """Join, with somebody's code; the code of the new distributor."""
        self.says(userid, "我要加入" if inviter is None else f"我要加入 {self.code(inviter)}")
        return self.code(userid)

    def pushes(self, content: dict[str, Any]) -> order.Outcome:
        facts = OrderFacts.parse(json.dumps(content), now=self.now)
        with self.sessions.writing() as session:
            return order.record(session, self.vault, facts, now=self.now)

    def sells(self, userid: str | None, paid: str, *, no: str | None = None, **more: Any) -> str:
        """An order of one line with this distributor's code, paid now."""
        no = no or f"O{1000 + next(self._numbers)}"
        content = {
            "no": no,
            "source": "mall",
            "buyer": {"id": f"cust-{no}"},
            "paid_at": self.now.isoformat(),
            "freight": "0.00",
            "lines": [{"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 1, "price": paid, "paid": paid}],
        }
        if userid is not None:
            content["ref"] = {"code": self.code(userid)}
        self.pushes(content | more)
        return no

    def refunds(self, no: str, amount: str, *, qty: int = 0, refund_no: str | None = None, line: int = 0) -> None:
        content = {
            "refund_no": refund_no or f"R{next(self._numbers)}",
            "at": self.now.isoformat(),
            "lines": [{"line": line, "qty": qty, "amount": amount}],
        }
        with self.sessions.writing() as session:
            order.refund(session, no, RefundFacts.parse(json.dumps(content)), now=self.now)

    def completes(self, no: str) -> None:
        facts = CompletionFacts.parse(json.dumps({"at": self.now.isoformat()}))
        with self.sessions.writing() as session:
            order.complete(session, no, facts, now=self.now)

    def settles(self, **ahead: float) -> dict[str, Any]:
        return SettlementJob(self.sessions, self.clock, catalogue(), self.wake)(self.now + timedelta(**ahead))

    def earns_first(self, plan: str, userid: str = "xiaoli") -> str:
        """A plan of rewards comes into force; somebody joins, and his first order settles. Its number."""
        with self.sessions.writing() as session:
            plans.publish(session, self.vault, plan, starts_at=self.now, now=self.now)
        self.joins(userid)
        no = self.sells(userid, "100.00")
        self.completes(no)
        self.settles()
        return no

    # What can be seen

    def find(self, userid: str) -> Distributor | None:
        with self.sessions.reading() as session:
            return distributor.find(session, self.vault, Address("wecom", userid))

    def who(self, userid: str) -> Distributor:
        found = self.find(userid)
        assert found is not None, f"{userid} has not joined"
        return found

    def code(self, userid: str) -> str:
        return self.who(userid).code

    def balances(self, userid: str) -> dict[str, str]:
        """What is not zero on his accounts."""
        who = self.who(userid)
        with self.sessions.reading() as session:
            have = ledger.balances(session, who.id)
        amounts = {"pending": have.pending, "available": have.available, "withdrawing": have.withdrawing}
        return {purpose: amount.yuan for purpose, amount in amounts.items() if amount}

    def queued(self, userid: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The bodies that wait for a member, in order."""
        query = select(Outbox).where(Outbox.lane == f"wecom:{userid}").order_by(Outbox.id)
        with self.sessions.reading() as session:
            return [row.body for row in session.scalars(query) if kind is None or row.kind == kind]

    def told(self, userid: str) -> list[str]:
        """The texts that were queued for a member."""
        return [body["content"] for body in self.queued(userid, "text")]

    def differences(self) -> list[ledger.Difference]:
        with self.sessions.reading() as session:
            return ledger.verify(session)
