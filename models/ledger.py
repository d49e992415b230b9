"""The books: accounts, entries and signed postings.

Units    fen, and whole points on accounts for points; a posting is what its account gains: plus credited, minus
         debited; an entry's postings sum to zero and are all of one unit
Growth   entries and postings are only inserted: the listener below and triggers in the database refuse the rest.
         An account of a distributor carries its balance, changed in the same transaction as its postings by a guarded
         UPDATE; house accounts carry none and are summed, so that no row is hot.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key


class LedgerAccount(Base):
    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint(
            "balance IS NULL OR balance >= 0 OR purpose IN ('available', 'points')",
            name="only_available_may_be_negative",
        ),
        Index("ix_ledger_account_distributor_id", "distributor_id"),
        MYSQL,
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(64))  # distributor:17:available, merchant:commission_cost
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    purpose: Mapped[str] = mapped_column(String(32))  # domain.ledger.Purpose or a house account's word
    balance: Mapped[Money | None]


class LedgerEntry(Base):
    """One business event; `key` is its business key, so that it is booked once."""

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("key"), Index("ix_ledger_entry_at", "at"), MYSQL)

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(192))
    kind: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    reverses_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("ledger_entry.id"))


class LedgerPosting(Base):
    __tablename__ = "ledger_posting"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="not_zero"),
        Index("ix_ledger_posting_entry_id", "entry_id"),
        Index("ix_ledger_posting_account_id_entry_id", "account_id", "entry_id"),
        MYSQL,
    )

    id: Mapped[Key]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("ledger_entry.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("ledger_account.id"))
    amount: Mapped[Money]


def _refuse(mapper: Any, connection: Any, target: Any) -> None:
    raise RuntimeError(f"the ledger only grows: {type(target).__name__} {target.id} cannot be changed or deleted")


for _table in (LedgerEntry, LedgerPosting):
    event.listen(_table, "before_update", _refuse)
    event.listen(_table, "before_delete", _refuse)
