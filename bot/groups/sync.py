"""Keeping the groups true: looking at those about which something was heard, and every night at all.

What has to be looked at stands in the groups' rows, so a process that dies loses nothing, and two that look at one
group at once only ask twice. The platform is asked outside of transactions.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.groups.client import DISMISSED, GroupCalls
from bot.wecom.errors import Kind, Refused, Unanswered, WeComFault
from bot.wecom.token import Clock
from models.base import Sessions
from services import group
from services.vault import Vault

log = logging.getLogger(__name__)

REST_SECONDS = 60.0  # after a fault that concerns them all
CHUNK = 200
_OF_THEM_ALL = (Kind.FIX, Kind.QUOTA, Kind.REFRESH)


class GroupSync:
    """`pull_due` is for a sweep, `reconcile` for a job. Safe in several processes at once."""

    def __init__(self, sessions: Sessions, calls: GroupCalls, vault: Vault, clock: Clock) -> None:
        self._sessions, self.calls, self._vault, self._clock = sessions, calls, vault, clock
        self._rests_until = 0.0

    def pull_due(self) -> int:
        """Look at what is due now; how many were looked at. After a fault that concerns all it rests for a minute."""
        if time.monotonic() < self._rests_until:
            return 0
        try:
            return sum(self._due())
        except WeComFault as fault:
            self._rests_until = time.monotonic() + REST_SECONDS
            ids = {"event": "group.stopped", "reason": fault.reason}
            log.warning("groups cannot be looked at", extra=ids)
            return 0

    def reconcile(self, as_of: datetime) -> dict[str, Any]:
        """Look at every group that the platform lists, and at those that it lists no more. Raises WeComFault"""
        listed, new = 0, 0
        seen: set[str] = set()
        for chunk in _chunks(self.calls.listed()):
            with self._sessions.writing() as session:
                new += sum(group.note(session, chat_id, now=self._clock()) for chat_id in chunk)
                group.look_again(session, chunk, now=self._clock())
            listed += len(chunk)
            seen.update(chunk)
        with self._sessions.writing() as session:
            missing = group.unheard_of(session, seen, now=self._clock())
        before = self._counts()
        looked = sum(self._due())
        changed = self._counts() - before
        counts = {"listed": listed, "new": new, "missing": missing, "looked_at": looked, "changed": changed}
        with self._sessions.reading() as session:
            failed = group.failing(session)
        log.info("groups reconciled", extra={"event": "group.reconciled", **counts, "failed": failed})
        return counts | {"failed": failed}

    def pull(self, chat_id: str) -> bool:
        """Look at one; False where the platform did not tell of it. Raises what concerns them all"""
        asked_at = self._clock()
        try:
            told = self.calls.group(chat_id)
        except (Refused, Unanswered) as fault:
            if fault.kind in _OF_THEM_ALL:
                raise
            gone = isinstance(fault, Refused) and fault.errcode == DISMISSED
            self._sessions.transact(lambda session: group.failed(session, chat_id, gone=gone, now=self._clock()))
            log.info("a group was not told", extra={"event": "group.untold", "reason": fault.reason, "gone": gone})
            return False
        self._sessions.transact(
            lambda session: group.take_in(session, self._vault, told, asked_at=asked_at, now=self._clock()).id
        )
        return True

    def _due(self) -> Iterator[bool]:
        """Each that is due, once; a group whose row says that it is due again is the next round's."""
        done: set[str] = set()
        while True:
            with self._sessions.reading() as session:
                due = [chat_id for chat_id in group.due(session, now=self._clock(), limit=CHUNK) if chat_id not in done]
            if not due:
                return
            for chat_id in due:
                done.add(chat_id)
                yield self.pull(chat_id)

    def _counts(self) -> int:
        with self._sessions.reading() as session:
            return group.changes(session)


def _chunks(chat_ids: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for chat_id in chat_ids:
        chunk.append(chat_id)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
