"""How many orders a second the pure engine evaluates: `decide` and `amounts` of a hybrid plan, one core.

Five levels deep, with a rule for a product above them, rates by level and in steps, and a condition; the counts come of
rollups, as on the live path. Time is that of the process, so that what else the machine does is not measured.

python -m bench.engine
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from domain.commission import PaidLine, PaidOrder, Person, amounts, decide, line_state
from domain.money import Money
from domain.periods import Window
from domain.plan import parse
from domain.plan.counts import Count

PLAN = """
name: 五级混合
terms: {max_share: 25%}
levels:
  - {id: bronze, title: 初级}
  - {id: silver, title: 中级, when: {of: orders, at_least: 10}}
  - {id: gold, title: 高级, when: {of: sales, window: month, at_least: "50000.00"}}
rules:
  - {id: gift, kind: commission, title: 礼盒, scope: {skus: [GIFT]}, pay: [{to: seller, amount: "3.00"}]}
  - id: five
    kind: commission
    title: 分销佣金
    pay:
      - {to: seller,   rate: {by: orders, steps: {1: 8%, 10: 10%, 50: 12%}}}
      - {to: upline-1, rate: {by: level, table: {bronze: 4%, silver: 5%, gold: 6%}}}
      - {to: upline-2, rate: 3%, if: {of: orders, window: month, at_least: 1}}
      - {to: upline-3, rate: 2%}
      - {to: upline-4, rate: {by: role, table: {leader: 1%}, else: 0.5%}}
"""


class Rollups:
    """Counts that are there already, one lookup each."""

    def __init__(self, codes: str) -> None:
        self.kept = {
            (code, of, window): 12 for code in codes for of in ("orders", "sales") for window in ("lifetime", "month")
        }

    def settled(self, code: str, of: Count, window: Window) -> int:
        return self.kept[code, of, window]

    paid = settled


def measure(orders: int = 5_000, repeats: int = 3) -> dict[str, float]:
    """The best of `repeats`: `orders_per_second` and `microseconds_per_order`, for orders of one line."""
    plan = parse(PLAN)
    people = [Person(code) for code in "ABCDE"]
    results = Rollups("ABCDE")
    paid_at = datetime(2026, 3, 1, 2, tzinfo=UTC)
    paid = [
        PaidOrder(f"O{i}", "A", None, paid_at, (PaidLine(0, "APPLE", "水果", 1, Money(6800 + i)),))
        for i in range(orders)
    ]
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        for order in paid:
            decision = decide(plan, order, people, results)
            for line in order.lines:
                amounts(decision.payable(line.no), line_state(line, ()), decision.max_share_bp)
        best = min(best, time.process_time() - started)
    return {"orders_per_second": orders / best, "microseconds_per_order": best / orders * 1e6}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:,.1f}")
