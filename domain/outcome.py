"""What a plan gives and what it does not: awards and skips, of every kind, in the form of plans.md §3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from domain.money import ZERO, Money

Reason: TypeAlias = Literal[
    "other_rule", "no_upline", "suspended", "not_member", "own_order", "condition", "below_first_step", "capped"
]
State: TypeAlias = Literal["pending", "available", "reversed"]


@dataclass(frozen=True, slots=True)
class Award:
    """Something that was above 0 (in kind: given) at some moment, as it stands.

    base, rate_bp  before a cut; the base is 0 where nothing is taken a share of
    facts          what it was computed from, as JSON values; domain.why tells it, domain.explanation recomputes it
    """

    rule: str
    to: str
    as_: str
    order: str | None
    line: int | None
    window: str | None
    n: int | None
    amount: Money
    state: State
    facts: dict[str, Any]
    base: Money = ZERO
    rate_bp: int | None = None
    reward: Mapping[str, Any] | None = None

    def data(self) -> dict[str, Any]:
        """Every field of the contract but `why`."""
        return {
            "rule": self.rule,
            "to": self.to,
            "as": self.as_,
            "order": self.order,
            "line": self.line,
            "window": self.window,
            "n": self.n,
            "base_fen": self.base.fen,
            "bps": self.rate_bp,
            "amount_fen": self.amount.fen,
            "reward": None if self.reward is None else dict(self.reward),
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Skip:
    """Somebody who could have earned and did not, or not in full. `to` is None where the chain ends before him."""

    rule: str
    to: str | None
    as_: str
    order: str | None
    line: int | None
    window: str | None
    reason: Reason

    def data(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "to": self.to,
            "as": self.as_,
            "order": self.order,
            "line": self.line,
            "window": self.window,
            "reason": self.reason,
        }
