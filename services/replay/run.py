"""The whole of a replay: read, sum up in one process or two, put beside what was really paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from domain.history import BEGINNING
from domain.money import Money
from domain.periods import Window, period_of
from domain.plan import MilestoneRule, Plan, RankingRule, TaskRule, TeamRule, canonical, check_against, digest
from domain.results import windows_of
from services import plan as plans
from services.replay import load
from services.replay.facts import OrderFacts, People, Span
from services.replay.found import Capped, Compared, InKind, Orders, Person, Replay, RuleCost, SeatCost, Sum
from services.replay.half import Half
from services.replay.part import ranked, replayed
from services.replay.sums import Sums

MOST = 10  # people who are named on each side
ALONE = 20_000  # so many orders are done before a second process would have started

Progress = Callable[[int, int], None]  # orders done, orders in all


def replay(
    session: Session,
    plan: Plan,
    span: Span,
    *,
    progress: Progress = lambda done, of: None,
    alone: int = ALONE,
) -> Replay:
    """Evaluate `plan` on the orders paid in `span`. The session must be fresh; nothing is written.

    Raises NothingToReplay; PlanRefused where the plan names what nobody sells.
    """
    load.snapshot(session)
    check_against(plan, plans.catalogue(session))
    since = _needed_since(plan, span)
    before, within = load.count(session, span, since)
    people = load.people(session)

    def chunks() -> Iterator[list[OrderFacts]]:
        done = 0
        for chunk in load.orders(session, since, span.end):
            yield chunk
            progress(done := done + len(chunk), before + within)

    if before + within <= alone:
        sums = replayed(plan, people, span, chunks())
    else:
        sums = _in_two(plan, people, span, chunks())
    ranked(plan, people, sums)
    paid = {people.code(id_): fen for id_, fen in load.really_paid(session, span).items()}
    return _result(session, plan, span, sums, paid, earlier=before)


def _needed_since(plan: Plan, span: Span) -> datetime:
    """The earliest payment that the counts at the span's beginning ask for."""
    windows: set[Window] = set(windows_of(plan))
    for rule in plan.bonuses:
        if isinstance(rule, MilestoneRule):  # whom somebody invited counts from his very first sale
            windows.add("lifetime" if rule.count.of_people else rule.count.window)
    starts = [period_of(window, span.start) for window in windows]
    return min((BEGINNING if period is None else period.start for period in starts), default=span.start)


def _in_two(plan: Plan, people: People, span: Span, chunks: Iterator[list[OrderFacts]]) -> Sums:
    """The other process gets its orders first, so that it works while this one does."""
    mine, theirs = people.halves()
    with Half(canonical(plan), theirs, span) as half:

        def mine_of() -> Iterator[list[OrderFacts]]:
            for chunk in chunks:
                if other := [facts for facts in chunk if facts.seller in theirs]:
                    half.send(other)
                yield [facts for facts in chunk if facts.seller not in theirs]

        return replayed(plan, People(mine), span, mine_of()) + half.sums()


# The result


def _result(session: Session, plan: Plan, span: Span, sums: Sums, paid: dict[str, int], *, earlier: int) -> Replay:
    orders = sums.orders
    return Replay(
        plan=plan.name,
        digest=digest(plan),
        span=span,
        orders=Orders(
            count=orders["count"],
            attributed=orders["attributed"],
            refunded=orders["refunded"],
            paid=Money(orders["paid"]),
            net=Money(orders["net"]),
            attributed_net=Money(orders["attributed_net"]),
            margin=Money(orders["margin"]),
            without_cost=Money(orders["without_cost"]),
        ),
        cost=_sum(sums),
        margin_cost=Money(sums.margin_cost),
        rules=[
            RuleCost(rule.id, rule.title, rule.kind, _sum(sums, rule=rule.id))
            for rule in plan.rules
            if not isinstance(rule, TaskRule)
        ],
        seats=[
            SeatCost(as_, len(people), _sum(sums, as_=as_))
            for as_, people in sorted(_seated(sums).items(), key=lambda item: _seat_order(item[0]))
        ],
        capped=Capped(orders["capped"], Money(sums.cut), tuple(no for _, no in sums.capped)),
        in_kind=_in_kind(plan, sums),
        compared=_compared(session, sums.persons, paid),
        earlier=earlier,
        partial=_partial(plan, span),
        tasks=[rule.title for rule in plan.rules if isinstance(rule, TaskRule)],
    )


def _sum(sums: Sums, *, rule: str | None = None, as_: str | None = None) -> Sum:
    found = [cost for (of_rule, seat), cost in sums.costs.items() if rule in (None, of_rule) and as_ in (None, seat)]
    awarded, stands = sum(cost.awarded for cost in found), sum(cost.stands for cost in found)
    return Sum(sum(cost.awards for cost in found), Money(awarded), Money(stands))


def _seated(sums: Sums) -> dict[str, set[str]]:
    """Who earns in each seat."""
    found: dict[str, set[str]] = {}
    for (_, as_), cost in sums.costs.items():
        found[as_] = found.get(as_, set()) | cost.people
    return found


def _seat_order(as_: str) -> tuple[int, int]:
    """seller, upline-1, upline-2, …, milestone, team, ranking."""
    name, _, level = as_.partition("-")
    return ["seller", "upline", "milestone", "team", "ranking"].index(name), int(level or 0)


def _in_kind(plan: Plan, sums: Sums) -> list[InKind]:
    """In the order of the rules; of one rule's, in that of its prizes as far as they differ in value, then by name."""
    places = {rule.id: number for number, rule in enumerate(plan.rules)}
    found = []
    for key in sorted(sums.given, key=lambda key: (places[key[0]], str(key[1]))):
        reward = dict(key[1])
        worth = Money.of_yuan(reward["value"]) if "value" in reward else None
        kind = next(name for name in reward if name != "value")
        found.append(InKind(kind, reward, sums.given[key], sums.taken[key], worth))
    return found


def _partial(plan: Plan, span: Span) -> list[str]:
    """The labels of the windows that begin before the span or end after it."""
    found: list[str] = []
    for rule in plan.rules:
        if isinstance(rule, TeamRule | RankingRule):
            for day in (span.first, span.last):
                period = period_of(rule.window, Span(day, day).start)
                if period is not None and (period.start < span.start or period.end > span.end):
                    found.append(period.label)
    return sorted(set(found))


def _compared(session: Session, simulated: Counter[str], paid: dict[str, int]) -> Compared:
    """The ten who would win and the ten who would lose most; of equals the lower code first."""
    difference = {code: simulated[code] - paid.get(code, 0) for code in simulated.keys() | paid.keys()}
    winners = sorted((code for code, fen in difference.items() if fen > 0), key=lambda code: (-difference[code], code))
    losers = sorted((code for code, fen in difference.items() if fen < 0), key=lambda code: (difference[code], code))
    names = load.nicknames(session, [*winners[:MOST], *losers[:MOST]])

    def person(code: str) -> Person:
        return Person(code, names[code], Money(simulated[code]), Money(paid.get(code, 0)))

    return Compared(
        paid=Money(sum(paid.values())),
        winners_count=len(winners),
        losers_count=len(losers),
        winners=[person(code) for code in winners[:MOST]],
        losers=[person(code) for code in losers[:MOST]],
    )
