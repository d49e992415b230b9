"""Join ways (加入群聊): codes by which customers come into a leader's groups. The `state` says whose they are.

A state is 30 characters at most, comes back with everybody who used the code, and must not be guessable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.group import LEADER, NotALeader
from models.distributor import Distributor
from models.group import JoinWay

PREFIX, LENGTH = "g1", 14
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_join_way(session: Session, who: Distributor, *, below: Callable[[int], int], now: datetime) -> JoinWay:
    """A new one, before the platform is asked for it: whatever becomes of the answer, the state is known to be his."""
    if who.role != LEADER:
        raise NotALeader(code=who.code, name=who.nickname)
    state = PREFIX + "".join(ALPHABET[below(len(ALPHABET))] for _ in range(LENGTH))
    row = JoinWay(state=state, distributor_id=who.id, created_at=now)
    session.add(row)
    session.flush()
    return row


def made(session: Session, number: int, config_id: str, qr_code: str) -> None:
    """What the platform gave for it. Without the config_id the code can be neither changed nor deleted."""
    row = session.get_one(JoinWay, number)
    row.config_id, row.qr_code = config_id[:64], qr_code[:512] or None
    session.flush()


def join_ways(session: Session, who: Distributor) -> list[JoinWay]:
    return list(session.scalars(select(JoinWay).where(JoinWay.distributor_id == who.id).order_by(JoinWay.id)))


def way_of(session: Session, state: str) -> JoinWay | None:
    return session.scalars(select(JoinWay).where(JoinWay.state == state)).one_or_none()
