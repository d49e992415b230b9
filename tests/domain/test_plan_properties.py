"""What holds for every plan of every kind and every scenario, tried on random ones, and against counts made by hand.

The counts made by hand (`Facts`) know nothing of the engine's: they look at the whole scenario at one moment.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.document import parse_instant
from domain.evaluation import END_OF_TIME, Evaluation, evaluate
from domain.explanation import amount_of
from domain.money import ZERO, Money
from domain.periods import Window, period_of
from domain.plan import MilestoneRule, RankingRule, TeamRule, canonical, digest, parse
from domain.scenario import parse_scenario
from domain.why import why
from tests.domain.stories import known_by

HOURS = [f"2026-03-{day:02d}T{hour:02d}:00:00+08:00" for day in range(1, 20) for hour in (0, 12)]
PEOPLE = (("A", None), ("B", "A"), ("C", "A"), ("D", "B"), ("E", "C"))
CODES = [code for code, _ in PEOPLE]
SKUS = ("APPLE", "TEA")
HOLD_DAYS = 2

whole_tries = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
counts = st.sampled_from(["orders", "units", "sales", "buyers", "recruits", "team_size"])
windows = st.sampled_from(["lifetime", "day", "week", "month"])
scopes = st.sampled_from([{}, {"skus": ["TEA"]}, {"categories": ["水果"]}])


def threshold(of: str, number: int) -> Any:
    return Money(number * 700).yuan if of == "sales" else number


@st.composite
def rates(draw: st.DrawFn) -> Any:
    """A plain rate, or one by level, by role or in steps."""
    kind = draw(st.sampled_from(["plain", "level", "role", "steps", "steps"]))
    if kind == "plain":
        return f"{draw(st.integers(0, 40))}%"
    if kind == "level":
        return {"by": "level", "table": {"bronze": "3%", "silver": "7%"}} | draw(st.sampled_from([{}, {"else": "1%"}]))
    if kind == "role":
        return {"by": "role", "table": {"leader": "9%", "creator": "5%"}} | draw(st.sampled_from([{}, {"else": "1%"}]))
    of = draw(counts)
    steps = {str(threshold(of, number)): f"{number * 5}%" for number in (1, 2, 4)}
    return {"by": of, "window": draw(windows), "steps": steps}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(counts)
    return {"of": of, "window": draw(windows), "at_least": threshold(of, draw(st.integers(0, 3)))}


@st.composite
def milestones(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(st.sampled_from(["orders", "buyers", "units", "sales", "recruits", "chain"]))
    count: dict[str, Any] = {"of": of}
    if of in ("recruits", "chain"):
        count["qualify"] = draw(st.sampled_from(["sold", "joined"]))
    else:
        count["scope"] = draw(scopes)
    if of != "chain":
        count["window"] = draw(st.sampled_from(["lifetime", "month", "week"]))
    when = draw(st.sampled_from([{"every": threshold(of, 1)}, {"at": [threshold(of, n) for n in (1, 3)]}]))
    limit = draw(st.sampled_from([{}, {}, {"limit": 1}]))
    rewards = [{"cash": "3.00"}, {"percent": "7%"}, {"coupon": "X"}, {"gift": "g", "value": "1.00"}]
    return {"id": "m", "kind": "milestone", "count": count, **when, **limit, "reward": draw(st.sampled_from(rewards))}


@st.composite
def teams(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": "t",
        "kind": "team",
        "scope": draw(scopes),
        "window": draw(st.sampled_from(["day", "week", "month"])),
        "depth": draw(st.integers(1, 3)),
        "own": draw(st.booleans()),
        "steps": {"7.00": "10%", "21.00": "15%"},
        "differential": draw(st.booleans()),
    }


@st.composite
def rankings(draw: st.DrawFn) -> dict[str, Any]:
    by = draw(st.sampled_from(["sales", "orders", "units"]))
    least = draw(st.sampled_from([{}, {"at_least": threshold(by, 2)}]))
    return {
        "id": "r",
        "kind": "ranking",
        "scope": draw(scopes),
        "window": draw(st.sampled_from(["day", "week", "month"])),
        "by": by,
        "prizes": [{"cash": "9.00"}, {"points": 5}, {"cash": "1.00"}],
        **least,
    }


@st.composite
def commissions(draw: st.DrawFn) -> dict[str, Any]:
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        row: dict[str, Any] = {"to": draw(st.sampled_from(["seller", "upline-1", "upline-2"])), "rate": draw(rates())}
        if draw(st.booleans()):
            row["if"] = draw(conditions())
        rows.append(row)
    return {"id": "c", "kind": "commission", "pay": rows}


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    rules = [draw(kind()) for kind in (commissions, milestones, teams, rankings)]
    return {
        "name": "x",
        "terms": {
            "hold_days": HOLD_DAYS,
            "max_share": draw(st.sampled_from(["12%", "100%"])),
            "own_orders": draw(st.sampled_from(["none", "seller", "upline"])),
            "members_only": draw(st.sampled_from([False, False, True])),
        },
        "levels": [
            {"id": "bronze", "title": "初级"},
            {"id": "silver", "title": "中级", "when": draw(conditions())},
        ],
        "rules": [rule | {"title": "奖励"} for rule in rules],
    }


@st.composite
def orders(draw: st.DrawFn, no: str) -> dict[str, Any]:
    paid = draw(st.integers(0, 11)) * 2
    lines, refunds = [], []
    for number in range(draw(st.integers(1, 2))):
        money, units = draw(st.sampled_from([700, 700, 1400, 333, 0])), draw(st.integers(1, 3))
        lines.append({"sku": draw(st.sampled_from(SKUS)), "qty": units, "paid": Money(money).yuan})
        if draw(st.sampled_from([True, False, False])):
            back = draw(st.sampled_from([money, money // 2]))
            at = HOURS[min(paid + draw(st.integers(0, 9)), len(HOURS) - 1)]
            refunds.append({"at": at, "line": number, "qty": draw(st.integers(0, units)), "amount": Money(back).yuan})
    return {
        "no": no,
        "seller": draw(st.sampled_from([*CODES, *CODES, None])),
        "buyer": draw(st.sampled_from(["x", "y", "z"])),
        "buyer_distributor": draw(st.sampled_from([None] * 15 + CODES)),
        "paid_at": HOURS[paid],
        "completed_at": draw(st.sampled_from([HOURS[paid], HOURS[paid], HOURS[paid + 3], None])),
        "lines": lines,
        "refunds": refunds,
    }


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    people = [
        {
            "code": code,
            "upline": upline,
            "member": draw(st.sampled_from([True, True, False])),
            "role": draw(st.sampled_from(["member", "leader", "creator"])),
            "joined_at": draw(st.sampled_from([None, "2026-02-01", "2026-02-26T12:00:00+08:00"])),
            "suspended": draw(st.sampled_from([[], [], [], [[HOURS[4], HOURS[16]]], [["2026-03-05", None]]])),
        }
        for code, upline in PEOPLE
    ]
    products = [{"sku": "APPLE", "category": "水果"}, {"sku": "TEA", "category": "茶"}]
    count = draw(st.integers(4, 12))
    return {"distributors": people, "products": products, "orders": [draw(orders(f"O{i}")) for i in range(count)]}


as_ofs = st.sampled_from([None, None, *HOURS[::5]])


def evaluated(plan: dict[str, Any], scenario: dict[str, Any], as_of: str | None = None) -> Evaluation:
    moment = END_OF_TIME if as_of is None else parse_instant(as_of)
    return evaluate(parse(json.dumps(plan)), parse_scenario(json.dumps(scenario)), moment)


# ---------------------------------------------------------------------------------------------------------------
# For every kind


@given(plans(), scenarios(), as_ofs)
@whole_tries
def test_the_facts_alone_give_the_fen_and_the_sentence(
    plan: dict[str, Any], scenario: dict[str, Any], as_of: str | None
) -> None:
    for award in evaluated(plan, scenario, as_of).awards:
        stored = json.loads(json.dumps(award.facts))
        assert amount_of(stored) == award.amount == Money(stored["amount_fen"]) >= ZERO
        sentence = why(stored)
        assert "{" not in sentence
        assert f"{award.amount.spoken} 元" in sentence or award.reward or award.state == "reversed"


@given(plans(), scenarios(), as_ofs, st.randoms(use_true_random=False))
@whole_tries
def test_the_order_of_the_arrays_means_nothing(
    plan: dict[str, Any], scenario: dict[str, Any], as_of: str | None, order: random.Random
) -> None:
    before = evaluated(plan, scenario, as_of).data()
    assert evaluated(plan, scenario, as_of).data() == before
    shuffled = {key: order.sample(values, len(values)) for key, values in scenario.items()}
    for item in shuffled["orders"]:
        item["refunds"] = order.sample(item["refunds"], len(item["refunds"]))
    assert evaluated(plan, shuffled, as_of).data() == before


@given(plans(), scenarios())
@whole_tries
def test_what_is_known_later_changes_nothing_that_was_told_before(
    plan: dict[str, Any], scenario: dict[str, Any]
) -> None:
    as_of = HOURS[14]
    assert evaluated(plan, known_by(scenario, as_of), as_of).data() == evaluated(plan, scenario, as_of).data()


@given(plans())
@whole_tries
def test_reading_the_canonical_form_gives_the_same_plan(plan: dict[str, Any]) -> None:
    read = parse(json.dumps(plan))
    assert parse(canonical(read)) == read
    assert digest(parse(canonical(read))) == digest(read)


@given(plans(), scenarios(), as_ofs)
@whole_tries
def test_the_awards_of_a_rule_do_not_depend_on_the_other_kinds(
    plan: dict[str, Any], scenario: dict[str, Any], as_of: str | None
) -> None:
    apart = [evaluated(plan | {"rules": [rule]}, scenario, as_of).data() for rule in plan["rules"]]
    together = evaluated(plan, scenario, as_of).data()
    for key in ("awards", "skips"):
        assert [item for part in apart for item in part[key]] == together[key]


# ---------------------------------------------------------------------------------------------------------------
# Counts made by hand


class Facts:
    """A scenario at one moment, looked at as a whole."""

    def __init__(self, plan: dict[str, Any], scenario: dict[str, Any], at: datetime) -> None:
        self.terms, self.at = plan["terms"], at
        self.people = {person["code"]: person for person in scenario["distributors"]}
        self.orders = [
            order
            for order in scenario["orders"]
            if order["seller"] is not None
            and not (order["buyer_distributor"] == order["seller"] and self.terms["own_orders"] != "seller")
        ]

    def part(self, order: dict[str, Any], at: datetime, scope: dict[str, Any]) -> tuple[int, int]:
        """(net in fen, units) of the lines in scope with a net."""
        fen = units = 0
        for number, line in enumerate(order["lines"]):
            back = [r for r in order["refunds"] if r["line"] == number and parse_instant(r["at"]) <= at]
            net = Money.of_yuan(line["paid"]).fen - sum(Money.of_yuan(r["amount"]).fen for r in back)
            fruit = "APPLE" in line["sku"]
            if net and (not scope or (fruit if "categories" in scope else not fruit)):
                fen, units = fen + net, units + line["qty"] - sum(r["qty"] for r in back)
        return fen, units

    def settled_at(self, order: dict[str, Any]) -> datetime | None:
        """Nets decide; an order of free lines only counts nowhere, so that when it settles does not matter here."""
        if order["completed_at"] is None:
            return None
        due = parse_instant(order["completed_at"]) + timedelta(hours=24 * HOLD_DAYS)
        return due if due <= self.at and self.settles(order, due) else None

    def settles(self, order: dict[str, Any], due: datetime) -> bool:
        if self.part(order, due, {})[0]:
            return True
        for number, line in enumerate(order["lines"]):
            back = [r["qty"] for r in order["refunds"] if r["line"] == number and parse_instant(r["at"]) <= due]
            if line["paid"] == "0.00" and line["qty"] > sum(back):
                return True
        return False

    def own(self, code: str, label: str | None, window: Window, scope: dict[str, Any]) -> dict[str, int]:
        """The counts of somebody's settled orders that were paid in a window."""
        parts = [
            (order["buyer"], *self.part(order, self.at, scope))
            for order in self.orders
            if order["seller"] == code
            and self.settled_at(order) is not None
            and label_of(window, parse_instant(order["paid_at"])) == label
        ]
        having = [(buyer, fen, units) for buyer, fen, units in parts if fen]
        return {
            "orders": len(having),
            "buyers": len({buyer for buyer, _, _ in having}),
            "units": sum(units for *_, units in having),
            "sales": sum(fen for _, fen, _ in having),
        }

    def may_earn(self, code: str) -> bool:
        return not self.suspended(code) and (self.people[code]["member"] or not self.terms["members_only"])

    def suspended(self, code: str) -> bool:
        return any(
            parse_instant(start) <= self.at and (end is None or self.at < parse_instant(end))
            for start, end in self.people[code]["suspended"]
        )

    def counts_as_recruit(self, code: str, qualify: str) -> bool:
        if qualify == "joined":
            joined = self.people[code]["joined_at"]
            return joined is None or parse_instant(joined) <= self.at
        return any(
            order["seller"] == code and self.settled_at(order) is not None and self.part(order, self.at, {})[0]
            for order in self.orders
        )


def label_of(window: Window, at: datetime) -> str | None:
    period = period_of(window, at)
    return period.label if period else None


@given(milestones(), plans(), scenarios(), st.sampled_from(HOURS[4::3]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_stands_of_a_milestone_is_what_the_net_facts_reach(
    rule: dict[str, Any], plan: dict[str, Any], scenario: dict[str, Any], as_of: str
) -> None:
    """After any falling back the thresholds that stand are those that present nets reach; none is decided twice."""
    at = parse_instant(as_of)
    plan = plan | {"rules": [rule | {"title": "奖励", "reward": {"coupon": "X"}}]}
    read = parse(json.dumps(plan)).rules[0]
    assert isinstance(read, MilestoneRule)
    of, window, found = read.count.of, read.count.window, evaluated(plan, scenario, as_of)
    facts = Facts(plan, scenario, at)
    labels = {
        None if window == "lifetime" else label for label in ends_of("week" if window == "week" else "month", scenario)
    }
    for code, label in ((code, label) for code in CODES for label in sorted(labels, key=str)):
        mine = [award for award in found.awards if (award.to, award.window) == (code, label)]
        numbers = [award.n for award in mine]
        assert len(set(numbers)) == len(numbers)
        standing = {award.n for award in mine if award.state == "available"}
        if of in ("recruits", "chain"):
            recruits = [who for who, upline in PEOPLE if upline == code]
            counting = [who for who in recruits if facts.counts_as_recruit(who, read.count.qualify)]
            if of == "chain":
                both = len(recruits) == 2 == len(counting)
                value = int(both and all(grown(who, facts, read) for who in recruits))
            elif window == "lifetime":
                value = len(counting)
            else:
                continue  # the window of a recruit is that of his first settled sale: told by an example each
        else:
            value = facts.own(code, label, window, rule["count"].get("scope", {}))[of]
        skipped = any(skip.to == code and skip.window == label for skip in found.skips)
        reached = set(range(1, read.reached(value) + 1))
        assert standing == reached or (skipped and standing <= reached)


def grown(who: str, facts: Facts, rule: MilestoneRule) -> bool:
    return any(upline == who and facts.counts_as_recruit(code, rule.count.qualify) for code, upline in PEOPLE)


def ends_of(window: Window, scenario: dict[str, Any]) -> dict[str, datetime]:
    """The windows in which something was paid, with the moment of computing."""
    periods = [period_of(window, parse_instant(order["paid_at"])) for order in scenario["orders"]]
    return {period.label: period.end + timedelta(hours=24 * HOLD_DAYS) for period in periods if period}


@given(teams(), plans(), scenarios())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_team_bonus_is_its_share_of_what_the_team_sold(
    rule: dict[str, Any], plan: dict[str, Any], scenario: dict[str, Any]
) -> None:
    plan = plan | {"rules": [rule | {"title": "奖励"}]}
    read = parse(json.dumps(plan)).rules[0]
    assert isinstance(read, TeamRule)
    expected = {}
    for label, moment in ends_of(read.window, scenario).items():
        facts = Facts(plan, scenario, moment)
        full = {}
        for code in CODES:
            sold = sum(
                facts.part(order, moment, rule["scope"])[0]
                for order in facts.orders
                if order["seller"] in team_of(code, read)
                and label_of(read.window, parse_instant(order["paid_at"])) == label
                and not (plan["terms"]["own_orders"] != "seller" and order["buyer_distributor"] == code)
            )
            rate = 1500 if sold >= 2100 else 1000 if sold >= 700 else 0
            if facts.may_earn(code):
                full[code] = sold * rate // 10000
        for code, bonus in full.items():
            below = sum(full.get(who, 0) for who, upline in PEOPLE if upline == code) if read.differential else 0
            if bonus > below:
                expected[label, code] = bonus - below
    assert {(a.window, a.to): a.amount.fen for a in evaluated(plan, scenario).awards} == expected


def team_of(code: str, rule: TeamRule) -> set[str]:
    layers = [{code}]
    for _ in range(rule.depth):
        layers.append({who for who, upline in PEOPLE if upline in layers[-1]})
    return set().union(*layers[1 - rule.own :])


@given(rankings(), plans(), scenarios())
@whole_tries
def test_ranks_fall_by_value_then_by_time_then_by_code(
    rule: dict[str, Any], plan: dict[str, Any], scenario: dict[str, Any]
) -> None:
    plan = plan | {"rules": [rule | {"title": "奖励"}]}
    read = parse(json.dumps(plan)).rules[0]
    assert isinstance(read, RankingRule)
    expected = {}
    for label, moment in ends_of(read.window, scenario).items():
        facts = Facts(plan, scenario, moment)
        values: dict[str, tuple[int, datetime]] = {}
        for order in facts.orders:
            paid_at = parse_instant(order["paid_at"])
            fen, units = facts.part(order, moment, rule["scope"])
            value = {"sales": fen, "orders": int(fen > 0), "units": units}[read.by]
            if label_of(read.window, paid_at) == label and value:
                before = values.get(order["seller"], (0, paid_at))
                values[order["seller"]] = before[0] + value, max(before[1], paid_at)
        able = {code: value for code, value in values.items() if value[0] >= (read.at_least or 0)}
        ranked = sorted(able, key=lambda code: (-able[code][0], able[code][1], code))
        expected |= {(label, n): code for n, code in enumerate(ranked[:3], 1) if facts.may_earn(code)}
    assert {(award.window, award.n): award.to for award in evaluated(plan, scenario).awards} == expected


@given(plans(), scenarios())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_decided_by_the_counts_at_payment(plan: dict[str, Any], scenario: dict[str, Any]) -> None:
    plan = plan | {"rules": [rule for rule in plan["rules"] if rule["kind"] == "commission"]}
    found = evaluated(plan, scenario)
    expected = Counter(
        (order["no"], number, row["to"], verdict)
        for order in scenario["orders"]
        for number, line in enumerate(order["lines"])
        if order["seller"] is not None and line["paid"] != "0.00"
        for row in plan["rules"][0]["pay"]
        for verdict in [AtPayment(plan, scenario, order).verdict(row)]
    )
    skips = Counter((s.order, s.line, s.as_, s.reason) for s in found.skips if s.reason != "capped")
    awards = Counter((a.order, a.line, a.as_, a.rate_bp) for a in found.awards)
    assert skips == Counter({key: times for key, times in expected.items() if isinstance(key[-1], str)})
    assert awards <= expected  # what never was above 0 is no award


class AtPayment(Facts):
    """The counts in the moment in which one order is paid."""

    def __init__(self, plan: dict[str, Any], scenario: dict[str, Any], order: dict[str, Any]) -> None:
        super().__init__(plan, scenario, parse_instant(order["paid_at"]))
        self.plan, self.order = plan, order

    def verdict(self, row: dict[str, Any]) -> int | str:
        """The basis points that the payee has, or the first reason for which he has none."""
        chain: list[str] = [self.order["seller"]]
        while (upline := self.people[chain[-1]]["upline"]) is not None:
            chain.append(upline)
        place = 0 if row["to"] == "seller" else int(row["to"][-1])
        if place >= len(chain):
            return "no_upline"
        code, buyer, own = chain[place], self.order["buyer_distributor"], self.terms["own_orders"]
        if self.suspended(code):
            return "suspended"
        if self.terms["members_only"] and not self.people[code]["member"]:
            return "not_member"
        if own != "seller" and buyer is not None and (buyer == code or (buyer == chain[0] and own == "none")):
            return "own_order"
        if "if" in row and not self.meets(row["if"], code):
            return "condition"
        return self.rate(row["rate"], code)

    def rate(self, rate: Any, code: str) -> int | str:
        if isinstance(rate, str):
            return int(rate[:-1]) * 100
        if "table" in rate:
            held = [
                level["id"] for level in self.plan["levels"] if "when" not in level or self.meets(level["when"], code)
            ]
            name = held[-1] if rate["by"] == "level" else self.people[code]["role"]
            entry = rate["table"].get(name, rate.get("else"))
            return "condition" if entry is None else int(entry[:-1]) * 100
        paid = rate["by"] in ("orders", "units", "sales")
        value = self.paid(rate, code) if paid else self.settled(rate["by"], rate["window"], code)
        reached = [entry for key, entry in rate["steps"].items() if self.number(rate["by"], key) <= value]
        return int(reached[-1][:-1]) * 100 if reached else "below_first_step"

    def meets(self, condition: dict[str, Any], code: str) -> bool:
        of = condition["of"]
        return self.settled(of, condition["window"], code) >= self.number(of, condition["at_least"])

    def number(self, of: str, value: Any) -> int:
        return Money.of_yuan(value).fen if of == "sales" else int(value)

    def settled(self, of: str, window: Window, code: str) -> int:
        label = label_of(window, self.at)
        if of not in ("recruits", "team_size"):
            return self.own(code, label, window, {})[of]
        layers = [{code}]
        for _ in range(2 if of == "team_size" else 1):
            layers.append({who for who, upline in PEOPLE if upline in layers[-1]})
        team = set().union(*layers[1:])
        return sum(not self.suspended(who) and self.joined_in(who, window, label) for who in team)

    def joined_in(self, code: str, window: Window, label: str | None) -> bool:
        joined = self.people[code]["joined_at"]
        return window == "lifetime" or (joined is not None and label_of(window, parse_instant(joined)) == label)

    def paid(self, rate: dict[str, Any], code: str) -> int:
        """Of orders paid until then, the evaluated one included; of one instant those with the lower number."""
        until = (self.at, self.order["seller"], self.order["no"])
        label, window = label_of(rate["window"], self.at), rate["window"]
        parts = [
            self.part(order, self.at, {})
            for order in self.orders
            for paid_at in [parse_instant(order["paid_at"])]
            if order["seller"] == code and (paid_at, code, order["no"]) <= until and label_of(window, paid_at) == label
        ]
        having = [(fen, units) for fen, units in parts if fen]
        totals = {"orders": len(having), "units": sum(u for _, u in having), "sales": sum(fen for fen, _ in having)}
        return totals[rate["by"]]
