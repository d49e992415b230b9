"""Milestones on the live path: whose are due, and one person's decided anew and booked.

What has happened is marked where it is written down (services.bonus.marks), and a run takes up what is marked, so its
work grows with what has happened since the last one. It decides over all facts of the person by
the same walk as `evaluate`, compares the outcome with what stands, and books the difference: run twice, late, or after
a fact that came late, it comes out the same.

Locks    the person's mark, then the orders of his that are marked (a refund of one waits, or is seen), then accounts
Source   plans.md §2.2 and §3
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from domain.history import Change, Distributor, History
from domain.milestones import Decided, Version, Walk
from domain.money import ZERO, Money
from domain.plan import MilestoneRule, Scope, Terms
from domain.progress import Invited
from models.bonus import Bonus, MilestoneMark
from models.distributor import Distributor as Person
from models.order import Order, Refund
from models.plan import PlanVersion
from services import history, plan
from services.bonus import marks
from services.bonus.book import Outcome, place_of, put, void
from services.history import Recorded
from services.plan import LoadedPlan
from services.suspension import chunks

BATCH = 500
EVERYTHING = Scope()


# ---------------------------------------------------------------------------------------------------------------
# Whose are due


def any_due(session: Session, cutoff: datetime) -> bool:
    return bool(
        session.scalar(select(or_(exists().where(_order_due(cutoff)), exists().where(MilestoneMark.due_at <= cutoff))))
    )


def due(session: Session, cutoff: datetime, after: int) -> list[int]:
    """The next people, by id, about whom something is marked."""
    orders = select(Order.distributor_id).where(_order_due(cutoff), Order.distributor_id > after)
    marks = select(MilestoneMark.distributor_id).where(
        MilestoneMark.due_at <= cutoff, MilestoneMark.distributor_id > after
    )
    found: set[int] = set()
    for query in (orders.order_by(Order.distributor_id), marks.order_by(MilestoneMark.distributor_id)):
        found.update(id_ for id_ in session.scalars(query.distinct().limit(BATCH)) if id_ is not None)
    return sorted(found)[:BATCH]


def _order_due(cutoff: datetime) -> ColumnElement[bool]:
    return Order.milestones_due_at <= cutoff


# ---------------------------------------------------------------------------------------------------------------
# One person


@dataclass(frozen=True, slots=True)
class Result:
    """What deciding somebody's milestones came to. `flagged`: whom his standing concerns, to be looked at next."""

    amount: Money
    changed: bool
    flagged: tuple[int, ...] = ()


NOTHING = Result(ZERO, changed=False)


def decide(session: Session, distributor_id: int, cutoff: datetime, *, run_id: int | None, now: datetime) -> Result:
    """Decide one person's milestones by `cutoff`, book the difference, and tell whom that concerns."""
    _hold(session, distributor_id)
    mark = marks.lock(session, distributor_id)
    orders = session.scalars(
        select(Order)
        .where(Order.distributor_id == distributor_id, _order_due(cutoff))
        .order_by(Order.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not orders and (mark.due_at is None or mark.due_at > cutoff):
        return NOTHING
    until = max(cutoff, mark.until or cutoff)
    who = session.get_one(Person, distributor_id)
    versions = _versions(session, until)
    rules = _rules(versions)
    own = _own_sales(session, who, rules)

    flagged = _standing(session, mark, who, own, until) if orders and _of_people(rules) else ()
    for id_ in flagged:
        marks.due(session, id_, cutoff)
    found = _decided(session, who, versions, rules, own, until)
    amount, changed = _book(session, who, found.outcomes, run_id=run_id, now=now)

    _clear(session, orders, until)
    mark.due_at, mark.until, mark.progress = None, until, found.progress
    session.flush()
    return Result(amount, changed, flagged)


def _hold(session: Session, distributor_id: int) -> None:
    """Who suspends him or gives him an inviter locks his row before his mark; so does this."""
    query = select(Person.id).where(Person.id == distributor_id)
    session.execute(query.with_for_update(read=True, key_share=True))


def _own_sales(session: Session, who: Person, rules: dict[str, list[MilestoneRule | None]]) -> list[Recorded]:
    return history.sales_of(session, [who.id]) if rules else []


def _clear(session: Session, orders: Sequence[Order], until: datetime) -> None:
    """The marks of these orders wait for what is still to come, if anything is."""
    ids = [order.id for order in orders]
    later: dict[int, datetime] = {}
    for order in orders:
        if order.settles_at is not None and order.settles_at > until:
            later[order.id] = order.settles_at
    coming = select(Refund.order_id, Refund.at).where(Refund.order_id.in_(ids), Refund.at > until)
    for order_id, at in session.execute(coming):
        later[order_id] = min(at, later.get(order_id, at))
    for order in orders:
        order.milestones_due_at = later.get(order.id)
    session.flush()


# ---------------------------------------------------------------------------------------------------------------
# The rules of all versions


def _versions(session: Session, until: datetime) -> list[tuple[PlanVersion, LoadedPlan]]:
    """Every version that has come into force, in the order in which they did; of two at once the later published."""
    query = select(PlanVersion).where(PlanVersion.starts_at <= until).order_by(PlanVersion.starts_at, PlanVersion.id)
    return [(row, plan.load(session, row.id, row.digest)) for row in session.scalars(query)]


def _rules(versions: Iterable[tuple[PlanVersion, LoadedPlan]]) -> dict[str, list[MilestoneRule | None]]:
    """By id, what each version makes of it."""
    plans = [loaded.plan for _, loaded in versions]
    ids = dict.fromkeys(rule.id for plan_ in plans for rule in plan_.rules if isinstance(rule, MilestoneRule))
    found: dict[str, list[MilestoneRule | None]] = {}
    for id_ in ids:
        named = [next((rule for rule in plan_.rules if rule.id == id_), None) for plan_ in plans]
        found[id_] = [rule if isinstance(rule, MilestoneRule) else None for rule in named]
    return found


def _of_people(rules: dict[str, list[MilestoneRule | None]]) -> bool:
    return any(rule.count.of_people for forms in rules.values() for rule in forms if rule)


def _place(versions: Sequence[tuple[PlanVersion, LoadedPlan]], recorded: dict[int, Recorded], change: Change) -> int:
    """Under which version a change is: an order's own, for a joining the one in force then."""
    if change.sale is not None:
        version_id = recorded[id(change.sale)].plan_version_id
        return next((place for place, (row, _) in enumerate(versions) if row.id == version_id), 0)
    return max([place for place, (row, _) in enumerate(versions) if row.starts_at <= change.at], default=0)


# ---------------------------------------------------------------------------------------------------------------
# Where he stands as a recruit


def _standing(
    session: Session, mark: MilestoneMark, who: Person, own: Sequence[Recorded], until: datetime
) -> tuple[int, ...]:
    """Note when he came to count for his inviter and what his first sale was worth; who is to look, if that changed."""
    if who.inviter_id is None:
        return ()
    standing = _digest(who, own, until)
    if standing == mark.standing:
        return ()
    mark.standing = standing
    return tuple(marks.above(session, who))


def _digest(who: Person, own: Sequence[Recorded], until: datetime) -> str:
    """Of every moment at which he came to count or ceased to, and of the course of his first settled sale."""
    me = Distributor(who.code, upline="")
    seen = History(terms=Terms(), people={who.code: me}, sales=tuple(one.sale for one in own))
    recruit = Invited("sold", EVERYTHING, seen)
    flips: list[Any] = []
    counted = False
    for change in seen.changes(until):
        if change.sale is None or not change.sale.counts:
            continue
        recruit.take(change)
        if recruit.counts(who.code) != counted:
            counted = not counted
            flips.append([change.at.isoformat(), change.what, change.sale.no])
    first = recruit.standing[who.code].first
    if not flips or first is None:
        return ""
    course = [[at.isoformat(), first.part(EVERYTHING, at).net.fen] for at, _ in first.course if at <= until]
    return hashlib.sha256(json.dumps([flips, first.paid_at.isoformat(), course]).encode()).hexdigest()


# ---------------------------------------------------------------------------------------------------------------
# Deciding and booking


@dataclass(slots=True)
class _Found:
    """What every rule gives him by what is known now, why others do not, and how far he is in each."""

    outcomes: list[Outcome] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)


def _book(
    session: Session, who: Person, outcomes: Sequence[Outcome], *, run_id: int | None, now: datetime
) -> tuple[Money, bool]:
    """Make what stands what has been worked out; the money that was booked, and whether anything was given or taken."""
    query = select(Bonus).where(Bonus.distributor_id == who.id, Bonus.as_ == "milestone").with_for_update()
    rows = {place_of(row): row for row in session.scalars(query.execution_options(populate_existing=True))}
    known = {outcome.place for outcome in outcomes}
    voids = [void(row) for place, row in sorted(rows.items()) if place not in known and row.state != "void"]
    amount, changed = ZERO, False
    for outcome in (*outcomes, *voids):
        found = rows.get(outcome.place)
        before = found.changes if found is not None else 0
        row, difference = put(session, who.id, found, outcome, run_id=run_id, now=now)
        amount, changed = amount + difference, changed or row.changes > before
    return amount, changed


def _decided(
    session: Session,
    who: Person,
    versions: Sequence[tuple[PlanVersion, LoadedPlan]],
    rules: dict[str, list[MilestoneRule | None]],
    own: Sequence[Recorded],
    until: datetime,
) -> _Found:
    found = _Found()
    for facts, ids in _facts_of(session, who, rules, own):
        place = partial(_place, versions, facts.recorded)
        for id_ in ids:
            forms = [
                Version(row.starts_at, loaded.plan.terms, rule)
                for (row, loaded), rule in zip(versions, rules[id_], strict=True)
            ]
            walk = Walk(forms, facts.history, place, only=who.code)
            found.outcomes += [_outcome(decided, facts) for decided in walk.decisions(until)]
            if (now := forms[-1].rule) is not None:
                label = facts.history.label(now.count.window, until)
                found.progress.append({"rule": id_, "window": label, "count": walk.value(now, (who.code, label))})
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    history: History
    recorded: dict[int, Recorded]  # by the identity of their sales


def _facts_of(
    session: Session, who: Person, rules: dict[str, list[MilestoneRule | None]], own: Sequence[Recorded]
) -> Iterator[tuple[_Facts, list[str]]]:
    """For each kind of count the facts that it needs, loaded once, and the rules that have it."""
    needs: dict[str, list[str]] = {}
    for id_, forms in rules.items():
        counts = {rule.count.of for rule in forms if rule}
        need = "chain" if "chain" in counts else "recruits" if "recruits" in counts else "own"
        needs.setdefault(need, []).append(id_)
    for need, ids in needs.items():
        below = _below(session, [who.id], {"own": 0, "recruits": 1, "chain": 2}[need])
        sales = list(own)
        if need != "own":
            sales += history.sales_of(session, below)
            sales.sort(key=lambda one: (one.sale.paid_at, one.sale.order.seller or "", one.sale.no))
        people = history.people(session, [who.id, *below])
        yield _Facts(_history(people.values(), sales), {id(one.sale): one for one in sales}), ids


def _history(people: Iterable[Distributor], sales: Iterable[Recorded]) -> History:
    """Terms are those of each version: the walk has them."""
    return History(terms=Terms(), people={one.code: one for one in people}, sales=tuple(one.sale for one in sales))


def _below(session: Session, ids: Collection[int], levels: int) -> list[int]:
    found: list[int] = []
    for _ in range(levels):
        ids = [
            id_
            for chunk in chunks(ids)
            for id_ in session.scalars(select(Person.id).where(Person.inviter_id.in_(chunk)))
        ]
        found += ids
    return found


def _outcome(decided: Decided, facts: _Facts) -> Outcome:
    sale, rule = decided.change.sale, decided.rule
    common: dict[str, Any] = {
        "rule": rule.id,
        "as_": "milestone",
        "window": decided.key[1] or "",
        "n": decided.n,
        "order_id": facts.recorded[id(sale)].order_id if sale is not None else None,
        "at": decided.change.at,
    }
    if decided.reason is not None:
        told = {"kind": rule.kind, "title": rule.title, "order": sale.no if sale else None}
        return Outcome(**common, state="skipped", reason=decided.reason, facts=told)
    award = rule.award(decided)
    return Outcome(
        **common,
        state=award.state,
        amount=award.amount,
        full=Money(award.facts["full_fen"]),
        base=award.base,
        rate_bp=award.rate_bp,
        reward=award.reward,
        facts=award.facts,
    )
