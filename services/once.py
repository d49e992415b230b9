"""Insert a row unless its unique key is taken, without ending the transaction that tried.

A failed INSERT aborts a transaction on PostgreSQL and a savepoint costs two more statements, so each database says it
in its own way. All of them wait for another transaction that is just inserting the same key.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import Base

_DUPLICATE_KEY = 1062  # MySQL and MariaDB: ER_DUP_ENTRY


def insert_once(session: Session, table: type[Base], values: dict[str, Any]) -> bool:
    """True where the row is new; False where one of its unique keys is taken already."""
    dialect = session.get_bind().dialect.name
    if dialect in ("postgresql", "sqlite"):
        say = postgresql.insert if dialect == "postgresql" else sqlite.insert
        key = inspect(table).primary_key[0]
        statement = say(table).values(values).on_conflict_do_nothing().returning(key)
        return session.execute(statement).first() is not None
    try:
        session.execute(insert(table).values(values))
    except IntegrityError as fault:
        if fault.orig is None or fault.orig.args[0] != _DUPLICATE_KEY:
            raise
        return False  # the statement alone was undone
    return True
