"""Coupons that plans give as rewards: where the reward's key is a coupon's, the distributor gets one of it.

It is owed: it takes nothing from the stock and no limit for each person stands against it. It recommends nobody: a
distributor's own purchase with it is nobody's sale. Where no coupon of the key is open then, the reward stays a word
that the merchant fulfils by hand.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.coupon import code as codes
from models.bonus import Entitlement
from models.coupon import CouponClaim, CouponUse
from services.coupon import campaign, share
from services.once import insert_once


def issue(session: Session, bonus_id: int, key: str, *, now: datetime) -> None:
    """One for a bonus, once; the same one stands again where it had been taken back."""
    claim = _of_bonus(session, bonus_id)
    if claim is not None:
        claim.withdrawn_at = None
        session.flush()
        return
    found = campaign.find(session, key)
    if found is None or found.state(now) in ("closed", "over"):
        return
    own = share.of_rewards(session, found.row.id, now=now)
    share.count(session, own.id, claimed=1)
    values = {
        "coupon_id": found.row.id,
        "share_id": own.id,
        "bonus_id": bonus_id,
        "code": codes.new_claim(secrets.randbelow),
        "holder": f"bonus:{bonus_id}",
        "n": 1,
        "claimed_at": now,
        "ends_at": found.terms.usable_until(now),
        "withdrawn_at": None,
    }
    insert_once(session, CouponClaim, values)


def withdraw(session: Session, bonus_id: int, *, now: datetime) -> None:
    """A refund has undone the bonus; one that was used meanwhile stays used."""
    claim = _of_bonus(session, bonus_id)
    if claim is None or claim.withdrawn_at is not None:
        return
    if session.scalar(select(CouponUse.id).where(CouponUse.standing_claim_id == claim.id)) is None:
        claim.withdrawn_at = now
        session.flush()


def used(session: Session, claim: CouponClaim, order_no: str, *, now: datetime) -> None:
    """An order has used what a plan gave: the reward is marked so."""
    row = _entitlement(session, claim)
    if row is not None and row.state == "issued":
        row.state, row.changed_at, row.note = "used", now, f"订单 {order_no}"


def given_back(session: Session, claim: CouponClaim, *, now: datetime) -> None:
    """The order was refunded as a whole: he has it again."""
    row = _entitlement(session, claim)
    if row is not None and row.state == "used":
        row.state, row.changed_at, row.note = "issued", now, None


def codes_of(session: Session, bonus_ids: list[int]) -> dict[int, str]:
    """The codes of the coupons that were given for these bonuses and can be used."""
    query = select(CouponClaim.bonus_id, CouponClaim.code).where(
        CouponClaim.bonus_id.in_(bonus_ids), CouponClaim.withdrawn_at.is_(None)
    )
    return {row.bonus_id: row.code for row in session.execute(query)} if bonus_ids else {}


def _of_bonus(session: Session, bonus_id: int) -> CouponClaim | None:
    query = select(CouponClaim).where(CouponClaim.bonus_id == bonus_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _entitlement(session: Session, claim: CouponClaim) -> Entitlement | None:
    if claim.bonus_id is None:
        return None
    return session.scalars(select(Entitlement).where(Entitlement.bonus_id == claim.bonus_id)).one_or_none()
