"""Phrases that were not understood: counted without who asked, listed for the merchant, labelled by him.

A text comes in masked (bot.understanding: numbers, codes and names are marks) and is cut to its column; nothing here
can lead back to a person or a message. What nobody labelled and nobody repeated for half a year is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domain.errors import DomainError
from models.base import table_of
from models.unknown import UnknownPhrase
from models.upsert import Upsert

LENGTH = 60
KEPT = timedelta(days=180)
SWEEP = 1000
_COUNT = Upsert(table_of(UnknownPhrase), keys=("text",), adding=("count",), later=("last_at",), first=("first_at",))


class NoSuchPhrase(DomainError):
    code = "unknown.no_such_phrase"


def note(session: Session, text: str, *, now: datetime) -> None:
    """Count `text`, in one statement: two who say the same at once are both counted, and none waits in a ring."""
    if shown := text[:LENGTH].strip():
        _COUNT.run(session, [{"text": shown, "count": 1, "first_at": now, "last_at": now}])


def often(session: Session, *, limit: int, labelled: bool = False) -> Sequence[UnknownPhrase]:
    """What was asked most often, of what has no intent yet or of what has one."""
    which = UnknownPhrase.intent.is_not(None) if labelled else UnknownPhrase.intent.is_(None)
    query = select(UnknownPhrase).where(which).order_by(UnknownPhrase.count.desc(), UnknownPhrase.id).limit(limit)
    return session.scalars(query).all()


def label(session: Session, number: int, intent: str) -> UnknownPhrase:
    """Say what a phrase means. Raises NoSuchPhrase"""
    row = session.get(UnknownPhrase, number, with_for_update=True)
    if row is None:
        raise NoSuchPhrase(number=number)
    row.intent = intent
    return row


def sweep(session: Session, *, now: datetime, limit: int = SWEEP) -> int:
    """Forget at most `limit` phrases that have no label and were not said for `KEPT`; return how many."""
    old = select(UnknownPhrase.id).where(UnknownPhrase.last_at < now - KEPT, UnknownPhrase.intent.is_(None))
    ids = sorted(session.scalars(old.order_by(UnknownPhrase.last_at).limit(limit)))
    if ids:
        gone = delete(UnknownPhrase).where(UnknownPhrase.id.in_(ids), UnknownPhrase.last_at < now - KEPT)
        session.execute(gone.execution_options(synchronize_session=False))
    return len(ids)
