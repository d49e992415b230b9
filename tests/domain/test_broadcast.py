"""群发: the window of what may be received, reminders, and when to look again; 客户群: whose one is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import broadcast as rules
from domain import group
from domain.broadcast import Cap
from domain.group import Candidate, Leads
from domain.periods import SHANGHAI

NOW = datetime(2026, 2, 18, 2, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in Shanghai
LEADER, MEMBER = Candidate(1, "leader"), Candidate(2, "member")


@pytest.mark.parametrize(
    ("cap", "most", "since", "until"),
    [
        ("month", 28, "2026-02-01", "2026-03-01"),  # the days of February
        ("week", 7, "2026-02-16", "2026-02-23"),
        ("day", 1, "2026-02-18", "2026-02-19"),
    ],
)
def test_what_one_may_get_in_the_window_that_runs(cap: Cap, most: int, since: str, until: str) -> None:
    found = rules.allowance(cap, NOW)
    assert found.most == most
    first, last = (f"{at.astimezone(SHANGHAI):%Y-%m-%d}" for at in (found.since, found.until))
    assert (first, last) == (since, until)


def test_the_last_minute_of_a_month_in_shanghai_is_that_months() -> None:
    last = datetime(2026, 1, 31, 23, 59, tzinfo=SHANGHAI)
    assert rules.allowance("month", last).most == 31
    assert rules.allowance("month", last + timedelta(minutes=1)).most == 28


def test_a_fourth_reminder_waits_for_the_first_of_three_to_be_a_day_old() -> None:
    three = [NOW - timedelta(hours=hours) for hours in (23, 5, 1)]
    assert rules.may_remind(three[1:], NOW) is None
    assert rules.may_remind(three, NOW) == NOW + timedelta(hours=1)
    assert rules.may_remind(three, NOW + timedelta(hours=1)) is None
    assert rules.may_remind([NOW - timedelta(days=1), *three[1:]], NOW) is None


@pytest.mark.parametrize(
    ("age", "step"),
    [
        (timedelta(0), timedelta(minutes=10)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(days=1), timedelta(hours=6)),
        (timedelta(days=7), timedelta(days=1)),
        (timedelta(days=30), None),
    ],
)
def test_the_older_a_task_the_rarer_it_is_looked_at(age: timedelta, step: timedelta | None) -> None:
    assert rules.next_look(NOW - age, NOW) == (None if step is None else NOW + step)


def test_what_became_of_a_request_is_looked_for_three_times() -> None:
    at, looks = NOW, []
    while (following := rules.next_find(NOW, at)) is not None:
        looks.append(following - NOW)
        at = following
    assert looks == list(rules.FIND_OUT)


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({"owner": LEADER}, Leads(1, "owner")),
        ({"owner": MEMBER}, group.NOBODY),
        ({"owner": MEMBER, "way": LEADER}, Leads(1, "join_way")),
        ({"owner": Candidate(3, "leader"), "way": LEADER}, Leads(3, "owner")),
        ({"way": MEMBER}, group.NOBODY),
        ({"assigned": 9, "owner": LEADER, "way": LEADER}, Leads(9, "operator")),
        ({}, group.NOBODY),
    ],
)
def test_whose_a_group_is(known: dict[str, Any], found: Leads) -> None:
    assert group.leads(**({"assigned": None, "owner": None, "way": None} | known)) == found


@pytest.mark.parametrize(
    ("last", "changed", "since"),
    [
        (None, None, NOW - timedelta(days=9)),  # the first: from the group's beginning
        (None, NOW - timedelta(hours=1), NOW - timedelta(days=9)),
        (NOW - timedelta(days=1), NOW - timedelta(hours=1), NOW - timedelta(hours=1)),  # from the event
        (NOW - timedelta(days=1), None, NOW),  # no event came
        (NOW - timedelta(days=1), NOW - timedelta(days=2), NOW),  # an event from before the last change
        (NOW - timedelta(days=1), NOW + timedelta(minutes=1), NOW),  # the platform's clock is ahead
    ],
)
def test_since_when_it_is_his(last: datetime | None, changed: datetime | None, since: datetime) -> None:
    assert group.since(now=NOW, began_at=NOW - timedelta(days=9), changed_at=changed, last=last) == since
