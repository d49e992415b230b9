"""The base of all tables: typed columns, naming of constraints, engine and session factory.

Units    money columns hold fen in BIGINT and give `Money`; instants give aware UTC datetimes with microseconds
Raises   TypeError where a naive datetime or a bare number is written
Source   SQLite, PostgreSQL and MariaDB/MySQL; what differs between them is in this file only
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from threading import RLock
from typing import Annotated, Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    class_mapper,
    mapped_column,
    sessionmaker,
)
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from domain.money import Money

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER PRIMARY KEY by itself
ASK_AFTER_IDLE_SECONDS = 1.0
INSTANTS_KEPT = 64
Key = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]

# utf8mb4_bin: business keys compare byte by byte on every database, as they do on PostgreSQL and SQLite.
MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}

T = TypeVar("T", bound="Base")
Done = TypeVar("Done")


class MoneyFen(TypeDecorator[Money]):
    """`Money` in a BIGINT of fen."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if not isinstance(value, Money):
            raise TypeError(f"a money column takes Money, not {value!r}")
        return value.fen

    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:
        return None if value is None else Money(int(value))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC with microseconds."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What an instant is for the driver, remembered: an order writes the same two some twenty times."""
        process = super().bind_processor(dialect)
        if process is None:
            return None
        kept: dict[datetime, Any] = {}

        def bind(value: Any) -> Any:
            if value is None:
                return process(None)
            found = kept.get(value)
            if found is None:
                if len(kept) >= INSTANTS_KEPT:
                    kept.clear()
                found = kept[value] = process(value)
            return found

        return bind

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"an instant needs an offset: {value!r}")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
JsonValue = JSON()


class Base(DeclarativeBase):
    """Every table; constraint names are fixed so that migrations and error handling can rely on them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy from the class
        datetime: UtcDateTime(),
        Money: MoneyFen(),
        str: String(255),
        int: BigInteger(),
        dict[str, Any]: JsonValue,
        list[Any]: JsonValue,
    }


def table_of(model: type[Base]) -> Table:
    """A model's table: a statement on it is run as it is, where one on the model is first adapted to objects."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model here is one table
    return table


def held(session: Session, model: type[T], values: Sequence[Any]) -> T:
    """The object of a row that was just read, all columns in the order of its table, as one of the session's own.

    It is what `session.get` gives. For the few statements that every message makes: SQLAlchemy's own loading prepares
    itself anew for each result, which costs more than the statement. What it then does for each row is done here too
    (`_instance` in sqlalchemy.orm.loading); adding an object that was made by hand takes three times as long.
    """
    mapper = class_mapper(model)
    key = mapper.identity_key_from_primary_key((values[0],))
    there = session.identity_map.get(key)
    if there is not None:
        return there
    row = mapper.class_manager.new_instance()
    state = instance_state(row)
    state.key, state.session_id = key, session.hash_key
    state.dict.update(zip(_names(model), values, strict=True))
    state._commit_all(state.dict, session.identity_map)
    session.identity_map.add(state)
    return row


@cache
def _names(model: type[Base]) -> tuple[str, ...]:
    """The attributes of a model in the order of its table's columns."""
    mapper = class_mapper(model)
    return tuple(mapper.get_property_by_column(column).key for column in model.__table__.columns)


def new_engine(url: str, *, pool_size: int = 8, timeout_seconds: float = 10) -> Engine:
    """An engine for one of the three databases, set up so that a commit is durable and a writer waits for its turn."""
    parsed = make_url(url)
    dialect = parsed.get_backend_name()
    # The connection that was used last is used next: its pages (SQLite) and plans (PostgreSQL) are still at hand.
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "pool_use_lifo": True}
    if dialect == "sqlite":
        options |= {"poolclass": QueuePool, "connect_args": {"timeout": 30, "check_same_thread": False}}
    elif dialect == "postgresql":
        from models.postgresql import Cursor  # only here: the driver is 10 MB that SQLite does not need

        settings = {"connect_timeout": int(timeout_seconds), "cursor_factory": Cursor}
        options |= {"isolation_level": "READ COMMITTED", "connect_args": settings}
    else:
        options |= {
            "isolation_level": "READ COMMITTED",  # as on PostgreSQL: a lock waits, then reads what is there now
            "pool_recycle": 3600,
            "connect_args": {"connect_timeout": int(timeout_seconds), "charset": "utf8mb4"},
        }
    engine = create_engine(parsed, **options)
    if dialect == "sqlite":
        _prepare_sqlite(engine)
    else:
        _ask_after_idling(engine)
        if dialect in ("mysql", "mariadb"):
            _prepare_mysql(engine)
    return engine


def _ask_after_idling(engine: Engine) -> None:
    """Ask a connection that has idled whether it still lives, and take a new one where it does not.

    `pool_pre_ping` would ask every time, a round trip on the way of every message. A connection that was just used is
    taken as it is; should it have died since, its transaction fails, the pool throws all of its kind away, and the
    caller is told to come again.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: Any, _: Any) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < ASK_AFTER_IDLE_SECONDS:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as fault:
            if not engine.dialect.is_disconnect(fault, connection, None):
                raise
            alive = False
        if not alive:
            raise InvalidatePoolError  # the pool then begins anew, without the caller noticing


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a busy timeout, and BEGIN IMMEDIATE: a reader that turns writer would fail at once instead."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's `begin` event below says BEGIN, not the driver
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        try:
            connection.connection.driver_connection.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
        except sqlite3.Error as fault:
            raise DBAPIError.instance("BEGIN", None, fault, sqlite3.Error) from fault  # locked for too long


def _prepare_mysql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'")


def was_in_the_way(fault: DBAPIError) -> bool:
    """Whether the database has ended a transaction for another's sake: a deadlock, or a lock waited for too long."""
    original: Any = fault.orig
    number = original.args[0] if original is not None and original.args else None
    victim = getattr(original, "sqlstate", None) in ("40P01", "40001") or number in (1205, 1213)
    return victim or "database is locked" in str(original)


class Sessions:
    """Opens transactions: `writing()` commits at its end, `reading()` never does.

    Only a message in the worker, a web request and one item of a job open one (house style, habit 4).
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reading = sessionmaker(engine.execution_options(reading=True), expire_on_commit=False)
        # SQLite has one writer at a time, and who waits for him sleeps and asks again: within a process he is told.
        self._turn: AbstractContextManager[object] = RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        # The session joins a transaction that is begun and ended outside it: its own would cost as much again.
        with (
            self._turn,
            self.engine.connect() as connection,
            connection.begin(),
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()

    def transact(self, work: Callable[[Session], Done], *, tries: int = 5) -> Done:
        """What `work` gives, committed; begun again, with a fresh session, where another transaction was in the way."""
        for _ in range(tries - 1):
            try:
                with self.writing() as session:
                    return work(session)
            except OperationalError as fault:
                if not was_in_the_way(fault):
                    raise
        with self.writing() as session:
            return work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._reading() as session:
            yield session
