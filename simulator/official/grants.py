"""How many customer-service messages a person's own acts allow, and for how long.

A message allows 5 for 48 hours; a menu click, a follow and a scan 3 for a minute. How they add up is not documented:
each counts by itself and a message counts against all that are open, or (a setting) the newest act alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ApiError

if TYPE_CHECKING:
    from ..state import World

ALLOWED = {"message": (5, 48 * 3600), "click": (3, 60), "follow": (3, 60), "scan": (3, 60)}


@dataclass
class Given:
    act: str
    at: float
    used: int = 0


class Grants:
    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        self._given: dict[str, list[Given]] = {}

    def give(self, fan: str, act: str) -> None:
        kept = [item for item in self._given.get(fan, []) if item.act != act]
        self._given[fan] = [*kept, Given(act, self._world.now())]

    def take(self, fan: str) -> None:
        """One message; ApiError 45015 where nothing is open any more, 45047 where all are used."""
        now = self._world.now()
        live = [item for item in self._given.get(fan, []) if item.at <= now < item.at + ALLOWED[item.act][1]]
        if self._world.limits.official_newest_act_only:
            live = live[-1:]
        if not live:
            raise ApiError(45015)
        if all(item.used >= ALLOWED[item.act][0] for item in live):
            raise ApiError(45047)
        for item in live:
            item.used += 1

    def end(self, fan: str) -> None:
        self._given.pop(fan, None)
