"""What holds for every plan and every scenario, tried on random ones."""

import json
import random
from collections import defaultdict
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commission import LineState, PaidLine, RowTerms, amounts
from domain.document import parse_instant
from domain.evaluation import END_OF_TIME, Evaluation, evaluate
from domain.explanation import amount_of
from domain.money import ZERO, Money, total
from domain.plan import parse
from domain.scenario import parse_scenario
from domain.why import why
from tests.domain.stories import known_by

HOURS = [f"2026-03-{day:02d}T{hour:02d}:00:00+08:00" for day in range(1, 15) for hour in (0, 10, 20)]
SKUS = ("APPLE", "PEAR", "TEA")
PRODUCTS = [
    {"sku": "APPLE", "category": "水果", "cost": "0.60"},
    {"sku": "PEAR", "category": "水果", "cost": "3.00"},
    {"sku": "TEA", "category": "茶", "cost": "0.00"},
]

yuan = st.integers(0, 3000).map(lambda fen: Money(fen).yuan)


@st.composite
def plans(draw: st.DrawFn) -> str:
    """One to three rules of up to four rows, in the order in which they were drawn."""
    rules = []
    for index in range(draw(st.integers(1, 3))):
        rows = []
        for _ in range(draw(st.integers(1, 4))):
            row: dict[str, Any] = {"to": draw(st.sampled_from(["seller", "upline-1", "upline-2"]))}
            if draw(st.booleans()):
                row["rate"] = f"{draw(st.integers(0, 60))}%"
            else:
                row |= {"amount": draw(yuan), "per": draw(st.sampled_from(["unit", "line"]))}
            rows.append(row)
        scope = draw(st.sampled_from([{}, {"skus": ["PEAR"]}, {"categories": ["水果"], "exclude": ["APPLE"]}]))
        base = draw(st.sampled_from(["net", "net", "profit"]))
        rule = {"id": f"r{index}", "kind": "commission", "title": "佣金", "base": base, "scope": scope}
        rules.append(rule | {"pay": rows})
    terms = {
        "max_share": draw(st.sampled_from(["0%", "12%", "50%", "100%"])),
        "own_orders": draw(st.sampled_from(["none", "seller", "upline"])),
        "members_only": draw(st.booleans()),
        "hold_days": draw(st.integers(0, 3)),
    }
    return json.dumps({"name": "x", "terms": terms, "rules": rules}, ensure_ascii=False)


@st.composite
def orders(draw: st.DrawFn, no: str) -> dict[str, Any]:
    """An order with refunds that never go beyond what is left."""
    line_facts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"sku": st.sampled_from(SKUS), "qty": st.integers(1, 3), "paid": yuan}
    )
    lines = draw(st.lists(line_facts, min_size=1, max_size=3))
    paid = draw(st.integers(0, 20))
    refunds = []
    for number, line in enumerate(lines):
        money, units = Money.of_yuan(line["paid"]).fen, line["qty"]
        for _ in range(draw(st.integers(0, 2))):
            back, returned = draw(st.just(money) | st.integers(0, money)), draw(st.integers(0, units))
            money, units = money - back, units - returned
            at = HOURS[paid + draw(st.integers(0, 20))]
            refunds.append({"at": at, "line": number, "qty": returned, "amount": Money(back).yuan})
    return {
        "no": no,
        "seller": draw(st.sampled_from(["A", "B", "C", None])),
        "buyer": "x",
        "buyer_distributor": draw(st.sampled_from([None, None, "A", "B", "C"])),
        "paid_at": HOURS[paid],
        "completed_at": draw(st.sampled_from([None, HOURS[paid], HOURS[paid + 5]])),
        "lines": lines,
        "refunds": refunds,
    }


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    people: list[dict[str, Any]] = [
        {"code": code, "upline": upline, "member": draw(st.booleans())}
        for code, upline in (("A", None), ("B", "A"), ("C", "B"))
    ]
    if draw(st.booleans()):
        people[1]["suspended"] = [[HOURS[5], draw(st.sampled_from([None, HOURS[12]]))]]
    count = draw(st.integers(1, 3))
    return {"distributors": people, "products": PRODUCTS, "orders": [draw(orders(f"O{i}")) for i in range(count)]}


as_ofs = st.sampled_from([None, *HOURS[::4]])


def evaluated(plan: str, scenario: dict[str, Any], as_of: str | None = None) -> Evaluation:
    moment = END_OF_TIME if as_of is None else parse_instant(as_of)
    return evaluate(parse(plan), parse_scenario(json.dumps(scenario)), moment)


def result(plan: str, scenario: dict[str, Any], as_of: str | None = None) -> dict[str, Any]:
    return evaluated(plan, scenario, as_of).data()


@given(plans(), scenarios(), as_ofs)
@settings(max_examples=60, deadline=None)
def test_no_line_pays_more_than_its_share_and_no_fen_is_negative(
    plan: str, scenario: dict[str, Any], as_of: str | None
) -> None:
    share_bp = parse(plan).terms.max_share_bp
    lines: dict[tuple[str | None, int | None], list[Any]] = defaultdict(list)
    for award in evaluated(plan, scenario, as_of).awards:
        assert award.amount >= ZERO
        lines[award.order, award.line].append(award)
    for awards in lines.values():
        facts = awards[0].facts
        net = Money(facts["paid_fen"] - facts["refunded_fen"])
        if facts["paid_fen"]:
            assert total(award.amount for award in awards) <= net.share(share_bp)


@given(plans(), scenarios(), as_ofs)
@settings(max_examples=60, deadline=None)
def test_the_facts_alone_give_the_fen_and_a_sentence_that_ends_in_it(
    plan: str, scenario: dict[str, Any], as_of: str | None
) -> None:
    for award in evaluated(plan, scenario, as_of).awards:
        stored = json.loads(json.dumps(award.facts))
        assert amount_of(stored) == award.amount == Money(stored["amount_fen"])
        sentence = why(stored)
        assert award.order is not None
        assert award.order in sentence
        assert f"{award.amount.spoken} 元" in sentence if award.amount else "已取消" in sentence


@given(plans(), scenarios(), as_ofs, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_arrays_means_nothing(
    plan: str, scenario: dict[str, Any], as_of: str | None, order: random.Random
) -> None:
    before = result(plan, scenario, as_of)
    assert result(plan, scenario, as_of) == before
    shuffled = {key: order.sample(values, len(values)) for key, values in scenario.items()}
    for item in shuffled["orders"]:
        item["refunds"] = order.sample(item["refunds"], len(item["refunds"]))
    assert result(plan, shuffled, as_of) == before


@given(plans(), scenarios())
@settings(max_examples=40, deadline=None)
def test_what_is_known_later_changes_nothing_that_was_told_before(plan: str, scenario: dict[str, Any]) -> None:
    as_of = HOURS[10]
    assert result(plan, known_by(scenario, as_of), as_of) == result(plan, scenario, as_of)


@given(plans(), scenarios())
@settings(max_examples=40, deadline=None)
def test_refunds_in_any_split_with_the_same_sum_give_the_same_awards(plan: str, scenario: dict[str, Any]) -> None:
    """Every refund as one fen-odd half now and the rest an hour before the end; only what stands at the end counts."""
    split = json.loads(json.dumps(scenario))
    for order in split["orders"]:
        order["refunds"] = [
            part
            for refund in order["refunds"]
            for half in [Money(Money.of_yuan(refund["amount"]).fen // 2)]
            for part in (
                refund | {"qty": 0, "amount": half.yuan},
                refund | {"at": HOURS[-1], "amount": (Money.of_yuan(refund["amount"]) - half).yuan},
            )
        ]
    for order in (*scenario["orders"], *split["orders"]):
        order["completed_at"] = None  # when it settles depends on when the refunds come
    assert standing(result(plan, split)) == standing(result(plan, scenario))


def standing(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The awards that are above 0; through which moments they came does not matter."""
    return [award for award in told["awards"] if award["amount_fen"]]


def row(rate_bp: int | None = None, amount: Money | None = None, per: Literal["unit", "line"] = "unit") -> RowTerms:
    return RowTerms(0, "r", "佣金", 0, "A", 0, "net", rate_bp, amount, per)


rows = st.builds(row, rate_bp=st.integers(0, 10000)) | st.builds(
    row, amount=st.integers(0, 20000).map(Money), per=st.sampled_from(["unit", "line"])
)


@given(st.lists(rows, max_size=5), st.integers(0, 20000), st.data(), st.integers(0, 10000))
@settings(max_examples=150, deadline=None)
def test_a_refund_never_raises_what_a_line_pays_in_all(
    terms: list[RowTerms], paid: int, data: st.DataObject, share_bp: int
) -> None:
    line = PaidLine(0, "P", None, data.draw(st.integers(1, 5)), Money(paid))
    more = LineState(line, Money(data.draw(st.integers(0, paid))), data.draw(st.integers(0, line.qty)))
    less = LineState(line, Money(data.draw(st.integers(0, more.net.fen))), data.draw(st.integers(0, more.units)))
    assert pays(terms, less, share_bp) <= pays(terms, more, share_bp)


@given(st.lists(rows, max_size=5), st.integers(0, 20000), st.integers(1, 5), st.integers(0, 10000))
@settings(max_examples=150, deadline=None)
def test_the_rows_of_a_line_sum_to_the_cap_or_to_all_of_them(
    terms: list[RowTerms], paid: int, qty: int, share_bp: int
) -> None:
    state = LineState(PaidLine(0, "P", None, qty, Money(paid)), Money(paid), qty)
    full = total(result.full for result in amounts(terms, state, share_bp))
    assert pays(terms, state, share_bp) == (full if paid == 0 else min(full, Money(paid).share(share_bp)))


def pays(terms: list[RowTerms], state: LineState, share_bp: int) -> Money:
    return total(result.amount for result in amounts(terms, state, share_bp))
