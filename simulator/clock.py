"""The simulator's clock: the system's time plus an offset that the page and the API move.

The offset may live in a file (seconds, float text) that other programs read to have the same "now"; it is
written atomically, and read again whenever it changes, since it and not our memory is the truth.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

SHANGHAI = timezone(timedelta(hours=8))


class Clock:
    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._offset = 0.0
        self._stamp: tuple[int, int] | None = None
        self._refresh(strict=True)

    @property
    def offset(self) -> float:
        """Seconds that are added to the system's clock."""
        with self._lock:
            self._refresh()
            return self._offset

    def now(self) -> float:
        """Unix seconds of the simulated enterprise."""
        return time.time() + self.offset

    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        self._write(self.offset + seconds)

    def set(self, instant: datetime) -> None:
        """Move the clock to an aware instant; it goes on from there."""
        self._write(instant.timestamp() - time.time())

    def reset(self) -> None:
        self._write(0.0)

    def _write(self, offset: float) -> None:
        with self._lock:
            self._offset = offset
            if self._path is None:
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            temporary.write_text(f"{offset:.3f}\n", encoding="ascii")
            os.replace(temporary, self._path)
            self._stamp = self._stat()

    def _refresh(self, strict: bool = False) -> None:
        """Read the file again if it is another one than last time; ValueError at start if it is not a number."""
        stamp = self._stat()
        if stamp == self._stamp or self._path is None:
            return
        self._stamp = stamp
        if stamp is None:
            self._offset = 0.0
            return
        try:
            self._offset = float(self._path.read_text(encoding="ascii").strip() or "0")
        except (OSError, ValueError):
            # A file that is being written by somebody who does not replace it atomically: keep what we know.
            if strict:
                raise ValueError(f"{self._path}: not a number of seconds") from None

    def _stat(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino
