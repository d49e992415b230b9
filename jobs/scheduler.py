"""Jobs of the clock: which there are, and the one process that starts them.

A job asks the database what is due, so it may run late or twice. The scheduler only looks, once a second, whether a
due moment of its cron lies between what was last done (`job_state.done_until`) and now. "Now" is the injected clock,
which a demo can move by days; so what was missed, by being off or by a jump, is caught up. APScheduler only beats.

One scheduler works and the others wait: it holds a lease in the row `scheduler` of `job_state`, by the system's clock,
and renews it; when it dies another has it within LEASE_SECONDS. Should two work for a moment, nothing is done twice.

`python -m jobs.scheduler` runs one.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from domain.cron import Cron
from models.base import Sessions
from models.message import JobState

LEASE_SECONDS = 6.0
_BEAT_SECONDS = 1.5
_LOOK_SECONDS = 1.0
_REST_AFTER_FAILURE_SECONDS = 30.0
_ROW = "scheduler"

log = logging.getLogger(__name__)

Summary = dict[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is due by a cron.

    function  is given the moment at which it was due and does what is due by then; its counts are logged and shown
    catch_up  of several missed moments: `each` one after the other, or the `latest` alone
    """

    name: str
    title: str
    cron: Cron
    function: Callable[[datetime], Summary]
    catch_up: Literal["each", "latest"] = "latest"


@dataclass(frozen=True, slots=True)
class Listed:
    """A job as `flask job list` shows it; `done_until` is None before a scheduler has seen it."""

    name: str
    title: str
    cron: str
    done_until: datetime | None
    next_at: datetime


class UnknownJob(LookupError):
    """No job has this name."""


class Scheduler:
    """Runs `jobs` when they are due. `clock` says what time it is for jobs; the lease goes by the system's."""

    def __init__(self, sessions: Sessions, jobs: Sequence[Job], clock: Callable[[], datetime]) -> None:
        self._sessions, self._clock = sessions, clock
        self._jobs = {job.name: job for job in jobs}
        self._me = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._rest_until = dict.fromkeys(self._jobs, 0.0)
        self._working: dict[str, bool] = {}
        self._idle = threading.Condition()
        self._apscheduler: BackgroundScheduler | None = None
        self.holding = threading.Event()  # set while this scheduler has the lease
        self.stopping = threading.Event()  # a long job may look at it and leave the rest for the next time

    # By hand

    def run(self, name: str, as_of: datetime) -> Summary:
        """Run one job now, as if it were due at `as_of`. Raises UnknownJob."""
        if name not in self._jobs:
            raise UnknownJob(name)
        return self._jobs[name].function(as_of)

    def list(self) -> list[Listed]:
        """Every job, with what was done last and when it comes next."""
        with self._sessions.reading() as session:
            rows = session.execute(select(JobState.name, JobState.done_until))
            done = {row.name: row.done_until for row in rows}
        now = self._clock()
        return [
            Listed(job.name, job.title, job.cron.text, done.get(job.name), job.cron.following(done.get(job.name, now)))
            for job in self._jobs.values()
        ]

    # By the clock

    def start(self) -> None:
        """Begin to look, in threads of this process; a first beat is made before this returns."""
        self._beat()
        # a look that comes late is still made (APScheduler would drop it a second later), once for all that were missed
        always = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        pool = ThreadPoolExecutor(len(self._jobs) + 1)
        self._apscheduler = BackgroundScheduler(executors={"default": pool}, job_defaults=always, timezone=UTC)
        self._apscheduler.add_job(self._beat, "interval", seconds=_BEAT_SECONDS)
        for job in self._jobs.values():
            self._apscheduler.add_job(
                self._look, "interval", [job], seconds=_LOOK_SECONDS, next_run_time=datetime.now(UTC)
            )
        self._apscheduler.start()

    def stop(self, timeout_seconds: float = 8) -> bool:
        """Start nothing more, wait for jobs under way, give the lease up. False where a job was still at work."""
        self.stopping.set()
        if self._apscheduler is not None:
            self._apscheduler.shutdown(wait=False)
            self._apscheduler = None
        with self._idle:
            finished = self._idle.wait_for(lambda: not any(self._working.values()), timeout_seconds)
        if self.holding.is_set():
            self._release()
        return finished

    def _look(self, job: Job) -> None:
        """Run what is due of one job, if this scheduler holds the lease."""
        with self._idle:
            if self.stopping.is_set() or not self.holding.is_set() or time.monotonic() < self._rest_until[job.name]:
                return
            self._working[job.name] = True
        try:
            for due_at in self._due(job):
                if self.stopping.is_set() or not self.holding.is_set():
                    return
                self._run_due(job, due_at)
        except Exception:  # the job loop: the next look tries again
            self._rest_until[job.name] = time.monotonic() + _REST_AFTER_FAILURE_SECONDS
            log.exception("a job failed", extra={"event": "job.failed", "job": job.name})
        finally:
            with self._idle:
                self._working[job.name] = False
                self._idle.notify_all()

    def _due(self, job: Job) -> Sequence[datetime]:
        now = self._clock()
        with self._sessions.reading() as session:
            done_until = session.scalar(select(JobState.done_until).where(JobState.name == job.name))
        if done_until is None:
            self._begin(job.name, now)
            return []
        if job.catch_up == "each":
            return list(job.cron.between(done_until, now))
        latest = job.cron.latest(done_until, now)
        return [latest] if latest else []

    def _run_due(self, job: Job, due_at: datetime) -> None:
        begun = time.monotonic()
        summary = job.function(due_at)
        with self._sessions.writing() as session:
            row = update(JobState).where(JobState.name == job.name, JobState.done_until < due_at)
            session.execute(row.values(done_until=due_at, beat_at=self._clock()))
        seconds = round(time.monotonic() - begun, 3)
        ids = {"event": "job.done", "job": job.name, "due_at": due_at.isoformat(), "seconds": seconds}
        log.info("a job is done", extra=ids | {"summary": summary})

    def _begin(self, name: str, now: datetime) -> None:
        """The row of a job (or of the lease) that is seen for the first time: nothing before now is owed."""
        try:
            with self._sessions.writing() as session:
                session.add(JobState(name=name, done_until=now))
        except IntegrityError:
            return  # another process was first, with the same row

    # The lease

    def _beat(self) -> None:
        try:
            held = self._take()
        except Exception:  # without the database there is no lease; the next beat tries again
            log.exception("the scheduler cannot reach the database", extra={"event": "scheduler.unreachable"})
            held = False
        if held != self.holding.is_set():
            said = "scheduler.working" if held else "scheduler.waiting"
            log.info("the scheduler works" if held else "another scheduler works", extra={"event": said})
        if held:
            self.holding.set()
        else:
            self.holding.clear()

    def _take(self) -> bool:
        """Take the lease if it is free, or renew it."""
        now = datetime.now(UTC)
        mine = or_(JobState.holder.is_(None), JobState.holder == self._me, JobState.held_until < now)
        beat = update(JobState).where(JobState.name == _ROW, mine)
        lease = {"holder": self._me, "held_until": now + timedelta(seconds=LEASE_SECONDS), "beat_at": self._clock()}
        for _ in range(2):
            with self._sessions.writing() as session:
                if session.execute(beat.values(**lease)).rowcount:  # type: ignore[attr-defined]
                    return True
                if session.scalar(select(JobState.id).where(JobState.name == _ROW)) is not None:
                    return False
            self._begin(_ROW, self._clock())
        return False

    def _release(self) -> None:
        with self._sessions.writing() as session:
            mine = update(JobState).where(JobState.name == _ROW, JobState.holder == self._me)
            session.execute(mine.values(holder=None, held_until=None))
        self.holding.clear()


def serve(scheduler: Scheduler) -> int:
    """Run until SIGTERM or SIGINT; the process's exit code. Jobs under way get 8 s, then the process ends without them:
    a job that is cut off is taken up again where it stood.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    scheduler.start()
    told.wait()
    if not scheduler.stop():
        logging.shutdown()
        os._exit(0)  # the job's thread would hold the interpreter up
    return 0


def main() -> int:
    """The process of `python -m jobs.scheduler`. Wiring is app.py's, which only an entry point may import."""
    from app import run_scheduler

    return int(run_scheduler())


if __name__ == "__main__":
    sys.exit(main())
