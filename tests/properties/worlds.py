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

Kind = Literal["join", "order", "refund", "completion", "settle", "withdraw", "suspend", "resume", "wrong"]


def at(tick: int) -> datetime:
    return T0 + tick * STEP


@dataclass(frozen=True)
class Person:
    """inviter is the place of another person in the list; with `binds_at` he is named later, else on joining."""

    joins_at: int
    inviter: int | None = None
    binds_at: int | None = None
    member: bool = False
    role: str = "member"
    suspended_at: int | None = None
    suspended_until: int | None = None


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
    """buyer is the place of a person who buys himself, or None for a stranger; `name` says which of them."""

    no: str
    seller: int | None
    buyer: int | None
    paid_at: int
    completed_at: int | None
    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]
    name: str = ""


@dataclass(frozen=True)
class Delivery:
    """Something that reaches us at `tick`. `what` says which: a refund's place, a share of the balance, a form.

    A run with the form "as of" settles what is due by the tick `what`, which may lie before or after its own.
    """

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
        """The moment at which everything is compared: the last arrival, or the last up to which a run has settled."""
        runs = [delivery.what for delivery in self.deliveries if delivery.form == "as of"]
        return max([DAY, *(delivery.tick for delivery in self.deliveries), *runs])


# ---------------------------------------------------------------------------------------------------------------
# Plans


@st.composite
def plans(draw: st.DrawFn, *, counting: bool = False) -> str:
    """One to four rules over what PRODUCTS has; every kind of scope, base, rate, amount and term.

    `counting` also has levels, tables of every kind, and conditions, with thresholds that a handful of orders reach.
    """
    levels = draw(_levels()) if counting else []
    rows = _counting_rows(levels) if counting else _rows()
    rules = []
    for number in range(draw(st.integers(1, 4))):
        scope = draw(
            st.sampled_from(
                [{}, {"skus": ["PEAR"]}, {"categories": ["水果"], "exclude": ["APPLE"]}, {"categories": ["茶", "课程"]}]
            )
        )
        rule = {"id": f"r{number}", "kind": "commission", "title": f"佣金{number}", "scope": scope}
        rule["base"] = draw(st.sampled_from(["net", "net", "profit"]))
        rules.append(rule | {"pay": draw(st.lists(rows, min_size=1, max_size=4) | _crowded())})
    terms = {
        "max_share": draw(st.sampled_from(["0%", "12%", "33.33%", "50%", "100%"])),
        "own_orders": draw(st.sampled_from(["none", "seller", "upline"])),
        "members_only": draw(st.sampled_from([False, False, True])),
        "hold_days": draw(st.integers(0, 2)),
    }
    more = {"levels": levels} if levels else {}
    return json.dumps({"name": "方案", "terms": terms, **more, "rules": rules}, ensure_ascii=False)


COUNTS = ("orders", "units", "sales", "buyers", "recruits", "team_size")
WINDOWS = ("lifetime", "day", "week", "month")


def _threshold(of: str) -> st.SearchStrategy[Any]:
    if of == "sales":
        return st.sampled_from(["0.01", "9.90", "100.00", "150.00", "300.00"])
    return st.integers(0, 3) if of != "units" else st.integers(0, 8)


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(st.sampled_from(COUNTS))
    return {"of": of, "window": draw(st.sampled_from(WINDOWS)), "at_least": draw(_threshold(of))}


@st.composite
def _levels(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        when = {"when": draw(_conditions())} if number or draw(st.booleans()) else {}
        found.append({"id": f"l{number}", "title": f"等级{number}", **when})
    return found


@st.composite
def _counting_rows(draw: st.DrawFn, levels: list[dict[str, Any]]) -> dict[str, Any]:
    """A row whose rate or amount comes of a table, or that has a condition, or both; some have neither."""
    row: dict[str, Any] = dict(draw(_rows()))
    key = "rate" if "rate" in row else "amount"
    worth = ["5%", "12.5%", "30%", "0%"] if key == "rate" else ["0.99", "5.00", "10.00", "0.00"]
    if table := draw(_tables(levels, worth)):
        row[key] = table
    if draw(st.booleans()):
        row["if"] = draw(_conditions())
    return row


@st.composite
def _tables(draw: st.DrawFn, levels: list[dict[str, Any]], worth: list[str]) -> dict[str, Any] | None:
    by = draw(st.sampled_from(["none", "level", "level", "role", "orders", *COUNTS]))
    if by == "none" or (by == "level" and not levels):
        return None
    if by in ("level", "role"):
        names = [level["id"] for level in levels] if by == "level" else ["member", "leader", "creator"]
        named = draw(st.sets(st.sampled_from(names), min_size=1))
        table: dict[str, Any] = {"by": by, "table": {name: draw(st.sampled_from(worth)) for name in sorted(named)}}
        return table | ({"else": draw(st.sampled_from(worth))} if draw(st.booleans()) else {})
    steps = {draw(_threshold(by)) for _ in range(draw(st.integers(1, 3)))}
    rising = sorted(steps, key=float)
    return {
        "by": by,
        "window": draw(st.sampled_from(WINDOWS)),
        "steps": {str(step): draw(st.sampled_from(worth)) for step in rising},
    }


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
def histories(draw: st.DrawFn, *, orders: int = 4, until: int = 60) -> History:
    """At most so many orders, paid by a tick; of few customers, some of whom come again."""
    people = draw(_people())
    orders = tuple(draw(_order(f"O{number}", people, until)) for number in range(draw(st.integers(1, orders))))
    deliveries: list[Delivery] = []
    for place, order in enumerate(orders):
        deliveries += draw(_arrivals(place, order))
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
                role=draw(st.sampled_from(["member", "member", "leader", "creator"])),
                suspended_at=draw(st.none() | st.none() | st.integers(20, 80)),
            )
        )
    return tuple(people)


@st.composite
def _order(draw: st.DrawFn, no: str, people: tuple[Person, ...], until: int) -> Order:
    """Refunds never go beyond what is left; several may share a moment."""
    earliest = 17 if any(person.binds_at for person in people) else 0
    paid_at = draw(st.integers(earliest, until))
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
        name=draw(st.sampled_from(["zhao", "qian", no])),
    )


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    paid = draw(st.sampled_from([10000, 10000, 10000, 2999, 990, 99, 1, 0]))
    return Line(draw(st.sampled_from(sorted(PRODUCTS))), draw(st.integers(1, 4)), paid)


@st.composite
def _arrivals(draw: st.DrawFn, place: int, order: Order) -> list[Delivery]:
    """When the order, its refunds and its completion come, each once or more, late or not."""
    delays = st.sampled_from([0, 0, 1, 5, DAY, 5 * DAY])
    comes = order.paid_at + draw(delays)
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
