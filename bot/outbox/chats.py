"""Chats with rules of their own for when they may be written to: 公众号 and 微信客服. What the sender asks of them.

A chat's lane is named by the digest of the person's id, which is opened only for the call. Beside it stands the lane in
which the platform is asked about him.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.outbox.verdict import Attempt, GivenUp, Park, Sent, Verdict
from bot.outbox.wording import Unsayable
from bot.wecom.client import Authorised
from domain.text import LIMIT
from models.message import Outbox

MOST_MERGED = 100


class Chats(ABC):
    """client   with whose token everything goes
    owner    of the pictures' media_ids
    prefix   of its lanes; what is looked up has another
    """

    client: Authorised
    owner: str
    prefix: str

    @abstractmethod
    def parking(self, session: Session, row: Outbox, now: datetime) -> str | None:
        """Why the row must wait for the person; None where it may go. Holds his row until the transaction ends."""

    @abstractmethod
    def request(self, session: Session, row: Outbox, now: datetime, media_id: str) -> str:
        """What to send, without the person's id; counted against what he may be sent. Raises Unsayable"""

    @abstractmethod
    def whom(self, session: Session, lane: str) -> str:
        """The person's id at the platform. Raises Unsayable"""

    @abstractmethod
    def call(self, kind: str, whom: str, request: bytes) -> Sent:
        """Do it. Raises WeComFault"""

    @abstractmethod
    def repeats(self, row: Outbox, now: datetime) -> bool:
        """Whether a row whose sender was lost may be sent again without being seen twice."""

    @abstractmethod
    def judge(self, fault: Exception, tried: Attempt, request: bytes | None) -> Verdict:
        """What becomes of a row whose call failed."""

    @abstractmethod
    def park(self, session: Session, row: Outbox, verdict: Park, now: datetime) -> None:
        """Keep it for his next contact; if that came while we were asking, it is due at once."""

    @abstractmethod
    def give_back(self, session: Session, row: Outbox, now: datetime) -> None:
        """A message that was not taken does not count."""

    @abstractmethod
    def recorded(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        """What else follows from an end of the row: something learnt, something to be said."""


class TooLate(Unsayable):
    """The time in which it could be said is over: nobody's mistake."""


OnUnion = Callable[[Session, str, str, str], None]  # told of a person's digest, sealed id and unionid


def path_of(request: bytes | str | None) -> str:
    """The call of a frozen request."""
    found: dict[str, Any] = json.loads(request or "{}")
    return str(found.get("path", ""))


def say_together(session: Session, head: Outbox, left: int, now: datetime) -> None:
    """Where more waits than may be sent, the texts next in line are said by this one."""
    waiting = (Outbox.lane == head.lane, Outbox.state == "waiting", Outbox.id > head.id)
    rows = list(session.scalars(select(Outbox).where(*waiting).order_by(Outbox.id).limit(MOST_MERGED)))
    if 1 + len(rows) <= left:
        return
    said = str(head.body.get("content", ""))
    for row in rows:
        more = f"{said}\n\n{row.body.get('content', '')}"
        if row.kind != "text" or row.attempts or row.due_at > now or len(more.encode()) > LIMIT or "code" in row.body:
            break
        said, row.state, row.fault = more, "merged", f"said with {head.id}"
    head.body = {**head.body, "content": said}
