"""Who may push: the three headers, what is wrong with them, and that a nonce is good for one request."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from models.order import ApiNonce, Order
from services import nonce
from tests.orders.mall import NOW, SECRET, Mall, ago, order
from web.signing import sign

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STAMP = str(int(NOW.timestamp()))


def code_of(answer: object) -> tuple[int, str, list[str]]:
    error = answer.json["error"]
    return answer.status_code, error["code"], [fault["field"] for fault in error["fields"]]


@only_sqlite
@pytest.mark.parametrize("header", ["X-Timestamp", "X-Nonce", "X-Signature"])
def test_a_missing_header_is_named(mall: Mall, header: str) -> None:
    answer = mall.push(order(), **{"X-Signature": "0" * 64, header: None})
    assert code_of(answer) == (401, "missing_header", [header])


@only_sqlite
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Timestamp", "now"),
        ("X-Timestamp", "-5"),
        ("X-Timestamp", "1e9"),
        ("X-Timestamp", "9" * 13),
        ("X-Nonce", "a b"),
        ("X-Nonce", "n" * 129),
        ("X-Signature", "0" * 63),
        ("X-Signature", "g" * 64),
    ],
)
def test_a_malformed_header_is_named(mall: Mall, header: str, value: str) -> None:
    answer = mall.push(order(), **{"X-Signature": "0" * 64, header: value})
    assert code_of(answer) == (401, "malformed_header", [header])


@only_sqlite
@pytest.mark.parametrize(("off", "status"), [(-300, 201), (300, 201), (-301, 401), (301, 401)])
def test_a_timestamp_is_good_for_300_seconds_either_way(mall: Mall, off: int, status: int) -> None:
    stamp = str(int(NOW.timestamp()) + off)
    answer = mall.push(order(), X_Timestamp=stamp)
    assert answer.status_code == status
    if status == 401:
        assert code_of(answer) == (401, "stale_timestamp", ["X-Timestamp"])


@only_sqlite
def test_a_demo_whose_clock_was_moved_still_takes_the_pushes_of_a_mall_with_the_right_time(mall: Mall) -> None:
    stamp = str(int(mall.deps.machine_clock().timestamp()))
    object.__setattr__(mall.deps, "clock", lambda: NOW + timedelta(days=8))
    assert mall.push(order(), X_Timestamp=stamp).status_code == 201


@only_sqlite
@pytest.mark.parametrize(
    "signature",
    [
        sign("another secret", STAMP, "n1", json.dumps(order()).encode()),
        sign(SECRET, STAMP, "n1", json.dumps(order("O2")).encode()),
        sign(SECRET, STAMP, "n2", json.dumps(order()).encode()),
        sign(SECRET, str(int(STAMP) + 1), "n1", json.dumps(order()).encode()),
    ],
    ids=["another secret", "another body", "another nonce", "another time"],
)
def test_a_wrong_signature_says_so_and_spends_nothing(mall: Mall, signature: str) -> None:
    answer = mall.push(order(), X_Nonce="n1", X_Signature=signature)
    assert code_of(answer) == (401, "wrong_signature", ["X-Signature"])
    assert (mall.count(Order), mall.count(ApiNonce)) == (0, 0)


@only_sqlite
def test_the_signature_is_over_the_bytes_that_were_sent(mall: Mall) -> None:
    body = b'{"no":  "\\u4e2d"}\n'
    assert mall.send("POST", "/api/v1/orders", body).status_code == 422


@only_sqlite
def test_upper_case_hex_is_hex(mall: Mall) -> None:
    body = json.dumps(order()).encode()
    assert mall.push(order(), X_Nonce="n1", X_Signature=sign(SECRET, STAMP, "n1", body).upper()).status_code == 201


def test_a_nonce_is_used_once(mall: Mall) -> None:
    assert mall.push(order(), X_Nonce="n1").status_code == 201
    assert code_of(mall.push(order(), X_Nonce="n1")) == (401, "used_nonce", ["X-Nonce"])
    assert code_of(mall.send("GET", "/api/v1/products", b"", X_Nonce="n1")) == (401, "used_nonce", ["X-Nonce"])


@pytest.mark.parametrize(
    ("refused", "status"),
    [({"no": "O1", "freight": "9.00"}, 409), ({"no": "O2", "freight": "x"}, 422), ({"no": "O3", "source": 5}, 422)],
)
def test_a_request_that_is_refused_has_spent_its_nonce(mall: Mall, refused: dict[str, object], status: int) -> None:
    mall.push(order())
    assert mall.push(order(**refused), X_Nonce="n1").status_code == status
    assert code_of(mall.push(order("O9"), X_Nonce="n1")) == (401, "used_nonce", ["X-Nonce"])
    assert mall.count(Order) == 1


@only_sqlite
def test_a_body_that_is_no_json_has_spent_its_nonce(mall: Mall) -> None:
    assert mall.send("POST", "/api/v1/orders", b"{", X_Nonce="n1").status_code == 400
    assert mall.push(order(), X_Nonce="n1").status_code == 401


@only_sqlite
def test_a_request_with_a_used_nonce_is_401_before_its_faults_are_told(mall: Mall) -> None:
    mall.push(order(), X_Nonce="n1")
    assert mall.push(order(freight="x"), X_Nonce="n1").status_code == 401


def test_nonces_are_kept_for_ten_minutes_and_swept_in_batches_after_that(mall: Mall) -> None:
    with mall.sessions.writing() as session:
        for number in range(5):
            nonce.spend(session, f"old {number}", now=ago(hours=1))
        nonce.spend(session, "kept", now=ago(minutes=10))
    with mall.sessions.writing() as session:
        assert nonce.sweep(session, now=NOW, limit=3) == 3
    with mall.sessions.writing() as session:
        assert nonce.sweep(session, now=NOW, limit=3) == 2
        assert nonce.sweep(session, now=NOW, limit=3) == 0
    with mall.sessions.writing() as session, pytest.raises(nonce.UsedNonce):
        nonce.spend(session, "kept", now=NOW)


@only_sqlite
def test_pushing_sweeps_what_is_out_of_use(mall: Mall) -> None:
    with mall.sessions.writing() as session:
        nonce.spend(session, "old", now=ago(hours=1))
    lucky = next(str(n) for n in range(10_000) if nonce.digest_of(str(n)).startswith("00"))
    mall.push(order(), X_Nonce=lucky)
    assert mall.count(ApiNonce) == 1


@only_sqlite
def test_without_a_secret_nothing_is_taken_in(database: object) -> None:
    closed = Mall(database.sessions, order_api_secret=None)
    body = json.dumps(order()).encode()
    answer = closed.push(order(), X_Nonce="n1", X_Signature=sign("", STAMP, "n1", body))
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "closed")


@only_sqlite
def test_the_description_needs_no_signature(mall: Mall) -> None:
    answer = mall.app.test_client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")


@only_sqlite
@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/orders", 405), ("GET", "/api/v2", 404)])
def test_errors_of_the_api_are_json_everywhere(mall: Mall, method: str, path: str, status: int) -> None:
    answer = mall.send(method, path, b"")
    assert (answer.status_code, set(answer.json["error"])) == (status, {"code", "message", "fields"})
