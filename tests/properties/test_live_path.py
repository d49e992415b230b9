"""The live path gives what `evaluate` gives (plans.md §3, "the live path uses the same engine").

A random plan and a random history, with facts that come late, early and again, carried out on a real database. Then
every award, every skip, every balance and every tally is compared with the pure function over the same facts.

FULL=1   thousands of histories instead of dozens
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event

from domain.plan import parse
from services import commission
from tests.properties import restless
from tests.properties.live import Live, awards_of, skips_of
from tests.properties.worlds import History, histories, plans

FULL = os.environ.get("FULL") == "1"
RESTLESS = {"sqlite": (25, 3000), "postgresql": (4, 300), "mariadb": (4, 300)}
EXAMPLES = {"sqlite": (40, 3000), "postgresql": (6, 300), "mariadb": (6, 300)}


@pytest.mark.parametrize("backend", EXAMPLES)
def test_a_random_history_gives_the_awards_of_evaluate_and_books_that_sum_to_zero(services: Any, backend: str) -> None:
    engine = services.database(backend)

    @often(EXAMPLES[backend])
    @given(plans(), histories())
    def check(plan: str, history: History) -> None:
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            compare(Live(database.sessions, plan, history))

    check()


@pytest.mark.parametrize("backend", EXAMPLES)
def test_a_plan_that_counts_is_decided_as_if_every_fact_had_come_in_its_turn(services: Any, backend: str) -> None:
    engine = services.database(backend)

    @often(EXAMPLES[backend])
    @given(plans(counting=True), histories(orders=8, until=160))
    def check(plan: str, history: History) -> None:
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            live = Live(database.sessions, plan, history)
            compare(live)
            live.check_rollups()

    check()


@pytest.mark.parametrize("backend", EXAMPLES)
def test_what_was_decided_too_early_is_decided_again_until_it_is_what_evaluate_gives(
    services: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts how often that happened: histories in which it hardly did would show nothing."""
    engine = services.database(backend)
    seen: Counter[str] = Counter()
    rewrite = commission.rewrite

    def counted(*args: Any, **kwargs: Any) -> bool:
        changed = rewrite(*args, **kwargs)
        seen.update(["decided again"], changed=changed)
        return changed

    monkeypatch.setattr(commission, "rewrite", counted)

    @often(RESTLESS[backend])
    @given(restless.plans(), restless.histories())
    def check(plan: str, history: History) -> None:
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            live = Live(database.sessions, plan, history)
            compare(live)
            live.check_rollups()
            seen.update(histories=1, booked=live.booked("redecision"))

    check()
    if seen["histories"] >= 25:
        assert seen["decided again"] > seen["histories"]
        assert seen["changed"] > seen["histories"] // 4
        assert seen["booked"] > 0


def often(examples: tuple[int, int]) -> Any:
    return settings(
        max_examples=examples[FULL],
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


HURRY = {"sqlite3": "PRAGMA synchronous=OFF", "psycopg": "SET SESSION synchronous_commit TO off"}


def hurry(connection: Any, record: Any) -> None:
    """No waiting for the disk: nothing is cut off here."""
    statement = HURRY.get(type(connection).__module__.split(".")[0])
    if statement is not None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        connection.commit()


def compare(live: Live) -> None:
    live.run()
    expected = live.evaluated()
    assert live.awards() == awards_of(expected)
    assert live.skips() == skips_of(expected)
    assert live.unapplied() == []
    live.check_books()
    live.check_tallies()
    live.check_history()
    check_sellers(live)


def check_sellers(live: Live) -> None:
    """Whose code came with an order has it; who has not says why: his code did not count, or an earlier one did."""
    for order in live.history.orders:
        if live.sellers()[order.no] == order.seller:
            continue
        if order.seller is None:
            assert order.buyer is not None, f"{order.no} came without a code, from a stranger, and is somebody's"
            continue
        person = live.history.people[order.seller]
        own = order.buyer == order.seller and parse(live.plan).terms.own_orders == "none"
        late = person.joins_at > order.paid_at
        gone = person.suspended_at is not None and person.suspended_at <= order.paid_at
        assert own or late or gone, f"{order.no} is not its seller's, and nothing says why"
