"""Tables. Importing this package registers all of them with `Base.metadata`; it holds no rules."""

from models import commission, distributor, ledger, message, order, person, plan, rank, settlement, withdrawal
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
    "person",
    "plan",
    "rank",
    "settlement",
    "withdrawal",
]
