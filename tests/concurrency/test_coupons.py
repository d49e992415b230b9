"""Coupons at the same moment: as many as there are, as many as each may have, one use of each; and no more work for
the hundred-thousandth than for the first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from domain.errors import DomainError
from domain.order import OrderFacts, RefundFacts
from models import Sessions
from models.coupon import CouponClaim, CouponShare, CouponStock, CouponUse
from services import order
from services.coupon import share_code
from services.coupon.taking import take
from tests.concurrency.crowd import at_once, connections, in_turns
from tests.support import coupons
from tests.support.databases import Database
from tests.support.shop import Shop
from web import in_transaction

THREADS = 20


@pytest.fixture
def shop(database: Database) -> Shop:
    opened = Shop(database.sessions)
    opened.joins("xiaoli")
    return opened


def page(shop: Shop, **keys: str) -> str:
    number = coupons.make(shop.sessions, now=shop.now, **keys)
    return coupons.page(shop.sessions, number, shop.who("xiaoli").id, now=shop.now)


def taker(shop: Shop, sessions: Sessions, code: str) -> Callable[[str, int], str]:
    """Takes one as the page does: begun again where another transaction was in the way."""

    def act(name: str, n: int = 1) -> str:
        try:
            return in_transaction(
                sessions, lambda session: take(session, code, coupons.visitor(name), n, now=shop.now)[0].code
            )
        except DomainError as refusal:
            return type(refusal).__name__

    return act


def counts(shop: Shop) -> tuple[int, int, int, int]:
    """By the stock, by the shares, by the rows; and the uses that stand, by the shares."""
    with shop.sessions.reading() as session:
        return (
            session.scalar(select(func.sum(CouponStock.claimed))) or 0,
            session.scalar(select(func.sum(CouponShare.claimed))) or 0,
            session.scalar(select(func.count()).select_from(CouponClaim)) or 0,
            session.scalar(select(func.sum(CouponShare.used))) or 0,
        )


def test_two_hundred_claims_on_a_stock_of_fifty_give_fifty(shop: Shop, database: Database) -> None:
    code = page(shop, stock="50")
    with connections(database, THREADS) as sessions:
        act = taker(shop, sessions, code)
        given = at_once([lambda number=number: act(f"visitor-{number}") for number in range(200)])

    assert not [fault for fault in given if isinstance(fault, Exception)]
    assert Counter(given)["SoldOut"] == 150
    assert len(set(given) - {"SoldOut"}) == 50
    assert counts(shop) == (50, 50, 50, 0)


def test_a_click_that_comes_many_times_at_once_takes_one(shop: Shop, database: Database) -> None:
    code = page(shop, stock="50", per_person="2")
    with connections(database, THREADS) as sessions:
        act = taker(shop, sessions, code)
        first = at_once([lambda: act("a", 1) for _ in range(THREADS)])
        second = at_once([lambda: act("a", 2) for _ in range(THREADS)])
        third = at_once([lambda: act("a", 3) for _ in range(THREADS)])

    assert len(set(first)) == len(set(second)) == 1
    assert set(first) != set(second)
    assert set(third) == {"Taken"}
    assert counts(shop) == (2, 2, 2, 0)


def test_one_page_for_the_same_three_whoever_asks_first(shop: Shop, database: Database) -> None:
    number, who = coupons.make(shop.sessions, now=shop.now), shop.who("xiaoli").id

    with connections(database, THREADS) as sessions:

        def ask(place: int) -> str:
            group = place % 2 or None
            return in_transaction(
                sessions,
                lambda session: share_code(session, number, distributor_id=who, group_id=group, now=shop.now),
            )

        assert sorted(in_turns(ask, THREADS, THREADS).values()) == [THREADS // 2, THREADS // 2]


def pushes(shop: Shop, sessions: Sessions, no: str, coupon: str, buyer: str) -> Callable[[], object]:
    line = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 5, "price": "30.00", "paid": "130.00"}
    content = {
        "no": no, "source": "mall", "buyer": {"id": buyer}, "ref": {"coupon": coupon},
        "paid_at": shop.now.isoformat(), "freight": "0.00", "lines": [line],
    }  # fmt: skip
    facts = OrderFacts.parse(json.dumps(content), now=shop.now)

    def act() -> object:
        return in_transaction(
            sessions, lambda session: order.record(session, shop.vault, facts, now=shop.now).order.reason_code
        )

    return act


def outcomes(shop: Shop) -> Counter[str | None]:
    return Counter(row["reason"] for row in coupons.uses(shop.sessions).values())


def test_one_coupon_in_many_orders_at_once_is_used_by_one(shop: Shop, database: Database) -> None:
    coupon = coupons.takes(shop.sessions, page(shop), now=shop.now)
    with connections(database, 8) as sessions:
        done = at_once([pushes(shop, sessions, f"O{number}", coupon, f"buyer-{number}") for number in range(8)])

    assert done == ["coupon"] * 8
    assert outcomes(shop) == {None: 1, "used": 7}
    assert counts(shop)[3] == 1


def test_many_coupons_of_one_buyer_at_once_are_as_many_uses_as_he_may(shop: Shop, database: Database) -> None:
    code = page(shop, per_person="2")
    taken = [coupons.takes(shop.sessions, code, f"visitor-{number}", now=shop.now) for number in range(8)]
    with connections(database, 8) as sessions:
        done = at_once([pushes(shop, sessions, f"O{n}", coupon, "one") for n, coupon in enumerate(taken)])

    assert done == ["coupon"] * 8
    assert outcomes(shop) == {None: 2, "per_person": 6}
    assert counts(shop)[3] == 2


def test_taking_using_and_refunding_on_one_page_at_once_leaves_its_counts_right(shop: Shop, database: Database) -> None:
    code = page(shop)
    taken = [coupons.takes(shop.sessions, code, f"first-{number}", now=shop.now) for number in range(8)]
    for number, coupon in enumerate(taken[:4]):
        pushes(shop, shop.sessions, f"O{number}", coupon, f"buyer-{number}")()
    with connections(database, 12) as sessions:
        act = taker(shop, sessions, code)

        def refund(no: str) -> object:
            lines = [{"line": 0, "qty": 5, "amount": "130.00"}]
            content = {"refund_no": f"R{no}", "at": shop.now.isoformat(), "lines": lines}
            facts = RefundFacts.parse(json.dumps(content))
            return in_transaction(sessions, lambda session: order.refund(session, no, facts, now=shop.now).status)

        done = at_once(
            [lambda number=number: act(f"second-{number}") for number in range(4)]
            + [pushes(shop, sessions, f"O{n}", coupon, f"buyer-{n}") for n, coupon in enumerate(taken[4:], start=4)]
            + [lambda number=number: refund(f"O{number}") for number in range(4)]
        )

    assert not [fault for fault in done if isinstance(fault, Exception)]
    assert counts(shop) == (12, 12, 12, 4)
    with shop.sessions.reading() as session:
        share = session.scalars(select(CouponShare)).one()
        standing = session.scalars(select(CouponUse).where(CouponUse.standing_claim_id.is_not(None))).all()
    assert (share.discount.yuan, share.sales.yuan) == ("80.00", "520.00")
    assert len(standing) == 4
    assert shop.differences() == []


# Work that does not grow

CLAIMS = 30_000


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
def test_after_thirty_thousand_claims_one_more_reads_only_by_index(shop: Shop, database: Database) -> None:
    code = page(shop)
    first = coupons.takes(shop.sessions, code, now=shop.now)
    _many_claims(database)
    said: list[tuple[str, Any]] = []
    event.listen(
        shop.sessions.engine, "before_cursor_execute", lambda c, cur, sql, given, *more: said.append((sql, given))
    )

    coupons.takes(shop.sessions, code, "one more", now=shop.now)
    pushes(shop, shop.sessions, "O1", first, "buyer")()

    asked = [(sql, given) for sql, given in said if "coupon_" in sql and not sql.startswith("INSERT")]
    assert len(asked) >= 8
    with database.engine.connect() as connection:
        for sql, given in asked:
            lines = connection.exec_driver_sql(f"EXPLAIN {sql}", given).all()
            assert not [line for line in lines if _scans(line)], (sql, lines)


def _many_claims(database: Database) -> None:
    numbers = (
        f"SELECT generate_series(1, {CLAIMS}) AS n"
        if database.engine.dialect.name == "postgresql"
        else f"SELECT seq AS n FROM seq_1_to_{CLAIMS}"
    )
    columns = "coupon_id, share_id, code, holder, n, claimed_at"
    claims = (
        f"INSERT INTO coupon_claim ({columns}) SELECT c.coupon_id, c.share_id, CONCAT('X', s.n),"
        f" CONCAT('many-', s.n), 1, c.claimed_at FROM coupon_claim c CROSS JOIN ({numbers}) s"
    )
    with database.engine.begin() as connection:
        connection.execute(text(claims))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("ANALYZE" if database.engine.dialect.name == "postgresql" else "ANALYZE TABLE coupon_claim")
        )


def _scans(line: Any) -> bool:
    """Whether a line of the plan reads the claims from end to end."""
    if len(line) == 1:
        return "Seq Scan on coupon_claim" in line[0]
    return line.table == "coupon_claim" and line.type in ("ALL", "index")
