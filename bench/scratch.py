"""Scratch databases and the merchant in them: made for one run, dropped at its end, also after Ctrl-C.

A database on a server carries this process's number in its name; what a run that was killed left behind is dropped by
the next one on the same server.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

import app
from config import Settings
from services import demo

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL") or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
ASSETS = Path(app.__file__).parent / "assets"
CORP_ID, AGENT_ID, TOKEN = "wwbench0123456789", 1000002, "benchtoken"
AES_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
ORDER_SECRET = "a secret of the bench"  # the keys protect nothing here
PLAN_AGE = timedelta(days=400)

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_NAME = re.compile(rf"tuike_bench_{_HOST}_(\d+)_\w+")


@dataclass(frozen=True)
class Scratch:
    """An empty, migrated database with the demo merchant, and the environment in which the app uses it."""

    backend: str
    environment: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        return self.environment["DATABASE_URL"]

    def runtime(self) -> app.Runtime:
        """The product on this database, in this process; the caller stops it."""
        return app.build(Settings.load(self.environment))


@contextmanager
def database(backend: str) -> Iterator[Scratch]:
    """A database of its own for a part of the bench."""
    folder = Path(tempfile.mkdtemp(prefix="tuike-bench-"))
    try:
        if backend == "sqlite":
            yield _filled(Scratch(backend, _environment(f"sqlite:///{folder / 'tuike.db'}", folder), folder))
        else:
            with _on_postgresql() as url:
                yield _filled(Scratch(backend, _environment(url, folder), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unanswered(backend: str) -> str | None:
    """None where the database can be used, else why not, without a password."""
    if backend == "sqlite":
        return None
    engine = create_engine(POSTGRES_URL, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except SQLAlchemyError as fault:
        return str(getattr(fault, "orig", fault)).splitlines()[0]
    finally:
        engine.dispose()
    return None


def _environment(url: str, folder: Path) -> dict[str, str]:
    """All that the app reads. Nothing listens at the platform's address: no message of the bench makes a call."""
    return {
        "DATABASE_URL": url,
        "VAR_DIR": str(folder / "var"),
        "BASE_URL": "https://tuike.example",
        "SECRET_KEY": "a key of the bench, 32 characters",
        "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "ORDER_API_SECRET": ORDER_SECRET,
        "WECOM_CORP_ID": CORP_ID,
        "WECOM_AGENT_ID": str(AGENT_ID),
        "WECOM_SECRET": "nobody is asked",
        "WECOM_TOKEN": TOKEN,
        "WECOM_AES_KEY": AES_KEY,
        "WECOM_API_BASE": "http://127.0.0.1:9/cgi-bin",
    }


def _filled(scratch: Scratch) -> Scratch:
    """With the schema, the catalogue and a plan that was in force before the oldest order."""
    runtime = scratch.runtime()
    try:
        runtime.ready()
        with runtime.sessions.writing() as session:
            demo.load(session, ASSETS, operators=(), now=datetime.now(UTC) - PLAN_AGE)
    finally:
        runtime.stop()
    return scratch


@contextmanager
def _on_postgresql() -> Iterator[str]:
    admin = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    name = f"tuike_bench_{_HOST}_{os.getpid()}_{secrets.token_hex(3)}"
    try:
        with admin.connect() as connection:
            _drop_orphans(connection)
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
        finally:
            with admin.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        admin.dispose()


def _drop_orphans(connection: Connection) -> None:
    for name in connection.scalars(text("SELECT datname FROM pg_database")).all():
        found = _NAME.fullmatch(name)
        if found and not Path(f"/proc/{found[1]}").exists():
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
