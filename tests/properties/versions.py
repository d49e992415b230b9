"""Several versions of a plan with rules of every kind, restless histories, and what the pure functions make of them.

`evaluate` takes one plan. Here each order is decided under the version in force when it was paid, a milestone walks
over all versions (domain.milestones), and a window of team or ranking follows the version in force when it began: what
plans.md §3 says of versions, over the facts of the scenario and without a database.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from hypothesis import strategies as st

from domain import evaluation
from domain.commission import decide
from domain.history import BEGINNING, Happening, Sale
from domain.history import History as Facts
from domain.milestones import Version, Walk
from domain.outcome import Award, Skip
from domain.periods import period_of
from domain.plan import MilestoneRule, Plan, RankingRule, TeamRule, parse
from domain.results import Running, windows_of
from domain.scenario import Scenario, parse_scenario
from tests.properties import bonuses, restless
from tests.properties.bonuses import BEFORE, BonusLive, has_windows
from tests.properties.worlds import DAY, Delivery, History, at
from tests.support import plans as published


@dataclass(frozen=True)
class World:
    """The first plan is in force before everything; each other from a tick on."""

    plan: str
    later: tuple[tuple[int, str], ...]
    history: History


@st.composite
def worlds(draw: st.DrawFn, *, most_versions: int) -> World:
    """Restless; where a rule has windows no run misses a fact of its time: what it fixes is not touched later."""
    plan = draw(bonuses.plans())
    history = draw(restless.histories(orders=8, ahead=False))
    later = []
    for _ in range(draw(st.integers(min(1, most_versions - 1), most_versions - 1))):
        starts = draw(st.integers(restless.START - 2, restless.START + 3 * DAY))
        later.append((starts, draw(st.one_of(bonuses.plans(), st.just(plan)))))
    later.sort(key=lambda version: version[0])
    if any(has_windows(text) for text in (plan, *(text for _, text in later))):
        history = replace(history, deliveries=tuple(_without_early_runs(history)))
    return World(plan, tuple(later), history)


def _without_early_runs(history: History) -> Iterator[Delivery]:
    """Every delivery but runs before which something has happened that is told after them."""
    known: set[tuple[str, int, int]] = set()
    told = [(_happened(history, one), _fact(one)) for one in history.deliveries]
    for one in history.deliveries:
        if one.kind == "settle":
            cutoff = one.what if one.form == "as of" else one.tick
            if any(when is not None and when <= cutoff and fact not in known for when, fact in told):
                continue
        known.add(_fact(one))
        yield one


def _fact(one: Delivery) -> tuple[str, int, int]:
    kind = "completion" if one.form == "whole" else one.kind
    return kind, one.subject, one.what


def _happened(history: History, one: Delivery) -> int | None:
    """When what is told happened; None for what is no fact."""
    if one.kind in ("suspend", "resume", "join"):
        person = history.people[one.subject]
        moments = {"suspend": person.suspended_at, "resume": person.suspended_until, "join": person.joins_at}
        return moments[one.kind]
    if one.kind in ("order", "completion", "refund"):
        order = history.orders[one.subject]
        return {"order": order.paid_at, "completion": order.completed_at}.get(
            one.kind, order.refunds[one.what].at if one.kind == "refund" else None
        )
    return None


@dataclass
class VersionedLive(BonusLive):
    """The merchant who publishes all versions before the first day."""

    later: Sequence[tuple[int, str]] = field(default=())

    def _open(self) -> None:
        super()._open()
        with self.sessions.writing() as session:
            for tick, text in self.later:
                published.put_in_force(session, text, starts_at=at(tick))

    def evaluated(self) -> evaluation.Evaluation:
        scenario = parse_scenario(json.dumps(self.scenario()))
        versions = [(BEFORE, parse(self.plan)), *((at(tick), parse(text)) for tick, text in self.later)]
        return Evaluated(versions, scenario, at(self.history.as_of)).all()


@dataclass(frozen=True)
class _Seen(Facts):
    """The facts, in which an own purchase is one by the terms of the order's own version."""

    own_counts: frozenset[str] = frozenset()

    def bought(self, code: str, sale: Sale) -> bool:
        return sale.no not in self.own_counts and sale.order.buyer_distributor == code


class Evaluated:
    """Everything that the versions give by a moment. Versions come in the order of their starts."""

    def __init__(self, versions: Sequence[tuple[datetime, Plan]], scenario: Scenario, as_of: datetime) -> None:
        self.versions = [version for version in versions if version[0] <= as_of]
        self.scenario, self.as_of = scenario, as_of

    def all(self) -> evaluation.Evaluation:
        found = [*self._commission(), *self._milestones(), *self._windows()]
        return evaluation.Evaluation(
            tuple(one for one in found if isinstance(one, Award)), tuple(one for one in found if isinstance(one, Skip))
        )

    def plan_at(self, moment: datetime) -> Plan:
        place = bisect_right(self.versions, moment, key=lambda version: version[0]) - 1
        return self.versions[max(0, place)][1]

    @cached_property
    def plans(self) -> list[Plan]:
        return [plan for _, plan in self.versions]

    @cached_property
    def facts(self) -> Facts:
        sales = tuple(
            evaluation._sale(self.plan_at(order.paid.paid_at), self.scenario, order, 9)
            for order in self.scenario.orders
        )
        return Facts(self.plans[0].terms, self.scenario.distributors, sales)

    def _commission(self) -> Iterator[Award | Skip]:
        results = Running(self.facts, frozenset().union(*map(windows_of, self.plans)))
        for change in self.facts.changes(self.as_of):
            sale = change.sale
            if sale is None:
                continue
            if change.what is Happening.REFUND:
                results.refunded(sale, change.at)
            elif change.what is Happening.SETTLEMENT:
                results.settles(sale, change.at)
            else:
                with results.paying(sale):
                    decision = decide(self.plan_at(sale.paid_at), sale.order, sale.chain, results)
                    yield from evaluation._paid(sale, decision, self.as_of)

    def _milestones(self) -> Iterator[Award | Skip]:
        ids = {rule.id for plan in self.plans for rule in plan.rules if isinstance(rule, MilestoneRule)}
        for id_ in sorted(ids):
            forms = []
            for place, (starts_at, plan) in enumerate(self.versions):
                named = next((rule for rule in plan.rules if rule.id == id_), None)
                rule = named if isinstance(named, MilestoneRule) else None
                forms.append(Version(starts_at if place else BEGINNING, plan.terms, rule))
            for decided in Walk(forms, self.facts).decisions(self.as_of):
                yield decided.rule.award(decided) if decided.reason is None else decided.rule.skip(decided)

    def _windows(self) -> Iterator[Award | Skip]:
        own = frozenset(sale.no for sale in self.facts.sales if self.plan_at(sale.paid_at).terms.own_orders == "seller")
        for place, plan in enumerate(self.plans):
            seen = _Seen(plan.terms, self.facts.people, self.facts.sales, own_counts=own)
            for rule in plan.rules:
                if isinstance(rule, TeamRule | RankingRule):
                    for one in rule.outcomes(seen, self.as_of):
                        if self._follows(place, rule, one.window):
                            yield one

    def _follows(self, place: int, rule: TeamRule | RankingRule, label: str | None) -> bool:
        """Whether a window is this version's: in force at its start."""
        starts = {
            period.start
            for sale in self.facts.sales
            if (period := period_of(rule.window, sale.paid_at)) is not None and period.label == label
        }
        (start,) = starts
        return self.plan_at(start) is self.plans[place]
