"""Awards and skips: who earns from an order, and who could have and why not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key

# pending    待结算: earned, not yet past the hold period
# available  可提现: a settlement run has moved it
# reversed   taken back in full by refunds
STATES = ("pending", "available", "reversed")


class Award(Base):
    """One row of a rule on one line of an order. The terms are frozen at payment; the amount follows refunds.

    terms  what the engine froze (rate, amount, base, who): all that a recomputation needs besides net and units
    facts  what the present amount was computed from: all that the explanation needs
    peak   the most it ever was. A row that never was above 0 is no award that anybody is shown, but it is kept: what a
           refund takes from an earlier row of the line may leave something under the cap for it.
    available_at tells where the money stands: with it the available account, without it the pending one.
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("order_id", "line", "rule", "row"),
        Index("ix_award_distributor_id_paid_at", "distributor_id", "paid_at"),
        # What a settlement run asks: who has something due, then what of his is due.
        Index("ix_award_state_settles_at", "state", "settles_at", "distributor_id"),
        Index("ix_award_distributor_id_state", "distributor_id", "state", "settles_at"),
        MYSQL,
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    line: Mapped[int]
    rule: Mapped[str] = mapped_column(String(64))
    row: Mapped[int]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    as_: Mapped[str] = mapped_column("as", String(16))
    terms: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    amount: Mapped[Money]
    peak: Mapped[Money]
    state: Mapped[str] = mapped_column(String(16))
    paid_at: Mapped[datetime]  # of the order: what people see is listed by it
    settles_at: Mapped[datetime | None]  # of the order: completion plus hold days; None until it is completed
    available_at: Mapped[datetime | None]


class Skip(Base):
    """Somebody who could have earned and did not, with the reason."""

    __tablename__ = "skip"
    __table_args__ = (Index("ix_skip_order_id", "order_id"), MYSQL)

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    line: Mapped[int]
    rule: Mapped[str] = mapped_column(String(64))
    row: Mapped[int]
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    as_: Mapped[str] = mapped_column("as", String(16))
    reason: Mapped[str] = mapped_column(String(32))
    facts: Mapped[dict[str, Any]]
