"""Nonces of the signed APIs: each is used once, by the first correctly signed request that shows it.

They are kept for twice the time in which a timestamp is accepted, and swept in bounded batches after that.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domain.errors import DomainError
from models.order import ApiNonce
from services.once import insert_once

KEPT = timedelta(minutes=15)  # a timestamp is good for 5 minutes before and after; 10 are promised
SWEEP = 1000


class UsedNonce(DomainError):
    code = "used_nonce"


def spend(session: Session, nonce: str, *, now: datetime) -> bool:
    """Use `nonce` up, with the transaction; True where it is time for a sweep (one in 256).

    Raises UsedNonce. Of two transactions with the same nonce the second waits for the first.
    """
    digest = digest_of(nonce)
    if not insert_once(session, ApiNonce, {"digest": digest, "seen_at": now}):
        raise UsedNonce()
    return digest.startswith("00")


def digest_of(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


def sweep(session: Session, *, now: datetime, limit: int = SWEEP) -> int:
    """Delete at most `limit` nonces that are out of use, the oldest first, and return how many."""
    old = select(ApiNonce.id).where(ApiNonce.seen_at < now - KEPT).order_by(ApiNonce.seen_at).limit(limit)
    ids = sorted(session.scalars(old))  # two sweeps at once take the rows in one order
    if ids:
        session.execute(delete(ApiNonce).where(ApiNonce.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
