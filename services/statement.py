"""Statements: what one settlement run came to for one distributor, added up as its parts are booked.

Locks    the statement's row, after the accounts of what is booked
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, bindparam, literal, null, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from models.base import MoneyFen, UtcDateTime, table_of
from models.bonus import Bonus
from models.prepared import Prepared
from models.settlement import Statement

_STATEMENT = table_of(Statement)
_COLUMNS = tuple(column.name for column in _STATEMENT.c if column.name != "id")


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
    _note(session.get_bind().dialect.name).run(session, values | {"told_at": None, "settled_at": now})


def note_window(
    session: Session, run_id: int, place: tuple[str, str, str], first: int, last: int, *, now: datetime
) -> None:
    """Add the bonuses of a rule, a kind and a window to the statements of everybody from one id to another."""
    rule, as_, window = place
    values = {"run_id": run_id, "rule": rule, "as_": as_, "window": window, "first": first, "last": last, "now": now}
    session.flush()
    _note_window(session.get_bind().dialect.name).run(session, values)


@lru_cache
def _note(dialect: str) -> Prepared:
    return Prepared(_adding(dialect, _insert(dialect)), _COLUMNS)


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
    return Prepared(_adding(dialect, _insert(dialect).from_select(_COLUMNS, given)))


def _insert(dialect: str) -> Any:
    words: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
    return words.get(dialect, mysql.insert)(_STATEMENT)


def _adding(dialect: str, new: Any) -> Insert:
    """INSERT … or add to what is there, in the words of each database."""
    fresh = new.inserted if dialect in ("mysql", "mariadb") else new.excluded
    sums = {name: _STATEMENT.c[name] + fresh[name] for name in ("amount", "orders", "bonus")}
    found: Insert = (
        new.on_duplicate_key_update(sums)
        if dialect in ("mysql", "mariadb")
        else new.on_conflict_do_update(index_elements=["run_id", "distributor_id"], set_=sums)
    )
    return found.inline()
