"""The group that an order names, and whose it was when the order was paid: one query by unique keys.

It is on the way of every order that names a group, and of no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from models.base import UtcDateTime, held, table_of
from models.distributor import Distributor
from models.group import CustomerGroup, GroupLeadership
from models.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Place:
    """`leader`: whose it was then; None: nobody's."""

    id: int
    name: str
    leader: Distributor | None


def place(session: Session, chat_id: str, at: datetime) -> Place | None:
    """None for a group that nobody has heard of."""
    found = _PLACE.first(session, {"chat_id": chat_id, "at": at})
    if found is None:
        return None
    number, name, *columns = found
    leader = held(session, Distributor, columns) if columns[0] is not None else None
    return Place(number, name, leader)


def _place() -> Select[tuple[object, ...]]:
    group, history, people = table_of(CustomerGroup), table_of(GroupLeadership), table_of(Distributor)
    then = and_(history.c.group_id == group.c.id, history.c.since <= bindparam("at", type_=UtcDateTime()))
    return (
        select(group.c.id, group.c.name, *people.c)
        .select_from(group)
        .outerjoin(history, then)
        .outerjoin(people, people.c.id == history.c.distributor_id)
        .where(group.c.chat_id == bindparam("chat_id"))
        .order_by(history.c.since.desc())
        .limit(1)
    )


_PLACE = Prepared(_place())
