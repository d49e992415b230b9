"""contract.md, "Order intake", and product.md §3: signatures, faults, repeats, refunds, attribution, links."""

from __future__ import annotations

import contextlib
import copy
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.running import BASE_URL, ORDER_SECRET, Answer, Tuike, an_order
from tests.contract.wire import as_json, signed

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def ada(tuike: Tuike) -> str:
    return tuike.join("ada")


@pytest.fixture(scope="module")
def ben(tuike: Tuike, ada: str) -> str:
    """Ada invited him."""
    return tuike.join("ben", f"我要加入 {ada}")


@pytest.fixture
def no() -> str:
    return f"N{uuid.uuid4().hex[:10].upper()}"


def iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def awards(answer: Answer) -> list[tuple[str, str, str, str]]:
    return [(one["to"], one["as"], one["amount"], one["state"]) for one in answer.json["awards"]]


def faults(answer: Answer) -> set[str]:
    assert answer.status == 422, answer.text
    error = answer.json["error"]
    assert error["code"]
    assert all(one["message"] for one in error["fields"])
    return {one["field"] for one in error["fields"]}


def refund(tuike: Tuike, no: str, number: str, amount: str, *, qty: int = 0, line: int = 0) -> Answer:
    lines = [{"line": line, "qty": qty, "amount": amount}]
    body = {"refund_no": number, "at": iso(tuike.now), "lines": lines}
    return tuike.api("POST", f"/orders/{no}/refunds", body)


def test_an_order_answers_with_who_has_it_why_and_the_awards(tuike: Tuike, ada: str, ben: str, no: str) -> None:
    order = an_order(no, code=ben, paid="68.00", at=tuike.now)
    answer = tuike.order(order)
    assert answer.status == 201
    assert set(answer.json) == {"no", "distributor", "reason", "awards"}
    assert answer.json["no"] == no
    assert answer.json["distributor"]["code"] == ben
    assert set(answer.json["distributor"]) == {"code", "name"}
    assert answer.json["reason"]["code"] == "code"
    assert set(answer.json["reason"]) == {"code", "text"}
    assert awards(answer) == [(ben, "seller", "6.80", "pending"), (ada, "upline-1", "3.40", "pending")]
    assert f"订单 {no} 实付 68.00 元" in answer.json["awards"][0]["why"]
    assert "10% = 6.80 元" in answer.json["awards"][0]["why"]


def test_the_same_content_is_200_and_other_content_409(tuike: Tuike, ben: str, no: str) -> None:
    order = an_order(no, code=ben, at=tuike.now)
    first = tuike.order(order)
    in_another_order = dict(reversed(list(order.items())))
    in_another_zone = {
        **order,
        "paid_at": iso(datetime.fromisoformat(order["paid_at"]) - timedelta(0)).replace("+00:00", "Z"),
    }
    for again in (order, in_another_order, in_another_zone):
        answer = tuike.order(again)
        assert answer.status == 200
        for part in ("no", "reason", "awards"):  # the name may have come from the directory meanwhile
            assert answer.json[part] == first.json[part]
    other = copy.deepcopy(order)
    other["lines"][0]["name"] = "别的"
    assert tuike.order(other).status == 409
    assert tuike.order({**order, "source": "another-mall"}).status == 201


def test_a_push_with_the_completion_that_was_missing_is_the_completion(tuike: Tuike, ben: str, no: str) -> None:
    order = an_order(no, code=ben, at=tuike.now)
    assert tuike.order(order).status == 201
    completed = {**order, "completed_at": iso(tuike.now + timedelta(seconds=1))}
    assert tuike.order(completed).status == 200
    assert tuike.order(completed).status == 200
    assert tuike.order(order).status == 200
    assert tuike.order({**order, "completed_at": iso(tuike.now + timedelta(hours=1))}).status == 409


BODIES = {b"{": 400, b"[]": 400, b'"a"': 400, b"null": 400, b'{"no":"\xff"}': 400, b"[" * 10_000: 400, b"{}": 422}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:8].decode("latin-1"))
def test_what_is_no_json_object_is_400(tuike: Tuike, body: bytes) -> None:
    answer = tuike.api("POST", "/orders", body)
    assert answer.status == BODIES[body]
    assert set(answer.json["error"]) == {"code", "message", "fields"}


def test_more_than_a_megabyte_is_413(tuike: Tuike, ben: str, no: str) -> None:
    body = as_json(an_order(no, code=ben, at=tuike.now))
    wide = body[:-1] + b" " * (1_000_001 - len(body)) + b"}"
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # hung up on in the middle of it
        assert tuike.api("POST", "/orders", wide).status == 413
    assert tuike.api("POST", "/orders", body).status == 201


Change = Callable[[dict[str, Any]], object]
WRONG: dict[str, Change] = {
    "no": lambda o: o.update(no=""),
    "source": lambda o: o.pop("source"),
    "buyer.id": lambda o: o.update(buyer={}),
    "buyer.name": lambda o: o["buyer"].update(name="张三"),
    "ref.x": lambda o: o["ref"].update(x="1"),
    "paid_at": lambda o: o.update(paid_at="2026-11-21T10:00:00"),
    "freight": lambda o: o.pop("freight"),
    "colour": lambda o: o.update(colour="red"),
    "lines": lambda o: o.update(lines=[]),
    "lines[0].qty": lambda o: o["lines"][0].update(qty=0),
    "lines[0].price": lambda o: o["lines"][0].update(price="1234567890.00"),
    "lines[0].cost": lambda o: o["lines"][0].update(cost="-1.00"),
    "lines[0].category": lambda o: o["lines"][0].pop("category"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_fault_is_named_by_its_field_and_changes_nothing(tuike: Tuike, ben: str, no: str, field: str) -> None:
    order = an_order(no, code=ben, at=tuike.now)
    wrong = copy.deepcopy(order)
    WRONG[field](wrong)
    assert faults(tuike.order(wrong)) == {field}
    assert tuike.order(order).status == 201


@pytest.mark.parametrize(
    "paid", ["100", "100.0", "100.000", "-1.00", "1e2", "１.00", " 1.00", "1.00\n", "+1.00", 1.0, None]
)
def test_an_amount_is_a_text_with_two_decimals(tuike: Tuike, ben: str, no: str, paid: Any) -> None:
    order = an_order(no, code=ben, at=tuike.now)
    order["lines"][0]["paid"] = paid
    assert faults(tuike.order(order)) == {"lines[0].paid"}


@pytest.mark.parametrize("qty", [-1, "1", 1.0, True, None])
def test_a_quantity_is_a_whole_number(tuike: Tuike, ben: str, no: str, qty: Any) -> None:
    order = an_order(no, code=ben, at=tuike.now)
    order["lines"][0]["qty"] = qty
    assert faults(tuike.order(order)) == {"lines[0].qty"}


def test_all_faults_are_said_at_once(tuike: Tuike) -> None:
    order = an_order("", code=None, at=tuike.now + timedelta(hours=1))
    order["lines"][0] |= {"qty": 0, "paid": "1"}
    order["extra"] = 1
    assert faults(tuike.order(order)) == {"no", "paid_at", "lines[0].qty", "lines[0].paid", "extra"}


def test_the_edges_of_what_is_taken(tuike: Tuike, ben: str, no: str) -> None:
    now = tuike.now
    free = an_order(f"{no}a", code=ben, paid="0.00", at=now)
    assert (tuike.order(free).status, tuike.order(free).json["awards"]) == (201, [])
    long = an_order(f"{no}b", code=ben, paid="0.10", at=now)
    assert tuike.order({**long, "lines": long["lines"] * 500}).status == 201
    assert faults(tuike.order({**long, "no": f"{no}c", "lines": long["lines"] * 501})) == {"lines"}
    assert tuike.order(an_order(f"{no}d", code=ben, at=now + timedelta(seconds=295))).status == 201
    assert faults(tuike.order(an_order(f"{no}e", code=ben, at=now + timedelta(seconds=320)))) == {"paid_at"}
    early = an_order(f"{no}f", code=ben, at=now, completed_at=iso(now - timedelta(seconds=60)))
    assert faults(tuike.order(early)) == {"completed_at"}
    unknown = an_order(f"{no}g", code=ben, at=now)
    unknown["lines"][0] |= {"sku": "NOT-IN-THE-CATALOGUE", "category": "别的"}
    assert awards(tuike.order(unknown))[0][2] == "10.00"  # the demo plan is over everything


def test_nobody_has_an_order_for_a_reason(tuike: Tuike, ben: str, no: str) -> None:
    now = tuike.now
    stories = {
        "unknown_code": an_order(f"{no}a", code="ZZZZZZ", at=now),
        "none": an_order(f"{no}b", code=None, at=now),
        "no_plan": an_order(f"{no}c", code=ben, at=now - timedelta(days=400)),
    }
    for reason, order in stories.items():
        answer = tuike.order(order)
        assert (answer.status, answer.json["distributor"], answer.json["awards"]) == (201, None, [])
        assert answer.json["reason"]["code"] == reason


def test_a_distributor_earns_from_the_second_in_which_he_joined(tuike: Tuike, no: str) -> None:
    tuike.move(seconds=30)
    code = tuike.join(f"late-{no}")
    now = tuike.now
    before = tuike.order(an_order(f"{no}a", code=code, at=now - timedelta(seconds=20)))
    assert (before.json["distributor"], before.json["awards"]) == (None, [])
    at_once = tuike.order(an_order(f"{no}b", code=code, at=now + timedelta(seconds=1)))
    assert at_once.json["distributor"]["code"] == code


def test_a_code_is_known_however_it_is_written(tuike: Tuike, ben: str, no: str) -> None:
    answer = tuike.order(an_order(no, code=f" {ben[:3].lower()} {ben[3:].lower()}。", at=tuike.now))
    assert answer.json["distributor"]["code"] == ben


def test_a_refund_answers_like_its_order(tuike: Tuike, ada: str, ben: str, no: str) -> None:
    tuike.sale(no, ben, completed=False)
    first = refund(tuike, no, f"R1-{no}", "33.33")
    assert first.status == 201
    assert awards(first) == [(ben, "seller", "6.66", "pending"), (ada, "upline-1", "3.33", "pending")]
    body = {"refund_no": f"R2-{no}", "at": iso(tuike.now), "lines": [{"line": 0, "qty": 0, "amount": "10.00"}]}
    path = f"/orders/{no}/refunds"
    assert [tuike.api("POST", path, body).status for _ in range(2)] == [201, 200]
    body["lines"] = [{"line": 0, "qty": 0, "amount": "11.00"}]
    assert tuike.api("POST", path, body).status == 409
    assert faults(refund(tuike, no, f"R3-{no}", "56.68")) == {"lines[0].amount"}
    assert faults(refund(tuike, no, f"R4-{no}", "1.00", qty=2)) == {"lines[0].qty"}
    assert faults(refund(tuike, no, f"R5-{no}", "1.00", line=1)) == {"lines[0].line"}
    rest = refund(tuike, no, f"R6-{no}", "56.67", qty=1)
    assert awards(rest) == [(ben, "seller", "0.00", "reversed"), (ada, "upline-1", "0.00", "reversed")]


def test_what_comes_before_its_order_is_kept_and_applied(tuike: Tuike, ben: str, no: str) -> None:
    body = {
        "refund_no": f"E-{no}",
        "at": iso(tuike.now + timedelta(seconds=1)),
        "lines": [{"line": 0, "qty": 0, "amount": "40.00"}],
    }
    done = {"at": iso(tuike.now + timedelta(seconds=2))}
    for _ in range(2):
        early = tuike.api("POST", f"/orders/{no}/refunds", body)
        assert (early.status, early.json) == (202, {"no": no, "kept": True})
        early = tuike.api("POST", f"/orders/{no}/complete", done)
        assert (early.status, early.json) == (202, {"no": no, "kept": True})
    answer = tuike.order(an_order(no, code=ben, at=tuike.now))
    assert awards(answer)[0][:3] == (ben, "seller", "6.00")
    assert tuike.api("POST", f"/orders/{no}/refunds", body).status == 200


def test_a_second_completion_and_shipment_change_nothing(tuike: Tuike, ben: str, no: str) -> None:
    tuike.sale(no, ben, completed=False)
    for at in (tuike.now, tuike.now + timedelta(minutes=1)):
        assert tuike.api("POST", f"/orders/{no}/complete", {"at": iso(at)}).status == 200
    assert faults(tuike.api("POST", f"/orders/{no}/complete", {})) == {"at"}
    parcel = {"carrier": "SF", "waybill": "SF1234567890", "at": iso(tuike.now)}
    assert tuike.api("POST", f"/orders/{no}/shipments", parcel).status in (200, 201)
    assert tuike.api("POST", f"/orders/{no}/shipments", parcel).status == 200
    assert faults(tuike.api("POST", f"/orders/{no}/shipments", {**parcel, "weight": 1})) == {"weight"}


def test_a_number_may_hold_what_a_path_must_escape(tuike: Tuike, ben: str, no: str) -> None:
    odd = f"{no}/订单 #1%2F"
    tuike.sale(odd, ben, completed=False)
    answer = tuike.api("POST", f"/orders/{quote(odd, safe='')}/complete", {"at": iso(tuike.now)})
    assert (answer.status, answer.json["no"]) == (200, odd)


class TestHeaders:
    def test_each_that_is_missing_or_wrong_is_401(self, tuike: Tuike, ben: str, no: str) -> None:
        body = as_json(an_order(no, code=ben, at=tuike.now))
        now = int(time.time()) + int(tuike.clock.read_text())
        for name in ("X-Timestamp", "X-Nonce", "X-Signature"):
            for value in (None, "", "x" * 500, "1.5"):
                headers = signed(ORDER_SECRET, body, timestamp=now)
                del headers[name]
                if value is not None:
                    headers[name] = value
                answer = tuike.call("POST", "/api/v1/orders", body, headers)
                assert answer.status == 401, (name, value)
                assert answer.json["error"]["message"]
        assert tuike.order(an_order(no, code=ben, at=tuike.now)).status == 201

    def test_a_stale_time_a_wrong_secret_and_a_spent_nonce_are_401_and_say_which(self, tuike: Tuike) -> None:
        now = int(time.time()) + int(tuike.clock.read_text())
        codes = []
        for headers in (
            signed(ORDER_SECRET, b"", timestamp=now - 100_000),
            signed("another", b"", timestamp=now),
            signed(ORDER_SECRET, b"", timestamp=now, nonce="spent-once"),
            signed(ORDER_SECRET, b"", timestamp=now, nonce="spent-once"),
        ):
            answer = tuike.call("GET", "/api/v1/products", headers=headers)
            codes.append(answer.json["error"]["code"] if answer.status == 401 else answer.status)
        assert codes[2] == 200
        assert len(set(codes)) == 4

    def test_a_wrong_signature_does_not_spend_a_nonce_and_a_refused_body_does(self, tuike: Tuike) -> None:
        now = int(time.time()) + int(tuike.clock.read_text())
        right = signed(ORDER_SECRET, b"{", timestamp=now)
        wrong = {**right, "X-Signature": "0" * 64}
        seen = [tuike.call("POST", "/api/v1/orders", b"{", headers).status for headers in (wrong, right, right)]
        assert seen == [401, 400, 401]


def test_products_are_listed_to_who_signs(tuike: Tuike) -> None:
    answer = tuike.api("GET", "/products")
    assert answer.status == 200
    assert len(answer.json["products"]) == 6
    for product in answer.json["products"]:
        assert set(product) == {"sku", "name", "category", "price", "stock", "on_shelf"}
    assert tuike.get("/api/v1/products").status == 401


def test_the_description_names_every_address(tuike: Tuike) -> None:
    answer = tuike.get("/api/v1/openapi.json", Host="evil.example.org")
    assert answer.json["openapi"].startswith("3.")
    paths = {"", "/{no}/refunds", "/{no}/complete", "/{no}/shipments"}
    assert {f"/api/v1/orders{path}" for path in paths} | {"/api/v1/products"} <= set(answer.json["paths"])
    assert "evil" not in answer.text


class TestLinks:
    @pytest.mark.parametrize(
        "query", ["", "?p=STRAWBERRY-3J", "?p=NOPE", "?p=https://evil.example.org", "?p=//evil", "?p=%0d%0aX:1"]
    )
    def test_a_link_stays_under_the_base_url(self, tuike: Tuike, ada: str, query: str) -> None:
        answer = tuike.get(f"/r/{ada}{query}", Host="evil.example.org")
        assert answer.status == 302
        assert answer.headers["location"].startswith(BASE_URL + "/")
        assert "evil" not in answer.headers["location"]

    def test_an_unknown_code_goes_to_the_shop_without_a_touch(self, tuike: Tuike) -> None:
        answer = tuike.get("/r/NOBODY?p=STRAWBERRY-3J", Host="evil.example.org")
        assert answer.status == 302
        assert answer.headers["location"].startswith(BASE_URL + "/")
        assert "set-cookie" not in answer.headers

    def test_the_page_shows_product_price_and_who_recommends(self, tuike: Tuike, ada: str) -> None:
        tuike.platform.wait(lambda: tuike.platform.requests("user/get"), 20, "the directory to be asked")
        location = tuike.get(f"/r/{ada}?p=STRAWBERRY-3J").headers["location"]
        page = tuike.get(location.removeprefix(BASE_URL), Host="evil.example.org")
        assert page.status == 200
        assert all(words in page.text for words in ("草莓", "68", ada))
        assert "evil" not in page.text
