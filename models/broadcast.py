"""Mass messages (群发): what is to be sent, the task of each member who has to confirm it, and who gets it.

Source   reference/wecom.md §8.7; states in domain/broadcast.py
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class Broadcast(Base):
    """One message of the merchant's, as he wrote it. `audience` is group or single (customers of members).

    ticks   rules of material whose warnings the operator has accepted for it
    """

    __tablename__ = "broadcast"
    __table_args__ = (MYSQL,)

    id: Mapped[Key]
    audience: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(String(64))  # the product whose poster and link each leader sends
    link: Mapped[dict[str, Any] | None]  # {"url", "title", "desc"}, the same for everybody
    picture: Mapped[str | None] = mapped_column(String(512))  # the media_id of the picture that everybody sends
    ticks: Mapped[list[Any]]
    operator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class BroadcastTask(Base):
    """One request to the platform, which gives it a msgid: what one member has to confirm.

    There is no way to ask for the same twice and get one: a request whose answer is missing stays `unknown` until it
    has been found among the platform's tasks, or a person has said what became of it.

    sender       the member who has to confirm, in lower case
    content      text, link and poster as they are for this task
    request      the JSON that was sent, without receivers: by it the task is found again
    due_at       when something has to be done about it: to ask, to find out, to look at results; None: nothing
    sent … over  how many receivers got it, are no friends, have had their share; unsent: not yet, or not at all
    failed       were refused by the platform from the first
    reminded     instants as ISO texts
    """

    __tablename__ = "broadcast_task"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "place"),
        UniqueConstraint("msgid"),
        Index("ix_broadcast_task_due_at", "due_at"),
        MYSQL,
    )

    id: Mapped[Key]
    broadcast_id: Mapped[int] = mapped_column(BigId, ForeignKey("broadcast.id"))
    place: Mapped[int]  # from 1 within the broadcast
    audience: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(64))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    content: Mapped[dict[str, Any]]
    request: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    msgid: Mapped[str | None] = mapped_column(String(128))
    targets: Mapped[int]
    sent: Mapped[int] = mapped_column(default=0)
    unsent: Mapped[int] = mapped_column(default=0)
    no_friend: Mapped[int] = mapped_column(default=0)
    over_cap: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    created_at: Mapped[datetime | None]  # at the platform
    confirmed_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    reminded: Mapped[list[Any]]
    fault: Mapped[str | None] = mapped_column(String(255))


class BroadcastTarget(Base):
    """Somebody who is to get it: a group by its chat_id, a customer by the digest of his external_userid.

    counts_at   while it counts towards what he may get: from asking on, later the second in which it was sent
    """

    __tablename__ = "broadcast_target"
    __table_args__ = (
        UniqueConstraint("task_id", "receiver"),
        Index("ix_broadcast_target_receiver", "receiver", "counts_at"),
        MYSQL,
    )

    id: Mapped[Key]
    task_id: Mapped[int] = mapped_column(BigId, ForeignKey("broadcast_task.id"))
    receiver: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str | None] = mapped_column(String(512))  # a customer's external_userid; None for a group
    status: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    counts_at: Mapped[datetime | None]
