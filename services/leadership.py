"""Whose a customer group was at a moment, by its number: a leaf, because what services.group rests on asks it too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.distributor import Distributor
from models.group import GroupLeadership


def leader_of(session: Session, group_id: int, at: datetime) -> Distributor | None:
    """None: nobody's. Found by the unique key of its history."""
    query = (
        select(GroupLeadership.distributor_id)
        .where(GroupLeadership.group_id == group_id, GroupLeadership.since <= at)
        .order_by(GroupLeadership.since.desc())
        .limit(1)
    )
    number = session.scalar(query)
    return None if number is None else session.get(Distributor, number)
