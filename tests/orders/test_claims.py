"""Who has an order, over the API: the code, what the customer did before, and the reasons for nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.order import Order, Touch
from services import attribution, claims
from tests.orders.mall import NOW, Mall, ago, order

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def reason(answer: object) -> tuple[str | None, str]:
    who = answer.json["distributor"]
    return who["name"] if who else None, answer.json["reason"]["code"]


def opened(mall: Mall, who: object, visitor: str, at: object) -> None:
    with mall.sessions.writing() as session:
        attribution.visit(session, mall.vault, who, visitor, sku=None, origin=None, now=at)


def test_a_buyer_who_once_gave_a_code_is_found_by_it_later(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code))
    later = NOW + timedelta(seconds=60)
    assert reason(mall.push(order("O2", at=later))) == ("小李", "touch")
    assert reason(mall.push(order("O3", at=later, buyer={"id": "cust-2"}))) == (None, "none")


def test_any_of_his_identities_finds_him(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code, buyer={"id": "c1", "phone": "138 0013 8000", "unionid": "o1"}))
    found = {"by phone": {"phone": "+8613800138000"}, "by unionid": {"unionid": "o1"}, "by id": {}}
    for number, (what, identity) in enumerate(found.items()):
        buyer = {"id": "c1" if what == "by id" else f"other-{number}"} | identity
        assert reason(mall.push(order(what, at=NOW + timedelta(seconds=1), buyer=buyer))) == ("小李", "touch")


@only_sqlite
def test_a_buyer_of_another_source_is_another_person(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code))
    assert reason(mall.push(order(at=NOW + timedelta(seconds=1), source="other"))) == (None, "none")


def test_an_opened_link_counts_for_thirty_days(mall: Mall) -> None:
    seller = mall.distributor("小李")
    opened(mall, seller, "visitor-1", ago(days=30))
    opened(mall, seller, "visitor-2", ago(days=30) + timedelta(microseconds=1))
    assert reason(mall.push(order("O1", buyer={"id": "visitor-1"}))) == (None, "expired")
    assert reason(mall.push(order("O2", buyer={"id": "visitor-2"}))) == ("小李", "touch")


def test_the_last_touch_wins_and_the_losing_claims_are_kept(mall: Mall) -> None:
    first, last = mall.distributor("小王"), mall.distributor("小李")
    opened(mall, first, "v", ago(days=2))
    opened(mall, last, "v", ago(days=1))
    assert reason(mall.push(order(buyer={"id": "v"}))) == ("小李", "touch")
    weighed = mall.read(lambda session: session.get(Order, 1)).claims
    assert [(claim["code"], claim["why"]) for claim in weighed] == [(last.code, "won"), (first.code, "earlier")]


def test_under_first_touch_the_first_within_the_window_wins_over_a_code(mall: Mall) -> None:
    mall.plan(starts_at=ago(days=200), attribution="{rule: first_touch, window_days: 10}")
    old, first, shown = (mall.distributor(name) for name in ("小赵", "小王", "小李"))
    opened(mall, old, "v", ago(days=11))
    for minute in range(25):  # more than are read of the newest
        opened(mall, shown, "v", ago(days=1) + timedelta(minutes=2 * minute))
    opened(mall, first, "v", ago(days=9))
    assert reason(mall.push(order(code=shown.code, buyer={"id": "v"}))) == ("小王", "touch")


@only_sqlite
def test_a_touch_after_the_payment_does_not_count(mall: Mall) -> None:
    opened(mall, mall.distributor("小李"), "v", NOW)
    assert reason(mall.push(order(at=ago(seconds=1), buyer={"id": "v"}))) == (None, "none")


@only_sqlite
@pytest.mark.parametrize("ref", [{"code": "8K3M2X"}, {"code": "不是码"}, {"coupon": "C5"}, {"group": "G1"}])
def test_a_code_of_nobody_is_told(mall: Mall, ref: dict[str, str]) -> None:
    answer = mall.push(order(ref=ref))
    assert reason(answer) == (None, "unknown_code")
    assert next(iter(ref.values())) in answer.json["reason"]["text"]
    assert answer.json["awards"] == []


@only_sqlite
def test_a_code_of_nobody_does_not_hide_an_earlier_touch(mall: Mall) -> None:
    opened(mall, mall.distributor("小李"), "v", ago(days=1))
    assert reason(mall.push(order(ref={"code": "8K3M2X"}, buyer={"id": "v"}))) == ("小李", "touch")


@only_sqlite
@pytest.mark.parametrize(
    ("joined", "expected"),
    [(NOW, ("小李", "code")), (NOW + timedelta(microseconds=999), ("小李", "code")),
     (NOW + timedelta(seconds=1), (None, "unknown_code"))],
)  # fmt: skip
def test_he_earns_from_the_second_in_which_he_joined(mall: Mall, joined: object, expected: object) -> None:
    seller = mall.distributor("小李", joined_at=joined)
    assert reason(mall.push(order(code=seller.code))) == expected


@only_sqlite
def test_an_applicant_is_nobody_yet(mall: Mall) -> None:
    assert reason(mall.push(order(code=mall.distributor("小李", status="review").code))) == (None, "unknown_code")


@only_sqlite
def test_the_code_of_a_suspended_distributor_is_none_but_what_he_brought_before_stays_his(mall: Mall) -> None:
    above = mall.distributor("老王")
    seller = mall.distributor("小李", inviter=above)
    mall.push(order(code=seller.code))
    mall.suspend(seller)
    shown = mall.push(order("O2", code=seller.code, buyer={"id": "new"}))
    assert reason(shown) == (None, "suspended")
    before = mall.push(order("O3", at=NOW + timedelta(seconds=1)))
    assert reason(before) == ("小李", "touch")
    assert [(award["to"], award["amount"]) for award in before.json["awards"]] == [(above.code, "5.00")]


@only_sqlite
@pytest.mark.parametrize("identity", ["unionid", "external_userid", "phone"])
def test_own_orders_pay_nobody_however_the_buyer_is_known(mall: Mall, identity: str) -> None:
    seller = mall.distributor("小李", inviter=mall.distributor("老王"))
    mall.known_by(seller, identity, "13800138000")
    answer = mall.push(order(code=seller.code, buyer={"id": "c", identity: "13800138000"}))
    assert reason(answer) == (None, "own_order")
    assert answer.json["awards"] == []


@only_sqlite
@pytest.mark.parametrize(("own", "paid"), [("seller", ["10.00", "5.00"]), ("upline", ["5.00"])])
def test_own_orders_are_his_where_the_plan_says_so(mall: Mall, own: str, paid: list[str]) -> None:
    mall.plan(starts_at=ago(days=200), own_orders=own)
    seller = mall.distributor("小李", inviter=mall.distributor("老王"))
    mall.known_by(seller, "unionid", "o1")
    answer = mall.push(order(code=seller.code, buyer={"id": "c", "unionid": "o1"}))
    assert reason(answer) == ("小李", "code")
    assert [award["amount"] for award in answer.json["awards"]] == paid


@only_sqlite
def test_unionid_decides_before_phone_who_the_buyer_is(mall: Mall) -> None:
    one, other = mall.distributor("小李"), mall.distributor("小王")
    mall.known_by(one, "unionid", "o1")
    mall.known_by(other, "phone", "13800138000")
    both = {"id": "c", "unionid": "o1", "phone": "13800138000"}
    assert reason(mall.push(order("O1", code=other.code, buyer=both))) == ("小王", "code")
    assert reason(mall.push(order("O2", code=one.code, buyer=both))) == (None, "own_order")
    unknown_unionid = both | {"unionid": "o2"}
    assert reason(mall.push(order("O3", code=other.code, buyer=unknown_unionid))) == (None, "own_order")


@only_sqlite
def test_without_a_plan_at_payment_nobody_has_it(mall: Mall) -> None:
    seller = mall.distributor("小李", joined_at=ago(days=900))
    assert reason(mall.push(order(code=seller.code, at=ago(days=500)))) == (None, "no_plan")


@only_sqlite
def test_the_plan_of_the_payment_holds_not_todays(mall: Mall) -> None:
    mall.plan(starts_at=ago(days=1), hold_days="1")
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code, at=ago(days=2), completed_at=ago(days=2).isoformat()))
    assert mall.read(lambda session: session.get(Order, 1)).settles_at == ago(days=2) + timedelta(days=7)


@only_sqlite
def test_a_customer_of_long_standing_costs_no_more(mall: Mall) -> None:
    seller = mall.distributor("小李")
    for minute in range(60):
        opened(mall, seller, "v", ago(days=1) + timedelta(minutes=2 * minute))
    mall.push(order(buyer={"id": "v"}))
    assert mall.count(Touch) == 60
    assert len(mall.read(lambda session: session.get(Order, 1)).claims) == claims.NEWEST
