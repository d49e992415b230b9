"""Orders, refunds and completions of one family at the same moment, under rates that depend on counts.

Whoever is second sees what the first has done, or has it decided again: whatever the order in which they come, the
books hold what `evaluate` gives over the same facts.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain import evaluation
from domain.money import ZERO
from domain.plan import parse
from domain.scenario import parse_scenario
from models.commission import Award
from models.distributor import Distributor
from models.order import Order
from services import recount
from tests.concurrency.crowd import at_once, connections
from tests.concurrency.test_orders import Mall, carried_out, check_books, content
from tests.support.databases import Database
from tests.support.shop import Shop

PLAN = """
name: 阶梯
terms: {max_share: 100%, hold_days: 0}
levels:
  - {id: bronze, title: 初级分销员}
  - {id: silver, title: 中级分销员, when: {of: orders, at_least: 2}}
rules:
  - id: r
    kind: commission
    title: 阶梯佣金
    pay:
      - {to: seller, rate: {by: orders, steps: {1: 1%, 3: 2%, 5: 3%, 7: 4%}}}
      - {to: upline-1, rate: {by: orders, steps: {1: 1%, 3: 2%, 5: 3%, 7: 4%}}}
      - {to: upline-1, rate: {by: level, table: {bronze: 1%, silver: 5%}}}
      - {to: upline-2, rate: 7%, if: {of: buyers, at_least: 3}}
"""
PEOPLE = ("xiaowang", "xiaoli", "xiaozhang")
ON_SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)


def shop_of_three(database: Database) -> Shop:
    shop = Shop(database.sessions, plan=PLAN)
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    shop.joins("xiaozhang", inviter="xiaoli")
    shop.later(days=1)
    return shop


class Facts:
    """What is pushed, and the same as a scenario."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.codes = {who: shop.code(who) for who in PEOPLE}
        self.orders: dict[str, dict[str, Any]] = {}

    def order(self, no: str, seller: str, minutes: int) -> dict[str, Any]:
        """Paid some minutes after the shop's now."""
        paid_at = (self.shop.now + timedelta(minutes=minutes)).isoformat()
        body = content(self.shop, no, seller) | {"paid_at": paid_at, "buyer": {"id": f"cust-{no}"}}
        self.orders[no] = {
            "no": no, "seller": self.codes[seller], "buyer": f"cust-{no}", "paid_at": paid_at, "completed_at": None,
            "lines": [{"sku": "APPLE", "qty": 10, "paid": "100.00"}], "refunds": [],
        }  # fmt: skip
        return body

    def refunded(self, no: str) -> None:
        self.orders[no]["refunds"].append({"at": self.shop.now.isoformat(), "line": 0, "qty": 0, "amount": "100.00"})

    def completed(self, no: str) -> None:
        self.orders[no]["completed_at"] = self.shop.now.isoformat()

    def expected(self) -> dict[tuple[str, str, str, str], tuple[int, int]]:
        wang, li, zhang = (self.codes[who] for who in PEOPLE)
        scenario = {
            "distributors": [
                {"code": wang}, {"code": li, "upline": wang}, {"code": zhang, "upline": li},
            ],
            "products": [{"sku": "APPLE", "category": "水果"}],
            "orders": list(self.orders.values()),
        }  # fmt: skip
        found = evaluation.evaluate(parse(PLAN), parse_scenario(json.dumps(scenario)), self.shop.now)
        totals: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        for award in found.data()["awards"]:
            key = award["order"], award["rule"], award["to"], award["as"]
            amount, count = totals.get(key, (0, 0))
            totals[key] = amount + award["amount_fen"], count + 1
        return totals

    def found(self) -> dict[tuple[str, str, str, str], tuple[int, int]]:
        query = (
            select(Order.no, Award.rule, Distributor.code, Award.as_, Award.amount)
            .join(Order, Order.id == Award.order_id)
            .join(Distributor, Distributor.id == Award.distributor_id)
            .where(Award.peak > ZERO)
        )
        totals: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        with self.shop.sessions.reading() as session:
            for *key, paid in session.execute(query):
                amount, count = totals.get(tuple(key), (0, 0))
                totals[tuple(key)] = amount + paid.fen, count + 1
        return totals

    def check(self) -> None:
        assert self.found() == self.expected()
        check_books(self.shop)
        with self.shop.sessions.writing() as session:
            assert [one for who in recount.people(session) for one in recount.verify(session, who)] == []


@ON_SERVERS
def test_orders_of_one_family_at_once_see_each_other_or_are_decided_again(database: Database) -> None:
    """Each a minute after the other, and all arrive at the same moment."""
    shop = shop_of_three(database)
    facts = Facts(shop)
    bodies = [facts.order(f"O{n:02}", PEOPLE[n % 3], n) for n in range(18)]
    shop.later(hours=1)
    with connections(database, 18) as sessions:
        mall = Mall(shop, sessions)
        assert carried_out(at_once([mall.push(body) for body in bodies])) == {"created": 18}
    facts.check()


@ON_SERVERS
def test_refunds_and_completions_beside_orders_that_rest_on_them(database: Database) -> None:
    shop = shop_of_three(database)
    facts = Facts(shop)
    for n in range(9):
        shop.pushes(facts.order(f"A{n}", PEOPLE[n % 3], -60 + n))
    bodies = [facts.order(f"B{n}", PEOPLE[n % 3], n) for n in range(-4, 8)]
    now = shop.now
    for no in ("A0", "A1", "A2", "A3"):
        facts.completed(no)
    for no in ("A4", "A5", "A8"):
        facts.refunded(no)
    with connections(database, 19) as sessions:
        mall = Mall(shop, sessions)
        acts = [mall.complete(no) for no in ("A0", "A1", "A2", "A3")]
        acts += [mall.refund(no, f"R{no}", "100.00") for no in ("A4", "A5", "A8")]
        shop.now = now + timedelta(hours=1)
        acts += [mall.push(body) for body in bodies]
        assert carried_out(at_once(acts)) == {"created": 15, "completed": 4}
    facts.check()
