"""The order API's JSON as values: what is accepted, what is refused and in which words, what is the same content."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from domain.fields import NotAnObject, plain_phone
from domain.money import Money
from domain.order import CompletionFacts, LineLeft, OrderFacts, RefundFacts, RefundLine, ShipmentFacts, check_refund

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
LINE: dict[str, Any] = {"sku": "A", "name": "苹果", "category": "水果", "qty": 1, "price": "1.00", "paid": "1.00"}
ORDER: dict[str, Any] = {
    "no": "O1",
    "source": "mall",
    "buyer": {"id": "c1"},
    "paid_at": "2026-03-10T12:00:00+08:00",
    "freight": "0.00",
    "lines": [LINE],
}


def parse(body: dict[str, Any]) -> OrderFacts:
    return OrderFacts.parse(json.dumps(body), now=NOW)


def faults(body: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        parse(body)
    return [field for field, _ in refused.value.faults]


def with_line(**changes: Any) -> dict[str, Any]:
    return ORDER | {"lines": [LINE | changes]}


def without(body: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != key}


def test_an_order_becomes_values() -> None:
    facts = parse(ORDER | {"ref": {"code": " 8k3m2q "}, "completed_at": "2026-03-10T04:00:00.5Z"})
    assert facts.paid_at == NOW
    assert facts.completed_at == NOW + timedelta(seconds=0.5)
    assert (facts.paid, facts.freight, facts.ref.code) == (Money(100), Money(0), "8k3m2q")


@pytest.mark.parametrize("key", ["no", "source", "buyer", "paid_at", "freight", "lines"])
def test_what_is_required_is_asked_for(key: str) -> None:
    assert faults(without(ORDER, key)) == [key]


@pytest.mark.parametrize("key", ["sku", "name", "category", "qty", "price", "paid"])
def test_what_a_line_needs_is_asked_for(key: str) -> None:
    assert faults(ORDER | {"lines": [LINE, without(LINE, key)]}) == [f"lines[1].{key}"]


@pytest.mark.parametrize(
    "amount",
    [
        "1",
        "1.0",
        "1.000",
        "-1.00",
        "+1.00",
        "1,000.00",
        "１.00",
        "1.00 ",
        "1234567890.00",
        "",
        1,
        1.5,
        None,
        True,
        ["1.00"],
    ],
)
def test_an_amount_is_a_text_with_two_decimals(amount: Any) -> None:
    assert faults(with_line(paid=amount, price=amount)) == ["lines[0].price", "lines[0].paid"]


@pytest.mark.parametrize("amount", ["0.00", "0.01", "999999999.99"])
def test_amounts_from_nothing_to_nine_digits_are_taken(amount: str) -> None:
    assert parse(with_line(paid=amount)).lines[0].paid.yuan == amount


@pytest.mark.parametrize("qty", [0, -1, 1.0, "1", True, None, 1_000_000, 10**30])
def test_a_quantity_is_a_whole_number_from_one(qty: Any) -> None:
    assert faults(with_line(qty=qty)) == ["lines[0].qty"]


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-10T12:00:00",
        "2026-03-10",
        "20260310T120000Z",
        "2026-13-10T12:00:00Z",
        "2026-03-10T25:00:00Z",
        "2026-03-10T12:00:00+99:00",
        "1999-03-10T12:00:00Z",
        "２026-03-10T12:00:00Z",
        1773115200,
        "",
        None,
    ],
)
def test_a_time_is_iso_8601_with_its_offset(time: Any) -> None:
    assert faults(ORDER | {"paid_at": time}) == ["paid_at"]


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-10T12:00:00+08:00",
        "2026-03-10T04:00:00Z",
        "2026-03-09 20:00:00.000-08:00",
        "2026-03-10T12:00+0800",
        "2026-03-10T04:00:00.000000000z",
    ],
)
def test_one_instant_may_be_written_in_several_ways(time: str) -> None:
    assert parse(ORDER | {"paid_at": time}).paid_at == NOW


@pytest.mark.parametrize(("ahead", "accepted"), [(300, True), (301, False)])
def test_a_payment_may_be_three_hundred_seconds_ahead(ahead: int, accepted: bool) -> None:
    body = ORDER | {"paid_at": (NOW + timedelta(seconds=ahead)).isoformat()}
    if accepted:
        assert parse(body).paid_at == NOW + timedelta(seconds=ahead)
    else:
        assert faults(body) == ["paid_at"]


def test_a_completion_is_not_before_the_payment() -> None:
    assert faults(ORDER | {"completed_at": "2026-03-10T03:59:59Z"}) == ["completed_at"]
    assert parse(ORDER | {"completed_at": "2026-03-10T04:00:00Z"}).completed_at == NOW


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ORDER | {"no": "x" * 65}, "no"),
        (ORDER | {"no": " O1"}, "no"),
        (ORDER | {"no": "O1 "}, "no"),
        (ORDER | {"no": "a\nb"}, "no"),
        (ORDER | {"no": ""}, "no"),
        (ORDER | {"no": 5}, "no"),
        (ORDER | {"source": "x" * 33}, "source"),
        (ORDER | {"buyer": {"id": "x" * 129}}, "buyer.id"),
        (ORDER | {"buyer": {}}, "buyer.id"),
        (ORDER | {"buyer": "c1"}, "buyer"),
        (ORDER | {"buyer": {"id": "c1", "phone": "138****8000"}}, "buyer.phone"),
        (ORDER | {"buyer": {"id": "c1", "wechat": "x"}}, "buyer.wechat"),
        (ORDER | {"ref": {"code": "x" * 65}}, "ref.code"),
        (ORDER | {"ref": []}, "ref"),
        (ORDER | {"lines": []}, "lines"),
        (ORDER | {"lines": {}}, "lines"),
        (ORDER | {"lines": [5]}, "lines[0]"),
        (with_line(name="x" * 129), "lines[0].name"),
        (with_line(category=" "), "lines[0].category"),
        (with_line(cost="1"), "lines[0].cost"),
        (with_line(colour="red"), "lines[0].colour"),
    ],
)
def test_a_faulty_field_is_named_by_its_path(body: dict[str, Any], field: str) -> None:
    assert faults(body) == [field]


def test_every_fault_says_in_chinese_what_is_allowed() -> None:
    with pytest.raises(Invalid) as refused:
        parse({"no": "", "lines": [{"qty": 0, "price": 1}], "x": 1})
    assert all(any("\u4e00" <= character <= "\u9fff" for character in said) for _, said in refused.value.faults)


@pytest.mark.parametrize("nothing", [None, ""])
def test_options_may_be_left_empty(nothing: str | None) -> None:
    empty = ORDER | {
        "buyer": {"id": "c1", "unionid": nothing, "openid": nothing, "external_userid": nothing, "phone": nothing},
        "ref": {"code": nothing, "coupon": nothing, "group": nothing},
        "completed_at": None,
        "lines": [LINE | {"cost": None}],
    }
    assert parse(empty) == parse(ORDER)
    assert parse(empty).canonical() == parse(ORDER).canonical()


def test_names_keep_their_words_and_lose_odd_spaces() -> None:
    assert parse(with_line(name=" 海南\u3000芒果\u00a0 5斤 ")).lines[0].name == "海南 芒果 5斤"


def test_the_content_does_not_hold_the_completion() -> None:
    assert parse(ORDER | {"completed_at": "2026-03-10T05:00:00Z"}).canonical() == parse(ORDER).canonical()


@pytest.mark.parametrize("text", ["", "[]", "null", "5", "{", '{"a": [' + "[" * 5000, "\ufeff{}"])
def test_what_is_no_object_has_no_fields_to_name(text: str) -> None:
    with pytest.raises(NotAnObject):
        OrderFacts.parse(text, now=NOW)


def test_a_thousand_unknown_keys_are_all_named_and_a_body_of_them_is_bounded() -> None:
    assert len(faults(ORDER | {f"key {n}": 1 for n in range(1000)})) == 1000
    assert len(faults(ORDER | {f"key {n}": 1 for n in range(20_000)})) == 5000


@pytest.mark.parametrize(
    "written",
    ["13800138000", "138 0013 8000", "138-0013-8000", "+8613800138000", "+86 138 0013 8000", "008613800138000"],
)
def test_a_phone_has_one_spelling(written: str) -> None:
    assert plain_phone(written) == "13800138000"


@pytest.mark.parametrize(("written", "kept"), [("+85291234567", "+85291234567"), ("010-12345678", "01012345678")])
def test_phones_of_elsewhere_keep_their_country(written: str, kept: str) -> None:
    assert plain_phone(written) == kept


# Refunds, completions, shipments


def refund(*lines: dict[str, Any], at: str = "2026-03-11T04:00:00Z") -> RefundFacts:
    return RefundFacts.parse(json.dumps({"refund_no": "R1", "at": at, "lines": list(lines)}))


def entry(line: int = 0, qty: int = 0, amount: str = "0.00") -> dict[str, Any]:
    return {"line": line, "qty": qty, "amount": amount}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (entry(), "lines[0]"),
        (entry(-1, 1), "lines[0].line"),
        (entry(0, -1, "1.00"), "lines[0].qty"),
        (entry(0, 1, "-1.00"), "lines[0].amount"),
        (entry(0, 1) | {"note": "x"}, "lines[0].note"),
    ],
)
def test_a_faulty_refund_names_its_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        refund(bad)
    assert [name for name, _ in refused.value.faults] == [field]


def test_a_refund_needs_lines() -> None:
    with pytest.raises(Invalid):
        refund()


def test_entries_of_one_line_add_up() -> None:
    facts = refund(entry(1, 1), entry(0, 0, "2.00"), entry(1, 1, "3.00"))
    assert facts.by_line() == (RefundLine(0, 0, Money(200)), RefundLine(1, 2, Money(300)))
    assert facts.canonical() == refund(entry(0, 0, "2.00"), entry(1, 2, "3.00")).canonical()


def test_a_kept_fact_is_read_back_as_it_was() -> None:
    facts = refund(entry(1, 1), entry(0, 0, "2.00"))
    assert RefundFacts.kept(json.loads(json.dumps(facts.content()))) == facts
    done = CompletionFacts(NOW)
    assert CompletionFacts.kept(done.content()) == done
    parcel = ShipmentFacts("顺丰", "SF1", NOW)
    assert ShipmentFacts.kept(parcel.content()) == parcel


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([entry(0, 2, "5.00")], []),
        ([entry(0, 3, "5.01")], ["lines[0].qty", "lines[0].amount"]),
        ([entry(0, 1, "3.00"), entry(0, 1, "2.01")], ["lines[1].amount"]),
        ([entry(1, 1)], []),
        ([entry(2, 1)], ["lines[0].line"]),
    ],
)
def test_no_more_goes_back_than_is_left(lines: list[dict[str, Any]], expected: list[str]) -> None:
    left = [LineLeft(2, Money(500)), LineLeft(1, Money(0))]
    found: list[str] = []
    try:
        check_refund(refund(*lines), left, paid_at=NOW)
    except Invalid as refused:
        found = [field for field, _ in refused.faults]
    assert found == expected


def test_nothing_goes_back_before_it_was_paid() -> None:
    with pytest.raises(Invalid) as refused:
        check_refund(refund(entry(0, 1), at="2026-03-10T03:59:59Z"), [LineLeft(1, Money(1))], paid_at=NOW)
    assert refused.value.faults[0][0] == "at"
    check_refund(refund(entry(0, 1), at="2026-03-10T04:00:00Z"), [LineLeft(1, Money(1))], paid_at=NOW)
