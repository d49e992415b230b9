"""Insert a row unless its unique key is taken, without ending the transaction that tried.

A failed INSERT aborts a transaction on PostgreSQL and a savepoint costs two more statements, so each database says it
in its own way. All of them wait for another transaction that is just inserting the same key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Executable, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import Base

_DUPLICATE_KEY = 1062  # MySQL and MariaDB: ER_DUP_ENTRY


def table_of(model: type[Base]) -> Table:
    """The table of a model, for statements that are built once and skip what the ORM does for each execution."""
    return cast(Table, model.__table__)


def insert_once(session: Session, model: type[Base], values: dict[str, Any]) -> bool:
    """True where the row is new; False where one of its unique keys is taken already."""
    dialect = session.get_bind().dialect.name
    if dialect in ("postgresql", "sqlite"):
        return session.execute(_quiet_insert(model, dialect), values).first() is not None
    try:
        session.execute(_plain_insert(model), values)
    except IntegrityError as fault:
        if fault.orig is None or fault.orig.args[0] != _DUPLICATE_KEY:
            raise
        return False  # the statement alone was undone
    return True


@lru_cache
def _quiet_insert(model: type[Base], dialect: str) -> Executable:
    table = table_of(model)
    say = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return say(table).on_conflict_do_nothing().returning(*table.primary_key)


@lru_cache
def _plain_insert(model: type[Base]) -> Executable:
    return insert(table_of(model))
