"""Reads the log of a service account: each message once, in order, by one process at a time.

A knock of the platform only says that there is something. It is noted on the log's row (`wanted`), and whoever holds
the lease of the log's lane reads on until what was wanted is served. A page is two steps with the call between them:
the second stores its messages under their unique keys and moves the cursor, in one transaction. So a process that dies
loses nothing: what was stored waits in the state `pulled` for the next holder, who handles it before he reads on; what
was not is read again from the old cursor.

What is stored is handled by the holder himself, one after another: 「提现」 and its 「确认」 must not change places.

A knock may be lost. The log is then read without a token, which the platform rations: at most every `QUIET`.

Units    `clock` is the program's time: tokens, retries. Leases go by `wall`, the machine's (bot.outbox.lanes).
Source   reference/wecom.md §9.2, §9.3
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from bot.kf.client import KfClient, Page
from bot.kf.errors import BAD_PARAMETER, BAD_TOKEN
from bot.kf.inbound import Knock, as_old, knocked, parse
from bot.naming import Person
from bot.outbox import lanes, pauses
from bot.outbox.transaction import transact
from bot.outbox.verdict import Stop
from bot.wecom.errors import Kind, Refused, TokenRejected, WeComFault
from bot.wecom.token import Clock, machine_time
from domain.conversation import Inbound
from models.base import Sessions
from models.kf import KfLog
from models.message import Inbox, Lane
from services import message
from services.once import insert_once

log = logging.getLogger(__name__)

LANE = "kflog:"
TOKEN_LASTS = timedelta(minutes=10) - timedelta(seconds=10)
OLD = timedelta(minutes=10)  # what is older is not answered where the cursor was lost
QUIET = timedelta(minutes=2)  # without a knock for so long the log is read all the same
BARE = timedelta(seconds=30)  # between two readings without a token
LONGEST_BACKOFF, QUOTA_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=1)
RENEW = lanes.LEASE / 3
AT_ONCE = 50
STUCK = 3  # pages that hold nothing and lead nowhere, before they are asked for less often


@dataclass(frozen=True, slots=True)
class _Ask:
    """What the log was found to be when the holder decided to read on."""

    cursor: str | None
    token: str | None
    wanted: int


class Puller:
    """Safe to use from several threads, processes and machines at once.

    person     how guests are named inside
    handle     handles one stored message, by its number (Assistant.retry)
    wake       asks for a `pull` soon; it may be lost
    operators  who is told when reading has stopped; `say` words it
    """

    def __init__(
        self,
        sessions: Sessions,
        client: KfClient,
        person: Person,
        *,
        clock: Clock,
        handle: Callable[[int], None],
        wake: Callable[[], object],
        operators: Callable[[Session], Iterable[str]],
        say: Callable[[pauses.Stopped], str],
        wall: Clock = machine_time,
    ) -> None:
        self._sessions, self._client, self._person = sessions, client, person
        self._clock, self._wall, self._handle, self._wake = clock, wall, handle, wake
        self._operators, self._say = operators, say
        self._account, self._lane = client.account, LANE + client.account
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let what is under way end and begin nothing more."""
        self._stopping.set()

    # -----------------------------------------------------------------------------------------------------------
    # Knocks

    def knock(self, plain: bytes) -> bool:
        """Take a callback that is a knock; False for any other. Raises NotXml, and what the database raises."""
        found = knocked(plain)
        if found is None:
            return False
        if found.account not in (None, self._account):
            log.info("a knock for another account", extra={"event": "kf.other_account"})
            return True
        transact(self._sessions, lambda session: self._note(session, found))
        self._wake()
        return True

    def _note(self, session: Session, found: Knock) -> None:
        row = self._row(session)
        row.wanted += 1
        if found.token is not None:
            row.token, row.token_until = found.token, self._clock() + TOKEN_LASTS

    def _row(self, session: Session) -> KfLog:
        """The log's row, locked; made where it is not there yet."""
        query = select(KfLog).where(KfLog.open_kfid == self._account).with_for_update()
        query = query.execution_options(populate_existing=True)
        if (found := session.scalars(query).one_or_none()) is not None:
            return found
        insert_once(
            session, KfLog, {"open_kfid": self._account, "more": False, "wanted": 0, "served": 0, "failures": 0}
        )
        return session.scalars(query).one()

    # -----------------------------------------------------------------------------------------------------------
    # Reading

    def sweep(self) -> bool:
        """Whether there is something to read or to handle that nobody is at: what a lost task or a lost knock left."""
        now = self._clock()
        with self._sessions.reading() as session:
            row = session.scalar(select(KfLog).where(KfLog.open_kfid == self._account))
            held = session.scalar(select(exists().where(Lane.name == self._lane, lanes.live(self._wall()))))
            left = session.scalar(select(exists().where(_pulled())))
        if held:
            return False
        return bool(left) or row is None or self._is_due(row, now)

    def pull(self) -> None:
        """Handle what is stored and read on until nothing is wanted; return at once where another is at it."""
        me, before = uuid.uuid4().hex, None
        while not self._stopping.is_set():
            found = transact(self._sessions, lambda session: self._next(session, me))
            if found is None:
                return
            if isinstance(found, _Ask):
                self._read(found, me)
            elif found == before:
                break  # another process still has them locked: the sweep comes back
            else:
                self._handle_all(found, me)
            before = found
        transact(self._sessions, lambda session: lanes.release(session, self._lane, me))

    def _next(self, session: Session, me: str) -> _Ask | list[int] | None:
        """What to handle, else what to ask; None: nothing, and the lease is given back in the same transaction, so that
        whoever knocks after it finds the lane free, and whoever knocked before it has been seen.
        """
        if not lanes.hold(session, self._lane, me, self._wall()):
            return None
        query = select(Inbox.id).where(_pulled()).order_by(Inbox.due_at, Inbox.id).limit(AT_ONCE)
        if stored := list(session.scalars(query)):
            return stored
        row, now = self._row(session), self._clock()
        if not self._is_due(row, now):
            lanes.release(session, self._lane, me)
            return None
        token = row.token if row.token_until is not None and now < row.token_until <= now + TOKEN_LASTS else None
        row.asked_at = now
        if token is None:
            row.bare_at = now
        if row.cursor is None and row.old_before is None:
            row.old_before = now - OLD
        return _Ask(row.cursor, token, row.wanted)

    def _is_due(self, row: KfLog, now: datetime) -> bool:
        """Not so soon after a failure, nor without a token; a moment that is far ahead was noted before the clock was
        turned back.
        """
        if row.retry_at is not None and now < row.retry_at <= now + LONGEST_PAUSE:
            return False
        has_token = row.token is not None and row.token_until is not None and now < row.token_until
        if not has_token and row.bare_at is not None and row.bare_at <= now < row.bare_at + BARE and not row.more:
            return False
        quiet = row.asked_at is None or not row.asked_at <= now < row.asked_at + QUIET
        return row.more or row.wanted != row.served or quiet

    def _handle_all(self, stored: list[int], me: str) -> None:
        """One after another; the lease is kept meanwhile. Whoever has lost it leaves the rest to its new holder."""
        renewed = self._wall()
        for number in stored:
            if self._stopping.is_set():
                return
            if self._wall() - renewed > RENEW:
                if not transact(self._sessions, lambda session: lanes.hold(session, self._lane, me, self._wall())):
                    return
                renewed = self._wall()
            self._handle(number)

    def _read(self, ask: _Ask, me: str) -> None:
        """One page."""
        try:
            page = self._client.sync(ask.cursor, ask.token)
        except WeComFault as fault:
            found = fault  # its name ends with the block
            transact(self._sessions, lambda session: self._failed(session, ask, found, me))
            return
        inbounds = [parse(item, self._person) for item in page.items]
        transact(self._sessions, lambda session: self._store(session, ask, page, inbounds, me))

    # -----------------------------------------------------------------------------------------------------------
    # What came of it

    def _store(self, session: Session, ask: _Ask, page: Page, inbounds: list[Inbound], me: str) -> None:
        """Keep the page's messages and move the cursor; nothing where another has read on meanwhile."""
        if not lanes.hold(session, self._lane, me, self._wall()):
            return
        row, now = self._row(session), self._clock()
        if row.cursor != ask.cursor:
            return
        # A welcome must be said within seconds: it goes before what else is on the page.
        ordered = sorted(inbounds, key=lambda inbound: not (inbound.kind == "greet" and inbound.response_code))
        for place, inbound in enumerate(ordered):
            if row.old_before is not None and inbound.sent_at < row.old_before:
                inbound = as_old(inbound)
            insert_once(session, Inbox, _kept(inbound, now, now + timedelta(microseconds=place)))
        stuck = page.more and not page.items and page.cursor in (None, ask.cursor)
        row.cursor, row.more = page.cursor or row.cursor, page.more
        row.failures = row.failures + 1 if stuck else 0
        row.retry_at = now + _backoff(row.failures - STUCK) if row.failures > STUCK else None
        if not page.more:
            row.served = ask.wanted
        pauses.lift(session, pauses.SERVICE_LOG)

    def _failed(self, session: Session, ask: _Ask, fault: WeComFault, me: str) -> None:
        if not lanes.hold(session, self._lane, me, self._wall()):
            return
        row, now = self._row(session), self._clock()
        code = fault.errcode if isinstance(fault, Refused | TokenRejected) else 0
        facts = {"event": "kf.unread", "errcode": code, "reason": fault.reason}
        if code == BAD_TOKEN and ask.token is not None:
            if row.token == ask.token:  # else a fresh one has come meanwhile
                row.token = row.token_until = None
            log.info("the knock's token is over", extra=facts)
            return
        row.failures += 1
        if code == BAD_PARAMETER and ask.cursor is not None:
            row.cursor, row.old_before, row.more = None, now - OLD, False
            log.error("the cursor was refused: three days are read again", extra=facts)
        elif fault.kind is Kind.QUOTA:
            row.retry_at = now + min(QUOTA_PAUSE * 2 ** min(row.failures - 1, 10), LONGEST_PAUSE)
            log.warning("the log is read later", extra=facts)
        elif fault.kind in (Kind.FIX, Kind.REFRESH):
            row.retry_at = now + pauses.EVERY
            stop = Stop(fault.reason, code, fix=True)
            pauses.stop(session, pauses.SERVICE_LOG, stop, now, self._operators, self._say)
        else:
            row.retry_at = now + _backoff(row.failures)
            log.warning("the log could not be read", extra=facts)


def _pulled() -> ColumnElement[bool]:
    return Inbox.state == "pulled"


def _backoff(failures: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(failures - 1, 10)), LONGEST_BACKOFF)


def _kept(inbound: Inbound, now: datetime, due_at: datetime) -> dict[str, Any]:
    """The inbox row of a message that waits for whoever holds the log."""
    return {
        "channel": inbound.channel,
        "key": inbound.key,
        "sender": inbound.sender,
        "inbound": message.stored(inbound),
        "state": "pulled",
        "attempts": 0,
        "due_at": due_at,
        "received_at": now,
    }
