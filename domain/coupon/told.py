"""A coupon in words, for its page, the chat and the merchant: 「减 20 元」「满 100 元可用」「限新客」."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from domain.coupon.terms import Terms, Who
from domain.coupon.worth import Percent, short
from domain.money import Money
from domain.periods import SHANGHAI
from domain.plan.told import EVERYTHING, scope

WHO_SAID: dict[Who, str] = {"everyone": "人人可用", "new_customers": "限新客", "first_order": "限经推荐的第一单"}
NO_NAMES: Mapping[str, str] = MappingProxyType({})


def amount(value: Money) -> str:
    return f"{value.spoken} 元"


def condition(terms: Terms) -> str:
    """「满 100 元可用，最多减 30 元，限新客」; without any condition 「无门槛」."""
    parts = [f"满 {short(terms.minimum)} 元可用" if terms.minimum else "无门槛"]
    if isinstance(terms.worth, Percent) and terms.worth.at_most is not None:
        parts.append(f"最多减 {short(terms.worth.at_most)} 元")
    if terms.who != "everyone":
        parts.append(WHO_SAID[terms.who])
    return "，".join(parts)


def scope_said(terms: Terms, names: Mapping[str, str] = NO_NAMES) -> str:
    """「水果（四季鲜果礼盒除外）」, 「全部商品」."""
    return scope(terms.scope, names) or EVERYTHING


def start(instant: datetime) -> str:
    """「12月1日 00:00」"""
    there = instant.astimezone(SHANGHAI)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def moment(end: datetime) -> str:
    """An end as people say it: midnight is the end of the day before, 「11月30日 24:00」."""
    there = end.astimezone(SHANGHAI)
    if (there.hour, there.minute) != (0, 0):
        return start(end)
    before = there - timedelta(days=1)
    return f"{before.month}月{before.day}日 24:00"


def lasts(terms: Terms) -> str:
    """How long one can be used: 「领取后 7 天内，最晚 11月30日 24:00」, 「11月30日 24:00 前」, 「长期有效」."""
    until = None if terms.ends_at is None else moment(terms.ends_at)
    if terms.valid_days is not None:
        return f"领取后 {terms.valid_days} 天内" + (f"，最晚 {until}" if until else "")
    return f"{until} 前" if until else "长期有效"
