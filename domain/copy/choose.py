"""Which text fits: by what is asked, the occasion and what is known; and the next one, not the last once more.

Nothing here is random: the same question at the same moment by the same person gives the same text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.copy.asked import Wish
from domain.copy.text import CopyText, When
from domain.periods import SHANGHAI

# A text for what is the case just now goes before one that is always apt; one for this product before one for all.
_NOW, _SKU, _CATEGORY, _OWN, _HABIT = 16, 8, 4, 2, 1


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is the case now.

    at         an aware instant
    festivals  the names of those that are near
    stock      of the product; None without one
    new_days   since how many days the product is new; None where it is not
    """

    at: datetime
    festivals: tuple[str, ...] = ()
    stock: int | None = None
    new_days: int | None = None
    role: str = "member"

    @property
    def local(self) -> datetime:
        return self.at.astimezone(SHANGHAI)

    @property
    def day(self) -> date:
        return self.local.date()


def ranked(
    texts: Sequence[CopyText],
    wish: Wish,
    occasion: Occasion,
    known: Collection[str],
    *,
    sku: str | None,
    category: str | None,
) -> list[CopyText]:
    """The texts that fit, the best first; `known` are the variables that have a value."""
    fitting = [
        text
        for text in texts
        if text.kind == wish.kind
        and (text.sku is None or text.sku == sku)
        and (text.category is None or text.category == category)
        and (wish.kind != "objection" or text.topic == wish.topic)
        and holds(text.when, occasion)
        and set(text.variables) <= set(known)
    ]
    return sorted(fitting, key=lambda text: (-_score(text), text.name))


def _score(text: CopyText) -> int:
    when = text.when
    now = when.festival or when.stock_at_most or when.new_for_days or {"券", "券链接"} & set(text.variables)
    habit = sum(map(bool, (when.hours, when.days, when.months, when.role)))
    habit += bool({"商品", "全名", "价格", "卖点"} & set(text.variables))  # it speaks of the product
    score = habit * _HABIT + (_NOW if now else 0) + (_OWN if text.own else 0)
    return score + (_SKU if text.sku else _CATEGORY if text.category else 0)


def holds(when: When, occasion: Occasion) -> bool:
    """Whether it is the time, and the facts are there."""
    local = occasion.local
    if when.hours is not None and not when.hours[0] <= local.hour < when.hours[1]:
        return False
    if (when.days and local.isoweekday() not in when.days) or (when.months and local.month not in when.months):
        return False
    if when.festival is not None and when.festival not in occasion.festivals:
        return False
    if when.stock_at_most is not None and not 1 <= (occasion.stock or 0) <= when.stock_at_most:
        return False
    if when.new_for_days is not None and (occasion.new_days is None or occasion.new_days > when.new_for_days):
        return False
    return when.role is None or when.role == occasion.role


def next_of(ranked: Sequence[CopyText], recent: Sequence[str]) -> CopyText:
    """The best that was not given yet, else the one that was given longest ago. `recent`: names, the latest first."""
    last = {name: place for place, name in reversed(list(enumerate(recent)))}
    return max(ranked, key=lambda text: last.get(text.name, len(recent)))
