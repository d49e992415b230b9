"""Where the simulator's facts survive a restart: one SQLite file of JSON values and blobs, or nothing at all."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS blob (key TEXT PRIMARY KEY, data BLOB NOT NULL);
"""


class Store:
    """Facts by kind and key. Without a path every call is a no-op: the caller's memory is all there is."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")  # a toy enterprise: a power cut may cost the last bubbles
            self._db.executescript(SCHEMA)

    def save(self, kind: str, key: str | int, value: Any) -> None:
        self._run("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", (kind, str(key), json.dumps(value)))

    def load(self, kind: str) -> list[Any]:
        """All values of a kind, in the order of their last save."""
        rows = self._run("SELECT value FROM fact WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(value) for (value,) in rows]

    def save_blob(self, key: str, data: bytes) -> None:
        self._run("INSERT OR REPLACE INTO blob VALUES (?, ?)", (key, data))

    def load_blob(self, key: str) -> bytes | None:
        rows = self._run("SELECT data FROM blob WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def clear(self) -> None:
        self._run("DELETE FROM fact", ())
        self._run("DELETE FROM blob", ())

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _run(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            if self._db is None:
                return []
            return self._db.execute(sql, values).fetchall()
