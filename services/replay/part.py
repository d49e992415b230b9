"""One part of a replay: facts go in by payment, the engine decides in the order of what happened, sums come out.

Commission needs no more than the sale at hand where the plan counts nothing; where it counts, the tallies of
domain.results, and those sales to which something is still to happen. Milestones, teams and rankings look at a whole
history: for these the sales are kept.

Counts run over earlier orders too; only what the orders of the span earn is summed up, as plans.md says of a milestone
(decided under the version of the order that reaches it). Teams and rankings are computed over the orders of the span.
"""

from __future__ import annotations

import gc
import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count as numbers

from domain.commission import Decision, decide
from domain.evaluation import END_OF_TIME
from domain.history import Happening, History, Sale
from domain.outcome import Award
from domain.plan import MilestoneRule, Plan, RankingRule, TaskRule
from domain.results import Running, windows_of
from services.replay.facts import OrderFacts, People, SaleMaker, Span
from services.replay.sums import Sums


def replayed(plan: Plan, people: People, span: Span, chunks: Iterable[list[OrderFacts]]) -> Sums:
    """The sums of the orders that come, by payment, in `chunks`."""
    sums, start, kept = Sums(), span.start, []
    maker = SaleMaker(plan, people)
    keeping = any(not isinstance(rule, TaskRule) for rule in plan.bonuses)

    def sales() -> Iterator[Sale]:
        for chunk in chunks:
            for facts in chunk:
                sale = maker.sale(facts)
                if keeping:
                    kept.append(sale)
                yield sale

    with _uncollected():
        for sale, decision in _decided(plan, people, sales()):
            if sale.paid_at >= start:
                sums.sale(sale)
                sums.commission(sale, decision)
        if keeping:
            _bonuses(plan, people, kept, span, sums)
    return sums


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: values have none, and going over all of them again and again doubles the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


# Commission


def _decided(plan: Plan, people: People, sales: Iterator[Sale]) -> Iterator[tuple[Sale, Decision]]:
    """Each sale with what its payment decided, with the counts as they were then."""
    windows = windows_of(plan)
    if not windows:
        for sale in sales:
            yield sale, decide(plan, sale.order, sale.chain)
        return
    results = Running(History(plan.terms, people.distributors(), ()), windows)
    for at, what, sale in _in_order(sales):
        if what == Happening.REFUND:
            results.refunded(sale, at)
        elif what == Happening.SETTLEMENT:
            results.settles(sale, at)
        else:
            with results.paying(sale):
                yield sale, decide(plan, sale.order, sale.chain, results)


def _in_order(sales: Iterator[Sale]) -> Iterator[tuple[datetime, int, Sale]]:
    """Refunds, settlements and payments in plans.md's order, of sales that come by payment.

    What happens to a sale happens at its payment or later, so whatever is before the next payment is complete: only
    sales to which something is still to happen are held.
    """
    serial = numbers()
    waiting: list[tuple[datetime, int, str, str, int, Sale]] = []
    for sale in sales:
        seller, no, paid_at = sale.order.seller or "", sale.no, sale.paid_at
        while waiting and waiting[0][0] < paid_at:
            at, what, *_, due = heapq.heappop(waiting)
            yield at, what, due
        heapq.heappush(waiting, (paid_at, Happening.PAYMENT, seller, no, next(serial), sale))
        for at, _ in sale.course[1:]:
            heapq.heappush(waiting, (at, Happening.REFUND, seller, no, next(serial), sale))
        if sale.settles_at is not None:
            heapq.heappush(waiting, (sale.settles_at, Happening.SETTLEMENT, seller, no, next(serial), sale))
    while waiting:
        at, what, *_, due = heapq.heappop(waiting)
        yield at, what, due


# Milestones, teams, rankings


def _bonuses(plan: Plan, people: People, kept: list[Sale], span: Span, sums: Sums) -> None:
    """What the orders and joinings of the span earned, or what was computed over its orders."""
    everything = within = History(plan.terms, people.distributors(), tuple(kept))
    if kept and kept[0].paid_at < span.start:
        within = History(plan.terms, everything.people, tuple(sale for sale in kept if sale.paid_at >= span.start))
    orders = {sale.no for sale in within.sales}
    for rule in plan.bonuses:
        if isinstance(rule, RankingRule):  # everybody's, not only this part's people, are ranked
            for period, at, sales in within.closed(rule.window, END_OF_TIME):
                sums.places[rule.id, period.label] = at, rule.places(sales, at)
            continue
        for award in rule.outcomes(everything if isinstance(rule, MilestoneRule) else within, END_OF_TIME):
            if isinstance(award, Award) and _is_within(award, everything, orders, span):
                full = award.facts["full_fen"] if award.as_ == "milestone" else award.amount.fen
                lost = award.state == "reversed"
                sums.bonus(award.rule, award.as_, award.to, full, award.amount.fen, award.reward, lost=lost)


def _is_within(award: Award, history: History, orders: set[str], span: Span) -> bool:
    """Whether it is the span's: a milestone is that of the order, or the joining, that reached it."""
    if award.order is not None:
        return award.order in orders
    if award.as_ != "milestone":
        return True
    joined_at = history.people[award.facts["joined"]].joined_at
    return joined_at is not None and span.holds(joined_at)


def ranked(plan: Plan, people: People, sums: Sums) -> None:
    """Give the prizes, once the values of all parts are together."""
    rules = {rule.id: rule for rule in plan.bonuses if isinstance(rule, RankingRule)}
    history = History(plan.terms, people.distributors() if rules else {}, ())
    for (rule_id, _), (at, places) in sorted(sums.places.items(), key=lambda item: item[0]):
        rule = rules[rule_id]
        for place, prize in zip(rule.ranked(places), rule.prizes, strict=False):
            amount, reward = prize.amount().fen, prize.in_kind
            if history.may_not_earn(place.code, at) is None and (amount or reward is not None):
                sums.bonus(rule_id, "ranking", place.code, amount, amount, reward, lost=False)
