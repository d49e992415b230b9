"""`make bench` = `python -m bench`: every promise about speed and memory, measured against its floor in one run.

    python -m bench                          all of it, on SQLite and PostgreSQL; about a quarter of an hour
    python -m bench --quick                  small sizes and few rounds: whether it runs, not what it costs
    python -m bench --only messages          one part: messages orders poster scale month memory engine simulate
                                             understanding push
    python -m bench --database postgresql    one database

Ends with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import engine, memory, messages, month, orders, poster, push, scale, scans, simulate, understanding
from bench.fill import Past, fill
from bench.scratch import Scratch, database, unanswered

PARTS = ("messages", "orders", "poster", "scale", "month", "memory", "engine", "simulate", "understanding", "push")
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    """How much is measured. The small database also serves messages, orders and memory."""

    small: tuple[int, int] = (10_000, 1_000)  # orders, distributors
    replayed: tuple[int, int] = (100_000, 10_000)
    large: tuple[int, int] = (1_000_000, 100_000)
    rounds: int = 15
    requests: int = 600
    orders: int = 1_500
    operations: int = 1_500
    posters: int = 40
    told: int = 100_000
    outbox: int = 1_000_000


QUICK = Size(
    (200, 20), (1_000, 100), (2_000, 200), rounds=2, requests=40, orders=30, operations=30, posters=3, told=2_000
)
SMALLEST = Size(
    (40, 20), (40, 20), (80, 40), rounds=1, requests=8, orders=3, operations=3, posters=1, told=20
)  # the tests'
SIZES = {"full": Size(), "quick": QUICK, "smallest": SMALLEST}


@dataclass(frozen=True)
class Line:
    """A line of the table. `goal` is what `value` may at most (or at least, where more is better) be; None: no goal."""

    what: str
    where: str
    value: float
    unit: str
    goal: float | None
    more_is_better: bool
    details: str

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal

    def row(self) -> str:
        sign = "≥" if self.more_is_better else "≤"
        goal = "" if self.goal is None else f"{sign} {self.goal:g}"
        verdict = "" if self.goal is None else ("met" if self.met else "MISSED")
        value = f"{self.value:,.2f}{self.unit}"
        return f"| {self.what} | {self.where} | {value} | {goal} | {verdict} | {self.details} |"


HEAD = "| what | on | measured | goal | | details |\n|---|---|---|---|---|---|"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against a floor, in one run.")
    parser.add_argument("--quick", action="store_const", dest="size", const="quick", default="full")
    parser.add_argument("--size", choices=SIZES, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=PARTS, action="append", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args(arguments)
    parts, missed = chosen.only or list(PARTS), False
    print(HEAD, flush=True)
    for line in _lines(SIZES[chosen.size], parts, chosen.database or list(DATABASES)):
        print(line.row(), flush=True)
        missed = missed or not line.met
    return 1 if missed else 0


def _lines(size: Size, parts: list[str], backends: list[str]) -> Iterator[Line]:
    for name, measure in _WITHOUT_DATABASE.items():
        if name in parts:
            yield from measure(size)
    if not {*_ON_SMALL, "simulate", "scale", "month", "push"} & set(parts):
        return
    for backend in backends:
        if fault := unanswered(backend):
            print(f"{backend} does not answer: {fault}", file=sys.stderr)
            raise SystemExit(2)
        if {*_ON_SMALL, "scale"} & set(parts):
            with database(backend) as small:
                yield from _on(small, size, parts)
        if "month" in parts and "scale" not in parts and backend == "postgresql":
            with database(backend) as large:
                fill(large, orders=size.large[0], distributors=size.large[1])
                yield from _month(large, size)
        if "simulate" in parts:
            with database(backend) as middle:
                past = fill(middle, orders=size.replayed[0], distributors=size.replayed[1])
                yield from _simulate(middle, past)
        if "push" in parts and backend == backends[-1]:
            yield from _push(backend, size)


def _on(small: Scratch, size: Size, parts: list[str]) -> Iterator[Line]:
    """The parts that need a database; the largest one comes last and is only made where it is asked for."""
    past = fill(small, orders=size.small[0], distributors=size.small[1])
    for name, measure in _ON_SMALL.items():
        if name in parts:
            yield from measure(small, past, size)
    if "scale" in parts:
        with database(small.backend) as large:
            large_past = fill(large, orders=size.large[0], distributors=size.large[1])
            yield from _scale((small, past), (large, large_past), size)
            if "month" in parts and small.backend == "postgresql":
                yield from _month(large, size)


def _messages(small: Scratch, past: Past, size: Size) -> Iterator[Line]:
    found = messages.measure(small, past, rounds=size.rounds, requests=size.requests)
    details = (
        f"{found.per_second:,.0f}/s to {found.floor_per_second:,.0f}/s;"
        f" processor {found.processor_ms:.2f} ms to {found.floor_processor_ms:.2f} ms"
    )
    yield Line("messages, requests/s to the bare view's", small.backend, found.ratio, "", 0.5, True, details)


def _orders(small: Scratch, past: Past, size: Size) -> Iterator[Line]:
    for what, measure in (
        ("order intake, orders/s to plain SQL's", orders.measure),
        ("the same with the hybrid preset", orders.measure_hybrid),
    ):
        found = measure(small, past, orders=size.orders)
        details = f"{found.order_ms:.2f} ms to {found.floor_ms:.2f} ms"
        yield Line(what, small.backend, found.ratio, "", 0.4, True, details)


def _memory(small: Scratch, past: Past, size: Size) -> Iterator[Line]:
    peak = memory.measure(small, past, requests=size.requests)
    yield Line("peak memory of a web worker", small.backend, peak, " MB", 160, False, "with a poster drawn in it")


def _simulate(middle: Scratch, past: Past) -> Iterator[Line]:
    found = simulate.measure(middle, past)
    details = f"{past.orders:,} orders, {past.distributors:,} distributors, a hybrid draft of five levels"
    clock = f"{details}; {found.processor_seconds:.1f} s of processor time"
    yield Line("flask plan simulate, the whole command", middle.backend, found.seconds, " s", 10, False, clock)
    yield Line("its peak memory, both processes", middle.backend, found.peak_mb, " MB", 500, False, details)


def _scale(small: tuple[Scratch, Past], large: tuple[Scratch, Past], size: Size) -> Iterator[Line]:
    found = scale.measure(small, large, operations=size.operations)
    sizes = f"{large[1].orders:,} orders to {small[1].orders:,}"
    where = small[0].backend
    for what, ratio, ms in (
        ("a message's cost in a large database", found.message_ratio, found.message_ms),
        ("an order's cost in a large database", found.order_ratio, found.order_ms),
    ):
        yield Line(what, where, ratio, "", 1.2, False, f"{sizes}; {ms[1]:.2f} ms to {ms[0]:.2f} ms")
    looked_at, offenders = scans.find(*large)
    for offender in offenders:
        print(f"{where}: {offender.said} of {offender.table} in\n{offender.statement}\n", file=sys.stderr)
    yield Line("statements that scan a grown table", where, len(offenders), "", 0, False, f"of {looked_at}")


def _month(large: Scratch, size: Size) -> Iterator[Line]:
    found = month.measure(large)
    for what, run, goal in (
        ("a month's ranking and teams to one SQL aggregate", found.some, 3.0),
        ("the same where everybody gets a bonus", found.everybody, None),
    ):
        details = (
            f"{run.seconds:.1f} s to {found.floor_seconds:.1f} s, {run.adding_up_seconds:.1f} s of it adding up;"
            f" {run.bonuses:,} bonuses of {size.large[1]:,} people"
        )
        if run is found.everybody:
            details += f"; the same rows by plain SQL {found.writing_seconds:.1f} s"
        yield Line(what, large.backend, run.seconds / found.floor_seconds, "", goal, False, details)
    grown = max(found.some.grown_mb, found.everybody.grown_mb)
    yield Line(
        "memory that it takes beyond the program's own", large.backend, grown, " MB", 16, False, "of one process"
    )


def _push(backend: str, size: Size) -> Iterator[Line]:
    found = push.measure(backend, count=size.told, rows=size.outbox)
    for what, told in (("one text to everybody", found.same), ("a text of his own to each", found.own)):
        details = (
            f"{size.told:,} people, {told.calls:,} calls, {told.seconds:,.0f} s to {told.allowed:,.0f} s that the"
            f" budgets allow; at most {told.most_a_minute:,} calls a minute, {told.most_an_hour:,} an hour;"
            f" {told.real:,.0f} s on a watch"
        )
        yield Line(f"a push: {what}", backend, told.ratio, "", 1.05, False, details)
    yield Line("its peak memory", backend, found.peak_mb, " MB", 200, False, f"{size.told:,} people, both pushes")
    for offender in found.offenders:
        print(f"{backend}: {offender}\n", file=sys.stderr)
    if found.looked_at:
        details = f"of {found.looked_at}, with {size.outbox:,} rows in the outbox"
        yield Line("statements of the sender that scan", backend, len(found.offenders), "", 0, False, details)


def _poster(size: Size) -> Iterator[Line]:
    found = poster.measure(size.posters)
    details = f"{found['poster'] * 1e3:.1f} ms to {found['floor'] * 1e3:.1f} ms of processor time"
    yield Line("a warm poster to QR matrix + JPEG", "", found["ratio"], "", 1.5, False, details)


def _engine(size: Size) -> Iterator[Line]:
    found = engine.measure(orders=size.orders)
    details = f"{found['microseconds_per_order']:.0f} µs an order, five rows"
    yield Line("the commission engine alone", "", found["orders_per_second"], " orders/s", 5_000, True, details)


def _understanding(_: Size) -> Iterator[Line]:
    found = understanding.measure()
    sentence = found["sentence_ms"]
    details = f"p99 {sentence['p99']:.2f} ms; loads in {found['import_ms'] + found['load_ms']:.0f} ms"
    yield Line("understanding a sentence, mean", "", sentence["mean"], " ms", 2, False, details)


_WITHOUT_DATABASE: dict[str, Callable[[Size], Iterator[Line]]] = {
    "poster": _poster,
    "engine": _engine,
    "understanding": _understanding,
}
_ON_SMALL: dict[str, Callable[[Scratch, Past, Size], Iterator[Line]]] = {
    "messages": _messages,
    "memory": _memory,
    "orders": _orders,  # last: it puts another plan in force
}

if __name__ == "__main__":
    sys.exit(main())
