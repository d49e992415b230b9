"""What a coupon takes off: an amount (满减), or a part with a cap (折扣); whole fen, never more than the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from domain.document import Form, rate, yuan
from domain.money import Money, rate_text


@dataclass(frozen=True, slots=True)
class SpendAndSave:
    """满100减20: with a `minimum` of 100.00, `off` is 20.00; once, whatever is spent above."""

    off: Money
    kind: ClassVar[str] = "spend_and_save"

    def of(self, base: Money) -> Money:
        """20.00 of 130.00; of 15.00 not more than 15.00."""
        return min(self.off, base)

    def data(self) -> dict[str, Any]:
        return {"kind": self.kind, "off": self.off.yuan}

    @property
    def said(self) -> str:
        return f"减 {short(self.off)} 元"


@dataclass(frozen=True, slots=True)
class Percent:
    """10 % off (九折), at most so much where a cap is given."""

    off_bp: int
    at_most: Money | None = None
    kind: ClassVar[str] = "percent"

    def of(self, base: Money) -> Money:
        """10 % of 68.99 is floor(689.9) = 6.89; with a cap of 5.00 it is 5.00."""
        share = base.share(self.off_bp)
        return share if self.at_most is None else min(share, self.at_most)

    def data(self) -> dict[str, Any]:
        cap = {} if self.at_most is None else {"at_most": self.at_most.yuan}
        return {"kind": self.kind, "off": rate_text(self.off_bp), **cap}

    @property
    def said(self) -> str:
        """10 % off is 「9 折」, 12.5 % off 「8.75 折」."""
        whole, fraction = divmod(10000 - self.off_bp, 1000)
        return f"{whole}.{fraction:03d}".rstrip("0").rstrip(".") + " 折"


Worth: TypeAlias = SpendAndSave | Percent


def read_worth(form: Form, kind: str, minimum: Money) -> Worth:
    """`off` and `at_most` of the document; what does not go together is a fault. Without a kind one is there."""
    if kind not in (SpendAndSave.kind, Percent.kind):
        form.asked += ["off", "at_most"]
        return SpendAndSave(minimum)
    if kind == SpendAndSave.kind:
        form.not_yet("at_most", "at_most 只能和 kind: percent 一起写", "at_most is allowed only with kind: percent")
        off = form.need("off", yuan)
        _check(form, off is not None and not off, "必须大于 0", "must be above 0")
        if off is not None and minimum and minimum < off:
            _check(form, True, f"不能大于 minimum（{minimum.yuan}）", f"must not be above minimum ({minimum.yuan})")
        return SpendAndSave(off)
    off_bp = form.need("off", rate)
    _check(form, off_bp is not None and not off_bp, "必须大于 0%", "must be above 0%")
    cap = form.may("at_most", yuan, None)
    if cap is not None and not cap:
        form.children["at_most"].wrong("必须大于 0", "must be above 0")
    return Percent(off_bp, cap)


def _check(form: Form, wrong: bool, zh: str, en: str) -> None:
    if wrong:
        form.children["off"].wrong(zh, en)


def short(amount: Money) -> str:
    """Yuan without cents where there are none: 「20」「19.90」「1,000」."""
    return amount.spoken.removesuffix(".00")
