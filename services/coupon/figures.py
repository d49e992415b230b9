"""What has come of coupons: read from the shares' own counts, never from claims or orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from models.coupon import CouponShare, CouponUse
from models.distributor import Distributor
from models.group import CustomerGroup
from models.order import Order

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """claimed, and used by orders; what the uses cost the merchant, and the net of the orders."""

    claimed: int = 0
    used: int = 0
    discount: Money = ZERO
    sales: Money = ZERO


@dataclass(frozen=True, slots=True)
class Source:
    """Where claims came from: a distributor, a group of his or of nobody's; `origin` "reward" is what plans gave."""

    share: CouponShare
    who: Distributor | None
    group: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Refused:
    order_no: str
    reason: str
    why: str


_SUMS = (
    func.sum(CouponShare.claimed),
    func.sum(CouponShare.used),
    func.sum(CouponShare.discount),
    func.sum(CouponShare.sales),
)


def of_coupon(session: Session, coupon_id: int) -> Figures:
    row = session.execute(select(*_SUMS).where(CouponShare.coupon_id == coupon_id)).one()
    return _figures(row)


def of_distributor(session: Session, distributor_id: int, coupon_ids: Iterable[int]) -> dict[int, Figures]:
    """By coupon; one that he has not shared is left out."""
    query = (
        select(CouponShare.coupon_id, *_SUMS)
        .where(CouponShare.distributor_id == distributor_id, CouponShare.coupon_id.in_(list(coupon_ids)))
        .group_by(CouponShare.coupon_id)
    )
    return {row[0]: _figures(row[1:]) for row in session.execute(query)}


def sources(session: Session, coupon_id: int, *, limit: int = SHOWN) -> list[Source]:
    """Where most were used, the best first."""
    query = (
        select(CouponShare, Distributor, CustomerGroup)
        .outerjoin(Distributor, Distributor.id == CouponShare.distributor_id)
        .outerjoin(CustomerGroup, CustomerGroup.id == CouponShare.group_id)
        .where(CouponShare.coupon_id == coupon_id)
        .order_by(CouponShare.used.desc(), CouponShare.id)
        .limit(limit)
    )
    return [
        Source(
            share,
            who,
            group.shown_name if group else None,
            Figures(share.claimed, share.used, share.discount, share.sales),
        )
        for share, who, group in session.execute(query)
    ]


def refusals(session: Session, coupon_id: int, *, limit: int = 5) -> list[Refused]:
    """The latest orders that showed one and could not use it."""
    query = (
        select(Order.no, CouponUse.reason, CouponUse.why)
        .join(Order, Order.id == CouponUse.order_id)
        .where(CouponUse.coupon_id == coupon_id, CouponUse.reason > "")
        .order_by(CouponUse.id.desc())
        .limit(limit)
    )
    return [Refused(row.no, row.reason, row.why) for row in session.execute(query)]


def of_order(session: Session, order: Order) -> dict[str, str | None] | None:
    """What became of the coupon that an order showed; None where it showed none. `why` is None where it was used."""
    use = session.scalars(select(CouponUse).where(CouponUse.order_id == order.id)).one_or_none()
    if use is None:
        return None
    state = "refused" if use.reason is not None else "returned" if use.returned_at is not None else "used"
    given = (order.content.get("ref") or {}).get("coupon")
    return {"given": given, "state": state, "discount": use.discount.yuan, "reason": use.reason, "why": use.why}


def _figures(row: Iterable[object]) -> Figures:
    claimed, used, discount, sales = row
    return Figures(int(str(claimed or 0)), int(str(used or 0)), _money(discount), _money(sales))


def _money(value: object) -> Money:
    return value if isinstance(value, Money) else ZERO
