"""The daily walk over all members' customers: callbacks get lost, and this finds what they would have told.

It goes by pages of the platform's listing. What a page repairs and that the walk has come so far are one transaction,
which only one can make of each step: two that walk at once take turns, one that is killed is followed by the next.
Where members' listings are through, relations that nobody listed are asked about one by one (`lookup_customer`): a
customer whom a member deleted is listed nowhere, and neither is one whom a page missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from models.customer import ContactWalk, CustomerRelation
from services.customer import book, desk, learned
from services.customer.told import Page
from services.once import insert_once
from services.vault import Vault

MEMBERS_AT_ONCE = 100  # of one listing
ASKED_AT_ONCE = 200
MOST_ASKED = 2000  # of one listing: more have not been deleted in a day, something else is wrong
STALE = timedelta(days=2)  # a walk that stands still for so long is begun anew


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walk is: which members' listing, from which cursor. members is empty at its end."""

    walk: int
    number: int
    started_at: datetime
    members: tuple[str, ...]
    cursor: str


def open_walk(session: Session, *, now: datetime) -> int | None:
    """The walk that is not through yet."""
    query = select(ContactWalk.id).where(ContactWalk.done_at.is_(None), ContactWalk.started_at > now - STALE)
    return session.scalar(query.order_by(ContactWalk.id.desc()).limit(1))


def begin(session: Session, as_of: datetime, members: Sequence[str], *, now: datetime) -> int:
    """The walk of this moment; two who begin it get the same."""
    values: dict[str, Any] = {"as_of": as_of, "members": sorted({userid.lower() for userid in members})}
    values |= {"place": 0, "step": 0, "counts": {}, "started_at": now}
    insert_once(session, ContactWalk, values)
    return session.scalars(select(ContactWalk.id).where(ContactWalk.as_of == as_of)).one()


def step(session: Session, walk: int) -> Step:
    row = session.get_one(ContactWalk, walk, populate_existing=True)
    members = tuple(row.members[row.place : row.place + MEMBERS_AT_ONCE])
    return Step(row.id, row.step, row.started_at, members, row.cursor or "")


def take(session: Session, vault: Vault, at: Step, page: Page, *, now: datetime) -> list[str] | None:
    """Repair what a page shows to be wrong, and go on; the lanes to wake. None: somebody else has made this step."""
    after: dict[str, Any] = {"cursor": page.next_cursor or None, "step": at.number + 1}
    if not page.next_cursor:
        after["place"] = ContactWalk.place + len(at.members)
    mine = update(ContactWalk).where(ContactWalk.id == at.walk, ContactWalk.step == at.number).values(**after)
    if not cast("CursorResult[Any]", session.execute(mine)).rowcount:
        return None
    found: Counter[str] = Counter(listed=len(page.rows), unlicensed=len(page.unlicensed))
    seen = []
    for row in page.rows:
        who = book.customer(
            session, vault.digest("external_userid", row.person.external_userid),
            vault.seal(row.person.external_userid), now=now,
        )  # fmt: skip
        found.update(learned.repaired(session, who, row.follow, by="walk", now=now))
        learned.introduced(session, vault, who, row.person, now=now)
        seen.append((who.id, row.follow.userid))
    _mark(session, seen, at.started_at)
    lanes: list[str] = []
    if not page.next_cursor:
        lanes = _ask_about_the_others(session, at, page.unlicensed, now)
        found["asked"] = len(lanes)
    _count(session, at.walk, found)
    return lanes


def finish(session: Session, walk: int, *, now: datetime) -> dict[str, int]:
    """The walk is through; what it has found. `gone` is what the look-ups find, which is not known yet."""
    row = session.get_one(ContactWalk, walk, with_for_update=True)
    row.done_at = row.done_at or now
    return {name: int(row.counts.get(name, 0)) for name in ("listed", "added", "bound", "asked", "unlicensed")}


def abandon(session: Session, *, now: datetime) -> None:
    """What is under way cannot be gone on with: the next one begins anew, with the members of its day."""
    session.execute(update(ContactWalk).where(ContactWalk.done_at.is_(None)).values(done_at=now))


def restart_listing(session: Session, at: Step) -> None:
    """The cursor does not serve any more: the members' listing is walked from its beginning."""
    mine = update(ContactWalk).where(ContactWalk.id == at.walk, ContactWalk.step == at.number)
    session.execute(mine.values(cursor=None, step=at.number + 1))


def _mark(session: Session, seen: Sequence[tuple[int, str]], at: datetime) -> None:
    if not seen:
        return
    customers = {customer for customer, _ in seen}
    pairs = select(CustomerRelation.id, CustomerRelation.customer_id, CustomerRelation.userid)
    rows = session.execute(pairs.where(CustomerRelation.customer_id.in_(customers))).all()
    wanted = set(seen)
    ids = sorted(row.id for row in rows if (row.customer_id, row.userid) in wanted)
    session.execute(update(CustomerRelation).where(CustomerRelation.id.in_(ids)).values(seen_at=at))


def _ask_about_the_others(session: Session, at: Step, unlicensed: Sequence[str], now: datetime) -> list[str]:
    """Look up whoever should have been listed and was not."""
    lanes: list[str] = []
    for userid in at.members:
        after = 0
        while userid not in unlicensed and len(lanes) < MOST_ASKED:
            rows = _unseen(session, userid, at.started_at, after)
            for row in rows:
                lanes += desk.look_up(session, row.customer_id, f"walk:{at.walk}", now=now)
            if len(rows) < ASKED_AT_ONCE:
                break
            after = rows[-1].id
    return lanes


def _unseen(session: Session, userid: str, started_at: datetime, after: int) -> Sequence[Any]:
    mine = (CustomerRelation.userid == userid, CustomerRelation.id > after, CustomerRelation.status != "dropped")
    unseen = or_(CustomerRelation.seen_at.is_(None), CustomerRelation.seen_at < started_at)
    query = select(CustomerRelation.id, CustomerRelation.customer_id)
    query = query.where(*mine, unseen, CustomerRelation.noted_at < started_at)
    return session.execute(query.order_by(CustomerRelation.id).limit(ASKED_AT_ONCE)).all()


def _count(session: Session, walk: int, found: Mapping[str, int]) -> None:
    row = session.get_one(ContactWalk, walk, populate_existing=True)
    row.counts = {**row.counts, **{name: row.counts.get(name, 0) + count for name, count in found.items()}}
