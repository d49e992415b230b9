"""A fresh, migrated database for every test, on SQLite, PostgreSQL and MariaDB.

The schema is made once per process by the real migrations. After that a test gets it empty, with ids from 1:
SQLite a copy of a file, PostgreSQL and MariaDB by emptying the tables that the test before has touched.
A scratch database carries the process's number in its name; what a process that died left is dropped by the next.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from models import schema
from models.base import Base, Sessions, new_engine

BACKENDS = ("sqlite", "postgresql", "mariadb")
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL") or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
MYSQL_URL = os.environ.get("TEST_MYSQL_URL") or "mysql+pymysql://root@127.0.0.1:3306/"
REDIS_URL = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/9"

# Of this machine and this process: two checkouts that share a server do not drop each other's.
_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_NAME = re.compile(rf"tuike_test_{_HOST}_(\d+)")


@dataclass(frozen=True)
class Database:
    """One empty, migrated database. `url` reaches it from another process too."""

    backend: str
    url: str
    engine: Engine

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.engine)


class Sqlite:
    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tuike-test-"))
        self._template = self._folder / "template.db"
        engine = new_engine(f"sqlite:///{self._template}")
        schema.upgrade(engine)
        engine.dispose()  # the last connection writes the WAL back, so that the file alone is the database
        self._count = 0

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        shutil.copyfile(self._template, folder / "tuike.db")
        url = f"sqlite:///{folder / 'tuike.db'}"
        engine = new_engine(url)
        try:
            yield Database("sqlite", url, engine)
        finally:
            engine.dispose()
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class Server:
    """A scratch database on a server; what differs between the servers is in the two classes below."""

    backend: str
    LIST: str
    CREATE: str
    _tables = tuple(table.name for table in Base.metadata.sorted_tables)

    def __init__(self, admin_url: URL) -> None:
        self._admin = create_engine(admin_url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
        self._name = f"tuike_test_{_HOST}_{os.getpid()}"
        with self._admin.connect() as connection:
            for (name,) in connection.execute(text(self.LIST)).all():
                found = _NAME.fullmatch(name)
                if found and not _alive(int(found[1])):
                    self._drop(connection, name)
        url = admin_url.set(database=self._name)
        self.url = url.render_as_string(hide_password=False)
        self._keeper = create_engine(url, isolation_level="AUTOCOMMIT")
        self._make()
        with self._keeper.connect() as connection:
            self._version = self._versions(connection)

    def _make(self) -> None:
        self._keeper.dispose()
        with self._admin.connect() as connection:
            self._drop(connection, self._name)
            connection.exec_driver_sql(self.CREATE.format(name=self._name))
        maker = new_engine(self.url, pool_size=1)
        schema.upgrade(maker)
        maker.dispose()

    def _versions(self, connection: Connection) -> list[str]:
        """What the migrations have recorded; nothing where a test about migrations left no table."""
        try:
            return list(connection.scalars(text("SELECT version_num FROM alembic_version")))
        except SQLAlchemyError:
            return []

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        with self._keeper.connect() as connection:
            self._disconnect_others(connection)
            whole = self._versions(connection) == self._version
            if whole:
                self._empty(connection)
        if not whole:
            self._make()
        engine = new_engine(self.url)
        try:
            yield Database(self.backend, self.url, engine)
        finally:
            engine.dispose()

    def close(self) -> None:
        self._keeper.dispose()
        with self._admin.connect() as connection:
            self._drop(connection, self._name)
        self._admin.dispose()

    def _with_rows(self, connection: Connection) -> set[str]:
        """Tables that hold anything."""
        each = (f"SELECT '{name}' FROM (SELECT 1) AS one WHERE EXISTS (SELECT 1 FROM {name})" for name in self._tables)
        return set(connection.scalars(text(" UNION ALL ".join(each))))

    def _drop(self, connection: Connection, name: str) -> None:
        raise NotImplementedError

    def _disconnect_others(self, connection: Connection) -> None:
        """End what a process of the test before has left open: its locks would hold up the emptying."""
        raise NotImplementedError

    def _empty(self, connection: Connection) -> None:
        raise NotImplementedError


class Postgresql(Server):
    backend = "postgresql"
    LIST = "SELECT datname FROM pg_database"
    CREATE = "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"

    def _drop(self, connection: Connection, name: str) -> None:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _disconnect_others(self, connection: Connection) -> None:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def _empty(self, connection: Connection) -> None:
        """By DELETE with triggers and foreign keys off, 1 ms where TRUNCATE takes 40; that needs a superuser."""
        counted = connection.scalars(text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"))
        touched = self._with_rows(connection) | {name.removesuffix("_id_seq") for name in counted}
        touched &= set(self._tables)
        if not touched:
            return
        if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            each = "; ".join(
                f"DELETE FROM {name}"
                + (f"; SELECT setval('{name}_id_seq', 1, false)" if "id" in Base.metadata.tables[name].columns else "")
                for name in sorted(touched)
            )
            quickly = "SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off"
            connection.exec_driver_sql(f"BEGIN; {quickly}; {each}; COMMIT")
        else:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(sorted(touched))} RESTART IDENTITY CASCADE")


class Mariadb(Server):
    backend = "mariadb"
    LIST = "SELECT schema_name FROM information_schema.schemata"
    CREATE = "CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

    def _drop(self, connection: Connection, name: str) -> None:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")

    def _disconnect_others(self, connection: Connection) -> None:
        others = text("SELECT id FROM information_schema.processlist WHERE db = :name AND id <> connection_id()")
        for number in connection.scalars(others, {"name": self._name}).all():
            try:
                connection.exec_driver_sql(f"KILL {number}")
            except SQLAlchemyError as gone:
                if "Unknown thread id" not in str(gone):
                    raise

    def _empty(self, connection: Connection) -> None:
        """By TRUNCATE, about 2 ms a table: it passes the ledger's triggers by, and numbers begin at 1 again."""
        counted = text(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND auto_increment > 1"
        )
        touched = (self._with_rows(connection) | set(connection.scalars(counted))) & set(self._tables)
        if touched:
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
            for name in sorted(touched):
                connection.exec_driver_sql(f"TRUNCATE TABLE {name}")
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 1")


def start(backend: str) -> Sqlite | Server:
    """Make the schema; raises SQLAlchemyError where the server does not answer."""
    if backend == "sqlite":
        return Sqlite()
    return Postgresql(_address(backend)) if backend == "postgresql" else Mariadb(_address(backend))


def unanswered(backend: str) -> str | None:
    """None where the service answers, else what is wrong, without passwords."""
    if backend == "sqlite":
        return None
    url = _address(backend)
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except SQLAlchemyError as fault:
        variable = "TEST_POSTGRES_URL" if backend == "postgresql" else "TEST_MYSQL_URL"
        reason = str(getattr(fault, "orig", fault)).splitlines()[0]
        return f"{backend} does not answer at {variable} ({url.render_as_string()}): {reason}"
    finally:
        engine.dispose()
    return None


def _address(backend: str) -> URL:
    if backend == "postgresql":
        return make_url(POSTGRES_URL)
    url = make_url(MYSQL_URL)
    # PyMySQL reads all authorities' certificates for each connection, 30 to 60 ms, even where it then needs no TLS
    return url.update_query_dict({"ssl_disabled": "true"}) if url.host in ("127.0.0.1", "localhost") else url


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
