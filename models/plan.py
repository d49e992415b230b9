"""Published plan versions. A version never changes; the one in force has the latest start that is not in the future.

`findings` are what the compliance check said of it under `ruleset`, `context` what it was told beside the plan. One
that rests on an override record is good as long as the record, and under its rule set only. A draft may
change until it is published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key, LongText


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
    findings: Mapped[list[Any]] = mapped_column(default=list)
    ruleset: Mapped[str] = mapped_column(String(32), default="")
    context: Mapped[str | None] = mapped_column(LongText)
    overrides: Mapped[list[Any]] = mapped_column(default=list)  # ids of the records it rests on
    good_until: Mapped[datetime | None]
    counts: Mapped[bool]  # whether its commission depends on what somebody has brought about


# draft      kept as it was given; nobody has looked at what the rules say of it
# checked    the compliance check has been run on exactly this text; `findings` are what it said under `ruleset`
# published  `version_id` is what became of it; it never changes again
DRAFT_STATES = ("draft", "checked", "published")


class PlanDraft(Base):
    """A plan that is being worked on; people call it D3."""

    __tablename__ = "plan_draft"
    __table_args__ = (MYSQL,)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(LongText)
    digest: Mapped[str] = mapped_column(String(64))
    context: Mapped[str | None] = mapped_column(LongText)  # as it was given, for the check
    state: Mapped[str] = mapped_column(String(16))
    saved_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    findings: Mapped[list[Any]]
    ruleset: Mapped[str] = mapped_column(String(32))
    version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("plan_version.id"))
