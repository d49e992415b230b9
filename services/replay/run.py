"""The run: sales go by in the order in which things happened, the engine decides, and only sums are kept.

Commission needs no more than the sale at hand where the plan counts nothing; where it counts, the tallies of
domain.results, and those sales to which something is still to happen. Milestones, teams and rankings look at a whole
history: for these the sales are kept, some 1.5 kB each.

Counts run over earlier orders too, so these are read where the plan asks for them: only what the orders of the span
earn is summed up, as plans.md says of a milestone (decided under the version of the order that reaches it). Teams and
rankings are computed over the orders of the span.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count as numbers

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger

from domain.commission import Decision, amounts, decide, line_state
from domain.evaluation import END_OF_TIME
from domain.history import BEGINNING, Change, Happening, History, Sale
from domain.money import ZERO, Money
from domain.outcome import Award
from domain.periods import Window, period_of
from domain.plan import Bonus, MilestoneRule, Plan, RankingRule, TaskRule, TeamRule, check_against, digest
from domain.results import Running, windows_of
from models.base import table_of
from models.commission import Award as AwardRow
from models.distributor import Distributor
from services import plan as plans
from services.replay import facts
from services.replay.facts import SEPARATOR, People, Span
from services.replay.found import Capped, Compared, InKind, Orders, Person, Replay, RuleCost, SeatCost, Sum

MOST = 10  # people who are named on each side
SHOWN = 20  # capped orders that are named
EVERY = 1_000  # orders between two tellings of progress

Progress = Callable[[int, int], None]  # orders done, orders in all


def replay(session: Session, plan: Plan, span: Span, *, progress: Progress = lambda done, of: None) -> Replay:
    """Evaluate `plan` on the orders paid in `span`. The session must be fresh; nothing is written.

    Raises NothingToReplay; PlanRefused where the plan names what nobody sells.
    """
    facts.snapshot(session)
    check_against(plan, plans.catalogue(session))
    since = _needed_since(plan, span)
    found = facts.count(session, span, since)
    people = People(session)
    sums = _Sums(plan, span)
    kept: list[Sale] = []
    bonuses = [rule for rule in plan.bonuses if not isinstance(rule, TaskRule)]

    def stream() -> Iterator[Sale]:
        total = found.before + found.within
        for done, sale in enumerate(facts.sales(session, plan, people, since, span.end), start=1):
            if bonuses:
                kept.append(sale)
            yield sale
            if done % EVERY == 0 or done == total:
                progress(done, total)

    for sale, decision in _decided(plan, people, stream()):
        if span.holds(sale.paid_at):
            sums.sale(sale)
            sums.commission(sale, decision)
    for rule in bonuses:
        for award in _bonus(plan, rule, people, kept, span):
            sums.bonus(award)
    return sums.result(session, earlier=found.before)


def _needed_since(plan: Plan, span: Span) -> datetime:
    """The earliest payment that the counts at the span's beginning ask for."""
    windows: set[Window] = set(windows_of(plan))
    for rule in plan.bonuses:
        if isinstance(rule, MilestoneRule):  # whom somebody invited counts from his very first sale
            windows.add("lifetime" if rule.count.of_people else rule.count.window)
    starts = [period_of(window, span.start) for window in windows]
    return min((BEGINNING if period is None else period.start for period in starts), default=span.start)


# ---------------------------------------------------------------------------------------------------------------
# Commission


def _decided(plan: Plan, people: People, sales: Iterator[Sale]) -> Iterator[tuple[Sale, Decision]]:
    """Each sale with what its payment decided, with the counts as they were then."""
    windows = windows_of(plan)
    if not windows:
        for sale in sales:
            yield sale, decide(plan, sale.order, sale.chain)
        return
    results = Running(History(plan.terms, people.distributors(), ()), windows)
    for change in _in_order(sales):
        sale_ = change.sale
        assert sale_ is not None  # noqa: S101 - joinings are no changes here
        if change.what is Happening.REFUND:
            results.refunded(sale_, change.at)
        elif change.what is Happening.SETTLEMENT:
            results.settles(sale_, change.at)
        else:
            with results.paying(sale_):
                yield sale_, decide(plan, sale_.order, sale_.chain, results)


def _in_order(sales: Iterator[Sale]) -> Iterator[Change]:
    """Refunds, settlements and payments in plans.md's order, of sales that come by payment.

    What happens to a sale happens at its payment or later, so whatever is before the next payment is complete: only
    sales to which something is still to happen are held.
    """
    serial = numbers()
    waiting: list[tuple[tuple[datetime, int, str, str], int, Change]] = []
    for sale in sales:
        while waiting and waiting[0][2].at < sale.paid_at:
            yield heapq.heappop(waiting)[2]
        changes = [Change(sale.paid_at, Happening.PAYMENT, sale)]
        changes += [Change(at, Happening.REFUND, sale) for at, _ in sale.course[1:]]
        if sale.settles_at is not None:
            changes.append(Change(sale.settles_at, Happening.SETTLEMENT, sale))
        for change in changes:
            heapq.heappush(waiting, (change.order, next(serial), change))
    while waiting:
        yield heapq.heappop(waiting)[2]


# ---------------------------------------------------------------------------------------------------------------
# Milestones, teams, rankings


def _bonus(plan: Plan, rule: Bonus, people: People, kept: list[Sale], span: Span) -> Iterator[Award]:
    """The awards that the orders of the span earned, or that were computed over them."""
    of_people = isinstance(rule, MilestoneRule)
    within = kept if of_people else [sale for sale in kept if span.holds(sale.paid_at)]
    who = people.distributors()
    history = History(plan.terms, who, tuple(within))
    paid_at = {sale.no: sale.paid_at for sale in within} if of_people else {}
    for outcome in rule.outcomes(history, END_OF_TIME):
        if not isinstance(outcome, Award):
            continue
        if isinstance(rule, MilestoneRule):
            joined = who[outcome.facts["joined"]].joined_at if outcome.order is None else None
            at = paid_at[outcome.order] if outcome.order is not None else joined
            if at is None or not span.holds(at):
                continue
        yield outcome


# ---------------------------------------------------------------------------------------------------------------
# Sums


class _Sums:
    """Everything that is kept of the orders that went by."""

    def __init__(self, plan: Plan, span: Span) -> None:
        self._plan, self._span = plan, span
        self._orders, self._cost, self._capped = Orders(), Sum(), Capped()
        self._rules = {rule.id: Sum() for rule in plan.rules}
        self._seats: dict[str, Sum] = defaultdict(Sum)
        self._seated: dict[str, set[str]] = defaultdict(set)
        self._persons: Counter[str] = Counter()  # fen
        self._given: Counter[tuple[str, str]] = Counter()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._rewards: dict[tuple[str, str], dict[str, object]] = {}
        self._margin_cost = ZERO

    def sale(self, sale: Sale) -> None:
        orders = self._orders
        orders.count += 1
        paid = net = 0
        for state in sale.course[-1][1]:
            paid, net = paid + state.line.paid.fen, net + state.net.fen
            if state.line.unit_cost is None:
                orders.without_cost += state.net
            else:
                orders.margin += state.net - state.line.unit_cost * state.units
        orders.refunded += len(sale.course) > 1
        orders.paid += Money(paid)
        orders.net += Money(net)
        if sale.chain:
            orders.attributed += 1
            orders.attributed_net += Money(net)

    def commission(self, sale: Sale, decision: Decision) -> None:
        cut = ZERO
        touched = len(sale.course) > 1
        for place, line in enumerate(sale.order.lines):
            payable = decision.payable(line.no)
            if not payable:
                continue
            first = amounts(payable, line_state(line, ()), decision.max_share_bp)
            # A row that had nothing at payment may gain room later, so what counts as awarded is the most it ever was.
            courses = [amounts(payable, states[place], decision.max_share_bp) for _, states in sale.course[touched:]]
            for number, row in enumerate(first):
                cut += row.full - row.amount
                moments = [row.amount, *(course[number].amount for course in courses)] if touched else [row.amount]
                most, stands = max(moments), moments[-1]
                if most > ZERO:
                    self._money(row.terms.rule, row.terms.as_, row.terms.to or "", most, stands)
                    self._margin_cost += stands if line.unit_cost is not None else ZERO
        if cut > ZERO:
            self._capped.orders += 1
            self._capped.cut += cut
            if len(self._capped.first) < SHOWN:
                self._capped.first.append(sale.no.split(SEPARATOR)[0])

    def bonus(self, award: Award) -> None:
        if award.reward is not None:
            key = award.rule, str(sorted(award.reward.items()))
            self._rewards[key] = dict(award.reward)
            self._given[key] += 1
            self._taken[key] += award.state == "reversed"
        full = Money(award.facts["full_fen"]) if award.as_ == "milestone" else award.amount
        self._money(award.rule, award.as_, award.to, full, award.amount)
        self._margin_cost += award.amount

    def _money(self, rule: str, as_: str, to: str, awarded: Money, stands: Money) -> None:
        for total in (self._cost, self._rules[rule], self._seats[as_]):
            total.add(awarded, stands)
        self._seated[as_].add(to)
        self._persons[to] += stands.fen

    def result(self, session: Session, *, earlier: int) -> Replay:
        plan = self._plan
        return Replay(
            plan=plan.name,
            digest=digest(plan),
            span=self._span,
            orders=self._orders,
            cost=self._cost,
            margin_cost=self._margin_cost,
            rules=[
                RuleCost(rule.id, rule.title, rule.kind, self._rules[rule.id])
                for rule in plan.rules
                if not isinstance(rule, TaskRule)
            ],
            seats=[
                SeatCost(as_, len(self._seated[as_]), self._seats[as_]) for as_ in sorted(self._seats, key=_seat_order)
            ],
            capped=self._capped,
            in_kind=[self._in_kind(key) for key in sorted(self._given, key=self._rule_order)],
            compared=_compared(session, self._span, self._persons),
            earlier=earlier,
            partial=_partial(plan, self._span),
            tasks=[rule.title for rule in plan.rules if isinstance(rule, TaskRule)],
        )

    def _rule_order(self, key: tuple[str, str]) -> tuple[int, str]:
        return list(self._rules).index(key[0]), key[1]

    def _in_kind(self, key: tuple[str, str]) -> InKind:
        reward = self._rewards[key]
        worth = Money.of_yuan(str(reward["value"])) if "value" in reward else None
        kind = next(name for name in reward if name != "value")
        return InKind(kind, reward, self._given[key], self._taken[key], worth)


def _seat_order(as_: str) -> tuple[int, int]:
    """seller, upline-1, upline-2, …, milestone, team, ranking."""
    name, _, level = as_.partition("-")
    return ["seller", "upline", "milestone", "team", "ranking"].index(name), int(level or 0)


def _partial(plan: Plan, span: Span) -> list[str]:
    """The labels of the windows that begin before the span or end after it."""
    found = []
    for window in ("day", "week", "month"):
        if any(isinstance(rule, TeamRule | RankingRule) and rule.window == window for rule in plan.rules):
            for day in (span.first, span.last):
                period = period_of(window, Span(day, day).start)
                if period is not None and (period.start < span.start or period.end > span.end):
                    found.append(period.label)
    return list(dict.fromkeys(found))


# ---------------------------------------------------------------------------------------------------------------
# Beside what was really paid

_A, _D = table_of(AwardRow).c, table_of(Distributor).c


def _really_paid(session: Session, span: Span) -> Counter[int]:
    """Fen by distributor of everything that was booked for the orders of the span, as it stands.

    Each table of awards adds a row here; so far there is one.
    """
    paid: Counter[int] = Counter()
    for who, at, amount in ((_A.distributor_id, _A.paid_at, _A.amount),):
        fen = type_coerce(func.sum(amount), BigInteger)
        for id_, booked in session.execute(select(who, fen).where(at >= span.start, at < span.end).group_by(who)):
            paid[id_] += int(booked)
    return paid


def _compared(session: Session, span: Span, simulated: Counter[str]) -> Compared:
    """The ten who would win and the ten who would lose most; of equals the lower code first."""
    codes = {id_: code for id_, code in session.execute(select(_D.id, _D.code))}
    paid = {codes[id_]: fen for id_, fen in _really_paid(session, span).items()}
    difference = {code: simulated[code] - paid.get(code, 0) for code in simulated.keys() | paid.keys()}
    winners = sorted((code for code, fen in difference.items() if fen > 0), key=lambda code: (-difference[code], code))
    losers = sorted((code for code, fen in difference.items() if fen < 0), key=lambda code: (difference[code], code))
    named = [*winners[:MOST], *losers[:MOST]]
    names = {row.code: row.nickname for row in session.scalars(select(Distributor).where(Distributor.code.in_(named)))}

    def person(code: str) -> Person:
        return Person(code, names[code], Money(simulated[code]), Money(paid.get(code, 0)))

    return Compared(
        paid=Money(sum(paid.values())),
        winners_count=len(winners),
        losers_count=len(losers),
        winners=[person(code) for code in winners[:MOST]],
        losers=[person(code) for code in losers[:MOST]],
    )
