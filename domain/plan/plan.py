"""A whole plan: its terms, its levels, its rules in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from domain.plan.commission import CommissionRule
from domain.plan.counts import Level
from domain.plan.model import Bonus, Rule, Terms


@dataclass(frozen=True, slots=True)
class Plan:
    """`lines` tells where a key with a value stood in the file; it is no part of the plan's meaning."""

    name: str
    terms: Terms
    rules: tuple[Rule, ...]
    levels: tuple[Level, ...] = ()
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def commission_rules(self) -> list[CommissionRule]:
        return [rule for rule in self.rules if isinstance(rule, CommissionRule)]

    @property
    def bonuses(self) -> list[Bonus]:
        """The rules of every other kind."""
        return [cast(Bonus, rule) for rule in self.rules if not isinstance(rule, CommissionRule)]

    def data(self) -> dict[str, Any]:
        """`levels` stand in it only where there are some: a plan without them keeps its digest."""
        levels = {"levels": [level.data() for level in self.levels]} if self.levels else {}
        rules = [rule.data() for rule in self.rules]
        return {"name": self.name, "terms": self.terms.data(), **levels, "rules": rules}
