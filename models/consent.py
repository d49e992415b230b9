"""What people agreed to. Rows are only ever inserted; the last one counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class PosterConsent(Base):
    """Whether a person's name may stand on his posters.

    what      asked   he was told how to say so, and has said nothing
              given | withdrawn
    wording   the version of the words that he was told (domain.consent.WORDING)
    """

    __tablename__ = "poster_consent"
    __table_args__ = (Index("ix_poster_consent_distributor_id", "distributor_id", "id"), MYSQL)

    id: Mapped[Key]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    what: Mapped[str] = mapped_column(String(16))
    wording: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
