"""Withdrawals: request, approve, reject, record the payout.

Raises   the refusals of domain.withdrawal, NotCovered (two requests at the same moment), UnknownRequest
Locks    a request locks the distributor's row, a decision the request's row; both read again under the lock
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import withdrawal as rules
from domain.errors import DomainError, IdempotencyConflict
from domain.money import ZERO, Money
from domain.periods import day_of, shanghai_date
from domain.withdrawal import Limits, State
from models.distributor import Distributor
from models.withdrawal import Withdrawal
from services import ledger


class UnknownRequest(DomainError):
    code = "withdrawal.unknown_request"


class ReferenceUsed(DomainError):
    code = "withdrawal.reference_used"


def check(session: Session, who: Distributor, amount: Money, limits: Limits, *, now: datetime) -> None:
    """Refuse what a request of this amount would be refused for, without changing anything."""
    available = ledger.balances(session, who.id).available
    rules.check_request(amount, available, asked_today(session, who, now=now), limits)


def asked_today(session: Session, who: Distributor, *, now: datetime) -> Money:
    """What he asked for since midnight in Shanghai and was not rejected."""
    today = day_of(shanghai_date(now))
    query = select(func.sum(Withdrawal.amount)).where(
        Withdrawal.distributor_id == who.id,
        Withdrawal.requested_at >= today.start,
        Withdrawal.requested_at < today.end,
        Withdrawal.state != State.REJECTED,
    )
    return session.scalar(query) or ZERO


def request(
    session: Session, who: Distributor, amount: Money, limits: Limits, *, key: str, now: datetime
) -> tuple[Withdrawal, bool]:
    """Reserve `amount` and open a request; the same key returns the same request. Also: whether it is new."""
    session.execute(select(Distributor.id).where(Distributor.id == who.id).with_for_update())
    if found := find_by_key(session, key):
        if (found.distributor_id, found.amount) != (who.id, amount):
            raise IdempotencyConflict(key=key)
        return found, False
    check(session, who, amount, limits, now=now)

    row = Withdrawal(key=key, distributor_id=who.id, amount=amount, state=State.REQUESTED, requested_at=now)
    session.add(row)
    session.flush()
    ledger.post(session, rules.reserve(row.id, who.id, amount), now=now)
    return row, True


def find_by_key(session: Session, key: str) -> Withdrawal | None:
    return session.scalars(select(Withdrawal).where(Withdrawal.key == key)).one_or_none()


def get(session: Session, number: int, *, lock: bool = False) -> Withdrawal:
    """The request with this number."""
    query = select(Withdrawal).where(Withdrawal.id == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    if (found := session.scalars(query).one_or_none()) is None:
        raise UnknownRequest(number=number)
    return found


def approve(session: Session, number: int, *, operator: str, now: datetime) -> tuple[Withdrawal, bool]:
    """Accept a request; the second time it is the first's answer. Also: whether anything changed."""
    row = get(session, number, lock=True)
    if row.state == State.APPROVED:
        return row, False
    rules.check_move(State(row.state), State.APPROVED)
    row.state, row.decided_at, row.decided_by = State.APPROVED, now, operator
    session.flush()
    return row, True


def reject(session: Session, number: int, *, operator: str, because: str, now: datetime) -> tuple[Withdrawal, bool]:
    """Refuse a request, or give up one whose payout failed; the money is available again."""
    row = get(session, number, lock=True)
    if row.state == State.REJECTED:
        return row, False
    rules.check_move(State(row.state), State.REJECTED)
    row.state, row.decided_at, row.decided_by, row.refused_because = State.REJECTED, now, operator, because
    session.flush()
    ledger.post(session, rules.release(row.id, row.distributor_id, row.amount), now=now)
    return row, True


def record_paid(session: Session, number: int, *, reference: str, now: datetime) -> tuple[Withdrawal, bool]:
    """Note that the money has left, with the payout's reference; a reference belongs to one request."""
    row = get(session, number, lock=True)
    if row.state == State.PAID and row.paid_reference == reference:
        return row, False
    rules.check_move(State(row.state), State.PAID)
    other = session.scalars(select(Withdrawal.id).where(Withdrawal.paid_reference == reference)).first()
    if other is not None:
        raise ReferenceUsed(reference=reference, number=other)
    row.state, row.paid_at, row.paid_reference = State.PAID, now, reference
    session.flush()
    ledger.post(session, rules.pay(row.id, row.distributor_id, row.amount), now=now)
    return row, True


def open_requests(session: Session, limit: int = 100) -> list[tuple[Withdrawal, Distributor]]:
    """What waits for an operator, oldest first: to be decided or to be paid."""
    query = (
        select(Withdrawal, Distributor)
        .join(Distributor, Distributor.id == Withdrawal.distributor_id)
        .where(Withdrawal.state.in_(rules.OPEN))
        .order_by(Withdrawal.id)
        .limit(limit)
    )
    return [(row.Withdrawal, row.Distributor) for row in session.execute(query)]


def count_open(session: Session) -> int:
    """How many requests wait for an operator."""
    return session.scalar(select(func.count()).select_from(Withdrawal).where(Withdrawal.state.in_(rules.OPEN))) or 0


def latest(session: Session, who: Distributor, limit: int = 3) -> list[Withdrawal]:
    """His latest requests, newest first."""
    query = select(Withdrawal).where(Withdrawal.distributor_id == who.id)
    return list(session.scalars(query.order_by(Withdrawal.requested_at.desc(), Withdrawal.id.desc()).limit(limit)))
