"""The schema of a database: bring it up to date under a lock, and say whether it is and fits the models.

Several processes may start on an empty database at once: the first migrates, the others wait and find it done.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Engine, Table, func, inspect, select, text

from models.base import Base

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_alembic = threading.RLock()  # its context is one per process


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing. Beside others that do the same, it waits for them."""
    with locked(engine, "migrate"), _alembic:
        if pending(engine):
            with _connection_for_ddl(engine) as connection:
                _clear_half_made(connection)
                command.upgrade(_config(connection), "head")
                connection.commit()


def pending(engine: Engine) -> bool:
    """True while the database lacks a migration that this code has."""
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) != set(_scripts().get_heads())


def differences(engine: Engine) -> list[str]:
    """Where the migrated database and the models differ, a sentence each; empty is right."""
    found: list[str] = []

    def collect(revision: Any, context: MigrationContext) -> list[Any]:
        found.extend(str(difference) for difference in compare_metadata(context, Base.metadata))
        return []

    with _alembic, engine.connect() as connection:
        config = _config(connection)
        with EnvironmentContext(config, _scripts(), fn=collect, as_sql=False, destination_rev="head"):
            _scripts().run_env()
        for table in Base.metadata.sorted_tables:
            found.extend(_check_differences(connection, table))
        connection.rollback()
    return found


@contextmanager
def locked(engine: Engine, name: str, *, timeout_seconds: float = 120) -> Iterator[None]:
    """One process at a time, across all that share the database. The holder's death frees the lock.

    Raises TimeoutError where another keeps it longer than `timeout_seconds`.
    """
    if engine.dialect.name == "sqlite":
        with _locked_file(Path(f"{engine.url.database}.{name}.lock"), timeout_seconds):
            yield
    else:
        with _locked_session(engine, name, timeout_seconds):
            yield


def _check_differences(connection: Connection, table: Table) -> Iterator[str]:
    """CHECK constraints by name: Alembic does not compare them."""
    wanted = {str(rule.name) for rule in table.constraints if isinstance(rule, CheckConstraint)}
    if inspect(connection).has_table(table.name):
        there = {str(rule["name"]) for rule in inspect(connection).get_check_constraints(table.name)}
        there = {name for name in there if name.startswith("ck_")}  # MariaDB's own checks of JSON are not ours
        for name in sorted(wanted ^ there):
            yield f"CHECK {name} of {table.name} is only in the {'models' if name in wanted else 'database'}"


@contextmanager
def _locked_file(path: Path, timeout_seconds: float) -> Iterator[None]:
    with path.open("a") as file:

        def take() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait_for(take, path.name, timeout_seconds)
        yield  # closing the file frees the lock, and so does dying


@contextmanager
def _locked_session(engine: Engine, name: str, timeout_seconds: float) -> Iterator[None]:
    """A lock that a session of the database holds: an advisory lock on PostgreSQL, GET_LOCK on MariaDB and MySQL."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        # GET_LOCK's names are the whole server's, an advisory lock's number is the database's
        full_name = f"{engine.url.database}.{name}"
        digest = hashlib.sha256(full_name.encode()).digest()
        key: int | str
        if engine.dialect.name == "postgresql":
            statement, key = "SELECT pg_try_advisory_lock(:key)", int.from_bytes(digest[:8], signed=True)
        else:
            statement, key = "SELECT GET_LOCK(:key, 0)", f"tuike.{digest.hex()[:40]}"

        _wait_for(lambda: bool(holder.scalar(text(statement), {"key": key})), name, timeout_seconds)
        try:
            yield
        finally:
            release = "pg_advisory_unlock" if engine.dialect.name == "postgresql" else "RELEASE_LOCK"
            holder.execute(text(f"SELECT {release}(:key)"), {"key": key})


def _wait_for(take: Callable[[], bool], name: str, timeout_seconds: float) -> None:
    until = time.monotonic() + timeout_seconds
    pause = threading.Event()
    while not take():
        if time.monotonic() > until:
            raise TimeoutError(f"another process has held the lock {name!r} for more than {timeout_seconds:g} s")
        pause.wait(0.05)


@contextmanager
def _connection_for_ddl(engine: Engine) -> Iterator[Connection]:
    """SQLite changes a table by making it anew; with foreign keys on, dropping the old one would empty others."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - a fresh connection has one
        driver.execute("PRAGMA foreign_keys=OFF")  # before BEGIN: inside a transaction SQLite ignores it
        try:
            yield connection
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"after the migration {len(broken)} rows point nowhere; the first: {broken[0]}")


def _clear_half_made(connection: Connection) -> None:
    """On MariaDB a process that died in the first migration leaves tables and no version: drop them if all are empty.

    The other databases take back a migration that was cut off.
    """
    if connection.dialect.name in ("sqlite", "postgresql"):
        return
    if MigrationContext.configure(connection).get_current_heads():
        return
    there = set(inspect(connection).get_table_names())
    ours = [table for table in Base.metadata.sorted_tables if table.name in there]
    for table in ours:
        if connection.scalar(select(func.count()).select_from(table)):
            raise RuntimeError(f"table {table.name} has rows but no migration is recorded; restore a backup")
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    for table in ours:
        connection.exec_driver_sql(f"DROP TABLE `{table.name}`")
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 1")
    connection.commit()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
