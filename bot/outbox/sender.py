"""The loop that empties a lane, and the sweep that finds lanes to empty.

One message is two short transactions with the call between them: the first takes the lease, finds the row, freezes its
request and marks it `sending`; the second records what came of it. A row found in `sending` has lost its sender; it is
sent again byte for byte, and WeCom's duplicate check drops it if it was seen. A robot's row is not: robots have no
such check, and whoever dies between the transactions has most likely handed it over.

Raises   what the database raises; the row is found again by the sweep
"""

from __future__ import annotations

import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.outbox import contact as contacts
from bot.outbox import lanes, pauses, wording
from bot.outbox.chats import Chats, TooLate
from bot.outbox.contact import Contacts
from bot.outbox.due import find_due
from bot.outbox.pictures import Pictures
from bot.outbox.transaction import transact
from bot.outbox.verdict import Attempt, GivenUp, Later, Park, Sent, Stop, Verdict, judge, judge_answer
from bot.wecom.client import Client
from bot.wecom.errors import WeComFault
from bot.wecom.token import Clock, machine_time
from models.base import Sessions
from models.message import Outbox

log = logging.getLogger(__name__)

PICTURES = ("poster", "robot_poster")
LEARNT = {"lookup_name": "name", "lookup_union": "union"}  # what a look-up brings that is personal
KINDS = {
    lanes.MEMBER: ("text", "card", "poster", "card_update"),
    lanes.ROBOT: ("robot_text", "robot_poster"),
    lanes.DIRECTORY: ("lookup_name",),
    lanes.OFFICIAL: ("text", "poster"),
    lanes.FOLLOWER: ("lookup_union",),
    lanes.KF: ("text", "menu", "poster", "handover", "hand_back"),
    lanes.CONTACT: contacts.KINDS,
    lanes.GUEST: ("lookup_union", "lookup_state"),
}

T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """A row in work, as values: nothing of the session outlives its transaction."""

    id: int
    lane: str
    kind: str
    body: dict[str, Any]
    attempt: Attempt
    request: bytes | None  # None: it has to be made first, or its kind needs none
    probe: bool
    ready: bool  # marked `sending`
    seen: int  # the row's count of attempts: has moved on if somebody else tried it meanwhile


class Sender:
    """Sends the outbox. Safe to use from several threads, processes and machines at once.

    clock      the program's time; `wall` the machine's, for leases
    robots     lane (robot_lane(key)) → key
    draw       a poster's kind and facts → JPEG or PNG; called outside of transactions
    on_name    told of a member's name in the transaction that records the look-up
    operators  who is told when sending has stopped; `say` words it
    home       the address behind a card that has no buttons and names none
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
        wall: Clock = machine_time,
    ) -> None:
        self._sessions, self._clock, self._wall = sessions, clock, wall
        self._client, self._robots, self._agent_id, self._home = client, robots, agent_id, home
        self._draw, self._on_name, self._operators, self._say = draw, on_name, operators, say
        self._chats = {pauses.scope_of(kind.prefix): kind for kind in chats}
        self._contacts = contacts
        self._shelves = {
            scope: Pictures(sessions, kind.client, owner=kind.owner, clock=clock) for scope, kind in self._chats.items()
        }
        if client is not None:
            self._shelves[pauses.APP] = Pictures(sessions, client, owner=f"wecom:{agent_id}", clock=clock)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let what is under way end and begin nothing more."""
        self._stopping.set()

    def send_lane(self, name: str) -> None:
        """Send what is due in the lane, in order; return when nothing is, or when another sender is at it."""
        me = uuid.uuid4().hex
        while not self._stopping.is_set():
            task = self._transact(lambda session: self._next(session, name, me))
            if task is None:
                return
            self._work(task, me)
        self._transact(lambda session: lanes.release(session, name, me))

    def sweep(self, most: int = 200) -> list[str]:
        """Lanes in which something is due and that nobody is sending, those that wait longest first."""
        with self._sessions.reading() as session:
            return find_due(session, self._clock(), self._wall(), list(self._robots))[:most]

    # what to do

    def _next(self, session: Session, name: str, me: str) -> Task | None:
        """The lane's next task, or None: then the lease is given back in the same transaction, so that whoever adds a
        row after it finds the lane free, and whoever added one before it has been seen.
        """
        now = self._clock()
        if not lanes.hold(session, name, me, self._wall()):
            return None
        task = None
        while (row := self._ready_row(session, name, now)) is not None:
            task = self._task(session, row, now)
            if task is not None:
                break
            session.flush()  # the row was given up on the spot: the next one
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
        row = session.scalar(lanes.orphan(name)) or session.scalar(lanes.head(name, now))
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

    def _task(self, session: Session, row: Outbox, now: datetime) -> Task | None:
        """The row in work; None where it is given up at once."""
        refusal = self._refusal(row, now) or _without_code(session, row)
        if refusal is None and self._contacts is not None and row.lane.startswith(lanes.CONTACT):
            refusal = self._contacts.refusal(session, row, now)
        if refusal is None and (reason := self._parking(session, row, now)) is not None:
            row.state, row.fault = "parked", reason
            return None
        if refusal is None and (row.kind not in PICTURES or row.request is not None):
            refusal = self._freeze(session, row, now, "")
        if refusal is not None:
            self._give_up(row, refusal)
            return None
        probe = pauses.find(session, pauses.scope_of(row.lane)) is not None
        return _as_task(row, now, probe=probe)

    def _chat(self, lane: str) -> Chats | None:
        """Whose rules the lane's messages follow; None for one of the app and of a robot."""
        kind = self._chats.get(pauses.scope_of(lane))
        return kind if kind is not None and lane.startswith(kind.prefix) else None

    def _parking(self, session: Session, row: Outbox, now: datetime) -> str | None:
        """Why the row has to wait for its receiver."""
        chat = self._chat(row.lane)
        return chat.parking(session, row, now) if chat is not None and row.state == "waiting" else None

    def _refusal(self, row: Outbox, now: datetime) -> GivenUp | None:
        """Why the row cannot even be tried."""
        if row.kind not in next((kinds for prefix, kinds in KINDS.items() if row.lane.startswith(prefix)), ()):
            return GivenUp(f"no {row.kind} goes to {row.lane.partition(':')[0]}", loud=True)
        if row.lane.startswith(lanes.ROBOT) and row.lane not in self._robots:
            return GivenUp("the robot is not configured any more")
        chat = self._chat(row.lane)
        if row.state != "sending" or (chat is None and not row.lane.startswith(lanes.ROBOT)):
            return None
        if chat is not None and chat.repeats(row, now):
            return None
        return GivenUp("the sender was lost; not repeated, it would be seen twice", unclear=True)

    def _freeze(self, session: Session, row: Outbox, now: datetime, media_id: str) -> GivenUp | None:
        """Fix the bytes for all tries and mark the row `sending`; a refusal where there is nothing to send."""
        if (chat := self._chat(row.lane)) is not None:
            if row.request is None:
                try:
                    row.request = chat.request(session, row, now, media_id)
                except wording.Unsayable as fault:
                    return GivenUp(str(fault), loud=not isinstance(fault, TooLate))
        elif row.kind in ("text", "card", "poster") and row.request is None:
            row.number = lanes.next_number(session, row.lane)
            userid = row.lane.removeprefix(lanes.MEMBER)
            try:
                request = wording.message(row.kind, row.body, userid, self._agent_id, row.number, self._home, media_id)
            except wording.Unsayable as fault:
                return GivenUp(str(fault), loud=True)
            row.request = request.decode()
        if row.state == "sending":
            row.result = {**(row.result or {}), "unclear": True}  # the sender before us may have handed it over
        row.state, row.sent_at = "sending", now  # counts against the budget from here
        row.attempts += 1
        return None

    # doing it

    def _work(self, task: Task, me: str) -> None:
        """Make what must be made, call, record. A lease that was lost on the way leaves the row to its new holder."""
        picture = b""
        verdict: Verdict | None = None
        try:
            if not task.ready:
                picture = self._draw(*_poster(task))
                shelf = self._shelves.get(pauses.scope_of(task.lane))
                media_id = shelf.media_id(picture) if shelf is not None else ""
                ready = self._transact(lambda session: self._mark(session, task, me, media_id))
                if ready is None:
                    return
                task = ready
            verdict = self._call(task, picture)
        except (WeComFault, wording.Unsayable) as fault:
            verdict = self._judge(fault, task)
        except SQLAlchemyError:
            raise  # the database is what is wrong, not the row
        except Exception as fault:
            log.error("outbox row failed", extra={"event": "outbox.failed", "outbox_id": task.id, **_where(fault)})
            verdict = judge(fault, task.attempt)
        outcome = verdict
        self._transact(lambda session: self._record(session, task, outcome, me))

    def _mark(self, session: Session, task: Task, me: str, media_id: str) -> Task | None:
        """Freeze a drawn row, if the lane is still ours and the row as we left it."""
        now = self._clock()
        if not lanes.hold(session, task.lane, me, self._wall()):
            return None
        row = session.get_one(Outbox, task.id)
        if row.state != "waiting":
            return None
        refusal = self._freeze(session, row, now, media_id)
        if refusal is not None:
            self._give_up(row, refusal)
            return None
        return _as_task(row, now, probe=task.probe)

    def _judge(self, fault: Exception, task: Task) -> Verdict:
        if self._contacts is not None and task.lane.startswith(lanes.CONTACT):
            return self._contacts.judge(fault, task.attempt)
        chat = self._chat(task.lane)
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
        return judge_answer(self._client.message_send(task.request), task.lane.removeprefix(lanes.MEMBER))

    # what came of it

    def _record(self, session: Session, task: Task, verdict: Verdict, me: str) -> None:
        """Write the verdict. A success is true whoever holds the lane now; anything else is the holder's to say."""
        now = self._clock()
        held = lanes.hold(session, task.lane, me, self._wall())
        row = session.get_one(Outbox, task.id)
        ours = held and row.attempts == task.seen and row.state == ("sending" if task.ready else "waiting")
        if not ours and not isinstance(verdict, Sent):
            return  # another sender took the lane over and has tried the row since
        if task.probe and not isinstance(verdict, Stop | Later):
            pauses.lift(session, pauses.scope_of(task.lane))
        if isinstance(verdict, Sent):
            self._sent(session, row, verdict, now)
            return
        if (chat := self._chat(row.lane)) is not None:
            if isinstance(verdict, Park):
                row.fault = verdict.reason[:255]
                chat.park(session, row, verdict, now)
                log.info("outbox row parked", extra={"event": "outbox.parked", "outbox_id": row.id})
                return
            if task.ready and not task.attempt.repeat and not getattr(verdict, "unclear", False):
                chat.give_back(session, row, now)
                row.request = None if isinstance(verdict, Later | Stop) else row.request
        if isinstance(verdict, GivenUp):
            self._give_up(row, verdict)
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
        if row.kind in LEARNT:  # itself it is kept where whoever is told of it puts it, only there
            row.result = {"found": bool(verdict.result.get(LEARNT[row.kind]))}
        self._follow(session, row, verdict, now)
        if row.kind != "lookup_name" or not (name := verdict.result.get("name")):
            return
        try:
            with session.begin_nested():
                self._on_name(session, str(row.body["userid"]), name)
        except Exception as fault:
            log.error("name could not be kept", extra={"event": "outbox.name", "outbox_id": row.id, **_where(fault)})

    def _follow(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        """What else the chat's kind makes of a row that has come to an end."""
        if (kind := self._chats.get(pauses.scope_of(row.lane))) is None:
            return
        try:
            with session.begin_nested():
                kind.recorded(session, row, verdict, now)
        except Exception as fault:
            log.error("not followed up", extra={"event": "outbox.follow", "outbox_id": row.id, **_where(fault)})

    def _give_up(self, row: Outbox, verdict: GivenUp) -> None:
        row.state, row.fault = "given_up", verdict.reason[:255]
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

    def _transact(self, work: Callable[[Session], T]) -> T:
        return transact(self._sessions, work)


def _as_task(row: Outbox, now: datetime, *, probe: bool) -> Task:
    earlier, ready = row.result or {}, row.state == "sending"
    attempt = Attempt(
        lane=row.lane,
        kind=row.kind,
        attempts=row.attempts if ready else row.attempts + 1,
        age=now - row.created_at,
        repeat=bool(earlier.get("unclear")),
        uploaded_again=bool(earlier.get("uploaded_again")),
    )
    request = row.request.encode() if row.request is not None else None
    return Task(row.id, row.lane, row.kind, dict(row.body), attempt, request, probe, ready, row.attempts)


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


def _where(fault: Exception) -> dict[str, str]:
    """The kind and place of a mistake, without its text: that may hold a name or what was to be said."""
    return {"fault": type(fault).__name__, "trace": "".join(traceback.format_tb(fault.__traceback__)[-4:])}


def _poster(task: Task) -> tuple[str, dict[str, Any]]:
    try:
        return str(task.body["poster"]["kind"]), dict(task.body["poster"]["facts"])
    except (KeyError, TypeError, ValueError) as fault:
        raise wording.Unsayable(f"{task.kind}: {type(fault).__name__}") from fault
