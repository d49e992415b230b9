"""Withdrawals: requests for money, their decision and their payout by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class Withdrawal(Base):
    """A request; its `id` is the number that people see, for ever. States are those of domain.withdrawal."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("paid_reference"),
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_withdrawal_distributor_id_requested_at", "distributor_id", "requested_at"),
        Index("ix_withdrawal_state_id", "state", "id"),
        MYSQL,
    )

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(160))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    amount: Mapped[Money]
    state: Mapped[str] = mapped_column(String(16))
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    refused_because: Mapped[str | None] = mapped_column(String(255))
    paid_at: Mapped[datetime | None]
    paid_reference: Mapped[str | None] = mapped_column(String(64))
