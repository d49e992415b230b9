"""What a replay has found: sums, never orders. `data()` is the JSON of `flask plan simulate`.

Units    Money in fen; shares in basis points, rounded down, None where there is nothing to take a share of
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.money import ZERO, Money
from services.replay.facts import Span


@dataclass(frozen=True, slots=True)
class Sum:
    """`awarded` when it arose, `stands` after all refunds. Rewards in kind are counted in `awards` and cost nothing."""

    awards: int = 0
    awarded: Money = ZERO
    stands: Money = ZERO

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.awards + other.awards, self.awarded + other.awarded, self.stands + other.stands)

    @property
    def taken_back(self) -> Money:
        return self.awarded - self.stands

    def data(self) -> dict[str, Any]:
        return {
            "awards": self.awards,
            "amount_fen": self.stands.fen,
            "awarded_fen": self.awarded.fen,
            "taken_back_fen": self.taken_back.fen,
        }


@dataclass(frozen=True, slots=True)
class Share:
    """One amount as a part of another."""

    part: Money
    of: Money

    @property
    def bps(self) -> int | None:
        return self.part.fen * 10_000 // self.of.fen if self.of > ZERO else None


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of the span. `net` is `paid` less refunds; `attributed_net` what of it some distributor has.

    margin        of the lines whose cost at payment is known: their net less the cost of the units that were kept
    without_cost  the net of the lines whose cost is not known
    """

    count: int = 0
    attributed: int = 0
    refunded: int = 0
    paid: Money = ZERO
    net: Money = ZERO
    attributed_net: Money = ZERO
    margin: Money = ZERO
    without_cost: Money = ZERO

    def data(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "attributed": self.attributed,
            "refunded": self.refunded,
            "paid_fen": self.paid.fen,
            "net_fen": self.net.fen,
            "attributed_net_fen": self.attributed_net.fen,
        }


@dataclass(frozen=True, slots=True)
class RuleCost:
    rule: str
    title: str
    kind: str
    sum: Sum


@dataclass(frozen=True, slots=True)
class SeatCost:
    """What one level costs: seller, upline-N, milestone, team or ranking, and how many people earn in it."""

    as_: str
    people: int
    sum: Sum


@dataclass(frozen=True, slots=True)
class Capped:
    """Orders of which a line hit `max_share` at payment: how many, what was cut off, and the first of them."""

    orders: int = 0
    cut: Money = ZERO
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InKind:
    """A reward that is not money. `worth` is that of one, where the plan tells it."""

    kind: str
    reward: Mapping[str, Any]
    given: int
    taken_back: int
    worth: Money | None

    def data(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "reward": dict(self.reward),
            "given": self.given,
            "taken_back": self.taken_back,
            "value_fen": None if self.worth is None else (self.worth * (self.given - self.taken_back)).fen,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by the draft beside what he was really paid over the same orders, in money."""

    code: str
    name: str
    simulated: Money
    paid: Money

    @property
    def difference(self) -> Money:
        return self.simulated - self.paid

    def data(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "name": self.name,
            "simulated_fen": self.simulated.fen,
            "paid_fen": self.paid.fen,
            "difference_fen": self.difference.fen,
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """All people's sums, how many would win and lose, and the ten of each who would most, the most first."""

    paid: Money
    winners_count: int
    losers_count: int
    winners: list[Person]
    losers: list[Person]


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay's results.

    margin_cost     what of the cost stands against `orders.margin`: commission on lines with a known cost, and bonuses
    earlier         how many orders from before the span were read because the plan counts over them
    partial         the windows of team and ranking rules that the span holds in part only
    tasks           the titles of task rules: what a person approves cannot be replayed
    """

    plan: str
    digest: str
    span: Span
    orders: Orders
    cost: Sum
    margin_cost: Money
    rules: list[RuleCost]
    seats: list[SeatCost]
    capped: Capped
    in_kind: list[InKind]
    compared: Compared
    earlier: int
    partial: list[str]
    tasks: list[str]

    @property
    def share_of_sales(self) -> Share:
        return Share(self.cost.stands, self.orders.net)

    @property
    def share_of_attributed(self) -> Share:
        return Share(self.cost.stands, self.orders.attributed_net)

    @property
    def share_of_margin(self) -> Share:
        return Share(self.margin_cost, self.orders.margin)

    def data(self) -> dict[str, Any]:
        compared = self.compared
        return {
            "plan": self.plan,
            "digest": self.digest,
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "orders": self.orders.data(),
            "cost": self.cost.data()
            | {
                "share_of_sales_bps": self.share_of_sales.bps,
                "share_of_attributed_sales_bps": self.share_of_attributed.bps,
            },
            "margin": {
                "margin_fen": self.orders.margin.fen,
                "cost_fen": self.margin_cost.fen,
                "share_bps": self.share_of_margin.bps,
                "sales_without_cost_fen": self.orders.without_cost.fen,
                "sales_without_cost_bps": Share(self.orders.without_cost, self.orders.net).bps,
            },
            "rules": [
                {"rule": row.rule, "title": row.title, "kind": row.kind}
                | row.sum.data()
                | {"share_of_sales_bps": Share(row.sum.stands, self.orders.net).bps}
                for row in self.rules
            ],
            "levels": [
                {"as": row.as_, "people": row.people}
                | row.sum.data()
                | {"share_of_sales_bps": Share(row.sum.stands, self.orders.net).bps}
                for row in self.seats
            ],
            "capped": {
                "orders": self.capped.orders,
                "cut_fen": self.capped.cut.fen,
                "first_orders": list(self.capped.first),
            },
            "in_kind": [row.data() for row in self.in_kind],
            "compared": {
                "simulated_fen": self.cost.stands.fen,
                "paid_fen": compared.paid.fen,
                "difference_fen": (self.cost.stands - compared.paid).fen,
                "winners_count": compared.winners_count,
                "losers_count": compared.losers_count,
                "winners": [person.data() for person in compared.winners],
                "losers": [person.data() for person in compared.losers],
            },
            "earlier_orders": self.earlier,
            "partial_windows": self.partial,
            "tasks_left_out": self.tasks,
        }
