"""No statement on the way of a message or an order may read a grown table, or one of its indexes, from end to end.

People say what can be said in the chat and a mall pushes what can be pushed; every statement of theirs is explained by
the database as it stands, on PostgreSQL both with the values in hand and as the generic plan that a prepared statement
may get later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, event

from bench import people
from bench.fill import Past, counts, inviter
from bench.orders import Intake
from bench.scratch import Scratch

GROWN = 5_000  # rows; what the merchant enters himself stays far below
SAID = (
    *(
        "我的收益",
        "今天的收益",
        "上个月的收益",
        "收益明细",
        "为什么这单有佣金",
        "我的订单",
        "退款的订单",
        "我的团队",
        "排行榜",
    ),
    *("本月排行榜", "我的链接", "有什么商品", "草莓海报", "佣金规则", "提现记录", "提现 1", "取消", "提现 1", "确认"),
    *("绑定 {inviter}", "我要加入", "帮助", "谢谢", "随便说点什么"),
)
SAID_BY_OPERATORS = ("待审核", "今天", "通过 1", "已打款 1", "拒绝 2 资料不全")
OPERATOR = "bench-operator"

Told = tuple[str, Any]  # a statement and its parameters


@dataclass(frozen=True)
class Offender:
    """A statement that reads `table` from end to end, and what the database says about it."""

    table: str
    said: str
    statement: str


def find(scratch: Scratch, past: Past) -> tuple[int, list[Offender]]:
    """How many different statements were looked at, and those that scan."""
    intake = Intake(scratch)
    try:
        told = _statements(intake, past)
        grown = {name for name, count in counts(scratch).items() if count > GROWN}
        offenders = [
            Offender(table, said, statement)
            for statement, values in told.items()
            for table, said in reads(intake.runtime.engine, statement, values)
            if table in grown
        ]
    finally:
        intake.close()
    return len(told), list(dict.fromkeys(offenders))


# What is said and pushed


def _statements(intake: Intake, past: Past) -> dict[str, Any]:
    """Every statement that is explained, with the parameters that it had first."""
    told: dict[str, Any] = {}

    def listen(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
        if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", statement):
            told.setdefault(statement, values[0] if many else values)

    engine = intake.runtime.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        _chat(intake, past)
        _pushes(intake, past)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return told


def _chat(intake: Intake, past: Past) -> None:
    from services import distributor

    with intake.runtime.sessions.writing() as session:
        distributor.add_operator(session, OPERATOR, name="店长", role="owner", now=datetime.now(UTC))
    seller = past.sellers[0]
    names = {"inviter": past.codes[inviter(seller) or 1]}
    for text in SAID:
        _say(intake, people.userid(seller), text.format(**names))
    for text in SAID_BY_OPERATORS:
        _say(intake, OPERATOR, text)
    _say(intake, "bench-stranger", "我的收益")
    _say(intake, "bench-newcomer", f"我要加入 {past.codes[seller]}")


def _say(intake: Intake, sender: str, text: str) -> None:
    path, body = people.callback(sender, text)
    intake.post(path, body, {"Content-Type": "text/xml"}, expected="200")


def _pushes(intake: Intake, past: Past) -> None:
    """An order by code, one of a buyer whom only touches know, their repeats and what follows them."""
    known = {"unionid": "bench-u", "openid": "bench-o", "external_userid": "bench-e", "phone": "13800138000"}
    for code in (past.codes[past.sellers[1]], None):
        no = people.order_number()
        content = json.loads(people.order(code or "", no=no))
        content["buyer"] |= known
        content["ref"] = {"code": code} if code else {}
        body = json.dumps(content).encode()
        at = content["paid_at"]
        refund = {"refund_no": f"R{no}", "at": at, "lines": [{"line": 0, "qty": 0, "amount": "1.00"}]}
        rest = refund | {"refund_no": f"S{no}", "lines": [{"line": 0, "qty": 1, "amount": "67.00"}]}
        early = refund | {"refund_no": f"E{no}"}
        parcel = {"carrier": "顺丰", "waybill": f"SF{no}", "at": at}
        _push(intake, "/api/v1/orders/unknown/refunds", json.dumps(early).encode(), "202")
        _push(intake, "/api/v1/orders", body, "201")
        _push(intake, "/api/v1/orders", body, "200")
        _push(intake, f"/api/v1/orders/{no}/refunds", json.dumps(refund).encode(), "201")
        _push(intake, f"/api/v1/orders/{no}/shipments", json.dumps(parcel).encode(), "201")
        _push(intake, f"/api/v1/orders/{no}/complete", json.dumps({"at": at}).encode(), "200")
        _push(intake, f"/api/v1/orders/{no}/refunds", json.dumps(rest).encode(), "201")


def _push(intake: Intake, path: str, body: bytes, expected: str) -> None:
    intake.post(path, body, people.signed(body), expected=expected)


# What the database says


def reads(engine: Engine, statement: str, values: Any) -> Iterator[tuple[str, str]]:
    """(table, how it is read) for everything that is read from end to end."""
    with engine.connect() as connection:
        try:
            if engine.dialect.name == "sqlite":
                yield from _on_sqlite(connection, statement, values)
            else:
                first = _first_columns(connection)
                for mode in ("force_custom_plan", "force_generic_plan"):
                    connection.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
                    yield from _on_postgresql(connection, statement, values, first)
        finally:
            connection.rollback()


def _on_sqlite(connection: Connection, statement: str, values: Any) -> Iterator[tuple[str, str]]:
    aliases = {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", statement)}
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
        found = re.match(r"SCAN (\w+)", row.detail)
        if found:
            yield aliases.get(found[1], found[1]), row.detail


def _first_columns(connection: Connection) -> dict[str, str]:
    """The first column of every index, by the index's name."""
    asked = (
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    )
    return {row[0]: row[1] for row in connection.exec_driver_sql(asked)}


def _on_postgresql(
    connection: Connection, statement: str, values: Any, first: dict[str, str]
) -> Iterator[tuple[str, str]]:
    answer = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    yield from _whole_reads(plan, first, table="", bounded=False)


def _whole_reads(
    node: dict[str, Any], first: dict[str, str], *, table: str, bounded: bool
) -> Iterator[tuple[str, str]]:
    """Sequential scans, and walks through an index, without a condition on its first column, that no LIMIT ends."""
    kind, table = node["Node Type"], node.get("Relation Name", table)
    if kind == "Seq Scan":
        yield table, kind
    elif (index := node.get("Index Name")) and first.get(index, "") not in node.get("Index Cond", "") and not bounded:
        yield table, f"{kind} over the whole {index}"
    bounded = kind == "Limit" or (bounded and kind in ("Nested Loop", "LockRows", "Result", "Subquery Scan"))
    for child in node.get("Plans", ()):
        yield from _whole_reads(child, first, table=table, bounded=bounded)
