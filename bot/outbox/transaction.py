"""A short transaction that is begun again where the database has ended it for another's sake."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.base import Sessions

log = logging.getLogger(__name__)

TRIES = 5
T = TypeVar("T")


def transact(sessions: Sessions, work: Callable[[Session], T]) -> T:
    """What `work` gives, committed. It may run several times; each run sees a fresh session."""
    for attempt in range(1, TRIES + 1):
        try:
            with sessions.writing() as session:
                return work(session)
        except OperationalError as fault:
            if attempt == TRIES or not _was_victim(fault):
                raise
            log.info("transaction repeated", extra={"event": "outbox.deadlock", "attempt": attempt})
    raise AssertionError("unreachable")


def _was_victim(fault: OperationalError) -> bool:
    """Deadlock or lock wait: SQLSTATE of PostgreSQL, number of MariaDB, word of SQLite."""
    original = fault.orig
    number = original.args[0] if original is not None and original.args else None
    state = getattr(original, "sqlstate", None)
    return state in ("40P01", "40001") or number in (1205, 1213) or "database is locked" in str(original)
