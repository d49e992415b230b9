"""A shop whose time is the simulator's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services import distributor
from services.distributor import Address
from tests.support.shop import Shop

SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def seconds_of(step: dict[str, float]) -> float:
    return sum(amount * SECONDS[unit] for unit, amount in step.items())


class ClockedShop(Shop):
    time: Any = None

    def clock(self) -> datetime:
        if self.time is not None:
            self.now = self.time()
        return self.now

    def code_at(self, address: Address) -> str:
        with self.sessions.reading() as session:
            found = distributor.find(session, self.vault, address)
        assert found is not None, "he has not joined"
        return found.code
