"""The loop that empties a lane, and the sweep that finds lanes to empty.

Around each call there is a short transaction: before it the row is found, its request frozen and the row marked
`sending`; behind it what came of it is recorded, and the lane's next row found. A row found in `sending` has lost its
sender; it is sent again byte for byte, and WeCom's duplicate check drops it if it was seen. A robot's row is not:
robots have no such check, and whoever dies between the transactions has most likely handed it over.

Raises   what the database raises; the row is found again by the sweep
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.outbox import announcement, lanes, pauses, wording
from bot.outbox import contact as contacts
from bot.outbox.batch import Batch
from bot.outbox.budget import CALL_OF, MESSAGE_SEND
from bot.outbox.chats import Chats, TooLate
from bot.outbox.contact import Contacts
from bot.outbox.due import Due, find_due
from bot.outbox.outcome import Outcome, where
from bot.outbox.pictures import Pictures
from bot.outbox.pushes import SPENT, Gate
from bot.outbox.task import Task, as_task
from bot.outbox.transaction import transact
from bot.outbox.verdict import GivenUp, Sent, Verdict, judge, judge_answer, judge_many
from bot.wecom.client import Client
from bot.wecom.errors import WeComFault
from bot.wecom.token import Clock, machine_time
from models.base import Sessions
from models.message import Outbox

log = logging.getLogger(__name__)

PICTURES = ("poster", "robot_poster")
KINDS = {
    lanes.MEMBER: ("text", "card", "poster", "card_update"),
    lanes.ROBOT: ("robot_text", "robot_poster"),
    lanes.DIRECTORY: ("lookup_name",),
    lanes.OFFICIAL: ("text", "poster"),
    lanes.FOLLOWER: ("lookup_union",),
    lanes.KF: ("text", "menu", "poster", "handover", "hand_back"),
    lanes.CONTACT: contacts.KINDS,
    lanes.GUEST: ("lookup_union", "lookup_state"),
    lanes.PUSH: ("announcement",),
}

T = TypeVar("T")


class Sender:
    """Sends the outbox. Safe to use from several threads, processes and machines at once.

    clock      the program's time; `wall` the machine's, for leases
    robots     lane (robot_lane(key)) → key
    draw       a poster's kind and facts → JPEG or PNG; called outside of transactions
    on_name    told of a member's name in the transaction that records the look-up
    operators  who is told when sending has stopped; `say` words it
    home       the address behind a card that has no buttons and names none
    gate       judges pushes and keeps the app's budget; without one all may go
    client     None without an enterprise; chats: 公众号 and 微信客服, as far as there are; what is for the others waits
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        clock: Clock,
        client: Client | None,
        robots: Mapping[str, str],
        draw: Callable[[str, dict[str, Any]], bytes],
        on_name: Callable[[Session, str, str], None],
        operators: Callable[[Session], Iterable[str]],
        say: Callable[[pauses.Stopped], str],
        agent_id: int,
        home: str = "https://work.weixin.qq.com",
        chats: Iterable[Chats] = (),
        contacts: Contacts | None = None,
        gate: Gate | None = None,
        wall: Clock = machine_time,
    ) -> None:
        self._sessions, self._clock, self._wall = sessions, clock, wall
        self._client, self._robots, self._agent_id, self._home = client, robots, agent_id, home
        self._draw = draw
        self._gate = gate or Gate()
        self._chats = {pauses.scope_of(kind.prefix): kind for kind in chats}
        self._contacts = contacts
        self._shelves = {
            scope: Pictures(sessions, kind.client, owner=kind.owner, clock=clock) for scope, kind in self._chats.items()
        }
        if client is not None:
            self._shelves[pauses.APP] = Pictures(sessions, client, owner=f"wecom:{agent_id}", clock=clock)
        self._outcome = Outcome(
            clock=clock,
            chats=self._chats,
            contacts=contacts,
            shelves=self._shelves,
            on_name=on_name,
            operators=operators,
            say=say,
        )
        self._stopping = threading.Event()
        self._batch = Batch(
            sessions,
            clock=clock,
            wall=wall,
            gate=self._gate,
            stopping=self._stopping,
            work=self._work,
            request=lambda row, number: self._wording(row, number, ""),
            record=self._outcome.record,
            give_up=self._outcome.give_up,
        )

    def stop(self) -> None:
        """Let what is under way end and begin nothing more."""
        self._stopping.set()

    def send_lane(self, name: str) -> None:
        """Send what is due in the lane, in order; return when nothing is, or when another sender is at it."""
        me = uuid.uuid4().hex
        if self._stopping.is_set():
            return
        task = self._transact(lambda session: self._first(session, name, me))
        while task is not None:
            done = self._work(task, me)
            task = self._transact(lambda session, done=done: self._on(session, name, done, me))

    def send_lanes(self, *names: str) -> None:
        """`send_lane` for many: single pushes of them together."""
        if self._stopping.is_set():
            return
        for name in self._batch.send(names) if self._client is not None else names:
            self.send_lane(name)

    def sweep(self, most: int = 400) -> list[str]:
        """Lanes in which something is due and that nobody is sending, those that wait longest first, pushes last."""
        found = self.due()
        return [*found.lanes, *found.pushes][:most]

    def due(self) -> Due:
        """`sweep`, pushes apart: `send_lanes` sends many of them at once."""
        with self._sessions.reading() as session:
            return find_due(session, self._clock(), self._wall(), list(self._robots), self._gate)

    # what to do

    def _first(self, session: Session, name: str, me: str) -> Task | None:
        """Take the lane and find its first task."""
        if not lanes.hold(session, name, me, self._wall()):
            return None
        if self._serves(pauses.scope_of(name)):
            self._gate.open(session, name, self._clock())
        return self._next(session, name, me)

    def _on(self, session: Session, name: str, done: tuple[Task, Verdict] | None, me: str) -> Task | None:
        """Record what came of a task and find the next, in one transaction. `done` None: it is another's by now."""
        held = lanes.hold(session, name, me, self._wall())
        if done is not None:
            self._outcome.record(session, *done, held=held)
            session.flush()
        return self._next(session, name, me) if held else None

    def _next(self, session: Session, name: str, me: str) -> Task | None:
        """The lane's next task, or None: then the lease is given back in the same transaction, so that whoever adds a
        row after it finds the lane free, and whoever added one before it has been seen.
        """
        now = self._clock()
        task = None
        while not self._stopping.is_set() and (row := self._ready_row(session, name, now)) is not None:
            task = self._task(session, row, now)
            if task is not None:
                break
            session.flush()  # the row was given up or held back on the spot: the next one
        if task is None:
            lanes.release(session, name, me)
        return task

    def _ready_row(self, session: Session, name: str, now: datetime) -> Outbox | None:
        scope = pauses.scope_of(name)
        if not self._serves(scope):
            return None
        pause = pauses.find(session, scope)
        if pause is not None and pauses.waits(pause, now):
            return None
        row = session.scalar(lanes.orphan(name)) or self._waiting(session, name, now)
        if row is None:
            return None
        if row.state == "waiting" and not lanes.is_due(row, now):
            lanes.hold_back(session, name, row.due_at, "behind an earlier one")
            return None
        if row.state == "waiting" and row.kind in lanes.MESSAGES:
            free_at = lanes.free_at(session, name, now)
            if free_at > now:
                lanes.hold_back(session, name, free_at, "beyond the rate limit")
                lanes.merge(session, name, free_at)
                return None
        late = self._contacts is not None and self._contacts.is_late(row, now)
        if pause is not None and not late and not pauses.claim_probe(session, pause.scope, now):
            return None
        return row

    def _serves(self, scope: str) -> bool:
        """Whether there is something to send it with."""
        if scope == pauses.CUSTOMERS:
            return self._contacts is not None
        return scope in self._chats or (self._client is not None and scope not in (pauses.ACCOUNT, pauses.SERVICE))

    def _waiting(self, session: Session, name: str, now: datetime) -> Outbox | None:
        """The next that may go; where nothing else waits, what has been held until now."""
        while True:
            row = session.scalar(lanes.head(name, now))
            if row is None and self._gate.open(session, name, now):
                continue
            if row is None and name.startswith(lanes.PUSH):
                row = announcement.next_row(session, name, self._gate, now)
            if row is None or self._gate.lets(session, row, now):
                return row

    def _task(self, session: Session, row: Outbox, now: datetime) -> Task | None:
        """The row in work; None where it is given up or held back at once."""
        refusal = self._refusal(row, now) or _without_code(session, row)
        if refusal is None and self._contacts is not None and row.lane.startswith(lanes.CONTACT):
            refusal = self._contacts.refusal(session, row, now)
        if refusal is None and (reason := self._parking(session, row, now)) is not None:
            row.state, row.fault = "parked", reason
            return None
        if refusal is None and (row.kind not in PICTURES or row.request is not None):
            if not self._afford(session, row, now):
                return None
            refusal = self._freeze(session, row, now, "")
        if refusal is not None:
            self._outcome.give_up(session, row, refusal)
            return None
        probe = pauses.find(session, pauses.scope_of(row.lane)) is not None
        return as_task(row, now, probe=probe)

    def _afford(self, session: Session, row: Outbox, now: datetime) -> bool:
        """Count the call in the app's budget; False where there is no room for it: then it waits."""
        if self._gate.spending is None or pauses.scope_of(row.lane) != pauses.APP:
            return True
        people = len(row.body["to"]) if row.kind == "announcement" else int(row.kind in lanes.MESSAGES)
        free_at = self._gate.spending.take(
            session,
            CALL_OF.get(row.kind, MESSAGE_SEND),
            now,
            people=people,
            push=row.push is not None,
            anyway=row.state == "sending",  # it has been handed over once; what became of it must be asked
        )
        if free_at is None:
            return True
        if row.push is None:
            lanes.hold_back(session, row.lane, min(free_at, now + lanes.LONGEST_HOLD), SPENT)
            return False
        self._gate.hold(row, free_at, SPENT)
        if row.kind == "announcement":
            announcement.put_off(session, row.lane, free_at)
        return False

    def _parking(self, session: Session, row: Outbox, now: datetime) -> str | None:
        """Why the row has to wait for its receiver."""
        chat = self._outcome.chat(row.lane)
        return chat.parking(session, row, now) if chat is not None and row.state == "waiting" else None

    def _refusal(self, row: Outbox, now: datetime) -> GivenUp | None:
        """Why the row cannot even be tried."""
        if row.kind not in next((kinds for prefix, kinds in KINDS.items() if row.lane.startswith(prefix)), ()):
            return GivenUp(f"no {row.kind} goes to {row.lane.partition(':')[0]}", loud=True)
        if row.lane.startswith(lanes.ROBOT) and row.lane not in self._robots:
            return GivenUp("the robot is not configured any more")
        chat = self._outcome.chat(row.lane)
        if row.state != "sending" or (chat is None and not row.lane.startswith(lanes.ROBOT)):
            return None
        if chat is not None and chat.repeats(row, now):
            return None
        return GivenUp("the sender was lost; not repeated, it would be seen twice", unclear=True)

    def _freeze(self, session: Session, row: Outbox, now: datetime, media_id: str) -> GivenUp | None:
        """Fix the bytes for all tries and mark the row `sending`; a refusal where there is nothing to send."""
        if (chat := self._outcome.chat(row.lane)) is not None:
            if row.request is None:
                try:
                    row.request = chat.request(session, row, now, media_id)
                except wording.Unsayable as fault:
                    return GivenUp(str(fault), loud=not isinstance(fault, TooLate))
        elif row.kind in ("text", "card", "poster", "announcement") and row.request is None:
            row.number = self._number(session, row)
            try:
                request = self._wording(row, row.number, media_id)
            except wording.Unsayable as fault:
                return GivenUp(str(fault), loud=True)
            row.request = request.decode()
        if row.state == "sending":
            row.result = {**(row.result or {}), "unclear": True}  # the sender before us may have handed it over
        row.state, row.sent_at = "sending", now  # counts against the budget from here
        row.attempts += 1
        return None

    def _number(self, session: Session, row: Outbox) -> int:
        """Makes two equal messages differ. Pages of one push differ by themselves: its number parts it from others."""
        if row.kind == "announcement":
            return announcement.number_of(row.lane)
        return lanes.next_number(session, row.lane)

    def _wording(self, row: Outbox, number: int, media_id: str) -> bytes:
        if row.kind == "announcement":
            return wording.to_many(row.body, self._agent_id, number)
        userid = row.lane.removeprefix(lanes.MEMBER)
        return wording.message(row.kind, row.body, userid, self._agent_id, number, self._home, media_id)

    # doing it

    def _work(self, task: Task, me: str) -> tuple[Task, Verdict] | None:
        """Make what must be made and call. A lease that was lost on the way leaves the row to its new holder: None."""
        picture = b""
        try:
            if not task.ready:
                picture = self._draw(*_poster(task))
                shelf = self._shelves.get(pauses.scope_of(task.lane))
                media_id = shelf.media_id(picture) if shelf is not None else ""
                ready = self._transact(lambda session: self._mark(session, task, me, media_id))
                if ready is None:
                    return None
                task = ready
            return task, self._call(task, picture)
        except (WeComFault, wording.Unsayable) as fault:
            return task, self._judge(fault, task)
        except SQLAlchemyError:
            raise  # the database is what is wrong, not the row
        except Exception as fault:
            log.error("outbox row failed", extra={"event": "outbox.failed", "outbox_id": task.id, **where(fault)})
            return task, judge(fault, task.attempt)

    def _mark(self, session: Session, task: Task, me: str, media_id: str) -> Task | None:
        """Freeze a drawn row, if the lane is still ours and the row as we left it."""
        now = self._clock()
        if not lanes.hold(session, task.lane, me, self._wall()):
            return None
        row = session.get_one(Outbox, task.id)
        if row.state != "waiting" or not self._afford(session, row, now):
            return None
        refusal = self._freeze(session, row, now, media_id)
        if refusal is not None:
            self._outcome.give_up(session, row, refusal)
            return None
        return as_task(row, now, probe=task.probe)

    def _judge(self, fault: Exception, task: Task) -> Verdict:
        if self._contacts is not None and task.lane.startswith(lanes.CONTACT):
            return self._contacts.judge(fault, task.attempt)
        chat = self._outcome.chat(task.lane)
        return judge(fault, task.attempt) if chat is None else chat.judge(fault, task.attempt, task.request)

    def _call(self, task: Task, picture: bytes) -> Verdict:
        if (kind := self._chats.get(pauses.scope_of(task.lane))) is not None:
            with self._sessions.reading() as session:
                whom = kind.whom(session, task.lane)
            return kind.call(task.kind, whom, task.request or b"")
        if self._contacts is not None and task.lane.startswith(lanes.CONTACT):
            repeat = task.attempt.repeat
            return self._contacts.call(self._sessions, task.kind, task.body, repeat=repeat, asked_at=self._clock())
        assert self._client is not None  # noqa: S101 - _ready_row lets nothing of WeCom through without one
        if task.kind == "card_update":
            self._client.update_template_card(wording.card_update(task.body, self._agent_id))
            return Sent()
        if task.kind == "lookup_name":
            answer = self._client.user_get(str(task.body["userid"]))
            return Sent({"name": str(answer.get("name") or "")})
        if task.lane.startswith(lanes.ROBOT):
            body = wording.robot_text(task.body) if task.kind == "robot_text" else wording.robot_image(picture)
            self._client.webhook_send(self._robots[task.lane], body)
            return Sent()
        assert task.request is not None  # noqa: S101 - frozen by _freeze
        if task.kind == "announcement":
            return judge_many(self._client.message_send(task.request), task.body["to"])
        return judge_answer(self._client.message_send(task.request), task.lane.removeprefix(lanes.MEMBER))

    def _transact(self, work: Callable[[Session], T]) -> T:
        return transact(self._sessions, work)


def _without_code(session: Session, row: Outbox) -> GivenUp | None:
    """A card that was answered in words is changed by the code that sending it gave; a refusal where there is none."""
    if row.kind != "card_update" or row.body.get("response_code"):
        return None
    sent = session.scalar(select(Outbox).where(Outbox.key == f"card:{row.body.get('task')}"))
    code = (sent.result or {}).get("response_code") if sent is not None else None
    if not code:
        return GivenUp("the card has no response code")
    row.body = {**row.body, "response_code": code}
    return None


def _poster(task: Task) -> tuple[str, dict[str, Any]]:
    try:
        return str(task.body["poster"]["kind"]), dict(task.body["poster"]["facts"])
    except (KeyError, TypeError, ValueError) as fault:
        raise wording.Unsayable(f"{task.kind}: {type(fault).__name__}") from fault
