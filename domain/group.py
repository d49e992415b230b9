"""Whose a customer group is (团长的客户群), decided from what is known of it.

The merchant's word goes before everything; then the owner, if he is a leader; then the leader by whose code the first
customer came who came by one. Nobody's otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.errors import DomainError

LeadsBy = Literal["owner", "join_way", "operator"]
ROLES = ("member", "leader", "creator", "guide")
LEADER = "leader"


class NotALeader(DomainError):
    """A group can only be given to a distributor with the role 团长."""

    code = "group.not_a_leader"


class UnknownGroup(DomainError):
    """No group of this chat_id has been heard of."""

    code = "group.unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A distributor who may be it. `role` as it is now."""

    id: int
    role: str


@dataclass(frozen=True, slots=True)
class Leads:
    """Who leads a group, and why; `distributor` None: nobody."""

    distributor: int | None
    by: LeadsBy | None


NOBODY = Leads(None, None)


def leads(*, assigned: int | None, owner: Candidate | None, way: Candidate | None) -> Leads:
    """`assigned` by the merchant, the `owner` of the group, the owner of the join `way`.

    Xiao Li owns the group and is 团长, customers came by Xiao Wang's code: Xiao Li. He is no 团长: Xiao Wang.
    """
    if assigned is not None:
        return Leads(assigned, "operator")
    if owner is not None and owner.role == LEADER:
        return Leads(owner.id, "owner")
    if way is not None and way.role == LEADER:
        return Leads(way.id, "join_way")
    return NOBODY


def since(*, now: datetime, began_at: datetime | None, changed_at: datetime | None, last: datetime | None) -> datetime:
    """From which second a new leadership holds.

    The first of a group holds from its beginning; a later one from the event that told of the change, where one did and
    it lies after the one before; else from now, because nobody knows when it happened.
    """
    if last is None:
        at = began_at or now
    else:
        at = changed_at if changed_at is not None and changed_at > last else now
    return min(at, now).replace(microsecond=0)
