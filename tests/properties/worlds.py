"""Random plans, and random histories of a merchant: who joins, sells, refunds, settles and withdraws, and when.

A history is a list of deliveries by the moment of arrival. What is delivered carries its own time, which may be much
earlier, and may be delivered several times: a refund or a completion may arrive before its order.

Units    instants are whole half hours after T0; amounts in fen
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from domain.money import Money

T0 = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
STEP = timedelta(minutes=30)
DAY = 48  # half hours

PRODUCTS = {
    "APPLE": ("水果", "0.60"),
    "PEAR": ("水果", "3.00"),
    "TEA": ("茶", "0.00"),
    "TRIAL": ("课程", "1.00"),
}

Kind = Literal["order", "refund", "completion", "settle", "withdraw", "suspend", "wrong"]


def at(tick: int) -> datetime:
    return T0 + tick * STEP


@dataclass(frozen=True)
class Person:
    """inviter is the place of another person in the list; with `binds_at` he is named later, else on joining."""

    joins_at: int
    inviter: int | None = None
    binds_at: int | None = None
    member: bool = False
    suspended_at: int | None = None


@dataclass(frozen=True)
class Line:
    sku: str
    qty: int
    paid: int


@dataclass(frozen=True)
class Refund:
    """entries are (line, units, fen)."""

    no: str
    at: int
    entries: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Order:
    """buyer is the place of a person who buys himself, or None for a stranger."""

    no: str
    seller: int | None
    buyer: int | None
    paid_at: int
    completed_at: int | None
    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]


@dataclass(frozen=True)
class Delivery:
    """Something that reaches us at `tick`. `what` says which: a refund's place, a share of the balance, a form."""

    tick: int
    kind: Kind
    subject: int = 0
    what: int = 0
    form: str = ""


@dataclass(frozen=True)
class History:
    people: tuple[Person, ...]
    orders: tuple[Order, ...]
    deliveries: tuple[Delivery, ...] = field(default=())

    @property
    def as_of(self) -> int:
        """The moment at which everything is compared: the last arrival."""
        return max([DAY, *(delivery.tick for delivery in self.deliveries)])


# ---------------------------------------------------------------------------------------------------------------
# Plans


@st.composite
def plans(draw: st.DrawFn) -> str:
    """One to four rules over what PRODUCTS has; every kind of scope, base, rate, amount and term."""
    rules = []
    for number in range(draw(st.integers(1, 4))):
        scope = draw(
            st.sampled_from(
                [{}, {"skus": ["PEAR"]}, {"categories": ["水果"], "exclude": ["APPLE"]}, {"categories": ["茶", "课程"]}]
            )
        )
        rule = {"id": f"r{number}", "kind": "commission", "title": f"佣金{number}", "scope": scope}
        rule["base"] = draw(st.sampled_from(["net", "net", "profit"]))
        rules.append(rule | {"pay": draw(st.lists(_rows(), min_size=1, max_size=4) | _crowded())})
    terms = {
        "max_share": draw(st.sampled_from(["0%", "12%", "33.33%", "50%", "100%"])),
        "own_orders": draw(st.sampled_from(["none", "seller", "upline"])),
        "members_only": draw(st.sampled_from([False, False, True])),
        "hold_days": draw(st.integers(0, 2)),
    }
    return json.dumps({"name": "方案", "terms": terms, "rules": rules}, ensure_ascii=False)


@st.composite
def _crowded(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows that meet the cap, of which a return of units leaves more to the later one."""
    first, second = (draw(st.sampled_from(["seller", "upline-1"])) for _ in range(2))
    each = draw(st.sampled_from(["5.00", "10.00"]))
    return [{"to": first, "amount": each, "per": "unit"}, {"to": second, "rate": "50%"}]


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, Any]:
    row: dict[str, Any] = {"to": draw(st.sampled_from(["seller", "upline-1", "upline-2"]))}
    if draw(st.booleans()):
        return row | {"rate": draw(st.sampled_from(["0%", "0.01%", "5%", "12.5%", "50%"]))}
    each = Money(draw(st.sampled_from([0, 1, 99, 500, 1000]))).yuan
    return row | {"amount": each, "per": draw(st.sampled_from(["unit", "line"]))}


# ---------------------------------------------------------------------------------------------------------------
# Histories


@st.composite
def histories(draw: st.DrawFn) -> History:
    people = draw(_people())
    orders = tuple(draw(_order(f"O{number}", people)) for number in range(draw(st.integers(1, 4))))
    deliveries: list[Delivery] = []
    for place, order in enumerate(orders):
        deliveries += draw(_arrivals(place, order, people))
    for place, person in enumerate(people):
        if person.suspended_at is not None:
            deliveries.append(Delivery(person.suspended_at, "suspend", place))
    last = max(delivery.tick for delivery in deliveries)
    for _ in range(draw(st.integers(0, 4))):
        deliveries.append(Delivery(draw(st.integers(0, last + 4 * DAY)), "settle"))
    for _ in range(draw(st.integers(0, 3))):
        tick, who = draw(st.integers(DAY, last + 4 * DAY)), draw(st.integers(0, len(people) - 1))
        fate = draw(st.sampled_from(["wait", "approve", "reject", "paid"]))
        deliveries.append(Delivery(tick, "withdraw", who, draw(st.sampled_from([1, 50, 100])), fate))
    deliveries = draw(st.permutations(deliveries))  # of one moment, in any order
    return History(people, orders, tuple(sorted(deliveries, key=lambda delivery: delivery.tick)))


@st.composite
def _people(draw: st.DrawFn) -> tuple[Person, ...]:
    """Two to four, on the first half day: whoever names an inviter afterwards has done so before any order."""
    people: list[Person] = []
    for place in range(draw(st.integers(2, 4))):
        joins_at = draw(st.integers(0, 6)) if place == 0 else draw(st.integers(people[-1].joins_at, 12))
        inviter = draw(st.none() | st.integers(0, place - 1)) if place else None
        binds = inviter is not None and draw(st.booleans())
        people.append(
            Person(
                joins_at,
                inviter,
                draw(st.integers(12, 16)) if binds else None,
                member=draw(st.booleans()),
                suspended_at=draw(st.none() | st.none() | st.integers(20, 80)),
            )
        )
    return tuple(people)


@st.composite
def _order(draw: st.DrawFn, no: str, people: tuple[Person, ...]) -> Order:
    """Refunds never go beyond what is left; several may share a moment."""
    earliest = 17 if any(person.binds_at for person in people) else 0
    paid_at = draw(st.integers(earliest, 60))
    seller = draw(st.sampled_from([None, *(2 * list(range(len(people))))]))
    lines = draw(st.lists(_lines(), min_size=1, max_size=3))
    left = [[line.qty, line.paid] for line in lines]
    refunds = []
    for number in range(draw(st.integers(0, 3))):
        entries = []
        for place in draw(st.sets(st.integers(0, len(lines) - 1), min_size=1, max_size=2)):
            units, fen = left[place]
            back = (draw(st.integers(0, units)), draw(st.sampled_from([0, 0, fen, fen // 2, fen // 3])))
            if back != (0, 0):
                left[place] = [units - back[0], fen - back[1]]
                entries.append((place, *back))
        if entries:
            moment = paid_at + draw(st.sampled_from([0, 1, 1, 5, DAY, 2 * DAY, 4 * DAY]))
            refunds.append(Refund(f"{no}-R{number}", moment, tuple(entries)))
    return Order(
        no,
        seller=seller,
        buyer=draw(st.sampled_from([None, None, None, seller, seller, *range(len(people))])),
        paid_at=paid_at,
        completed_at=draw(st.none() | st.sampled_from([paid_at, paid_at + 3, paid_at + DAY])),
        lines=tuple(lines),
        refunds=tuple(refunds),
    )


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    paid = draw(st.sampled_from([10000, 10000, 10000, 2999, 990, 99, 1, 0]))
    return Line(draw(st.sampled_from(sorted(PRODUCTS))), draw(st.integers(1, 4)), paid)


@st.composite
def _arrivals(draw: st.DrawFn, place: int, order: Order, people: tuple[Person, ...]) -> list[Delivery]:
    """When the order, its refunds and its completion come, each once or more, late or not.

    Whether somebody is suspended is judged by what stands when the order comes: it comes before he is, if it was paid
    before.
    """
    changes = [person.suspended_at for person in people if person.suspended_at is not None]
    latest = min([tick - 1 for tick in changes if tick > order.paid_at], default=order.paid_at + 5 * DAY)
    delays = st.sampled_from([0, 0, 1, 5, DAY, 5 * DAY])
    comes = min(order.paid_at + draw(delays), latest)
    forms = ["whole", "bare"] if order.completed_at is not None and order.completed_at <= comes else ["bare"]
    found = [Delivery(comes, "order", place, form=draw(st.sampled_from(forms)))]
    if order.completed_at is not None:
        how = draw(st.sampled_from(["complete", "complete, no source", "push"]))
        tick = order.completed_at + draw(delays)
        found.append(Delivery(max(tick, comes) if how == "push" else tick, "completion", place, form=how))
    for number, refund in enumerate(order.refunds):
        source = draw(st.sampled_from(["mall", ""]))
        found.append(Delivery(refund.at + draw(delays), "refund", place, number, form=source))
    again = [replace(one, tick=one.tick + draw(delays)) for one in found if draw(st.integers(0, 2)) == 0]
    wrong = draw(st.sampled_from([None, None, "other content", "too much", "other refund"]))
    if wrong:
        again.append(Delivery(comes + draw(st.integers(1, 5)), "wrong", place, form=wrong))
    return found + [one for one in again if one.kind != "order" or one.tick >= comes]
