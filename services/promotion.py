"""What there is to promote: products on the shelf with what one unit would earn, and the plan's rules in words.

Units    Money in fen; what a unit earns is computed by the engine on a sale of one unit at its price, today
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain import commission as engine
from domain.money import Money, rate_text, total
from domain.plan import CommissionRule, Plan, say
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

    @property
    def short_name(self) -> str:
        """The name without weights and kinds, as a person would say it: 「丹东99草莓 3斤装」 is 丹东99草莓."""
        return re.split(r"[ (（]", self.name, maxsplit=1)[0]


def offers(session: Session, who: Distributor, *, query: str | None, sku: str | None, now: datetime) -> list[Offer]:
    """Products on the shelf, those that earn most first; `query` looks in names and categories."""
    version = plan.in_force(session, now)
    found = [
        Offer(row.sku, row.name, row.price, earns(session, version.plan if version else None, row, who, now))
        for row in product.on_shelf(session)
        if (sku is None or row.sku == sku) and (query is None or query in row.name or query in row.category)
    ]
    return sorted(found, key=lambda offer: (-offer.earns.fen, offer.sku))[:SHOWN]


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


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One row of one rule in facts: who (0 the seller), how much, of what.

    `said` is what it pays in words, where that comes of a table or hangs on a condition; then it is neither a rate nor
    an amount.
    """

    title: str
    up: int
    rate: str | None
    amount: Money | None
    per: str
    base: str
    of: tuple[str, ...]
    said: str | None
    is_rate: bool = True


def rule_lines(document: Plan) -> list[RuleLine]:
    """The commission rules of a plan, row by row, in the order in which they apply."""
    titles = {level.id: level.title for level in document.levels}
    return [
        RuleLine(
            title=rule.title,
            up=row.up,
            rate=rate_text(row.rate_bp) if row.rate_bp is not None and row.condition is None else None,
            amount=row.amount if row.condition is None else None,
            per=row.per,
            base=rule.base,
            of=_of(rule),
            said=say.pay(row, titles).strip() if row.by is not None or row.condition is not None else None,
            is_rate=row.is_rate,
        )
        for rule in document.commission_rules
        for row in rule.pay
    ]


def _of(rule: CommissionRule) -> tuple[str, ...]:
    return (*sorted(rule.scope.categories), *sorted(rule.scope.skus))
