"""Answers that are not whole at once: a platform that shows them as they come asks for the rest.

The words are the stored answer of the message; its pictures are outbox rows that nobody sends (`parked`, in a lane of
their own) and that are drawn when they are asked for. So any process can answer the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.conversation import Inbound, Poster
from models.message import Inbox, Outbox
from services import message

MOST = 10  # pictures that an answer may hold


@dataclass(frozen=True, slots=True)
class Rest:
    """The words of an answer, and what its pictures are drawn from: (kind, facts)."""

    words: str
    pictures: list[tuple[str, dict[str, Any]]]


def keep(session: Session, inbound: Inbound, posters: Sequence[Poster], *, now: datetime) -> None:
    """Keep the pictures of an answer until they are asked for."""
    for number, poster in enumerate(posters[:MOST]):
        lane, body = f"stream:{inbound.sender}", message.poster_body(poster)
        key = _key(inbound.key, number)
        session.add(Outbox(key=key, lane=lane, kind="poster", body=body, state="parked", due_at=now, created_at=now))


def has_more(session: Session, key: str) -> bool:
    """Whether the answer to a message has pictures."""
    return session.scalar(select(Outbox.id).where(Outbox.key == _key(key, 0))) is not None


def rest(session: Session, channel: str, key: str, sender: str) -> Rest | None:
    """What the answer to somebody's message is by now; None where he has sent no such message."""
    row = session.scalars(select(Inbox).where(Inbox.channel == channel, Inbox.key == key)).one_or_none()
    if row is None or row.sender != sender:
        return None
    bodies = session.scalars(
        select(Outbox.body).where(Outbox.key.in_([_key(key, number) for number in range(MOST)])).order_by(Outbox.id)
    ).all()
    return Rest(row.answer or "", [(body["poster"]["kind"], body["poster"]["facts"]) for body in bodies])


def shown(session: Session, key: str, *, now: datetime) -> None:
    """The pictures have been handed over."""
    keys = [_key(key, number) for number in range(MOST)]
    for row in session.scalars(select(Outbox).where(Outbox.key.in_(keys), Outbox.state == "parked").with_for_update()):
        row.state, row.sent_at = "sent", now


def _key(key: str, number: int) -> str:
    return f"stream:{number}:{key}"
