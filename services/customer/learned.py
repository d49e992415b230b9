"""What the platform tells of a customer when it is asked: who he is, and whose he is and was not known to be.

A relation that is live here and not told there is over: the member deleted the customer, and the event was lost. What
was changed after the question was asked is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import customer as rules
from models.customer import Customer, CustomerRelation
from services import person as people
from services.customer import book
from services.customer.book import Heard
from services.customer.told import Follow, Person
from services.vault import CannotOpen, Vault

SAME_ADDING = timedelta(minutes=5)  # an event's time and the relation's are of two clocks


def looked_up(
    session: Session,
    vault: Vault,
    customer_id: int,
    told: tuple[Person, Sequence[Follow]] | None,
    *,
    asked_at: datetime,
    now: datetime,
) -> Counter[str]:
    """All that externalcontact/get says of him; None: that he is nobody's customer. What was not known, counted."""
    who = session.get_one(Customer, customer_id)
    who.looked_up_at = now
    found: Counter[str] = Counter()
    follows: Sequence[Follow] = ()
    if told is not None:
        introduced(session, vault, who, told[0], now=now)
        follows = told[1]
        for one in follows:
            found.update(repaired(session, who, one, by="lookup", now=now))
    theirs = {one.userid for one in follows}
    mine = select(CustomerRelation).where(CustomerRelation.customer_id == who.id).order_by(CustomerRelation.id)
    for row in session.scalars(mine).all():
        if row.userid not in theirs and row.status != "dropped" and row.noted_at < asked_at:
            heard = Heard("gone", asked_at, "lookup")
            book.ended(session, who, row.userid, heard, by_member=True, now=now)
            found["gone"] += 1
    return found


def repaired(session: Session, who: Customer, told: Follow, *, by: str, now: datetime) -> Counter[str]:
    """Put down what is told of one relation and was not known: `added` (anew), `bound`; by the platform's own time."""
    row = book.relation(session, who, told.userid)
    if row is not None and not _is_news(row, told):
        return Counter()
    begun_anew = row is not None and row.added_at is not None and told.at > row.added_at + SAME_ADDING
    if begun_anew and row is not None and row.status in rules.ALIVE:
        # He has been deleted and has come back, and both events were lost.
        book.ended(session, who, told.userid, Heard("gone", told.at, by), by_member=True, now=now)
    what = "found" if row is None or row.added_at is None or begun_anew else "state_found"
    done = book.added(session, who, told.userid, Heard(what, told.at, by, told.state), half=False, now=now)
    return Counter(added=int(done.is_new), bound=int(done.bound is not None))


def _is_news(row: CustomerRelation, told: Follow) -> bool:
    """Whether the platform knows of a later adding, of an adding of which we know only the end, or of a state."""
    if row.added_at is None:
        return True
    if row.state is None and told.state is not None and row.status in rules.ALIVE:
        return True
    if row.status in rules.ALIVE:
        return told.state not in (None, row.state) and told.at > row.added_at + SAME_ADDING
    return told.at > row.added_at and (row.ended_at is None or told.at >= row.ended_at)


def _name_of(vault: Vault, who: Customer) -> str | None:
    try:
        return vault.open(who.name_sealed) if who.name_sealed else None
    except CannotOpen:
        return None


def introduced(session: Session, vault: Vault, who: Customer, told: Person, *, now: datetime) -> None:
    """Who he is. By his unionid orders find whose he is, and a distributor is found to be this customer too."""
    who.kind = told.kind or who.kind
    if told.name and _name_of(vault, who) != told.name:
        who.name_sealed = vault.seal(told.name)
    if told.unionid is None:
        return
    digest = vault.digest("unionid", told.unionid)
    if who.union_digest == digest:
        return
    who.union_digest, who.union_sealed = digest, vault.seal(told.unionid)
    session.flush()
    for row in session.scalars(select(CustomerRelation).where(CustomerRelation.customer_id == who.id)).all():
        book.leave_touches(session, who, row)
    people.learn_union(session, vault, "external_userid", who.digest, who.sealed, told.unionid, now=now)
