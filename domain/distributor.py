"""Joining and binding: who may become a distributor, and who may name whom as his inviter.

Units    instants are aware UTC
Raises   UnknownCode, OwnCode, AlreadyInvited, Loop, TooLate, HasSold
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from domain.errors import DomainError

BIND_WITHIN = timedelta(hours=24)
DEEPEST_UPLINE = 99  # how far a chain is followed: as far as a plan may name somebody


class NotJoined(DomainError):
    """The person is no distributor yet."""

    code = "join.not_joined"


class InReview(DomainError):
    code = "join.in_review"


class Departed(DomainError):
    code = "join.departed"


class UnknownApplication(DomainError):
    code = "join.unknown_application"


class WrongStatus(DomainError):
    """What is asked does not go with what he is."""

    code = "distributor.wrong_status"


class UnknownCode(DomainError):
    code = "join.unknown_code"


class OwnCode(DomainError):
    code = "join.own_code"


class AlreadyInvited(DomainError):
    code = "join.already_invited"


class Loop(DomainError):
    code = "join.loop"


class TooLate(DomainError):
    code = "join.too_late"


class HasSold(DomainError):
    code = "join.has_sold"


def check_inviter(*, me: int, inviter: int, inviter_name: str, inviters_upline: Collection[int]) -> None:
    """Refuse myself, and anybody below me: the chain of inviters has an end."""
    if me == inviter:
        raise OwnCode()
    if me in inviters_upline:
        raise Loop(inviter=inviter_name)


def check_binding(
    *, inviter_id: int | None, inviter_name: str | None, joined_at: datetime, has_sold: bool, now: datetime
) -> None:
    """Binding works once, within 24 hours of joining and before the first order."""
    if inviter_id is not None:
        raise AlreadyInvited(inviter=inviter_name)
    if has_sold:
        raise HasSold()
    if now - joined_at > BIND_WITHIN:
        raise TooLate(joined_at=joined_at)
