"""Plans whose rates depend on counts, and facts that come late, for tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models.commission import Award
from models.distributor import Distributor
from models.order import Order
from tests.support.shop import Shop

STEPS = """
name: 阶梯
terms: {max_share: 50%, hold_days: 1}
levels:
  - {id: bronze, title: 初级分销员}
  - {id: silver, title: 中级分销员, when: {of: orders, at_least: 2}}
  - {id: gold, title: 高级分销员, when: {of: sales, at_least: "1000.00"}}
rules:
  - id: steps
    kind: commission
    title: 阶梯佣金
    pay:
      - {to: seller, rate: {by: orders, steps: {1: 10%, 3: 20%}}}
      - {to: upline-1, rate: {by: level, table: {bronze: 1%, silver: 2%, gold: 3%}}}
      - {to: upline-1, rate: 1%, if: {of: recruits, at_least: 2}}
"""


def sells_late(shop: Shop, userid: str, no: str, paid: str = "100.00", **ago: float) -> str:
    """An order that was paid a while ago and comes now."""
    now = shop.now
    shop.later(**{unit: -amount for unit, amount in ago.items()})
    paid_at = shop.now.isoformat()
    shop.now = now
    return shop.sells(userid, paid, no=no, paid_at=paid_at)


def awards(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    """Order → whom it pays as it stands, and how much; what is 0 is left out."""
    query = (
        select(Order.no, Distributor.code, Award.as_, Award.amount)
        .join(Award, Award.order_id == Order.id)
        .join(Distributor, Distributor.id == Award.distributor_id)
        .order_by(Order.paid_at, Order.no, Award.line, Award.row)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    with shop.sessions.reading() as session:
        for no, _, as_, amount in session.execute(query):
            if amount:
                found.setdefault(no, []).append((as_, amount.yuan))
    return found


def line(qty: int, paid: str, sku: str = "APPLE") -> dict[str, Any]:
    return {"sku": sku, "name": "苹果", "category": "水果", "qty": qty, "price": paid, "paid": paid}
