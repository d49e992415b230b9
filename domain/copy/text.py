"""One text of the library, and when it is apt.

Units    hours of the day 0 to 24, half-open; weekdays 1 (Monday) to 7; months 1 to 12; Shanghai's calendar
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["moments", "group", "private", "objection"]
KINDS: Mapping[str, str] = {"moments": "朋友圈", "group": "群", "private": "私聊", "objection": "异议"}
LONGEST = 500  # characters of a text, before it is filled: one message of any channel holds it

# What may stand in braces, and what fills it.
VARIABLES: Mapping[str, str] = {
    "商品": "商品的简称，例如「丹东99草莓」",
    "全名": "商品的全名，带规格",
    "价格": "现在的售价，例如「68.00」（后面自己写「元」）",
    "链接": "分销员自己的推广链接",
    "昵称": "分销员的名字；没有名字的人拿不到这条文案",
    "卖点": "商品的卖点，用顿号隔开",
    "库存": "现在的库存件数",
    "商家": "商家的名称",
    "售后": "售后找谁",
    "券": "正在发的优惠券，例如「满 50 减 5」；没有券时不会用这条文案",
    "券链接": "领券的地址",
    "节日": "快到的节日",
}
PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class When:
    """The occasion that a text is for; a part that is left out does not matter.

    stock_at_most  the catalogue holds at least one and at most so many
    new_for_days   the product was added to a shop that sold before, at most so many days ago
    """

    hours: tuple[int, int] | None = None
    days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    festival: str | None = None
    stock_at_most: int | None = None
    new_for_days: int | None = None
    role: str | None = None

    def data(self) -> dict[str, Any]:
        parts = {
            "hours": list(self.hours) if self.hours else None,
            "days": list(self.days) or None,
            "months": list(self.months) or None,
            "festival": self.festival,
            "stock_at_most": self.stock_at_most,
            "new_for_days": self.new_for_days,
            "role": self.role,
        }
        return {name: part for name, part in parts.items() if part is not None}


@dataclass(frozen=True, slots=True)
class CopyText:
    """name      unique in the library
    sku, category   for one product, for one category; neither: for all
    topic, asked    of an objection: its name, and words by which it is recognised
    because         reasons for absolute words: (word, ground, reason)
    by_ai           written by a model, and says so
    own             the merchant's own; ticks: the warnings that he accepted
    """

    name: str
    kind: Kind
    text: str
    sku: str | None = None
    category: str | None = None
    topic: str = ""
    asked: tuple[str, ...] = ()
    when: When = When()
    because: tuple[tuple[str, str, str], ...] = ()
    by_ai: bool = False
    own: bool = False
    ticks: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(PLACE.findall(self.text)))

    def data(self) -> dict[str, Any]:
        """The entry of a file that gives this text again."""
        entry: dict[str, Any] = {"name": self.name, "kind": KINDS[self.kind], "text": self.text}
        entry |= {"sku": self.sku, "category": self.category, "topic": self.topic or None}
        entry |= {"asked": list(self.asked) or None, "when": self.when.data() or None}
        entry["because"] = [dict(zip(("word", "kind", "reason"), row, strict=True)) for row in self.because] or None
        entry["by_ai"] = True if self.by_ai else None
        return {key: value for key, value in entry.items() if value is not None}
