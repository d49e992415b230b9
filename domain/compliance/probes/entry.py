"""P-ENTRY: the least that somebody must pay to promote, to recruit, and to earn, over every way in.

Source   compliance.md §2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.compliance.context import PURCHASES, RIGHTS, Context, Right, Route
from domain.money import ZERO, Money
from domain.plan import Plan


@dataclass(frozen=True, slots=True)
class Way:
    """The cheapest way to a right: the routes on it, and what they cost. None of `routes` that is free is listed."""

    right: Right
    routes: tuple[Route, ...]
    open: bool = True

    @property
    def is_free(self) -> bool:
        return self.open and not self.routes

    @property
    def cost(self) -> Money:
        return sum((route.amount for route in self.routes), ZERO)

    @property
    def fee(self) -> bool:
        return any(route.pay not in PURCHASES for route in self.routes)

    @property
    def purchase(self) -> bool:
        return any(route.pay in PURCHASES for route in self.routes)


def least_costs(plan: Plan, context: Context) -> dict[Right, Way]:
    """By right. Who must be a member to earn goes that way too."""
    found: dict[Right, Way] = {}
    for right in RIGHTS:
        steps = [_cheapest(context.join, right)]
        if plan.terms.members_only and right == "earn":
            steps.append(_cheapest(context.members, right))
        open_ = all(step is not None for step in steps)
        found[right] = Way(right, tuple(step for step in steps if step is not None and step.costs), open_)
    return found


def beside_free(plan: Plan, context: Context) -> list[Route]:
    """Routes that cost something beside a free one with the same rights."""
    routes = [*context.join, *(context.members if plan.terms.members_only else ())]
    groups = [context.join, context.members] if plan.terms.members_only else [context.join]
    return [
        route
        for route in routes
        if route.costs
        and any(
            route in group and any(not other.costs and set(other.gives) >= set(route.gives) for other in group)
            for group in groups
        )
    ]


def _cheapest(routes: Sequence[Route], right: Right) -> Route | None:
    giving = [route for route in routes if right in route.gives]
    return min(giving, key=lambda route: (route.costs, route.amount.fen), default=None)
