"""/api/v1/openapi.json against real requests and answers: what it promises is what is sent, and nothing else."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from domain.money import Money
from models.order import Product
from tests.orders.mall import BASE, NOW, Mall, line, order
from tests.support import coupons
from web import openapi
from web.api import MAX_BODY

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

DOCUMENT = openapi.document(BASE)


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def described(path: str, method: str, status: int) -> Draft202012Validator:
    """The schema of one answer; KeyError where the document does not know it."""
    answer = DOCUMENT["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    content = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({**content, "components": DOCUMENT["components"]})


def template(path: str) -> str:
    return re.sub(r"/coupons/.+", "/coupons/{code}", re.sub(r"/orders/[^/]+/", "/orders/{no}/", path.split("?")[0]))


@pytest.fixture
def held(mall: Mall) -> list[tuple[str, str, int]]:
    """Every answer of this mall is held against the document as it comes; what came is listed."""
    seen: list[tuple[str, str, int]] = []
    send = mall.send

    def checked(method: str, path: str, body: bytes, **headers: str | None) -> Any:
        answer = send(method, path, body, **headers)
        seen.append((template(path), method.lower(), answer.status_code))
        described(*seen[-1]).validate(answer.json)
        assert answer.mimetype == "application/json"
        return answer

    mall.send = checked  # type: ignore[method-assign]
    return seen


def test_the_document_is_openapi_and_begins_with_the_public_address(mall: Mall) -> None:
    given = mall.app.test_client().get("/api/v1/openapi.json", headers={"Host": "evil.example"})
    validate(given.json)
    assert given.json["servers"] == [{"url": BASE}]
    assert b"evil" not in given.data


def test_every_answer_is_as_described(mall: Mall, held: list[tuple[str, str, int]]) -> None:
    with mall.sessions.writing() as session:
        session.add(Product(sku="B", name="梨", category="水果", price=Money(990), stock=3, on_shelf=True))
    seller = mall.distributor("小李", inviter=mall.distributor("老王"))
    at = {"at": NOW.isoformat()}
    parcel = {"carrier": "顺丰", "waybill": "SF1", **at}

    for body in (order(code=seller.code), order(code=seller.code), order(code="????"), order("O2"), order(freight="x")):
        mall.push(body)
    mall.push(order("O2", completed_at=(NOW + timedelta(1)).isoformat()))
    mall.send("POST", "/api/v1/orders", b"[")
    mall.send("POST", "/api/v1/orders", b" " * (MAX_BODY + 1))
    for no, what, body in [
        ("O1", "refunds", {"refund_no": "R1", **at, "lines": [{"line": 0, "qty": 1, "amount": "100.00"}]}),
        ("O1", "refunds", {"refund_no": "R1", **at, "lines": [{"line": 0, "qty": 1, "amount": "1.00"}]}),
        ("O1", "complete", at),
        ("O1", "shipments", parcel),
        ("O7", "shipments", parcel),
    ]:
        for content in (body, body, {}, "["):
            raw = b"[" if content == "[" else json.dumps(content).encode()
            mall.send("POST", f"/api/v1/orders/{no}/{what}", raw)
    mall.refund("O8", "R8", (0, 1, "1.00"))
    mall.refund("O8", "R8", (0, 2, "1.00"))
    mall.tell("O9", "complete", at)
    mall.send("GET", "/api/v1/products", b"")
    for headers in ({"X_Nonce": None}, {"X_Nonce": "a b"}, {"X_Timestamp": "1"}, {"X_Signature": "0" * 64}):
        mall.send("GET", "/api/v1/products", b"", **headers)
    made = coupons.make(mall.sessions, now=NOW)
    code = coupons.takes(mall.sessions, coupons.page(mall.sessions, made, None, now=NOW), now=NOW)
    for given in (code, "nothing"):
        mall.send("GET", f"/api/v1/coupons/{given}", b"")
    mall.send("GET", "/api/v1/products", b"", X_Nonce="n1")
    mall.send("GET", "/api/v1/products", b"", X_Nonce="n1")

    orders, about = "/api/v1/orders", "/api/v1/orders/{no}"
    assert {(orders, "post", status) for status in (200, 201, 400, 409, 413, 422)} <= set(held)
    assert {(f"{about}/refunds", "post", status) for status in (200, 201, 202, 400, 409, 422)} <= set(held)
    assert {(f"{about}/complete", "post", status) for status in (200, 202, 400, 422)} <= set(held)
    assert {(f"{about}/shipments", "post", status) for status in (200, 201, 202, 400, 422)} <= set(held)
    assert {("/api/v1/coupons/{code}", "get", status) for status in (200, 404)} <= set(held)
    assert {("/api/v1/products", "get", status) for status in (200, 401)} <= set(held)


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (order(), True),
        (order(ref=None, completed_at=None, buyer={"id": "c", "phone": "", "unionid": None}), True),
        (order(lines=[line(cost="0.10")]), True),
        (order(no=...), False),
        (order(lines=[]), False),
        (order(lines=[line(qty=0)]), False),
        (order(lines=[line(qty=1.5)]), False),
        (order(lines=[line(paid=1)]), False),
        (order(lines=[line(price="1.0")]), False),
        (order(no="x" * 65), False),
        (order(more=1), False),
        (order(buyer={"id": "c", "name": "x"}), False),
    ],
)
def test_the_document_and_the_api_agree_on_what_an_order_is(mall: Mall, body: dict[str, Any], accepted: bool) -> None:
    assert schema("Order").is_valid(body) is accepted
    assert (mall.push(body).status_code == 201) is accepted


def test_the_examples_of_the_document_are_accepted(mall: Mall) -> None:
    for path, methods in DOCUMENT["paths"].items():
        body = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        for example in (body or {}).get("examples", {}).values():
            raw = json.dumps(example["value"]).encode()
            answer = mall.send("POST", path.replace("{no}", "O1001"), raw)
            assert answer.status_code in (200, 201, 202), answer.text
            name = body["schema"]["$ref"].rsplit("/", 1)[1]
            schema(name).validate(example["value"])
    schema("OrderAnswer").validate(openapi._ANSWER)
