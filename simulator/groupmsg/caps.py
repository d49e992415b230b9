"""How many 群发 a customer or a group may get: the days of the month each month, or as the enterprise has set it.

What a member sends by himself counts as well. Months, weeks and days are Shanghai's.
"""

from __future__ import annotations

import calendar
from datetime import datetime
from typing import TYPE_CHECKING

from ..clock import SHANGHAI

if TYPE_CHECKING:
    from ..state import World


class Caps:
    def __init__(self, world: World) -> None:
        self._world = world
        self.load()

    def load(self) -> None:
        self._got: dict[str, list[float]] = {}
        for row in self._world.store.load("groupmsg-got"):
            self._got[row["id"]] = list(row["at"])

    def take(self, recipient: str) -> bool:
        """Count one more; False where he has had as many as he may."""
        now = self._world.now()
        if not self.room(recipient):
            return False
        self._got.setdefault(recipient, []).append(now)
        self._world.store.save("groupmsg-got", recipient, {"id": recipient, "at": self._got[recipient]})
        return True

    def room(self, recipient: str) -> int:
        """How many more he may get now."""
        now = datetime.fromtimestamp(self._world.now(), SHANGHAI)
        days = self._world.limits.groupmsg_days
        most = calendar.monthrange(now.year, now.month)[1] if days == 0 else (7 if days == 7 else 1)
        window = _window(now, days)
        before = [datetime.fromtimestamp(at, SHANGHAI) for at in self._got.get(recipient, [])]
        return max(0, most - sum(_window(at, days) == window for at in before))


def _window(at: datetime, days: int) -> tuple[int, ...]:
    if days == 0:
        return at.year, at.month
    if days == 7:
        return tuple(at.isocalendar()[:2])
    return at.year, at.month, at.day
