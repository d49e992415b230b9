"""Pushes to many people, a text of his own to each: fifty lanes in two transactions instead of a hundred.

It takes only lanes of members in which one text waits, a push that nobody has tried; everything else it leaves to the
sender of single lanes. What that does for one row is done here for all at once, under the same leases: judge, count in
the budgets, number, freeze, call, record. A lease bounds how long a living process may be silent, so calls begin only
within the first half of it; what was not called goes back as it was.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from bot.outbox import lanes, pauses, pushes, wording
from bot.outbox.pushes import Gate
from bot.outbox.task import Task, as_task
from bot.outbox.transaction import transact
from bot.outbox.verdict import GivenUp, Verdict
from bot.wecom.token import Clock
from models.base import Sessions
from models.message import Outbox

MOST = 50
CALLS_WITHIN = lanes.LEASE / 2

Done = tuple[Task, Verdict]


class Batch:
    """work      call for a frozen row, as the sender does; None where it is another's by now
    record    write what came of it
    request   a row and its number → the bytes to send; raises Unsayable
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        clock: Clock,
        wall: Clock,
        gate: Gate,
        stopping: threading.Event,
        work: Callable[[Task, str], Done | None],
        request: Callable[[Outbox, int], bytes],
        record: Callable[..., None],
        give_up: Callable[[Session, Outbox, GivenUp], None],
    ) -> None:
        self._sessions, self._clock, self._wall, self._gate, self._stopping = sessions, clock, wall, gate, stopping
        self._work, self._request, self._record, self._give_up = work, request, record, give_up

    def send(self, names: Sequence[str]) -> list[str]:
        """Send what is for it in these lanes; the lanes that are left to the sender of single ones."""
        me, left = uuid.uuid4().hex, [name for name in names if not name.startswith(lanes.MEMBER)]
        mine = [name for name in names if name.startswith(lanes.MEMBER)]
        for first in range(0, len(mine), MOST):
            some = sorted(mine[first : first + MOST])
            tasks, others = transact(self._sessions, lambda session, some=some: self._pick(session, some, me))
            left += others
            if tasks:
                done = self._call(tasks, me)
                left += transact(self._sessions, lambda session, t=tasks, d=done: self._write(session, t, d, me))
        return left

    # before

    def _pick(self, session: Session, names: list[str], me: str) -> tuple[list[Task], list[str]]:
        """Frozen rows, and the lanes that are not for this."""
        now = self._clock()
        if pauses.find(session, pauses.APP) is not None:
            return [], names  # one of them makes the minute's try
        held = lanes.hold_many(session, names, me, self._wall())
        found = self._single(session, held, now)
        crowded = lanes.full(session, list(found), now)
        rows = [row for name, row in found.items() if name not in crowded and self._gate.admits(session, row, now)]
        most = len(rows)
        if self._gate.spending is not None:
            most = self._gate.spending.take_some(session, most, now)
        tasks = self._freeze(session, rows[:most], now)
        taken = {task.lane for task in tasks}
        session.flush()
        lanes.release_many(session, held - taken, me)
        return tasks, sorted(held - (set(found) - crowded))

    def _single(self, session: Session, held: set[str], now: datetime) -> dict[str, Outbox]:
        """Of lanes in which nothing else is to be done, the one push that is due."""
        unsent = or_(Outbox.state.in_(("waiting", "sending")), and_(Outbox.state == "held", pushes.due(now)))
        by_lane: dict[str, list[Outbox]] = defaultdict(list)
        for row in session.scalars(select(Outbox).where(Outbox.lane.in_(held), unsent).order_by(Outbox.id)):
            by_lane[row.lane].append(row)
        return {name: rows[0] for name, rows in by_lane.items() if len(rows) == 1 and _is_plain(rows[0], now)}

    def _freeze(self, session: Session, rows: list[Outbox], now: datetime) -> list[Task]:
        numbers = lanes.next_numbers(session, [row.lane for row in rows])
        tasks = []
        for row in rows:
            row.number = numbers[row.lane]
            try:
                row.request = self._request(row, row.number).decode()
            except wording.Unsayable as fault:
                self._give_up(session, row, GivenUp(str(fault), loud=True))
                continue
            row.state, row.sent_at, row.fault, row.attempts = "sending", now, None, 1
            tasks.append(as_task(row, now, probe=False))
        return tasks

    # doing it

    def _call(self, tasks: list[Task], me: str) -> list[Done]:
        until, done = time.monotonic() + CALLS_WITHIN.total_seconds(), []
        for task in tasks:
            if time.monotonic() > until or self._stopping.is_set():
                break
            found = self._work(task, me)
            if found is not None:
                done.append(found)
        return done

    # after

    def _write(self, session: Session, tasks: list[Task], done: list[Done], me: str) -> list[str]:
        """Record what was called, give back what was not; the lanes in which something has come meanwhile."""
        now = self._clock()
        names = [task.lane for task in tasks]
        held = lanes.hold_many(session, names, me, self._wall(), new=False)
        rows = {
            row.id: row for row in session.scalars(select(Outbox).where(Outbox.id.in_([task.id for task in tasks])))
        }
        called = {task.id for task, _ in done}
        for task, verdict in done:
            self._record(session, task, verdict, held=task.lane in held)
        for task in tasks:
            row = rows[task.id]
            if task.id not in called and task.lane in held and row.state == "sending" and row.attempts == task.seen:
                row.state, row.request, row.sent_at, row.attempts = "held", None, None, 0
        session.flush()
        more = session.scalars(select(Outbox.lane).where(Outbox.lane.in_(held), _to_do(now)).distinct()).all()
        lanes.release_many(session, held, me)
        return list(more)


def _is_plain(row: Outbox, now: datetime) -> bool:
    """A push in words that nobody has tried."""
    fresh = row.push is not None and row.kind == "text" and row.attempts == 0 and row.request is None
    return fresh and row.state in ("held", "waiting") and (row.state == "held" or row.due_at <= now)


def _to_do(now: datetime) -> ColumnElement[bool]:
    return and_(Outbox.state.in_(("waiting", "held")), Outbox.due_at <= now)
