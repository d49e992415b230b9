"""Quiet hours, what somebody wants, whether a push may go, and several in one message."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.periods import SHANGHAI
from domain.push import (
    ALWAYS,
    KINDS,
    MAY_BE_MUTED,
    NIGHT,
    NOTHING_CHOSEN,
    Choice,
    Hours,
    Wait,
    Wish,
    chosen,
    joined,
    kind_of,
    may_go,
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-08:00", at(18, 21, 59), None),
        ("22:00-08:00", at(18, 22), at(19, 8)),
        ("22:00-08:00", at(18, 23, 59), at(19, 8)),
        ("22:00-08:00", at(19, 0), at(19, 8)),
        ("22:00-08:00", at(19, 7, 59), at(19, 8)),
        ("22:00-08:00", at(19, 8), None),
        ("12:30-14:00", at(18, 12, 29), None),
        ("12:30-14:00", at(18, 12, 30), at(18, 14)),
        ("12:30-14:00", at(18, 14), None),
        ("00:00-06:00", at(18, 3), at(18, 6)),
        ("23:00-00:00", at(18, 23, 30), at(19, 0)),
    ],
)
def test_quiet_hours_end_when_they_end(hours: str, now: datetime, until: datetime | None) -> None:
    found = Hours.parse(hours)
    assert found is not None
    assert found.until(now) == until
    assert found.text == hours


@pytest.mark.parametrize("text", ["", "22-8", "22:00", "24:00-08:00", "22:60-08:00", "08:00-08:00", "nie"])
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|all of it"):
        Hours.parse(text)


def test_off_is_none() -> None:
    assert Hours.parse("off") is None


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("told.settled", "settlement"),
        ("told.bonuses_in_kind", "settlement"),
        ("told.approved", "withdrawal"),
        ("told.paid", "withdrawal"),
        ("told.level_up", "level"),
        ("told.task_rejected", "task"),
        ("told.order", "order"),
        ("told.something_new", "other"),
        ("summary.day", "summary"),
        ("told.linked", None),
        ("join.approved", None),
        ("earnings.now", None),
    ],
)
def test_a_notice_has_its_kind_by_its_first_sentence(sentence: str, kind: str | None) -> None:
    assert kind_of(sentence) == kind


def wish(**wanted: Any) -> Wish:
    return Wish(**({"wants": False} | wanted))


NOW = at(18, 10)  # a Wednesday


@pytest.mark.parametrize(
    ("wishes", "off"),
    [
        ([wish()], MAY_BE_MUTED),
        ([wish(kinds=frozenset({"summary"}))], {"summary"}),
        ([wish(kinds=frozenset({"summary"})), wish(kinds=frozenset({"order"}))], {"summary", "order"}),
        ([wish(kinds=frozenset({"withdrawal"}), only=True)], MAY_BE_MUTED),
        ([wish(kinds=frozenset({"order"}), only=True)], MAY_BE_MUTED - {"order"}),
        ([wish(kinds=frozenset({"withdrawal"}))], set()),
        ([wish(), wish(wants=True)], set()),
        ([wish(), wish(wants=True, kinds=frozenset({"order"}))], MAY_BE_MUTED - {"order"}),
        ([wish(days=(date(2026, 11, 16), date(2026, 11, 23)))], MAY_BE_MUTED),
        ([wish(days=(date(2026, 11, 19), date(2026, 11, 20)))], set()),
        ([wish(days=(date(2026, 11, 16), date(2026, 11, 23))), wish(wants=True)], set()),
        ([wish(tonight=True)], MAY_BE_MUTED),
    ],
)
def test_wishes_add_up(wishes: list[Wish], off: set[str]) -> None:
    choice = NOTHING_CHOSEN
    for one in wishes:
        choice = chosen(choice, one, default=NIGHT, now=NOW)
    assert choice.off(NOW) == off


def test_a_period_ends_by_itself() -> None:
    choice = chosen(NOTHING_CHOSEN, wish(days=(date(2026, 11, 19), date(2026, 11, 20))), default=NIGHT, now=NOW)
    assert [bool(choice.off(at(day, 10))) for day in (18, 19, 20)] == [False, True, False]
    assert chosen(NOTHING_CHOSEN, wish(tonight=True), default=NIGHT, now=at(18, 23)).until == at(19, 8)
    assert chosen(NOTHING_CHOSEN, wish(tonight=True), default=None, now=at(19, 3)).until == at(19, 8)


def test_a_period_that_is_over_is_for_good() -> None:
    choice = chosen(NOTHING_CHOSEN, wish(days=(date(2026, 11, 9), date(2026, 11, 16))), default=NIGHT, now=NOW)
    assert choice.muted == MAY_BE_MUTED


@pytest.mark.parametrize("kind", KINDS)
def test_his_own_withdrawal_is_told_whatever_he_has_switched_off(kind: str) -> None:
    nothing = Choice(muted=frozenset(KINDS))
    assert may_go(kind, nothing, None, NOW) == ("go" if kind in ALWAYS else "muted")


def test_own_hours_beat_the_merchants() -> None:
    assert may_go("order", NOTHING_CHOSEN, NIGHT, at(18, 23)) == Wait(at(19, 8))
    assert may_go("order", Choice(hours=None), NIGHT, at(18, 23)) == "go"
    assert may_go("order", Choice(hours=NIGHT), None, at(18, 23)) == Wait(at(19, 8))


def test_what_becomes_of_a_withdrawal_waits_for_his_own_hours_only() -> None:
    assert may_go("withdrawal", NOTHING_CHOSEN, NIGHT, at(18, 23)) == "go"
    assert may_go("withdrawal", Choice(hours=NIGHT), None, at(18, 23)) == Wait(at(19, 8))


def test_texts_are_said_together_as_far_as_they_fit() -> None:
    texts = [(1, "甲\n看单"), (2, "乙\n看单"), (3, "丙"), (4, "丁" * 10)]
    found = joined(texts, 40)
    assert [(one.text, one.numbers) for one in found] == [("甲\n乙\n看单\n丙", [1, 2, 3]), ("丁" * 10, [4])]


def test_one_that_is_too_long_by_itself_stays_by_itself() -> None:
    assert [one.numbers for one in joined([(1, "长" * 50), (2, "短")], 30)] == [[1], [2]]
