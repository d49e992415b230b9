"""What is known of an order's buyer before the rule decides: one query, by index, in bounded number.

It is built once for each shape of question: building SQL costs several times what running it does. Of a customer who
has come a thousand times the newest touches of each identity are read, and under `first_touch` the oldest within the
window besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, literal_column, or_, select, union_all
from sqlalchemy.orm import Session

from domain import attribution as rules
from domain import code as codes
from domain.attribution import Claim, Claimant, Policy
from domain.order import OrderFacts
from models.base import UtcDateTime, held, table_of
from models.distributor import Distributor, Identity
from models.order import Touch
from models.prepared import Prepared
from services.suspension import suspended
from services.vault import Vault

IS_A_DISTRIBUTOR_BY = ("unionid", "external_userid", "phone")  # in this order; the first that is somebody's decides
NEWEST = 10  # touches read of one identity

_CODE, _BUYER, _TOUCH = 0, 1, 2  # what a row of the query answers
_TOUCHES, _PEOPLE, _IDENTITIES = table_of(Touch), table_of(Distributor), table_of(Identity)


@dataclass(slots=True)
class Known:
    """The distributors that the order may be about, by id, and what speaks for them."""

    people: dict[int, Distributor] = field(default_factory=dict)
    coded: Distributor | None = None
    buyer: Distributor | None = None
    touches: list[Claim] = field(default_factory=list)
    suspended: frozenset[int] = frozenset()  # who was, at payment

    def learn(self, session: Session, person: Distributor, paid_at: datetime) -> None:
        """Somebody whom the query did not ask for."""
        if person.id not in self.people:
            self.people[person.id] = person
            self.suspended |= suspended(session, {person.id: person}.values(), paid_at)

    def claimant(self, row: Distributor) -> Claimant:
        """With what he was at payment; who has never been a distributor is what he is."""
        status = row.status
        if status in rules.EARNING + rules.FORMER:
            status = "suspended" if row.id in self.suspended else "active"
        return Claimant(row.id, row.code, status, row.joined_at)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the query asks: whether for a code, by which identities for the buyer, for how many identities' touches."""

    code: bool
    buyer: tuple[str, ...]
    identities: int
    rule: str
    window: bool


def load(session: Session, vault: Vault, facts: OrderFacts, identities: Sequence[str], policy: Policy | None) -> Known:
    """Read it all. `identities` are the digests by which touches of the buyer are found; none without a policy."""
    code = codes.normalise(facts.ref.code) if facts.ref.code is not None else None
    buyer = {kind: value for kind in IS_A_DISTRIBUTOR_BY if (value := getattr(facts.buyer, kind)) is not None}
    shape = _Shape(
        code=code is not None,
        buyer=tuple(buyer),
        identities=len(identities) if policy else 0,
        rule=policy.rule if policy else "",
        window=bool(policy and policy.window_days),
    )
    if not (shape.code or shape.buyer or shape.identities):
        return Known()
    given: dict[str, Any] = {f"identity_{number}": digest for number, digest in enumerate(identities)}
    given |= {f"buyer_{kind}": vault.digest(kind, value) for kind, value in buyer.items()}
    given |= {"code": code, "paid_at": facts.paid_at}
    given["since"] = facts.paid_at - timedelta(days=policy.window_days) if policy else facts.paid_at
    return _known(session, _query(shape).all(session, given), facts.paid_at)


def _known(session: Session, rows: Iterable[Sequence[Any]], paid_at: datetime) -> Known:
    known = Known()
    buyers: dict[str, Distributor] = {}
    touches: dict[tuple[str, str], Claim] = {}  # one event that touched several identities is one claim
    found = [(part, kind, ref, at, held(session, Distributor, columns)) for part, kind, ref, at, *columns in rows]
    known.suspended = suspended(session, {person.id: person for *_, person in found}.values(), paid_at)
    for part, kind, ref, at, person in found:
        known.people[person.id] = person
        if part == _CODE:
            known.coded = person
        elif part == _BUYER:
            buyers[kind] = person
        else:
            means: rules.Kind = "bound" if kind == "contact" else "touch"
            touches[kind, ref] = Claim(means, at, kind, known.claimant(person))
    joined = {kind: who for kind, who in buyers.items() if who.status in rules.EARNING + rules.FORMER}
    known.buyer = next((joined[kind] for kind in IS_A_DISTRIBUTOR_BY if kind in joined), None)
    known.touches = list(touches.values())
    return known


@lru_cache(maxsize=256)
def _query(shape: _Shape) -> Prepared:
    """Columns: part, kind, ref, at, and those of a distributor."""
    parts = []
    if shape.code:
        mine = _PEOPLE.c.code == bindparam("code")
        parts.append(_part(_CODE, _PEOPLE.c.status, _PEOPLE.c.code, _PEOPLE.c.joined_at, _PEOPLE.c.id).where(mine))
    if shape.buyer:
        i = _IDENTITIES.c
        his = or_(*(and_(i.kind == kind, i.digest == bindparam(f"buyer_{kind}")) for kind in shape.buyer))
        parts.append(_part(_BUYER, i.kind, i.digest, i.created_at, i.distributor_id).where(his))
    for number in range(shape.identities):
        parts.extend(_touch_parts(bindparam(f"identity_{number}"), shape))
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    query = select(found.c.part, found.c.kind, found.c.ref, found.c.at, *_PEOPLE.c)
    return Prepared(query.join_from(found, _PEOPLE, _PEOPLE.c.id == found.c.distributor_id))


def _part(
    part: int, kind: ColumnElement[Any], ref: ColumnElement[Any], at: ColumnElement[Any], who: ColumnElement[Any]
) -> Select[Any]:
    return select(
        literal_column(str(part)).label("part"), kind.label("kind"), ref.label("ref"), at.label("at"),
        who.label("distributor_id"),
    )  # fmt: skip


def _touch_parts(identity: ColumnElement[str], shape: _Shape) -> list[Select[Any]]:
    t = _TOUCHES.c
    mine = _part(_TOUCH, t.kind, t.ref, t.at, t.distributor_id).where(t.identity_digest == identity)
    mine = mine.where(t.at <= _instant("paid_at"))
    newest = mine.order_by(t.at.desc()).limit(NEWEST)
    if shape.rule == "last_touch":
        return [newest]
    within = mine.where(t.at > _instant("since")) if shape.window else mine
    return [newest, within.order_by(t.at).limit(NEWEST)]


def _instant(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=UtcDateTime())
