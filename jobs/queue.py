"""The task queue: Dramatiq behind one door.

Without Redis tasks run in threads of this process; with Redis they run in `dramatiq app`, on as many machines as
wanted. A task carries the id of a row or the name of a lane, never content; it is idempotent, and the row in the
database is the truth. So nothing here has to be sure: a task that is lost, or that fails three times, is found again
by a sweep.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, Retries

Handler = Callable[..., object]

_QUEUE = "default"
_MAX_RETRIES = 2
_RETRY_AFTER_MS = 1000
_PATIENCE_SECONDS = 0.25  # an enqueue that Redis does not take in this time is left to the sweep
_REST_SECONDS = 1.0  # and for so long the following ones do not even try
_WORKER_PATIENCE_SECONDS = 10

log = logging.getLogger(__name__)


class Queue:
    """Tasks by name. `handlers` are called in a worker thread with the arguments of `enqueue`.

    start(), stop()   work the queue in this process: always without Redis; with Redis where one process does everything
    worker_broker()   what `dramatiq app` works with, see `announce_worker`
    """

    def __init__(self, redis_url: str | None, handlers: Mapping[str, Handler], *, threads: int = 4) -> None:
        self._redis_url, self._handlers, self._threads = redis_url, dict(handlers), threads
        self._worker: dramatiq.Worker | None = None
        self._rest_until = 0.0
        self._closing: list[Callable[[], None]] = []
        self._faults: tuple[type[Exception], ...] = ()
        self._sending = self._redis_broker(redis_url, _PATIENCE_SECONDS) if redis_url else self._own_broker()

    def enqueue(self, name: str, *args: int | str) -> bool:
        """Ask for a task; call it after the commit that made its row. False where Redis did not take it.

        Raises KeyError for a task that has no handler.
        """
        if name not in self._handlers:
            raise KeyError(name)
        if time.monotonic() < self._rest_until:
            return False
        try:
            self._sending.get_actor(name).send(*args)
        except self._faults as fault:
            self._rest_until = time.monotonic() + _REST_SECONDS
            ids = {"event": "queue.unreachable", "task": name, "fault": type(fault).__name__}
            log.warning("redis took no task; the sweep will find it", extra=ids)
            return False
        return True

    def start(self) -> None:
        """Work the queue in threads of this process."""
        if self._worker is None:
            broker = self.worker_broker() if self._redis_url else self._sending
            self._worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=self._threads)
            self._worker.start()

    def stop(self, timeout_seconds: float = 8) -> None:
        """Finish the tasks under way and end the threads; what still waits is left to the sweep."""
        if self._worker is not None:
            self._worker.stop(timeout=int(timeout_seconds * 1000))
            if self._worker.broker is not self._sending:
                self._worker.broker.close()
            self._worker = None
        self._sending.close()
        while self._closing:
            self._closing.pop()()

    def on_stop(self, close: Callable[[], None]) -> None:
        """Call `close` once the queue has stopped: a worker process of `dramatiq app` has no other end."""
        self._closing.append(close)

    def wait_until_idle(self, timeout_seconds: float = 10) -> None:
        """For tests, without Redis: until every task has run, its retries included."""
        assert isinstance(self._sending, StubBroker)  # noqa: S101
        self._sending.join(_QUEUE, timeout=int(timeout_seconds * 1000), fail_fast=False)

    def worker_broker(self) -> dramatiq.Broker:
        """A broker for a worker, patient where `enqueue` is not. Raises ValueError without Redis."""
        if not self._redis_url:
            raise ValueError("without REDIS_URL tasks run inside the app")
        return self._redis_broker(self._redis_url, _WORKER_PATIENCE_SECONDS)

    def _redis_broker(self, url: str, patience_seconds: float) -> dramatiq.Broker:
        from jobs import redis_broker

        self._faults = redis_broker.FAULTS
        return self._declared(redis_broker.broker(url, patience_seconds, _middleware()))

    def _own_broker(self) -> dramatiq.Broker:
        return self._declared(StubBroker(middleware=[*_middleware(), _Forget()]))

    def _declared(self, broker: dramatiq.Broker) -> dramatiq.Broker:
        for name, handler in self._handlers.items():
            dramatiq.actor(actor_name=name, queue_name=_QUEUE, broker=broker)(_careful(name, handler))
        return broker


def announce_worker(start: Callable[[], Queue]) -> None:
    """Say what `dramatiq app` works on; call it where `app` is imported, it does nothing yet.

    Dramatiq's command imports the module and takes the global broker. Gunicorn and tests import the module too, so the
    global broker only stands in: `start` is called when a worker process boots, and its Queue's broker takes over.
    """
    dramatiq.set_broker(_StandIn(start))  # type: ignore[arg-type]


class Sweeper:
    """Calls `sweep` every so many seconds in a thread of its own, until stopped. A sweep that fails is logged."""

    def __init__(self, name: str, seconds: float, sweep: Callable[[], object]) -> None:
        self._name, self._seconds, self._sweep = name, seconds, sweep
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sweep-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 5) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        every(self._seconds, self._sweep, self._stop, name=self._name)


def every(seconds: float, do: Callable[[], object], stop: threading.Event, *, name: str = "sweep") -> None:
    """Call `do` at once and then every so many seconds, until `stop` is set; a failure is logged and not the end."""
    while not stop.is_set():
        try:
            do()
        except Exception:  # the loop outlives whatever one round met
            log.exception("a sweep failed", extra={"event": "sweep.failed", "sweep": name})
        stop.wait(seconds)


def _careful(name: str, handler: Handler) -> Handler:
    """The handler, its failure logged once and turned into a retry that carries no text of the exception."""

    def task(*args: int | str) -> None:
        try:
            handler(*args)
        except Exception as fault:  # the worker's loop
            log.exception(
                "a task failed", extra={"event": "task.failed", "task": name, "row": args[0] if args else None}
            )
            raise dramatiq.errors.Retry(type(fault).__name__) from None

    return task


def _middleware() -> list[Middleware]:
    return [Retries(max_retries=_MAX_RETRIES, min_backoff=_RETRY_AFTER_MS, max_backoff=10_000)]


class _Forget(Middleware):
    """The in-process broker keeps every task that failed for good, for tests to look at; a long-lived one must not."""

    def after_nack(self, broker: Any, message: Any) -> None:
        for letters in broker.dead_letters_by_queue.values():
            letters.clear()


class _StandIn:
    """A global broker that is made when Dramatiq's worker process first uses it."""

    def __init__(self, start: Callable[[], Queue]) -> None:
        self._start = start
        self._queue: Queue | None = None
        self._broker: dramatiq.Broker | None = None

    def __getattr__(self, name: str) -> Any:
        if self._broker is None:
            self._queue = self._start()
            try:
                self._broker = self._queue.worker_broker()
            except ValueError as fault:
                self._queue.stop()
                sys.stderr.write(f"REDIS_URL: it is not set, and {fault}; set it for the app and its workers\n")
                raise SystemExit(2) from None
            dramatiq.set_broker(self._broker)
        return getattr(self._broker, name)

    def close(self) -> None:
        """The worker process ends."""
        if self._broker is not None and self._queue is not None:
            self._broker.close()
            self._queue.stop()
