"""Tallies: what each distributor sold in each day, week and month, kept in step with orders and refunds.

Units    sales is the net in fen of orders *paid* in the window; orders and units count what still has a net
Source   services.rank keeps and rebuilds them; they are sums of the order tables and hold no fact of their own
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class Tally(Base):
    __tablename__ = "tally"
    __table_args__ = (
        UniqueConstraint("label", "distributor_id"),
        Index("ix_tally_label_sales", "label", "sales", "reached_at", "distributor_id"),
        MYSQL,
    )

    id: Mapped[Key]
    label: Mapped[str] = mapped_column(String(16))  # 2026-11-21, 2026-W47, 2026-11
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    sales: Mapped[Money]
    orders: Mapped[int]
    units: Mapped[int]
    reached_at: Mapped[datetime]  # payment time of the last order that counts: ties go to who was first
