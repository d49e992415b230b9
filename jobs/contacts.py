"""The daily reconciliation of 客户联系: what the platform lists against what its callbacks have told.

Source   reference/wecom.md §1.7: delivery is not guaranteed, every business fact needs a periodic job
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from models import Sessions
from services.customer import walk, ways
from services.customer.terms import Terms
from services.customer.told import Page
from services.vault import Vault

log = logging.getLogger(__name__)


class CannotAsk(Exception):
    """The platform will not tell before a person has mended something; the text says what, without a secret."""


class CursorGone(Exception):
    """The platform does not know the cursor any more."""


class Listing(Protocol):
    """What the platform is asked. Each call is outside of transactions.

    Raises   CannotAsk, CursorGone; whatever else it raises passes by itself, and the walk is gone on with later
    """

    def members(self) -> Sequence[str]: ...

    def page(self, members: Sequence[str], cursor: str) -> Page: ...


class ContactsJob:
    """`job(as_of)` walks through all members' customers, page by page, and goes on where an earlier walk stopped."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], datetime],
        vault: Vault,
        listing: Listing,
        wake: Callable[[Iterable[str]], None],
        terms: Terms,
    ) -> None:
        self._sessions, self._clock, self._vault = sessions, clock, vault
        self._listing, self._wake, self._terms = listing, wake, terms

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        try:
            number = self._open(as_of)
            while (at := self._step(number)).members:
                self._go_on(at)
        except CannotAsk as fault:
            log.error("customers cannot be listed", extra={"event": "contacts.refused", "reason": str(fault)})
            with self._sessions.writing() as session:
                walk.abandon(session, now=self._clock())
            return {"failed": 1, "reason": str(fault)}
        with self._sessions.writing() as session:
            counts = walk.finish(session, number, now=self._clock())
        return {**counts, "changed": self._change_codes()}

    def _change_codes(self) -> int:
        """Codes that lead to members who do not serve any more are given to those who do; how many."""
        changed, after = 0, 0
        while True:
            with self._sessions.writing() as session:
                lanes, after = ways.order_changes(session, self._terms, after=after, now=self._clock())
            changed += len(lanes)
            self._wake(lanes)
            if not after:
                return changed

    def _open(self, as_of: datetime) -> int:
        with self._sessions.reading() as session:
            number = walk.open_walk(session, now=self._clock())
        if number is not None:
            return number
        members = self._listing.members()
        with self._sessions.writing() as session:
            return walk.begin(session, as_of, members, now=self._clock())

    def _step(self, number: int) -> walk.Step:
        with self._sessions.reading() as session:
            return walk.step(session, number)

    def _go_on(self, at: walk.Step) -> None:
        try:
            page = self._listing.page(at.members, at.cursor)
        except CursorGone:
            if not at.cursor:
                raise
            with self._sessions.writing() as session:
                walk.restart_listing(session, at)
            return

        def work(session: Session) -> list[str] | None:
            return walk.take(session, self._vault, at, page, now=self._clock())

        if lanes := self._sessions.transact(work):
            self._wake(lanes)
