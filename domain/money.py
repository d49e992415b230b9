"""Money: whole fen in a type, so that a float, a bool or a bare number cannot be mistaken for it.

Units    fen (分), any sign; 1 yuan = 100 fen. Rates are basis points: 12.5 % = 1250.
Raises   TypeError for floats, bools and mixing with bare numbers; ValueError for text that is not yuan
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_YUAN = re.compile(r"(-?)(\d{1,12})\.(\d{2})")


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount in fen. `Money(320)` is 3.20 yuan."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise TypeError(f"money is whole fen, not {self.fen!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen) if isinstance(other, Money) else NotImplemented

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen) if isinstance(other, Money) else NotImplemented

    def __neg__(self) -> Money:
        return Money(-self.fen)

    def __mul__(self, count: int) -> Money:
        return Money(self.fen * count) if type(count) is int else NotImplemented

    def __bool__(self) -> bool:
        return self.fen != 0

    def __str__(self) -> str:
        return self.yuan

    @property
    def yuan(self) -> str:
        """`"3.20"`, `"-290.00"`: the form of files and of the order API."""
        sign = "-" if self.fen < 0 else ""
        return f"{sign}{abs(self.fen) // 100}.{abs(self.fen) % 100:02d}"

    @property
    def spoken(self) -> str:
        """`"1,234.50"`: the form people read in the chat."""
        sign = "-" if self.fen < 0 else ""
        return f"{sign}{abs(self.fen) // 100:,}.{abs(self.fen) % 100:02d}"

    @classmethod
    def of_yuan(cls, text: str) -> Money:
        """Read `"3.20"`; exactly two decimals, ASCII digits only."""
        if not isinstance(text, str) or not text.isascii() or not (found := _YUAN.fullmatch(text)):
            raise ValueError(f"not an amount in yuan with two decimals: {text!r}")
        sign, yuan, cents = found.groups()
        return cls((int(yuan) * 100 + int(cents)) * (-1 if sign else 1))

    def share(self, rate_bp: int) -> Money:
        """The part that a rate gives, rounded down to the fen: 0.99 at 500 bp is floor(4.95) = 4 fen."""
        if type(rate_bp) is not int:
            raise TypeError(f"a rate is whole basis points, not {rate_bp!r}")
        if self.fen < 0:
            raise ValueError("a share is taken of what was paid, never of a negative amount")
        return Money(self.fen * rate_bp // 10000)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Divide by weight without losing a fen; the largest remainders get what is left, the first of equals first.

        Money(100).split([1, 1, 1]) is 34, 33, 33.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights are whole numbers from 0 with a sum above 0")
        parts = [self.fen * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(self.fen * weights[i] % total), i))
        for i in by_remainder[: self.fen - sum(parts)]:
            parts[i] += 1
        return [Money(part) for part in parts]


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """The sum; of nothing, `ZERO`."""
    return sum(amounts, ZERO)


def parse_rate(text: str) -> int:
    """Basis points of `"12.5%"`; between 0 % and 100 %, no finer than 0.01 %."""
    found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?%", text) if isinstance(text, str) and text.isascii() else None
    if not found:
        raise ValueError(f"not a rate like 5%, 12.5% or 0.75%: {text!r}")
    whole, fraction = found.groups()
    rate_bp = int(whole) * 100 + int((fraction or "0").ljust(2, "0"))
    if rate_bp > 10000:
        raise ValueError(f"a rate is at most 100%: {text!r}")
    return rate_bp


def rate_text(rate_bp: int) -> str:
    """`"12.5%"` of 1250."""
    whole, fraction = divmod(rate_bp, 100)
    return f"{whole}.{fraction:02d}".rstrip("0").rstrip(".") + "%"
