"""`flask entitlement`, and the books of points."""

from __future__ import annotations

import pytest
from sqlalchemy import text, update

from domain import ledger as books
from domain.money import Money
from models.ledger import LedgerAccount, LedgerPosting
from services import ledger
from tests.commands.conftest import Flask
from tests.support.shop import Shop

PLAN = """
name: 奖励
terms: {hold_days: 0}
rules:
  - {id: direct, kind: commission, title: 佣金, pay: [{to: seller, rate: 10%}]}
  - {id: coupon, kind: milestone, title: 首单券, count: {of: orders}, at: [1], reward: {coupon: CASH50}}
  - {id: gift, kind: milestone, title: 首单礼, count: {of: orders}, at: [1], reward: {gift: 苹果一箱, value: "59.00"}}
  - {id: points, kind: milestone, title: 首单分, count: {of: orders}, at: [1], reward: {points: 50}}
"""


@pytest.fixture
def rewarded(shop: Shop, flask: Flask) -> str:
    """xiaoli's first order has settled; its number."""
    return shop.earns_first(PLAN)


def listed(flask: Flask, *more: str) -> list[tuple[int, str, str, str]]:
    rows = flask("entitlement", "list", "--json", *more).data["entitlements"]
    return [(row["number"], row["kind"], row["content"], row["state"]) for row in rows]


def test_what_was_earned_in_kind_is_listed_and_marked(flask: Flask, shop: Shop, rewarded: str) -> None:
    assert listed(flask) == [
        (1, "coupon", "CASH50", "issued"),
        (2, "gift", "苹果一箱", "issued"),
        (3, "points", "50", "issued"),
    ]
    assert listed(flask, "--code", "NOBODY") == []
    data = flask("entitlement", "use", "1", "--note", "O77", "--json").data
    assert data == {"number": 1, "kind": "coupon", "state": "used", "changed": True, "note": "O77"}
    assert "没有变化" in flask("entitlement", "use", "1").text
    assert flask("entitlement", "send", "2").text == "编号 2：已寄出。\n"
    assert listed(flask, "--state", "used") == [(1, "coupon", "CASH50", "used")]
    assert [state for *_, state in listed(flask, "--state", "all")] == ["used", "sent", "issued"]
    assert "赠品「苹果一箱」（价值 59.00 元）" in flask("entitlement", "list", "--state", "all").text


def test_what_cannot_be_marked_is_refused(flask: Flask, shop: Shop, rewarded: str) -> None:
    assert flask("entitlement", "send", "1", "--json", code=1).data["error"]["code"] == "entitlement.cannot_be"
    assert "编号 3 是积分" in flask("entitlement", "use", "3", "--json", code=1).data["error"]["message"]
    assert flask("entitlement", "use", "9", "--json", code=1).data["error"]["code"] == "entitlement.unknown"
    assert [state for *_, state in listed(flask)] == ["issued"] * 3


def test_after_a_refund_what_is_unused_falls_back_and_what_was_used_is_noted(
    flask: Flask, shop: Shop, rewarded: str
) -> None:
    flask("entitlement", "use", "1")
    shop.refunds(rewarded, "100.00", qty=1)
    shop.settles()
    assert [state for *_, state in listed(flask, "--state", "all")] == ["used", "reversed", "reversed"]
    (used,) = flask("entitlement", "list", "--state", "used", "--json").data["entitlements"]
    assert used["note"] == "退款前已使用或寄出，不追回"
    assert flask("ledger", "verify", "--json").data["ok"] is True
    assert "编号 2 是赠品，已收回" in flask("entitlement", "send", "2", "--json", code=1).data["error"]["message"]


def test_points_that_differ_are_named_as_points(flask: Flask, shop: Shop, rewarded: str) -> None:
    name = f"distributor:{shop.who('xiaoli').id}:points"
    with shop.sessions.writing() as session:
        session.execute(update(LedgerAccount).where(LedgerAccount.name == name).values({"balance": text("51")}))
    (found,) = flask("ledger", "verify", "--json", code=1).data["differences"]
    assert found == {"what": name, "unit": "points", "expected": "50 分积分", "found": "51 分积分"}


def test_an_entry_of_points_and_yuan_is_found_though_it_sums_to_zero(flask: Flask, shop: Shop, rewarded: str) -> None:
    with pytest.raises(ValueError, match="points and money"):
        books.entry("x", "x", [(books.house("points_issued"), books.of_distributor(1, "available"), Money(50))])
    who = shop.who("xiaoli").id
    with shop.sessions.writing() as session:
        entry = ledger.post(
            session,
            books.transfer("x", "x", books.house("commission_cost"), books.of_distributor(who, "available"), Money(50)),
            now=shop.now,
        )
        names = [f"distributor:{who}:points", "merchant:points_issued"]
        ids = {row.name: row.id for row in session.query(LedgerAccount).where(LedgerAccount.name.in_(names))}
        session.add(LedgerPosting(entry_id=entry, account_id=ids[names[0]], amount=Money(7)))
        session.add(LedgerPosting(entry_id=entry, account_id=ids[names[1]], amount=Money(-7)))
    differing = {row["what"] for row in flask("ledger", "verify", "--json", code=1).data["differences"]}
    assert differing == {"entry x of yuan and points", names[0]}
