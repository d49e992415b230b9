"""Daily and weekly summaries: to whom, once, whatever is killed, repeated or run beside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.money import Money
from domain.periods import SHANGHAI
from jobs.summary import SummaryJob
from models.message import Outbox
from services import push, summary
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ON_SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
MINIMUM = Money.of_yuan("10.00")


def morning(day: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, 9, 10, tzinfo=SHANGHAI)


def job(shop: Shop, span: str = "day", sessions: Any = None) -> SummaryJob:
    return SummaryJob(sessions or shop.sessions, shop.clock, catalogue(), span, MINIMUM)


def summaries(shop: Shop) -> list[str]:
    with shop.sessions.reading() as session:
        return list(session.scalars(select(Outbox.key).where(Outbox.push == "summary").order_by(Outbox.key)))


@pytest.fixture
def shop(database: Database) -> Shop:
    """Wednesday, 18 November, ten in the morning. Twelve distributors; of the first six each sells on that day."""
    shop = Shop(database.sessions)
    for number in range(12):
        shop.joins(f"u{number}")
    for number in range(6):
        shop.sells(f"u{number}", "68.00")
    return shop


@ON_SQLITE
def test_only_those_for_whom_something_is_new_are_told(shop: Shop) -> None:
    assert job(shop)(morning(19)) == {"period": "2026-11-18", "looked_at": 12, "told": 6}
    assert summaries(shop) == [f"summary:2026-11-18:{number}:0" for number in range(1, 7)]
    assert job(shop)(morning(20)) == {"period": "2026-11-19", "looked_at": 12, "told": 0}


@ON_SQLITE
def test_a_day_is_told_once_however_often_the_job_runs(shop: Shop) -> None:
    for _ in range(3):
        job(shop)(morning(19))
    job(shop)(morning(19) + timedelta(hours=1))  # late, on the same morning
    assert len(summaries(shop)) == 6


@ON_SQLITE
def test_a_job_that_is_killed_between_two_pages_goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "PAGE", 4)
    monkeypatch.setattr(summary.page, "__defaults__", (4,))
    real, left = push.tell, [5]

    def dies(*args: Any, **more: Any) -> str | None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*args, **more)

    monkeypatch.setattr(push, "tell", dies)
    with pytest.raises(KeyboardInterrupt):
        job(shop)(morning(19))
    assert len(summaries(shop)) == 4  # the page in which it died is undone
    monkeypatch.setattr(push, "tell", real)
    job(shop)(morning(19))
    assert len(summaries(shop)) == 6


@ON_SERVERS
def test_two_schedulers_at_once_tell_everybody_once(shop: Shop, database: Database) -> None:
    with connections(database, 4) as sessions:
        jobs = [job(shop, span, sessions) for span in ("day", "day", "day", "week", "week")]
        counts = at_once([lambda one=one: one(morning(19)) for one in jobs])
    assert [found for found in counts if isinstance(found, Exception)] == []
    with shop.sessions.reading() as session:
        query = select(Outbox.lane, func.count()).where(Outbox.push == "summary").group_by(Outbox.lane)
        assert dict(session.execute(query).all()) == {f"wecom:u{number}": 2 for number in range(6)}


@ON_SQLITE
def test_after_a_jump_of_the_clock_only_the_last_day_is_told(shop: Shop) -> None:
    """The scheduler catches up with the latest moment alone; what an earlier one had told stays told."""
    shop.later(days=9)
    shop.sells("u3", "68.00")
    assert job(shop)(morning(28))["told"] == 1
    shop.now -= timedelta(days=9)  # and turned back
    assert job(shop)(morning(19))["told"] == 6
    shop.later(days=9)
    assert job(shop)(morning(28))["told"] == 1
    assert len(summaries(shop)) == 7


@ON_SQLITE
def test_an_unseen_summary_makes_way_for_the_newer_one(shop: Shop) -> None:
    job(shop)(morning(19))
    shop.later(days=1)
    shop.sells("u0", "68.00")
    job(shop)(morning(20))
    with shop.sessions.reading() as session:
        query = select(Outbox.state, Outbox.fault).where(Outbox.lane == "wecom:u0", Outbox.push == "summary")
        states = session.execute(query.order_by(Outbox.id)).all()
    assert [row.state for row in states] == ["merged", "held"]
    assert states[0].fault.startswith("replaced by ")


@ON_SQLITE
def test_who_does_not_want_them_is_not_even_written_to(shop: Shop) -> None:
    shop.says("u2", "日报别发了")
    assert job(shop)(morning(19))["told"] == 5
    assert "summary:2026-11-18:3:0" not in summaries(shop)


@ON_SQLITE
def test_a_week_has_a_key_of_its_own(shop: Shop) -> None:
    job(shop)(morning(19))
    assert job(shop, "week")(morning(23)) == {"period": "2026-W47", "looked_at": 12, "told": 6}
    assert "summary:2026-W47:1:0" in summaries(shop)
