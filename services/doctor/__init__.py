"""The house looked over: database, keys, books, clock, fonts, what waits to be sent. Nothing here changes anything.

A check gives findings; each says what was seen and, where it is not well, what to do. No finding holds a secret, a
message or a name of a customer.

stored    what the database holds: version, migrations, keys that open it, books, what a merchant needs to begin
running   what runs by the clock and what waits to be sent
machine   clock, time zone, fonts

Source    product.md §2. What concerns WeChat Work's wire is in bot/doctor.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from models.base import Sessions

# ok       well
# note     works, and somebody should know
# wrong    does not work as it stands: the doctor ends with 1
# skipped  could not be looked at because of something else, which has a finding of its own
Status = Literal["ok", "note", "wrong", "skipped"]

LATE = timedelta(minutes=5)  # what waits longer than this is not about to be done
RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a permanent word for programs, `title` and `said` are read by people; `do` is what to do."""

    check: str
    title: str
    status: Status
    said: str
    do: str | None = None

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """One look. `run` may raise: then the finding says that it could not be looked at."""

    name: str
    title: str
    run: Callable[[], Iterable[Finding]]


class NoDatabase(Exception):
    """There is no database yet: looking would make an empty one."""


def require_database(sessions: Sessions) -> None:
    """Raises NoDatabase where SQLite's file is not there."""
    engine = sessions.engine
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        raise NoDatabase


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session that reads. Raises NoDatabase."""
    require_database(sessions)
    with sessions.reading() as session:
        yield session
