"""Faults on demand: what the platform does to a caller on a bad day.

A rule names API paths (`message/send`, `webhook/*`, `*`), an effect, and how long it lasts: `times` calls, or
`seconds` of the simulator's clock, or until it is taken away.

    errcode       the call is answered with that errcode (processed first when `processed` is true)
    http_502      a gateway's HTML page with status 502
    slow          the call is processed after `delay` real seconds
    reset_before  the connection breaks and nothing was done
    reset_after   the connection breaks after the call was processed: an ambiguous send
    concurrency   more than `limit` calls at once are answered 45033

Callbacks have counters of their own: `lose`, `duplicate` and `reorder` the next N.
"""

from __future__ import annotations

import itertools
import socket
import struct
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .state import World

EFFECTS = ("errcode", "http_502", "slow", "reset_before", "reset_after", "concurrency")
CALLBACK_FAULTS = ("lose", "duplicate", "reorder")


@dataclass
class Fault:
    id: int
    path: str
    effect: str
    errcode: int = -1
    processed: bool = False
    delay: float = 1.0
    limit: int = 1
    times: int | None = None
    until: float | None = None  # of the simulator's clock


class Faults:
    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = itertools.count(1)
        self._rules: list[Fault] = []
        self._under_way: dict[str, int] = {}
        self.callbacks = dict.fromkeys(CALLBACK_FAULTS, 0)
        self.ip_list: list[str] | None = None  # 企业可信IP; None: every address is trusted
        self.app_disabled = False

    def add(self, wish: dict[str, Any]) -> Fault:
        """A rule from the control API's JSON; ValueError says what is wrong with it."""
        effect = wish.get("effect", "errcode")
        if effect not in EFFECTS:
            raise ValueError(f"effect: {effect!r} is none of {', '.join(EFFECTS)}")
        known = {"path", "effect", "errcode", "processed", "delay", "limit", "times", "seconds"}
        if unknown := set(wish) - known:
            raise ValueError(f"{', '.join(sorted(unknown))}: unknown; there are {', '.join(sorted(known))}")
        seconds = wish.get("seconds")
        with self._world.lock:
            rule = Fault(
                id=next(self._ids),
                path=str(wish.get("path", "*")),
                effect=effect,
                errcode=int(wish.get("errcode", -1)),
                processed=bool(wish.get("processed", False)),
                delay=float(wish.get("delay", 1.0)),
                limit=int(wish.get("limit", 1)),
                times=None if wish.get("times") is None else int(wish["times"]),
                until=None if seconds is None else self._world.now() + float(seconds),
            )
            self._rules.append(rule)
            self._world.publish({"type": "faults"})
            return rule

    def remove(self, number: int) -> bool:
        with self._world.lock:
            before = len(self._rules)
            self._rules = [rule for rule in self._rules if rule.id != number]
            self._world.publish({"type": "faults"})
            return len(self._rules) < before

    def clear(self) -> None:
        with self._world.lock:
            self._rules.clear()
            self.callbacks = dict.fromkeys(CALLBACK_FAULTS, 0)
            self.ip_list = None
            self.app_disabled = False
            self._world.publish({"type": "faults"})

    def describe(self) -> dict[str, Any]:
        with self._world.lock:
            now = self._world.now()
            self._rules = [rule for rule in self._rules if rule.until is None or rule.until > now]
            return {
                "rules": [asdict(rule) for rule in self._rules],
                "callbacks": dict(self.callbacks),
                "ip_list": self.ip_list,
                "app_disabled": self.app_disabled,
            }

    def take(self, path: str) -> Fault | None:
        """The first rule in force for this call; one of its `times` is used up."""
        with self._world.lock:
            now = self._world.now()
            for rule in self._rules:
                over = (rule.until is not None and rule.until <= now) or rule.times == 0
                if over or rule.effect == "concurrency" or not fnmatchcase(path, rule.path):
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times == 0:
                        self._rules.remove(rule)
                    self._world.publish({"type": "faults"})
                return rule
            return None

    def take_callback(self, name: str) -> bool:
        with self._world.lock:
            if self.callbacks[name] <= 0:
                return False
            self.callbacks[name] -= 1
            self._world.publish({"type": "faults"})
            return True

    @contextmanager
    def under_way(self, path: str) -> Iterator[None]:
        """Count a call while it is worked on; ApiError 45033 when that is too many at once."""
        with self._world.lock:
            now = self._world.now()
            for rule in self._rules:
                matches = rule.effect == "concurrency" and fnmatchcase(path, rule.path)
                over = rule.until is not None and rule.until <= now
                if matches and not over and self._under_way.get(path, 0) >= rule.limit:
                    raise ApiError(45033)
            self._under_way[path] = self._under_way.get(path, 0) + 1
        try:
            yield
        finally:
            with self._world.lock:
                self._under_way[path] -= 1


def break_connection(environ: dict[str, Any]) -> bool:
    """Cut the TCP connection under a request; False when the server does not show us its socket."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    watcher = environ.get("waitress.client_disconnected")
    if connection is None and watcher is not None:
        connection = watcher.__self__.socket
    if connection is None:
        return False
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return True  # the caller was faster
    return True
