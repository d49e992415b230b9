"""Taking a coupon: once for each click, never more than there are, never more than one person may have.

Work     a claim changes the share's row and the stock's row, and inserts one; nothing is counted by looking
Locks    the share's row, the stock's row, in this order; the guarded stock decides who is the last
Once     the n-th claim of a holder is unique: a click that comes twice gets the same code again
Raises   domain.coupon's NotYet, Over, SoldOut, Taken, NeedsReferrer; services.coupon.campaign's UnknownCoupon
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain import coupon as rules
from domain.coupon import SoldOut
from domain.coupon import code as codes
from models.coupon import CouponClaim, CouponStock, CouponUse
from models.distributor import Distributor
from models.order import Touch
from services.coupon import share as shares
from services.coupon.campaign import UnknownCoupon
from services.coupon.hint import Visitor
from services.coupon.share import Page
from services.once import insert_new, insert_once


@dataclass(frozen=True, slots=True)
class Mine:
    """A claim of whoever looks; `used`: an order has used it."""

    claim: CouponClaim
    used: bool


def mine(session: Session, page: Page, holder: str) -> list[Mine]:
    """What he has taken of this coupon, here or elsewhere, in order."""
    query = (
        select(CouponClaim, CouponUse.id)
        .outerjoin(CouponUse, CouponUse.standing_claim_id == CouponClaim.id)
        .where(CouponClaim.coupon_id == page.campaign.row.id, CouponClaim.holder == holder)
        .order_by(CouponClaim.n)
    )
    return [Mine(claim, use is not None) for claim, use in session.execute(query)]


def take(session: Session, code: str, who: Visitor, n: int, *, now: datetime) -> tuple[CouponClaim, bool]:
    """His `n`-th of this coupon, and whether it is new."""
    page = shares.find_page(session, code, now=now)
    if page is None:
        raise UnknownCoupon(key=code)
    coupon, terms, share = page.campaign.row, page.campaign.terms, page.share
    have = [row.claim for row in mine(session, page, who.holder)]
    if again := next((claim for claim in have if claim.n == n), None):
        return again, False
    rules.check_open(terms, coupon.starts_at, coupon.closed_at, now=now)
    rules.check_person(terms, len(have), recommended=share.distributor_id is not None or share.group_id is not None)

    shares.count(session, share.id, claimed=1)
    _take_one(session, coupon.id, terms.stock)
    claim = _insert(session, coupon.id, share.id, who.holder, len(have) + 1, terms.usable_until(now), now)
    if claim is None:  # the same click came at the same moment, and the other one was first
        shares.count(session, share.id, claimed=-1)
        _give_back(session, coupon.id)
        return mine(session, page, who.holder)[len(have)].claim, False
    if page.by is not None:
        _leave_touch(session, page.by, claim, who, now)
    return claim, True


def _take_one(session: Session, coupon_id: int, stock: int | None) -> None:
    taken = update(CouponStock).where(CouponStock.coupon_id == coupon_id).values(claimed=CouponStock.claimed + 1)
    if stock is not None:
        taken = taken.where(CouponStock.claimed < stock)
    if session.execute(taken.execution_options(synchronize_session=False)).rowcount != 1:  # type: ignore[attr-defined]
        raise SoldOut(stock=stock)


def _give_back(session: Session, coupon_id: int) -> None:
    back = update(CouponStock).where(CouponStock.coupon_id == coupon_id).values(claimed=CouponStock.claimed - 1)
    session.execute(back.execution_options(synchronize_session=False))


def _insert(
    session: Session, coupon_id: int, share_id: int, holder: str, n: int, ends_at: datetime | None, now: datetime
) -> CouponClaim | None:
    """None where he has an n-th one already."""
    claim_id = insert_new(
        session,
        CouponClaim,
        {
            "coupon_id": coupon_id,
            "share_id": share_id,
            "bonus_id": None,
            "code": codes.new_claim(secrets.randbelow),
            "holder": holder,
            "n": n,
            "claimed_at": now,
            "ends_at": ends_at,
            "withdrawn_at": None,
        },
    )
    return None if claim_id is None else session.get_one(CouponClaim, claim_id)


def _leave_touch(session: Session, by: Distributor, claim: CouponClaim, who: Visitor, now: datetime) -> None:
    """Whoever takes a coupon has been brought by whose page it was on."""
    for digest in who.identities:
        values = {"identity_digest": digest, "distributor_id": by.id, "kind": "coupon", "ref": f"coupon:{claim.id}"}
        insert_once(session, Touch, values | {"sku": None, "origin": None, "at": now})
