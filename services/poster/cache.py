"""Finished posters on disk, by digest: bounded, oldest use first out, safe for several threads and processes.

The cache may be emptied at any moment. A file appears whole or not at all (written beside and renamed); one that a
crash left short is seen by its missing end and made again.
"""

import contextlib
import os
import tempfile
import threading
import time
from pathlib import Path

END_OF_JPEG = b"\xff\xd9"
STALE_SECONDS = 3600  # an unfinished file that old belongs to nobody
SWEEP_EVERY = 32  # files written by this process between two looks at the folder


class DiskCache:
    """At most `max_bytes` and `max_files`, exceeded by no more than what is written between two sweeps."""

    def __init__(self, folder: Path, max_bytes: int, max_files: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.max_files = max_files
        self._lock = threading.Lock()
        self._since = SWEEP_EVERY  # the first file written looks at what is there
        self._bytes = self._files = 0
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest}.jpg"

    def get(self, digest: str) -> bytes | None:
        """The poster's bytes, now the last to be swept; None where there is none."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
            if not data.endswith(END_OF_JPEG):
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        return data

    def put(self, digest: str, data: bytes) -> Path:
        """Keep the poster, and make room for it if need be."""
        descriptor, unfinished = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        with open(descriptor, "wb") as file:
            file.write(data)
        path = self.path(digest)
        os.replace(unfinished, path)
        with self._lock:
            self._since += 1
            self._bytes += len(data)
            self._files += 1
            if self._since >= SWEEP_EVERY or self._bytes > self.max_bytes or self._files > self.max_files:
                self._sweep(path)
        return path

    def _sweep(self, newest: Path) -> None:
        """Remove what was not used for longest, down to nine tenths of the bounds, and count afresh."""
        kept: list[tuple[float, int, Path]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # another process sweeps too
                    state = entry.stat()
                    if entry.name.endswith(".jpg"):
                        kept.append((state.st_mtime, state.st_size, Path(entry.path)))
                    elif entry.name.endswith(".part") and state.st_mtime < time.time() - STALE_SECONDS:
                        os.unlink(entry.path)
        self._bytes, self._files, self._since = sum(size for _, size, _ in kept), len(kept), 0
        if self._bytes <= self.max_bytes and self._files <= self.max_files:
            return
        for _, size, path in sorted(kept):
            if self._bytes <= self.max_bytes * 0.9 and self._files <= self.max_files * 0.9:
                break
            if path == newest:
                continue
            path.unlink(missing_ok=True)
            self._bytes -= size
            self._files -= 1
