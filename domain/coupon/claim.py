"""Whether a customer may take a coupon now.

Raises   NotYet, Over, NeedsReferrer, Taken (he has as many as each may have), SoldOut
"""

from __future__ import annotations

from datetime import datetime

from domain.coupon.terms import Terms
from domain.errors import DomainError


class NotYet(DomainError):
    code = "coupon.not_yet"


class Over(DomainError):
    """Its time is over, or the merchant has closed it."""

    code = "coupon.over"


class SoldOut(DomainError):
    code = "coupon.sold_out"


class Taken(DomainError):
    code = "coupon.taken"


class NeedsReferrer(DomainError):
    """For the first order through a distributor: only his page gives it."""

    code = "coupon.needs_referrer"


def check_open(terms: Terms, starts_at: datetime, closed_at: datetime | None, *, now: datetime) -> None:
    """Refuse before its start and after its end; the end is not included."""
    if now < starts_at:
        raise NotYet(starts_at=starts_at)
    ends = [end for end in (terms.ends_at, closed_at) if end is not None and now >= end]
    if ends:
        raise Over(ends_at=min(ends))


def check_left(terms: Terms, claimed: int) -> None:
    """For a friendly answer; the guarded count decides."""
    if terms.stock is not None and claimed >= terms.stock:
        raise SoldOut(stock=terms.stock)


def check_person(terms: Terms, have: int, *, recommended: bool) -> None:
    """`have` are those he took already; `recommended`: the page is a distributor's or a group's."""
    if have >= terms.per_person:
        raise Taken(limit=terms.per_person)
    if terms.who == "first_order" and not recommended:
        raise NeedsReferrer()
