"""The second process: half of the people and their orders, sent by the first one, summed up there.

    with Half(plan_text, people, span) as half:
        half.send(chunk)
        sums = half.sums()

What is sent has one reader and one writer, and the writer waits for the reader: no more than a chunk is on its way.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from domain.plan import parse
from services.replay.facts import OrderFacts, People, PersonFacts, Span
from services.replay.part import replayed
from services.replay.sums import Sums


class Half:
    """Raises RuntimeError where the process has ended without an answer."""

    def __init__(self, plan_text: str, people: dict[int, PersonFacts], span: Span) -> None:
        context = get_context("spawn")  # a fork would take over the first one's connections to the database
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, plan_text, people, span), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Half:
        return self

    def send(self, chunk: list[OrderFacts]) -> None:
        try:
            self._pipe.send(chunk)
        except OSError as gone:
            raise RuntimeError("the second process of the replay has ended; its fault is on standard error") from gone

    def sums(self) -> Sums:
        self.send([])
        try:
            found: Sums = self._pipe.recv()
        except EOFError as gone:
            raise RuntimeError("the second process of the replay has ended; its fault is on standard error") from gone
        return found

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._pipe.close()
        if kind is not None:
            self._process.terminate()
        self._process.join()


def _work(pipe: Connection[Any, Any], plan_text: str, people: dict[int, PersonFacts], span: Span) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first one's to answer: it then closes the pipe
    try:
        pipe.send(replayed(parse(plan_text), People(people), span, _chunks(pipe)))
    except (EOFError, BrokenPipeError):
        return  # the first process has given up


def _chunks(pipe: Connection[Any, Any]) -> Iterator[list[OrderFacts]]:
    while chunk := pipe.recv():
        yield chunk
