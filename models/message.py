"""Inbox, outbox, dialogs, and what sending remembers: lanes, media, pauses, the access token.

The rows here are the truth; a queue task or a wake-up only says that there may be something to do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key

# pulled    read from a log (微信客服), not handled: whoever reads the log handles them, in the order of `due_at`
# waiting   stored, not handled: the first handling failed, a worker tries again at `due_at`
# handled   its effect is committed and `answer` holds what a repeat gets
# failed    given up after the last try; the sender got an apology and the operators a notice
INBOX_STATES = ("pulled", "waiting", "handled", "failed")


class Inbox(Base):
    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("channel", "key"), Index("ix_inbox_state_due_at", "state", "due_at"), MYSQL)

    id: Mapped[Key]
    channel: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(160))
    sender: Mapped[str] = mapped_column(String(64))
    inbound: Mapped[dict[str, Any]]  # the Inbound's fields
    state: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str | None] = mapped_column(Text)  # the text of the passive reply; empty: nothing to say
    intent: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


# waiting   to be sent at `due_at` or later
# sending   handed to the platform; if the sender died, the identical body is sent again (duplicate check)
# sent      the platform said 0
# given_up  cannot be delivered; `fault` says why
# merged    another message of the same lane stands for it, or says it along
# parked    the channel allows no message to him now; his next contact makes it `waiting` again (services.grants)
# held      a push that has not been judged since `due_at`: it waits for his quiet hours or the app's budget to end
# muted     a push that he does not want, or of the merchant's that was stopped
OUTBOX_STATES = ("waiting", "sending", "sent", "given_up", "merged", "parked", "held", "muted")


class Outbox(Base):
    """One thing to do at the platform, in the order of `id` within its lane.

    lane      who receives it: wecom:zhangsan, official:DIGEST, kf:DIGEST, robot:KEYDIGEST; or whom to look up:
              directory:zhangsan, follower:DIGEST, guest:DIGEST; push:17 for all those to whom the merchant's 17th goes
    kind      text | menu | card | card_update | poster | robot_text | robot_poster | handover | hand_back |
              lookup_name | lookup_union | lookup_state | announcement
    body      what to send: content, or what must be drawn or uploaded first
    number    the lane's count of messages: makes two equal messages differ in a byte, so that both arrive; of
              微信客服 how often the message failed after it was taken in
    push      the kind of push that it is (domain.push); None for an answer and whatever else nobody may switch off
    person    the distributor whose choice it goes by; no foreign key: it would lock him for each notice
    about     of several pushes about one thing only the newest is sent: withdrawal:17
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_outbox_lane_state_id", "lane", "state", "id"),
        Index("ix_outbox_state_due_at", "state", "due_at"),
        Index("ix_outbox_lane_sent_at", "lane", "sent_at"),
        MYSQL,
    )

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(160))
    lane: Mapped[str] = mapped_column(String(96))
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    request: Mapped[str | None] = mapped_column(Text)  # the frozen JSON of the first try; a repeat sends it again
    number: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(255))
    result: Mapped[dict[str, Any] | None]  # msgid, response_code
    push: Mapped[str | None] = mapped_column(String(16))
    person: Mapped[int | None] = mapped_column(BigId)
    about: Mapped[str | None] = mapped_column(String(64))


class Lane(Base):
    """A receiver's queue: one sender at a time holds its lease, so that order and budgets are kept across processes."""

    __tablename__ = "lane"
    __table_args__ = (UniqueConstraint("name"), MYSQL)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(96))
    count: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(String(64))
    held_until: Mapped[datetime | None]


class Pause(Base):
    """Sending of one channel is stopped because of `errcode`; one try is made at `retry_at`."""

    __tablename__ = "pause"
    __table_args__ = (UniqueConstraint("scope"), MYSQL)

    id: Mapped[Key]
    scope: Mapped[str] = mapped_column(String(96))  # wecom, official, kf, kflog, or a lane's name
    errcode: Mapped[int]
    since: Mapped[datetime]
    retry_at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class Budget(Base):
    """How much of a platform's limits has been used: {path: {seconds of a slot: {slot: calls}}}; see bot.outbox.budget.

    One row for a platform, locked by whoever takes from it: what all processes together have sent stands here only.
    """

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("scope"), MYSQL)

    id: Mapped[Key]
    scope: Mapped[str] = mapped_column(String(16))
    used: Mapped[dict[str, Any]]


class Media(Base):
    """A file that the platform keeps for three days, by content."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("digest", "owner"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(96))  # the app or robot that may use it
    media_id: Mapped[str] = mapped_column(String(512))
    expires_at: Mapped[datetime]


class AccessToken(Base):
    """A platform's access token, sealed; one process at a time holds the lease to fetch a new one."""

    __tablename__ = "access_token"
    __table_args__ = (UniqueConstraint("name"), MYSQL)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(96))
    sealed: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None]
    holder: Mapped[str | None] = mapped_column(String(64))
    held_until: Mapped[datetime | None]


class DialogRow(Base):
    """What the assistant asked a person and waits for."""

    __tablename__ = "dialog"
    __table_args__ = (UniqueConstraint("channel", "sender"), MYSQL)

    id: Mapped[Key]
    channel: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(64))
    state: Mapped[str | None] = mapped_column(String(32))
    facts: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime | None]
    greeted_on: Mapped[str | None] = mapped_column(String(10))  # Shanghai date of the last greeting by an event


class JobState(Base):
    """A job of the clock: the last moment at which it was due and done, so that missed runs are caught up."""

    __tablename__ = "job_state"
    __table_args__ = (UniqueConstraint("name"), MYSQL)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(64))
    done_until: Mapped[datetime]
    beat_at: Mapped[datetime | None]
    holder: Mapped[str | None] = mapped_column(String(64))
    held_until: Mapped[datetime | None]
