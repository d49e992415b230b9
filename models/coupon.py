"""Coupons (优惠券): the campaign, who shares it where, who took one, and which order used it.

A coupon is what the merchant made; a share is its page in one distributor's name, one group's, both or nobody's; a
claim is one that a customer took, with a code of its own; a use is what an order made of a claim's code.

Units    discounts and sales in fen; instants are UTC, windows hold their start and not their end
Counts   are kept in the row that they are about, changed by guarded statements; nothing is counted by looking
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class Coupon(Base):
    """A campaign. Its terms never change; `closed_at` ends the claiming, what was claimed stays good.

    key      what the merchant and a plan's rewards call it
    content  the document's data (domain.coupon); `digest` is of it
    shared   distributors may share it
    """

    __tablename__ = "coupon"
    __table_args__ = (UniqueConstraint("key"), Index("ix_coupon_closed_at_ends_at", "closed_at", "ends_at"), MYSQL)

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    stock: Mapped[int | None]
    shared: Mapped[bool]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CouponStock(Base):
    """How many of a coupon were taken. A row of its own: what is claimed changes it, and nothing refers to it."""

    __tablename__ = "coupon_stock"
    __table_args__ = (CheckConstraint("claimed >= 0", name="claimed_not_negative"), MYSQL)

    coupon_id: Mapped[int] = mapped_column(BigId, ForeignKey("coupon.id"), primary_key=True, autoincrement=False)
    claimed: Mapped[int]


class CouponShare(Base):
    """A coupon's page in somebody's name: `BASE_URL/shop/c/{code}`, and what has come of it.

    origin    which distributor and which group, as one text: unique where either is nobody; `reward` is no page, but
              what plans gave
    group_id  of models.group, where it was shared
    claimed   taken here · used: by orders, those given back taken off
    discount  what the uses cost the merchant · sales: the net of the orders that used one
    """

    __tablename__ = "coupon_share"
    __table_args__ = (
        UniqueConstraint("coupon_id", "origin"),
        UniqueConstraint("code"),
        Index("ix_coupon_share_distributor_id_coupon_id", "distributor_id", "coupon_id"),
        Index("ix_coupon_share_coupon_id_used", "coupon_id", "used"),
        MYSQL,
    )

    id: Mapped[Key]
    coupon_id: Mapped[int] = mapped_column(BigId, ForeignKey("coupon.id"))
    origin: Mapped[str] = mapped_column(String(48))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    group_id: Mapped[int | None] = mapped_column(BigId)
    code: Mapped[str] = mapped_column(String(16))
    claimed: Mapped[int]
    used: Mapped[int]
    discount: Mapped[Money]
    sales: Mapped[Money]
    created_at: Mapped[datetime]


class CouponClaim(Base):
    """One that a customer took, or that a plan gave a distributor (then `bonus_id` says for what).

    holder      a keyed hash of who he is on the page: his openid or external_userid, else the visitor's cookie
    n           his first, second … of this coupon: a click that comes twice asks for the same one
    ends_at     until when it can be used; None: without end
    withdrawn_at  a refund has undone the bonus for which it was given, or the merchant marked it by hand, before it
                  was used
    """

    __tablename__ = "coupon_claim"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("coupon_id", "holder", "n"),
        UniqueConstraint("bonus_id"),
        MYSQL,
    )

    id: Mapped[Key]
    coupon_id: Mapped[int] = mapped_column(BigId, ForeignKey("coupon.id"))
    share_id: Mapped[int] = mapped_column(BigId, ForeignKey("coupon_share.id"))
    bonus_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("bonus.id"))
    code: Mapped[str] = mapped_column(String(16))
    holder: Mapped[str] = mapped_column(String(64))
    n: Mapped[int]
    claimed_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class CouponUse(Base):
    """What became of the coupon that an order showed; one for each such order.

    standing_claim_id  the claim, while this is its use: None where it was refused or given back
    buyer_n            the buyer's first, second … standing use of this coupon; None likewise
    reason             why it was refused, one of domain.coupon's words; None: it was used
    discount, sales    as they stand, after refunds
    """

    __tablename__ = "coupon_use"
    __table_args__ = (
        UniqueConstraint("order_id"),
        UniqueConstraint("standing_claim_id"),
        UniqueConstraint("coupon_id", "buyer_digest", "buyer_n"),
        Index("ix_coupon_use_coupon_id_reason_id", "coupon_id", "reason", "id"),
        CheckConstraint("reason IS NULL OR standing_claim_id IS NULL", name="refused_uses_none"),
        MYSQL,
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    coupon_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("coupon.id"))
    share_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("coupon_share.id"))
    claim_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("coupon_claim.id"))
    standing_claim_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("coupon_claim.id"))
    buyer_digest: Mapped[str] = mapped_column(String(64))
    buyer_n: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(24))
    why: Mapped[str | None] = mapped_column(String(255))  # the refusal in the coupon's own numbers
    discount: Mapped[Money]
    sales: Mapped[Money]
    at: Mapped[datetime]  # the order's payment
    returned_at: Mapped[datetime | None]
