"""Rollups: what each distributor has sold, summed for the counts that plans ask for, and which orders rest on it.

They are kept only for people whose counts were asked for; a merchant whose plans count nothing has no row here. All
sums can be made again from the order tables (services.rollup).

Units    sales in fen, net; a label is 2026-11-21, 2026-W47, 2026-11 or `lifetime`, of the window of the payment
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId


class Rollup(Base):
    """One for each person; whoever changes or reads his sums to decide something locks it first.

    kept          which sums there are: `paid:lifetime settled:month buyers:month`; without a word here a missing row of
                  RollupSum says nothing, with it that nothing was sold
    paid_to       the latest payment in the sums
    refunded_to   the latest refund in them: a count of a moment after both needs no look at the orders
    settled_to    orders that settle by then are in the sums of what is settled, later ones are not
    next_settles  the next order that does
    moved         what is settled, or who is in his team, has changed since his level was looked at
    level         the level that he has as far as he was told, and how often he was told of another
    """

    __tablename__ = "rollup"
    __table_args__ = (
        Index("ix_rollup_next_settles", "next_settles", "distributor_id"),
        Index("ix_rollup_moved", "moved", "distributor_id"),
        MYSQL,
    )

    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("distributor.id"), primary_key=True, autoincrement=False
    )
    kept: Mapped[str] = mapped_column(String(160))
    paid_to: Mapped[datetime | None]
    refunded_to: Mapped[datetime | None]
    settled_to: Mapped[datetime | None]
    next_settles: Mapped[datetime | None]
    moved: Mapped[bool]
    level: Mapped[str | None] = mapped_column(String(64))
    levels_told: Mapped[int]


class RollupSum(Base):
    """Of a person's orders that were paid in a window: all of them (`paid`), or those that have settled.

    orders, units and sales are of lines and orders that have a net; buyers, of what has settled, are distinct.
    """

    __tablename__ = "rollup_sum"
    __table_args__ = (MYSQL,)

    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("rollup.distributor_id"), primary_key=True, autoincrement=False
    )
    basis: Mapped[str] = mapped_column(String(8), primary_key=True)  # paid | settled
    label: Mapped[str] = mapped_column(String(16), primary_key=True)
    orders: Mapped[int]
    units: Mapped[int]
    sales: Mapped[Money]
    buyers: Mapped[int]


class RollupBuyer(Base):
    """How many of a person's settled orders of a window are of one buyer; only where buyers are asked for."""

    __tablename__ = "rollup_buyer"
    __table_args__ = (MYSQL,)

    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("rollup.distributor_id"), primary_key=True, autoincrement=False
    )
    label: Mapped[str] = mapped_column(String(16), primary_key=True)
    buyer_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    orders: Mapped[int]


class Reliance(Base):
    """An order was decided on somebody's counts: a fact about him that comes late has it decided again."""

    __tablename__ = "reliance"
    __table_args__ = (Index("ix_reliance_distributor_id_paid_at", "distributor_id", "paid_at"), MYSQL)

    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"), primary_key=True, autoincrement=False)
    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("distributor.id"), primary_key=True, autoincrement=False
    )
    paid_at: Mapped[datetime]  # of the order
