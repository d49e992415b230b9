"""Histories in which much must be decided again: few people, low thresholds, hardly a fact in its turn.

What worlds draws is broad, and most late facts there change nothing. Here one or two people sell nearly everything,
rates rest on steps, levels and conditions that one order more or less moves, several things happen in one second,
people join in the middle of it, are suspended and let back, and all of that becomes known in any order.

Units    as in worlds
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.properties.worlds import DAY, Delivery, History, Line, Order, Person, Refund

START = 8  # before that only joinings
BY = (
    "orders",
    "orders",
    "units",
    "sales",
    "buyers",
    "recruits",
    "team_size",
    "team_size",
    "level",
    "level",
    "if",
    "if",
)
LATER = {"suspend": 1, "resume": 2}
WINDOWS = ("lifetime", "lifetime", "day", "week", "month")


# ---------------------------------------------------------------------------------------------------------------
# Plans


@st.composite
def plans(draw: st.DrawFn) -> str:
    """Each rule pays, and nearly each row by what somebody has brought about."""
    levels = draw(_levels())
    rules = []
    for number in range(draw(st.integers(1, 2))):
        scope = draw(st.sampled_from([{}, {"skus": ["PEAR"]}])) if number == 0 else {}
        pay = draw(st.lists(_rows(levels), min_size=1, max_size=3))
        rules.append({"id": f"r{number}", "kind": "commission", "title": f"佣金{number}", "scope": scope, "pay": pay})
    terms = {
        "max_share": draw(st.sampled_from(["12%", "50%", "100%", "100%"])),
        "own_orders": draw(st.sampled_from(["none", "seller", "upline"])),
        "members_only": draw(st.sampled_from([False, False, False, True])),
        "hold_days": draw(st.integers(0, 1)),
    }
    more = {"levels": levels} if levels else {}
    return json.dumps({"name": "方案", "terms": terms, **more, "rules": rules}, ensure_ascii=False)


def _threshold(of: str) -> st.SearchStrategy[Any]:
    if of == "sales":
        return st.sampled_from(["0.01", "50.00", "100.00", "150.00", "250.00"])
    return st.integers(1, 3) if of != "units" else st.integers(1, 6)


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(st.sampled_from(["orders", "orders", "sales", "units", "buyers", "recruits", "team_size"]))
    return {"of": of, "window": draw(st.sampled_from(WINDOWS)), "at_least": draw(_threshold(of))}


@st.composite
def _levels(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(draw(st.sampled_from([0, 2, 3]))):
        when = {"when": draw(_conditions())} if number else {}
        found.append({"id": f"l{number}", "title": f"等级{number}", **when})
    return found


@st.composite
def _rows(draw: st.DrawFn, levels: list[dict[str, Any]]) -> dict[str, Any]:
    key = draw(st.sampled_from(["rate", "rate", "amount"]))
    worth = ["20%", "7%", "33.33%", "1%"] if key == "rate" else ["3.00", "11.00", "0.01"]
    row: dict[str, Any] = {"to": draw(st.sampled_from(["seller", "seller", "upline-1", "upline-2"]))}
    by = draw(st.sampled_from(BY))
    if by == "level" and levels:
        named = draw(st.sets(st.sampled_from([level["id"] for level in levels]), min_size=1))
        row[key] = {"by": "level", "table": {name: draw(st.sampled_from(worth)) for name in sorted(named)}}
        if draw(st.booleans()):
            row[key]["else"] = draw(st.sampled_from(worth))
    elif by in ("level", "if"):
        row[key] = draw(st.sampled_from(worth))
    else:
        rising = sorted({draw(_threshold(by)) for _ in range(draw(st.integers(1, 3)))}, key=float)
        steps = {str(step): draw(st.sampled_from(worth)) for step in rising}
        row[key] = {"by": by, "window": draw(st.sampled_from(WINDOWS)), "steps": steps}
    if by == "if" or draw(st.integers(0, 3)) == 0:
        row["if"] = draw(_conditions())
    if key == "amount":
        row["per"] = draw(st.sampled_from(["unit", "line"]))
    return row


# ---------------------------------------------------------------------------------------------------------------
# Histories


@st.composite
def histories(draw: st.DrawFn, *, orders: int = 9, people: int = 4, ahead: bool = True) -> History:
    """Nearly nothing comes in its turn. `ahead`: a run may also be of a moment that is still to come."""
    # Few moments, so that several facts share one; the days about which they lie are neighbours.
    moments = sorted(draw(st.sets(st.integers(START, START + 3 * DAY), min_size=2, max_size=6)))
    who = draw(_people(people, moments))
    sold = tuple(
        draw(_order(f"O{number}", who, moments)) for number in range(draw(st.sampled_from(range(orders, 2, -1))))
    )
    end = moments[-1] + 4 * DAY
    found: list[Delivery] = []
    for place, person in enumerate(who):
        found.append(Delivery(person.joins_at, "join", place))
        found += draw(_standing(place, person, leaves=all(other.inviter != place for other in who)))
    for place, order in enumerate(sold):
        found += draw(_arrivals(place, order, end))
    last = max(one.tick for one in found)
    for _ in range(draw(st.integers(0, 5))):
        tick = draw(st.integers(0, last + DAY) | st.sampled_from([one.tick for one in found]))
        as_of = draw(st.sampled_from([tick, tick, max(0, tick - DAY // 2), tick + DAY if ahead else tick]))
        found.append(Delivery(tick, "settle", what=as_of, form="as of"))
    for _ in range(draw(st.integers(0, 2))):
        fate = draw(st.sampled_from(["wait", "approve", "reject", "paid"]))
        subject = draw(st.integers(0, len(who) - 1))
        tick = draw(st.integers(who[subject].joins_at + 1, last + DAY))
        found.append(Delivery(tick, "withdraw", subject, 100, fate))
    found = draw(st.permutations(found))
    # Of one moment in any order, but nobody is suspended before he has joined, nor let back before he is suspended.
    return History(who, sold, tuple(sorted(found, key=lambda one: (one.tick, LATER.get(one.kind, 0)))))


@st.composite
def _people(draw: st.DrawFn, most: int, moments: list[int]) -> tuple[Person, ...]:
    """Mostly a chain; the first two are there before anything is sold, others may come in the middle of it."""
    found: list[Person] = []
    for place in range(draw(st.sampled_from(range(most, 1, -1)))):
        joins_at = draw(st.sampled_from([place, *moments])) if place > 1 else place
        joins_at = max(joins_at, found[-1].joins_at + 1) if found else joins_at
        since = draw(st.sampled_from([None, *[moment for moment in moments if moment > joins_at]]))
        until = draw(st.sampled_from([None, since, since + 1, *moments])) if since is not None else None
        found.append(
            Person(
                joins_at,
                draw(st.sampled_from([place - 1, place - 1, 0, None])) if place else None,
                member=draw(st.booleans()),
                suspended_at=since,
                suspended_until=max(until, since) if until is not None and since is not None else None,
            )
        )
    return tuple(found)


@st.composite
def _standing(draw: st.DrawFn, place: int, person: Person, *, leaves: bool) -> list[Delivery]:
    """His suspension and its end, each told when it is or much later, in this order; or that he has left."""
    if person.suspended_at is None:
        return []
    told = person.suspended_at + draw(st.sampled_from([3 * DAY, DAY, 1, 0]))
    found = [Delivery(told, "suspend", place)]
    if person.suspended_until is not None:
        again = person.suspended_until + draw(st.sampled_from([2 * DAY, 1, 0]))
        found.append(Delivery(max(told + 1, again), "resume", place))
    elif leaves and draw(st.booleans()):
        found = [replace(found[0], form="depart")]
    return found


@st.composite
def _order(draw: st.DrawFn, no: str, people: tuple[Person, ...], moments: list[int]) -> Order:
    paid_at = draw(st.sampled_from(moments))
    there = [place for place, person in enumerate(people) if person.joins_at < paid_at]
    busy = [place for place in (1, 1, 1, 0) if place in there]
    seller = draw(st.sampled_from(busy + there))
    lines = draw(st.lists(_lines(), min_size=1, max_size=2))
    left = [[line.qty, line.paid] for line in lines]
    refunds = []
    for number in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        entries = []
        whole = draw(st.booleans())
        for place in range(len(lines)):
            units, fen = left[place]
            back = (units, fen) if whole else (draw(st.integers(0, units)), draw(st.sampled_from([0, fen, fen // 2])))
            if back != (0, 0):
                left[place] = [units - back[0], fen - back[1]]
                entries.append((place, *back))
        if entries:
            later = [moment for moment in moments if moment >= paid_at]
            at = draw(st.sampled_from([*later, *later, paid_at + 1, paid_at + DAY, paid_at + 2 * DAY]))
            refunds.append(Refund(f"{no}-R{number}", at, tuple(entries)))
    return Order(
        no,
        seller=seller,
        buyer=draw(st.sampled_from([*(6 * [None]), seller, *there])),
        paid_at=paid_at,
        completed_at=draw(st.sampled_from([None, paid_at, paid_at, *[one for one in moments if one >= paid_at]])),
        lines=tuple(lines),
        refunds=tuple(refunds),
        name=draw(st.sampled_from(["zhao", "qian", no])),
    )


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    paid = draw(st.sampled_from([10000, 10000, 10000, 5000, 5000, 999, 999, 1, 0]))
    return Line(draw(st.sampled_from(["APPLE", "APPLE", "PEAR"])), draw(st.integers(1, 3)), paid)


@st.composite
def _arrivals(draw: st.DrawFn, place: int, order: Order, end: int) -> list[Delivery]:
    """The order, its completion and its refunds, each at any moment since, in any order."""

    def since(tick: int) -> int:
        return draw(st.sampled_from([tick, tick + 1, tick + 1]) | st.integers(tick, max(tick, end)))

    comes = since(order.paid_at)
    whole = order.completed_at is not None and order.completed_at <= comes and draw(st.booleans())
    found = [Delivery(comes, "order", place, form="whole" if whole else "bare")]
    if order.completed_at is not None and not whole:
        found.append(Delivery(since(order.completed_at), "completion", place, form="complete"))
    for number, refund in enumerate(order.refunds):
        found.append(Delivery(since(refund.at), "refund", place, number, form="mall"))
    if draw(st.integers(0, 5)) == 0:
        found.append(replace(found[-1], tick=found[-1].tick + draw(st.integers(0, DAY))))
        if found[-1].kind == "order":
            found[-1] = replace(found[-1], tick=max(found[-1].tick, comes + 1))
    return found
