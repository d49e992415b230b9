"""What tests may rely on: each gets an empty, migrated database, whatever the test before did to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from domain.money import Money
from models import schema
from models.base import new_engine
from models.distributor import Distributor
from models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from models.message import Lane
from tests.conftest import Services
from tests.support.databases import Database

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def someone() -> Distributor:
    return Distributor(code="ABCDEF", status="active", joined_at=NOW, created_at=NOW)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_empty_tables_and_numbers_from_one(database: Database, turn: int) -> None:
    with database.sessions.writing() as session:
        assert session.scalars(select(Distributor)).all() == []
        who = someone()
        entry = LedgerEntry(key="k", kind="accrual", digest="d", at=NOW)
        account = LedgerAccount(name="a", purpose="pending", balance=Money(0))
        session.add_all([who, entry, account])
        session.flush()
        session.add(LedgerPosting(entry_id=entry.id, account_id=account.id, amount=Money(1)))
        session.flush()
        assert (who.id, entry.id) == (1, 1)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_connection_that_a_test_left_open_does_not_hold_up_the_next(services: Services, backend: str) -> None:
    server = services.database(backend)
    with server.fresh() as first:
        forgotten = new_engine(first.url)
        left_open = forgotten.connect()
        left_open.execute(insert(Lane).values(name="left open", count=0))
    with server.fresh() as second, second.sessions.writing() as session:
        session.add(Lane(name="left open"))
    with pytest.raises(DBAPIError):
        left_open.execute(text("SELECT 1"))
    left_open.invalidate()
    left_open.close()
    forgotten.dispose()


def test_the_schema_is_that_of_the_migrations(database: Database) -> None:
    assert not schema.pending(database.engine)


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_session_writes_is_gone_afterwards(session: Session, turn: int) -> None:
    assert session.scalars(select(Distributor)).all() == []
    session.add(someone())
    session.commit()


def run_with_a_missing_server(**env: str) -> subprocess.CompletedProcess[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"postgresql+psycopg://someone:hidden@127.0.0.1:{port}/postgres"
    one = f"{__file__}::test_the_schema_is_that_of_the_migrations[postgresql]"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:xdist", one],
        env={**os.environ, "REQUIRE_SERVICES": "", "TEST_POSTGRES_URL": url, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_last_lines_of_a_run_say_which_service_was_missing() -> None:
    run = run_with_a_missing_server()
    assert run.returncode == 0, run.stdout
    assert "1 tests skipped: postgresql does not answer at TEST_POSTGRES_URL" in run.stdout
    assert "hidden" not in run.stdout


def test_where_services_are_required_a_missing_one_is_a_failure() -> None:
    run = run_with_a_missing_server(REQUIRE_SERVICES="1")
    assert run.returncode == 1
    assert "REQUIRE_SERVICES=1, but postgresql does not answer" in run.stdout
