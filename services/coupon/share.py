"""Shares: a coupon's page in the name of a distributor, of a customer group, of both or of nobody."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.coupon import code as codes
from domain.money import ZERO
from models.coupon import CouponShare
from services.once import insert_once

_TRIES = 8


def share_code(
    session: Session, coupon_id: int, *, distributor_id: int | None, group_id: int | None, now: datetime
) -> str:
    """The code of the page `BASE_URL/shop/c/{code}`: the same for the same three, made when it is first asked for.

    distributor_id  who recommends it; group_id: of models.group, where it is shown. Either may be None.
    """
    origin = f"{distributor_id or ''}:{group_id or ''}"
    mine = select(CouponShare.code).where(CouponShare.coupon_id == coupon_id, CouponShare.origin == origin)
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
