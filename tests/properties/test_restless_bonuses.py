"""Bonuses where hardly a fact comes in its turn, and where the plan changes on the way: the books are what the pure
functions give.

Joining and being invited take effect when they are told, so they cannot be late; a suspension and its end can.

FULL=1   hundreds of histories instead of a handful
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import event, select

from models.bonus import Bonus
from tests.properties.bonuses import BEFORE, bonus_skips_of, bonuses_of, parted
from tests.properties.live import awards_of, skips_of
from tests.properties.test_live_path import hurry, often
from tests.properties.versions import VersionedLive, World, worlds

EXAMPLES = {"sqlite": (10, 1000), "postgresql": (2, 250), "mariadb": (2, 150)}


@pytest.mark.parametrize("backend", EXAMPLES)
@pytest.mark.parametrize("versions", [1, 3])
def test_what_is_told_in_any_order_gives_the_bonuses_of_the_version_it_belongs_to(
    services: Any, backend: str, versions: int
) -> None:
    engine = services.database(backend)
    seen: Counter[str] = Counter()

    @often(EXAMPLES[backend])
    @given(worlds(most_versions=versions))
    def check(world: World) -> None:
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            live = VersionedLive(database.sessions, world.plan, world.history, in_force_from=BEFORE, later=world.later)
            compare(live)
            with database.sessions.reading() as session:
                seen.update(session.scalars(select(Bonus.as_)))
                seen.update(histories=1)

    check()
    if seen["histories"] >= 200:
        assert min(seen["milestone"], seen["team"], seen["ranking"]) > seen["histories"] // 4


def compare(live: VersionedLive) -> None:
    live.run()
    commission, bonuses = parted(live.evaluated())
    assert live.awards() == awards_of(commission)
    assert live.skips() == skips_of(commission)
    assert live.bonuses() == bonuses_of(bonuses)
    assert live.bonus_skips() == bonus_skips_of(bonuses)
    live.check_books()
    live.check_rollups()
