"""One message, handled once: find who writes, understand, call the handler, keep the answer, queue what follows.

Everything that a message does is one transaction with its inbox row, whose unique key makes a repeat give the stored
answer. Where handling fails, that transaction is rolled back and a second one keeps the row for the workers, so that
nothing that was accepted is lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

import handlers
from bot.adviser import Advice, Adviser, worth_asking
from bot.understanding import Understanding, choices
from bot.understanding.products import ProductName
from domain import kf
from domain.conversation import Dialog, Inbound, Intent, Reply, Sentence
from domain.errors import DomainError
from domain.periods import shanghai_date
from domain.person import linking_of
from handlers import Context, House, choice, commission, copy, group, help, poster, task
from models import Sessions
from models.message import DialogRow, Inbox
from services import arrival as arrivals
from services import chat, message, metrics, product, stream, unknown
from services import group as customer_groups
from services.arrival import Arrival
from services.distributor import Address

log = logging.getLogger(__name__)

PASSIVE_WITHIN_SECONDS = 4.0
TRIES = 5
RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
CATALOGUE_SECONDS = 10.0
# What everybody writes (我的收益) is understood once a day: short texts without a number, while the catalogue stands.
COMMON_LENGTH, COMMON_PHRASES = 12, 2000
# Handlers that change the business; the others only read, and need no savepoint to undo a refusal.
WRITING = frozenset(
    [
        "join",
        "bind",
        "profile",
        "mute",
        "unmute",
        "confirm",
        "cancel",
        "approve",
        "reject",
        "paid",
        "withdraw",
        "tasks",
        "copy",
        "poster",
        "coupon",
    ]
)
# A card's click cannot be answered by a passive text.
WITH_PASSIVE_REPLY = frozenset({"text", "menu", "greet", "unsupported"})


NO_ADVICE = Advice("unknown")  # the service was not asked, or had nothing to say


class _Unsure(Exception):
    """The sentence was not understood, and a service may be asked before it is answered."""

    def __init__(self, sentence: str) -> None:
        super().__init__("not understood")
        self.sentence = sentence


class DatabaseDown(Exception):
    """The message could not even be kept: the platform must send it again."""


@dataclass(slots=True)
class _Work:
    """What handling one message produced, until it is committed."""

    intent: str
    answer: str
    lanes: list[str]


class Assistant:
    """Handles messages of all channels. Safe to use from several threads and processes."""

    def __init__(
        self,
        sessions: Sessions,
        house: House,
        understanding: Understanding,
        clock: Callable[[], datetime],
        wake: Callable[[Iterable[str]], None],
        contacts: Callable[[Session, Inbound, datetime], list[str]] | None = None,
        adviser: Adviser | None = None,
    ) -> None:
        """contacts: takes what happened between a member and a customer, and says in which lanes there is work now."""
        self._sessions = sessions
        self._contacts = contacts
        self._adviser = adviser
        self._house = house
        self._understanding = understanding
        self._clock = clock
        self._wake = wake
        self._in_work: dict[tuple[str, str], float] = {}  # since when
        self._in_work_lock = threading.Lock()
        self._understood: dict[tuple[str, date, bool, str | None], Intent] = {}
        self._products: tuple[ProductName, ...] = ()
        self._products_until = 0.0

    def receive(self, inbound: Inbound) -> str:
        """Handle a message that just arrived and return the text of its passive reply; empty where there is none.

        A repeat gets the stored answer; a repeat of one that is being handled right now gets nothing. Where the
        platform has waited for the first in vain, and is content with the repeat's 200, the message is the workers'
        before that is said: the first, which may yet be killed, then finds it taken, and is undone.
        Raises DatabaseDown
        """
        key, now = (inbound.channel, inbound.key), time.monotonic()
        with self._in_work_lock:
            if (since := self._in_work.get(key)) is None:
                self._in_work[key] = now
        if since is not None:
            return "" if now - since < PASSIVE_WITHIN_SECONDS else self._stored_or_kept(inbound, "Overtaken")
        try:
            return self._receive(inbound)
        finally:
            with self._in_work_lock:
                del self._in_work[key]

    def _receive(self, inbound: Inbound) -> str:
        try:
            work = self._handle_new(inbound)
        except IntegrityError:
            # Another process had the same message, or two messages did the same thing at the same moment.
            return self._stored_or_kept(inbound, "IntegrityError")
        except OperationalError as fault:
            if _is_connection(fault):
                raise DatabaseDown from fault
            return self._stored_or_kept(inbound, type(fault).__name__)
        except Exception as fault:
            log.exception("a message failed", extra={"event": "message.failed", "key": inbound.key})
            return self._stored_or_kept(inbound, type(fault).__name__)
        metrics.messages.labels(channel=inbound.channel, intent=work.intent).inc()
        if work.lanes:
            self._wake(work.lanes)
        return work.answer

    def _handle_new(self, inbound: Inbound) -> _Work:
        started = time.monotonic()
        now = self._clock()
        try:
            return self._handled(inbound, now, started, advice=None if self._adviser else NO_ADVICE)
        except _Unsure as unsure:  # its transaction is undone: nobody waits for a service within one
            within = PASSIVE_WITHIN_SECONDS - 1.0 - (time.monotonic() - started)
            advice = self._adviser.on(unsure.sentence, within=within) if self._adviser else None
        return self._handled(inbound, now, started, advice=advice or NO_ADVICE)

    def _handled(self, inbound: Inbound, now: datetime, started: float, *, advice: Advice | None) -> _Work:
        with self._sessions.writing() as session:
            arrival = arrivals.look(session, self._house.vault, inbound)
            if arrival.answer is not None:
                return _Work("repeat", arrival.answer, [])
            work = self._work(session, inbound, arrival, now=now, started=started, advice=advice)
            message.keep_handled(session, inbound, answer=work.answer, intent=work.intent, now=now)
        return work

    def _stored_or_kept(self, inbound: Inbound, fault: str) -> str:
        """The answer that another transaction stored; else keep the message for the workers."""
        now = self._clock()
        try:
            with self._sessions.writing() as session:
                row, is_new = message.take_in(session, inbound, now=now)
                if is_new:
                    row.attempts, row.due_at = 1, now + RETRY_AFTER[0]
                    log.warning(
                        "message kept for the workers",
                        extra={"event": "message.kept", "inbox": row.id, "fault": fault},
                    )
                return row.answer or ""
        except DBAPIError as down:
            raise DatabaseDown from down

    # -----------------------------------------------------------------------------------------------------------
    # What was kept

    def due(self, limit: int = 50) -> list[int]:
        """Inbox rows that wait for another try."""
        query = select(Inbox.id).where(Inbox.state == "waiting", Inbox.due_at <= self._clock())
        with self._sessions.reading() as session:
            return list(session.scalars(query.order_by(Inbox.due_at).limit(limit)))

    def retry(self, inbox_id: int) -> None:
        """Handle a kept or pulled message; its answer goes by the outbox. After the last try the sender gets an
        apology.
        """
        now = self._clock()
        lanes: list[str] = []
        try:
            with self._sessions.writing() as session:
                row = _lock_waiting(session, inbox_id)
                if row is None:
                    return
                inbound = message.inbound_of(row)
                arrival = arrivals.look(session, self._house.vault, inbound)
                work = self._work(session, inbound, arrival, now=now, started=None)
                row.state, row.answer, row.intent, row.handled_at = "handled", "", work.intent, now
                row.attempts += 1
                lanes = work.lanes
            metrics.messages.labels(channel=inbound.channel, intent=work.intent).inc()
        except Exception:
            log.exception("a message failed again", extra={"event": "message.failed", "inbox": inbox_id})
            lanes = self._put_off(inbox_id, now)
        if lanes:
            self._wake(lanes)

    def _put_off(self, inbox_id: int, now: datetime) -> list[str]:
        with self._sessions.writing() as session:
            row = _lock_waiting(session, inbox_id)
            if row is None:
                return []
            row.attempts += 1
            if row.attempts < TRIES:
                row.state, row.due_at = "waiting", now + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
                return []
            row.state = "failed"
            inbound = message.inbound_of(row)
            ctx = self._context(session, inbound, arrivals.look(session, self._house.vault, inbound), now)
            if inbound.kind != "contact":  # nobody wrote it
                ctx.send(ctx.lane, Reply.of("failure.apology"), key=f"inbox:{inbox_id}:apology")
            ctx.tell_operators(Reply.of("failure.notice", number=inbox_id), key=f"inbox:{inbox_id}:notice")
            return ctx.lanes

    # -----------------------------------------------------------------------------------------------------------
    # The work itself

    def _work(
        self,
        session: Session,
        inbound: Inbound,
        arrival: Arrival,
        *,
        now: datetime,
        started: float | None,
        advice: Advice | None = NO_ADVICE,
    ) -> _Work:
        """Handle within the caller's transaction. `started` is None where no passive reply can be given any more.

        Raises _Unsure where it was not understood and `advice` is None: what was done is undone, and done once more.
        """
        if (chat_id := inbound.facts.get("chat_id")) is not None:
            change, detail = inbound.facts["change"], inbound.facts["detail"]
            customer_groups.happened(session, chat_id, change, detail, at=inbound.sent_at, now=now)
        seen = chat.seen(session, inbound, now=now)
        if seen.mend is not None:
            return self._alarm(session, inbound, arrival, seen.mend, now)
        if inbound.kind == "contact" and self._contacts is not None:
            return _Work("contact", "", self._contacts(session, inbound, now))
        if inbound.kind in ("ignored", "contact") or seen.silent:
            return _Work("ignored", "", seen.lanes)
        if _greeted_before(inbound, arrival.dialog_row, now):
            return _Work("ignored", "", [])
        message.hold_dialog(session, arrival.dialog_row, now)
        ctx = self._context(session, inbound, arrival, now)
        before = ctx.dialog
        ask = choice.take(self._understand(inbound, ctx, now), ctx)
        if inbound.kind == "text":
            for looks_again in (
                commission.naming_an_order,
                task.submitting,
                copy.following,
                poster.naming,
                group.about_groups,
            ):
                ask = looks_again(ask, ctx)
            ask = self._second_opinion(ask, ctx, advice)
        if inbound.group is not None:
            ask = help.in_a_group(ask)
        if ask.name == "explain":
            ctx.period = self._understanding.period(inbound.text, now=now)
        if ask.name in ("mute", "unmute"):
            ctx.wish = self._understanding.pushes(inbound.text, wants=ask.name == "unmute", now=now)
        reply = self._reply(ask, ctx)
        if ask.guessed:
            reply = reply.then("understood.guessed", intent=Sentence(f"intent.{ask.name}"))
        greeted_on = shanghai_date(now) if inbound.kind == "greet" and inbound.text == "enter_agent" else None
        if ctx.dialog != before or greeted_on is not None:
            message.save_dialog(session, arrival.dialog_row, inbound.channel, inbound.sender, ctx.dialog, greeted_on)
        return _Work(ask.name, self._say(session, inbound, ctx, reply, started), [*seen.lanes, *ctx.lanes])

    def _alarm(self, session: Session, inbound: Inbound, arrival: Arrival, mend: int, now: datetime) -> _Work:
        """Messages of the 微信客服 do not arrive until a person mends it: the operators are told, once a day."""
        ctx = self._context(session, inbound, arrival, now)
        why = Sentence(f"kf_failed.{mend}")
        ctx.tell_operators(Reply.of("failure.kf_undelivered", why=why), key=f"kf:{mend}:{shanghai_date(now)}")
        return _Work("ignored", "", ctx.lanes)

    def _context(self, session: Session, inbound: Inbound, arrival: Arrival, now: datetime) -> Context:
        return Context(
            session=session,
            house=self._house,
            now=now,
            address=Address(inbound.channel, inbound.sender, inbound.sealed),
            message_key=inbound.key,
            sender=arrival.sender,
            operator=arrival.operator,
            dialog=message.dialog(arrival.dialog_row, now),
            text=inbound.text,
            task_id=inbound.task_id,
            response_code=inbound.response_code,
            scene=inbound.scene,
            overheard=inbound.group is not None,
        )

    def _understand(self, inbound: Inbound, ctx: Context, now: datetime) -> Intent:
        if inbound.kind in ("menu", "card"):
            return Intent(inbound.text)
        if inbound.kind != "text":
            return Intent(inbound.kind)
        if (linking := linking_of(inbound.text)) is not None:
            return linking
        if (number := _picked(inbound.text, ctx.dialog, now)) is not None:
            return Intent(choice.CHOOSE, {"number": number})
        catalogue = self._catalogue(ctx.session)
        pending = ctx.dialog.state if ctx.dialog else None
        asked = (inbound.text, shanghai_date(now), ctx.operator is not None, pending)
        if (known := self._understood.get(asked)) is not None:
            return known
        found = self._understanding.understand(
            inbound.text, now=now, catalogue=catalogue, operator=ctx.operator is not None, pending=pending
        )
        if len(inbound.text) <= COMMON_LENGTH and not any(character.isdigit() for character in inbound.text):
            if len(self._understood) >= COMMON_PHRASES:
                self._understood.clear()
            self._understood[asked] = found
        return found

    def _second_opinion(self, ask: Intent, ctx: Context, advice: Advice | None) -> Intent:
        """What a service took the sentence for, where we did not understand it; the merchant still learns of it."""
        if ask.name != "unknown" or advice is NO_ADVICE:
            return ask
        if advice is None:
            sentence = self._understanding.told_outside(ctx.text)
            if worth_asking(sentence):
                raise _Unsure(sentence)
            return ask
        unknown.note(ctx.session, ask.heard, now=ctx.now)
        return self._understanding.advised(
            ctx.text, advice.intent, advice.words, now=ctx.now, catalogue=self._catalogue(ctx.session)
        )

    def _catalogue(self, session: Session) -> tuple[ProductName, ...]:
        """The names on the shelf, read again every few seconds; the same tuple while nothing changed."""
        if time.monotonic() >= self._products_until:
            names = tuple(ProductName(row.sku, row.name, row.category) for row in product.on_shelf(session))
            if names != self._products:
                self._products = names
                self._understood.clear()
            self._products_until = time.monotonic() + CATALOGUE_SECONDS
        return self._products

    def _reply(self, ask: Intent, ctx: Context) -> Reply:
        """The handler's reply; a refusal undoes what the handler did and becomes a reply of its own code."""
        dialog = ctx.dialog
        try:
            if ask.name not in WRITING:
                return handlers.handle(ask, ctx)
            with ctx.session.begin_nested():
                return handlers.handle(ask, ctx)
        except DomainError as refusal:
            ctx.lanes.clear()
            if ask.name != "confirm":
                ctx.dialog = dialog
            return Reply.of(refusal.code, **refusal.facts)

    def _say(self, session: Session, inbound: Inbound, ctx: Context, reply: Reply, started: float | None) -> str:
        """Queue what cannot be the passive reply; return what can."""
        in_time = started is not None and time.monotonic() - started < PASSIVE_WITHIN_SECONDS
        if in_time and inbound.channel == "robot":  # words of any length; its cards need another way back
            stream.keep(session, inbound, reply.posters, now=ctx.now)
            return "\n\n".join((self._house.catalogue.text(reply), *reply.copies))
        parts = message.said(self._house.catalogue, reply, ctx.lane)
        passive = ""
        if in_time and _takes_passive(inbound):
            passive, parts = str(parts[0][1]["content"]), parts[1:]
        key = f"answer:{inbound.channel}:{inbound.key}"
        if parts:
            message.queue_all(session, parts, key=key, lane=ctx.lane, now=ctx.now, more=_by_event(inbound))
            ctx.lanes.append(ctx.lane)
        if reply.cards or reply.copies or reply.posters:
            message.queue_extras(session, self._house.catalogue, reply, key=key, lane=ctx.lane, now=ctx.now)
            ctx.lanes.append(ctx.lane)
        return passive


def _picked(text: str, dialog: Dialog | None, now: datetime) -> int | None:
    """The number of the option that the text names, where it was asked which of several is meant."""
    if dialog is None or dialog.state != choice.WHICH:
        return None
    return choices.picked(text, [label for _, label in dialog.facts["options"]], shanghai_date(now))


def _takes_passive(inbound: Inbound) -> bool:
    """Whether what it came by may be answered by the request's own reply; nothing of 微信客服 came by one."""
    return inbound.channel == "official" or (inbound.channel != "kf" and inbound.kind in WITH_PASSIVE_REPLY)


def _by_event(inbound: Inbound) -> dict[str, Any]:
    """An event of 微信客服 is answered by its code, once and for so long, whatever else may be sent."""
    if inbound.channel != "kf" or not inbound.response_code:
        return {}
    lasts = kf.TAKEN_WITHIN if inbound.text == "taken" else kf.WELCOME_WITHIN
    return {"code": inbound.response_code, "until": (inbound.sent_at + lasts).isoformat()}


def _greeted_before(inbound: Inbound, row: DialogRow | None, now: datetime) -> bool:
    """Only the first opening of the app on a day is greeted; a subscription always is, and does not count as one."""
    if inbound.kind != "greet" or inbound.text != "enter_agent":
        return False
    return row is not None and row.greeted_on == shanghai_date(now).isoformat()


def _lock_waiting(session: Session, inbox_id: int) -> Inbox | None:
    query = select(Inbox).where(Inbox.id == inbox_id, Inbox.state.in_(("waiting", "pulled")))
    return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def _is_connection(fault: DBAPIError) -> bool:
    """Whether the database is out of reach, as against a deadlock or a lock that was waited for too long."""
    return fault.connection_invalidated or isinstance(fault.orig, ConnectionError) or _cannot_connect(fault.orig)


def _cannot_connect(original: Any) -> bool:
    """PyMySQL's numbers for no connection; psycopg's connection failures carry no SQLSTATE."""
    if type(original).__module__.startswith("pymysql"):
        return bool(original.args) and original.args[0] in (2002, 2003, 2006, 2013, 1040, 1045, 1049, 1053, 1927)
    if type(original).__module__.startswith("psycopg"):
        sqlstate = getattr(original, "sqlstate", None)
        return sqlstate is None or sqlstate.startswith(("08", "57P"))
    return "unable to open" in str(original)
