"""The facts of a replay, as they come from the database and go to another process, and the engine's sales made of them.

A sale's number carries its source behind a separator, because two sources may share a number; in comparisons the number
comes first, as plans.md asks.

The loader of services.history gives sales by the terms of each order's own plan, for some people at a time; a replay
takes the draft's terms, for everybody, and reads few columns of many orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from domain.history import Distributor, Sale
from domain.money import Money
from domain.periods import day_of
from domain.plan import Plan, TeamRule
from domain.sale import (
    LineState,
    PaidLine,
    PaidOrder,
    Person,
    Refunded,
    course_of,
    line_state,
    order_settles,
    settled_at,
)

SEPARATOR = "\x1f"
KEPT = 10_000  # sets of goods that are remembered
Seated = tuple[int, str, bool]
LineFacts = tuple[int, str, str, int, int, int | None]
Spans = tuple[tuple[datetime, datetime | None], ...]  # each holds its start and not its end


@dataclass(frozen=True, slots=True)
class Span:
    """Shanghai dates, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return day_of(self.first).start

    @property
    def end(self) -> datetime:
        return day_of(self.last).end

    def holds(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


class OrderFacts(NamedTuple):
    """An order as stored. People are ids.

    chain    (who, role, member) of the seller and those above him, nearest first, as they were at its payment
    lines    (position, sku, category, qty, paid in fen, cost of one unit in fen or None)
    refunds  (when, line, units, fen)
    """

    no: str
    source: str
    seller: int | None
    buyer: int | None
    customer: str
    chain: tuple[Seated, ...]
    paid_at: datetime
    completed_at: datetime | None
    lines: tuple[LineFacts, ...]
    refunds: list[tuple[datetime, int, int, int]]


class PersonFacts(NamedTuple):
    code: str
    role: str
    member: bool
    joined: bool  # False while his application waits, or where it was refused
    inviter: int | None
    joined_at: datetime
    suspended: Spans


class People:
    """Everybody by id, and the engine's persons, one for each of them and shared by all orders."""

    def __init__(self, rows: Mapping[int, PersonFacts]) -> None:
        self.rows = rows
        self._persons: dict[tuple[Seated, bool], Person] = {}
        self._chains: dict[tuple[Seated, ...], tuple[Person, ...]] = {}
        self._anybody_out = any(row.suspended for row in rows.values())

    def code(self, id_: int) -> str:
        return self.rows[id_].code

    def person(self, seated: Seated, at: datetime) -> Person:
        """As he was when an order was paid."""
        who, role, member = seated
        spans = self.rows[who].suspended
        out = bool(spans) and any(since <= at and (until is None or at < until) for since, until in spans)
        known = self._persons.get((seated, out))
        if known is None:
            known = self._persons[seated, out] = Person(self.code(who), out, member, role)
        return known

    def chain(self, seated: tuple[Seated, ...], at: datetime) -> tuple[Person, ...]:
        """The persons of a chain. Where nobody was ever suspended they are the same at every moment."""
        if self._anybody_out:
            return tuple([self.person(one, at) for one in seated])
        known = self._chains.get(seated)
        if known is None:
            known = self._chains[seated] = tuple([self.person(one, at) for one in seated])
        return known

    def distributors(self) -> dict[str, Distributor]:
        """As counts, milestones, teams and ranks see them: those who are distributors."""
        return {
            row.code: Distributor(
                code=row.code,
                upline=None if row.inviter is None else self.code(row.inviter),
                role=row.role,
                member=row.member,
                joined_at=row.joined_at,
                suspended=row.suspended,
            )
            for row in self.rows.values()
            if row.joined
        }

    def halves(self) -> tuple[dict[int, PersonFacts], dict[int, PersonFacts]]:
        """Two parts, each of whole trees of who invited whom; the second is a little larger, as the first reads too.

        The chain stored with an order lies in one tree: an inviter is named once, so trees only grow together.
        """
        root: dict[int, int] = {}
        for id_ in self.rows:
            path: dict[int, None] = {}
            at: int | None = id_
            while at is not None and at not in root:
                path[at] = None
                at = self.rows[at].inviter
                if at in path:
                    break  # a circle, which binding refuses: whoever closes it is its root
            top = root[at] if at is not None and at in root else next(reversed(path))
            root.update(dict.fromkeys(path, top))
        sizes: dict[int, int] = {}
        for top in root.values():
            sizes[top] = sizes.get(top, 0) + 1
        halves: tuple[dict[int, PersonFacts], dict[int, PersonFacts]] = ({}, {})
        weights, side = [0, 0], {}
        for top in sorted(sizes, key=lambda top: (-sizes[top], top)):
            side[top] = int(5 * weights[1] < 6 * weights[0])
            weights[side[top]] += sizes[top]
        for id_, row in self.rows.items():
            halves[side[root[id_]]][id_] = row
        return halves


class Goods(NamedTuple):
    """What was bought, as the engine takes it, and with nothing refunded."""

    lines: tuple[PaidLine, ...]
    states: tuple[LineState, ...]
    settles: bool


class SaleMaker:
    """Facts to sales, as the plan's terms see them."""

    def __init__(self, plan: Plan, people: People) -> None:
        self._terms, self._people = plan.terms, people
        depth = max((rule.depth for rule in plan.rules if isinstance(rule, TeamRule)), default=0)
        self._length = 1 + max([row.up for rule in plan.commission_rules for row in rule.pay] + [depth])
        self._goods: dict[tuple[LineFacts, ...], Goods] = {}

    def sale(self, facts: OrderFacts) -> Sale:
        seller, buyer, people = facts.seller, facts.buyer, self._people
        goods = self._goods.get(facts.lines) or self._new_goods(facts.lines)
        order = PaidOrder(
            f"{facts.no}{SEPARATOR}{facts.source}",
            None if seller is None else people.rows[seller].code,
            None if buyer is None else people.rows[buyer].code if buyer in people.rows else "",
            facts.paid_at,
            goods.lines,
        )
        if facts.refunds:
            refunds = [Refunded(at, line, units, Money(fen)) for at, line, units, fen in facts.refunds]
            course, settles_at = tuple(course_of(order, refunds)), self._settles_at(facts, goods, refunds)
        else:
            course, settles_at = ((facts.paid_at, goods.states),), self._settles_at(facts, goods, [])
        own = buyer is not None and buyer == seller
        return Sale(
            order,
            facts.customer,
            people.chain(facts.chain[: self._length], facts.paid_at),
            course,
            settles_at,
            seller is not None and not (own and self._terms.own_orders != "seller"),
        )

    def _new_goods(self, facts: tuple[LineFacts, ...]) -> Goods:
        """Many orders are for the same: one set of values serves them all."""
        if len(self._goods) >= KEPT:
            self._goods.clear()
        lines = tuple(
            PaidLine(no, sku, category, qty, Money(paid), None if cost is None else Money(cost))
            for no, sku, category, qty, paid, cost in facts
        )
        states = tuple(LineState(line, line.paid, line.qty) for line in lines)
        found = self._goods[facts] = Goods(lines, states, order_settles(states))
        return found

    def _settles_at(self, facts: OrderFacts, goods: Goods, refunds: list[Refunded]) -> datetime | None:
        """The end of the draft's hold days, if something is left then; refunds of that moment come before."""
        if facts.completed_at is None:
            return None
        due = settled_at(facts.completed_at, self._terms.hold_days)
        known = [refund for refund in refunds if refund.at <= due]
        left = order_settles(line_state(line, known) for line in goods.lines) if known else goods.settles
        return due if left else None
