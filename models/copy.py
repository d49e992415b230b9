"""Copy (文案): the merchant's own texts, and which text a distributor was given last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class OwnCopy(Base):
    """A text of the merchant's own, as domain.copy reads it. Replaced as a whole, or taken away.

    content   the entry of its file: kind, text, when … (domain.copy.CopyText.data)
    ticks     rule ids of the warnings that the operator accepted
    """

    __tablename__ = "own_copy"
    __table_args__ = (UniqueConstraint("name"), Index("ix_own_copy_sku", "sku"), MYSQL)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(64))
    sku: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    ticks: Mapped[list[Any]]
    ruleset: Mapped[str] = mapped_column(String(32))
    operator: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class CopyUse(Base):
    """What a distributor was given for a product and a kind of text, the latest first, so that the next is another.

    sku       empty for a text about no product
    recent    names of texts
    """

    __tablename__ = "copy_use"
    __table_args__ = (
        UniqueConstraint("distributor_id", "sku", "kind"),
        Index("ix_copy_use_distributor_id_used_at", "distributor_id", "used_at"),
        MYSQL,
    )

    id: Mapped[Key]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    sku: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    topic: Mapped[str] = mapped_column(String(16))
    recent: Mapped[list[Any]]
    used_at: Mapped[datetime]
