"""Relations of members and customers: their state, their evidence, and to whom the customer is bound.

A customer who comes by a distributor's state is bound to him: a touch of the kind `contact` is left for each of the
customer's identities, at the time that the platform told, and orders find it there (services.claims). Touches stay
when the relation ends: what somebody has brought about stays his as long as the plan's window says.

Locks    the relation's row
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import attribution as claims
from domain import customer as rules
from models.customer import Customer, CustomerEvent, CustomerRelation
from models.distributor import Distributor
from models.order import Touch
from services.customer import ways
from services.once import insert_new, insert_once


@dataclass(frozen=True, slots=True)
class Change:
    """What came of something that was told. is_new: the relation began by it; bound: to whom, by it."""

    relation: CustomerRelation
    is_new: bool = False
    bound: Distributor | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that the platform told: its word for it, its time, by which state, and how we heard of it."""

    what: str
    at: datetime
    by: str
    state: str | None = None
    detail: str | None = None


def customer(session: Session, digest: str, sealed: str, *, now: datetime) -> Customer:
    """The customer of this external_userid, made when he is heard of first."""
    query = select(Customer).where(Customer.digest == digest)
    if (found := session.scalars(query).one_or_none()) is not None:
        return found
    insert_once(session, Customer, {"digest": digest, "sealed": sealed, "created_at": now})
    return session.scalars(query).one()


def relation(session: Session, who: Customer, userid: str) -> CustomerRelation | None:
    """The relation, locked."""
    mine = (CustomerRelation.customer_id == who.id, CustomerRelation.userid == userid)
    query = select(CustomerRelation).where(*mine).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def added(session: Session, who: Customer, userid: str, heard: Heard, *, half: bool, now: datetime) -> Change:
    """The customer and the member have each other from `heard.at` on."""
    row = relation(session, who, userid)
    after, is_new = rules.added(_as_rule(row), heard.at, half=half)
    if row is None and (row := _insert(session, who, userid, after, now)) is None:
        return added(session, who, userid, heard, half=half, now=now)  # another transaction has just made it
    if is_new:
        row.state, row.distributor_id, row.welcomed_at = None, None, None
    _write(row, after, now)
    bound = None
    if row.state is None and heard.state is not None:
        row.state = heard.state
        bound = _bind(session, who, row)
    _note(session, row, heard, bound, now)
    return Change(row, is_new, bound)


def ended(session: Session, who: Customer, userid: str, heard: Heard, *, by_member: bool, now: datetime) -> Change:
    """One of the two has deleted the other. What the customer was bound by stays."""
    row = relation(session, who, userid)
    after = rules.ended(_as_rule(row), heard.at, by_member=by_member)
    if row is None and (row := _insert(session, who, userid, after, now)) is None:
        return ended(session, who, userid, heard, by_member=by_member, now=now)
    _write(row, after, now)
    _note(session, row, heard, None, now)
    return Change(row)


def noted(session: Session, who: Customer, userid: str, heard: Heard, *, now: datetime) -> None:
    """Something that changes no relation."""
    if (row := relation(session, who, userid)) is not None:
        _note(session, row, heard, None, now)


def leave_touches(session: Session, who: Customer, row: CustomerRelation) -> None:
    """Of one who is bound, for every identity of his that is known: by whichever an order tells, it finds the
    distributor.
    """
    if row.distributor_id is None or row.added_at is None:
        return
    ref = f"contact:{row.id}:{int(row.added_at.timestamp())}"
    values = {"distributor_id": row.distributor_id, "kind": "contact", "ref": ref, "at": row.added_at}
    for digest in filter(None, (who.digest, who.union_digest)):
        insert_once(session, Touch, {"identity_digest": digest, **values})


def _bind(session: Session, who: Customer, row: CustomerRelation) -> Distributor | None:
    """Whose state it is, if he may promote; a state of nobody's is that of somebody who came by himself."""
    owner = ways.owner_of(session, str(row.state))
    if owner is None or owner.status not in claims.EARNING:
        return None
    row.distributor_id = owner.id
    session.flush()
    leave_touches(session, who, row)
    return owner


def _as_rule(row: CustomerRelation | None) -> rules.Relation | None:
    return None if row is None else rules.Relation(row.status, row.added_at, row.ended_at)  # type: ignore[arg-type]


def _insert(
    session: Session, who: Customer, userid: str, after: rules.Relation, now: datetime
) -> CustomerRelation | None:
    """The new row; None where another transaction was first."""
    values: dict[str, Any] = {"customer_id": who.id, "userid": userid, "status": after.status}
    values |= {"added_at": after.added_at, "ended_at": after.ended_at, "noted_at": now, "created_at": now}
    number = insert_new(session, CustomerRelation, values)
    return None if number is None else session.get_one(CustomerRelation, number, with_for_update=True)


def _write(row: CustomerRelation, after: rules.Relation, now: datetime) -> None:
    row.status, row.added_at, row.ended_at, row.noted_at = after.status, after.added_at, after.ended_at, now


def _note(session: Session, row: CustomerRelation, heard: Heard, bound: Distributor | None, now: datetime) -> None:
    session.flush()
    values = {"relation_id": row.id, "what": heard.what, "at": heard.at, "state": heard.state, "heard_by": heard.by}
    values |= {"distributor_id": bound.id if bound else None, "detail": heard.detail, "noted_at": now}
    insert_once(session, CustomerEvent, values)
