"""The demo merchant: a catalogue, a plan, coupons and the first operators, loaded as often as one likes.

The caller holds the lock under which a database is migrated, so that of several processes one loads and the others
find it done.

Source   assets/demo/products.toml, assets/plans/fruit.yaml, assets/coupons
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.coupon import parse
from domain.money import Money
from models.order import Product
from models.plan import PlanVersion
from services import distributor, plan
from services.coupon import campaign

PLAN = "fruit.yaml"
COUPONS = ("save20.yaml", "new-customer.yaml", "first-order.yaml", "cash50.yaml")
TICKS = ("TP-1",)  # two levels: what the check warns of, and the console and `flask plan list` show
FIRST_ROLE, OTHER_ROLE = "owner", "service"


@dataclass(frozen=True, slots=True)
class DemoProduct:
    sku: str
    name: str
    category: str
    price: Money
    cost: Money
    stock: int
    on_shelf: bool
    picture: str
    promise: str


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who sells, whom a customer turns to, and what there is to sell."""

    name: str
    contact: str
    products: tuple[DemoProduct, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was not there before. `plan` is the name of the plan that was published, None where there was one."""

    products: int
    plan: str | None
    operators: int
    coupons: int


def read(assets: Path) -> Merchant:
    """The demo merchant as his file describes him."""
    said = tomllib.loads((assets / "demo" / "products.toml").read_text(encoding="utf-8"))
    products = (
        DemoProduct(**{**row, "price": Money.of_yuan(row["price"]), "cost": Money.of_yuan(row["cost"])})
        for row in said["product"]
    )
    return Merchant(said["merchant"], said["contact"], tuple(products))


def load(session: Session, assets: Path, operators: Sequence[str], now: datetime) -> Loaded:
    """Bring the catalogue up to date, publish the plan if there is none, add operators who are missing.

    A product that is there keeps its stock and whether it is on the shelf: these change by trade. The plan is in force
    from a minute ago, so that the first order, whose time may be that of a slower clock, has it.
    """
    products = _load_products(session, read(assets), now)
    published = None
    if session.scalar(select(PlanVersion.id).limit(1)) is None:
        source = (assets / "plans" / PLAN).read_text(encoding="utf-8")
        starts_at = now - plan.EARLIEST
        published = plan.publish(session, source, starts_at=starts_at, operator=None, ticks=TICKS, now=now).name
    coupons = _load_coupons(session, assets, now)
    return Loaded(products, published, _load_operators(session, operators, now), coupons)


def _load_products(session: Session, merchant: Merchant, now: datetime) -> int:
    """What is added to a catalogue that was there is new; the first catalogue is not."""
    there = {row.sku: row for row in session.scalars(select(Product))}
    for said in merchant.products:
        row = there.get(said.sku)
        if row is None:
            row = Product(sku=said.sku, stock=said.stock, on_shelf=said.on_shelf, listed_at=now if there else None)
            session.add(row)
        row.name, row.category, row.price, row.cost = said.name, said.category, said.price, said.cost
        row.promise, row.picture = said.promise, said.picture
    session.flush()
    return len({said.sku for said in merchant.products} - there.keys())


def _load_coupons(session: Session, assets: Path, now: datetime) -> int:
    """Only which are missing: one that was closed, or made otherwise, stays so."""
    added = 0
    for name in COUPONS:
        source = (assets / "coupons" / name).read_text(encoding="utf-8")
        if campaign.find(session, parse(source).key) is None:
            campaign.create(session, source, now=now)
            added += 1
    return added


def _load_operators(session: Session, userids: Sequence[str], now: datetime) -> int:
    """Only who is missing: a name or a role that was changed since stays. The first one owns the shop."""
    added = 0
    for place, userid in enumerate(userids):
        if distributor.find_operator(session, userid) is None:
            role = OTHER_ROLE if place else FIRST_ROLE
            distributor.add_operator(session, userid, name=userid, role=role, now=now)
            added += 1
    return added
