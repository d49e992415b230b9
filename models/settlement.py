"""Settlement runs and the statements that they give each distributor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class SettlementRun(Base):
    """A run fixes its cutoff when it opens and resumes with the same one.

    Several may have the same cutoff: what a late fact made due after the first was closed is the next one's. At most
    one is open: `slot` is 1 while it is, nothing afterwards, and unique. Two who settle at once work on the same one.
    """

    __tablename__ = "settlement_run"
    __table_args__ = (UniqueConstraint("slot"), Index("ix_settlement_run_closed_at", "closed_at"), MYSQL)

    id: Mapped[Key]
    cutoff: Mapped[datetime]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(16))  # schedule | command
    slot: Mapped[int | None]


class Statement(Base):
    """What one run made available to one distributor, and its bonuses; its business key is (run, distributor).

    amount   commission that became available
    bonus    bonuses given, less those taken back
    told_at  when he was told, at the end of the run; who cannot be written to is told in vain
    """

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("run_id", "distributor_id"),
        Index("ix_statement_distributor_id_id", "distributor_id", "id"),
        MYSQL,
    )

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("settlement_run.id"))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    amount: Mapped[Money]
    orders: Mapped[int]
    bonus: Mapped[Money]
    told_at: Mapped[datetime | None]
    settled_at: Mapped[datetime]


class StatementLine(Base):
    """An order on a statement: what of it became available in that run, whatever is refunded later."""

    __tablename__ = "statement_line"
    __table_args__ = (UniqueConstraint("run_id", "distributor_id", "order_id"), MYSQL)

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("settlement_run.id"))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    amount: Mapped[Money]
