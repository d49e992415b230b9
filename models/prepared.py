"""Statements that are put together, compiled and typed once: those that every message and every order makes.

For a short statement SQLAlchemy takes several times as long as the driver: it builds the expression, finds its compiled
form by comparing all its parts, and prepares the reading of each result anew. A Prepared is written in SQLAlchemy's
expressions and typed by its columns like any other statement, but does all of that once for each database. It runs on
the session's own connection, within its transaction, and raises SQLAlchemy's errors. It does not flush the session.

    _BALANCE = Prepared(select(account.c.balance).where(account.c.id == bindparam("id")))
    _BALANCE.first(session, {"id": 17})          # (Money(320),) or None
    _KEEP = Prepared(insert(inbox), ["channel", "key"])
    _KEEP.new_id(session, {"channel": …})        # the id of the new row
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Connection, Delete, Dialect, Insert, Select, Update, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Process = Callable[[Any], Any]
Values = Mapping[str, Any]
Statement: TypeAlias = Select[*tuple[Any, ...]] | Insert | Update | Delete
ROWS_AT_ONCE = 8


class Prepared:
    """A statement on tables (`models.base.table_of`), not on models. Every `bindparam` must be given a value.

    columns   of an INSERT: what is given with each row; columns with a default of Python's must be among them
    Raises    KeyError for a value that is missing; what SQLAlchemy raises for what the database refuses
    """

    def __init__(self, statement: Statement, columns: Sequence[str] | None = None) -> None:
        self._statement, self._columns = statement, columns
        self._compiled: WeakKeyDictionary[Dialect, _Compiled] = WeakKeyDictionary()
        self._several: dict[int, Prepared] = {}

    def all(self, session: Session, values: Values) -> list[Sequence[Any]]:
        """Every row, its values of the types of their columns."""
        cursor, compiled = self._run(session, values)
        return compiled.typed(cursor, cursor.fetchall())

    def first(self, session: Session, values: Values) -> Sequence[Any] | None:
        """The first row, or None."""
        return next(iter(self.all(session, values)), None)

    def run(self, session: Session, values: Values) -> int:
        """How many rows were changed."""
        return int(self._run(session, values)[0].rowcount)

    def run_many(self, session: Session, rows: Iterable[Values]) -> None:
        """Once for each of `rows`, in the way in which the driver does it quickest."""
        given = list(rows)
        if len(given) > ROWS_AT_ONCE or _at_hand(session)[0].dialect.name != "postgresql":
            self._run(session, rows=given)
        elif len(given) == 1:
            self._run(session, given[0])
        elif given:  # psycopg would send each row by itself, and ask for the answers once more
            values = {_place(name, place): value for place, row in enumerate(given) for name, value in row.items()}
            self._of(len(given))._run(session, values)

    def new_id(self, session: Session, values: Values) -> int | None:
        """Of an INSERT of one row: its number; None where it says `on_conflict_do_nothing` and there was a conflict."""
        cursor, _ = self._run(session, values)
        if cursor.description:
            row = cursor.fetchone()
            return None if row is None else int(row[0])
        return int(cursor.lastrowid or 0) if cursor.rowcount == 1 else None

    def _of(self, count: int) -> Prepared:
        """The same INSERT of so many rows."""
        if count not in self._several:
            assert isinstance(self._statement, Insert)  # noqa: S101 - only they are run for many rows
            types = {name: self._statement.table.c[name].type for name in self._columns or ()}
            places: list[dict[str, BindParameter[Any]]] = [
                {name: bindparam(_place(name, place), type_=kind) for name, kind in types.items()}
                for place in range(count)
            ]
            self._several[count] = Prepared(self._statement.values(places))
        return self._several[count]

    def _run(
        self, session: Session, values: Values | None = None, rows: list[Values] | None = None
    ) -> tuple[Any, _Compiled]:
        connection, cursor = _at_hand(session)
        compiled = self._compiled.get(connection.dialect)
        if compiled is None:
            compiled = _Compiled(self._statement, self._columns, connection.dialect)
            self._compiled[connection.dialect] = compiled
        many = rows is not None
        given: Any = [compiled.parameters(row) for row in rows or ()] if many else compiled.parameters(values or {})
        if connection.engine.dispatch.before_cursor_execute:  # who listens to the engine hears of these statements too
            connection.dispatch.before_cursor_execute(connection, cursor, compiled.text, given, None, many)
        try:
            (cursor.executemany if many else cursor.execute)(compiled.text, given)
        except connection.dialect.loaded_dbapi.Error as fault:
            raise _told(connection, compiled.text, cursor, fault) from fault
        return cursor, compiled


def _place(name: str, place: int) -> str:
    return f"{name}_{place}"


def _at_hand(session: Session) -> tuple[Connection, Any]:
    """The session's connection and one cursor of the driver, which every statement of a transaction uses in turn."""
    found: tuple[Connection, Any] | None = session.info.get(_AT_HAND)
    if found is None or found[0].closed or not found[0].in_transaction():
        bound = session.bind
        joined = isinstance(bound, Connection) and bound.in_transaction()  # models.base.Sessions has begun it
        connection = bound if joined and isinstance(bound, Connection) else session.connection()
        found = session.info[_AT_HAND] = connection, connection.connection.cursor()
    return found


_AT_HAND = "models.prepared"


class _Compiled:
    """A statement in the words of one database, and how its values go in and come out."""

    def __init__(self, statement: Statement, columns: Sequence[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(columns) if columns else None)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what is compiled is SQL
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"name these columns too, they have a default: {compiled.insert_prefetch}")
        self.text = str(compiled)
        self._dialect = dialect
        names = list(compiled.positiontup or ()) if compiled.positional else list(compiled.binds)
        self._by_place = compiled.positional
        self._given: list[tuple[str, Process | None]] = []  # in the order of the statement's marks
        self._fixed: dict[str, Any] = {}
        for name in names:
            bind = compiled.binds[name]
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if not bind.required:
                self._fixed[name] = process(bind.effective_value) if process else bind.effective_value
                process = None
            self._given.append((name, process))
        named = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
        self._types = [column.type for column in named]
        self._reading: list[tuple[int, Process]] | None = None

    def parameters(self, values: Values) -> Any:
        if self._fixed:
            values = {**values, **self._fixed}
        if self._by_place:
            return tuple([values[name] if process is None else process(values[name]) for name, process in self._given])
        return {name: values[name] if process is None else process(values[name]) for name, process in self._given}

    def typed(self, cursor: Any, rows: list[Any]) -> list[Sequence[Any]]:
        if self._reading is None:
            self._reading = self._processes(cursor.description)
        if not self._reading:
            return rows
        found: list[Sequence[Any]] = []
        for row in rows:
            values = list(row)
            for place, process in self._reading:
                values[place] = process(values[place])
            found.append(values)
        return found

    def _processes(self, description: Sequence[Sequence[Any]]) -> list[tuple[int, Process]]:
        """What turns the driver's values into those of the columns' types, where there is anything to do."""
        found: list[tuple[int, Process]] = []
        for place, (kind, told) in enumerate(zip(self._types, description, strict=True)):
            process = kind.dialect_impl(self._dialect).result_processor(self._dialect, told[1])
            if process is not None:
                found.append((place, process))
        return found


def _told(connection: Connection, text: str, cursor: Any, fault: Any) -> BaseException:
    """The driver's error as SQLAlchemy's, which knows whether the connection is lost; then the pool forgets it."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(fault, connection.connection.dbapi_connection, cursor)
    error: BaseException = DBAPIError.instance(
        text,
        None,  # the values are nobody's business
        fault,
        dialect.loaded_dbapi.Error,
        connection_invalidated=lost,
        dialect=dialect,
    )
    if lost:
        connection.invalidate(fault)
    return error
