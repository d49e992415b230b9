"""Counting calls in sliding windows of the simulator's clock."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable


class Window:
    """How often a key was taken within the last `seconds`; not safe for threads, its user holds the lock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._times: dict[Hashable, deque[float]] = defaultdict(deque)

    def count(self, key: Hashable, now: float) -> int:
        times = self._times[key]
        while times and times[0] <= now - self.seconds:
            times.popleft()
        while times and times[-1] > now:  # the clock was moved back
            times.pop()
        return len(times)

    def take(self, key: Hashable, now: float) -> None:
        self._times[key].append(now)

    def forget(self, key: Hashable) -> None:
        self._times.pop(key, None)

    def clear(self) -> None:
        self._times.clear()


class Blocker:
    """A limit that, once exceeded, refuses until the window in which it was exceeded has passed."""

    def __init__(self, seconds: float) -> None:
        self._window = Window(seconds)
        self._until: dict[Hashable, float] = {}

    def admit(self, key: Hashable, now: float, limit: int) -> bool:
        until = self._until.get(key, 0.0)
        if now < until <= now + self._window.seconds:
            return False
        if self._window.count(key, now) >= limit:
            self._until[key] = now + self._window.seconds
            return False
        self._window.take(key, now)
        return True

    def clear(self) -> None:
        self._window.clear()
        self._until.clear()
