"""compliance.md §4 and the presets: which rules fire, exactly."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from domain.compliance import RULES, RULESET, check, outcome_of, parse_context
from domain.compliance.rules import FAMILIES, NOT_CHECKED, family
from domain.plan import parse

HERE = Path(__file__).parent
PRESETS = HERE.parents[1] / "assets" / "plans"
FIXTURES: list[dict[str, Any]] = tomllib.loads((HERE / "fixtures.toml").read_text(encoding="utf-8"))["fixture"]
EXPECTED: dict[str, list[str]] = tomllib.loads((HERE / "presets.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fixture", FIXTURES, ids=[fixture["row"] for fixture in FIXTURES])
def test_exactly_these_rules_fire(fixture: dict[str, Any]) -> None:
    findings = check(parse(fixture["plan"]), parse_context(fixture.get("context", "coupons: {}")))
    assert sorted(it.rule_id for it in findings) == sorted(fixture["finds"] + fixture.get("also", []))
    for finding in findings:
        assert finding.ruleset_version == RULESET
        assert finding.title_zh
        assert finding.reason_zh
        assert finding.remedy_zh
        assert finding.sources
        assert finding.evidence.said


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_every_preset_has_its_expected_result(preset: str) -> None:
    findings = check(parse((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8")))
    assert [it.rule_id for it in findings] == EXPECTED[preset]


def test_the_demo_merchants_plan_passes_with_warnings_at_most() -> None:
    assert outcome_of(check(parse((PRESETS / "fruit.yaml").read_text(encoding="utf-8")))) == "WARN"


def test_a_rule_either_is_checked_or_says_that_it_is_not() -> None:
    assert not RULES.keys() & set(NOT_CHECKED)
    assert {family(rule_id) for rule_id in (*RULES, *NOT_CHECKED)} == FAMILIES.keys()
