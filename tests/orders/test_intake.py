"""An order over the API: recorded once, answered with who has it and what is paid."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from models.commission import Award
from models.order import Order, OrderLine, Touch
from tests.orders.mall import NOW, Mall, ago, line, order

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_an_order_by_a_code_pays_the_seller_and_who_invited_him(mall: Mall) -> None:
    above = mall.distributor("老王")
    seller = mall.distributor("小李", inviter=above)
    answer = mall.push(order(code=seller.code))
    assert answer.status_code == 201
    assert answer.json == {
        "no": "O1",
        "distributor": {"code": seller.code, "name": "小李"},
        "reason": {"code": "code", "text": "下单时填了小李的推广码"},
        "awards": [
            {"to": seller.code, "as": "seller", "amount": "10.00", "state": "pending"}
            | {"why": answer.json["awards"][0]["why"]},
            {"to": above.code, "as": "upline-1", "amount": "5.00", "state": "pending"}
            | {"why": answer.json["awards"][1]["why"]},
        ],
    }
    assert "100.00" in answer.json["awards"][0]["why"]
    assert mall.balances(seller) == ("10.00", "0.00")
    assert mall.books_are_right()


def test_the_decision_is_frozen_on_the_order(mall: Mall) -> None:
    above = mall.distributor("老王")
    seller = mall.distributor("小李", inviter=above)
    mall.push(order(code=f" {seller.code.lower()}。", lines=[line(), line(sku="PEAR", paid="0.50", cost="0.20")]))
    row = mall.read(lambda session: session.get(Order, 1))
    above_then = {"id": above.id, "code": above.code, "role": "member", "member": False}
    assert (row.distributor_id, row.upline) == (seller.id, [above_then])
    assert (row.paid.yuan, row.net.yuan, row.paid_at) == ("100.50", "100.50", NOW)
    assert [claim["why"] for claim in row.claims] == ["won"]
    assert mall.count(OrderLine) == 2


def test_a_repeat_is_answered_with_the_same_and_changes_nothing(mall: Mall) -> None:
    seller = mall.distributor("小李")
    first = mall.push(order(code=seller.code))
    again = mall.push(order(code=seller.code))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert (mall.count(Order), mall.count(Award), mall.count(Touch)) == (1, 1, 1)


@only_sqlite
def test_the_content_is_compared_after_parsing(mall: Mall) -> None:
    mall.push(order())
    other_words = order(at=NOW) | {"paid_at": "2026-03-10T12:00:00+08:00", "completed_at": None, "ref": None}
    reordered = dict(reversed(list(other_words.items())))
    body = json.dumps(reordered, indent=3, ensure_ascii=False).encode()
    assert mall.send("POST", "/api/v1/orders", body).status_code == 200


@only_sqlite
@pytest.mark.parametrize(
    "change",
    [
        {"freight": "8.01"},
        {"buyer": {"id": "cust-2"}},
        {"buyer": {"id": "cust-1", "phone": "13800138000"}},
        {"ref": {"coupon": "C1"}},
        {"paid_at": ago(seconds=1).isoformat()},
        {"lines": [line(qty=3)]},
        {"lines": [line(), line()]},
        {"lines": [line(cost="1.00")]},
    ],
    ids=str,
)
def test_the_same_number_with_other_content_is_a_conflict(mall: Mall, change: dict[str, object]) -> None:
    mall.push(order())
    answer = mall.push(order(**change))
    assert answer.status_code == 409
    assert answer.json["error"]["code"] == "conflict"
    assert (mall.count(Order), mall.count(OrderLine)) == (1, 1)


@only_sqlite
def test_two_sources_may_use_the_same_number(mall: Mall) -> None:
    assert mall.push(order()).status_code == 201
    assert mall.push(order(source="other mall")).status_code == 201


def test_a_push_that_adds_the_completion_completes(mall: Mall) -> None:
    mall.push(order())
    done = NOW + timedelta(seconds=5)
    assert mall.push(order(completed_at=done.isoformat())).status_code == 200
    row = mall.read(lambda session: session.get(Order, 1))
    assert (row.completed_at, row.settles_at) == (done, done + timedelta(days=7))


@only_sqlite
def test_after_the_completion_both_pushes_are_repeats_and_another_time_is_a_conflict(mall: Mall) -> None:
    done = (NOW + timedelta(seconds=5)).isoformat()
    other = (NOW + timedelta(seconds=6)).isoformat()
    mall.push(order())
    mall.push(order(completed_at=done))
    assert [mall.push(order()).status_code, mall.push(order(completed_at=done)).status_code] == [200, 200]
    assert mall.push(order(completed_at=other)).status_code == 409
    assert mall.read(lambda session: session.get(Order, 1)).completed_at == NOW + timedelta(seconds=5)


@only_sqlite
def test_a_completion_pushed_after_the_one_by_address_changes_nothing(mall: Mall) -> None:
    mall.push(order())
    assert mall.tell("O1", "complete", {"at": NOW.isoformat()}).status_code == 200
    assert mall.push(order(completed_at=(NOW + timedelta(days=1)).isoformat())).status_code == 200
    assert mall.read(lambda session: session.get(Order, 1)).completed_at == NOW


@only_sqlite
def test_an_order_may_come_completed(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code, completed_at=NOW.isoformat()))
    assert mall.read(lambda session: session.get(Award, 1)).settles_at == NOW + timedelta(days=7)


def test_completing_twice_keeps_the_first_time(mall: Mall) -> None:
    mall.push(order())
    first = mall.tell("O1", "complete", {"at": NOW.isoformat()})
    second = mall.tell("O1", "complete", {"at": (NOW + timedelta(days=2)).isoformat()})
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert mall.read(lambda session: session.get(Order, 1)).completed_at == NOW


@only_sqlite
def test_a_completion_from_before_the_payment_is_refused(mall: Mall) -> None:
    mall.push(order())
    answer = mall.tell("O1", "complete", {"at": ago(seconds=1).isoformat()})
    assert (answer.status_code, answer.json["error"]["fields"][0]["field"]) == (422, "at")
    assert mall.read(lambda session: session.get(Order, 1)).completed_at is None


@only_sqlite
def test_a_parcel_is_noted_once(mall: Mall) -> None:
    mall.push(order())
    parcel = {"carrier": "顺丰速运", "waybill": "SF1", "at": NOW.isoformat()}
    answers = [mall.tell("O1", "shipments", parcel), mall.tell("O1", "shipments", parcel)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert mall.tell("O1", "shipments", parcel | {"waybill": "SF2"}).status_code == 201


@only_sqlite
@pytest.mark.parametrize("no", ["a/b", "//x", "中文 单号", "50%", "a?b#c", "refunds", "O1/refunds", "+1"])
def test_a_number_may_hold_any_visible_character(mall: Mall, no: str) -> None:
    from urllib.parse import quote

    assert mall.push(order(no)).status_code == 201
    answer = mall.tell(quote(no, safe=""), "complete", {"at": NOW.isoformat()})
    assert (answer.status_code, answer.json["no"]) == (200, no)


@only_sqlite
@pytest.mark.parametrize("no", ["%FF", "%00", "%20O1", "x" * 65])
def test_a_number_in_the_address_is_held_to_the_rules_of_one_in_a_body(mall: Mall, no: str) -> None:
    answer = mall.tell(no, "complete", {"at": NOW.isoformat()})
    assert (answer.status_code, answer.json["error"]["fields"][0]["field"]) == (422, "no")


@only_sqlite
def test_a_number_of_two_sources_needs_its_source(mall: Mall) -> None:
    mall.push(order())
    mall.push(order(source="other"))
    at = {"at": NOW.isoformat()}
    unclear = mall.tell("O1", "complete", at)
    assert (unclear.status_code, unclear.json["error"]["fields"][0]["field"]) == (422, "source")
    assert mall.tell("O1", "complete", at, query="?source=other").status_code == 200
    rows = mall.read(lambda session: {row.source: row.completed_at for row in session.query(Order)})
    assert rows == {"mall": None, "other": NOW}


@only_sqlite
def test_all_faults_of_an_order_are_told_at_once_and_nothing_is_recorded(mall: Mall) -> None:
    faulty = order(freight="8", lines=[line(qty=True, paid=1.5), line(sku=...)], extra=1)
    answer = mall.push(faulty)
    assert answer.status_code == 422
    fields = [fault["field"] for fault in answer.json["error"]["fields"]]
    assert fields == ["freight", "lines[0].qty", "lines[0].paid", "lines[1].sku", "extra"]
    assert mall.count(Order) == 0


@only_sqlite
@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"\xff\xfe", b"[" * 200_000, b"nul"])
def test_what_is_no_json_object_is_400(mall: Mall, body: bytes) -> None:
    answer = mall.send("POST", "/api/v1/orders", body)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "not_json")


@only_sqlite
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"no": "1", "no": "1"}', "no"),
        (b'{"no": NaN}', "no"),
        (b'{"no": "\\ud800"}', "no"),
        (b'{"\\udfff": 1}', "?"),
        (b'{"freight": ' + b"9" * 5000 + b"}", "freight"),
        (b'{"no": "a\\u0000b"}', "no"),
    ],
)
def test_json_that_means_different_things_to_different_readers_is_refused(mall: Mall, body: bytes, field: str) -> None:
    answer = mall.send("POST", "/api/v1/orders", body)
    assert answer.status_code == 422
    assert field in [fault["field"] for fault in answer.json["error"]["fields"]]


@only_sqlite
def test_a_body_above_one_megabyte_is_413(mall: Mall) -> None:
    answer = mall.send("POST", "/api/v1/orders", b" " * 1_000_001)
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


@only_sqlite
def test_five_hundred_lines_are_taken_and_one_more_is_not(mall: Mall) -> None:
    seller = mall.distributor("小李")
    assert mall.push(order(code=seller.code, lines=[line()] * 500)).status_code == 201
    assert mall.balances(seller) == ("5000.00", "0.00")
    answer = mall.push(order("O2", lines=[line()] * 501))
    assert (answer.status_code, answer.json["error"]["fields"][0]["field"]) == (422, "lines")


@only_sqlite
def test_products_are_listed_without_what_they_cost(mall: Mall) -> None:
    from domain.money import Money
    from models.order import Product

    with mall.sessions.writing() as session:
        session.add(
            Product(sku="B", name="梨", category="水果", price=Money(990), cost=Money(1), stock=3, on_shelf=False)
        )
    answer = mall.send("GET", "/api/v1/products", b"")
    assert answer.json == {
        "products": [{"sku": "B", "name": "梨", "category": "水果", "price": "9.90", "stock": 3, "on_shelf": False}]
    }
