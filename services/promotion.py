"""What there is to promote: products on the shelf with what one unit would earn.

Units    Money in fen; what a unit earns is computed by the engine on a sale of one unit at its price, today
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain import commission as engine
from domain.money import Money, total
from domain.plan import Plan
from models.distributor import Distributor
from models.order import Product
from services import plan, product, results

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Offer:
    sku: str
    name: str
    price: Money
    earns: Money
    stock: int

    @property
    def short_name(self) -> str:
        return short_name(self.name)


def short_name(name: str) -> str:
    """The name without weights and kinds, as a person would say it: 「丹东99草莓 3斤装」 is 丹东99草莓."""
    return re.split(r"[ (（]", name, maxsplit=1)[0]


def offers(session: Session, who: Distributor, *, query: str | None, sku: str | None, now: datetime) -> list[Offer]:
    """Products on the shelf, those that earn most first; `query` looks in names and categories."""
    version = plan.in_force(session, now)
    document = version.plan if version else None
    found = [
        Offer(row.sku, row.name, row.price, earns(session, document, row, who, now), row.stock)
        for row in product.on_shelf(session)
        if (sku is None or row.sku == sku) and (query is None or query in row.name or query in row.category)
    ]
    return sorted(found, key=lambda offer: (-offer.earns.fen, offer.sku))[:SHOWN]


def suggestion(session: Session, who: Distributor, *, now: datetime) -> Offer | None:
    """What to promote today: of what is in stock, that of which one unit earns him most; None without anything."""
    return next((offer for offer in offers(session, who, query=None, sku=None, now=now) if offer.stock > 0), None)


def earns(session: Session, document: Plan | None, row: Product, who: Distributor, now: datetime) -> Money:
    """What the seller himself would earn from one unit at its price, sold now."""
    if document is None:
        return Money(0)
    line = engine.PaidLine(0, row.sku, row.category, 1, row.price, row.cost, row.name)
    order = engine.PaidOrder("", who.code, None, now, (line,))
    person = engine.Person(who.code, member=who.member, role=who.role)
    decision = engine.decide(document, order, [person], results.supposed(session, who, row.price, now))
    worth = engine.amounts(decision.payable(0), engine.line_state(line, ()), decision.max_share_bp)
    return total(result.amount for result in worth)
