"""The access token of one app: fetched by one thread of one process, read by all.

The row of `AccessToken` is the truth: the sealed token, when it ends, and who is fetching a new one. A fetcher that
dies is replaced when its lease ends; a refusal is kept in the lease for a minute, so that a wrong secret costs one
gettoken a minute however many processes ask: repeated ones get the address banned for an hour.

Units    `clock` is the program's time, by which tokens end and refusals pass. Leases are measured by `wall`, the
         machine's time: they bound what a living process may take; moving the program's clock must not end them.
Raises   Unanswered (gettoken got no answer, or another process is still at it), TokenRejected, Refused
Source   reference/wecom.md §4.1
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from bot.wecom.errors import Refused, TokenRejected, Unanswered
from bot.wecom.wire import Wire
from models.base import Sessions
from models.message import AccessToken
from services.vault import CannotOpen

log = logging.getLogger(__name__)

EARLY = timedelta(seconds=300)
LEASE = timedelta(seconds=15)  # longer than a gettoken can take
REFUSAL = timedelta(seconds=60)
WAIT_SECONDS = 12.0

_COLUMNS = (AccessToken.sealed, AccessToken.expires_at, AccessToken.holder, AccessToken.held_until)

Clock = Callable[[], datetime]


def machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Held:
    token: str
    expires_at: datetime


class TokenProvider:
    """`get()` gives a token; `renew(failed)` one that is not `failed`.

    seal, unseal   encrypt and decrypt for the database; a token sealed under a key that is gone (CannotOpen,
                   ValueError) is fetched anew
    wait_seconds   how long a caller waits for another one's gettoken before he gets Unanswered
    """

    platform, early = "wecom", EARLY

    def __init__(
        self,
        sessions: Sessions,
        wire: Wire,
        corp_id: str,
        secret: str,
        *,
        seal: Callable[[str], str],
        unseal: Callable[[str], str],
        clock: Clock,
        wall: Clock = machine_time,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._sessions, self._wire = sessions, wire
        self._corp_id, self._secret = corp_id, secret
        self._seal, self._unseal = seal, unseal
        self._clock, self._wall, self._wait_seconds = clock, wall, wait_seconds
        # The whole secret counts: two apps of one enterprise may share its first characters.
        self.name = f"{self.platform}:{corp_id}:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"
        self._held: _Held | None = None
        self._turn = threading.Lock()

    def get(self) -> str:
        held = self._held
        return held.token if held and self._fresh(held) else self._obtain(None)

    def renew(self, failed: str) -> str:
        """A token other than `failed`: another process may have fetched it already, else this one does."""
        held = self._held
        if held and held.token != failed and self._fresh(held):
            return held.token
        return self._obtain(failed)

    def _fresh(self, held: _Held) -> bool:
        return self._clock() < held.expires_at - self.early

    def _obtain(self, failed: str | None) -> str:
        until = time.monotonic() + self._wait_seconds
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise Unanswered("gettoken", "another thread is still fetching", "no")
        try:
            pause = 0.02
            while True:
                me = uuid.uuid4().hex
                held, mine = self._look(me, failed)
                if held is None and mine:
                    held = self._fetch(me)
                if held is not None:
                    self._held = held
                    return held.token
                if time.monotonic() > until:
                    raise Unanswered("gettoken", "another process is still fetching", "no")
                time.sleep(pause)  # the other process says nothing but the row
                pause = min(pause * 1.7, 0.5)
        finally:
            self._turn.release()

    def _look(self, me: str, failed: str | None) -> tuple[_Held | None, bool]:
        """The row's token where it serves; else whether the lease is now ours."""
        with self._sessions.reading() as session:
            row = session.execute(select(*_COLUMNS).where(AccessToken.name == self.name)).one_or_none()
        if row is None:
            self._insert()
            return None, False
        held = self._open(row)
        if held and held.token != failed and self._fresh(held):
            return held, False
        if row.holder and row.holder.startswith("refused:"):
            if self._clock() < row.held_until <= self._clock() + REFUSAL:
                raise TokenRejected("gettoken", int(row.holder.split(":")[1]), "refused less than a minute ago")
        elif row.holder and self._wall() < row.held_until <= self._wall() + 2 * LEASE:
            return None, False
        return None, self._take(row, me)

    def _open(self, row: Any) -> _Held | None:
        if not row.sealed or not row.expires_at:
            return None
        try:
            return _Held(self._unseal(row.sealed), row.expires_at)
        except (CannotOpen, ValueError):
            log.warning("stored access token cannot be unsealed", extra={"event": "wecom.token_unreadable"})
            return None

    def _insert(self) -> None:
        try:
            with self._sessions.writing() as session:
                session.add(AccessToken(name=self.name))
        except IntegrityError:
            log.debug("token row is there already", extra={"event": "wecom.token_row"})

    def _take(self, row: Any, me: str) -> bool:
        """Take the lease if nothing has changed since we looked. The token counts too: another may have taken the
        lease, fetched and given it back meanwhile, and one that is free again looks like one that always was.
        """
        seen = (_same(AccessToken.holder, row.holder), _same(AccessToken.sealed, row.sealed))
        return self._write(seen, holder=me, held_until=self._wall() + LEASE)

    def _change(self, me: str, **values: object) -> bool:
        """Write while the lease is ours."""
        return self._write((AccessToken.holder == me,), **values)

    def _write(self, still: tuple[ColumnElement[bool], ...], **values: object) -> bool:
        with self._sessions.writing() as session:
            done = session.execute(update(AccessToken).where(AccessToken.name == self.name, *still).values(**values))
            return bool(done.rowcount)  # type: ignore[attr-defined]

    def _ask(self) -> dict[str, Any]:
        """The call that gives a token."""
        return self._wire.get("gettoken", {"corpid": self._corp_id, "corpsecret": self._secret})

    def _fetch(self, me: str) -> _Held | None:
        try:
            answer = self._ask()
            token, seconds = answer["access_token"], int(answer["expires_in"])
        except Refused as fault:
            self._change(me, holder=f"refused:{fault.errcode}:{me}", held_until=self._clock() + REFUSAL)
            raise TokenRejected(fault.path, fault.errcode, fault.errmsg, self._wire.kinds) from None
        except Unanswered:
            self._change(me, holder=None, held_until=None)
            raise
        except (KeyError, TypeError, ValueError):
            self._change(me, holder=None, held_until=None)
            raise Unanswered("gettoken", "the answer holds no token", "unclear") from None
        held = _Held(str(token), self._clock() + timedelta(seconds=seconds))
        kept = self._change(me, sealed=self._seal(held.token), expires_at=held.expires_at, holder=None, held_until=None)
        log.info("access token fetched", extra={"event": "wecom.token_fetched", "kept": kept})
        return held


def _same(column: Any, seen: str | None) -> ColumnElement[bool]:
    return column.is_(None) if seen is None else column == seen  # type: ignore[no-any-return]
