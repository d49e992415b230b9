"""Journeys: whole processes over real HTTP, the simulator in front of them, and people who use both."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from .processes import Process, environment, free_port, wednesday_morning
from .town import Town

Launch = Callable[..., Process]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Start processes; whatever a test leaves running is killed at the end."""
    started: list[Process] = []

    def start(command: Iterable[str | Path], env: dict[str, str], log: Path) -> Process:
        started.append(Process(command, env, log))
        return started[-1]

    yield start
    for process in reversed(started):
        process.end()


class Laptop:
    """`python app.py` with the demo merchant in a folder of its own: everything in one process, on SQLite."""

    def __init__(self, launch: Launch, folder: Path) -> None:
        self._launch, self.folder = launch, folder
        self.town = Town(f"http://127.0.0.1:{(port := free_port())}", f"http://127.0.0.1:{(simulator := free_port())}")
        database = f"sqlite:///{folder / 'shop.db'}"
        ports = {"PORT": str(port), "SIMULATOR_PORT": str(simulator)}
        self.env = environment(folder, DEMO="1", DATABASE_URL=database, **ports)
        self.printed = ""

    def start(self) -> Process:
        """Return when it has said where it is."""
        process = self._launch([sys.executable, "app.py"], self.env, self.folder / "app.log")
        self.printed = process.says("Ctrl+C")
        return process


@pytest.fixture
def laptop(launch: Launch, tmp_path: Path) -> Laptop:
    wednesday_morning(tmp_path)
    return Laptop(launch, tmp_path)
