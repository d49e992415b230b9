"""A place in the rank, which is asked of an index in four stretches, is that of the whole list in order."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from domain.money import Money
from domain.periods import day_of
from models.distributor import Distributor
from models.rank import Tally
from services import rank
from tests.support.databases import Database

NOW = datetime(2026, 11, 18, 2, tzinfo=UTC)
TODAY = day_of(NOW.date())


def test_everybodys_own_place_is_his_place_in_the_list(database: Database) -> None:
    dice = random.Random(5)
    with database.sessions.writing() as session:
        people = [
            Distributor(code=f"K{number:05d}", status="active", joined_at=NOW, created_at=NOW) for number in range(60)
        ]
        dice.shuffle(people)
        session.add_all(people)
        session.flush()
        for who in people:  # few amounts and moments, so that many are as good as others
            values = {"sales": Money(dice.choice((0, 100, 200, 300))), "orders": 1, "units": 1}
            reached_at = NOW + timedelta(seconds=dice.randrange(3))
            session.add(Tally(label=TODAY.label, distributor_id=who.id, reached_at=reached_at, **values))
        session.add(
            Tally(
                label="2026-11-17",
                distributor_id=people[0].id,
                reached_at=NOW,
                sales=Money(900),
                orders=1,
                units=1,
            )
        )
    with database.sessions.reading() as session:
        listed = rank.top(session, TODAY, limit=100)
        assert 30 < len(listed) < 60
        assert all(rank.top(session, TODAY, limit=few) == listed[:few] for few in (1, 7, 20))
        before = None
        for standing in listed:
            who = session.get_one(Distributor, standing.distributor_id)
            missing = None if before is None else before.sales - standing.sales
            assert rank.own(session, who, TODAY) == rank.Own(standing.rank, standing.sales, missing)
            before = standing
        ranked = {standing.distributor_id for standing in listed}
        nobody = next(who for who in session.scalars(select(Distributor)) if who.id not in ranked)
        assert rank.own(session, nobody, TODAY) is None
