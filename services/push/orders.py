"""New orders, for those who earn from them: read from the awards, behind the back of the order intake.

Awards are read by id, up to the last that was there a look before: one that was being written then has been committed
since. So nothing stands on the way of an order for it, and nothing is passed over.

Locks    the mark, so that of two readers the second goes on where the first stopped
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from models.commission import Award
from models.order import Order
from models.push import ReadMark
from services.once import insert_once

NAME = "order_notices"
PAGE = 500
JUST_NOW = timedelta(minutes=10)  # what had come before is history when the merchant begins to use this
RECENT = timedelta(days=2)  # an order that was paid before is brought in from elsewhere, and no news


@dataclass(slots=True)
class Earned:
    """What somebody has of new orders: his own where he sold them, else his team's. `last` is the id of the newest."""

    distributor_id: int
    orders: int
    no: str
    paid: Money
    amount: Money
    own: bool
    last: int


def read(session: Session, now: datetime) -> tuple[list[Earned], bool]:
    """The next page of new orders by whom they earn for, marked as read, and whether more can be read at once."""
    mark = _mark(session, now)
    if mark.done >= mark.seen:
        mark.seen = session.scalar(select(func.max(Award.id))) or 0
        session.flush()
        return [], False
    upto = select(Award.id).where(Award.id > mark.done, Award.id <= mark.seen).order_by(Award.id).limit(PAGE)
    ids = list(session.scalars(upto))
    found = list(_earned(session, ids, now)) if ids else []
    mark.done = ids[-1] if ids else mark.seen
    session.flush()
    return found, bool(ids)


def _mark(session: Session, now: datetime) -> ReadMark:
    mine = select(ReadMark).where(ReadMark.name == NAME).with_for_update()
    mine = mine.execution_options(populate_existing=True)
    if (row := session.scalar(mine)) is not None:
        return row
    insert_once(session, ReadMark, {"name": NAME, "done": _history(session, now), "seen": 0})
    return session.scalars(mine).one()


def _history(session: Session, now: datetime) -> int:
    """The last award that is no news to anybody when this begins."""
    newest = session.execute(select(Award.id, Award.paid_at).order_by(Award.id.desc()).limit(PAGE)).all()
    old = next((row.id for row in newest if row.paid_at < now - JUST_NOW), None)
    return old if old is not None else newest[-1].id - 1 if newest else 0


def _earned(session: Session, ids: list[int], now: datetime) -> Iterator[Earned]:
    """One for each person and whether the orders are his own, in the order in which they came."""
    rows = session.execute(
        select(Award.distributor_id, Award.order_id, Award.amount, Order.no, Order.paid, Order.distributor_id)
        .join(Order, Order.id == Award.order_id)
        .where(Award.id.in_(ids), Award.amount > ZERO, Order.paid_at > now - RECENT)
        .order_by(Award.id)
    )
    found: dict[tuple[int, bool], Earned] = {}
    seen: set[tuple[int, int]] = set()
    for who, order_id, amount, no, paid, seller in rows:
        own = who == seller
        one = found.setdefault((who, own), Earned(who, 0, no, ZERO, ZERO, own, order_id))
        one.amount += amount
        if (who, order_id) not in seen:
            seen.add((who, order_id))
            one.orders, one.paid, one.no, one.last = one.orders + 1, one.paid + paid, no, max(one.last, order_id)
    yield from found.values()
