"""What people want to be told unasked, and the merchant's own pushes to many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class PushChoice(Base):
    """What a distributor has chosen (domain.push.Choice); who has chosen nothing has no row.

    hours   22:00-08:00, off, or None for the merchant's
    """

    __tablename__ = "push_choice"
    __table_args__ = (MYSQL,)

    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("distributor.id"), primary_key=True, autoincrement=False
    )
    muted: Mapped[list[Any]]
    paused: Mapped[list[Any]]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    hours: Mapped[str | None] = mapped_column(String(16))
    changed_at: Mapped[datetime]


# open      goes on: its lane `push:ID` is swept until everybody has been passed
# done      everybody has been passed
# stopped   by an operator, where it stood
ANNOUNCEMENT_STATES = ("open", "done", "stopped")


class Announcement(Base):
    """A text of the merchant's to many distributors, by pages of their ids; `after` is the last that was passed.

    The page that is sent and `after` change in one transaction, so that nobody is in two pages.

    due_at      when it goes on
    sent        receivers of pages that the platform has taken, those whom it could not reach left out
    muted       passed over because they do not want it
    alone       told by a message of their own: other chats, quiet hours of their own, a spent budget
    unreached   whom the platform named as invalid, and who has no chat at all
    touched_at  when a page was last sent: it counts against every member's own budget
    """

    __tablename__ = "announcement"
    __table_args__ = (
        Index("ix_announcement_state_due_at", "state", "due_at"),
        Index("ix_announcement_touched_at", "touched_at"),
        MYSQL,
    )

    id: Mapped[Key]
    text: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(String(16))
    level: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    after: Mapped[int] = mapped_column(BigId)
    due_at: Mapped[datetime]
    sent: Mapped[int]
    muted: Mapped[int]
    alone: Mapped[int]
    unreached: Mapped[int]
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
