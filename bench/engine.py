"""How many orders a second the pure engine evaluates: `decide` and `amounts` of a plan of five rows, one core.

python -m bench.engine
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from domain.commission import PaidLine, PaidOrder, Person, amounts, decide, line_state
from domain.money import Money
from domain.plan import parse

PLAN = """
name: 五级分销
terms: {max_share: 20%}
rules:
  - {id: gift, kind: commission, title: 礼盒, scope: {skus: [GIFT]}, pay: [{to: seller, amount: "3.00"}]}
  - id: five
    kind: commission
    title: 分销佣金
    pay:
      - {to: seller,   rate: 10%}
      - {to: upline-1, rate: 5%}
      - {to: upline-2, rate: 3%}
      - {to: upline-3, rate: 2%}
      - {to: upline-4, rate: 1%}
"""


def measure(orders: int = 5_000, repeats: int = 3) -> dict[str, float]:
    """The best of `repeats`: `orders_per_second` and `microseconds_per_order`, for orders of one line."""
    plan = parse(PLAN)
    people = [Person(code) for code in "ABCDE"]
    paid_at = datetime(2026, 3, 1, 2, tzinfo=UTC)
    paid = [
        PaidOrder(f"O{i}", "A", None, paid_at, (PaidLine(0, "APPLE", "水果", 1, Money(6800 + i)),))
        for i in range(orders)
    ]
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for order in paid:
            decision = decide(plan, order, people)
            for line in order.lines:
                amounts(decision.payable(line.no), line_state(line, ()), decision.max_share_bp)
        best = min(best, time.perf_counter() - started)
    return {"orders_per_second": orders / best, "microseconds_per_order": best / orders * 1e6}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:,.1f}")
