"""From the sweep to the queue: what is due is asked for once, and again only when nothing has come of it.

A lane stays due until somebody has sent it. Were it asked for at every sweep, a mass push would fill the queue with
the same lanes over and over, and an answer would wait behind them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.outbox.sender import Sender

AGAIN_AFTER = 5.0  # seconds: a task that was lost is missed no longer
LANES_AT_ONCE = 200  # of each kind, at a sweep
TOGETHER = 50


class Feeder:
    """enqueue   asks for a task: `send_lane` with a lane, `send_lanes` with several; False where it was not taken"""

    def __init__(
        self, sender: Sender, enqueue: Callable[..., bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sender, self._enqueue, self._clock = sender, enqueue, clock
        self._asked: dict[str, float] = {}

    def __call__(self) -> None:
        now, due = self._clock(), self._sender.due()
        self._asked = {name: at for name, at in self._asked.items() if now - at < AGAIN_AFTER}
        for name in self._new(due.lanes):
            self._ask("send_lane", [name], now)
        pushes = self._new(due.pushes)
        for first in range(0, len(pushes), TOGETHER):
            self._ask("send_lanes", pushes[first : first + TOGETHER], now)

    def _new(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self._asked][:LANES_AT_ONCE]

    def _ask(self, task: str, names: list[str], now: float) -> None:
        if self._enqueue(task, *names):
            self._asked.update(dict.fromkeys(names, now))
