"""The schema of a database: whether it is up to date, and bringing it there under a lock.

Several processes may start on an empty database at once: the first migrates, the others wait and find it done.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect, text

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing. Beside others that do the same, it waits for them."""
    with locked(engine, "migrate"):
        if pending(engine):
            from models import migrating

            migrating.upgrade(engine)


def pending(engine: Engine) -> bool:
    """True while the database lacks a migration that this code has."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return True
        there = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        return set(there) != heads()


def heads() -> set[str]:
    """The revisions that no other one follows, as the files say."""
    files = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    revisions, followed = (
        {found[1] for file in files if (found := re.search(rf'^{name} = "(\w+)"$', file, re.MULTILINE))}
        for name in ("revision", "down_revision")
    )
    return revisions - followed


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
