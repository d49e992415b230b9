"""compliance.md §8: what holds for every plan. FULL=1 tries as many as the contract says; everyday runs some dozens."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from domain import compliance as rules
from domain.compliance import SEVERITIES, Context, check, outcome_of, parse_context
from domain.compliance.shapes import binary, chain, star
from domain.compliance.stage import joined
from domain.errors import DomainError
from domain.evaluation import END_OF_TIME, evaluate
from domain.money import Money
from domain.plan import Plan, Product, parse
from domain.scenario import Scenario
from models.plan import PlanVersion
from services import compliance, plan
from services.vault import Vault
from tests.compliance import generated
from tests.support import plans
from tests.support.databases import Database
from tests.support.shop import FERNET, START

PRESETS = Path(__file__).parents[2] / "assets" / "plans"
FULL = os.environ.get("FULL") == "1"
Doc = dict[str, Any]


def tries(full: int, everyday: int) -> range:
    return range(full if FULL else everyday)


def case(seed: int) -> tuple[Doc, Doc]:
    dice = random.Random(seed)
    return generated.plan(dice), generated.context(dice)


def read(document: Doc, context: Doc) -> tuple[Plan, Context]:
    return parse(json.dumps(document)), parse_context(json.dumps(context))


# ---------------------------------------------------------------------------------------------------------------
# 1. Paying to get in, or being paid for people: nobody publishes it, with whatever records


def costs_something(document: Doc, context: Doc) -> bool:
    """Whether some right cannot be had for nothing; the contract's words, computed without the check."""
    free = [{"pay": "none"}]

    def is_free(routes: list[Doc], right: str) -> bool:
        return any(
            right in route.get("gives", ["promote", "recruit", "earn"])
            and (route["pay"] == "none" or (route["pay"] != "first_order" and route["amount"] == "0.00"))
            for route in routes
        )

    ways = [(context.get("join", free), right) for right in ("promote", "recruit", "earn")]
    if document["terms"]["members_only"]:
        ways.append((context.get("members", free), "earn"))
    return not all(is_free(routes, right) for routes, right in ways)


def pays_for_people(document: Plan) -> bool:
    """Whether anybody gets anything where people join and nobody sells; by the engine, in trees of the test's own."""
    people = joined({"star": star(110), "binary": binary(7), "chain": chain(40)})
    names = {sku for rule in document.rules for sku in rule.scope.skus}
    categories = {name for rule in document.rules for name in rule.scope.categories}
    catalogue = {sku: Product(sku, "x", Money(0)) for sku in names}
    catalogue |= {name: Product(name, name, Money(0)) for name in categories}
    awards = evaluate(document, Scenario(people, catalogue, ()), END_OF_TIME).awards
    return any(award.amount or "title" not in (award.reward or {}) for award in awards)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_must_pay_to_get_in_or_is_paid_for_people_is_never_published(database: Database) -> None:
    vault = Vault([FERNET], "a secret key of the tests")
    hit = 0
    for seed in tries(10_000, 30):
        document, context = case(seed)
        read_plan, read_context = read(document, context)
        if not (costs_something(document, context) or pays_for_people(read_plan)):
            continue
        hit += 1
        with database.sessions.reading() as session:  # nothing is kept: one case does not help another
            findings = compliance.check(read_plan, read_context)
            if rules.of_severity(findings, "OVERRIDE"):
                with pytest.raises(DomainError):  # no record is made for a plan that is blocked
                    plans.allow(session, vault, json.dumps(document), findings, now=START)
            with pytest.raises(compliance.NotPublishable) as refused:
                compliance.gate(session, read_plan, read_context, ticks=set(rules.RULES), now=START)
            assert refused.value.code == "plan.blocked", (seed, document, context)
            assert {"EF-1", "EF-2", "HC-1"} & set(refused.value.rule_ids), (seed, document, context)
            session.rollback()
    assert hit >= (2500 if FULL else 5), "the generator must make what is forbidden"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_same_through_publish_itself(database: Database) -> None:
    """And what is clean goes through with its ticks and records, so that the gate is no wall."""
    vault = Vault([FERNET], "a secret key of the tests")
    published = refused = 0
    for seed in tries(300, 12):
        document, context = case(seed)
        for rule in document["rules"]:
            rule.pop("scope", None)  # no catalogue here
        text, read_context = json.dumps(document), parse_context(json.dumps(context))
        blocked = outcome_of(check(parse(text), read_context)) == "BLOCK"
        with database.sessions.reading() as session:
            if blocked:
                with pytest.raises(compliance.NotPublishable):
                    plans.publish(session, vault, text, starts_at=START, now=START, context=read_context)
                refused += 1
            else:
                row = plans.publish(session, vault, text, starts_at=START, now=START, context=read_context)
                assert session.get(PlanVersion, row.id) is not None
                published += 1
            session.rollback()
    assert published
    assert refused


def test_publish_has_no_parameter_that_goes_around_the_check() -> None:
    allowed = {"session", "source", "starts_at", "operator", "ticks", "context", "now"}
    names = plan.publish.__code__.co_varnames[
        : plan.publish.__code__.co_argcount + plan.publish.__code__.co_kwonlyargcount
    ]
    assert set(names) == allowed


# ---------------------------------------------------------------------------------------------------------------
# 3. What does not change the meaning never lowers the severity


def rank(document: Doc, context: Doc) -> int:
    """0 BLOCK … 4 PASS."""
    return [*SEVERITIES, "PASS"].index(outcome_of(check(*read(document, context))))  # type: ignore[arg-type]


def renamed(document: Doc, dice: random.Random) -> Doc:
    """Other names for ranks and rules."""
    text = json.dumps(document)
    for old, new in (('"a":', '"zz9":'), ('"b":', '"x7":'), ('"id": "a"', '"id": "zz9"'), ('"id": "b"', '"id": "x7"')):
        text = text.replace(old, new)
    return json.loads(text.replace('"title": "', '"title": "新').replace('{"title": "新之星"}', '{"title": "之星"}'))


def reordered(document: Doc, dice: random.Random) -> Doc:
    """Rules other than commission compete with nobody, nor do the rows of a rule."""
    changed = deepcopy(document)
    commission = [rule for rule in changed["rules"] if rule["kind"] == "commission"]
    others = [rule for rule in changed["rules"] if rule["kind"] != "commission"]
    dice.shuffle(others)
    for rule in commission:
        dice.shuffle(rule["pay"])
    changed["rules"] = [*others, *commission]
    return changed


def split(document: Doc, dice: random.Random) -> Doc:
    """A row of 10 % becomes rows of 4 % and 6 %, a reward of 10.00 two of 5.00."""
    changed = deepcopy(document)
    found: list[Doc] = []
    for rule in changed["rules"]:
        if rule["kind"] == "commission":
            rows: list[Doc] = []
            for row in rule["pay"]:
                rows += list(_halves(row, "rate"))
            rule["pay"] = rows
        cash = rule.get("reward", {}).get("cash")
        if cash is not None and Money.of_yuan(cash).fen > 1:
            first = Money(Money.of_yuan(cash).fen // 2)
            rest = Money.of_yuan(cash) - first
            found.append(rule | {"reward": {"cash": first.yuan}})
            found.append(rule | {"id": f"{rule['id']}-2", "reward": {"cash": rest.yuan}})
        else:
            found.append(rule)
    return changed | {"rules": found}


def _halves(row: Doc, key: str) -> Iterator[Doc]:
    rate = row.get(key)
    if not isinstance(rate, str) or int(rate.rstrip("%")) < 2:
        yield row
        return
    whole = int(rate.rstrip("%"))
    yield row | {key: f"{whole // 2}%"}
    yield row | {key: f"{whole - whole // 2}%"}


def dearer(document: Doc, dice: random.Random) -> Doc:
    """Every amount of yuan ten times as high: prices, rewards and thresholds."""

    def times(value: Any) -> Any:
        if isinstance(value, dict):
            return {_yuan(key): times(item) for key, item in value.items()}
        if isinstance(value, list):
            return [times(item) for item in value]
        return _yuan(value) if isinstance(value, str) else value

    return times(document)


def _yuan(value: str) -> str:
    try:
        return (Money.of_yuan(value) * 10).yuan
    except ValueError:
        return value


@pytest.mark.parametrize("change", [renamed, reordered, split, dearer], ids=lambda change: change.__name__)
def test_what_changes_no_meaning_never_lowers_the_severity(change: Any) -> None:
    for seed in tries(500, 5):
        document, context = case(seed + 50_000)
        before = rank(document, context)
        other = change(document, random.Random(seed))
        changed_context = dearer(context, random.Random(0)) if change is dearer else context
        assert rank(other, changed_context) <= before, (seed, document, other, context)


# ---------------------------------------------------------------------------------------------------------------
# 6. The same for the same


def test_the_findings_of_a_plan_are_the_same_to_the_byte() -> None:
    for seed in tries(300, 5):
        document, context = case(seed + 90_000)
        once, again = (json.dumps([it.data() for it in check(*read(document, context))]) for _ in range(2))
        assert once == again
        shuffled = dict(sorted(context.items(), reverse=True))
        assert json.dumps([it.data() for it in check(*read(document, shuffled))]) == once


# ---------------------------------------------------------------------------------------------------------------
# 5. The work of a check is bounded


MANY_CONDITIONS = """
name: 多条件
levels:
  - {id: a, title: 一级}
  - {id: b, title: 二级, when: {of: recruits, at_least: 3}}
  - {id: c, title: 三级, when: {of: recruits, at_least: 3000}}
rules:
  - id: x
    kind: commission
    title: 佣金
    pay:
      - {to: seller, rate: {by: role, table: {leader: 1%}}}
      - {to: upline-1, rate: {by: level, table: {a: 1%, b: 2%, c: 3%}}}
      - {to: upline-2, rate: {by: orders, steps: {1: 1%, 5: 2%, 10: 3%, 50: 4%, 100: 5%, 500: 6%, 1000: 7%}}}
      - {to: upline-40, rate: 1%, if: {of: team_size, at_least: 9000}}
  - {id: m1, kind: milestone, title: 奖励, count: {of: recruits}, every: 1, reward: {cash: "1.00"}}
  - {id: m2, kind: milestone, title: 奖励, count: {of: orders}, at: [1, 50, 100, 100000], reward: {cash: "1.00"}}
  - {id: t, kind: team, title: 团队, window: day, depth: 99, steps: {"1.00": 1%}}
"""


@pytest.mark.parametrize("source", ["fruit-shop", "hybrid", "coding-course", MANY_CONDITIONS])
def test_the_work_of_a_check_is_bounded(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders and people that the engine sees; at some ten thousand of each a check takes well under a second."""
    seen = {"orders": 0, "people": 0}

    def counting(document: Plan, scenario: Scenario, as_of: Any) -> Any:
        seen["orders"] += len(scenario.orders)
        seen["people"] += len(scenario.distributors)
        return evaluate(document, scenario, as_of)

    monkeypatch.setattr("domain.compliance.stage.evaluate", counting)
    check(parse(source if "\n" in source else (PRESETS / f"{source}.yaml").read_text(encoding="utf-8")))
    assert 0 < seen["orders"] < 12_000
    assert seen["people"] < 24_000
