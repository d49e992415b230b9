"""Cron's five fields mean what crontab(5) says, on Shanghai's wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cron import Cron
from domain.periods import SHANGHAI

APSCHEDULER_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("0 3 * * *", shanghai(2026, 1, 1, 2, 59), shanghai(2026, 1, 1, 3, 0)),
        ("0 3 * * *", shanghai(2026, 1, 1, 3, 0), shanghai(2026, 1, 2, 3, 0)),  # later than, not at
        ("*/15 * * * *", shanghai(2026, 1, 1, 0, 15), shanghai(2026, 1, 1, 0, 30)),
        ("30 8-18/5 * * *", shanghai(2026, 1, 1, 9, 0), shanghai(2026, 1, 1, 13, 30)),
        ("0 0 1,15 * *", shanghai(2026, 1, 2), shanghai(2026, 1, 15)),
        ("0 9 * * 0", shanghai(2026, 1, 1), shanghai(2026, 1, 4, 9)),  # 4 January 2026 is a Sunday
        ("0 9 * * 7", shanghai(2026, 1, 1), shanghai(2026, 1, 4, 9)),
        ("0 9 * * sun", shanghai(2026, 1, 1), shanghai(2026, 1, 4, 9)),
        ("0 9 * * 1", shanghai(2026, 1, 1), shanghai(2026, 1, 5, 9)),
        ("0 9 * * 1-5", shanghai(2026, 1, 2, 9), shanghai(2026, 1, 5, 9)),
        ("0 9 * * 5-7", shanghai(2026, 1, 3, 9), shanghai(2026, 1, 4, 9)),
        ("0 0 1 * 1", shanghai(2026, 1, 1), shanghai(2026, 1, 5)),  # both days restricted: either
        ("0 0 29 feb *", shanghai(2026, 1, 1), shanghai(2028, 2, 29)),
        ("0 0 29 2 *", shanghai(2097, 1, 1), shanghai(2104, 2, 29)),  # 2100 is no leap year
    ],
)
def test_the_next_due_moment(text: str, after: datetime, due: datetime) -> None:
    assert Cron.parse(text).following(after) == due
    assert Cron.parse(text).following(after).tzinfo is UTC


def test_the_latest_of_many_missed_moments() -> None:
    nightly = Cron.parse("0 3 * * *")
    assert nightly.latest(shanghai(2026, 1, 1), shanghai(2026, 1, 9, 2)) == shanghai(2026, 1, 8, 3)
    assert nightly.latest(shanghai(2026, 1, 1, 3), shanghai(2026, 1, 2, 3)) == shanghai(2026, 1, 2, 3)
    assert nightly.latest(shanghai(2026, 1, 1, 3), shanghai(2026, 1, 2, 2, 59)) is None
    assert nightly.latest(shanghai(2026, 1, 2), shanghai(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "five"),
        ("0 3 * *", "has 4 fields"),
        ("60 3 * * *", "'60' is no minute; allowed is 0 to 59"),
        ("0 24 * * *", "hour"),
        ("0 3 0 * *", "day of month"),
        ("0 3 * 13 *", "month"),
        ("0 3 * * 8", "day of week"),
        ("0 3 * * funday", "'funday' is no day of week"),
        ("0 5-3 * * *", "holds no hour"),
        ("*/0 * * * *", "holds no minute"),
        ("٣ 3 * * *", "minute"),
        ("0 3 30 2 *", "never comes"),
        ("@daily", "has 1 fields"),
    ],
)
def test_what_is_no_cron_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Cron.parse(text)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    return st.one_of(st.just("*"), number.map(str), ranges, st.lists(number, min_size=1, max_size=3).map(
        lambda numbers: ",".join(map(str, numbers))
    ), st.integers(1, high - low).map(lambda step: f"*/{step}"))  # fmt: skip


@settings(max_examples=60)
@given(
    minute=field(0, 59),
    hour=field(0, 23),
    month=field(1, 12),
    weekday=st.one_of(st.just("*"), st.integers(0, 7).map(str)),
    after=st.integers(0, 8_000_000).map(lambda minutes: shanghai(2020, 1, 1) + timedelta(minutes=minutes)),
)
def test_apscheduler_finds_the_same_moments(minute: str, hour: str, month: str, weekday: str, after: datetime) -> None:
    theirs = CronTrigger(
        minute=minute,
        hour=hour,
        month=month,
        day_of_week="*" if weekday == "*" else APSCHEDULER_WEEKDAYS[int(weekday)],
        timezone=SHANGHAI,
    )
    ours = Cron.parse(f"{minute} {hour} * {month} {weekday}")
    due = ours.following(after)
    assert due == theirs.get_next_fire_time(None, after + timedelta(microseconds=1))
    assert ours.latest(after, due) == due
    assert list(ours.between(after, due)) == [due]
