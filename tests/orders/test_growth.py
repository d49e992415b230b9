"""Order intake does not grow with history: no statement on its way reads a table that grows from end to end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from tests.orders.mall import NOW, Mall, ago, order
from tests.support import coupons

GROWING = {
    "orders", "order_line", "refund", "shipment", "early_fact", "touch", "api_nonce", "distributor", "identity",
    "award", "skip", "ledger_account", "ledger_entry", "ledger_posting", "tally", "coupon_claim",
    "coupon_share", "coupon_use",
}  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_statement_of_a_push_scans_a_table_that_grows(mall: Mall) -> None:
    mall.plan(starts_at=ago(days=200), attribution="{rule: first_touch, window_days: 10}")
    seller = mall.distributor("小李", inviter=mall.distributor("老王", inviter=mall.distributor("老张")))
    made = coupons.make(mall.sessions, now=NOW, for_="first_order", minimum='"0.00"')
    page = coupons.page(mall.sessions, made, seller.id, now=NOW)
    coupon = coupons.takes(mall.sessions, page, now=NOW)
    said: list[tuple[str, Any]] = []
    engine = mall.sessions.engine
    event.listen(engine, "before_cursor_execute", lambda c, cur, sql, given, ctx, many: said.append((sql, given, many)))

    buyer = {"id": "c", "unionid": "u", "phone": "13800138000", "external_userid": "w", "openid": "o"}
    mall.refund("O1", "R0", (0, 0, "1.00"))
    mall.push(order(code=seller.code, buyer=buyer))
    mall.push(order("O2", at=ago(days=300), buyer=buyer))
    mall.push(order(code=seller.code, buyer=buyer))
    mall.push(order("O3", buyer=buyer | {"id": "d"}, ref={"coupon": coupon}))
    mall.refund("O3", "R3", (0, 2, "100.00"))
    coupons.takes(mall.sessions, page, "another", now=NOW)
    mall.refund("O1", "R1", (0, 1, "1.00"))
    mall.tell("O1", "complete", {"at": NOW.isoformat()})
    mall.tell("O1", "shipments", {"carrier": "顺丰", "waybill": "SF1", "at": NOW.isoformat()})

    asked = [
        (sql, given[0] if many else given) for sql, given, many in said if sql.startswith(("SELECT", "WITH", "UPDATE"))
    ]
    scans = set()
    with engine.connect() as connection:
        for sql, given in asked:
            for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given):
                words = row.detail.split()
                if words[0] == "SCAN" and any(words[1] in (name, f"{name}_1") for name in GROWING):
                    scans.add((words[1], sql))
    assert len(asked) > 40
    assert scans == set()
