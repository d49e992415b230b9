"""Products: the catalogue as the API, the shop and the chat show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from models.order import Product


def find(session: Session, sku: str) -> Product | None:
    return session.scalars(select(Product).where(Product.sku == sku)).one_or_none()


def every(session: Session) -> list[Product]:
    """The whole catalogue, by SKU."""
    return list(session.scalars(select(Product).order_by(Product.sku)))


def on_shelf(session: Session, *, limit: int = 200) -> list[Product]:
    """What may be sold now, in the order in which it was added, at most `limit`."""
    return list(session.scalars(select(Product).where(Product.on_shelf).order_by(Product.id).limit(limit)))


def names(session: Session, skus: Iterable[str]) -> dict[str, str]:
    """What the catalogue calls them; a SKU that it does not know is left out."""
    return {
        row.sku: row.name for row in session.execute(select(Product.sku, Product.name).where(Product.sku.in_(skus)))
    }


def costs(session: Session, skus: Iterable[str]) -> dict[str, Money]:
    """What one unit costs the merchant; a SKU whose cost is not known is left out."""
    query = select(Product.sku, Product.cost).where(Product.sku.in_(skus), Product.cost.is_not(None))
    return {row.sku: row.cost for row in session.execute(query)}


def answer(products: Iterable[Product]) -> dict[str, Any]:
    """Products as the API tells them. What they cost the merchant and where their pictures lie stays inside."""
    return {
        "products": [
            {
                "sku": row.sku,
                "name": row.name,
                "category": row.category,
                "price": row.price.yuan,
                "stock": row.stock,
                "on_shelf": row.on_shelf,
            }
            for row in products
        ]
    }
