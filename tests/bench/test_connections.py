"""What sparing the question before every use of a connection must not cost: coming back after the database was away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from models import base
from models.base import Sessions, table_of
from models.order import ApiNonce, IntakeLock
from models.prepared import Prepared
from tests.support.databases import Database

SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
SLOTS = table_of(IntakeLock)
KNOWN = Prepared(select(SLOTS.c.slot).where(SLOTS.c.slot == bindparam("slot")))


@pytest.fixture
def sessions(database: Database) -> Iterator[Sessions]:
    """With one connection, which has been used."""
    engine = base.new_engine(database.url, pool_size=1)
    found = Sessions(engine)
    ask(found)
    yield found
    engine.dispose()


def ask(sessions: Sessions) -> None:
    with sessions.writing() as session:
        assert KNOWN.first(session, {"slot": 7}) is None


def end_its_connection(sessions: Sessions, database: Database) -> None:
    """As a restart of the server does; how long ago it was used stays as it is."""
    on_postgresql = database.backend == "postgresql"
    with sessions.writing() as session:
        number = session.scalar(text("SELECT pg_backend_pid()" if on_postgresql else "SELECT connection_id()"))
    admin = create_engine(database.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({number})" if on_postgresql else f"KILL {number}")
    admin.dispose()


@SERVERS
def test_a_connection_that_was_ended_while_it_idled_is_replaced(
    sessions: Sessions, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "ASK_AFTER_IDLE_SECONDS", 0.0)
    end_its_connection(sessions, database)
    ask(sessions)


@SERVERS
def test_one_that_was_ended_right_after_its_use_fails_once(
    sessions: Sessions, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "ASK_AFTER_IDLE_SECONDS", 3600.0)
    end_its_connection(sessions, database)
    with pytest.raises(OperationalError) as failed:
        ask(sessions)
    assert failed.value.connection_invalidated
    ask(sessions)


def test_a_prepared_statement_raises_what_sqlalchemy_raises_and_shows_no_values(database: Database) -> None:
    columns = ("digest", "seen_at")
    keep = Prepared(insert(table_of(ApiNonce)).inline(), columns)
    nonce = {"digest": "138 0013 8000", "seen_at": base.datetime.now(base.UTC)}
    with database.sessions.writing() as session:
        keep.run(session, nonce)
    with pytest.raises(IntegrityError) as failed, database.sessions.writing() as session:
        keep.run(session, nonce)
    assert "parameters" not in str(failed.value)
    with database.sessions.writing() as session:
        assert session.scalar(select(ApiNonce.seen_at)) == nonce["seen_at"]


def test_a_prepared_statement_does_not_leave_out_a_columns_default(database: Database) -> None:
    from models.message import Lane

    short = Prepared(insert(table_of(Lane)).inline(), ["name"])
    with pytest.raises(TypeError, match="name these columns too"), database.sessions.writing() as session:
        short.run(session, {"name": "wecom:xiaoli"})
