"""Rewards in kind (实物和权益奖励): issued with a bonus, taken back with it, and what the merchant makes of them.

Points also move on an account of their own in the books; a coupon or a gift is a row, marked when it is used or sent. A
coupon whose key is a campaign's has a code that orders take (services.coupon.reward).

Locks    the row, before its state is read to change it
Raises   Unknown, domain.entitlement.CannotBe
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import entitlement as rules
from domain.entitlement import State
from domain.errors import DomainError
from domain.money import Money
from models.bonus import Bonus, Entitlement
from models.distributor import Distributor
from services import ledger
from services.coupon import reward

TAKEN_BACK = "奖励因退款已收回"
LATE = "退款前已使用或寄出，不追回"


class Unknown(DomainError):
    code = "entitlement.unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """An entitlement as it is listed: whose it is, and for what he got it."""

    row: Entitlement
    who: Distributor
    title: str


def issue(session: Session, bonus: Bonus, key: str, *, now: datetime) -> None:
    """What a bonus gives in kind is his; the same one again where it had been taken back."""
    if bonus.reward is None:
        return
    content = rules.content_of(bonus.reward)
    row = _of_bonus(session, bonus.id)
    if row is None:
        row = Entitlement(bonus_id=bonus.id, distributor_id=bonus.distributor_id, issued_at=now)
        session.add(row)
    if row.state in rules.GONE:  # used before it was taken back: the same one stands again
        row.note = None
    else:
        row.kind, row.content, row.worth, row.state, row.note = (*_written(content), "issued", None)
    row.changed_at = now
    session.flush()
    if content.kind == "coupon":
        reward.issue(session, bonus.id, content.text, now=now)
    if content.points:
        ledger.open_points(session, bonus.distributor_id)
        ledger.post(session, rules.points_entry(f"points:{key}", bonus.distributor_id, content.points), now=now)


def _written(content: rules.Content) -> tuple[str, str, Money | None]:
    return content.kind, content.text, content.worth


def take_back(session: Session, bonus: Bonus, key: str, *, now: datetime) -> None:
    """A refund has undone the bonus. What was used or sent meanwhile stays where it is, and that is noted."""
    row = _of_bonus(session, bonus.id)
    if row is None or row.state == "reversed":
        return
    if row.state in rules.GONE:
        row.note = LATE
    else:
        row.state, row.note = "reversed", TAKEN_BACK
    row.changed_at = now
    session.flush()
    if row.kind == "coupon":
        reward.withdraw(session, bonus.id, now=now)
    if row.kind == "points":
        ledger.post(session, rules.points_entry(f"points:{key}", bonus.distributor_id, -int(row.content)), now=now)


def _of_bonus(session: Session, bonus_id: int) -> Entitlement | None:
    query = select(Entitlement).where(Entitlement.bonus_id == bonus_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def move(session: Session, number: int, to: State, *, note: str | None, now: datetime) -> tuple[Entitlement, bool]:
    """Mark one as used, sent or expired, and whether that changed anything: a second time it does not."""
    query = select(Entitlement).where(Entitlement.id == number).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise Unknown(number=number)
    if row.state == to:
        return row, False
    rules.check_move(row.kind, row.state, to)
    row.state, row.changed_at, row.note = to, now, note
    session.flush()
    if row.kind == "coupon":  # done by hand: its code is good for nothing more
        reward.withdraw(session, row.bonus_id, now=now)
    return row, True


def of_distributor(session: Session, distributor_id: int, limit: int = 10) -> list[Entitlement]:
    """What he has and has not used or been sent yet, newest first; points are told as a sum."""
    query = select(Entitlement).where(
        Entitlement.distributor_id == distributor_id,
        Entitlement.state == "issued",
        Entitlement.kind != "points",
    )
    return list(session.scalars(query.order_by(Entitlement.id.desc()).limit(limit)))


def listed(
    session: Session, *, state: State | None, code: str | None = None, after: int = 0, limit: int = 100
) -> list[Held]:
    """For the merchant, by number."""
    query = (
        select(Entitlement, Distributor, Bonus.facts)
        .join(Distributor, Distributor.id == Entitlement.distributor_id)
        .join(Bonus, Bonus.id == Entitlement.bonus_id)
        .where(Entitlement.id > after)
        .order_by(Entitlement.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(Entitlement.state == state)
    if code is not None:
        query = query.where(Distributor.code == code)
    return [Held(row.Entitlement, row.Distributor, row.facts["title"]) for row in session.execute(query)]
