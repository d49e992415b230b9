"""INSERT a row, or change the one that has its key, in the words of each database.

    _COUNT = Upsert(table_of(Tally), keys=("label", "distributor_id"), adding=("sales",), later=("reached_at",))
    _COUNT.run(session, rows)

Locks    rows in the order of their keys, so that two who write the same rows do not wait for each other
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, Table, func
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from models.prepared import Prepared, Values


class Upsert:
    """keys       the unique key that decides; MySQL goes by whichever unique key is taken
    adding     what is added to what is there
    later      of the two the greater is kept
    replacing  what takes the place of what is there
    first      what only a new row is given
    """

    def __init__(
        self,
        table: Table,
        *,
        keys: Sequence[str],
        adding: Sequence[str] = (),
        later: Sequence[str] = (),
        replacing: Sequence[str] = (),
        first: Sequence[str] = (),
    ) -> None:
        self._table, self._keys = table, tuple(keys)
        self._adding, self._later, self._replacing = tuple(adding), tuple(later), tuple(replacing)
        self._columns = (*self._keys, *self._adding, *self._later, *self._replacing, *first)
        self._prepared = lru_cache(self._prepare)

    def run(self, session: Session, rows: Iterable[Values]) -> None:
        """Every row gives every column."""
        given = sorted(rows, key=lambda row: tuple(row[name] for name in self._keys))
        if given:
            self._prepared(session.get_bind().dialect.name).run_many(session, given)

    def _prepare(self, dialect: str) -> Prepared:
        return Prepared(self.told(insert_for(self._table, dialect), dialect), self._columns)

    def told(self, new: Any, dialect: str) -> Insert:
        """`new` (of `insert_for`, with values or a SELECT), and what becomes of a row that is there."""
        told: Insert
        if dialect in ("mysql", "mariadb"):
            told = new.on_duplicate_key_update(self._changed(new.inserted, func.greatest))
        else:
            changed = self._changed(new.excluded, func.greatest if dialect == "postgresql" else func.max)
            told = new.on_conflict_do_update(index_elements=list(self._keys), set_=changed)
        return told.inline()

    def _changed(self, new: Any, later: Any) -> dict[str, ColumnElement[Any]]:
        old = self._table.c
        changed = {name: old[name] + new[name] for name in self._adding}
        changed |= {name: later(old[name], new[name]) for name in self._later}
        return changed | {name: new[name] for name in self._replacing}


def insert_for(table: Table, dialect: str) -> Any:
    """The INSERT of a database that can be told what to do about a key that is taken."""
    words: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
    return words.get(dialect, mysql.insert)(table)
