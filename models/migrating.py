"""Migrations by Alembic: run what is missing, and say where a migrated database and the models differ.

Imported only where there is something to migrate or to compare: with what it draws in it takes 7 MB of a worker.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Engine, Table, func, inspect, select

from models import schema
from models.base import Base

_alembic = threading.RLock()  # its context is one per process


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing; models.schema has seen to it that nobody else does."""
    with _alembic, _connection_for_ddl(engine) as connection:
        _clear_half_made(connection)
        command.upgrade(_config(connection), "head")
        connection.commit()


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


def _check_differences(connection: Connection, table: Table) -> Iterator[str]:
    """CHECK constraints by name: Alembic does not compare them."""
    wanted = {str(rule.name) for rule in table.constraints if isinstance(rule, CheckConstraint)}
    if inspect(connection).has_table(table.name):
        there = {str(rule["name"]) for rule in inspect(connection).get_check_constraints(table.name)}
        there = {name for name in there if name.startswith("ck_")}  # MariaDB's own checks of JSON are not ours
        for name in sorted(wanted ^ there):
            yield f"CHECK {name} of {table.name} is only in the {'models' if name in wanted else 'database'}"


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
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(schema.MIGRATIONS))
