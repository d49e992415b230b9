"""Products, orders, their refunds, and the claims from which an order's distributor was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("sku"), MYSQL)

    id: Mapped[Key]
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(64))
    price: Mapped[Money]
    cost: Mapped[Money | None]
    stock: Mapped[int]
    on_shelf: Mapped[bool]
    promise: Mapped[str] = mapped_column(String(128), default="")
    picture: Mapped[str | None] = mapped_column(String(255))  # a file below assets/images
    listed_at: Mapped[datetime | None]  # since when it is new to a shop that sold before; None where nobody told


class Order(Base):
    """One paid order, known by `source` and `no`. What was decided at payment is frozen on it.

    paid       what the lines were paid, without freight
    units      of the lines that have a net now
    settles_at completion plus the hold days of its plan; None until it is completed
    counts     whether it counts for its seller: he has it, and it is no own purchase that counts nowhere
    group_id   the customer group that it came from, whoever has it
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("source", "no"),
        Index("ix_orders_distributor_id_paid_at", "distributor_id", "paid_at"),
        Index("ix_orders_distributor_id_settles_at", "distributor_id", "settles_at"),
        Index("ix_orders_no", "no"),
        Index("ix_orders_paid_at", "paid_at"),
        Index("ix_orders_milestones_due_at", "milestones_due_at", "distributor_id"),
        Index(  # most orders come from no group, and cost nothing here where a database can leave them out
            "ix_orders_group_id",
            "group_id",
            "distributor_id",
            "paid_at",
            postgresql_where=text("group_id IS NOT NULL"),
            sqlite_where=text("group_id IS NOT NULL"),
        ),
        Index("ix_orders_buyer_digest", "buyer_digest", "distributor_id", "paid_at"),  # whether he has bought before
        MYSQL,
    )

    id: Mapped[Key]
    source: Mapped[str] = mapped_column(String(32))
    no: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))  # of the content as parsed, without completed_at
    content: Mapped[dict[str, Any]]  # as parsed, without identity data: ref, freight
    buyer_digest: Mapped[str] = mapped_column(String(64))  # of source and buyer.id
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    buyer_distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    plan_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("plan_version.id"))
    group_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer_group.id"))
    reason_code: Mapped[str] = mapped_column(String(16))
    reason_text: Mapped[str] = mapped_column(String(255))
    claims: Mapped[list[Any]]  # every claim that was weighed, the losing ones with why
    seller_role: Mapped[str | None] = mapped_column(String(16))  # as at payment
    seller_member: Mapped[bool | None]
    upline: Mapped[list[Any]]  # the chain at payment, nearest first: [{"id", "code", "role", "member"}]
    counts: Mapped[bool]
    paid: Mapped[Money]
    net: Mapped[Money]
    units: Mapped[int]
    paid_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    settles_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    milestones_due_at: Mapped[datetime | None]  # from when on a run looks at what this order does to milestones

    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.line", back_populates="order", lazy="raise")
    refunds: Mapped[list[Refund]] = relationship(order_by="Refund.id", back_populates="order", lazy="raise")


class OrderLine(Base):
    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line"),
        CheckConstraint("refunded >= 0 AND refunded <= paid", name="refunded_within_paid"),
        CheckConstraint("refunded_qty >= 0 AND refunded_qty <= qty", name="refunded_qty_within_qty"),
        MYSQL,
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    line: Mapped[int]
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(64))
    qty: Mapped[int]
    price: Mapped[Money]
    paid: Mapped[Money]
    cost: Mapped[Money | None]  # of one unit, at payment
    refunded: Mapped[Money]
    refunded_qty: Mapped[int]

    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise")


class Refund(Base):
    """Money or goods that went back; `refund_no` is unique per source."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("source", "refund_no"),
        Index("ix_refund_order_id", "order_id"),
        Index("ix_refund_at", "at"),
        Index("ix_refund_distributor_id_at", "distributor_id", "at"),
        MYSQL,
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))  # who has the order
    source: Mapped[str] = mapped_column(String(32))
    refund_no: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    lines: Mapped[list[Any]]  # [{"line", "qty", "amount_fen"}]
    received_at: Mapped[datetime]

    order: Mapped[Order] = relationship(back_populates="refunds", lazy="raise")


class Shipment(Base):
    """A parcel of an order; the same carrier and waybill is the same parcel."""

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("order_id", "carrier", "waybill"), MYSQL)

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    carrier: Mapped[str] = mapped_column(String(64))
    waybill: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    received_at: Mapped[datetime]


class IntakeLock(Base):
    """What an order and the facts about it take before they look whether the other is there.

    Two transactions that cannot see each other yet would both find nothing, and a refund kept for an order that has
    just come would wait for ever. An order's number is hashed to one of a fixed number of rows, made when first used.
    """

    __tablename__ = "intake_lock"
    __table_args__ = (MYSQL,)

    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class EarlyFact(Base):
    """A refund, completion or shipment that came before its order; applied when the order comes, then marked.

    `source` is empty where the push did not say it: then the fact is for the first order of that number.
    """

    __tablename__ = "early_fact"
    __table_args__ = (
        UniqueConstraint("source", "kind", "ref"),
        Index("ix_early_fact_order", "source", "order_no"),
        MYSQL,
    )

    id: Mapped[Key]
    source: Mapped[str] = mapped_column(String(32))
    order_no: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # refund | completion | shipment
    ref: Mapped[str] = mapped_column(String(64))  # refund_no, the order's number, or a hash of the shipment
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(255))  # why it could not be applied


class Touch(Base):
    """A claim on a customer before an order: he opened a distributor's link, bought by his code, or became a contact.

    One row per customer's identity (a keyed hash of buyer id, unionid, external_userid, phone or visitor cookie).
    """

    __tablename__ = "touch"
    __table_args__ = (
        UniqueConstraint("identity_digest", "kind", "ref"),
        Index("ix_touch_identity_digest_at", "identity_digest", "at"),
        Index("ix_touch_distributor_id_at", "distributor_id", "at"),
        MYSQL,
    )

    id: Mapped[Key]
    identity_digest: Mapped[str] = mapped_column(String(64))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    kind: Mapped[str] = mapped_column(String(16))  # link | code | coupon | contact
    ref: Mapped[str] = mapped_column(String(128))  # what makes it one: the order, the visit, the relation
    sku: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str | None] = mapped_column(String(32))  # the link's `s`: poster, group …
    at: Mapped[datetime]


class ApiNonce(Base):
    """Nonces that a correctly signed request has shown; each is used once. Old ones are swept after the window."""

    __tablename__ = "api_nonce"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_api_nonce_seen_at", "seen_at"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime]
