"""Which adding of a customer counts, when it is over, and that its state is never rewritten."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import customer as rules
from domain.customer import Relation

T = datetime(2026, 11, 22, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return T + timedelta(seconds=seconds)


ADDED = Relation("added", at(10), None)


@pytest.mark.parametrize(
    ("before", "when", "half", "after", "is_new"),
    [
        (None, 10, False, Relation("added", at(10), None), True),
        (None, 10, True, Relation("half", at(10), None), True),
        (Relation("half", at(10), None), 60, False, ADDED, False),  # the member confirms
        (ADDED, 9, True, ADDED, False),  # the half one comes after the other
        (ADDED, 99, False, ADDED, False),  # nobody is added who is there already
        (Relation("left", at(10), at(20)), 30, False, Relation("added", at(30), at(20)), True),
        (Relation("dropped", at(10), at(20)), 20, True, Relation("half", at(20), at(20)), True),
        (Relation("left", at(10), at(20)), 10, False, Relation("left", at(10), at(20)), False),  # told twice
        (Relation("left", None, at(20)), 10, False, Relation("left", at(10), at(20)), True),  # its end came first
    ],
)
def test_an_adding(before: Relation | None, when: int, half: bool, after: Relation, is_new: bool) -> None:
    assert rules.added(before, at(when), half=half) == (after, is_new)


@pytest.mark.parametrize(
    ("before", "when", "by_member", "after"),
    [
        (ADDED, 20, False, Relation("left", at(10), at(20))),
        (ADDED, 20, True, Relation("dropped", at(10), at(20))),
        (ADDED, 9, True, ADDED),  # the end of an earlier adding
        (None, 20, True, Relation("dropped", None, at(20))),
        (Relation("left", at(10), at(20)), 30, True, Relation("dropped", at(10), at(30))),
        (Relation("dropped", at(10), at(20)), 30, False, Relation("dropped", at(10), at(30))),
    ],
)
def test_an_end(before: Relation | None, when: int, by_member: bool, after: Relation) -> None:
    assert rules.ended(before, at(when), by_member=by_member) == after


@given(st.lists(st.booleans(), max_size=8), st.data())
def test_what_is_told_again_later_changes_nothing(ends: list[bool], data: st.DataObject) -> None:
    """Adding and leaving in turns; each may be told again at any time after it was told first."""
    told = [(at(10 * number), number % 2 == 0, by_member) for number, by_member in enumerate(ends)]
    once = _told(told)
    again = list(told)
    for event in told:
        later = data.draw(st.integers(again.index(event) + 1, len(again)))
        again.insert(later, event)
    assert _told(again) == once


def _told(events: list[tuple[datetime, bool, bool]]) -> Relation | None:
    now: Relation | None = None
    for when, is_adding, by_member in events:
        now = rules.added(now, when, half=False)[0] if is_adding else rules.ended(now, when, by_member=by_member)
    return now


def test_a_state_fits_a_contact_way_and_nobody_can_guess_it() -> None:
    dice = random.Random(1)
    made = {rules.new_state(dice.randrange) for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(state) <= rules.LONGEST_STATE and state.isascii() and state.isalnum() for state in made)
