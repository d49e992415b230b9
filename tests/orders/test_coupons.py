"""An order that shows a coupon: whose it is, whether the coupon is used, what it cost, and what a refund does to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.coupon import CouponUse
from models.distributor import Distributor
from models.group import CustomerGroup, GroupLeadership
from models.order import Touch
from services.coupon import campaign, figures
from tests.orders.mall import NOW, Mall, ago, line, order
from tests.support import coupons
from tests.support.coupons import document

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # others: tests/concurrency/test_coupons.py

FRUIT = line(sku="APPLE", qty=2, price="68.00", paid="116.00")  # 136.00 less 20.00


@pytest.fixture
def seller(mall: Mall) -> Distributor:
    return mall.distributor("小李")


def taken(mall: Mall, who: Distributor | None, name: str = "a", *, group: int | None = None, **keys: str) -> str:
    """The code of one that a customer took on a distributor's page, an hour ago."""
    at = mall.now - timedelta(hours=1)
    number = coupons.make(mall.sessions, now=at - timedelta(days=1), **keys)
    page = coupons.page(mall.sessions, number, who.id if who else None, now=at, group=group)
    return coupons.takes(mall.sessions, page, name, now=at)


def pushed(mall: Mall, no: str = "O1", coupon: str | None = None, **changes: Any) -> dict[str, Any]:
    body = order(no, **({"ref": {"coupon": coupon}, "lines": [FRUIT]} | changes))
    answer = mall.push(body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def use(mall: Mall, no: str = "O1") -> dict[str, Any]:
    return coupons.uses(mall.sessions)[no]


def brought(mall: Mall, who: Distributor) -> tuple[int, int, str, str]:
    with mall.sessions.reading() as session:
        (found,) = figures.of_distributor(session, who.id, range(1, 20)).values()
    return found.claimed, found.used, found.discount.yuan, found.sales.yuan


# Whose it is


def test_an_order_with_a_coupon_is_his_on_whose_page_it_was_taken(mall: Mall, seller: Distributor) -> None:
    answer = pushed(mall, coupon=taken(mall, seller))
    assert set(answer) == {"no", "distributor", "reason", "awards"}
    assert answer["distributor"] == {"code": seller.code, "name": "小李"}
    assert answer["reason"] == {"code": "coupon", "text": "下单时带了小李发的优惠券"}
    assert [(award["to"], award["amount"]) for award in answer["awards"]] == [(seller.code, "11.60")]
    assert use(mall) == {"reason": None, "why": None, "discount": "20.00", "sales": "116.00", "stands": True}
    assert brought(mall, seller) == (1, 1, "20.00", "116.00")


def test_the_code_may_be_typed_as_people_type(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    assert pushed(mall, coupon=f" {code[:5].lower()}-{code[5:]} 。")["reason"]["code"] == "coupon"
    assert use(mall)["stands"]


def test_a_code_that_is_shown_beside_a_coupon_comes_first(mall: Mall, seller: Distributor) -> None:
    other = mall.distributor("小王")
    answer = pushed(mall, coupon=None, ref={"code": other.code, "coupon": taken(mall, seller)})
    assert (answer["distributor"]["name"], answer["reason"]["code"]) == ("小王", "code")
    assert use(mall)["stands"]


def test_a_coupon_is_a_touch_for_the_buyers_later_orders(mall: Mall, seller: Distributor) -> None:
    buyer = {"id": "cust-1", "phone": "13800138000"}
    pushed(mall, coupon=taken(mall, seller), buyer=buyer, paid_at=ago(days=2).isoformat())
    later = pushed(mall, "O2", buyer={"id": "another", "phone": "138 0013 8000"}, ref={})
    assert later["reason"] == {"code": "touch", "text": "顾客 2026-03-08 领过小李发的优惠券"}
    assert mall.count(Touch) == 3  # the claim's visitor, the order's buyer id and phone


def test_ones_own_purchase_with_ones_own_coupon_is_nobodys(mall: Mall, seller: Distributor) -> None:
    mall.known_by(seller, "phone", "13800138000")
    answer = pushed(mall, coupon=taken(mall, seller), buyer={"id": "c", "phone": "13800138000"})
    assert (answer["distributor"], answer["reason"]["code"], answer["awards"]) == (None, "own_order", [])
    assert use(mall)["stands"]


def test_the_coupon_of_somebody_suspended_is_used_and_pays_nobody(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    mall.suspend(seller)
    answer = pushed(mall, coupon=code)
    assert answer["reason"] == {"code": "suspended", "text": f"优惠券「{code}」的分销员付款时已停止推广"}
    assert use(mall)["stands"]


def test_a_coupon_from_nobodys_page_says_nothing_of_who_brought_the_customer(mall: Mall) -> None:
    answer = pushed(mall, coupon=taken(mall, None))
    assert (answer["distributor"], answer["reason"]["code"]) == (None, "none")
    assert use(mall)["stands"]


def test_a_groups_coupon_is_his_who_led_the_group_when_it_was_taken(mall: Mall) -> None:
    leaders = [mall.distributor(name, role="leader") for name in ("小李", "小王")]
    with mall.sessions.writing() as session:
        session.add(CustomerGroup(chat_id="wr1", name="福利群", created_at=ago(days=9)))
        session.flush()
        for who, since in zip(leaders, (ago(days=5), ago(minutes=30)), strict=True):
            session.add(GroupLeadership(group_id=1, distributor_id=who.id, since=since, noted_at=since))
    code = taken(mall, None, group=1)  # an hour ago
    answer = pushed(mall, coupon=code)
    assert (answer["distributor"]["name"], answer["reason"]["code"]) == ("小李", "coupon")
    page = coupons.page(mall.sessions, 1, None, now=mall.now, group=1)
    later = coupons.takes(mall.sessions, page, "b", now=mall.now)
    assert pushed(mall, "O2", later)["distributor"]["name"] == "小王"
    assert [row.kind for row in mall.read(lambda session: session.scalars(select(Touch)).all())] == ["coupon"] * 4


def test_a_page_s_own_code_names_who_shares_it_and_is_no_coupon(mall: Mall, seller: Distributor) -> None:
    taken(mall, seller)
    page = coupons.page(mall.sessions, 1, seller.id, now=mall.now)
    assert pushed(mall, coupon=page)["reason"]["code"] == "coupon"
    assert use(mall)["reason"] == "not_claimed"
    assert brought(mall, seller) == (1, 0, "0.00", "0.00")


@pytest.mark.parametrize("given", ["C1", "7K3M2QAB9X", "????", "7K3M2QAB9XYZ"])
def test_a_code_of_nothing_is_unknown(mall: Mall, given: str) -> None:
    answer = pushed(mall, coupon=given)
    assert answer["reason"] == {"code": "unknown_code", "text": f"优惠券「{given}」不属于任何分销员"}
    assert use(mall) == {
        "reason": "unknown", "why": "没有这个券码", "discount": "0.00", "sales": "0.00", "stands": False,
    }  # fmt: skip


def test_an_order_without_a_coupon_has_nothing_to_do_with_them(mall: Mall) -> None:
    pushed(mall, ref={})
    assert mall.count(CouponUse) == 0


# Whether it is used

REFUSED = {
    "before it begins": ({"from_": '"2026-03-10T12:00:01+08:00"'}, {}, "not_yet", "3月10日 12:00 起可用"),
    "after its end": ({"until": '"2026-03-10T12:00:00+08:00"'}, {}, "over", "有效期到 3月10日 12:00，付款时已过期"),
    "after its days": ({"valid_days": "1"}, {"paid_at": NOW + timedelta(hours=23)}, "over", "有效期到 3月11日 11:00"),
    "below its minimum": ({"minimum": '"136.01"'}, {}, "minimum", "要满 136.01 元，这一单适用的商品是 136.00 元"),
    "of something else": ({"scope": "{skus: [PEAR]}"}, {}, "scope", "只适用于 PEAR，这一单没有"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_written_down_and_the_order_is_taken(
    mall: Mall, seller: Distributor, case: tuple[dict[str, str], dict[str, Any], str, str]
) -> None:
    keys, changes, reason, why = case
    source = document(**{name: value for name, value in keys.items() if name != "scope"})
    number = coupons.make(mall.sessions, source, now=ago(days=1)) if "scope" not in keys else _scoped(mall, keys)
    page = coupons.page(mall.sessions, number, seller.id, now=mall.now)
    at = NOW + timedelta(seconds=1) if "from_" in keys else ago(hours=1)
    code = coupons.takes(mall.sessions, page, now=at)
    if paid_at := changes.get("paid_at"):
        mall.now = paid_at
        changes = {"paid_at": paid_at.isoformat()}
    answer = pushed(mall, coupon=code, **changes)
    assert answer["reason"]["code"] == "coupon"
    found = use(mall)
    assert (found["reason"], found["stands"], found["discount"]) == (reason, False, "0.00")
    assert found["why"].startswith(why)
    assert brought(mall, seller) == (1, 0, "0.00", "0.00")


def _scoped(mall: Mall, keys: dict[str, str]) -> int:
    from domain.money import Money
    from models.order import Product

    with mall.sessions.writing() as session:
        session.add(Product(sku="PEAR", name="梨", category="水果", price=Money(990), stock=3, on_shelf=True))
    return coupons.make(mall.sessions, document(**keys), now=ago(days=1))


def test_a_coupon_is_used_once(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    pushed(mall, coupon=code)
    again = pushed(mall, "O2", code, buyer={"id": "cust-2"})
    assert again["reason"]["code"] == "coupon"
    assert (use(mall, "O2")["reason"], use(mall, "O2")["why"]) == ("used", "这张券已在订单 O1 用过")
    assert brought(mall, seller) == (1, 1, "20.00", "116.00")


def test_a_repeated_push_books_nothing_twice(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    pushed(mall, coupon=code)
    body = order("O1", ref={"coupon": code}, lines=[FRUIT])
    assert mall.push(body).status_code == 200
    assert mall.push(body | {"completed_at": NOW.isoformat()}).status_code == 200
    assert mall.count(CouponUse) == 1
    assert brought(mall, seller) == (1, 1, "20.00", "116.00")


def test_who_collects_codes_uses_as_many_as_each_person_may(mall: Mall, seller: Distributor) -> None:
    codes = [taken(mall, seller, name) for name in "abc"]
    for number, code in enumerate(codes):
        pushed(mall, f"O{number}", code, buyer={"id": "one"})
    assert [row["reason"] for row in coupons.uses(mall.sessions).values()] == [None, "per_person", "per_person"]
    assert use(mall, "O1")["why"] == "每人限用 1 张，这位顾客已用 1 张"


def test_a_second_use_of_two_is_free_again_after_its_refund(mall: Mall, seller: Distributor) -> None:
    codes = [taken(mall, seller, name, per_person="2") for name in "abcd"]
    for number, code in enumerate(codes[:3]):
        pushed(mall, f"O{number}", code, buyer={"id": "one"})
    mall.refund("O0", "R0", (0, 2, "116.00"))
    pushed(mall, "O4", codes[3], buyer={"id": "one"})
    assert [row["reason"] for row in coupons.uses(mall.sessions).values()] == [None, None, "per_person", None]


@pytest.mark.parametrize("known", ["by his id", "by his phone, from an order with a code"])
def test_only_new_customers_use_what_is_for_them(mall: Mall, seller: Distributor, known: str) -> None:
    buyer = {"id": "cust-1", "phone": "13800138000"}
    pushed(
        mall, "O0", buyer=buyer, ref={"code": seller.code} if "phone" in known else {}, paid_at=ago(days=9).isoformat()
    )
    code = taken(mall, seller, for_="new_customers")
    pushed(mall, coupon=code, buyer=buyer | ({"id": "other"} if "phone" in known else {}))
    assert (use(mall)["reason"], use(mall)["why"]) == ("not_new", "限新客，这位顾客以前买过")
    pushed(mall, "O2", code, buyer={"id": "somebody new"})
    assert use(mall, "O2")["stands"]


def test_the_first_order_through_a_distributor_may_follow_others(mall: Mall, seller: Distributor) -> None:
    """R71: 10 % off the first order through a distributor's link."""
    pushed(mall, "O0", ref={}, paid_at=ago(days=9).isoformat())
    first, second = (taken(mall, seller, name, kind="percent", for_="first_order") for name in "ab")
    lines = [line(price="68.00", qty=1, paid="61.20")]
    pushed(mall, "O1", first, lines=lines, paid_at=ago(minutes=5).isoformat())
    pushed(mall, "O2", second, lines=lines)
    assert (use(mall, "O1")["stands"], use(mall, "O1")["discount"]) == (True, "6.80")
    assert use(mall, "O2")["why"] == "限经推荐的第一单，这位顾客以前由分销员推荐买过"


# What it cost

COSTS = {
    "what the mall took off": ([line(qty=2, price="68.00", paid="116.00")], "20.00"),
    "no more than it gives": ([line(qty=2, price="68.00", paid="100.00")], "20.00"),
    "less, where the mall took off less": ([line(qty=2, price="68.00", paid="126.00")], "10.00"),
    "nothing, where the mall tells no difference": ([line(qty=2, price="68.00", paid="136.00")], "0.00"),
    "over several lines": (
        [line(qty=1, price="68.00", paid="58.00"), line(qty=1, price="68.00", paid="58.00")],
        "20.00",
    ),
    "a dearer line is no saving": (
        [line(qty=1, price="100.00", paid="90.00"), line(price="1.00", paid="9.00")],
        "10.00",
    ),
}


@pytest.mark.parametrize(("lines", "cost"), COSTS.values(), ids=COSTS.keys())
def test_what_a_use_cost_the_merchant(mall: Mall, seller: Distributor, lines: list[Any], cost: str) -> None:
    pushed(mall, coupon=taken(mall, seller), lines=lines)
    assert use(mall)["discount"] == cost


def test_only_lines_in_scope_count(mall: Mall, seller: Distributor) -> None:
    number = _scoped(mall, {"scope": "{skus: [PEAR]}"})
    page = coupons.page(mall.sessions, number, seller.id, now=mall.now)
    code = coupons.takes(mall.sessions, page, now=mall.now)
    lines = [
        line(sku="PEAR", qty=2, price="50.00", paid="95.00"),
        line(sku="APPLE", qty=2, price="50.00", paid="50.00"),
    ]
    pushed(mall, coupon=code, lines=lines)
    assert use(mall)["discount"] == "5.00"


# What a mall may ask before the customer pays


def test_a_mall_asks_what_a_code_is_good_for(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller, kind="percent", at_most='"30.00"', valid_days="1")

    def asked(given: str) -> Any:
        return mall.send("GET", f"/api/v1/coupons/{given}", b"")

    assert asked(f"{code[:5].lower()}-{code[5:]}").json == {
        "code": code, "state": "usable", "until": "2026-03-11T11:00:00+08:00", "key": "SAVE20", "title": "九折",
        "kind": "percent", "off": "10%", "at_most": "30.00", "minimum": "0.00", "for": "everyone",
        "scope": {"categories": [], "skus": [], "exclude": []},
    }  # fmt: skip
    pushed(mall, coupon=code)
    assert asked(code).json["state"] == "used"
    assert asked("7K3M2QAB9X").status_code == asked("x").status_code == 404
    assert mall.send("GET", f"/api/v1/coupons/{code}", b"", X_Signature="0" * 64).status_code == 401


# Refunds


def test_a_refund_of_the_whole_order_gives_the_coupon_back(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller, valid_days="3")
    pushed(mall, coupon=code)
    mall.refund("O1", "R1", (0, 1, "50.00"))
    assert brought(mall, seller) == (1, 1, "20.00", "66.00")
    mall.refund("O1", "R2", (0, 0, "66.00"))
    assert use(mall) == {"reason": None, "why": None, "discount": "0.00", "sales": "0.00", "stands": False}
    assert brought(mall, seller) == (1, 0, "0.00", "0.00")
    pushed(mall, "O2", code)
    assert use(mall, "O2")["stands"]
    assert brought(mall, seller) == (1, 1, "20.00", "116.00")


def test_after_its_end_a_coupon_does_not_come_back(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller, valid_days="1")
    pushed(mall, coupon=code)
    mall.now = NOW + timedelta(days=2)
    mall.refund("O1", "R1", (0, 2, "116.00"))
    assert use(mall)["stands"]
    assert brought(mall, seller) == (1, 1, "0.00", "0.00")
    pushed(mall, "O2", code)
    assert use(mall, "O2")["reason"] == "used"


def test_a_refund_of_a_part_gives_nothing_back(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    pushed(mall, coupon=code)
    mall.refund("O1", "R1", (0, 2, "115.99"))
    assert use(mall)["stands"]
    assert brought(mall, seller) == (1, 1, "20.00", "0.01")


def test_an_order_paid_by_the_coupon_alone_is_undone_when_its_goods_are_back(mall: Mall, seller: Distributor) -> None:
    pushed(mall, coupon=taken(mall, seller, minimum='"0.00"'), lines=[line(qty=2, price="10.00", paid="0.00")])
    assert use(mall)["discount"] == "20.00"
    mall.refund("O1", "R1", (0, 1, "0.00"))
    assert use(mall)["stands"]
    mall.refund("O1", "R2", (0, 1, "0.00"))
    assert not use(mall)["stands"]


def test_a_refund_that_came_first_undoes_the_use_when_the_order_comes(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    assert mall.refund("O1", "R1", (0, 2, "116.00")).status_code == 202
    pushed(mall, coupon=code)
    assert not use(mall)["stands"]
    assert brought(mall, seller) == (1, 0, "0.00", "0.00")
    assert mall.books_are_right()


def test_closing_a_coupon_leaves_what_was_taken_good(mall: Mall, seller: Distributor) -> None:
    code = taken(mall, seller)
    with mall.sessions.writing() as session:
        assert campaign.close(session, "SAVE20", now=mall.now)[1]
    pushed(mall, coupon=code)
    assert use(mall)["stands"]
