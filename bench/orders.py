"""Order intake: a signed POST /api/v1/orders with two awards, against hand-written SQL for the same rows (bench.floor).

The product's part is the whole request at the WSGI boundary, from raw bytes to the answer's bytes: signature, nonce,
parsing, attribution, plan, books, tallies, answer. Product and floor take turns, one order each, on one database. Once
with the demo's plan, which counts nothing, and once with the hybrid preset, which asks for levels and a month's orders.
"""

from __future__ import annotations

import io
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import app
from bench import people
from bench.fill import Past, counts, inviter
from bench.floor import Floor, HybridFloor
from bench.scratch import ASSETS, Scratch
from services import compliance, plan
from services.log import JsonLines

HYBRID = ASSETS / "plans" / "hybrid.yaml"


@dataclass(frozen=True)
class Orders:
    """Medians of milliseconds for one order, and orders a second in their ratio."""

    order_ms: float
    floor_ms: float
    ratio: float


class Intake:
    """The product's web application on a database, called as a server calls it."""

    def __init__(self, scratch: Scratch) -> None:
        self.runtime = scratch.runtime()
        self._web = app.web_of(self.runtime)

    def push(self, body: bytes) -> bytes:
        return self.post("/api/v1/orders", body, people.signed(body), expected="201")

    def post(self, path: str, body: bytes, headers: dict[str, str], *, expected: str) -> bytes:
        target, _, query = path.partition("?")
        environment = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": target,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers.get("Content-Type", "text/xml"),
        } | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        statuses: list[str] = []
        answer = b"".join(self._web.wsgi_app(environment, lambda status, _, __=None: statuses.append(status)))
        if not statuses[0].startswith(expected):
            raise RuntimeError(f"{path}: {statuses[0]} {answer.decode()[:500]}")
        return answer

    def close(self) -> None:
        self.runtime.stop()


def measure(scratch: Scratch, past: Past, *, orders: int) -> Orders:
    """`orders` of either after some to warm up. Both have written the same rows when it is over; else RuntimeError."""
    return _measure(scratch, past, Floor(scratch, past), past.sellers, orders, warm_up=20)


def measure_hybrid(scratch: Scratch, past: Past, *, orders: int) -> Orders:
    """The same under the hybrid preset, which from now on is in force. Of the sellers whose inviters have inviters;
    everybody sells once before, so that the sums of what he sold earlier are there, as they are from then on."""
    runtime = scratch.runtime()
    try:
        now = datetime.now(UTC)
        with runtime.sessions.writing() as session, patch.object(compliance, "check", return_value=[]):
            starts_at = now - timedelta(seconds=30)  # every order that is pushed is paid after it, to the second
            plan.publish(session, HYBRID.read_text(encoding="utf-8"), starts_at=starts_at, operator=None, now=now)
    finally:
        runtime.stop()
    sellers = [who for who in past.sellers if inviter(inviter(who) or 0)]
    return _measure(scratch, past, HybridFloor(scratch, past), sellers, orders, warm_up=len(sellers))


def _measure(scratch: Scratch, past: Past, floor: Floor, sold_by: list[int], orders: int, *, warm_up: int) -> Orders:
    with logging_as_in_production():
        intake = Intake(scratch)
        try:
            sellers = people.in_turn(sold_by)
            for _ in range(warm_up):
                intake.push(people.order(past.codes[next(sellers)]))
            _check_same_rows(scratch, past, intake, floor, sold_by[0])
            for _ in range(20):
                floor.write(next(sellers))
            pushed, written = [], []
            for _ in range(orders):
                body = people.order(past.codes[next(sellers)])
                pushed.append(_seconds(lambda body=body: intake.push(body)))  # type: ignore[misc]
                seller = next(sellers)
                written.append(_seconds(lambda seller=seller: floor.write(seller)))  # type: ignore[misc]
        finally:
            floor.close()
            intake.close()
    order_s, floor_s = statistics.median(pushed), statistics.median(written)
    return Orders(order_s * 1e3, floor_s * 1e3, floor_s / order_s)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _check_same_rows(scratch: Scratch, past: Past, intake: Intake, floor: Floor, seller: int) -> None:
    """One order of either adds as many rows to every table; sellers who have sold today get no new tallies."""
    intake.push(people.order(past.codes[seller]))
    before = counts(scratch)
    intake.push(people.order(past.codes[seller]))
    between = counts(scratch)
    floor.write(seller)
    after = counts(scratch)
    ours = {name: between[name] - before[name] for name in before if between[name] != before[name]}
    floors = {name: after[name] - between[name] for name in before if after[name] != between[name]}
    if ours != floors or set(ours) | {"tally"} != set(floor.tables):
        raise RuntimeError(f"the floor writes other rows than the product: {floors} against {ours}")


class logging_as_in_production:  # noqa: N801 - reads as a statement
    """The log lines are made as under gunicorn, and thrown away."""

    def __enter__(self) -> None:
        self._root, self._handler = logging.getLogger(), logging.StreamHandler(io.StringIO())
        self._handler.setFormatter(JsonLines())
        self._level = self._root.level
        self._root.addHandler(self._handler)
        self._root.setLevel(logging.INFO)

    def __exit__(self, *_: object) -> None:
        self._root.removeHandler(self._handler)
        self._root.setLevel(self._level)
