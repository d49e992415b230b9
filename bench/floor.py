"""The floor of an order: a plain DB-API program that writes the rows of one order, in one commit.

It writes what the product writes for an order of one line with a code and two awards, under the same indexes, with the
same driver and the same durability: the nonce, the order, its line, a touch, two awards, a ledger entry with three
postings, two balances, three tallies. It knows every id and value beforehand: it looks nothing up, decides nothing,
parses nothing, and answers nobody. Rows of one table go in one statement.
"""

from __future__ import annotations

import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench import people
from bench.fill import Past, account, inviter, labels
from bench.scratch import Scratch

TABLES = (
    "api_nonce", "orders", "order_line", "touch", "award", "ledger_entry", "ledger_posting", "tally",
)  # fmt: skip


class Floor:
    """Writes orders of `past`'s sellers; one connection, as the product uses one for a request."""

    tables: tuple[str, ...] = TABLES

    def __init__(self, scratch: Scratch, past: Past) -> None:
        self._past, self._sqlite = past, scratch.backend == "sqlite"
        self._connection: Any
        if self._sqlite:
            self._connection = sqlite3.connect(scratch.folder / "tuike.db", isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
                self._connection.execute(f"PRAGMA {pragma}")
        else:
            self._connection = psycopg.connect(scratch.url.replace("postgresql+psycopg", "postgresql"))
        self._cursor = self._connection.cursor()

    def close(self) -> None:
        self._connection.close()

    def write(self, seller: int) -> None:
        """One order of a line of 68.00 with two awards."""
        past, now = self._past, datetime.now(UTC)
        above = inviter(seller) or 0
        no, code, codes = people.order_number(), past.codes[seller], past.codes[above]
        at: Any = now.replace(tzinfo=None).isoformat(" ", "microseconds") if self._sqlite else now
        do = self._do
        if self._sqlite:
            self._cursor.execute("BEGIN IMMEDIATE")
        do("INSERT INTO api_nonce (digest, seen_at) VALUES (?, ?)", secrets.token_hex(32), at)
        order_id = self._new_id(
            "INSERT INTO orders (source, no, digest, content, buyer_digest, distributor_id, plan_version_id,"
            " reason_code, reason_text, claims, upline, counts, paid, net, units, paid_at, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            "mall", no, secrets.token_hex(32), _CONTENT % code, secrets.token_hex(32), seller, 1, "code",
            f"下单时填了推客{seller}的推广码", _CLAIMS % (code, code), _UPLINE % (above, codes), True,
            6800, 6800, 1, at, at,
        )  # fmt: skip
        do(
            "INSERT INTO order_line (order_id, line, sku, name, category, qty, price, paid, refunded, refunded_qty)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            order_id, 0, "STRAWBERRY-3J", "丹东99草莓 3斤装", "水果", 1, 6800, 6800, 0, 0,
        )  # fmt: skip
        do(
            "INSERT INTO touch (identity_digest, distributor_id, kind, ref, at) VALUES (?, ?, ?, ?, ?)",
            secrets.token_hex(32), seller, "code", f"order:{order_id}", at,
        )  # fmt: skip
        self._earned(order_id, seller, above, at)
        self._book(no, self._amounts(seller, above), at)
        self._count(seller, at)
        greatest = "max" if self._sqlite else "greatest"
        tallies = [
            (label, seller, 6800, 1, 1, at) for label in labels(int((now + timedelta(hours=8)).timestamp()) // 86400)
        ]
        do(
            "INSERT INTO tally (label, distributor_id, sales, orders, units, reached_at)"
            " VALUES (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (label, distributor_id) DO UPDATE SET sales = tally.sales + excluded.sales,"
            " orders = tally.orders + excluded.orders, units = tally.units + excluded.units,"
            f" reached_at = {greatest}(tally.reached_at, excluded.reached_at)",
            *(value for row in tallies for value in row),
        )  # fmt: skip
        if self._sqlite:
            self._cursor.execute("COMMIT")
        else:
            self._connection.commit()

    def _amounts(self, seller: int, above: int) -> dict[int, int]:
        return {seller: 680, above: 340}

    def _earned(self, order_id: int, seller: int, above: int, at: Any) -> None:
        self._do(
            f"INSERT INTO award ({_AWARD}) VALUES {_AWARD_MARKS}, {_AWARD_MARKS}",
            order_id, 0, "direct", 0, seller, "seller", _TERMS, _FACTS, 680, 680, "pending", at,
            order_id, 0, "direct", 1, above, "upline-1", _TERMS, _FACTS, 340, 340, "pending", at,
        )  # fmt: skip

    def _book(self, no: str, amounts: dict[int, int], at: Any) -> None:
        entry_id = self._new_id(
            "INSERT INTO ledger_entry (key, kind, digest, at) VALUES (?, ?, ?, ?)",
            f"accrual:mall:{no}", "accrual", secrets.token_hex(32), at,
        )  # fmt: skip
        for who, amount in sorted(amounts.items()):
            self._do("UPDATE ledger_account SET balance = balance + ? WHERE id = ?", amount, account(who))
        rows = [(entry_id, 1, -sum(amounts.values())), *((entry_id, account(who), fen) for who, fen in amounts.items())]
        marks = ", ".join(["(?, ?, ?)"] * len(rows))
        values = [value for row in rows for value in row]
        self._do(f"INSERT INTO ledger_posting (entry_id, account_id, amount) VALUES {marks}", *values)

    def _count(self, seller: int, at: Any) -> None:
        """Nothing is counted for a plan that asks for no counts."""

    def _do(self, statement: str, *values: Any) -> None:
        self._cursor.execute(statement if self._sqlite else statement.replace("?", "%s"), values)

    def _new_id(self, statement: str, *values: Any) -> int:
        if self._sqlite:
            self._do(statement, *values)
            return int(self._cursor.lastrowid)
        self._do(statement + " RETURNING id", *values)
        return int(self._cursor.fetchone()[0])


class HybridFloor(Floor):
    """The same under assets/plans/hybrid.yaml, for a seller whose inviter has sold nothing that has settled this month:
    one award, one skip with its reason, on whose counts the order rests, and what the seller's sums hold."""

    tables = (*TABLES, "reliance", "skip")

    def _amounts(self, seller: int, above: int) -> dict[int, int]:
        return {seller: 680}

    def _earned(self, order_id: int, seller: int, above: int, at: Any) -> None:
        self._do(
            f"INSERT INTO award ({_AWARD}) VALUES {_AWARD_MARKS}",
            order_id, 0, "direct", 0, seller, "seller", _TERMS, _FACTS, 680, 680, "pending", at,
        )  # fmt: skip
        self._do(
            'INSERT INTO skip (order_id, line, rule, row, distributor_id, "as", reason, facts)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            order_id, 0, "direct", 1, above, "upline-1", "condition", _TERMS,
        )  # fmt: skip
        self._do(
            "INSERT INTO reliance (order_id, distributor_id, paid_at) VALUES (?, ?, ?), (?, ?, ?)",
            order_id, seller, at, order_id, above, at,
        )  # fmt: skip

    def _count(self, seller: int, at: Any) -> None:
        self._do("UPDATE rollup SET paid_to = ? WHERE distributor_id = ?", at, seller)


_AWARD = 'order_id, line, rule, row, distributor_id, "as", terms, facts, amount, peak, state, paid_at'
_AWARD_MARKS = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CONTENT = '{"ref": {"code": "%s", "coupon": null, "group": null}, "freight": "0.00", "completed_at": null}'
_CLAIMS = '[{"kind": "code", "at": "2026-11-21T10:00:00+00:00", "given": "%s", "code": "%s", "why": "won"}]'
_STEP = '"role": "member", "member": false'
_UPLINE = '[{"id": %d, "code": "%s", ' + _STEP + '}, {"id": 1, "code": "AAAAAA", ' + _STEP + "}]"
_TERMS = (
    '{"line": 0, "rule": "direct", "title": "\\u63a8\\u5e7f\\u4f63\\u91d1", "row": 0, "to": "AAAAAA", "up": 0, "base":'
    ' "net", "rate_bp": 1000, "amount": null, "per": null, "reason": null}'
)
_FACTS = (
    '{"kind": "commission", "order": "B1795301234567890123", "item": null, "rule": "direct", "title":'
    ' "\\u63a8\\u5e7f\\u4f63\\u91d1", "up": 0, "paid_fen": 6800, "refunded_fen": 0, "qty": 1, "returned": 0, "base":'
    ' "net", "unit_cost_fen": null, "rate_bp": 1000, "each_fen": null, "per": null, "max_share_bp": 2000,'
    ' "taken_fen": 0, "amount_fen": 680}'
)
