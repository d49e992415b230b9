"""P-DEPTH, P-FOREIGN and what moves a rate: who earns from one sale at the bottom of a chain.

The sale is tried with everybody in the same position: each role that the plan knows, having sold nothing, a little or
much, with and without recruits who never sell. Without the cap of a line, somebody's row depends on nobody else's
position, so that all of them together show every seat that can be paid: a row that earlier rows leave nothing here is
paid in a shorter chain, or where those are not met. What can be paid in all is counted with the cap.

Source   compliance.md §2, P-DEPTH and P-FOREIGN; §3, HC-2 and EF-4
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TypeAlias

from domain.compliance.shapes import binary, chain
from domain.compliance.stage import Bought, Stage, moment, seat_code
from domain.money import Money
from domain.outcome import Award
from domain.plan import ROLES, Plan, Table
from domain.scenario import Order

CHAIN = 12
NO_CAP = 10**9  # basis points
PRIOR, SALES = 60.0, 300.0  # minutes: what was sold before, and the sale

Row: TypeAlias = tuple[int, int, int]  # sort, price, seats above the seller
Paid: TypeAlias = Mapping[Row, int]  # fen


@dataclass(frozen=True, slots=True)
class Position:
    """What everybody has: a role, so many orders, so many recruits who never sell. `own`: the orders were for himself.

    variant  what is special about the sale: the seller is suspended, or buys himself
    """

    role: str
    orders: int
    silent: int
    own: bool = False
    variant: str = ""


class Depth:
    """The sale in every position; each is played once."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seated = sorted({row.up for rule in stage.plan.commission_rules for row in rule.pay})
        self.length = max(CHAIN, *(up + 1 for up in self.seated), 1)
        self.shape = f"chain-{self.length}"
        self._paid: dict[Position, Paid] = {}

    @cached_property
    def commission(self) -> Plan:
        """The rules that pay for each order; the others are looked at by themselves."""
        return replace(self.stage.low.plan, rules=tuple(self.stage.low.plan.commission_rules))

    @cached_property
    def uncapped(self) -> Plan:
        return replace(self.commission, terms=replace(self.commission.terms, max_share_bp=NO_CAP))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        tables = [row.by for rule in self.stage.plan.commission_rules for row in rule.pay]
        return ROLES if any(isinstance(by, Table) and by.by == "role" for by in tables) else ROLES[:1]

    @cached_property
    def counted(self) -> list[tuple[str, int, int]]:
        """(role, orders, silent recruits) to be tried: every one of the first role. A role is looked up by itself, so
        that of the others the ends are enough: nothing reached, and everything."""
        low = self.stage.low
        first = [(self.roles[0], *counts) for counts in product(range(low.orders + 1), range(low.heads + 1))]
        ends = sorted(set(product((0, low.orders), (0, low.heads))))
        return first + [(role, *counts) for role in self.roles[1:] for counts in ends]

    @cached_property
    def everywhere(self) -> dict[Position, Paid]:
        """Every position, own purchases left out; the special sales in the best position of each role."""
        low = self.stage.low
        positions = [Position(*counts) for counts in self.counted]
        positions += [
            Position(role, low.orders, low.heads, variant=variant)
            for role, variant in product(self.roles, ("suspended", "own"))
        ]
        return {position: self.paid(position) for position in positions}

    def paid(self, position: Position) -> Paid:
        if position not in self._paid:
            self._paid[position] = self._play(position, self.uncapped)
        return self._paid[position]

    def seats(self) -> set[int]:
        """Seats above the seller that are paid from his sale."""
        return {up for paid in self.everywhere.values() for (_, _, up), fen in paid.items() if up and fen}

    def most(self) -> dict[Row, int]:
        """The most that each seat may get for each line, within the cap."""
        most: dict[Row, int] = defaultdict(int)
        for position, paid in self.everywhere.items():
            capped = self._play(position, self.commission) if self._is_over_cap(paid) else paid
            for row, fen in capped.items():
                most[row] = max(most[row], fen)
        return most

    def _is_over_cap(self, paid: Paid) -> bool:
        in_all: dict[tuple[int, int], int] = defaultdict(int)
        for (sort, price, _), fen in paid.items():
            in_all[sort, price] += fen
        share_bp = self.commission.terms.max_share_bp
        prices = [sort.prices for sort in self.stage.sorts]
        return any(fen > price_at(prices[sort], price).share(share_bp).fen for (sort, price), fen in in_all.items())

    def moved_by_heads(self) -> set[int]:
        """Seats whose pay for the same sale changes with the number of recruits who sell nothing."""
        return {
            up
            for role, orders, silent in self.counted
            if silent
            for up in _differing(self.paid(Position(role, orders, 0)), self.paid(Position(role, orders, silent)))
        }

    def moved_by_spending(self) -> set[int]:
        """Seats whose pay for a sale to others changes with what they have bought themselves."""
        return {
            up
            for role, orders, silent in self.counted
            if orders and not silent
            for up in _differing(self.paid(Position(role, 0, 0)), self.paid(Position(role, orders, 0, own=True)))
        }

    def _play(self, position: Position, plan: Plan) -> Paid:
        stage, seller = self.stage, seat_code(self.shape, self.length - 1)
        trees = {self.shape: chain(self.length + 2)}  # two more below, so that each has one recruit who has one
        people = stage.people(trees, role=position.role, silent=position.silent)
        if position.variant == "suspended":
            people[seller] = replace(people[seller], suspended=((moment(SALES - 1), None),))
        orders = [*self._prior(position), *self._sales(seller, own=position.variant == "own")]
        paid: dict[Row, int] = defaultdict(int)
        for award in stage.play(people, orders, plan=plan).awards:
            if award.order is not None and award.order.startswith("Q") and award.line is not None:
                paid[award.line, int(award.order[1:]), _up(award)] += award.amount.fen
        return paid

    def _prior(self, position: Position) -> Iterator[Order]:
        for up in self.seated:
            place = self.length - 1 - up
            for number in range(position.orders):
                no, code = f"P{place}-{number}", seat_code(self.shape, place)
                yield self.stage.order(no, code, PRIOR + place / 6 + number / 600, own=position.own)

    def _sales(self, seller: str, *, own: bool) -> Iterator[Order]:
        """One order for each price, with a line of every sort."""
        for place in range(self.prices):
            lines = [Bought(sort, price_at(sort.prices, place)) for sort in self.stage.sorts]
            yield self.stage.order(f"Q{place}", seller, SALES + place, lines, own=own, completed_after=600)

    @property
    def prices(self) -> int:
        return max(len(sort.prices) for sort in self.stage.sorts)


def price_at(prices: tuple[Money, ...], place: int) -> Money:
    return prices[min(place, len(prices) - 1)]


def team_depth(stage: Stage) -> int:
    """How far above the seller somebody gets a bonus on the sales of his team; 0 where nobody does."""
    people = stage.people({"chain-12": chain(CHAIN)})
    seller = seat_code("chain-12", CHAIN - 1)
    awards = stage.play(people, [stage.order("T", seller, SALES, stage.each_sort())]).awards
    return max((CHAIN - 1 - _place(award) for award in awards if award.as_ == "team" and award.amount), default=0)


def foreign(stage: Stage) -> list[str]:
    """Who gets something from a sale in a branch in which he neither recruited nor stands above."""
    tree = binary(5)
    people = stage.people({"binary-5": tree})
    above: set[int] = set()
    place: int | None = len(tree) - 1
    while place is not None:
        above.add(place)
        place = tree[place]
    sale = stage.order("F", seat_code("binary-5", len(tree) - 1), SALES, stage.each_sort())
    without = {_known(award) for award in stage.play(people).awards}
    awards = [award for award in stage.play(people, [sale]).awards if _known(award) not in without]
    return sorted({award.to for award in awards if _place(award) not in above})


def _known(award: Award) -> tuple[str, str, str | None, int | None]:
    return award.rule, award.to, award.order, award.n


def _differing(one: Paid, other: Paid) -> Iterator[int]:
    return (
        up
        for sort, price, up in one.keys() | other.keys()
        if one.get((sort, price, up)) != other.get((sort, price, up))
    )


def _up(award: Award) -> int:
    return 0 if award.as_ == "seller" else int(award.as_.removeprefix("upline-"))


def _place(award: Award) -> int:
    return int(award.to.split("/")[1].split("+")[0])
