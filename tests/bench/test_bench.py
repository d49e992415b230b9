"""The bench runs, at sizes that tell nothing about speed, and the past that it loads is one that could have been."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bench import __main__ as command
from bench import scans
from bench import scratch as scratches
from bench.fill import Past, fill
from bench.scratch import Scratch
from models.base import new_engine
from models.order import Order
from models.rank import Tally
from services import ledger, rank
from tests.conftest import refuse

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="module", params=BACKENDS)
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[Scratch, Past]]:
    """A database with a small past."""
    if fault := scratches.unanswered(request.param):
        refuse(f"{request.param}: {fault}")
    with scratches.database(request.param) as scratch:
        yield scratch, fill(scratch, orders=200, distributors=20)


def test_the_past_that_is_loaded_adds_up(filled: tuple[Scratch, Past]) -> None:
    scratch, past = filled
    runtime = scratch.runtime()
    try:
        with runtime.sessions.reading() as session:
            assert ledger.verify(session) == []
            kept = {(row.label, row.distributor_id): (row.sales, row.orders) for row in session.scalars(select(Tally))}
            counted = dict.fromkeys(kept, (0, 0))
            for order in session.scalars(select(Order)):
                for label in rank.labels(order.paid_at):
                    sales, orders = counted[label, order.distributor_id or 0]
                    counted[label, order.distributor_id or 0] = sales + order.net.fen, orders + 1
    finally:
        runtime.stop()
    assert {key: (sales.fen, orders) for key, (sales, orders) in kept.items()} == counted
    assert (past.orders, len(past.sellers)) == (200, 18)


def test_a_statement_that_scans_is_found(filled: tuple[Scratch, Past]) -> None:
    scratch, _ = filled
    engine = new_engine(scratch.url)
    try:
        if scratch.backend == "postgresql":  # so few rows are read quickest from end to end
            with engine.begin() as connection:
                name = connection.scalar(text("SELECT current_database()"))
                connection.execute(text(f"ALTER DATABASE {name} SET enable_seqscan = off"))
            engine.dispose()
        assert {table for table, _ in scans.reads(engine, "SELECT * FROM touch WHERE sku = 'X'", ())} == {"touch"}
        assert list(scans.reads(engine, "SELECT * FROM orders WHERE source = 'mall' AND no = 'OLD7'", ())) == []
    finally:
        engine.dispose()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_part_measures_and_leaves_nothing_behind(
    backend: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if fault := scratches.unanswered(backend):
        refuse(f"{backend}: {fault}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    parts = [f"--only={name}" for name in ("messages", "orders", "scale", "month", "memory", "simulate")]

    command.main(["--size=smallest", f"--database={backend}", *parts])

    rows = [row for row in capsys.readouterr().out.splitlines() if backend in row]
    assert len(rows) == (9 if backend == "sqlite" else 12)  # the month is PostgreSQL's
    assert all(row.count("|") == 7 for row in rows)
    assert list(tmp_path.iterdir()) == []


def test_the_parts_that_need_no_database_measure(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--size", "smallest", "--only", "poster", "--only", "engine", "--only", "understanding"])
    assert capsys.readouterr().out.count("\n") == 5


def test_a_missed_goal_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("bench.poster.measure", lambda _: {"poster": 3.0, "floor": 1.0, "ratio": 3.0})
    assert command.main(["--only", "poster"]) == 1
    assert "MISSED" in capsys.readouterr().out
