"""Customers of 客户联系: who they are, whose contact each is and by whose state, and how that is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class Customer(Base):
    """Somebody outside the enterprise. `digest` finds his external_userid; ids and name stand only sealed.

    kind   1 with WeChat, 2 of another enterprise; None before the platform was asked
    """

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_customer_union_digest", "union_digest"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(String(512))
    union_digest: Mapped[str | None] = mapped_column(String(64))
    union_sealed: Mapped[str | None] = mapped_column(String(512))
    name_sealed: Mapped[str | None] = mapped_column(String(1024))
    kind: Mapped[int | None]
    looked_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class CustomerRelation(Base):
    """One member and one customer. The latest adding stands here; every one stands in `customer_event`.

    status          half | added | left | dropped (domain.customer)
    state           by which he came, as the platform told it; None where it told none
    distributor_id  to whom that state belongs
    noted_at        our own time of the last change: what was asked of the platform before it says nothing about it
    seen_at         the beginning of the daily walk that saw it last
    welcomed_at     the welcome message of this adding was delivered
    """

    __tablename__ = "customer_relation"
    __table_args__ = (
        UniqueConstraint("customer_id", "userid"),
        Index("ix_customer_relation_userid_id", "userid", "id"),
        Index("ix_customer_relation_distributor_id_added_at", "distributor_id", "added_at"),
        MYSQL,
    )

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    userid: Mapped[str] = mapped_column(String(64))  # lower case
    status: Mapped[str] = mapped_column(String(16))
    state: Mapped[str | None] = mapped_column(String(64))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    added_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    welcomed_at: Mapped[datetime | None]
    noted_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


# What the platform told: its own words for events, and what was found without one.
EVENTS = (
    "add_external_contact", "add_half_external_contact", "del_external_contact", "del_follow_user", "transfer_fail",
    "found", "state_found", "gone",
)  # fmt: skip


class CustomerEvent(Base):
    """The evidence of a relation: what happened, when, by which state, and how it was heard of. Rows only grow.

    at              the platform's time; of `gone` the time at which it was noticed, for the platform tells none
    heard_by        event | lookup | walk
    distributor_id  whom the customer was bound to by it
    detail          transfer: who took him over is another relation; the reason of transfer_fail
    """

    __tablename__ = "customer_event"
    __table_args__ = (UniqueConstraint("relation_id", "what", "at"), MYSQL)

    id: Mapped[Key]
    relation_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer_relation.id"))
    what: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    state: Mapped[str | None] = mapped_column(String(64))
    heard_by: Mapped[str] = mapped_column(String(16))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    detail: Mapped[str | None] = mapped_column(String(64))
    noted_at: Mapped[datetime]


class ContactWay(Base):
    """By what customers come to a distributor: his state, for ever, and the 联系我 code with it, once it is made.

    distributor_id  for whom it was made; owner_id: whose customers it brings, another's once two turned out to be one
    config_id   told once by the platform: without it the code can be neither changed nor deleted
    picture     the address of the code's picture
    users       the members that it leads to
    tries       how often it was ordered: the number of the outbox row that makes it
    waiting     the lane of the chat that asked for it before it was there
    """

    __tablename__ = "contact_way"
    __table_args__ = (
        UniqueConstraint("distributor_id"),
        UniqueConstraint("state"),
        UniqueConstraint("config_id"),
        Index("ix_contact_way_owner_id", "owner_id"),
        MYSQL,
    )

    id: Mapped[Key]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    state: Mapped[str] = mapped_column(String(64))
    config_id: Mapped[str | None] = mapped_column(String(64))
    picture: Mapped[str | None] = mapped_column(String(512))
    users: Mapped[list[Any]]
    tries: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[str | None] = mapped_column(String(96))
    made_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ContactWalk(Base):
    """The daily walk over all members' customers: how far it is, so that whoever goes on goes on from there.

    members   whose customers it looks at, in order; place: at how many of them it is; cursor: within those
    step      how often it has gone on; whoever goes on changes it, and nobody goes on from a step that is over
    counts    what it has found so far
    """

    __tablename__ = "contact_walk"
    __table_args__ = (UniqueConstraint("as_of"), MYSQL)

    id: Mapped[Key]
    as_of: Mapped[datetime]
    members: Mapped[list[Any]]
    place: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str | None] = mapped_column(String(512))
    step: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
