"""Override records of the compliance check: a chain that only grows.

Growth   rows are only inserted: the listener below and triggers in the database refuse the rest. Each row holds the
         hash of the one before, and no two rows may follow the same one, so that none can be left out or slipped in
Secrets  real names are sealed (services.vault); the hash is over what is stored
Source   compliance.md §5
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, Key


class OverrideRecord(Base):
    __tablename__ = "override_record"
    __table_args__ = (
        UniqueConstraint("previous_hash"),  # one row follows another
        UniqueConstraint("hash"),
        Index("ix_override_record_digest", "digest"),
        MYSQL,
    )

    id: Mapped[Key]
    plan_name: Mapped[str] = mapped_column(String(128))
    plan_version: Mapped[int]  # the number that the version was to get
    digest: Mapped[str] = mapped_column(String(64))
    ruleset: Mapped[str] = mapped_column(String(32))
    evidence: Mapped[dict[str, Any]]  # rule id → what showed it
    operator: Mapped[str] = mapped_column(String(64))
    operator_name: Mapped[str] = mapped_column(String(512))  # sealed
    operator_title: Mapped[str] = mapped_column(String(64))
    operator_factor_at: Mapped[datetime]
    second: Mapped[str | None] = mapped_column(String(64))
    second_name: Mapped[str | None] = mapped_column(String(512))  # sealed
    second_factor_at: Mapped[datetime | None]
    statement: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)
    opinion: Mapped[str | None] = mapped_column(String(64))
    ip: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


def _refuse(mapper: Any, connection: Any, target: Any) -> None:
    raise RuntimeError(f"override records only grow: {target.id} cannot be changed or deleted")


event.listen(OverrideRecord, "before_update", _refuse)
event.listen(OverrideRecord, "before_delete", _refuse)
