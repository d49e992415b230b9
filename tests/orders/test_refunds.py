"""Refunds: partial, repeated, too much; and what came before its order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.commission import Award
from models.order import EarlyFact, Order, OrderLine, Refund, Shipment
from tests.orders.mall import NOW, Mall, ago, line, order

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def faults(answer: object) -> list[str]:
    return [fault["field"] for fault in answer.json["error"]["fields"]]


def test_a_refund_is_answered_like_its_order_with_what_is_left_of_the_awards(mall: Mall) -> None:
    seller = mall.distributor("小李")
    pushed = mall.push(order(code=seller.code))
    answer = mall.refund("O1", "R1", (0, 1, "33.33"))
    assert answer.status_code == 201
    assert answer.json["distributor"] == pushed.json["distributor"]
    # 66.67 at 10 % is 6.667, rounded down to the fen
    assert [(award["amount"], award["state"]) for award in answer.json["awards"]] == [("6.66", "pending")]
    assert mall.balances(seller) == ("6.66", "0.00")
    assert mall.books_are_right()


def test_a_refund_in_full_reverses_and_a_repeat_changes_nothing(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code))
    first = mall.refund("O1", "R1", (0, 2, "100.00"))
    again = mall.refund("O1", "R1", (0, 2, "100.00"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert [(award["amount"], award["state"]) for award in again.json["awards"]] == [("0.00", "reversed")]
    row = mall.read(lambda session: session.get(Order, 1))
    assert (row.net.yuan, mall.count(Refund)) == ("0.00", 1)
    assert mall.books_are_right()


@only_sqlite
def test_the_same_refund_number_with_other_content_is_a_conflict(mall: Mall) -> None:
    mall.push(order())
    mall.push(order("O2"))
    mall.refund("O1", "R1", (0, 1, "10.00"))
    assert mall.refund("O1", "R1", (0, 1, "10.01")).status_code == 409
    assert mall.refund("O1", "R1", (0, 1, "10.00"), at=NOW + timedelta(seconds=1)).status_code == 409
    assert mall.refund("O2", "R1", (0, 1, "10.00")).status_code == 409
    assert mall.count(Refund) == 1


@only_sqlite
def test_two_sources_may_use_the_same_refund_number(mall: Mall) -> None:
    mall.push(order())
    mall.push(order("O2", source="other"))
    assert mall.refund("O1", "R1", (0, 1, "10.00")).status_code == 201
    assert mall.refund("O2", "R1", (0, 1, "10.00")).status_code == 201


@only_sqlite
def test_more_than_what_is_left_is_refused_and_says_what_is_left(mall: Mall) -> None:
    mall.push(order())
    mall.refund("O1", "R1", (0, 1, "60.00"))
    answer = mall.refund("O1", "R2", (0, 2, "40.01"))
    assert (answer.status_code, faults(answer)) == (422, ["lines[0].qty", "lines[0].amount"])
    assert "还可退 40.00 元" in answer.json["error"]["fields"][1]["message"]
    assert mall.refund("O1", "R2", (0, 1, "40.00")).status_code == 201


@only_sqlite
def test_several_entries_of_one_line_are_taken_together(mall: Mall) -> None:
    mall.push(order())
    assert faults(mall.refund("O1", "R1", (0, 1, "60.00"), (0, 0, "40.01"))) == ["lines[1].amount"]
    assert mall.refund("O1", "R1", (0, 1, "60.00"), (0, 1, "40.00")).status_code == 201
    row = mall.read(lambda session: session.get(OrderLine, 1))
    assert (row.refunded.yuan, row.refunded_qty) == ("100.00", 2)


@only_sqlite
def test_money_may_go_back_without_goods_and_goods_without_money(mall: Mall) -> None:
    mall.push(order())
    assert mall.refund("O1", "R1", (0, 0, "10.00")).status_code == 201
    assert mall.refund("O1", "R2", (0, 1, "0.00")).status_code == 201
    answer = mall.refund("O1", "R3", (0, 0, "0.00"))
    assert (answer.status_code, faults(answer)) == (422, ["lines[0]"])


@only_sqlite
def test_a_refund_from_before_the_payment_or_of_no_line_is_refused(mall: Mall) -> None:
    mall.push(order())
    assert faults(mall.refund("O1", "R1", (1, 1, "1.00"), at=ago(seconds=1))) == ["at", "lines[0].line"]
    assert mall.count(Refund) == 0


def test_what_comes_before_its_order_is_kept_and_applied_in_the_order_of_its_time(mall: Mall) -> None:
    seller = mall.distributor("小李")
    later, sooner = NOW + timedelta(hours=2), NOW + timedelta(hours=1)
    kept = [
        mall.refund("O1", "R2", (0, 0, "70.00"), at=later),
        mall.refund("O1", "R1", (0, 1, "50.00"), at=sooner),
        mall.tell("O1", "complete", {"at": later.isoformat()}),
        mall.tell("O1", "shipments", {"carrier": "顺丰", "waybill": "SF1", "at": sooner.isoformat()}),
    ]
    assert [(answer.status_code, answer.json) for answer in kept] == [(202, {"no": "O1", "kept": True})] * 4

    answer = mall.push(order(code=seller.code))
    # 50.00 went back first; the 70.00 that came next were more than what was left
    assert (answer.status_code, answer.json["awards"][0]["amount"]) == (201, "5.00")
    assert (mall.count(Refund), mall.count(Shipment)) == (1, 1)
    assert mall.read(lambda session: session.get(Order, 1)).completed_at == later
    facts = mall.read(lambda session: {row.ref: row for row in session.query(EarlyFact)})
    assert all(row.applied_at == NOW for row in facts.values())
    assert "还可退 50.00 元" in facts["R2"].fault
    assert facts["R1"].fault is None
    assert mall.books_are_right()


@only_sqlite
def test_an_early_refund_that_did_not_fit_is_told_when_it_is_pushed_again(mall: Mall) -> None:
    mall.refund("O1", "R1", (0, 1, "100.01"))
    mall.push(order())
    assert mall.refund("O1", "R1", (0, 1, "100.01")).status_code == 422
    assert mall.refund("O1", "R1", (0, 1, "100.00")).status_code == 201


@only_sqlite
def test_an_early_refund_may_be_repeated_before_and_after_its_order(mall: Mall) -> None:
    assert mall.refund("O1", "R1", (0, 1, "50.00")).status_code == 202
    assert mall.refund("O1", "R1", (0, 1, "50.00")).status_code == 202
    assert mall.refund("O1", "R1", (0, 1, "50.01")).status_code == 409
    assert mall.refund("O2", "R1", (0, 1, "50.00")).status_code == 409
    mall.push(order())
    assert mall.refund("O1", "R1", (0, 1, "50.00")).status_code == 200
    assert mall.count(Refund) == 1


@only_sqlite
def test_an_early_fact_with_a_source_waits_for_that_source(mall: Mall) -> None:
    at = {"at": NOW.isoformat()}
    assert mall.tell("O1", "complete", at, query="?source=other").status_code == 202
    mall.push(order())
    mall.push(order(source="other"))
    rows = mall.read(lambda session: {row.source: row.completed_at for row in session.query(Order)})
    assert rows == {"mall": None, "other": NOW}


@only_sqlite
def test_a_second_early_completion_changes_nothing(mall: Mall) -> None:
    mall.tell("O1", "complete", {"at": NOW.isoformat()})
    assert mall.tell("O1", "complete", {"at": (NOW + timedelta(days=1)).isoformat()}).status_code == 202
    mall.push(order())
    assert mall.read(lambda session: session.get(Order, 1)).completed_at == NOW


@only_sqlite
def test_a_refund_of_a_free_line_takes_its_units_only(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code, lines=[line(), line(sku="GIFT", paid="0.00", qty=1)]))
    assert mall.refund("O1", "R1", (1, 1, "0.00")).status_code == 201
    assert mall.read(lambda session: session.get(Award, 1)).amount.yuan == "10.00"
