"""Consent to one's name on posters: asked once, given and taken back in the chat, kept with time and wording.

Source   compliance.md §3, WX-4
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.consent import WORDING
from models.consent import PosterConsent


def standing(session: Session, distributor_id: int) -> PosterConsent | None:
    """The row that counts; None where he was never asked."""
    query = select(PosterConsent).where(PosterConsent.distributor_id == distributor_id)
    return session.scalars(query.order_by(PosterConsent.id.desc()).limit(1)).one_or_none()


def may_name(session: Session, distributor_id: int) -> bool:
    """Whether his name may stand on his posters."""
    row = standing(session, distributor_id)
    return row is not None and row.what == "given"


def record(session: Session, distributor_id: int, what: str, *, channel: str, now: datetime) -> bool:
    """Write down what he was told or said; False where that is how it stands already."""
    row = standing(session, distributor_id)
    if row is not None and row.what == what and (what != "given" or row.wording == WORDING):
        return False
    session.add(PosterConsent(distributor_id=distributor_id, what=what, wording=WORDING, channel=channel, at=now))
    return True
