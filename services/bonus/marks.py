"""What a fact leaves behind for the next run where it is written down: whose milestones are to be looked at.

On an order a column says from when on it matters (no statement of its own); on a person a row does.

Locks    the person's mark; of several the inviter's after the one he invited, so that two wait and never deadlock
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from domain.plan import MilestoneRule, Plan
from models.bonus import MilestoneMark
from models.distributor import Distributor
from models.order import Order
from services.once import insert_once

LEVELS = 2  # a recruit concerns his inviter and, in a chain, the inviter's inviter


def completed(order: Order, plan: Plan) -> None:
    """The order has a moment at which it settles; under a plan without milestones nothing is decided then."""
    if order.distributor_id is not None and any(isinstance(rule, MilestoneRule) for rule in plan.rules):
        order.milestones_due_at = earlier(order.milestones_due_at, order.settles_at)


def refunded(order: Order, at: datetime) -> None:
    """Less is left of what had settled, under whatever plan; before that its settlement will be looked at."""
    if order.distributor_id is not None and order.settles_at is not None:
        order.milestones_due_at = earlier(order.milestones_due_at, max(at, order.settles_at))


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one is not None and other is not None else one or other


def joined(session: Session, who: Distributor) -> None:
    """He has joined, or has named his inviter: who counts joinings is looked at."""
    for id_ in above(session, who):
        due(session, id_, who.joined_at)


def may_earn_changed(session: Session, distributor_id: int, at: datetime) -> None:
    """From `at` on he may not earn, or may again: what has been decided since is decided anew."""
    due(session, distributor_id, at)


def due(session: Session, distributor_id: int, at: datetime) -> None:
    row = lock(session, distributor_id)
    row.due_at = earlier(row.due_at, at)
    session.flush()


def lock(session: Session, distributor_id: int) -> MilestoneMark:
    """His mark, which comes into being when it is first needed."""
    query = select(MilestoneMark).where(MilestoneMark.distributor_id == distributor_id).with_for_update()
    query = query.execution_options(populate_existing=True)
    if (found := session.scalars(query).one_or_none()) is not None:
        return found
    values = {"distributor_id": distributor_id, "standing": "", "progress": []}
    if session.get_bind().dialect.name in ("mysql", "mariadb"):
        # An insert that finds the row there would lock it for reading, and of two who do so neither could go on.
        new = mysql.insert(MilestoneMark).values(**values)
        session.execute(new.on_duplicate_key_update(distributor_id=new.inserted.distributor_id))
    else:
        insert_once(session, MilestoneMark, values)
    return session.scalars(query).one()


def above(session: Session, who: Distributor) -> list[int]:
    """Those whom his standing concerns, nearest first."""
    found: list[int] = []
    inviter_id = who.inviter_id
    while inviter_id is not None and len(found) < LEVELS:
        found.append(inviter_id)
        inviter_id = session.scalar(select(Distributor.inviter_id).where(Distributor.id == inviter_id))
    return found
