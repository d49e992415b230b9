"""Whole processes of ours: started as a merchant starts them, told to stop as an operator's machine does it.

Nothing of the developer's `.env` or `var/` reaches them, and nothing of theirs stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
PATIENCE = 60  # seconds until something has started; only a failing test waits so long
STOPS_WITHIN = 10  # seconds after SIGTERM, as the contract says

KEYS = {
    "SECRET_KEY": "a-secret-key-of-the-journeys-0123456789",
    "ENCRYPTION_KEYS": "sS0hVd7Yk7e0Qq0jJ3lV6m2m3r5m8m1b7t7n0yK1x2E=",
    "ORDER_API_SECRET": "order-secret-of-the-journeys",
    "WECOM_CORP_ID": "ww0123456789abcdef",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "secret-of-the-app-0123456789abcdefghijklmnopq",
    "WECOM_TOKEN": "TokenOfTheJourneys",
    "WECOM_AES_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "WECOM_OPERATORS": "boss",
    "WECOM_ROBOT_KEYS": "robot-of-the-journeys",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **given: str) -> dict[str, str]:
    """The variables of a fresh installation: what `.env` may hold here is blanked, and blank counts as unset."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    blank = dict.fromkeys(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE), "")
    machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"VAR_DIR": str(folder / "var"), "CLOCK_FILE": str(folder / "clock"), "no_proxy": "*"}
    return {**machine, **blank, **ours, **given}


def wednesday_morning(folder: Path) -> None:
    """Set the clock of the processes in `folder` to the next Wednesday but one at ten in the morning, in Shanghai.

    Weeks, schedules and holds then fall as the journeys tell them, whatever day the tests run on.
    """
    today = datetime.now(SHANGHAI)
    day = today.date() + timedelta(days=7 + (2 - today.weekday()) % 7)
    ahead = datetime.combine(day, time_of_day(10), tzinfo=SHANGHAI).astimezone(UTC) - datetime.now(UTC)
    (folder / "clock").write_text(f"{ahead.total_seconds():.3f}\n", encoding="ascii")


def until(reached: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Ask again and again, between processes there is no event to wait on; the first answer that is not empty."""
    give_up_at = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < give_up_at, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


class Process:
    """One process and its log, which is JSON lines on stderr."""

    def __init__(self, command: Iterable[str | Path], env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=env,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,  # a group of its own, so that `end` reaches what it forks
            )

    def says(self, words: str) -> str:
        """Read what it prints until a line holds `words`, and return all of it."""
        assert self._process.stdout is not None
        told = ""
        for line in self._process.stdout:
            told += line
            if words in line:
                return told
        raise AssertionError(f"it ended with {self._process.wait(5)} without {words!r}:\n{told}\n{self.tail()}")

    def serves(self, url: str) -> None:
        def reached() -> bool:
            assert self._process.poll() is None, f"it ended with {self._process.returncode}:\n{self.tail()}"
            return answers(url)

        until(reached, url)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send the signal; the exit code and how many seconds it took."""
        started = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(STOPS_WITHIN + 20)
        return code, time.monotonic() - started

    def end(self) -> None:
        """Whatever the test left: the process and what it forked, which outlive it when it is killed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def logged(self) -> list[dict[str, Any]]:
        """Its log; a line that is not JSON fails."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line.strip()]

    def tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-20:])
