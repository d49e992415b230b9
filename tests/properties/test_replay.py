"""A replay gives what `evaluate` gives over the same facts, in one part or in two, whatever plan was really in force.

The history is carried out on a real database under a plan of its own; then a draft of every kind of rule is replayed.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from domain.evaluation import END_OF_TIME, evaluate
from domain.outcome import Award
from domain.periods import shanghai_date
from domain.plan import Plan, parse
from domain.scenario import parse_scenario
from services.replay import load
from services.replay.facts import People, Span
from services.replay.part import ranked, replayed
from services.replay.run import replay
from services.replay.sums import Sums
from tests.properties import worlds
from tests.properties.live import Live
from tests.properties.test_live_path import hurry
from tests.properties.worlds import History, histories, plans

FULL = os.environ.get("FULL") == "1"
EXAMPLES = {"sqlite": (25, 2000), "postgresql": (4, 200), "mariadb": (4, 200)}
EVER = Span(date(2026, 1, 1), date(2027, 1, 1))

RULES = {
    "commission": """
  - {id: pear, kind: commission, title: 梨, scope: {skus: [PEAR]}, base: profit, pay: [{to: upline-1, rate: 30%}]}
  - id: all
    kind: commission
    title: 全部
    pay:
      - {to: seller, rate: 9%}
      - {to: upline-1, amount: "0.30", per: unit}
      - {to: upline-2, rate: 8%}
""",
    "counted": """
  - id: counted
    kind: commission
    title: 阶梯
    pay:
      - {to: seller, rate: {by: level, table: {one: 5%, two: 9%}}}
      - {to: seller, rate: {by: sales, window: week, steps: {"0.50": 1%, "2.00": 2%}}}
      - {to: upline-1, rate: 4%, if: {of: orders, window: month, at_least: 1}}
      - {to: upline-2, amount: {by: units, steps: {1: "0.05", 3: "0.10"}}}
""",
    "milestones": """
  - {id: first, kind: milestone, title: 首单, count: {of: orders}, at: [1, 3], reward: {percent: 20%}}
  - {id: coupon, kind: milestone, title: 券, count: {of: buyers, window: week}, every: 2, reward: {coupon: C}}
  - {id: gift, kind: milestone, title: 礼, count: {of: units}, every: 3, reward: {gift: G, value: "1.00"}}
  - {id: recruits, kind: milestone, title: 带新, count: {of: recruits}, every: 1, reward: {cash: "0.50"}}
  - {id: joined, kind: milestone, title: 加入, count: {of: recruits, qualify: joined}, every: 1, reward: {points: 5}}
  - {id: chain, kind: milestone, title: 链动, count: {of: chain}, every: 1, reward: {percent: 10%}}
""",
    "windows": """
  - {id: team, kind: team, title: 团队, window: week, depth: 2, steps: {"0.50": 2%, "3.00": 4%}, differential: true}
  - {id: rank, kind: ranking, title: 榜, window: week, by: sales, prizes: [{cash: "1.00"}, {title: 二}, {cash: "0.10"}]}
""",
}
HEAD = """
name: 草案
terms: {own_orders: %s, max_share: %s, hold_days: %s, members_only: %s}
levels: [{id: one, title: 一}, {id: two, title: 二, when: {of: orders, at_least: 2}}]
rules:
"""


@st.composite
def drafts(draw: st.DrawFn) -> str:
    terms = tuple(
        draw(st.sampled_from(values))
        for values in (["none", "seller", "upline"], ["5%", "15%", "60%"], ["0", "2"], ["false", "true"])
    )
    chosen = draw(st.lists(st.sampled_from(sorted(RULES)), min_size=1, unique=True))
    return HEAD % terms + "".join(RULES[name] for name in chosen)


@pytest.mark.parametrize("backend", EXAMPLES)
def test_a_replay_of_everything_is_evaluate_over_the_same_facts(services: Any, backend: str) -> None:
    engine = services.database(backend)

    @settings(
        max_examples=EXAMPLES[backend][FULL],
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(plans(), histories(), drafts())
    def check(plan: str, history: History, draft: str) -> None:
        people = tuple(replace(person, binds_at=None) for person in history.people)  # a scenario knows one chain
        with engine.fresh() as database:
            event.listen(database.engine, "connect", hurry)
            live = Live(database.sessions, plan, replace(history, people=people))
            live.run()
            compare(live, parse(draft))

    check()


def compare(live: Live, draft: Plan) -> None:
    expected = expectation(live, draft)
    with live.sessions.reading() as session:
        load.snapshot(session)
        people = load.people(session)
        orders = list(load.orders(session, EVER.start, EVER.end))
    whole = replayed(draft, people, EVER, orders)
    ranked(draft, people, whole)
    assert told(whole) == expected

    mine, theirs = people.halves()
    halves = [
        replayed(draft, People(part), EVER, [[it for it in chunk if (it.seller in theirs) == (part is theirs)]])
        for chunk in [[facts for chunk in orders for facts in chunk]]
        for part in (mine, theirs)
    ]
    both = halves[0] + halves[1]
    ranked(draft, people, both)
    assert told(both) == expected
    assert both.orders == whole.orders
    assert (both.cut, both.capped, both.margin_cost) == (whole.cut, whole.capped, whole.margin_cost)


def expectation(live: Live, draft: Plan) -> tuple[Any, ...]:
    found = evaluate(draft, parse_scenario(json.dumps(live.scenario())), END_OF_TIME)
    costs: Counter[tuple[str, str]] = Counter()
    persons: Counter[str] = Counter()
    for award in found.awards:
        costs[award.rule, award.as_] += award.amount.fen
        persons[award.to] += award.amount.fen
    awards = Counter((award.rule, award.as_) for award in found.awards)
    given = Counter((it.rule, tuple(it.reward.items())) for it in found.awards if it.reward is not None)
    taken = Counter((it.rule, tuple(it.reward.items())) for it in found.awards if it.reward and _is_gone(it))
    return +costs, +persons, awards, given, taken


def _is_gone(award: Award) -> bool:
    return award.state == "reversed"


def told(sums: Sums) -> tuple[Any, ...]:
    stands = Counter({place: cost.stands for place, cost in sums.costs.items()})
    awards = Counter({place: cost.awards for place, cost in sums.costs.items()})
    return +stands, +sums.persons, awards, sums.given, sums.taken


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_day_earns_what_it_adds_to_the_days_before(database: Any) -> None:
    """Counts run over earlier orders too; what these earned belongs to their own days."""
    draft = parse(HEAD % ("none", "60%", "0", "false") + RULES["counted"] + RULES["milestones"])

    history = _busy()
    live = Live(database.sessions, "name: x\nrules: []\n", history)
    live.run()
    days = sorted({shanghai_date(worlds.at(order.paid_at)) for order in history.orders})
    assert len(days) > 3
    with database.sessions.reading() as session:
        whole = replay(session, draft, Span(days[0], days[-1]))
    parts = []
    for day in days:
        with database.sessions.reading() as session:
            parts.append(replay(session, draft, Span(day, day)))
    assert whole.cost.stands.fen == sum(part.cost.stands.fen for part in parts) > 0
    assert [row.sum.stands.fen for row in whole.rules] == [
        sum(part.rules[place].sum.stands.fen for part in parts) for place in range(len(whole.rules))
    ]


def _busy() -> History:
    """Two people and their inviter, each with orders on several days."""
    people = (worlds.Person(0), worlds.Person(1, inviter=0), worlds.Person(1, inviter=0), worlds.Person(2, inviter=1))
    orders = []
    for number in range(24):
        paid_at = 10 + number * 13
        orders.append(
            worlds.Order(
                no=f"O{number}",
                seller=number % 4,
                buyer=None,
                paid_at=paid_at,
                completed_at=paid_at + 2,
                lines=(worlds.Line("APPLE", 1 + number % 3, 100 + 37 * number),),
                refunds=(),
            )
        )
    deliveries = [
        worlds.Delivery(order.completed_at or 0, "order", place, form="whole") for place, order in enumerate(orders)
    ]
    return worlds.History(people, tuple(orders), tuple(deliveries))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_processes_give_what_one_gives(database: Any) -> None:
    live = Live(database.sessions, "name: x\nrules: []\n", _busy())
    live.run()
    draft = parse(HEAD % ("none", "15%", "0", "false") + "".join(RULES.values()))
    found = []
    for alone in (1_000_000, 0):
        with database.sessions.reading() as session:
            found.append(replay(session, draft, EVER, alone=alone).data())
    assert found[0] == found[1]
    assert found[0]["cost"]["amount_fen"] > 0
