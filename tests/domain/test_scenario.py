"""Scenario files: what cannot have happened is refused, naming the field."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.document import MAX_DEPTH
from domain.evaluation import evaluate_files
from domain.scenario import ScenarioRefused, parse_scenario

PLAN = "name: x\nrules:\n  - {id: a, kind: commission, title: 佣金, pay: [{to: seller, rate: 10%}]}\n"


def scenario() -> dict[str, Any]:
    """The one of plans.md §3, with the distributor it lacks."""
    return {
        "distributors": [
            {
                "code": "A",
                "upline": None,
                "role": "member",
                "member": True,
                "joined_at": "2026-01-01T00:00:00+08:00",
                "suspended": [["2026-02-01T00:00:00+08:00", None]],
            },
            {"code": "B", "upline": "A", "role": "leader", "member": False, "joined_at": "2026-01-02", "suspended": []},
        ],
        "products": [{"sku": "APPLE", "category": "水果", "price": "100.00", "cost": "60.00"}],
        "orders": [
            {
                "no": "O1",
                "seller": "B",
                "buyer": "cust-1",
                "buyer_distributor": None,
                "paid_at": "2026-03-01T10:00:00+08:00",
                "completed_at": "2026-03-03T10:00:00+08:00",
                "lines": [{"sku": "APPLE", "qty": 1, "paid": "100.00"}],
                "refunds": [{"at": "2026-03-04T10:00:00+08:00", "line": 0, "qty": 0, "amount": "20.00"}],
            }
        ],
    }


def refusal(data: object) -> list[str]:
    with pytest.raises(ScenarioRefused) as refused:
        parse_scenario(data if isinstance(data, str) else json.dumps(data))
    assert all(fault.zh and fault.en for fault in refused.value.faults)
    return [fault.key for fault in refused.value.faults]


def test_the_scenario_of_the_contract_is_read_and_evaluated() -> None:
    (award,) = evaluate_files(PLAN, json.dumps(scenario()), "2026-03-05T00:00:00+08:00")["awards"]
    assert (award["to"], award["amount_fen"], award["state"]) == ("B", 800, "pending")


def test_a_time_without_an_offset_is_shanghais() -> None:
    facts = scenario()
    facts["orders"][0]["refunds"] = []
    assert evaluate_files(PLAN, json.dumps(facts), "2026-03-01T10:00:00")["awards"]
    assert not evaluate_files(PLAN, json.dumps(facts), "2026-03-01T09:59:59")["awards"]
    assert evaluate_files(PLAN, json.dumps(facts), "2026-03-01T02:00:00Z")["awards"]


def test_without_as_of_everything_has_happened() -> None:
    assert evaluate_files(PLAN, json.dumps(scenario()))["awards"][0]["state"] == "available"


@pytest.mark.parametrize("as_of", ["", "tomorrow", "2026-02-30", "２０２６-03-01", "0001-01-01T00:00:00+08:00"])
def test_an_as_of_that_is_no_time_is_refused(as_of: str) -> None:
    with pytest.raises(ScenarioRefused, match="as_of"):
        evaluate_files(PLAN, json.dumps(scenario()), as_of)


def order(facts: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = facts["orders"][0]
    return first


Change = Callable[[dict[str, Any]], object]

IMPOSSIBLE: dict[str, tuple[Change, str]] = {
    "an unknown seller": (lambda s: order(s).update(seller="Z"), "orders[0].seller"),
    "an unknown buyer": (lambda s: order(s).update(buyer_distributor="Z"), "orders[0].buyer_distributor"),
    "an unknown upline": (lambda s: s["distributors"][0].update(upline="Z"), "distributors[0].upline"),
    "a code twice": (lambda s: s["distributors"].append({"code": "A"}), "distributors[2].code"),
    "a SKU twice": (lambda s: s["products"].append({"sku": "APPLE", "category": "茶"}), "products[1].sku"),
    "an order twice": (lambda s: s["orders"].append(order(s)), "orders[1].no"),
    "a completion before payment": (
        lambda s: order(s).update(completed_at="2026-03-01T09:59:59+08:00"),
        "orders[0].completed_at",
    ),
    "a refund before payment": (
        lambda s: order(s)["refunds"][0].update(at="2026-03-01T09:59:59+08:00"),
        "orders[0].refunds[0].at",
    ),
    "a refund of more than was paid": (
        lambda s: order(s)["refunds"][0].update(amount="100.01"),
        "orders[0].refunds[0].amount",
    ),
    "a refund of more than was bought": (lambda s: order(s)["refunds"][0].update(qty=2), "orders[0].refunds[0].qty"),
    "a refund of no line": (lambda s: order(s)["refunds"][0].update(line=1), "orders[0].refunds[0].line"),
    # The later of two is the one beyond what is left, wherever it stands in the array.
    "a refund of more than is left": (
        lambda s: order(s)["refunds"].append(
            {"at": "2026-03-02T00:00:00+08:00", "line": 0, "qty": 0, "amount": "90.00"}
        ),
        "orders[0].refunds[0].amount",
    ),
}


@pytest.mark.parametrize(("change", "key"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_have_happened_is_refused(change: Change, key: str) -> None:
    facts = scenario()
    change(facts)
    assert refusal(facts) == [key]


@pytest.mark.parametrize("loop", [["A"], ["A", "B"], ["A", "B", "C"]])
def test_a_circle_of_uplines_is_refused_for_everybody_in_it(loop: list[str]) -> None:
    people = [{"code": code, "upline": loop[i - 1]} for i, code in enumerate(loop)]
    outside = {"code": "X", "upline": "A"}
    assert refusal({"distributors": [outside, *people]}) == [f"distributors[{i + 1}].upline" for i in range(len(loop))]


MALFORMED: dict[str, tuple[Change, str]] = {
    "an unknown key": (lambda s: order(s).update(freigth="1.00"), "orders[0].freigth"),
    "no number": (lambda s: order(s).pop("no"), "orders[0].no"),
    "no lines": (lambda s: order(s).update(lines=[]), "orders[0].lines"),
    "a code that is a number": (lambda s: s["distributors"][0].update(code=7), "distributors[0].code"),
    "an unknown role": (lambda s: s["distributors"][0].update(role="boss"), "distributors[0].role"),
    "member in quotes": (lambda s: s["distributors"][0].update(member="true"), "distributors[0].member"),
    "money as a number": (lambda s: order(s)["lines"][0].update(paid=100.0), "orders[0].lines[0].paid"),
    "money below zero": (lambda s: order(s)["lines"][0].update(paid="-1.00"), "orders[0].lines[0].paid"),
    "no units": (lambda s: order(s)["lines"][0].update(qty=0), "orders[0].lines[0].qty"),
    "units that are true": (lambda s: order(s)["lines"][0].update(qty=True), "orders[0].lines[0].qty"),
    "half a unit": (lambda s: order(s)["lines"][0].update(qty=1.0), "orders[0].lines[0].qty"),
    "a time that is a number": (lambda s: order(s).update(paid_at=20260301), "orders[0].paid_at"),
    "a day that is not": (lambda s: order(s).update(paid_at="2026-02-30T00:00:00"), "orders[0].paid_at"),
    "a suspension of one time": (
        lambda s: s["distributors"][0].update(suspended=[["2026-02-01"]]),
        "distributors[0].suspended[0]",
    ),
    "a suspension that ends before it starts": (
        lambda s: s["distributors"][0].update(suspended=[["2026-02-02", "2026-02-01"]]),
        "distributors[0].suspended[0]",
    ),
}


@pytest.mark.parametrize(("change", "key"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_field_is_refused_by_its_path(change: Change, key: str) -> None:
    facts = scenario()
    change(facts)
    assert refusal(facts) == [key]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "1", '"x"', '{"orders": [], "orders": []}', '{"orders": NaN}', "[" * 100_000, "9" * 5000],
    ids=lambda text: text[:20],
)
def test_what_is_no_scenario_is_refused_without_a_traceback(text: str) -> None:
    assert refusal(text)


def test_nesting_has_an_end() -> None:
    assert refusal('{"orders": ' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}") == [""]
