"""What an order makes of the coupon that it shows: who recommended it, whether it is used, what it cost.

The order has been paid and is never refused for its coupon. One row says what became of it: used, or refused with the
reason in the coupon's own numbers. Attribution asks first (`shown`); the use is booked when the order is written.

Locks    the claim, before anything else of the order but its number's turn; then the share's row when it is booked
Once     a claim has one standing use; a buyer's n-th use of a coupon is unique, so that two orders of one moment
         cannot both be his first
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from domain import coupon as rules
from domain.coupon import Buying, Refusal, Terms
from domain.coupon import code as codes
from domain.coupon.use import NOT_CLAIMED, UNKNOWN, Taken, comes_back, is_whole
from domain.money import ZERO, Money
from domain.order import LineLeft, OrderFacts
from models.coupon import Coupon, CouponClaim, CouponShare, CouponUse
from models.distributor import Distributor
from models.order import Order, OrderLine, Touch
from services.coupon import reward, share
from services.coupon.campaign import terms_of
from services.once import insert_once

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The coupon of an order. Without a share it is nobody's; without a claim it was not taken.

    by   whose page it is from, in whatever state he is; a group's page was whose the group was when it was taken
    """

    share: CouponShare | None = None
    claim: CouponClaim | None = None
    by: Distributor | None = None

    @property
    def is_known(self) -> bool:
        return self.share is not None


def shown(session: Session, facts: OrderFacts) -> Shown | None:
    """None where the order shows none. A claim is locked until the order is written."""
    if facts.ref.coupon is None:
        return None
    at = facts.paid_at
    normal = codes.normalise(facts.ref.coupon)
    if normal is None:
        return Shown()
    if not codes.is_claim(normal):
        found = session.scalars(select(CouponShare).where(CouponShare.code == normal)).one_or_none()
        return Shown() if found is None else Shown(found, None, share.recommender(session, found, at))
    query = select(CouponClaim).where(CouponClaim.code == normal).with_for_update()
    claim = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if claim is None:
        return Shown()
    found, at = session.get_one(CouponShare, claim.share_id), claim.claimed_at
    return Shown(found, claim, share.recommender(session, found, at))


def book(
    session: Session,
    found: Shown | None,
    order: Order,
    facts: OrderFacts,
    identities: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Write down what became of the coupon. `identities` are the digests by which touches of the buyer are found."""
    if found is None:
        return
    if found.share is None:
        _refuse(session, found, order, UNKNOWN)
    elif found.claim is None:
        _refuse(session, found, order, NOT_CLAIMED)
    else:
        _use(session, found, found.claim, found.share, order, facts, identities, now=now)


def refunded(session: Session, order: Order, lines: Sequence[OrderLine], amount: Money, *, at: datetime) -> None:
    """A refund takes from what the coupon brought; one of the whole order undoes its use.

    The caller has locked the order, so nothing else changes its use. The coupon comes back while it can be used.
    """
    if (order.content.get("ref") or {}).get("coupon") is None:
        return
    use = session.scalars(select(CouponUse).where(CouponUse.order_id == order.id)).one_or_none()
    if use is None or use.standing_claim_id is None:
        return
    claim = session.get_one(CouponClaim, use.standing_claim_id)
    left = [LineLeft(line.qty - line.refunded_qty, line.paid - line.refunded) for line in lines]
    undone = is_whole(left, was_paid=bool(order.paid))
    back = undone and comes_back(claim.ends_at, at)
    discount = use.discount if undone else ZERO
    if use.share_id is not None:
        share.count(session, use.share_id, used=-1 if back else 0, discount=-discount, sales=-amount)
    use.sales -= amount
    use.discount -= discount
    if back:
        use.standing_claim_id, use.buyer_n, use.returned_at = None, None, at
        reward.given_back(session, claim, now=at)
        log.info("coupon given back", extra={"event": "coupon.returned", "order": order.id, "claim": claim.id})
    session.flush()


# Using one


def _use(
    session: Session,
    found: Shown,
    claim: CouponClaim,
    of: CouponShare,
    order: Order,
    facts: OrderFacts,
    identities: Sequence[str],
    *,
    now: datetime,
) -> None:
    coupon = session.get_one(Coupon, claim.coupon_id)
    terms = terms_of(coupon)
    taken = Taken(claim.ends_at, _used_by(session, claim), claim.bonus_id is not None, claim.withdrawn_at is not None)
    before, referred = _history(session, terms, order, identities)
    counted = False
    while True:
        his = _his_uses(session, coupon.id, order.buyer_digest)
        buying = Buying(facts.paid_at, facts.lines, before, referred, len(his))
        if refused := rules.refusal(terms, coupon.starts_at, taken, buying):
            break
        cost = rules.cost(terms, facts.lines)
        if not counted:
            share.count(session, of.id, used=1, discount=cost, sales=order.paid)
            counted = True
        n = None if taken.reward else next(n for n in range(1, terms.per_person + 1) if n not in his)
        if _insert(session, found, order, standing=claim.id, n=n, discount=cost, sales=order.paid):
            reward.used(session, claim, order.no, now=now)
            extra = {"event": "coupon.used", "order": order.id, "claim": claim.id}
            log.info("coupon used", extra=extra)
            return
        # Another order of this buyer has just used one: look again.
    if counted:
        share.count(session, of.id, used=-1, discount=-cost, sales=-order.paid)
    _refuse(session, found, order, refused)


def _refuse(session: Session, found: Shown, order: Order, refused: Refusal) -> None:
    _insert(session, found, order, refused=refused)
    extra = {"event": "coupon.refused", "order": order.id, "reason": refused.reason}
    log.info("coupon not used", extra=extra)


def _insert(
    session: Session,
    found: Shown,
    order: Order,
    *,
    standing: int | None = None,
    n: int | None = None,
    refused: Refusal | None = None,
    discount: Money = ZERO,
    sales: Money = ZERO,
) -> bool:
    """False where the buyer's n-th use is another order's."""
    values = {
        "order_id": order.id,
        "coupon_id": found.share.coupon_id if found.share else None,
        "share_id": found.share.id if found.share else None,
        "claim_id": found.claim.id if found.claim else None,
        "standing_claim_id": standing,
        "buyer_digest": order.buyer_digest,
        "buyer_n": n,
        "reason": refused.reason if refused else None,
        "why": refused.why[:255] if refused else None,
        "discount": discount,
        "sales": sales,
        "at": order.paid_at,
        "returned_at": None,
    }
    return insert_once(session, CouponUse, values)


def _used_by(session: Session, claim: CouponClaim) -> str | None:
    """The number of the order that has used it; the claim is locked, so nobody uses it meanwhile."""
    query = select(Order.no).join(CouponUse, CouponUse.order_id == Order.id)
    return session.scalar(query.where(CouponUse.standing_claim_id == claim.id))


def _his_uses(session: Session, coupon_id: int, buyer: str) -> set[int]:
    """The numbers of a buyer's standing uses of a coupon: never more than each person may have."""
    query = select(CouponUse.buyer_n).where(
        CouponUse.coupon_id == coupon_id, CouponUse.buyer_digest == buyer, CouponUse.buyer_n.is_not(None)
    )
    return {n for n in session.scalars(query) if n is not None}


def _history(session: Session, terms: Terms, order: Order, identities: Iterable[str]) -> tuple[bool, bool]:
    """Whether the buyer has bought before, and through some distributor; asked only where the terms do.

    He is known by his id in the order's source; by his other identities from orders that showed a code or a coupon.
    """
    if terms.who == "everyone":
        return False, False
    his = (Order.buyer_digest == order.buyer_digest, Order.paid_at < order.paid_at, Order.id != order.id)
    referred = exists().where(
        Touch.identity_digest.in_(list(identities)),
        Touch.kind.in_(("code", "coupon")),
        Touch.ref.like("order:%"),
        Touch.at < order.paid_at,
    )
    if terms.who == "new_customers":
        return bool(session.scalar(select(or_(exists().where(*his), referred)))), False
    attributed = exists().where(*his, Order.distributor_id > 0)
    return False, bool(session.scalar(select(or_(attributed, referred))))
