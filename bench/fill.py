"""A database with a past: so many orders and distributors, loaded quickly and consistent as if each had been pushed.

The product records one order in a database of its own; its rows are the pattern, and every order here is a copy of
them with other numbers, people and times. Balances, tallies and one settlement run are added up while copying, so that
`flask ledger verify` finds nothing (tests/bench checks it).

Shape    groups of ten distributors: one root, three whom he invited, six whom they invited; all but roots sell, and
         each order gives the seller and his inviter an award. Orders are spread evenly over 60 days and all sellers;
         those older than 20 days are settled. A distributor has as many orders in a small database as in a large one.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import create_engine, func, select

from bench import people
from bench.scratch import Scratch, database
from domain import code as codes
from domain.order import OrderFacts
from domain.periods import period_of
from models.base import Base
from services import distributor, intake, order
from services.distributor import Address

SPAN, SETTLED_AFTER = timedelta(days=60), timedelta(days=20)
COMPLETED_AFTER, SETTLES_AFTER = timedelta(days=3), timedelta(days=10)
STRIDE = 104_729  # a prime: consecutive orders go to sellers far apart
SELLER, UPLINE, NUMBER = "SELLERXX", "UPLINEXX", "NUMBERXX"  # what stands in the pattern for each copy's own

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Past:
    """What was loaded. `sellers` are ids, in a random but fixed order; `codes` are by id."""

    orders: int
    distributors: int
    sellers: list[int]
    codes: list[str]


def fill(scratch: Scratch, *, orders: int, distributors: int) -> Past:
    """Load `orders` and `distributors` (a multiple of ten) into an empty database; minutes for a million."""
    plan = _Loading(scratch, orders, distributors)
    with _loader(scratch) as loader:
        for table, columns, rows in plan.tables():
            loader.load(table, columns, rows)
    dice = random.Random(distributors)
    sellers = [plan.seller(place) for place in range(plan.sellers)]
    dice.shuffle(sellers)
    return Past(orders, distributors, sellers, plan.codes)


# What is loaded


class _Loading:
    """The rows of every table, made one after the other so that nothing large is kept in memory."""

    def __init__(self, scratch: Scratch, orders: int, distributors: int) -> None:
        if distributors % 10 or orders < distributors:
            raise ValueError("distributors come in groups of ten and sell at least once each")
        self.orders, self.distributors = orders, distributors
        self.sellers = distributors * 9 // 10
        self.vault = scratch.runtime().vault
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.start = self.now - SPAN
        self.joined = self._time(self.start - timedelta(days=30))
        self.pattern = _pattern()
        self.codes = _codes(distributors)
        self.pending = [0] * (distributors + 1)
        self.settled = [0] * (distributors + 1)
        self.settled_orders = [0] * (distributors + 1)

    def tables(self) -> Iterator[tuple[str, Sequence[str], Iterable[Row]]]:
        """In an order in which what is referred to comes first, and sums after what they add up."""
        yield "distributor", *self._distributors()
        yield "identity", *self._identities()
        yield "intake_lock", ("slot",), ((slot,) for slot in range(intake.SLOTS))  # made by the first orders of them
        yield "orders", *self._orders()
        yield "order_line", *self._copies("order_line", lambda j, _: {"order_id": j})
        yield "touch", *self._touches()
        yield "award", *self._awards()
        yield "tally", *self._tallies()
        yield "ledger_account", *self._accounts()
        yield "ledger_entry", *self._entries()
        yield "ledger_posting", *self._postings()
        yield "settlement_run", *self._run()
        yield "statement", *self._statements()
        yield "inbox", *self._inbox()

    # People

    def seller(self, place: int) -> int:
        """The id of the place-th seller: everybody but the roots 1, 11, 21 …"""
        return place // 9 * 10 + 2 + place % 9

    def _distributors(self) -> tuple[Sequence[str], Iterable[Row]]:
        columns = ("id", "code", "status", "role", "member", "told_name", "inviter_id", "inviter_reason")
        usual = ("active", "member", False)
        return (*columns, "joined_at", "created_at"), (
            (who, self.codes[who], *usual, f"推客{who}", above, "code" if above else None, self.joined, self.joined)
            for who in range(1, self.distributors + 1)
            for above in [inviter(who)]
        )

    def _identities(self) -> tuple[Sequence[str], Iterable[Row]]:
        return ("distributor_id", "kind", "digest", "plain", "created_at"), (
            (who, "wecom", self.vault.digest("wecom", people.userid(who)), people.userid(who), self.joined)
            for who in range(1, self.distributors + 1)
        )

    # Orders

    def _sold(self) -> Iterator[tuple[int, int, datetime]]:
        """(order's id, seller, paid at), by time."""
        step = SPAN / (self.orders + 1)
        for j in range(1, self.orders + 1):
            yield j, self.seller(j * STRIDE % self.sellers), self.start + step * j

    def _settled(self, paid_at: datetime) -> bool:
        return paid_at < self.now - SETTLED_AFTER

    def _completion(self, paid_at: datetime) -> dict[str, Any]:
        if not self._settled(paid_at):
            return {}
        return {
            "completed_at": self._time(paid_at + COMPLETED_AFTER),
            "settles_at": self._time(paid_at + SETTLES_AFTER),
        }

    def _orders(self) -> tuple[Sequence[str], Iterable[Row]]:
        def change(j: int, sold: tuple[int, int, datetime]) -> dict[str, Any]:
            _, seller, paid_at = sold
            above, when = inviter(seller), self._time(paid_at)
            root = inviter(above) if above else None
            step = {"role": "member", "member": False}
            chain = [{"id": who, "code": self.codes[who]} | step for who in (above, root) if who]
            return {
                "id": j,
                "buyer_digest": self._buyer(j),
                "distributor_id": seller,
                "upline": json.dumps(chain),
                "paid_at": when,
                "received_at": when,
            } | self._completion(paid_at)

        return self._copies("orders", change)

    def _buyer(self, j: int) -> str:
        """Every customer bought twice."""
        return self.vault.digest("buyer", f"mall\0old-{j // 2}")

    def _touches(self) -> tuple[Sequence[str], Iterable[Row]]:
        return ("identity_digest", "distributor_id", "kind", "ref", "at"), (
            (self._buyer(j), seller, "code", f"order:{j}", self._time(paid_at)) for j, seller, paid_at in self._sold()
        )

    def _awards(self) -> tuple[Sequence[str], Iterable[Row]]:
        of_seller, of_upline = sorted(self.pattern["award"], key=lambda row: row["row"])

        def change(row: dict[str, Any], j: int, earner: int, paid_at: datetime) -> dict[str, Any]:
            settled = self._settled(paid_at)
            (self.settled if settled else self.pending)[earner] += row["amount"]
            self.settled_orders[earner] += settled
            until = {"state": "available", "available_at": self._settled_at} if settled else {}
            changed = {"order_id": j, "distributor_id": earner, "paid_at": self._time(paid_at)} | until
            completion = self._completion(paid_at)
            return changed | ({"settles_at": completion["settles_at"]} if completion else {})

        columns, copy = _copier("award", of_seller)
        _, copy_upline = _copier("award", of_upline)

        def rows() -> Iterator[Row]:
            for j, seller, paid_at in self._sold():
                above = inviter(seller)
                assert above is not None
                words = self._words(j, seller)
                yield copy(words, change(of_seller, j, seller, paid_at))
                yield copy_upline(words, change(of_upline, j, above, paid_at))

        return columns, rows()

    def _copies(self, table: str, change: Any) -> tuple[Sequence[str], Iterable[Row]]:
        """One row of a table for each order."""
        columns, copy = _copier(table, self.pattern[table][0])
        return columns, (copy(self._words(sold[0], sold[1]), change(sold[0], sold)) for sold in self._sold())

    def _words(self, j: int, seller: int) -> dict[str, str]:
        above = inviter(seller)
        return {"seller": self.codes[seller], "upline": self.codes[above] if above else "", "number": f"OLD{j}"}

    # Sums

    def _tallies(self) -> tuple[Sequence[str], Iterable[Row]]:
        back = pow(STRIDE, -1, self.sellers)
        step = SPAN / (self.orders + 1)
        amount = self.pattern["order_line"][0]["paid"]

        def rows() -> Iterator[Row]:
            for place in range(self.sellers):
                sums: dict[str, tuple[int, datetime]] = {}
                first = place * back % self.sellers or self.sellers
                for j in range(first, self.orders + 1, self.sellers):
                    paid_at = self.start + step * j
                    for label in labels(int(paid_at.timestamp() + 8 * 3600) // 86400):
                        sums[label] = (sums.get(label, (0, paid_at))[0] + 1, paid_at)
                for label, (count, reached) in sums.items():
                    yield label, self.seller(place), count * amount, count, count, self._time(reached)

        return ("label", "distributor_id", "sales", "orders", "units", "reached_at"), rows()

    @property
    def _settled_at(self) -> str:
        return self._time(self.now - timedelta(days=1))

    def _accounts(self) -> tuple[Sequence[str], Iterable[Row]]:
        def rows() -> Iterator[Row]:
            yield 1, "merchant:commission_cost", None, "commission_cost", None
            for who in range(1, self.distributors + 1):
                balances = {"pending": self.pending[who], "available": self.settled[who], "withdrawing": 0}
                for place, (purpose, balance) in enumerate(balances.items()):
                    yield account(who) + place, f"distributor:{who}:{purpose}", who, purpose, balance

        return ("id", "name", "distributor_id", "purpose", "balance"), rows()

    def _entries(self) -> tuple[Sequence[str], Iterable[Row]]:
        digest = "0" * 64  # of a booking that is never repeated

        def rows() -> Iterator[Row]:
            for j, _, paid_at in self._sold():
                yield j, f"accrual:mall:OLD{j}", "accrual", digest, self._time(paid_at)
            for who in self._paid_out():
                yield self.orders + who, f"settlement:1:{who}", "settlement", digest, self._settled_at

        return ("id", "key", "kind", "digest", "at"), rows()

    def _postings(self) -> tuple[Sequence[str], Iterable[Row]]:
        mine, above = (row["amount"] for row in sorted(self.pattern["award"], key=lambda row: row["row"]))

        def rows() -> Iterator[Row]:
            for j, seller, _ in self._sold():
                yield j, 1, -mine - above
                yield j, account(seller), mine
                yield j, account(inviter(seller) or 0), above
            for who in self._paid_out():
                yield self.orders + who, account(who), -self.settled[who]
                yield self.orders + who, account(who) + 1, self.settled[who]

        return ("entry_id", "account_id", "amount"), rows()

    def _paid_out(self) -> Iterator[int]:
        return (who for who in range(1, self.distributors + 1) if self.settled[who])

    def _run(self) -> tuple[Sequence[str], Iterable[Row]]:
        at = self._settled_at
        return ("id", "cutoff", "opened_at", "closed_at", "reason"), [(1, at, at, at, "schedule")]

    def _statements(self) -> tuple[Sequence[str], Iterable[Row]]:
        return ("run_id", "distributor_id", "amount", "orders", "bonus", "told_at", "settled_at"), (
            (1, who, self.settled[who], self.settled_orders[who], 0, self._settled_at, self._settled_at)
            for who in self._paid_out()
        )

    def _inbox(self) -> tuple[Sequence[str], Iterable[Row]]:
        """A message of each distributor, handled."""
        columns = ("channel", "key", "sender", "inbound", "state", "answer", "intent", "attempts")
        return (*columns, "due_at", "received_at", "handled_at"), (
            ("wecom", f"msg:old{who}", people.userid(who), "{}", "handled", "好的。", "thanks", 1) + (self.joined,) * 3
            for who in range(1, self.distributors + 1)
        )

    @staticmethod
    def _time(instant: datetime) -> str:
        """As SQLite stores it; PostgreSQL takes the offset that `_loader` adds."""
        return instant.replace(tzinfo=None).isoformat(" ", "microseconds")


def inviter(who: int) -> int | None:
    """The root of his group for the first three, one of those for the other six."""
    root, place = (who - 1) // 10 * 10 + 1, (who - 1) % 10
    if place == 0:
        return None
    return root if place <= 3 else root + 1 + place % 3


def account(who: int) -> int:
    """The id of his pending account; available and withdrawing come after it."""
    return 2 + 3 * (who - 1)


@cache
def labels(day: int) -> tuple[str, ...]:
    """The tallies of a Shanghai day, counted from 1970."""
    noon = datetime.fromtimestamp(day * 86400 + 4 * 3600, UTC)
    return tuple(p.label for window in ("day", "week", "month") if (p := period_of(window, noon)) is not None)


def _codes(count: int) -> list[str]:
    """By id, from 1 on; the same ones in every run."""
    dice, made = random.Random(31), dict[str, None]()
    while len(made) < count:
        made[codes.new(dice.randrange)] = None
    return ["", *made]


# The pattern


@cache
def _pattern() -> dict[str, list[dict[str, Any]]]:
    """The rows of one order that the product has recorded, as SQLite keeps them."""
    with database("sqlite") as scratch:
        runtime = scratch.runtime()
        try:
            with runtime.sessions.writing() as session:
                joined = datetime.now(UTC) - timedelta(days=1)
                open_to_all = {"mode": "open", "below": random.Random(7).randrange, "now": joined}
                above, _ = distributor.join(
                    session, runtime.vault, Address("wecom", "above"), inviter_code=None, **open_to_all
                )
                seller, _ = distributor.join(
                    session, runtime.vault, Address("wecom", "seller"), inviter_code=above.code, **open_to_all
                )
                seller.told_name = "推客"
                session.flush()
                text = people.order(seller.code, no=NUMBER).decode()
                facts = OrderFacts.parse(text, now=datetime.now(UTC))
                order.record(session, runtime.vault, facts, now=datetime.now(UTC))
                marks = {seller.code: SELLER, above.code: UPLINE}
        finally:
            runtime.stop()
        return {name: _rows(scratch, name, marks) for name in ("orders", "order_line", "award")}


def _rows(scratch: Scratch, table: str, marks: dict[str, str]) -> list[dict[str, Any]]:
    with sqlite3.connect(scratch.folder / "tuike.db") as file:
        file.row_factory = sqlite3.Row
        found = [dict(row) for row in file.execute(f"SELECT * FROM {table}")]
    file.close()
    for row in found:
        for name, value in row.items():
            if isinstance(value, str):
                for said, mark in marks.items():
                    value = value.replace(said, mark)
                row[name] = value
    return found


def _copier(table: str, pattern: dict[str, Any]) -> tuple[Sequence[str], Any]:
    """The columns of a table and copy(words, changes): the pattern's values with words put in and columns changed."""
    columns = [name for name in pattern if name != "id" or table == "orders"]
    marks = {SELLER: "seller", UPLINE: "upline", NUMBER: "number"}
    templates: list[tuple[str, Any, bool]] = []
    for name in columns:
        value, marked = pattern[name], False
        if isinstance(value, str) and any(mark in value for mark in marks):
            value, marked = value.replace("%", "%%"), True
            for mark, word in marks.items():
                value = value.replace(mark, f"%({word})s")
        templates.append((name, value, marked))

    def copy(words: dict[str, str], changes: dict[str, Any]) -> Row:
        return tuple(
            changes[name] if name in changes else (value % words if marked else value)
            for name, value, marked in templates
        )

    return columns, copy


# Into the database


def _loader(scratch: Scratch) -> _OnPostgresql | _OnSqlite:
    return _OnSqlite(scratch) if scratch.backend == "sqlite" else _OnPostgresql(scratch)


class _Indexes:
    """Indexes that only make reading quick are dropped while loading and made anew at the end."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._all = [index for table in Base.metadata.sorted_tables for index in table.indexes]

    def drop(self) -> None:
        with self._engine.begin() as connection:
            for index in self._all:
                index.drop(connection)
        self._engine.dispose()

    def make(self) -> None:
        with self._engine.begin() as connection:
            for index in self._all:
                index.create(connection)
        self._engine.dispose()


class _OnPostgresql:
    """By COPY. Foreign keys are not checked one by one where the server's role may leave that out."""

    def __init__(self, scratch: Scratch) -> None:
        self._url = scratch.url
        self._indexes = _Indexes(scratch.url)

    def __enter__(self) -> _OnPostgresql:
        self._indexes.drop()
        self._connection = psycopg.connect(self._url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        role = self._connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if role and role[0]:
            self._connection.execute("SET session_replication_role = replica")
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute("SET timezone = 'UTC'")  # what the times without an offset are in
        return self

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({_quoted(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        if table == "intake_lock":  # its rows are numbered by themselves
            return
        self._connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) FROM {table}"
        )

    def __exit__(self, *_: object) -> None:
        self._indexes.make()
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")  # so that it does not happen while something is measured
        self._connection.close()


class _OnSqlite:
    """By executemany in one transaction, without a journal: what fails is thrown away with its file."""

    def __init__(self, scratch: Scratch) -> None:
        self._indexes = _Indexes(scratch.url)
        self._connection = sqlite3.connect(scratch.folder / "tuike.db", isolation_level=None)

    def __enter__(self) -> _OnSqlite:
        self._indexes.drop()
        for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "cache_size=-400000", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        return self

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({marks})", rows)

    def __exit__(self, *_: object) -> None:
        self._connection.execute("COMMIT")
        self._connection.close()
        self._indexes.make()


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def counts(scratch: Scratch) -> dict[str, int]:
    """Rows of every table."""
    engine = create_engine(scratch.url)
    with engine.connect() as connection:
        found = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found
