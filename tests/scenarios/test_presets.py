"""Every preset in the chat: told as rules, explained order by order, settled, and replayed on the same orders.

What is expected is what `evaluate` gives over the same facts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.evaluation import evaluate
from domain.money import Money
from domain.periods import shanghai_date
from domain.plan import parse, told
from domain.scenario import parse_scenario
from models.distributor import Distributor
from models.order import Product
from services.replay.facts import Span
from services.replay.run import replay
from tests.support.databases import Database
from tests.support.shop import Shop

PLANS = Path(__file__).resolve().parents[2] / "assets/plans"
PRESETS = sorted(path.stem for path in PLANS.glob("*.yaml"))
COURSES = (("PACK", "Python 编程课", "课程", "999.00"), ("TRIAL", "编程体验课", "课程", "0.00"))
NAMES = ("ada", "ben", "cai")  # each invited the next; cai sells
SELLER: dict[str, dict[str, Any]] = {
    "by-role": {"role": "guide"},
    "creator": {"role": "creator"},
    "group-leader": {"role": "leader"},
    "members-only": {"member": True},
}


def opened(database: Database, text: str, seller: dict[str, Any]) -> Shop:
    with database.sessions.writing() as session:
        for sku, name, category, price in COURSES:
            session.add(
                Product(
                    sku=sku, name=name, category=category, price=Money.of_yuan(price), cost=None, stock=9, on_shelf=True
                )
            )
    shop = Shop(database.sessions, plan=text, unpublishable=True)
    for name, inviter in zip(NAMES, (None, *NAMES), strict=False):
        shop.joins(name, inviter)
    if seller:
        with shop.sessions.writing() as session:
            session.execute(update(Distributor).where(Distributor.id == shop.who("cai").id).values(**seller))
    shop.later(hours=1)
    return shop


def line(sku: str, category: str, qty: int, paid: str) -> dict[str, Any]:
    return {"sku": sku, "name": sku, "category": category, "qty": qty, "price": paid, "paid": paid}


BASKETS = ([line("APPLE", "水果", 3, "100.00")], [line("PACK", "课程", 1, "999.00"), line("TRIAL", "课程", 1, "0.00")])


def scenario_of(shop: Shop, orders: dict[str, tuple[str, list[dict[str, Any]]]], completed: str) -> dict[str, Any]:
    people = [shop.who(name) for name in NAMES]
    codes = {row.id: row.code for row in people}
    return {
        "distributors": [
            {
                "code": row.code,
                "upline": codes.get(row.inviter_id or 0),
                "role": row.role,
                "member": row.member,
                "joined_at": row.joined_at.isoformat(),
            }
            for row in people
        ],
        "products": [{"sku": item["sku"], "category": item["category"]} for basket in BASKETS for item in basket]
        + [{"sku": "GIFT-BOX", "category": "礼盒"}],
        "orders": [
            {
                "no": no,
                "seller": shop.code("cai"),
                "buyer": f"cust-{no}",
                "buyer_distributor": None,
                "paid_at": paid_at,
                "completed_at": completed,
                "lines": [{key: item[key] for key in ("sku", "qty", "paid")} for item in basket],
            }
            for no, (paid_at, basket) in orders.items()
        ],
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_told_explained_settled_and_replayed(preset: str, database: Database) -> None:
    text = (PLANS / f"{preset}.yaml").read_text(encoding="utf-8")
    plan = parse(text)
    shop = opened(database, text, SELLER.get(preset, {}))
    first_day = shanghai_date(shop.now)

    rules = shop.says("cai", "规则")
    names = {"GIFT-BOX": "四季鲜果礼盒", "PACK": COURSES[0][1], "TRIAL": COURSES[1][1]}
    assert all(said in rules for said in told(plan, names)), rules

    orders: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for number in range(4):
        basket = BASKETS[number % 2]
        paid = Money(sum(Money.of_yuan(item["paid"]).fen for item in basket)).yuan
        orders[shop.sells("cai", paid, lines=basket)] = shop.now.isoformat(), basket
        shop.later(minutes=1)
    scenario = scenario_of(shop, orders, shop.now.isoformat())
    by_code = {shop.code(name): name for name in NAMES}
    for award in evaluate(plan, parse_scenario(_json(scenario)), shop.now).data()["awards"]:
        assert award["why"] in shop.says(by_code[award["to"]], f"订单{award['order']}怎么算的")

    for no in orders:
        shop.completes(no)
    shop.later(days=45)  # the month is over, and its hold days too
    assert shop.settles()["failed"] == 0
    expected = evaluate(plan, parse_scenario(_json(scenario)), shop.now).data()["awards"]
    fen: dict[str, int] = defaultdict(int)
    for award in expected:
        fen[by_code[award["to"]]] += award["amount_fen"]
        if award["as"] in ("milestone", "team", "ranking"):
            assert any(award["why"] in said for said in shop.told(by_code[award["to"]])), award["why"]
    for name in NAMES:
        assert shop.balances(name) == ({"available": Money(fen[name]).yuan} if fen[name] else {})

    last_day = first_day + timedelta(days=45)
    with shop.sessions.reading() as session:
        found = replay(session, plan, Span(first_day, last_day))
    assert found.cost.stands.fen == sum(fen.values()) == found.compared.paid.fen


def _json(scenario: dict[str, Any]) -> str:
    return json.dumps(scenario, ensure_ascii=False)
