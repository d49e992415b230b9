"""By what customers come to a distributor: his state, which is his for ever, and the code or link that carries it.

A code is made by the outbox (`contact_way`), once: its row is ordered under the number of the try, and whoever repeats
a try whose answer was lost looks first for what it may have made (bot.outbox.contact).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import code as codes
from domain import customer as rules
from domain.conversation import Poster
from models.customer import ContactWay, CustomerRelation
from models.distributor import Distributor
from models.message import Outbox
from services import message
from services.customer.terms import Terms
from services.once import insert_once

LANE = "contact:way:"
KNOWN_AT_ONCE, CHANGED_AT_ONCE = 500, 200


def find(session: Session, distributor_id: int) -> ContactWay | None:
    return session.scalars(select(ContactWay).where(ContactWay.distributor_id == distributor_id)).one_or_none()


def of(session: Session, who: Distributor, *, below: Callable[[int], int], now: datetime) -> ContactWay:
    """His way, made when it is asked for first: two who ask at once get the same."""
    if (found := find(session, who.id)) is not None:
        return found
    values: dict[str, Any] = {"distributor_id": who.id, "owner_id": who.id, "state": rules.new_state(below)}
    insert_once(session, ContactWay, values | {"users": [], "tries": 0, "created_at": now})
    return session.scalars(select(ContactWay).where(ContactWay.distributor_id == who.id)).one()


def owner_of(session: Session, state: str) -> Distributor | None:
    """Whose customers come by this state; a distributor's code is one too, for a 获客链接 that is printed by hand."""
    mine = select(Distributor).join(ContactWay, ContactWay.owner_id == Distributor.id)
    found = session.scalars(mine.where(ContactWay.state == state)).one_or_none()
    if found is None and codes.is_valid(state):
        found = session.scalars(select(Distributor).where(Distributor.code == state)).one_or_none()
    return found


def order(session: Session, way: ContactWay, *, waiting: str | None, now: datetime) -> list[str]:
    """Have the code made, if nobody is at it; the lanes to wake. waiting: the chat that asked, which gets it then.

    What was given up (the quota, a member who may not serve) is tried again when somebody asks again.
    """
    session.refresh(way, with_for_update=True)
    if way.config_id is not None:
        return []
    way.waiting = waiting or way.waiting
    last = session.scalar(select(Outbox.state).where(Outbox.key == _key(way)))
    if last is not None and last != "given_up":
        return []
    way.tries += 1
    lane = f"{LANE}{way.id}"
    message.queue(session, key=_key(way), lane=lane, kind="contact_way", body={"way": way.id}, now=now)
    return [lane]


def _key(way: ContactWay) -> str:
    return f"contact-way:{way.id}:{way.tries}"


def made(
    session: Session, number: int, *, config_id: str, picture: str, users: Sequence[str], now: datetime
) -> ContactWay:
    """The platform has made the code. Its config_id is told this once."""
    way = session.get_one(ContactWay, number, with_for_update=True)
    way.config_id, way.picture, way.users, way.made_at = config_id, picture, list(users), now
    return way


def changed(session: Session, number: int, users: Sequence[str]) -> None:
    """The code leads to other members from now on."""
    session.get_one(ContactWay, number, with_for_update=True).users = list(users)


def known(session: Session, config_ids: Sequence[str]) -> set[str]:
    """Which of these codes are some way's already."""
    found: set[str] = set()
    for start in range(0, len(config_ids), KNOWN_AT_ONCE):
        some = ContactWay.config_id.in_(config_ids[start : start + KNOWN_AT_ONCE])
        found.update(filter(None, session.scalars(select(ContactWay.config_id).where(some))))
    return found


def poster(distributor_id: int) -> Poster:
    """The picture with his code, drawn when it is sent."""
    return Poster("contact", {"distributor_id": distributor_id})


def order_changes(session: Session, terms: Terms, *, after: int, now: datetime) -> tuple[list[str], int]:
    """Have codes lead to the members who serve now: the lanes to wake, and the number to go on after (0: that is all).

    A distributor's own code, where distributors serve themselves, stays his.
    """
    query = select(ContactWay).where(ContactWay.id > after, ContactWay.config_id.is_not(None)).order_by(ContactWay.id)
    rows = session.scalars(query.limit(CHANGED_AT_ONCE)).all() if terms.by_code and terms.users else []
    lanes = []
    for way in rows:
        if set(way.users) == set(terms.users) or (terms.own and not set(way.users) & set(terms.users)):
            continue
        key, lane = f"contact-users:{way.id}:{now:%Y%m%d}", f"{LANE}{way.id}"
        body = {"way": way.id, "users": list(terms.users)}
        if message.queue(session, key=key, lane=lane, kind="contact_users", body=body, now=now):
            lanes.append(lane)
    return lanes, rows[-1].id if len(rows) == CHANGED_AT_ONCE else 0


def brought(session: Session, distributor_id: int) -> int:
    """How many relations stand that came about by him."""
    mine = CustomerRelation.distributor_id == distributor_id
    return session.scalar(select(func.count()).select_from(CustomerRelation).where(mine)) or 0


def figures(session: Session) -> tuple[int, int, str | None]:
    """How many codes are made, how many orders of one failed lately, and why the last of these did."""
    made = session.scalar(select(func.count(ContactWay.config_id))) or 0
    failed = (
        Outbox.lane >= LANE,
        Outbox.lane < LANE.replace(":", ";"),
        Outbox.kind == "contact_way",
        Outbox.state == "given_up",
    )
    last = select(Outbox.fault).where(*failed).order_by(Outbox.id.desc()).limit(1)
    open_ways = select(func.count()).select_from(ContactWay).where(ContactWay.config_id.is_(None), ContactWay.tries > 0)
    why = session.scalar(last)
    return made, (session.scalar(open_ways) or 0) if why is not None else 0, why
