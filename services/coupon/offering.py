"""What somebody can be offered: the coupons that are open, each with a page in the right name; and what became of one
that he asks about by its code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import coupon as rules
from domain.coupon import Terms
from domain.coupon import code as codes
from models.bonus import Entitlement
from models.coupon import Coupon, CouponClaim, CouponUse
from models.distributor import Distributor
from models.order import Product
from services import product
from services.coupon import campaign, figures
from services.coupon.campaign import Campaign, terms_of
from services.coupon.figures import Figures
from services.coupon.share import share_code
from services.terminal import iso

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon with the code of its page in the name of `who`, and what has come of his pages."""

    campaign: Campaign
    page: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Own:
    """A coupon that somebody has: `state` is usable | used | over | withdrawn."""

    terms: Terms
    code: str
    state: str
    ends_at: datetime | None


def offers(
    session: Session,
    who: Distributor | None,
    *,
    said: str = "",
    skus: Sequence[str] = (),
    now: datetime,
) -> list[Offer]:
    """What he can share now, the newest first; without a distributor what a customer can take of the merchant's own.

    said  those whose name stands in it, if any does; else `skus`: those that can be used on one of these products
    """
    found = campaign.open_now(session, now=now)
    if who is None:
        found = [row for row in found if row.terms.who != "first_order"]
    found = _wanted(session, found, said, skus)[:SHOWN]
    brought = figures.of_distributor(session, who.id, [row.row.id for row in found]) if who and found else {}
    owner = who.id if who else None
    return [
        Offer(
            row,
            share_code(session, row.row.id, distributor_id=owner, group_id=None, now=now),
            brought.get(row.row.id, Figures()),
        )
        for row in found
    ]


def best_for(session: Session, who: Distributor, item: Product, *, now: datetime) -> tuple[Terms, str] | None:
    """The newest that he can share and that can be used on a product, with the code of its page."""
    for row in campaign.open_now(session, now=now):
        if row.terms.scope.holds(item.sku, item.category):
            return row.terms, share_code(session, row.row.id, distributor_id=who.id, group_id=None, now=now)
    return None


def _wanted(session: Session, found: list[Campaign], said: str, skus: Sequence[str]) -> list[Campaign]:
    plain = _plain(said)
    if named := [row for row in found if _plain(row.terms.title) in plain or _plain(row.terms.key) in plain]:
        return named
    items = [item for sku in skus if (item := product.find(session, sku)) is not None]
    if not items:
        return found
    return [row for row in found if any(row.terms.scope.holds(item.sku, item.category) for item in items)]


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text).lower()


def given_by_plans(session: Session, distributor_id: int, *, now: datetime, limit: int = SHOWN) -> list[Own]:
    """What plans gave him and he can still use."""
    query = (
        select(CouponClaim, Coupon, CouponUse.id)
        .join(Entitlement, Entitlement.bonus_id == CouponClaim.bonus_id)
        .join(Coupon, Coupon.id == CouponClaim.coupon_id)
        .outerjoin(CouponUse, CouponUse.standing_claim_id == CouponClaim.id)
        .where(Entitlement.distributor_id == distributor_id, Entitlement.state == "issued")
        .order_by(Entitlement.id.desc())
        .limit(limit)
    )
    found = [_own(claim, coupon, use, now) for claim, coupon, use in session.execute(query)]
    return [own for own in found if own.state == "usable"]


def scope_said(session: Session, terms: Terms) -> str:
    """What it is for, products by their names."""
    return rules.scope_said(terms, product.names(session, {*terms.scope.skus, *terms.scope.exclude}))


def find_taken(session: Session, text: str, *, now: datetime) -> Own | None:
    """The coupon whose code stands in what somebody wrote."""
    found = (taken(session, code, now=now) for code in codes.claims_in(text))
    return next((own for own in found if own is not None), None)


def taken(session: Session, code: str, *, now: datetime) -> Own | None:
    """The coupon of a code as it was typed."""
    query = (
        select(CouponClaim, Coupon, CouponUse.id)
        .join(Coupon, Coupon.id == CouponClaim.coupon_id)
        .outerjoin(CouponUse, CouponUse.standing_claim_id == CouponClaim.id)
        .where(CouponClaim.code == codes.normalise(code))
    )
    row = session.execute(query).one_or_none()
    return None if row is None else _own(row[0], row[1], row[2], now)


def answer(own: Own) -> dict[str, Any]:
    """A coupon as the API tells it: what it takes off, of what, and until when. Who took it and where stays inside."""
    told = own.terms.data()
    return {
        "code": codes.normalise(own.code),
        "state": own.state,
        "until": iso(own.ends_at),
        **{name: told.get(name) for name in ("key", "title", "kind", "off", "at_most", "minimum", "for", "scope")},
    }


def _own(claim: CouponClaim, coupon: Coupon, use: int | None, now: datetime) -> Own:
    if claim.withdrawn_at is not None:
        state = "withdrawn"
    elif use is not None:
        state = "used"
    else:
        state = "over" if claim.ends_at is not None and now >= claim.ends_at else "usable"
    return Own(terms_of(coupon), codes.spoken(claim.code), state, claim.ends_at)
