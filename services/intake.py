"""One transaction at a time for each order number, and a moment in which none is under way.

An order's number is hashed to one of a fixed number of rows, made when first used (models.order.IntakeLock).
"""

from __future__ import annotations

import zlib

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.base import table_of
from models.order import IntakeLock
from models.prepared import Prepared
from services.once import insert_once

SLOTS = 1024
_SLOTS = table_of(IntakeLock)
_TURN = Prepared(select(_SLOTS.c.slot).where(_SLOTS.c.slot == bindparam("slot")).with_for_update())


def take_turn(session: Session, no: str) -> None:
    """One transaction at a time for each number; SQLite's writers wait for each other anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return
    slot = {"slot": zlib.crc32(no.encode()) % SLOTS}
    if _TURN.first(session, slot) is None:
        insert_once(session, IntakeLock, slot)
        _TURN.first(session, slot)


def barrier(session: Session) -> None:
    """Wait for all that is being recorded, and let nothing new begin before this transaction ends.

    For what every order must see from some moment on and none locks by itself: who is suspended, whether counts are
    kept. Rows that are not there yet are made: one that another transaction is just making is waited for.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    there = set(session.scalars(select(IntakeLock.slot)))
    for slot in range(SLOTS):
        if slot not in there:
            insert_once(session, IntakeLock, {"slot": slot})
    session.scalars(select(IntakeLock.slot).order_by(IntakeLock.slot).with_for_update()).all()
