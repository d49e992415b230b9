"""`kind: commission`: rows of pay for each order line that the scope holds. domain.commission decides and computes.

Source   plans.md §2.1
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

from domain.document import Form, Node, Read, Wrong, each, one_of, rate, text, yuan
from domain.money import Money, rate_text
from domain.plan.counts import Condition, Steps, Table, read_table
from domain.plan.model import Scope, seat

T = TypeVar("T")
By: TypeAlias = Table[T] | Steps[T]


@dataclass(frozen=True, slots=True)
class PayRow:
    """One row of `pay`: who (`up`: 0 the seller, N upline-N) and one of a rate, an amount, or a table of either."""

    up: int
    rate_bp: int | None = None
    amount: Money | None = None
    per: Literal["unit", "line"] = "unit"
    rate_by: By[int] | None = None
    amount_by: By[Money] | None = None
    condition: Condition | None = None

    @property
    def by(self) -> By[int] | By[Money] | None:
        """The table, where there is one."""
        return self.amount_by if self.rate_by is None else self.rate_by

    @property
    def is_rate(self) -> bool:
        return self.rate_bp is not None or self.rate_by is not None

    @classmethod
    def read(cls, node: Node) -> PayRow:
        form = Form(node)
        up = form.need("to", _read_up)
        rate_, amount = form.may("rate", _plain_or_table(rate), None), form.may("amount", _plain_or_table(yuan), None)
        row = cls(
            up=up,
            rate_bp=rate_ if isinstance(rate_, int) else None,
            amount=amount if isinstance(amount, Money) else None,
            per=form.may("per", one_of("unit", "line"), "unit"),
            rate_by=None if isinstance(rate_, int) else rate_,
            amount_by=None if isinstance(amount, Money) else amount,
            condition=form.may("if", Condition.read, None),
        )
        if form.known and form.has("rate") == form.has("amount"):
            node.wrong("rate 和 amount 必须且只能写一个", "exactly one of rate and amount must be given")
        if form.has("rate") and form.has("per"):
            form.children["per"].wrong("per 只能和 amount 一起写", "per is allowed only beside amount")
        return form.done(row)

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"to": seat(self.up)}
        if self.rate_by is not None:
            data["rate"] = self.rate_by.data(rate_text)
        elif self.rate_bp is not None:
            data["rate"] = rate_text(self.rate_bp)
        elif self.amount_by is not None:
            data |= {"amount": self.amount_by.data(str), "per": self.per}
        elif self.amount is not None:
            data |= {"amount": self.amount.yuan, "per": self.per}
        return data if self.condition is None else data | {"if": self.condition.data()}


@dataclass(frozen=True, slots=True)
class CommissionRule:
    """`kind: commission`, paid for each order line that the scope holds; see domain.commission."""

    kind: ClassVar[str] = "commission"
    name: ClassVar[str] = "佣金"
    scope_key: ClassVar[str] = "scope"
    id: str
    title: str
    scope: Scope
    base: Literal["net", "profit"]
    pay: tuple[PayRow, ...]

    @classmethod
    def read(cls, node: Node) -> CommissionRule:
        form = Form(node)
        form.need("kind", text())
        return form.done(
            cls(
                id=form.need("id", text(64)),
                title=form.need("title", text(40)),
                scope=form.may("scope", Scope.read, Scope()),
                base=form.may("base", one_of("net", "profit"), "net"),
                pay=form.need("pay", each(PayRow.read, at_least=1)),
            )
        )

    def data(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "scope": self.scope.data(),
            "base": self.base,
            "pay": [row.data() for row in self.pay],
        }


def _read_up(node: Node) -> int:
    seat_name = text()(node)
    found = re.fullmatch(r"seller|upline-([1-9][0-9]?)", seat_name)
    if not found:
        raise Wrong(
            "只能是 seller（出单人）或 upline-1、upline-2…（upline-1 是邀请出单人的人，没有 upline-0）",
            "must be seller, or upline-1, upline-2 and so on (upline-1 invited the seller; there is no upline-0)",
        )
    return int(found[1] or 0)


def _plain_or_table(worth: Read[T]) -> Read[T | By[T]]:
    def read(node: Node) -> T | By[T]:
        return read_table(node, worth) if isinstance(node.value, dict) else worth(node)

    return read
