"""What becomes of a row when its call has come to something: written down, followed up, told.

Raises   what the database raises
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from bot.outbox import announcement, lanes, pauses
from bot.outbox.chats import Chats
from bot.outbox.contact import Contacts
from bot.outbox.pictures import Pictures
from bot.outbox.task import Task
from bot.outbox.verdict import GivenUp, Later, Park, Sent, Stop, Verdict
from bot.wecom.token import Clock
from models.message import Outbox

log = logging.getLogger(__name__)

LEARNT = {"lookup_name": "name", "lookup_union": "union"}  # what a look-up brings that is personal


class Outcome:
    """chats and shelves are those of each scope; the rest is as the sender is given it."""

    def __init__(
        self,
        *,
        clock: Clock,
        chats: Mapping[str, Chats],
        contacts: Contacts | None,
        shelves: Mapping[str, Pictures],
        on_name: Callable[[Session, str, str], None],
        operators: Callable[[Session], Iterable[str]],
        say: Callable[[pauses.Stopped], str],
    ) -> None:
        self._clock, self._chats, self._contacts, self._shelves = clock, chats, contacts, shelves
        self._on_name, self._operators, self._say = on_name, operators, say

    def chat(self, lane: str) -> Chats | None:
        """Whose rules the lane's messages follow; None for one of the app and of a robot."""
        kind = self._chats.get(pauses.scope_of(lane))
        return kind if kind is not None and lane.startswith(kind.prefix) else None

    def record(self, session: Session, task: Task, verdict: Verdict, *, held: bool) -> None:
        """Write the verdict. A success is true whoever holds the lane now; anything else is the holder's to say."""
        now = self._clock()
        row = session.get_one(Outbox, task.id)
        ours = held and row.attempts == task.seen and row.state == ("sending" if task.ready else "waiting")
        if not ours and not isinstance(verdict, Sent):
            return  # another sender took the lane over and has tried the row since
        if task.probe and not isinstance(verdict, Stop | Later):
            pauses.lift(session, pauses.scope_of(task.lane))
        if isinstance(verdict, Sent):
            self._sent(session, row, verdict, now)
            return
        if (chat := self.chat(row.lane)) is not None:
            if isinstance(verdict, Park):
                row.fault = verdict.reason[:255]
                chat.park(session, row, verdict, now)
                log.info("outbox row parked", extra={"event": "outbox.parked", "outbox_id": row.id})
                return
            if task.ready and not task.attempt.repeat and not getattr(verdict, "unclear", False):
                chat.give_back(session, row, now)
                row.request = None if isinstance(verdict, Later | Stop) else row.request
        if isinstance(verdict, GivenUp):
            self.give_up(session, row, verdict)
            self._follow(session, row, verdict, now)
        elif not isinstance(verdict, Park):
            self._wait(session, row, task, verdict, now)

    def _sent(self, session: Session, row: Outbox, verdict: Sent, now: datetime) -> None:
        row.state, row.sent_at, row.fault = "sent", now, None
        if self._contacts is not None and row.lane.startswith(lanes.CONTACT):
            self._contacts.sent(session, row, verdict.result, now)
        else:
            row.result = verdict.result
        log.info("outbox row sent", extra={"event": "outbox.sent", "outbox_id": row.id, "attempts": row.attempts})
        if row.kind == "announcement":
            announcement.count(session, row, verdict, now)
        if row.kind in LEARNT:  # itself it is kept where whoever is told of it puts it, only there
            row.result = {"found": bool(verdict.result.get(LEARNT[row.kind]))}
        self._follow(session, row, verdict, now)
        if row.kind != "lookup_name" or not (name := verdict.result.get("name")):
            return
        try:
            with session.begin_nested():
                self._on_name(session, str(row.body["userid"]), name)
        except Exception as fault:
            log.error("name could not be kept", extra={"event": "outbox.name", "outbox_id": row.id, **where(fault)})

    def _follow(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        """What else the chat's kind makes of a row that has come to an end."""
        if (kind := self._chats.get(pauses.scope_of(row.lane))) is None:
            return
        try:
            with session.begin_nested():
                kind.recorded(session, row, verdict, now)
        except Exception as fault:
            log.error("not followed up", extra={"event": "outbox.follow", "outbox_id": row.id, **where(fault)})

    def give_up(self, session: Session, row: Outbox, verdict: GivenUp) -> None:
        row.state, row.fault = "given_up", verdict.reason[:255]
        if row.kind == "announcement":
            announcement.count(session, row, verdict, self._clock())
        if not verdict.unclear:
            row.sent_at = None  # nobody saw it: it does not count against the budget
        facts = {"event": "outbox.given_up", "outbox_id": row.id, "kind": row.kind, "reason": row.fault}
        log.log(logging.ERROR if verdict.loud else logging.WARNING, "outbox row given up", extra=facts)

    def _wait(self, session: Session, row: Outbox, task: Task, verdict: Later | Stop, now: datetime) -> None:
        row.state, row.fault = "waiting", verdict.reason[:255]
        if not task.ready:
            row.attempts += 1  # it was not marked: the try ended before the call
        if isinstance(verdict, Stop):
            row.sent_at, row.due_at = (row.sent_at if task.attempt.repeat else None), now
            pauses.stop(session, pauses.scope_of(row.lane), verdict, now, self._operators, self._say)
            return
        row.due_at = now + verdict.after
        facts = {"event": "outbox.later", "outbox_id": row.id, "attempts": row.attempts, "reason": row.fault}
        log.log(logging.WARNING if row.attempts % 20 == 5 else logging.INFO, "outbox row waits", extra=facts)
        if verdict.unclear:
            row.result = {"unclear": True}
        elif not task.attempt.repeat:
            row.sent_at = None
        if verdict.upload_again:
            row.request, row.result = None, {"uploaded_again": True}
            self._shelves[pauses.scope_of(row.lane)].forget(session, task.request or b"{}")


def where(fault: Exception) -> dict[str, str]:
    """The kind and place of a mistake, without its text: that may hold a name or what was to be said."""
    return {"fault": type(fault).__name__, "trace": "".join(traceback.format_tb(fault.__traceback__)[-4:])}
