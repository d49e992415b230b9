"""What time it is: the system's clock, and in a demo shifted by what the simulator's page writes into a file.

Only processes' entry points hold a clock; rules and use cases are given `now`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Call it for an aware UTC instant. `file` holds the seconds to add, read at every use; without it, or while it
    holds no number, nothing is added.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift()

    def shift(self) -> timedelta:
        """How far this clock is ahead of the system's."""
        if self._file is None:
            return timedelta()
        try:
            return timedelta(seconds=float(self._file.read_text(encoding="ascii")))
        except (OSError, ValueError, OverflowError):
            return timedelta()  # not written yet, or being written: the system's time is never wrong by much
