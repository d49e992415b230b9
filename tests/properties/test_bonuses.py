"""Milestones, teams and rankings give on the live path what `evaluate` gives, whatever comes late, early or again.

FULL=1   thousands of histories instead of dozens
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from tests.properties.bonuses import (
    BEFORE,
    BonusLive,
    bonus_skips_of,
    bonuses_of,
    has_windows,
    histories,
    parted,
    plans,
)
from tests.properties.live import awards_of, skips_of
from tests.properties.test_live_path import hurry
from tests.properties.worlds import History

FULL = os.environ.get("FULL") == "1"
EXAMPLES = {"sqlite": (25, 3000), "postgresql": (3, 300), "mariadb": (3, 100)}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, History]:
    plan = draw(plans())
    return plan, draw(histories(punctual=has_windows(plan)))


@pytest.mark.parametrize("backend", EXAMPLES)
def test_a_random_history_gives_the_bonuses_of_evaluate_and_balances_that_are_their_sums(
    services: Any, backend: str
) -> None:
    engine = services.database(backend)

    @settings(
        max_examples=EXAMPLES[backend][FULL],
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(worlds())
    def check(world: tuple[str, History]) -> None:
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            compare(BonusLive(database.sessions, *world, in_force_from=BEFORE))

    check()


def compare(live: BonusLive) -> None:
    live.run()
    commission, bonuses = parted(live.evaluated())
    assert live.awards() == awards_of(commission)
    assert live.skips() == skips_of(commission)
    assert live.bonuses() == bonuses_of(bonuses)
    assert live.bonus_skips() == bonus_skips_of(bonuses)
    live.check_books()
