"""Insert a row unless its unique key is taken, without ending the transaction that tried.

A failed INSERT aborts a transaction on PostgreSQL and a savepoint costs two more statements, so each database says it
in its own way. All of them wait for another transaction that is just inserting the same key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import Base, table_of
from models.prepared import Prepared

__all__ = ["insert_new", "insert_once", "table_of"]

_DUPLICATE_KEY = 1062  # MySQL and MariaDB: ER_DUP_ENTRY


def insert_once(session: Session, model: type[Base], values: dict[str, Any]) -> bool:
    """True where the row is new; False where one of its unique keys is taken already."""
    return insert_new(session, model, values) is not None


def insert_new(session: Session, model: type[Base], values: dict[str, Any]) -> int | None:
    """The number of the new row (0 in a table that counts none); None where one of its unique keys is taken already."""
    dialect = session.get_bind().dialect.name
    if dialect in ("postgresql", "sqlite"):
        return _quiet_insert(model, dialect, tuple(values)).new_id(session, values)
    try:
        return _plain_insert(model, tuple(values)).new_id(session, values)
    except IntegrityError as fault:
        if fault.orig is None or fault.orig.args[0] != _DUPLICATE_KEY:
            raise
        return None  # the statement alone was undone


@lru_cache
def _quiet_insert(model: type[Base], dialect: str, columns: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    if dialect == "sqlite":  # its driver tells the number; RETURNING would make it ready for more than one row
        return Prepared(sqlite.insert(table).on_conflict_do_nothing(), columns)
    return Prepared(postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key), columns)


@lru_cache
def _plain_insert(model: type[Base], columns: tuple[str, ...]) -> Prepared:
    return Prepared(insert(table_of(model)), columns)
