"""Published plan versions. A version never changes; the one in force has the latest start that is not in the future."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, Key, LongText


class PlanVersion(Base):
    __tablename__ = "plan_version"
    __table_args__ = (Index("ix_plan_version_starts_at", "starts_at", "id"), MYSQL)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(LongText)  # the document as it was given
    canonical: Mapped[str] = mapped_column(LongText)
    digest: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    published_at: Mapped[datetime]
    published_by: Mapped[str | None] = mapped_column(String(64))
    ticks: Mapped[list[Any]]
    counts: Mapped[bool]  # whether its commission depends on what somebody has brought about
