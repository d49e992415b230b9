"""Coupons (优惠券): what one is worth, for whom, on what, when; and why one is refused.

terms = parse(text)                    # the document (domain.coupon.terms); CouponRefused
check_open(terms, …), check_person(…)  # may somebody take one now (domain.coupon.claim)
refusal(terms, …), cost(terms, lines)  # may an order use one, and what it cost (domain.coupon.use)
condition(terms), lasts(terms), …      # in words (domain.coupon.told)
"""

from domain.coupon.claim import (
    NeedsReferrer,
    NotYet,
    Over,
    SoldOut,
    Taken,
    check_left,
    check_open,
    check_person,
)
from domain.coupon.terms import CouponRefused, Terms, digest, of_data, parse
from domain.coupon.told import condition, lasts, moment, scope_said, start
from domain.coupon.use import Buying, Refusal, cost, refusal
from domain.coupon.worth import Percent, SpendAndSave, Worth

__all__ = [
    "Buying",
    "CouponRefused",
    "NeedsReferrer",
    "NotYet",
    "Over",
    "Percent",
    "Refusal",
    "SoldOut",
    "SpendAndSave",
    "Taken",
    "Terms",
    "Worth",
    "check_left",
    "check_open",
    "check_person",
    "condition",
    "cost",
    "digest",
    "lasts",
    "moment",
    "of_data",
    "parse",
    "refusal",
    "scope_said",
    "start",
]
