"""What statements made once must not lose: the types of every row, and objects that the session writes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, insert, select

from domain.money import Money
from models.base import held, table_of
from models.distributor import Distributor
from models.prepared import ROWS_AT_ONCE, Prepared
from models.rank import Tally
from tests.support.databases import Database

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TALLY, PEOPLE = table_of(Tally), table_of(Distributor)
COLUMNS = ("label", "distributor_id", "sales", "orders", "units", "reached_at")
WRITE = Prepared(insert(TALLY).inline(), COLUMNS)
READ = Prepared(select(*(TALLY.c[name] for name in COLUMNS)).order_by(TALLY.c.id))
FIND = Prepared(select(*PEOPLE.c).where(PEOPLE.c.code == bindparam("code")))


@pytest.mark.parametrize("count", [1, 2, ROWS_AT_ONCE, ROWS_AT_ONCE + 1])
def test_rows_are_kept_with_their_types_however_many_there_are(database: Database, count: int) -> None:
    with database.sessions.writing() as session:
        session.add(Distributor(code="ABCDEF", status="active", joined_at=NOW, created_at=NOW))
        session.flush()
        given = [(f"2026-{n}", 1, Money(100 + n), n, 2 * n, NOW + timedelta(days=n)) for n in range(count)]
        WRITE.run_many(session, [dict(zip(COLUMNS, row, strict=True)) for row in given])
        assert [tuple(row) for row in READ.all(session, {})] == given


def test_an_object_of_a_row_is_the_sessions_own_and_is_written_back(database: Database) -> None:
    with database.sessions.writing() as session:
        session.add(Distributor(code="ABCDEF", status="active", joined_at=NOW, created_at=NOW))
    with database.sessions.writing() as session:
        row = FIND.first(session, {"code": "ABCDEF"})
        assert row is not None
        who = held(session, Distributor, row)
        assert who is held(session, Distributor, row) is session.get(Distributor, who.id)
        assert who not in session.dirty
        who.told_name = "小王"
    with database.sessions.reading() as session:
        assert session.scalars(select(Distributor.told_name)).all() == ["小王"]
