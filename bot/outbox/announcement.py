"""The lane of a push to many: it makes its own rows, a page at a time, when the page before has been sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.outbox import lanes
from bot.outbox.pushes import Gate
from bot.outbox.verdict import GivenUp, Sent
from models.message import Outbox
from models.push import Announcement
from services import message
from services.message import Push
from services.push import announcement

PAGES_AT_ONCE = 20  # pages in which nobody is to be told together that one transaction passes


def number_of(lane: str) -> int:
    return int(lane.removeprefix(lanes.PUSH))


def next_row(session: Session, lane: str, gate: Gate, now: datetime) -> Outbox | None:
    """The next page as a row to send; None where the push waits or has ended. Its lane is held by the caller."""
    unsent = Outbox.lane == lane, Outbox.state.in_(("held", "waiting", "sending"))
    if session.scalar(select(Outbox.id).where(*unsent).limit(1)) is not None:
        return None
    row = session.get(Announcement, number_of(lane), with_for_update=True, populate_existing=True)
    if row is None or row.state != "open" or row.due_at > now:
        return None
    until = gate.quiet.until(now) if gate.quiet is not None else None
    until = until or announcement.crowded_until(session, row, now)
    if until is not None:
        row.due_at = until
        session.flush()
        return None
    most = gate.spending.largest() if gate.spending is not None else announcement.LARGEST_PAGE
    size = max(1, min(announcement.LARGEST_PAGE, most))

    def full(session: Session, names: list[str]) -> set[str]:
        return lanes.full(session, names, now)

    for _ in range(PAGES_AT_ONCE):
        to = announcement.pass_page(session, row, size=size, full=full, quiet=gate.quiet, now=now)
        if to:
            return _row(session, row, lane, to, now)
        if to is None:
            break
    return None


def _row(session: Session, row: Announcement, lane: str, to: list[str], now: datetime) -> Outbox:
    """Its key holds the last id that it passes: the same page cannot be written twice."""
    key, body = f"{lane}:to:{row.after}", {"content": row.text, "to": to}
    push = Push(announcement.KIND, about=announcement.about(row.id))
    message.queue(session, key=key, lane=lane, kind="announcement", body=body, now=now, push=push)
    made = session.scalars(select(Outbox).where(Outbox.key == key)).one()
    made.state = "waiting"
    session.flush()
    return made


def put_off(session: Session, lane: str, until: datetime) -> None:
    """The page that is next waits, and the push with it."""
    row = session.get_one(Announcement, number_of(lane), with_for_update=True, populate_existing=True)
    row.due_at = until
    session.flush()


def count(session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
    """Write down whom a page has reached."""
    people = len(row.body["to"])
    missed = int(verdict.result.get("unreached", 0)) if isinstance(verdict, Sent) else people
    announcement.record(session, number_of(row.lane), sent=people - missed, unreached=missed, now=now)
