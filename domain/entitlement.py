"""Rewards in kind: what somebody has, and which way it may go.

    issued → used (a coupon) | sent (a gift) | expired | reversed;  reversed → issued where its award stands again

What was used or sent is not taken back: that a refund has undone its award is noted.

Units    points are whole numbers
Raises   CannotBe
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from domain.errors import DomainError
from domain.ledger import POINTS_ISSUED, Entry, entry, house, of_distributor
from domain.money import Money

Kind: TypeAlias = Literal["coupon", "points", "gift", "title"]
State: TypeAlias = Literal["issued", "used", "sent", "expired", "reversed"]

MOVES: Mapping[tuple[str, str], frozenset[str]] = {
    ("coupon", "issued"): frozenset({"used", "expired"}),
    ("gift", "issued"): frozenset({"sent", "expired"}),
    ("points", "issued"): frozenset(),
    ("title", "issued"): frozenset({"expired"}),
}
GONE = ("used", "sent", "expired")


class CannotBe(DomainError):
    """A reward of this kind, as it stands, cannot become what is asked."""

    code = "entitlement.cannot_be"


@dataclass(frozen=True, slots=True)
class Content:
    """What a reward in kind is, read from the plan's mapping; `worth` is told of gifts only."""

    kind: Kind
    text: str
    worth: Money | None

    @property
    def points(self) -> int:
        return int(self.text) if self.kind == "points" else 0


def content_of(reward: Mapping[str, Any]) -> Content:
    kinds: tuple[Kind, ...] = ("coupon", "points", "gift", "title")
    kind = next(kind for kind in kinds if kind in reward)
    worth = Money.of_yuan(reward["value"]) if "value" in reward else None
    return Content(kind, str(reward[kind]), worth)


def check_move(kind: str, state: str, to: State) -> None:
    if to not in MOVES.get((kind, state), frozenset()):
        raise CannotBe(kind=kind, state=state, to=to)


def points_entry(key: str, owner: int, points: int) -> Entry:
    """So many points more, or fewer where they are taken back."""
    moves = [(house(POINTS_ISSUED), of_distributor(owner, "points"), Money(points))]
    return entry(key, "points", moves, may_overdraw=True)
