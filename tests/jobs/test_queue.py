"""The task queue: in this process, over Redis, and what happens when a task or Redis fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.queue import Queue, Sweeper, every

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def working(queue: Queue) -> Iterator[Queue]:
    queue.start()
    try:
        yield queue
    finally:
        queue.stop()


class Calls:
    """A handler that remembers its arguments, and fails for as long as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.seen: list[tuple[object, ...]] = []
        self._failures = failures
        self._changed = threading.Condition()

    def __call__(self, *args: object) -> None:
        with self._changed:
            self.seen.append(args)
            self._changed.notify_all()
            self._failures -= 1
            if self._failures >= 0:
                raise RuntimeError("told to fail")

    def wait_for(self, count: int, timeout_seconds: float = 20) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, timeout_seconds), self.seen


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_a_task_runs_in_another_thread_with_its_arguments() -> None:
    ran_in: list[threading.Thread] = []
    calls = Calls()

    def handler(*args: object) -> None:
        ran_in.append(threading.current_thread())
        calls(*args)

    with working(Queue(None, {"send": handler})) as queue:
        assert queue.enqueue("send", 17, "wecom:lisi")
        calls.wait_for(1)
    assert calls.seen == [(17, "wecom:lisi")]
    assert ran_in[0] is not threading.current_thread()


def test_what_was_asked_for_before_the_start_runs_after_it() -> None:
    calls = Calls()
    queue = Queue(None, {"send": calls})
    queue.enqueue("send", 1)
    assert calls.seen == []
    with working(queue):
        calls.wait_for(1)


def test_a_task_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls = Calls(failures=1)
    with working(Queue(None, {"send": calls})) as queue:
        queue.enqueue("send", 17)
        calls.wait_for(2)
    assert calls.seen == [(17,), (17,)]
    (failure,) = [record for record in caplog.records if record.name == "jobs.queue"]
    assert (failure.event, failure.task, failure.row) == ("task.failed", "send", 17)  # type: ignore[attr-defined]


def test_a_task_that_always_fails_is_given_up_to_the_sweep_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.queue._RETRY_AFTER_MS", 10)
    calls = Calls(failures=99)
    with working(Queue(None, {"send": calls})) as queue:
        queue.enqueue("send", 17)
        queue.wait_until_idle()
        assert len(calls.seen) == 3
        assert queue._sending.dead_letters == []  # type: ignore[attr-defined]


def test_a_task_without_a_handler_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        Queue(None, {}).enqueue("send", 1)


def test_stopping_finishes_the_task_under_way_and_leaves_no_thread() -> None:
    before = threads()
    begun, finish = threading.Event(), threading.Event()
    done: list[int] = []

    def slow(number: int) -> None:
        begun.set()
        finish.wait(10)
        done.append(number)

    queue = Queue(None, {"slow": slow})
    closed: list[str] = []
    queue.on_stop(lambda: closed.append("closed"))
    queue.start()
    queue.enqueue("slow", 1)
    assert begun.wait(10)
    threading.Timer(0.05, finish.set).start()
    queue.stop()
    assert done == [1]
    assert closed == ["closed"]
    assert threads() <= before


def test_over_redis_a_task_runs_where_the_queue_is_worked(redis_url: str) -> None:
    calls = Calls()
    asking = Queue(redis_url, {"send": Calls()})
    with working(Queue(redis_url, {"send": calls})):
        assert asking.enqueue("send", 17)
        calls.wait_for(1)
    asking.stop()


@contextmanager
def silent_server() -> Iterator[str]:
    """Something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def refusing_server() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"redis://127.0.0.1:{port}/0"


def test_an_unreachable_redis_delays_nobody_and_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    with silent_server() as silent:
        for url in (refusing_server(), silent):
            queue = Queue(url, {"send": Calls()})
            begun = time.monotonic()
            assert [queue.enqueue("send", number) for number in range(20)] == [False] * 20
            assert time.monotonic() - begun < 0.9
            queue.stop()
    assert [record.event for record in caplog.records] == ["queue.unreachable"] * 2  # type: ignore[attr-defined]


def test_without_redis_there_is_nothing_for_another_process_to_work_on() -> None:
    with pytest.raises(ValueError, match="REDIS_URL"):
        Queue(None, {}).worker_broker()


WORKER_APP = """
import os, sys
from jobs.queue import Queue, announce_worker

def work(number):
    with open("done", "a") as file:
        file.write(f"{number}\\n")

def start():
    if os.environ.get("WRONG"):
        print("PORT: is wrong; mend it", file=sys.stderr)
        sys.exit(2)
    queue = Queue(os.environ.get("REDIS_URL"), {"work": work})
    queue.on_stop(lambda: open("stopped", "w").close())
    return queue

announce_worker(start)
open("imported", "w").close()
"""


@contextmanager
def dramatiq_command(folder: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """`dramatiq app`, as in production, on a small module."""
    (folder / "app.py").write_text(WORKER_APP, encoding="utf-8")
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "dramatiq"), "app", "--processes", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def eventually(true: Callable[[], bool], timeout_seconds: float = 60) -> None:
    """What another process does gives no event to wait on here."""
    until = time.monotonic() + timeout_seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.journey
def test_the_dramatiq_command_finds_the_queue_and_stops_cleanly(tmp_path: Path, redis_url: str) -> None:
    asking = Queue(redis_url, {"work": Calls()})
    asking.enqueue("work", 7)
    asking.stop()
    with dramatiq_command(tmp_path, REDIS_URL=redis_url) as process:
        eventually((tmp_path / "done").exists)
        assert (tmp_path / "done").read_text(encoding="utf-8") == "7\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert (tmp_path / "stopped").exists()


@pytest.mark.journey
def test_settings_that_are_wrong_end_the_dramatiq_command_with_their_sentence(tmp_path: Path) -> None:
    with dramatiq_command(tmp_path, WRONG="1") as process:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
    assert "PORT: is wrong; mend it" in said.splitlines()
    assert "Traceback" not in said


@pytest.mark.journey
def test_the_dramatiq_command_without_redis_says_what_is_missing(tmp_path: Path) -> None:
    with dramatiq_command(tmp_path, REDIS_URL="") as process:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
    assert any(line.startswith("REDIS_URL: it is not set") for line in said.splitlines())
    assert "Traceback" not in said
    assert (tmp_path / "stopped").exists()


def test_importing_the_app_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(WORKER_APP, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WRONG": "1"}
    subprocess.run([sys.executable, "-c", "import app"], cwd=tmp_path, env=env, check=True, timeout=30)
    assert (tmp_path / "imported").exists()


def test_a_sweep_goes_on_after_a_failure_and_ends_when_told(caplog: pytest.LogCaptureFixture) -> None:
    before = threads()
    calls = Calls(failures=1)
    sweeper = Sweeper("outbox", 0.01, calls)
    sweeper.start()
    calls.wait_for(3)
    sweeper.stop()
    assert threads() <= before
    (failure,) = caplog.records
    assert (failure.event, failure.sweep) == ("sweep.failed", "outbox")  # type: ignore[attr-defined]


def test_a_sweep_that_is_stopped_does_not_wait_its_time_out() -> None:
    stop = threading.Event()
    begun = time.monotonic()
    every(60, stop.set, stop)
    assert time.monotonic() - begun < 5


def test_a_sweeper_that_never_started_can_be_stopped() -> None:
    Sweeper("outbox", 60, lambda: None).stop()
