"""Many rows of one table at once, in the way in which each database takes them quickest.

    insert_many(session, table_of(Bonus), columns, rows)        # each row's values in the order of `columns`
    allow_memory(session)                                       # before a statement that adds up a table

PostgreSQL copies them; the other drivers are quick at one statement for many rows. Columns that are left out get the
database's own default. Raises SQLAlchemy's errors, as any statement does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.prepared import Prepared

_INSERTS: dict[tuple[Table, tuple[str, ...]], Prepared] = {}


def insert_many(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        _copy(session.connection(), table, columns, rows)
        return
    key = table, tuple(columns)
    if key not in _INSERTS:
        _INSERTS[key] = Prepared(insert(table).inline(), columns)
    _INSERTS[key].run_many(session, [dict(zip(columns, row, strict=True)) for row in rows])


def allow_memory(session: Session) -> None:
    """Until its end this transaction may sort and group in memory what PostgreSQL would by default put on the disk."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL work_mem = '32MB'"))


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    into = f"COPY {quote(table.name)} ({', '.join(quote(name) for name in columns)}) FROM STDIN"
    types = [table.c[name].type.dialect_impl(dialect) for name in columns]
    processes: list[Callable[[Any], Any] | None] = [type_.bind_processor(dialect) for type_ in types]
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row([_given(value, to) for value, to in zip(row, processes, strict=True)])
    except dialect.loaded_dbapi.Error as fault:
        raise DBAPIError.instance(into, None, fault, dialect.loaded_dbapi.Error, dialect=dialect) from fault


def _given(value: Any, process: Callable[[Any], Any] | None) -> Any:
    """None is none, also for JSON, where the type would write the JSON value null."""
    return value if process is None or value is None else process(value)
