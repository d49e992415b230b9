"""A real gunicorn with one of our applications, on a free port, ended with the block that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The same for the product and for every floor.
SETTINGS = ("--worker-class", "gthread", "--workers", "1", "--threads", "4", "--keep-alive", "5")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    port: int
    pid: int

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    def peak_mb(self) -> float:
        """The most memory that any worker has held so far, resident, in MB (1,048,576 bytes)."""
        return max(peak_mb(pid) for pid in self.workers())

    def processor_seconds(self) -> float:
        """What the workers have used of the processors so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        found = 0.0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            found += (int(fields[11]) + int(fields[12])) / ticks
        return found


@contextmanager
def gunicorn(application: str, environment: dict[str, str], folder: Path) -> Iterator[Server]:
    """`application` is gunicorn's `module:name`; its log goes to a file in `folder`, shown where it does not start."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        listening.set_inheritable(True)
        port = listening.getsockname()[1]
        said = folder / f"gunicorn-{port}.log"
        command = [sys.executable, "-m", "gunicorn", *SETTINGS, "--bind", f"fd://{listening.fileno()}", application]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with said.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
                stdout=log,
                stderr=log,
                pass_fds=(listening.fileno(),),
            )
    try:
        server = Server(port, process.pid)
        _wait_until_it_answers(server, process, said)
        yield server
    finally:
        _end(process)


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            if line.recv(16).startswith(b"HTTP/1.1 "):
                return
    raise RuntimeError(f"gunicorn did not start:\n{said.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def peak_mb(pid: int) -> float:
    """The most memory that a process has held so far, resident, in MB (1,048,576 bytes)."""
    return _kilobytes(pid, "VmHWM") / 1024


def _kilobytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
