"""What people asked and the assistant did not understand, without who asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, Key


class UnknownPhrase(Base):
    """One wording, numbers, codes and names replaced by marks; `intent` is what a merchant said that it means."""

    __tablename__ = "unknown_phrase"
    __table_args__ = (
        UniqueConstraint("text"),
        Index("ix_unknown_phrase_intent_count", "intent", "count"),
        Index("ix_unknown_phrase_last_at", "last_at"),
        MYSQL,
    )

    id: Mapped[Key]
    text: Mapped[str] = mapped_column(String(60))
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    intent: Mapped[str | None] = mapped_column(String(32))
