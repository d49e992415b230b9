"""Migrations: in step with the models, safe beside each other, kind to data, and the ledger's triggers."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import CheckConstraint, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from domain.money import Money
from models import migrating, schema
from models.base import Base, new_engine
from models.distributor import Distributor
from models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from models.message import Lane
from tests.support.databases import Database

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def emptied(database: Database) -> None:
    """As it was before the first migration: no table at all."""
    with migrating._connection_for_ddl(database.engine) as connection:
        command.downgrade(migrating._config(connection), "base")
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.commit()
    assert inspect(database.engine).get_table_names() == []


@pytest.fixture
def empty(database: Database) -> Database:
    """A database without any table. The next test's is whole again."""
    emptied(database)
    return database


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    assert migrating.differences(database.engine) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE distributor ADD COLUMN extra INTEGER", "remove_column"),
        ("DROP INDEX ix_award_distributor_id_paid_at", "add_index"),
        ("DROP TABLE skip", "add_table"),
        ("CREATE TABLE extra (id INTEGER PRIMARY KEY)", "remove_table"),
    ],
)
def test_a_difference_between_migrations_and_models_is_found(database: Database, change: str, said: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(change)
    differences = migrating.differences(database.engine)
    assert differences
    assert said in differences[0]


def test_a_check_that_only_the_models_have_is_found(database: Database) -> None:
    rule = CheckConstraint("stock >= -1", name="not_in_the_migrations")
    Base.metadata.tables["product"].append_constraint(rule)
    try:
        assert migrating.differences(database.engine) == [
            "CHECK ck_product_not_in_the_migrations of product is only in the models"
        ]
    finally:
        Base.metadata.tables["product"].constraints.discard(rule)


def test_an_empty_database_is_pending_until_it_is_upgraded(empty: Database) -> None:
    assert schema.pending(empty.engine)
    schema.upgrade(empty.engine)
    assert not schema.pending(empty.engine)
    schema.upgrade(empty.engine)  # once more is harmless


@pytest.mark.journey
def test_of_processes_that_start_together_one_migrates_and_the_others_find_it_done(empty: Database) -> None:
    script = (
        "import sys; from models import schema; from models.base import new_engine; engine = new_engine(sys.argv[1]);"
        " schema.upgrade(engine); assert not schema.pending(engine); engine.dispose()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty.url], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert migrating.differences(empty.engine) == []


def test_threads_of_one_process_do_not_migrate_at_once(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.upgrade, [empty.engine] * 4))
    assert not schema.pending(empty.engine)


def test_a_lock_is_held_by_one_at_a_time(database: Database) -> None:
    held, let_go, entered = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with schema.locked(database.engine, "demo"):
            held.set()
            let_go.wait(20)

    def follow() -> None:
        with schema.locked(database.engine, "demo"):
            entered.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hold)
        assert held.wait(10)
        second = pool.submit(follow)
        with schema.locked(database.engine, "another name", timeout_seconds=5):
            assert not entered.wait(0.2)
        with pytest.raises(TimeoutError, match="demo"), schema.locked(database.engine, "demo", timeout_seconds=0.1):
            pass
        let_go.set()
        first.result(20)
        second.result(20)
    assert entered.is_set()


def test_a_first_migration_that_was_cut_off_is_made_anew(empty: Database) -> None:
    if empty.backend == "mariadb":  # its DDL is not taken back; the others' is
        with empty.engine.begin() as connection:
            Base.metadata.tables["distributor"].create(connection)
            Base.metadata.tables["lane"].create(connection)
    schema.upgrade(empty.engine)
    assert migrating.differences(empty.engine) == []


def test_tables_with_rows_and_no_recorded_migration_are_not_touched(empty: Database) -> None:
    with empty.engine.begin() as connection:
        Base.metadata.tables["lane"].create(connection)
        connection.execute(insert(Lane).values(name="kept", count=0))
    with pytest.raises((RuntimeError, DBAPIError)):
        schema.upgrade(empty.engine)
    with empty.engine.begin() as connection:
        assert connection.scalar(select(Lane.name)) == "kept"


def books(session: Session) -> LedgerPosting:
    """An entry with one posting, and somebody whom it concerns."""
    who = Distributor(code="ABCDEF", status="active", joined_at=NOW, created_at=NOW)
    session.add(who)
    session.flush()
    account = LedgerAccount(name="a", purpose="pending", balance=Money(320), distributor_id=who.id)
    entry = LedgerEntry(key="k", kind="accrual", digest="d", at=NOW)
    session.add_all([account, entry])
    session.flush()
    posting = LedgerPosting(entry_id=entry.id, account_id=account.id, amount=Money(320))
    session.add(posting)
    session.flush()
    return posting


@pytest.mark.parametrize("table", [LedgerEntry, LedgerPosting])
@pytest.mark.parametrize("action", ["update", "delete"])
def test_the_database_refuses_to_change_the_ledger(
    database: Database, table: type[LedgerEntry | LedgerPosting], action: str
) -> None:
    with database.sessions.writing() as session:
        books(session)
    statement = update(table).values(id=table.id) if action == "update" else delete(table)
    with pytest.raises(DBAPIError, match="the ledger only grows"), database.engine.begin() as connection:
        connection.execute(statement)
    with database.sessions.reading() as session:
        assert len(session.scalars(select(table)).all()) == 1


def test_the_orm_refuses_before_the_database_has_to(database: Database) -> None:
    with database.sessions.writing() as session:
        posting = books(session)
        posting.amount = Money(1)
        with pytest.raises(RuntimeError, match="the ledger only grows"):
            session.flush()
        session.rollback()


def test_an_instant_and_an_amount_come_back_as_they_went_in(database: Database) -> None:
    with database.sessions.writing() as session:
        books(session)
    with database.sessions.reading() as session:
        assert session.scalars(select(Distributor.joined_at)).one() == NOW
        assert session.scalars(select(LedgerPosting.amount)).one() == Money(320)


NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("distributor") as table:
        table.add_column(sa.Column("note", sa.String(length=64), nullable=True))
        table.alter_column("code", existing_type=sa.String(16), existing_nullable=False, type_=sa.String(24))
"""


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations with one more, which changes a table that others point to."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in [*schema.MIGRATIONS.glob("*.*"), *schema.MIGRATIONS.glob("versions/*.py")]:
        (folder / file.relative_to(schema.MIGRATIONS)).write_bytes(file.read_bytes())
    head = migrating._scripts().get_current_head()
    (folder / "versions" / "9999_later.py").write_text(NEXT_REVISION.format(head=head), encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return folder


def test_a_database_with_data_is_brought_up_without_losing_any(database: Database, later: Path) -> None:
    """SQLite makes a changed table anew; the rows that point to it must survive that."""
    with database.sessions.writing() as session:
        books(session)
    assert schema.pending(database.engine)
    schema.upgrade(database.engine)
    assert not schema.pending(database.engine)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT code, note FROM distributor")).all() == [("ABCDEF", None)]
        assert connection.scalar(text("SELECT count(*) FROM ledger_account")) == 1
        assert connection.scalar(text("SELECT count(*) FROM ledger_posting")) == 1
    with pytest.raises(DBAPIError), database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET distributor_id = 12345"))  # foreign keys are on again


def test_a_sqlite_file_that_exists_is_brought_up(tmp_path: Path) -> None:
    (tmp_path / "old.db").touch()
    engine = new_engine(f"sqlite:///{tmp_path / 'old.db'}")
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
