"""Coupons for tests: documents, pages, and customers who take one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Sessions
from models.coupon import Coupon, CouponClaim, CouponUse
from models.order import Order
from services.coupon import campaign, share_code
from services.coupon.hint import Visitor
from services.coupon.taking import take


def document(key: str = "SAVE20", **keys: str) -> str:
    """满100减20 for everybody; keys are replaced or added as they stand in the file, `for_` and `from_` with a mark."""
    whole = {"key": key, "title": "满100减20", "kind": "spend_and_save", "off": '"20.00"', "minimum": '"100.00"'}
    if keys.get("kind") == "percent":
        whole |= {"title": "九折", "off": "10%", "minimum": '"0.00"'}
    return "\n".join(f"{name.rstrip('_')}: {value}" for name, value in (whole | keys).items()) + "\n"


def make(sessions: Sessions, source: str | None = None, *, now: datetime, **keys: str) -> int:
    """The number of a new coupon."""
    with sessions.writing() as session:
        return campaign.create(session, source or document(**keys), now=now)[0].row.id


def page(
    sessions: Sessions, coupon_id: int, distributor_id: int | None, *, now: datetime, group: int | None = None
) -> str:
    """The code of its page in somebody's name."""
    with sessions.writing() as session:
        return share_code(session, coupon_id, distributor_id=distributor_id, group_id=group, now=now)


def visitor(name: str) -> Visitor:
    return Visitor(f"holder-{name}", (f"holder-{name}",))


def takes(sessions: Sessions, page_code: str, name: str = "a", *, now: datetime, n: int = 1) -> str:
    """The code of the coupon that somebody took."""
    with sessions.writing() as session:
        return take(session, page_code, visitor(name), n, now=now)[0].code


def uses(sessions: Sessions) -> dict[str, dict[str, Any]]:
    """Order → what became of its coupon."""
    query = select(Order.no, CouponUse).join(Order, Order.id == CouponUse.order_id).order_by(CouponUse.id)
    with sessions.reading() as session:
        return {
            no: {
                "reason": use.reason,
                "why": use.why,
                "discount": use.discount.yuan,
                "sales": use.sales.yuan,
                "stands": use.standing_claim_id is not None,
            }
            for no, use in session.execute(query)
        }


def claims(session: Session) -> list[CouponClaim]:
    return list(session.scalars(select(CouponClaim).order_by(CouponClaim.id)))


def coupon(session: Session, key: str = "SAVE20") -> Coupon:
    return session.scalars(select(Coupon).where(Coupon.key == key)).one()
