"""Statements: what one settlement run came to for one distributor, added up as its parts are booked.

Locks    the statement's row, after the accounts of what is booked
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, literal, null, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from models.base import MoneyFen, UtcDateTime, table_of
from models.bonus import Bonus
from models.prepared import Prepared
from models.settlement import Statement
from models.upsert import Upsert, insert_for

_STATEMENT = table_of(Statement)
_COLUMNS = tuple(column.name for column in _STATEMENT.c if column.name != "id")
_NOTE = Upsert(
    _STATEMENT,
    keys=("run_id", "distributor_id"),
    adding=("amount", "orders", "bonus"),
    first=("told_at", "settled_at"),
)


def note(
    session: Session,
    run_id: int,
    distributor_id: int,
    *,
    amount: Money = ZERO,
    orders: int = 0,
    bonus: Money = ZERO,
    now: datetime,
) -> None:
    """Add to somebody's statement, which comes into being with what is first added to it."""
    session.flush()
    values = {"run_id": run_id, "distributor_id": distributor_id, "amount": amount, "orders": orders, "bonus": bonus}
    _NOTE.run(session, [values | {"told_at": None, "settled_at": now}])


def note_window(
    session: Session, run_id: int, place: tuple[str, str, str], first: int, last: int, *, now: datetime
) -> None:
    """Add the bonuses of a rule, a kind and a window to the statements of everybody from one id to another."""
    rule, as_, window = place
    values = {"run_id": run_id, "rule": rule, "as_": as_, "window": window, "first": first, "last": last, "now": now}
    session.flush()
    _note_window(session.get_bind().dialect.name).run(session, values)


@lru_cache
def _note_window(dialect: str) -> Prepared:
    bonus = table_of(Bonus).c
    given = select(
        bindparam("run_id", type_=_STATEMENT.c.run_id.type),
        bonus.distributor_id,
        literal(ZERO, MoneyFen()),
        literal(0),
        bonus.amount,
        null(),
        bindparam("now", type_=UtcDateTime()),
    ).where(
        bonus.rule == bindparam("rule"),
        bonus["as"] == bindparam("as_"),
        bonus.window == bindparam("window"),
        bonus.state == "available",
        bonus.distributor_id.between(bindparam("first"), bindparam("last")),
    )
    return Prepared(_NOTE.told(insert_for(_STATEMENT, dialect).from_select(_COLUMNS, given), dialect))
