"""Shares: a coupon's page in the name of a distributor, of a customer group, of both or of nobody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.coupon import code as codes
from domain.money import ZERO, Money
from models.coupon import Coupon, CouponShare, CouponStock
from models.distributor import Distributor
from services.coupon.campaign import Campaign, terms_of
from services.leadership import leader_of
from services.once import insert_once

REWARD = "reward"  # the origin of what plans gave: counted like a share, but no page
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A share with its coupon; `by` is who recommends it, where he may promote."""

    share: CouponShare
    campaign: Campaign
    by: Distributor | None


def share_code(
    session: Session, coupon_id: int, *, distributor_id: int | None, group_id: int | None, now: datetime
) -> str:
    """The code of the page `BASE_URL/shop/c/{code}`: the same for the same three, made when it is first asked for.

    distributor_id  who recommends it; group_id: of models.group, where it is shown. Either may be None.
    """
    origin = f"{distributor_id or ''}:{group_id or ''}"
    return _share(session, coupon_id, origin, distributor_id, group_id, now).code


def of_rewards(session: Session, coupon_id: int, *, now: datetime) -> CouponShare:
    """Under which what plans gave of a coupon is counted."""
    return _share(session, coupon_id, REWARD, None, None, now)


def find_page(session: Session, code: str, *, now: datetime) -> Page | None:
    """The page of a code as it was typed, with who recommends it now."""
    normal = codes.normalise(code)
    if normal is None or codes.is_claim(normal):
        return None
    query = (
        select(CouponShare, Coupon, CouponStock.claimed)
        .join(Coupon, Coupon.id == CouponShare.coupon_id)
        .join(CouponStock, CouponStock.coupon_id == Coupon.id)
        .where(CouponShare.code == normal, CouponShare.origin != REWARD)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    share, coupon, claimed = row
    who = recommender(session, share, now)
    by = who if who is not None and who.status == "active" else None
    return Page(share, Campaign(coupon, terms_of(coupon), claimed), by)


def recommender(session: Session, share: CouponShare, at: datetime) -> Distributor | None:
    """Whose page it was at a moment, in whatever state he is: a group's that names no distributor is its leader's."""
    if share.distributor_id is not None:
        return session.get(Distributor, share.distributor_id)
    return None if share.group_id is None else leader_of(session, share.group_id, at)


def hand_over(session: Session, of: int, to: int) -> None:
    """Two distributors turned out to be one person: the pages of the one that ends are the other's, codes and all."""
    moved = update(CouponShare).where(CouponShare.distributor_id == of).values(distributor_id=to)
    session.execute(moved.execution_options(synchronize_session=False))


def count(
    session: Session, share_id: int, *, claimed: int = 0, used: int = 0, discount: Money = ZERO, sales: Money = ZERO
) -> None:
    """Add to what has come of a share: one statement on its row, before anything that refers to it is written.

    A row that refers to it locks it for reading on MariaDB, and two who hold that cannot both go on to write.
    """
    session.execute(
        update(CouponShare)
        .where(CouponShare.id == share_id)
        .values(
            claimed=CouponShare.claimed + claimed,
            used=CouponShare.used + used,
            discount=CouponShare.discount + discount,
            sales=CouponShare.sales + sales,
        )
        .execution_options(synchronize_session=False)
    )


def _share(
    session: Session, coupon_id: int, origin: str, distributor_id: int | None, group_id: int | None, now: datetime
) -> CouponShare:
    mine = select(CouponShare).where(CouponShare.coupon_id == coupon_id, CouponShare.origin == origin)
    for _ in range(_TRIES):
        if found := session.scalars(mine).one_or_none():
            return found
        values = {
            "coupon_id": coupon_id,
            "origin": origin,
            "distributor_id": distributor_id,
            "group_id": group_id,
            "code": codes.new_share(secrets.randbelow),
            "claimed": 0,
            "used": 0,
            "discount": ZERO,
            "sales": ZERO,
            "created_at": now,
        }
        insert_once(session, CouponShare, values)  # not new: another transaction has made it, or the code is taken
    raise RuntimeError("no free code found: the source of randomness does not vary")
