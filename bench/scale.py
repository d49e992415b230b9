"""What a message and an order cost in a large database, against the same in a small one.

Both databases hold the same kind of past (bench.fill: a distributor has as many orders in either). The product works on
both in one process, one operation on each in turn, so that what else the machine does hits both alike.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench import people
from bench.fill import Past
from bench.messages import TEXT
from bench.orders import Intake, logging_as_in_production
from bench.scratch import Scratch

WARM_UP = 200


@dataclass(frozen=True)
class Scale:
    """Medians of milliseconds in the small and the large database, and the second to the first."""

    message_ms: tuple[float, float]
    order_ms: tuple[float, float]

    @property
    def message_ratio(self) -> float:
        return self.message_ms[1] / self.message_ms[0]

    @property
    def order_ratio(self) -> float:
        return self.order_ms[1] / self.order_ms[0]


def measure(small: tuple[Scratch, Past], large: tuple[Scratch, Past], *, operations: int) -> Scale:
    with logging_as_in_production():
        intakes = [Intake(scratch) for scratch, _ in (small, large)]
        try:
            turns = [_Turns(intake, past) for intake, (_, past) in zip(intakes, (small, large), strict=True)]
            for turn in turns:
                for _ in range(min(WARM_UP, operations)):
                    turn.message()
                    turn.order()
            messages: tuple[list[float], list[float]] = [], []
            orders: tuple[list[float], list[float]] = [], []
            for place in itertools.islice(_alternately(), operations * 2):
                messages[place].append(turns[place].message())
                orders[place].append(turns[place].order())
        finally:
            for intake in intakes:
                intake.close()
    return Scale(_medians(messages), _medians(orders))


def _alternately() -> Iterator[int]:
    """0 1 1 0 0 1 1 0 …: neither always comes first."""
    return itertools.cycle((0, 1, 1, 0))


def _medians(pair: tuple[list[float], list[float]]) -> tuple[float, float]:
    return statistics.median(pair[0]) * 1e3, statistics.median(pair[1]) * 1e3


class _Turns:
    """One operation after the other, of another distributor each time; each gives its seconds."""

    def __init__(self, intake: Intake, past: Past) -> None:
        self._intake, self._past, self._sellers = intake, past, people.in_turn(past.sellers)

    def message(self) -> float:
        path, body = people.callback(people.userid(next(self._sellers)), TEXT)
        started = time.perf_counter()
        self._intake.post(path, body, {"Content-Type": "text/xml"}, expected="200")
        return time.perf_counter() - started

    def order(self) -> float:
        body = people.order(self._past.codes[next(self._sellers)])
        started = time.perf_counter()
        self._intake.push(body)
        return time.perf_counter() - started
