"""Fixtures that any test may use: databases, a session, Redis. The world outside is faked in tests/support/.

database   a fresh, migrated database with `.url .engine .sessions`; the test runs once on SQLite, PostgreSQL, MariaDB.
           Only some of them: @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
session    a session on SQLite, rolled back at the end
redis_url  an empty Redis that nobody else uses meanwhile

What does not answer is skipped and named at the end; with REQUIRE_SERVICES=1 it is a failure.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from sqlalchemy.orm import Session

from tests.support import databases

_MISSING = "service missing: "
# Folders of few tests that take long, the longest first: begun last, one of them would keep the others waiting.
_LONG = ("journeys", "chaos", "contract", "properties", "bench", "compliance", "concurrency", "simulator", "commands")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _LONG.index(folder) if (folder := item.path.parent.name) in _LONG else len(_LONG))


class Services:
    """What this process has started, and what has been found not to answer."""

    def __init__(self) -> None:
        self._started: dict[str, databases.Sqlite | databases.Server] = {}
        self._missing: dict[str, str] = {}

    def database(self, backend: str) -> databases.Sqlite | databases.Server:
        if backend not in self._started and backend not in self._missing:
            fault = databases.unanswered(backend)
            if fault:
                self._missing[backend] = fault
            else:
                self._started[backend] = databases.start(backend)
        if backend in self._missing:
            refuse(self._missing[backend])
        return self._started[backend]

    def close(self) -> None:
        for started in self._started.values():
            started.close()


def refuse(fault: str) -> None:
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, but {fault}", pytrace=False)
    pytest.skip(_MISSING + fault)


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    running = Services()
    yield running
    running.close()


@pytest.fixture(params=databases.BACKENDS)
def database(request: pytest.FixtureRequest, services: Services) -> Iterator[databases.Database]:
    with services.database(request.param).fresh() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def _session_database(services: Services) -> Iterator[databases.Database]:
    with services.database("sqlite").fresh() as fresh:
        yield fresh


@pytest.fixture
def session(_session_database: databases.Database) -> Iterator[Session]:
    with _session_database.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as opened:
            yield opened
        transaction.rollback()


@pytest.fixture
def redis_url() -> Iterator[str]:
    """TEST_REDIS_URL, emptied before and after; other test processes wait for their turn."""
    client = redis.Redis.from_url(databases.REDIS_URL, socket_connect_timeout=3)
    try:
        client.ping()
    except redis.RedisError as fault:
        client.close()
        refuse(f"redis does not answer at TEST_REDIS_URL: {type(fault).__name__}")
    mine = uuid.uuid4().hex
    give_up_at = time.monotonic() + 120
    while not client.set("tuike-test-turn", mine, nx=True, ex=60):
        if time.monotonic() > give_up_at:
            pytest.fail("another test process has kept Redis for two minutes")
        time.sleep(0.05)  # between processes there is no event to wait on
    try:
        _empty_redis(client)
        yield databases.REDIS_URL
    finally:
        _empty_redis(client)
        if client.get("tuike-test-turn") == mine.encode():
            client.delete("tuike-test-turn")
        client.close()


def _empty_redis(client: Any) -> None:
    keys = [key for key in client.scan_iter(count=1000) if key != b"tuike-test-turn"]
    if keys:
        client.delete(*keys)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The last lines: which services were missing, and how many tests were left out for each."""
    missing: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _MISSING in reason:
            missing[reason.split(_MISSING, 1)[1]] += 1
    for fault, count in sorted(missing.items()):
        terminalreporter.write_line(f"{count} tests skipped: {fault}", yellow=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test is skipped, or fails where services are required."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("Chromium is required: apt-get install chromium")
        pytest.skip("no Chromium in PATH")
    return found
