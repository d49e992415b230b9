"""Many at the same moment: threads that wait for each other and then begin together, each on connections of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from models import Sessions
from models.base import new_engine
from tests.support.databases import Database

T = TypeVar("T")
PATIENCE_SECONDS = 120


@contextmanager
def connections(database: Database, count: int) -> Iterator[Sessions]:
    """Sessions over at most `count` real connections to the database."""
    engine = new_engine(database.url, pool_size=count, timeout_seconds=PATIENCE_SECONDS)
    try:
        yield Sessions(engine)
    finally:
        engine.dispose()


def at_once(acts: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """What each act gave or raised, in their order; all begin at the same moment."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        barrier.wait(PATIENCE_SECONDS)
        try:
            return act()
        except Exception as fault:  # handed to the test, which says what may be raised
            return fault

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def in_turns(act: Callable[[int], T], times: int, threads: int) -> Counter[Any]:
    """`act(n)` for n below `times`, by so many threads that begin together; how often each result came.

    A refusal counts under its class's name; what no act should raise goes on to the test.
    """

    def run(first: int) -> list[Any]:
        return [act(number) for number in range(first, times, threads)]

    results = at_once([lambda first=first: run(first) for first in range(threads)])
    counts: Counter[Any] = Counter()
    for result in results:
        if isinstance(result, Exception):
            raise result
        counts.update(result)
    return counts
