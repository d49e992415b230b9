"""Settlement (结算): which awards become available in a run and which wait, and why.

Units    instants are aware UTC; Money in fen
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.ledger import Entry, of_distributor, transfer
from domain.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a pending award is where it is. `code`: not_completed | holding | due."""

    code: str
    available_at: datetime | None


def standing(settles_at: datetime | None, now: datetime) -> Standing:
    """What a person is told about money that he cannot take yet."""
    if settles_at is None:
        return Standing("not_completed", None)
    return Standing("holding" if settles_at > now else "due", settles_at)


def is_due(settles_at: datetime | None, cutoff: datetime) -> bool:
    """By the cutoff includes the cutoff."""
    return settles_at is not None and settles_at <= cutoff


def settle(run: int, owner: int, amount: Money) -> Entry:
    """What one run makes available to one distributor."""
    if amount <= ZERO:
        raise ValueError("a settlement moves more than nothing")
    source, destination = of_distributor(owner, "pending"), of_distributor(owner, "available")
    return transfer(f"settlement:{run}:{owner}", "settlement", source, destination, amount)
