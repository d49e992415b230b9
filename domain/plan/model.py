"""What every plan has, and what every rule is. Each class reads its part of the document and writes it back.

`data()` gives the file's own keys in the file's order with the defaults filled in; `canonical` is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from domain.document import Form, Node, Read, each, flag, one_of, rate, text, whole
from domain.money import Money, rate_text

if TYPE_CHECKING:
    from domain.history import History
    from domain.outcome import Award, Skip


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


class Rule(Protocol):
    """What every kind of rule has. `kind` is permanent: it stands in published versions.

    name       the kind in Chinese
    scope_key  where the scope stands in the rule; a kind without one has the scope that holds everything
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    scope_key: ClassVar[str]

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def scope(self) -> Scope: ...

    @classmethod
    def read(cls, node: Node) -> Rule: ...

    def data(self) -> dict[str, Any]: ...


class Bonus(Rule, Protocol):
    """A rule that is evaluated by itself. Commission rules compete for each line; domain.commission decides them.

    outcomes   what the rule gives over a history by `as_of`
    amount_of  the fen of an award, computed again from the facts stored with it and nothing else
    why        the sentence that a distributor reads, from the same facts
    parts      the rule in words, each part by its name
    told       the rule as a distributor reads it, without its title; `of` is its scope in words, empty for everything
    """

    @classmethod
    def read(cls, node: Node) -> Bonus: ...

    def parts(self) -> dict[str, str]: ...

    def told(self, of: str) -> str: ...

    def outcomes(self, history: History, as_of: datetime) -> Iterator[Award | Skip]: ...

    @staticmethod
    def amount_of(facts: Mapping[str, Any]) -> Money: ...

    @staticmethod
    def why(facts: Mapping[str, Any]) -> str: ...
