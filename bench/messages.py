"""Messages: 「我的收益」 through /callback/wecom under gunicorn, against a view that only decrypts and encrypts.

Both are served by the same gunicorn settings and asked by the same load, in turn.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from bench import people
from bench.fill import Past
from bench.load import Answers, send
from bench.scratch import Scratch
from bench.server import Server, gunicorn

TEXT = "我的收益"
CONNECTIONS = 8


@dataclass(frozen=True)
class Messages:
    """Medians: requests a second of the product and of the bare view, and processor milliseconds of a worker each."""

    per_second: float
    floor_per_second: float
    ratio: float
    processor_ms: float
    floor_processor_ms: float


def measure(scratch: Scratch, past: Past, *, rounds: int, requests: int, connections: int = CONNECTIONS) -> Messages:
    """`rounds` of `requests` to either, after a round to warm up; every answer is checked."""
    senders = people.in_turn(past.sellers)

    def batch() -> list[bytes]:
        return [people.http(*people.callback(people.userid(next(senders)), TEXT)) for _ in range(requests)]

    with gunicorn("app:create_app()", scratch.environment, scratch.folder) as ours:
        warm = send(ours.port, batch(), connections=connections)
        _check(warm)
        environment = scratch.environment | {"BENCH_ANSWER": people.answer(warm.bodies[0])}
        with gunicorn("bench.bare:create_app()", environment, scratch.folder) as bare:
            _check(send(bare.port, batch(), connections=connections))
            measured: list[tuple[float, float]] = []
            floors: list[tuple[float, float]] = []
            for _ in range(rounds):
                measured.append(_round(ours, batch(), connections))
                floors.append(_round(bare, batch(), connections))
    per_second, processor = (statistics.median(column) for column in zip(*measured, strict=True))
    floor_per_second, floor_processor = (statistics.median(column) for column in zip(*floors, strict=True))
    ratio = statistics.median(mine[0] / floor[0] for mine, floor in zip(measured, floors, strict=True))
    return Messages(per_second, floor_per_second, ratio, processor * 1e3, floor_processor * 1e3)


def _round(server: Server, requests: list[bytes], connections: int) -> tuple[float, float]:
    """(requests a second, processor seconds of the worker for each)."""
    before = server.processor_seconds()
    answers = send(server.port, requests, connections=connections)
    used = server.processor_seconds() - before
    _check(answers)
    return answers.per_second, used / len(requests)


def _check(answers: Answers) -> None:
    """Every answer is a 200 with a body, and the first says what was earned."""
    if set(answers.statuses) != {200} or not all(answers.bodies):
        raise RuntimeError(f"not every message was answered: {sorted(set(answers.statuses))}")
    if "已赚" not in people.answer(answers.bodies[0]):
        raise RuntimeError("the answer does not say what was earned")
