"""Pages and API over HTTP. Each module gives `blueprint(deps)`; app.py registers them, `errors.install` comes last.

app.register_blueprint(api.blueprint(deps))       /api/v1/…
app.register_blueprint(shop.blueprint(deps))      /r/…, /shop/…
app.register_blueprint(health.blueprint(deps))    /healthz, /readyz, /metrics
errors.install(app)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from werkzeug.routing import BaseConverter

from models.base import Sessions
from services.vault import Vault

T = TypeVar("T")
ATTEMPTS = 6
_PASSING = {"40P01", "40001", 1213, 1205}  # deadlock, serialization; MariaDB's deadlock and lock wait


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Deps:
    """What the pages need, plugged in by app.py and by tests.

    clock              "now" of the business; CLOCK_FILE shifts it in a demo
    machine_clock      the system's: a signature is fresh by either, so that a mall beside a demo whose clock was moved
                       can still push; nonces are kept by it
    base_url           what every written address begins with; without a slash at its end
    order_api_secret   None: order intake is closed
    checks             further things that /readyz asks, by name: None is well, a text says what is wrong
    metrics_directory  PROMETHEUS_MULTIPROC_DIR
    """

    sessions: Sessions
    vault: Vault
    clock: Callable[[], datetime]
    base_url: str
    images: Path
    order_api_secret: str | None = field(default=None, repr=False)
    machine_clock: Callable[[], datetime] = system_clock
    checks: Mapping[str, Callable[[], str | None]] = field(default_factory=dict)
    metrics_directory: str | None = None


def in_transaction(sessions: Sessions, work: Callable[[Session], T]) -> T:
    """`work` in a transaction of its own; again from the start where another one was in the way.

    Which of two deadlocked transactions dies, and which of two equal inserts comes first, is the database's choice;
    the second try sees what the other has written.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            with sessions.writing() as session:
                return work(session)
        except (IntegrityError, OperationalError) as fault:
            if not _in_the_way(fault):
                raise
    with sessions.writing() as session:
        return work(session)


def _in_the_way(fault: DBAPIError) -> bool:
    if isinstance(fault, IntegrityError):
        return True
    arguments: tuple[Any, ...] = getattr(fault.orig, "args", ())
    return getattr(fault.orig, "sqlstate", None) in _PASSING or (bool(arguments) and arguments[0] in _PASSING)


class AnyText(BaseConverter):
    """A part of an address that may hold anything, slashes too: an order's number, an article's."""

    regex = r"[\s\S]+?"
    part_isolating = False
