"""Customers of 客户联系: which adding of a relation counts, when it is over, and by what `state` somebody came.

A relation belongs to one member and one customer. Callbacks come late, twice, in another order, or not at all, so what
they tell is put together by the platform's own times, whole seconds:

    adding    begins the relation, or begins it anew where it was over before that second
    leaving   ends the adding that was there at that second; an older one says nothing

Whoever has been added cannot be added again before one of the two has deleted the other. A second `add` of a live
relation is therefore the member's confirmation of the first (half → added) and changes nothing else: by whose `state`
a relation came is never rewritten.

Source   reference/wecom.md §8.1, §8.3, §8.4
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain import code as codes

# half      the customer has added the member, who has not confirmed yet; they can write to each other once he does
# added     both have each other
# left      the customer has deleted the member, who still sees him
# dropped   the member has deleted the customer, or handed him over
Status = Literal["half", "added", "left", "dropped"]
ALIVE: tuple[Status, ...] = ("half", "added")

LONGEST_STATE = 30  # characters of a contact way's; a link takes 64 bytes
WELCOME_WITHIN = timedelta(seconds=20)
_PREFIX, _RANDOM = "tk", 14


@dataclass(frozen=True, slots=True)
class Relation:
    """added_at: when the latest adding began, None where only its end has been heard of; ended_at: when one ended."""

    status: Status
    added_at: datetime | None
    ended_at: datetime | None


def added(now: Relation | None, at: datetime, *, half: bool) -> tuple[Relation, bool]:
    """The relation after an adding at `at`, and whether that is a new one, with a state of its own."""
    status: Status = "half" if half else "added"
    if now is None:
        return Relation(status, at, None), True
    if now.status in ALIVE:
        return replace(now, status="added" if "added" in (now.status, status) else "half"), False
    if now.added_at is not None and at <= now.added_at:
        return now, False  # it is that one, or an earlier one that has been heard of late
    if now.ended_at is not None and at < now.ended_at:
        return replace(now, added_at=at), True  # its end was heard of first
    return Relation(status, at, now.ended_at), True


def ended(now: Relation | None, at: datetime, *, by_member: bool) -> Relation:
    """The relation after one of the two has deleted the other at `at`."""
    status: Status = "dropped" if by_member else "left"
    if now is None:
        return Relation(status, None, at)
    if now.added_at is not None and at < now.added_at:
        return now  # the end of an earlier adding
    if now.status == "dropped":
        status = "dropped"  # for the platform that is the end, whatever the customer does after it
    return Relation(status, now.added_at, max(at, now.ended_at or at))


def new_state(below: Callable[[int], int]) -> str:
    """A fresh state: nothing in it leads to a person, nobody can guess one. `below(n)` is a source of uniform ints."""
    return _PREFIX + "".join(codes.ALPHABET[below(len(codes.ALPHABET))] for _ in range(_RANDOM))
