"""A task's way to the platform: asked for once, and never again before it is known what became of it.

Locks    the task's row
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain import broadcast as rules
from models.broadcast import BroadcastTarget, BroadcastTask
from services.vault import Vault


@dataclass(frozen=True, slots=True)
class Ask:
    """A task in work, as values."""

    id: int
    audience: str
    sender: str
    content: dict[str, Any]
    state: str
    msgid: str | None
    request: str | None
    asked_at: datetime | None


def due(session: Session, *, now: datetime, broadcast_id: int | None = None, limit: int = 100) -> list[int]:
    """Tasks about which something has to be done now, those that wait longest first."""
    query = select(BroadcastTask.id).where(BroadcastTask.due_at <= now)
    if broadcast_id is not None:
        query = query.where(BroadcastTask.broadcast_id == broadcast_id)
    return list(session.scalars(query.order_by(BroadcastTask.due_at, BroadcastTask.id).limit(limit)))


def hold(session: Session, task_id: int) -> BroadcastTask:
    query = select(BroadcastTask).where(BroadcastTask.id == task_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def values(row: BroadcastTask) -> Ask:
    return Ask(row.id, row.audience, row.sender, row.content, row.state, row.msgid, row.request, row.asked_at)


def receivers(session: Session, vault: Vault, task_id: int) -> list[str]:
    """The chat_ids or external_userids that the request names."""
    query = select(BroadcastTarget.receiver, BroadcastTarget.sealed).where(BroadcastTarget.task_id == task_id)
    rows = session.execute(query.order_by(BroadcastTarget.id))
    return [receiver if sealed is None else vault.open(sealed) for receiver, sealed in rows]


def ask(session: Session, task_id: int, request: str, *, now: datetime) -> Ask | None:
    """Take a draft to ask for it, with the request frozen; None where another has taken it or it was called off."""
    row = hold(session, task_id)
    if row.state != "draft":
        return None
    row.state, row.asked_at, row.request = "asking", now, request
    row.tries += 1
    # Should we die over it: whoever comes then finds it and has to find out.
    row.due_at = now + rules.ASKING_AT_MOST
    session.flush()
    return values(row)


def created(
    session: Session, task_id: int, msgid: str, failed: Collection[str], *, now: datetime
) -> BroadcastTask | None:
    """The platform has it; None where that was known. `failed`: receivers whom it refused, by chat_id or digest."""
    row = hold(session, task_id)
    if row.state not in ("asking", "unknown"):
        return None
    row.state, row.msgid, row.created_at, row.fault = "created", msgid, now, None
    row.due_at = now + rules.FIRST_LOOK
    if failed:
        mine = BroadcastTarget.task_id == task_id, BroadcastTarget.receiver.in_(set(failed))
        session.execute(
            update(BroadcastTarget)
            .where(*mine)
            .values(status=rules.FAILED, counts_at=None)
            .execution_options(synchronize_session=False)
        )
    row.failed = len(set(failed))
    row.unsent = row.targets - row.failed
    session.flush()
    return row


def ask_later(session: Session, task_id: int, reason: str, at: datetime) -> None:
    """It cannot have been made: it is a draft again, for then."""
    row = hold(session, task_id)
    if row.state in ("asking", "draft"):
        row.state, row.due_at, row.fault = "draft", at, reason[:255]
        session.flush()


def put_off(session: Session, task_id: int, reason: str, at: datetime) -> None:
    """A draft that cannot be asked for now. One that may have been asked for is left: that has to be found out."""
    row = hold(session, task_id)
    if row.state == "draft":
        row.due_at, row.fault = at, reason[:255]
        session.flush()


def refused(session: Session, task_id: int, reason: str) -> BroadcastTask | None:
    """The platform will not have it, now or later: its receivers may get another."""
    row = hold(session, task_id)
    if row.state not in ("asking", "draft"):
        return None
    row.state, row.due_at, row.fault = "refused", None, reason[:255]
    _free(session, task_id)
    return row


def unknown(session: Session, task_id: int, reason: str, *, now: datetime) -> BroadcastTask | None:
    """Its answer is missing: from now on it has to be found out what became of it."""
    row = hold(session, task_id)
    if row.state != "asking":
        return None
    row.state, row.fault = "unknown", reason[:255]
    row.due_at = rules.next_find(row.asked_at or now, now)
    session.flush()
    return row


def unknown_still(session: Session, task_id: int, *, now: datetime) -> bool:
    """It was not found: when to look again, or never; True where a person has to say it from now on."""
    row = hold(session, task_id)
    if row.state != "unknown":
        return False
    row.due_at = rules.next_find(row.asked_at or now, now)
    session.flush()
    return row.due_at is None


def missing(session: Session, task_id: int, *, now: datetime) -> bool:
    """A person has looked and says that the platform does not have it: it may be asked for again."""
    row = hold(session, task_id)
    if row.state != "unknown":
        return False
    row.state, row.due_at, row.fault = "draft", now, None
    session.flush()
    return True


def twins(session: Session, row: Ask) -> Sequence[int]:
    """Other tasks of the same member that say the same and of which it is not known either what became of them."""
    other = BroadcastTask.id != row.id, BroadcastTask.sender == row.sender, BroadcastTask.audience == row.audience
    query = select(BroadcastTask.id).where(*other, BroadcastTask.state.in_(("asking", "unknown")))
    return session.scalars(query.where(BroadcastTask.request == row.request)).all()


def _free(session: Session, task_id: int) -> None:
    """Its receivers have not had it, and will not."""
    session.execute(
        update(BroadcastTarget)
        .where(BroadcastTarget.task_id == task_id, BroadcastTarget.status == rules.UNSENT)
        .values(counts_at=None)
        .execution_options(synchronize_session=False)
    )
    session.flush()
