"""Tables. Importing this package registers all of them with `Base.metadata`; it holds no rules."""

from models import (
    bonus,
    commission,
    coupon,
    distributor,
    ledger,
    message,
    order,
    override,
    person,
    plan,
    push,
    rank,
    rollup,
    settlement,
    unknown,
    withdrawal,
)
from models.base import Base, Sessions, new_engine

__all__ = [
    "Base",
    "Sessions",
    "bonus",
    "commission",
    "coupon",
    "distributor",
    "ledger",
    "message",
    "new_engine",
    "order",
    "override",
    "person",
    "plan",
    "push",
    "rank",
    "rollup",
    "settlement",
    "unknown",
    "withdrawal",
]
