"""What is kept of the orders that went by: sums that can be put together from parts.

Units    fen, not Money: millions of amounts are added up here
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.commission import Decision, LineState, amounts, line_state
from domain.history import Sale
from domain.plan.ranking import Place
from services.replay.facts import SEPARATOR

SHOWN = 20  # capped orders that are named

Key = TypeVar("Key")
Reward = tuple[str, tuple[tuple[str, Any], ...]]  # a rule and what it gives in kind


@dataclass(slots=True)
class Cost:
    """What one rule gives in one seat."""

    awards: int = 0
    awarded: int = 0
    stands: int = 0
    people: set[str] = field(default_factory=set)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.awards + other.awards,
            self.awarded + other.awarded,
            self.stands + other.stands,
            self.people | other.people,
        )


@dataclass(slots=True)
class Sums:
    """Of a part of the orders, or of all.

    costs    by rule and seat: how many awards, fen when they arose, fen now, and whose they were
    capped   (paid at, number) of the first orders that hit the cap
    given    rewards in kind: how many were given, how many of these were taken back
    places   by ranking rule and window: everybody's value, when it is computed
    """

    orders: Counter[str] = field(default_factory=Counter)
    costs: dict[tuple[str, str], Cost] = field(default_factory=dict)
    persons: Counter[str] = field(default_factory=Counter)
    margin_cost: int = 0
    cut: int = 0
    capped: list[tuple[Any, str]] = field(default_factory=list)
    given: Counter[Reward] = field(default_factory=Counter)
    taken: Counter[Reward] = field(default_factory=Counter)
    places: dict[tuple[str, str], tuple[Any, list[Place]]] = field(default_factory=dict)

    def __add__(self, other: Sums) -> Sums:
        costs, places = dict(self.costs), dict(self.places)
        for key, cost in other.costs.items():
            costs[key] = costs[key] + cost if key in costs else cost
        for key, (at, found) in other.places.items():
            places[key] = (at, [*places[key][1], *found]) if key in places else (at, found)
        return Sums(
            orders=_added(self.orders, other.orders),
            costs=costs,
            persons=_added(self.persons, other.persons),
            margin_cost=self.margin_cost + other.margin_cost,
            cut=self.cut + other.cut,
            capped=sorted([*self.capped, *other.capped])[:SHOWN],
            given=_added(self.given, other.given),
            taken=_added(self.taken, other.taken),
            places=places,
        )

    def sale(self, sale: Sale) -> None:
        paid = net = margin = without_cost = 0
        for state in sale.course[-1][1]:
            left, cost = state.net.fen, state.line.unit_cost
            paid, net = paid + state.line.paid.fen, net + left
            if cost is None:
                without_cost += left
            else:
                margin += left - cost.fen * state.units
        orders = self.orders
        orders["count"] += 1
        orders["paid"] += paid
        orders["net"] += net
        orders["margin"] += margin
        orders["without_cost"] += without_cost
        if net != paid:
            orders["refunded"] += 1
        if sale.chain:
            orders["attributed"] += 1
            orders["attributed_net"] += net

    def commission(self, sale: Sale, decision: Decision) -> None:
        cut, share = 0, decision.max_share_bp
        for place, line in enumerate(sale.order.lines):
            payable = decision.payable(line.no)
            if not payable:
                continue
            changed = _changed(sale, place)
            first = amounts(payable, line_state(line, ()) if changed else sale.course[0][1][place], share)
            later = [amounts(payable, left, share) for left in changed]
            for number, row in enumerate(first):
                awarded = stands = row.amount.fen
                cut += row.full.fen - awarded
                if later:  # what had nothing at payment may gain room under the cap: awarded is the most it ever was
                    worth = [moment[number].amount.fen for moment in later]
                    awarded, stands = max(awarded, *worth), worth[-1]
                if awarded:
                    terms = row.terms
                    self.money(terms.rule, terms.as_, terms.to or "", awarded, stands)
                    if line.unit_cost is not None:
                        self.margin_cost += stands
        if cut:
            self.orders["capped"] += 1
            self.cut += cut
            if len(self.capped) < SHOWN:
                self.capped.append((sale.paid_at, sale.no.split(SEPARATOR)[0]))

    def bonus(
        self, rule: str, as_: str, to: str, awarded: int, stands: int, reward: Mapping[str, Any] | None, *, lost: bool
    ) -> None:
        """What a milestone, a team or a rank gives; `lost` where a refund took the award back."""
        self.money(rule, as_, to, awarded, stands)
        self.margin_cost += stands
        if reward is not None:
            self.given[rule, tuple(reward.items())] += 1
            if lost:
                self.taken[rule, tuple(reward.items())] += 1

    def money(self, rule: str, as_: str, to: str, awarded: int, stands: int) -> None:
        cost = self.costs.get((rule, as_))
        if cost is None:
            cost = self.costs[rule, as_] = Cost()
        cost.awards += 1
        cost.awarded += awarded
        cost.stands += stands
        cost.people.add(to)
        self.persons[to] += stands


def _added(one: Counter[Key], other: Counter[Key]) -> Counter[Key]:
    """Unlike `+`, with sums that are not above 0: a margin may be below."""
    both = one.copy()
    both.update(other)
    return both


def _changed(sale: Sale, place: int) -> list[LineState]:
    """What was left of a line after each moment in which less was left than paid for."""
    line = sale.order.lines[place]
    found = [states[place] for _, states in sale.course]
    return [left for left in found if left.net.fen != line.paid.fen or left.units != line.qty]
