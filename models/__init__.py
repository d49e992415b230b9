"""Tables. Importing this package registers all of them with `Base.metadata`; it holds no rules."""

from models import commission, distributor, ledger, message, order, plan, rank, settlement, unknown, withdrawal
from models.base import Base, Sessions, new_engine

__all__ = [
    "Base",
    "Sessions",
    "commission",
    "distributor",
    "ledger",
    "message",
    "new_engine",
    "order",
    "plan",
    "rank",
    "settlement",
    "unknown",
    "withdrawal",
]
