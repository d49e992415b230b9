"""Whether an order may use a coupon, what it costs the merchant, and why not: each refusal in the coupon's own numbers.

The order has been paid: nothing here refuses it. A refused use is written down with its reason and discounts nothing.

Base     what the lines in scope would have cost, price × units: a minimum counts before any discount
Cost     what the mall says it took off these lines (price × units less paid), at most what the coupon gives of the
         base: the rest is another promotion's. Where a mall tells no difference, the coupon has cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.coupon.terms import Terms
from domain.coupon.told import WHO_SAID, amount, moment, scope_said, start
from domain.money import ZERO, Money, total
from domain.order import LineFacts, LineLeft

Reason: TypeAlias = Literal[
    "unknown", "not_claimed", "withdrawn", "not_yet", "over", "used", "scope", "minimum",
    "not_new", "not_first", "per_person",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim as it stands: `used_by` is the number of the order that has used it; `reward`: a plan gave it."""

    ends_at: datetime | None
    used_by: str | None = None
    reward: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Buying:
    """What the decision needs of the order and its buyer.

    bought_before    he has an earlier order · referred_before: one that some distributor had
    uses             how many of this coupon he has used
    """

    paid_at: datetime
    lines: tuple[LineFacts, ...]
    bought_before: bool = False
    referred_before: bool = False
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Reason
    why: str


UNKNOWN = Refusal("unknown", "没有这个券码")
NOT_CLAIMED = Refusal("not_claimed", "这是领券页的编号，不是券码；顾客要先领取")


def refusal(terms: Terms, starts_at: datetime, taken: Taken, buying: Buying) -> Refusal | None:
    """The first reason that holds, None: it is used. `starts_at` is the coupon's, also where the document has none."""
    if taken.withdrawn:
        return Refusal("withdrawn", "这张券是奖励，已由商家收回或核销")
    if taken.used_by is not None:
        return Refusal("used", f"这张券已在订单 {taken.used_by} 用过")
    if buying.paid_at < starts_at:
        return Refusal("not_yet", f"{start(starts_at)} 起可用")
    if taken.ends_at is not None and buying.paid_at >= taken.ends_at:
        return Refusal("over", f"有效期到 {moment(taken.ends_at)}，付款时已过期")
    if not any(_holds(terms, line) for line in buying.lines):
        return Refusal("scope", f"只适用于 {scope_said(terms)}，这一单没有")
    if (spent := base(terms, buying.lines)) < terms.minimum:
        return Refusal("minimum", f"要满 {amount(terms.minimum)}，这一单适用的商品是 {amount(spent)}")
    if terms.who == "new_customers" and buying.bought_before:
        return Refusal("not_new", f"{WHO_SAID[terms.who]}，这位顾客以前买过")
    if terms.who == "first_order" and buying.referred_before:
        return Refusal("not_first", f"{WHO_SAID[terms.who]}，这位顾客以前由分销员推荐买过")
    if buying.uses >= terms.per_person and not taken.reward:
        return Refusal("per_person", f"每人限用 {terms.per_person} 张，这位顾客已用 {buying.uses} 张")
    return None


def base(terms: Terms, lines: Iterable[LineFacts]) -> Money:
    """What the lines in scope cost before any discount."""
    return total(line.price * line.qty for line in lines if _holds(terms, line))


def cost(terms: Terms, lines: tuple[LineFacts, ...]) -> Money:
    """What it has cost the merchant: of 满100减20, 2 × 68.00 and 110.00 paid, 20.00 of the 26.00 that are off."""
    off = total(max(line.price * line.qty - line.paid, ZERO) for line in lines if _holds(terms, line))
    return min(off, terms.worth.of(base(terms, lines)))


def is_whole(lines: Iterable[LineLeft], *, was_paid: bool) -> bool:
    """Whether refunds have undone the order: nothing that was paid is left, or of an order without a price no unit."""
    rest = list(lines)
    return not any(line.paid for line in rest) and (was_paid or not any(line.qty for line in rest))


def comes_back(ends_at: datetime | None, at: datetime) -> bool:
    """Whether a refund of the whole order at this time gives the coupon back: while it could still be used."""
    return ends_at is None or at < ends_at


def _holds(terms: Terms, line: LineFacts) -> bool:
    return terms.scope.holds(line.sku, line.category)
