"""The job of new orders: once a minute whoever earns from them is told, several of one minute in one message.

Killed at any moment it goes on where it stood, and two at once read one after the other: a page and how far it was read
are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.conversation import Reply
from models import Sessions
from services import push
from services.message import Catalogue
from services.push import orders
from services.push.orders import Earned


class OrderNoticeJob:
    """`job(as_of)` tells of every order that has come in; when it was due does not matter."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], datetime],
        catalogue: Catalogue,
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._sessions, self._clock, self._catalogue, self._wake = sessions, clock, catalogue, wake

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        told, more = 0, True
        while more:
            lanes, more = self._sessions.transact(self._page)
            self._wake(lanes)
            told += len(lanes)
        return {"told": told}

    def _page(self, session: Session) -> tuple[list[str], bool]:
        now = self._clock()
        found, more = orders.read(session, now)
        lanes = [self._tell(session, one, now) for one in found]
        return [lane for lane in lanes if lane is not None], more

    def _tell(self, session: Session, one: Earned, now: datetime) -> str | None:
        whose = "own" if one.own else "team"
        if one.orders == 1:
            said = Reply.of(f"told.order_{whose}", order=one.no, paid=one.paid, amount=one.amount)
        else:
            said = Reply.of(f"told.orders_{whose}", count=one.orders, paid=one.paid, amount=one.amount)
        key = f"order:{one.last}:{one.distributor_id}:{whose}"
        reply = said.then("told.order_next")
        return push.tell(session, self._catalogue, reply, key=key, to=one.distributor_id, now=now)
