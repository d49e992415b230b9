"""What a milestone, a rank or a task gives: money, a share of what was sold, or something in kind.

Source   plans.md §2.2, `reward`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from domain.document import Form, Node, Read, rate, text, whole, yuan
from domain.money import ZERO, Money, rate_text

Kind: TypeAlias = Literal["cash", "percent", "coupon", "points", "gift", "title"]

READERS: dict[Kind, Read[Any]] = {
    "cash": yuan,
    "percent": rate,
    "coupon": text(64),
    "points": whole(1, 100_000_000),
    "gift": text(),
    "title": text(40),
}


@dataclass(frozen=True, slots=True)
class Reward:
    """Exactly one of the kinds; `worth` is what a gift costs, where the merchant tells it."""

    kind: Kind
    value: Any
    worth: Money | None = None

    def data(self) -> dict[str, Any]:
        """The plan's mapping."""
        forms: dict[Kind, Callable[[Any], Any]] = {"cash": lambda cash: cash.yuan, "percent": rate_text}
        data: dict[str, Any] = {self.kind: forms[self.kind](self.value) if self.kind in forms else self.value}
        return data if self.worth is None else data | {"value": self.worth.yuan}

    @property
    def in_kind(self) -> dict[str, Any] | None:
        """The mapping of what is not money, else None."""
        return None if self.kind in ("cash", "percent") else self.data()

    @property
    def rate_bp(self) -> int | None:
        return self.value if self.kind == "percent" else None

    def amount(self, base: Money = ZERO) -> Money:
        """The money of it; `base` is what a percentage is taken of."""
        if self.kind == "cash":
            return Money(self.value.fen)
        return base.share(self.value) if self.kind == "percent" else ZERO


def read_reward(*allowed: Kind) -> Read[Reward]:
    """A reward of one of these kinds."""

    def read(node: Node) -> Reward:
        form = Form(node)
        values = {kind: form.may(kind, READERS[kind], None) for kind in allowed}
        worth = form.may("value", yuan, None)
        named = [kind for kind in allowed if form.has(kind)]
        if form.known and len(named) != 1:
            node.wrong(f"必须且只能写一个：{'、'.join(allowed)}", f"exactly one of {', '.join(allowed)} must be given")
        if form.has("value") and "gift" not in named:
            form.children["value"].wrong("value 只能和 gift 一起写", "value is allowed only beside gift")
        kind: Kind = named[0] if named else "title"
        return form.done(Reward(kind, values.get(kind), worth))

    return read


ANY_REWARD = read_reward("cash", "percent", "coupon", "points", "gift", "title")
NO_PERCENT = read_reward("cash", "coupon", "points", "gift", "title")  # where there is no sale to take a share of


def reward_of(data: Mapping[str, Any]) -> str:
    """A reward in kind in words, from the plan's mapping."""
    names = {
        "coupon": "优惠券 {coupon}",
        "points": "积分 {points} 分",
        "gift": "赠品「{gift}」",
        "title": "荣誉称号「{title}」",
    }
    said = next(template for kind, template in names.items() if kind in data).format(**data)
    return f"{said}（价值 {data['value']} 元）" if "value" in data else said
