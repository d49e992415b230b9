"""How long `flask plan simulate` takes and the most memory it holds, both of its processes together.

The command runs as a merchant runs it, in a process of its own, on the orders that bench.fill has loaded; what is
measured is the whole of it, the interpreter's start included. The draft is a hybrid of five levels whose rates depend
on levels, steps and conditions (bench.engine): every order asks for counts.

The seconds are those of the clock, so they hold only where both cores are free; processor time is told beside them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.engine import PLAN
from bench.fill import SPAN, Past
from bench.scratch import Scratch

ROOT = Path(__file__).resolve().parent.parent
LOOKS_EVERY = 0.1


@dataclass(frozen=True)
class Simulated:
    seconds: float
    processor_seconds: float
    peak_mb: float


def measure(scratch: Scratch, past: Past) -> Simulated:
    draft = scratch.folder / "draft.yaml"
    draft.write_text(PLAN.replace("GIFT", "GIFT-BOX"), encoding="utf-8")
    today = datetime.now(UTC).date()
    span = ["--from", str(today - SPAN - timedelta(days=2)), "--to", str(today + timedelta(days=1))]
    flask = [sys.executable, "-m", "flask", "--app", "app", "plan", "simulate", str(draft), *span, "--json"]
    started, before = time.perf_counter(), _children_time()
    with subprocess.Popen(
        flask, cwd=ROOT, env=os.environ | scratch.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        watch = _Watch(process.pid)
        out, said = process.communicate()
        peak = watch.end()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"the command was refused: {said.decode()}{out.decode()}")
    found = json.loads(out)["orders"]["count"]
    if found != past.orders:
        raise RuntimeError(f"{found} orders were replayed of {past.orders}")
    return Simulated(seconds, _children_time() - before, peak)


def _children_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Watch:
    """The most that a process and its children hold at one moment; what they share counts once (PSS)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(LOOKS_EVERY):
            self._peak = max(self._peak, sum(_held_mb(pid) for pid in (self._pid, *_children(self._pid))))

    def end(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _held_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
