"""P-RECRUIT, P-IDLE and P-FIRST: what is given for people rather than for what they sell.

Source   compliance.md §2; §3, HC-1, HC-3, HC-4 and MX-3
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TypeAlias

from domain.compliance.shapes import few, star, trees
from domain.compliance.stage import Bought, Stage, joined, moment, seat_code, shape_of
from domain.history import Distributor
from domain.money import Money
from domain.outcome import Award
from domain.scenario import Order

YEAR = timedelta(days=365)
ORDERS_EACH = 10
SHARE_OF_ORDER_BP, RECRUITS_A_MONTH = 2000, 10  # HC-4's limits

Worth: TypeAlias = tuple[int, int]  # fen, and things in kind


@dataclass(frozen=True, slots=True)
class Given:
    """Rewards of some rules: in which shape most, how much money there, and how many things in kind."""

    rules: tuple[str, ...]
    shape: str
    fen: int
    in_kind: int


def is_reward(award: Award) -> bool:
    """Money, points, coupons, goods; a title of honour is none."""
    return bool(award.amount) or (
        award.reward is not None and "title" not in award.reward and award.state != "reversed"
    )


@cache
def everybody() -> dict[str, Distributor]:
    """The people of all shapes: the same for every plan."""
    return joined(trees())


def for_joining(stage: Stage) -> Given | None:
    """P-RECRUIT: everybody joins in every shape, and nobody sells anything."""
    return _most([award for award in stage.play(everybody()).awards if is_reward(award)])


def while_idle(stage: Stage) -> int:
    """P-IDLE: how many awards a year without an order adds to those of the first day."""
    people, last = stage.people(few()), moment(24 * 60)
    at_once = stage.play(people, as_of=last).awards
    later = stage.play(people, as_of=last + YEAR).awards
    return sum(map(is_reward, later)) - sum(map(is_reward, at_once))


@dataclass(frozen=True, slots=True)
class First:
    """P-FIRST of one rule: what others than the seller get for first orders, and how far above him they stand.

    counted  it grows neither with the price nor with the number of orders
    """

    rule: str
    depth: int
    given: Given
    counted: bool


def for_first_orders(stage: Stage) -> list[First]:
    """Everybody sells once: as it is, at ten times the price, and ten times. Commission is paid for each order, so
    only the other rules are looked at."""
    people, plan = stage.people(few()), replace(stage.low.plan, rules=tuple(stage.low.plan.bonuses))

    def found(times: int, count: int) -> dict[str, _Found]:
        return _worth(people, stage.play(people, _everybody_sells(stage, people, times, count), plan=plan).awards)

    once = found(1, 1)
    if not once:
        return []
    dear, often = found(10, 1), found(1, ORDERS_EACH)
    return [
        First(rule, it.depth, it.given, counted=not (_grows(it, dear[rule]) or _grows(it, often[rule])))
        for rule, it in once.items()
    ]


@dataclass(frozen=True, slots=True)
class Limits:
    """How a reward by the head stands to HC-4's limits, in a month in which 30 recruits of one inviter sell.

    most_bp      the most for one order, of what was paid for it; None where something in kind has no known value
    orders       for how many of the orders something was given
    for_own      whether a recruit's purchase for himself brings it about
    """

    most_bp: int | None
    orders: int
    for_own: bool

    @property
    def kept(self) -> bool:
        within = self.most_bp is not None and self.most_bp <= SHARE_OF_ORDER_BP
        return within and self.orders <= RECRUITS_A_MONTH and not self.for_own


def limits_of(stage: Stage, rules: set[str]) -> Limits:
    """The rewards of these rules together: splitting one in two changes nothing."""
    people = stage.people({"star-30": star(30)})
    sales = _everybody_sells(stage, people, 1, 1)
    worth: dict[str, int | None] = {}
    for award in stage.play(people, sales).awards:
        if (
            award.rule in rules
            and is_reward(award)
            and award.order is not None
            and not award.order.startswith(award.to)
        ):
            before, value = worth.get(award.order, 0), _value(stage, award)
            worth[award.order] = None if before is None or value is None else before + value
    paid = {order.paid.no: sum(line.paid.fen for line in order.paid.lines) for order in sales}
    shares = [None if fen is None else -(-fen * 10000 // paid[no]) for no, fen in worth.items()]
    most = None if None in shares else max((share for share in shares if share is not None), default=0)
    own = stage.play(people, _everybody_sells(stage, people, 1, 1, own=True)).awards
    return Limits(most, len(worth), any(award.rule in rules and is_reward(award) and award.order for award in own))


def _everybody_sells(
    stage: Stage, people: Mapping[str, Distributor], times: int, count: int, *, own: bool = False
) -> list[Order]:
    lines = [Bought(sort, sort.price * times) for sort in stage.sorts]
    return [
        stage.order(f"{code}:{number}", code, 60 + place / 10 + number * 30, lines, own=own)
        for place, code in enumerate(people)
        for number in range(count)
    ]


@dataclass(slots=True)
class _Found:
    depth: int
    given: Given


def _worth(people: Mapping[str, Distributor], awards: tuple[Award, ...]) -> dict[str, _Found]:
    """By rule, what somebody above the seller of the order got for it."""
    by_rule: dict[str, list[tuple[int, Award]]] = defaultdict(list)
    for award in awards:
        if award.as_ == "milestone" and award.order is not None and is_reward(award):
            depth = _distance(people, award.order.split(":")[0], award.to)
            if depth:
                by_rule[award.rule].append((depth, award))
    found: dict[str, _Found] = {}
    for rule, given in by_rule.items():
        most = _most([award for _, award in given])
        if most is not None:
            found[rule] = _Found(max(depth for depth, _ in given), most)
    return defaultdict(lambda: _Found(0, Given((), "", 0, 0)), found)


def _grows(found: _Found, other: _Found) -> bool:
    return other.given.fen > found.given.fen or other.given.in_kind > found.given.in_kind


def _distance(people: Mapping[str, Distributor], seller: str, to: str) -> int:
    distance, code = 0, seller
    while code != to and (upline := people[code].upline) is not None:
        distance, code = distance + 1, upline
    return distance


def _most(awards: list[Award]) -> Given | None:
    """The shape in which most was given, the first of equals; None where nothing was."""
    fen: dict[str, int] = defaultdict(int)
    things: dict[str, int] = defaultdict(int)
    for award in awards:
        fen[shape_of(award.to)] += award.amount.fen
        things[shape_of(award.to)] += award.reward is not None
    if not fen:
        return None
    shape = max(fen, key=lambda name: (fen[name], things[name], -list(trees()).index(name)))
    return Given(tuple(sorted({award.rule for award in awards})), shape, fen[shape], things[shape])


def _value(stage: Stage, award: Award) -> int | None:
    """In fen; None where something in kind has no known value."""
    if award.reward is None:
        return award.amount.fen
    if "coupon" in award.reward:
        worth = stage.context.coupons.get(award.reward["coupon"])
        return None if worth is None else worth.fen
    value = award.reward.get("value")
    return None if value is None else Money.of_yuan(value).fen


__all__ = [
    "First",
    "Given",
    "Limits",
    "for_first_orders",
    "for_joining",
    "is_reward",
    "limits_of",
    "seat_code",
    "while_idle",
]
