"""Jobs of the clock: what is due runs once, what was missed is caught up, one scheduler works and the others wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.cron import Cron
from domain.periods import SHANGHAI
from jobs import scheduler as module
from jobs.scheduler import Job, Scheduler, UnknownJob
from models.message import JobState
from tests.support.databases import Database

ROOT = Path(__file__).resolve().parent.parent.parent
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc,arg-type]


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = shanghai(2026, 1, 1, 12).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now


class Ran:
    """A job's function that remembers for which moments it was called."""

    def __init__(self, failures: int = 0) -> None:
        self.moments: list[datetime] = []
        self._failures = failures
        self._changed = threading.Condition()

    def __call__(self, as_of: datetime) -> dict[str, int]:
        with self._changed:
            self._failures -= 1
            if self._failures >= 0:
                raise RuntimeError("told to fail")
            self.moments.append(as_of)
            self._changed.notify_all()
        return {"settled": 1}

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.moments) >= count, 20), self.moments


def nightly(function: Ran, catch_up: str = "latest") -> Job:
    return Job("settlement", "结算", Cron.parse("0 3 * * *"), function, catch_up)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT_SECONDS", 0.05)
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)


@contextmanager
def running(database: Database, clock: Hand, *jobs: Job) -> Iterator[Scheduler]:
    scheduler = Scheduler(database.sessions, jobs, clock)
    scheduler.start()
    try:
        yield scheduler
    finally:
        assert scheduler.stop()


def known(database: Database, name: str, done_until: datetime) -> None:
    """A scheduler has seen the job before."""
    with database.sessions.writing() as session:
        session.add(JobState(name=name, done_until=done_until))


def state(database: Database, name: str) -> JobState | None:
    with database.sessions.reading() as session:
        return session.scalars(select(JobState).where(JobState.name == name)).one_or_none()


def test_a_job_runs_for_the_moment_at_which_it_was_due(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock, ran = Hand(), Ran()
    known(database, "settlement", clock.now)
    with running(database, clock, nightly(ran)):
        clock.now = shanghai(2026, 1, 2, 3, 7).astimezone(UTC)
        ran.wait_for(1)
    assert ran.moments == [shanghai(2026, 1, 2, 3)]
    after = state(database, "settlement")
    assert after is not None
    assert after.done_until == shanghai(2026, 1, 2, 3)
    (done,) = [record for record in caplog.records if getattr(record, "event", "") == "job.done"]
    assert (done.job, done.summary) == ("settlement", {"settled": 1})  # type: ignore[attr-defined]


@on_sqlite
def test_of_what_a_jump_of_the_clock_missed_the_latest_runs(database: Database) -> None:
    clock, ran = Hand(), Ran()
    known(database, "settlement", clock.now)
    clock.now += timedelta(days=10)
    with running(database, clock, nightly(ran)):
        ran.wait_for(1)
        clock.now += timedelta(days=1)
        ran.wait_for(2)
    assert ran.moments == [shanghai(2026, 1, 11, 3), shanghai(2026, 1, 12, 3)]


@on_sqlite
def test_a_job_that_wants_each_moment_gets_them_in_their_order(database: Database) -> None:
    clock, ran = Hand(), Ran()
    known(database, "settlement", clock.now)
    clock.now += timedelta(days=3)
    with running(database, clock, nightly(ran, "each")):
        ran.wait_for(3)
    assert ran.moments == [shanghai(2026, 1, day, 3) for day in (2, 3, 4)]


@on_sqlite
def test_a_job_that_is_seen_for_the_first_time_owes_nothing(database: Database) -> None:
    clock, ran = Hand(), Ran()
    scheduler = Scheduler(database.sessions, [nightly(ran)], clock)
    assert scheduler._due(nightly(ran)) == []
    clock.now += timedelta(days=1)
    assert scheduler._due(nightly(ran)) == [shanghai(2026, 1, 2, 3)]


@on_sqlite
def test_a_clock_that_is_set_back_repeats_nothing(database: Database) -> None:
    clock, ran = Hand(), Ran()
    known(database, "settlement", clock.now + timedelta(days=30))
    clock.now += timedelta(days=3)
    assert Scheduler(database.sessions, [nightly(ran)], clock)._due(nightly(ran)) == []


@on_sqlite
def test_a_job_that_failed_is_tried_again_for_the_same_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_REST_AFTER_FAILURE_SECONDS", 0.05)
    clock, ran = Hand(), Ran(failures=2)
    known(database, "settlement", clock.now)
    clock.now += timedelta(days=1)
    with running(database, clock, nightly(ran)):
        ran.wait_for(1)
    assert ran.moments == [shanghai(2026, 1, 2, 3)]
    assert [(record.event, record.job) for record in caplog.records if record.levelname == "ERROR"] == [  # type: ignore[attr-defined]
        ("job.failed", "settlement")
    ] * 2


@on_sqlite
def test_a_job_that_fails_holds_up_no_other(database: Database) -> None:
    clock, ran = Hand(), Ran()
    failing = Job("leaderboard", "排行榜", Cron.parse("0 3 * * *"), Ran(failures=99))
    known(database, "settlement", clock.now)
    known(database, "leaderboard", clock.now)
    clock.now += timedelta(days=1)
    with running(database, clock, failing, nightly(ran)):
        ran.wait_for(1)


def test_of_two_schedulers_one_works_and_the_other_follows_when_it_stops(database: Database) -> None:
    clock, first_ran, second_ran = Hand(), Ran(), Ran()
    known(database, "settlement", clock.now)
    first = Scheduler(database.sessions, [nightly(first_ran)], clock)
    first.start()
    with running(database, clock, nightly(second_ran)) as second:
        assert first.holding.is_set()
        assert not second.holding.is_set()
        clock.now += timedelta(days=1)
        first_ran.wait_for(1)
        assert first.stop()  # which gives the lease up, so that nobody waits for it to run out
        assert second.holding.wait(20)
        clock.now += timedelta(days=1)
        second_ran.wait_for(1)
    assert first_ran.moments == [shanghai(2026, 1, 2, 3)]
    assert second_ran.moments == [shanghai(2026, 1, 3, 3)]


SCHEDULER_PROCESS = """
import sys, threading
from datetime import UTC, datetime
from jobs import scheduler as module
from models.base import Sessions, new_engine
module.LEASE_SECONDS = 3
module._BEAT_SECONDS = 0.2
scheduler = module.Scheduler(Sessions(new_engine(sys.argv[1])), [], lambda: datetime.now(UTC))
scheduler.start()
assert scheduler.holding.wait(20)
print("working", flush=True)
threading.Event().wait()
"""


@pytest.mark.journey
def test_a_scheduler_that_is_killed_is_followed_by_another_within_seconds(database: Database) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCHEDULER_PROCESS, database.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "working\n"
        with running(database, Hand()) as waiting:
            assert not waiting.holding.is_set()
            killed.kill()
            assert waiting.holding.wait(20)


@on_sqlite
def test_a_scheduler_that_lost_its_lease_stops_working(database: Database) -> None:
    with running(database, Hand()) as scheduler:
        assert scheduler.holding.is_set()
        with database.sessions.writing() as session:
            lease = session.scalars(select(JobState).where(JobState.name == "scheduler")).one()
            lease.holder, lease.held_until = "another", datetime.now(UTC) + timedelta(hours=1)
        scheduler._beat()
        assert not scheduler.holding.is_set()


@on_sqlite
def test_stopping_waits_for_the_job_under_way(database: Database) -> None:
    clock = Hand()
    begun, finish, done = threading.Event(), threading.Event(), threading.Event()

    def slow(as_of: datetime) -> None:
        begun.set()
        finish.wait(20)
        done.set()

    known(database, "slow", clock.now)
    clock.now += timedelta(days=1)
    scheduler = Scheduler(database.sessions, [Job("slow", "慢", Cron.parse("0 3 * * *"), slow)], clock)
    scheduler.start()
    assert begun.wait(20)
    assert not scheduler.stop(0.05)
    assert scheduler.stopping.is_set()
    finish.set()
    assert scheduler.stop()
    assert done.is_set()


@on_sqlite
def test_the_heartbeat_is_the_clocks(database: Database) -> None:
    clock = Hand()
    with running(database, clock) as scheduler:
        row = state(database, "scheduler")
        assert row is not None
        assert row.beat_at == clock.now
        assert row.held_until is not None
        assert row.held_until > datetime.now(UTC)  # the lease is the system's: a jump of the clock does not end it
        assert scheduler.holding.is_set()
    row = state(database, "scheduler")
    assert row is not None
    assert row.holder is None


@on_sqlite
def test_a_job_runs_by_hand_for_any_moment_and_that_changes_nothing_for_the_clock(database: Database) -> None:
    ran = Ran()
    scheduler = Scheduler(database.sessions, [nightly(ran)], Hand())
    assert scheduler.run("settlement", shanghai(2030, 1, 1)) == {"settled": 1}
    assert ran.moments == [shanghai(2030, 1, 1)]
    assert state(database, "settlement") is None
    with pytest.raises(UnknownJob):
        scheduler.run("settle", shanghai(2030, 1, 1))


@on_sqlite
def test_the_list_says_what_was_done_and_what_comes_next(database: Database) -> None:
    clock = Hand()
    scheduler = Scheduler(database.sessions, [nightly(Ran())], clock)
    (listed,) = scheduler.list()
    assert (listed.name, listed.title, listed.cron) == ("settlement", "结算", "0 3 * * *")
    assert (listed.done_until, listed.next_at) == (None, shanghai(2026, 1, 2, 3))
    known(database, "settlement", shanghai(2026, 1, 2, 3))
    (listed,) = scheduler.list()
    assert (listed.done_until, listed.next_at) == (shanghai(2026, 1, 2, 3), shanghai(2026, 1, 3, 3))


SCHEDULER_APP = """
import sys
from datetime import UTC, datetime
from jobs import scheduler as module
from models.base import Sessions, new_engine

class Loud(module.Scheduler):
    def start(self):
        super().start()
        print("started", flush=True)

def run_scheduler():
    return module.serve(Loud(Sessions(new_engine(sys.argv[1])), [], lambda: datetime.now(UTC)))
"""


@pytest.mark.journey
@on_sqlite
def test_the_module_is_a_process_that_ends_cleanly_on_sigterm(database: Database, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SCHEDULER_APP, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-m", "jobs.scheduler", database.url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    row = state(database, "scheduler")
    assert row is not None
    assert row.holder is None
