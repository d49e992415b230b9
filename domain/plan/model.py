"""What a plan holds. Every class here reads its part of the document (`read`) and writes it back (`data`).

`data()` gives the file's own keys in the file's order with the defaults filled in; `canonical` is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from domain.document import Form, Node, Read, Wrong, each, flag, one_of, rate, text, whole, yuan
from domain.money import Money, rate_text

LATER = ("本版本还不支持", "is not supported by this version yet")


def seat(up: int) -> str:
    """The name of a place in the chain: 0 is `seller`, 1 is `upline-1` who invited him, and so on."""
    return f"upline-{up}" if up else "seller"


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which claim on a customer wins, and for how many days it holds (0: for ever)."""

    rule: Literal["last_touch", "first_touch"] = "last_touch"
    window_days: int = 30

    @classmethod
    def read(cls, node: Node) -> Attribution:
        form = Form(node)
        return form.done(
            cls(
                rule=form.may("rule", one_of("last_touch", "first_touch"), "last_touch"),
                window_days=form.may("window_days", whole(0, 3650), 30),
            )
        )

    def data(self) -> dict[str, Any]:
        return {"rule": self.rule, "window_days": self.window_days}


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the whole plan; the defaults are the file's."""

    attribution: Attribution = field(default_factory=Attribution)
    own_orders: Literal["none", "seller", "upline"] = "none"
    hold_days: int = 7
    max_share_bp: int = 5000
    members_only: bool = False

    @classmethod
    def read(cls, node: Node) -> Terms:
        form = Form(node)
        return form.done(
            cls(
                attribution=form.may("attribution", Attribution.read, Attribution()),
                own_orders=form.may("own_orders", one_of("none", "seller", "upline"), "none"),
                hold_days=form.may("hold_days", whole(0, 3650), 7),
                max_share_bp=form.may("max_share", rate, 5000),
                members_only=form.may("members_only", flag, False),
            )
        )

    def data(self) -> dict[str, Any]:
        return {
            "attribution": self.attribution.data(),
            "own_orders": self.own_orders,
            "hold_days": self.hold_days,
            "max_share": rate_text(self.max_share_bp),
            "members_only": self.members_only,
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """Which lines a rule holds: SKU or category listed (nothing listed: every line) and SKU not excluded."""

    categories: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def holds(self, sku: str, category: str | None) -> bool:
        if sku in self.exclude:
            return False
        return not (self.skus or self.categories) or sku in self.skus or category in self.categories

    @classmethod
    def read(cls, node: Node) -> Scope:
        form = Form(node)
        names: Read[tuple[str, ...]] = each(text())
        return form.done(
            cls(
                categories=frozenset(form.may("categories", names, ())),
                skus=frozenset(form.may("skus", names, ())),
                exclude=frozenset(form.may("exclude", names, ())),
            )
        )

    def data(self) -> dict[str, Any]:
        return {
            "categories": sorted(self.categories),
            "skus": sorted(self.skus),
            "exclude": sorted(self.exclude),
        }


@dataclass(frozen=True, slots=True)
class PayRow:
    """One row of `pay`: who (`up`: 0 the seller, N upline-N) and either a rate or an amount."""

    up: int
    rate_bp: int | None = None
    amount: Money | None = None
    per: Literal["unit", "line"] = "unit"

    @classmethod
    def read(cls, node: Node) -> PayRow:
        form = Form(node)
        row = cls(
            up=form.need("to", _read_up),
            rate_bp=form.may("rate", _plain(rate), None),
            amount=form.may("amount", _plain(yuan), None),
            per=form.may("per", one_of("unit", "line"), "unit"),
        )
        form.not_yet("if", f"条件（if）{LATER[0]}", f"a condition (if) {LATER[1]}")
        if form.known and form.has("rate") == form.has("amount"):
            node.wrong("rate 和 amount 必须且只能写一个", "exactly one of rate and amount must be given")
        if form.has("rate") and form.has("per"):
            form.children["per"].wrong("per 只能和 amount 一起写", "per is allowed only beside amount")
        return form.done(row)

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"to": seat(self.up)}
        if self.rate_bp is not None:
            data |= {"rate": rate_text(self.rate_bp)}
        if self.amount is not None:
            data |= {"amount": self.amount.yuan, "per": self.per}
        return data


class Rule(Protocol):
    """What every kind of rule has. `kind` is permanent: it stands in published versions."""

    kind: ClassVar[str]

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class CommissionRule:
    """`kind: commission`, paid for each order line that the scope holds; see domain.commission."""

    kind: ClassVar[str] = "commission"
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


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan. `lines` tells where a key with a value stood in the file; it is no part of the plan's meaning."""

    name: str
    terms: Terms
    rules: tuple[Rule, ...]
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def commission_rules(self) -> list[CommissionRule]:
        return [rule for rule in self.rules if isinstance(rule, CommissionRule)]

    def data(self) -> dict[str, Any]:
        return {"name": self.name, "terms": self.terms.data(), "rules": [rule.data() for rule in self.rules]}


def _read_up(node: Node) -> int:
    seat_name = text()(node)
    found = re.fullmatch(r"seller|upline-([1-9][0-9]?)", seat_name)
    if not found:
        raise Wrong(
            "只能是 seller（出单人）或 upline-1、upline-2…（upline-1 是邀请出单人的人，没有 upline-0）",
            "must be seller, or upline-1, upline-2 and so on (upline-1 invited the seller; there is no upline-0)",
        )
    return int(found[1] or 0)


def _plain(read: Any) -> Any:
    """A plain value; a table is refused by name."""

    def read_plain(node: Node) -> Any:
        if isinstance(node.value, dict):
            raise Wrong(f"按等级、角色或业绩的表（by）{LATER[0]}", f"a table (by) {LATER[1]}")
        return read(node)

    return read_plain
