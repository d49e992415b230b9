"""The floor of a month's bonuses: one hand-written SQL aggregate that finds the ranking and every team's sales.

It reads the orders of the window once, with the net of their lines, ranks the sellers by what they sold and adds every
order up for its seller and for those above him to two levels, by the chain that is stored with it. It decides nothing,
checks nobody's standing, and writes nothing: what the product does beside it (who may earn, 级差, awards, bookings) is
what the ratio measures.

    python -m bench.month [orders] [distributors]        # seconds of the floor on PostgreSQL
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from bench.fill import fill
from bench.scratch import Scratch, database
from domain.periods import Period, month_of

DEPTH, PLACES, LEAST_FEN = 2, 3, 100_000

# Ranks by sales, then who reached them first, then the lower code; teams with the seller himself, from the first step.
FLOOR = """
WITH sold AS (
    SELECT o.id, o.distributor_id, o.upline, o.paid_at, sum(l.paid - l.refunded) AS net
    FROM orders o JOIN order_line l ON l.order_id = o.id
    WHERE o.paid_at >= %(start)s AND o.paid_at < %(end)s AND o.counts AND o.net > 0
    GROUP BY o.id
), ranked AS (
    SELECT s.distributor_id, sum(s.net) AS sales
    FROM sold s JOIN distributor d ON d.id = s.distributor_id
    GROUP BY s.distributor_id, d.code
    ORDER BY sum(s.net) DESC, max(s.paid_at), d.code COLLATE "C"
    LIMIT %(places)s
), seats AS (
    SELECT distributor_id, net FROM sold
    UNION ALL
    SELECT (step ->> 'id')::bigint, net
    FROM sold, json_array_elements(sold.upline) WITH ORDINALITY AS above(step, up)
    WHERE up <= %(depth)s
), teams AS (
    SELECT distributor_id, sum(net) AS sales FROM seats GROUP BY distributor_id HAVING sum(net) >= %(least)s
)
SELECT 'ranking' AS what, distributor_id, sales FROM ranked
UNION ALL
SELECT 'team', distributor_id, sales FROM teams
"""


@dataclass(frozen=True)
class Aggregate:
    """Fen by distributor's id: the ranked ones in their order, and the teams that reached the first step."""

    seconds: float
    ranked: list[tuple[int, int]]
    teams: dict[int, int]


def floor(scratch: Scratch, period: Period, *, least_fen: int = LEAST_FEN) -> Aggregate:
    """Run it once, on a connection of its own."""
    values = {"start": period.start, "end": period.end, "places": PLACES, "depth": DEPTH, "least": least_fen}
    with psycopg.connect(scratch.url.replace("postgresql+psycopg", "postgresql")) as connection:
        started = time.perf_counter()
        rows = connection.execute(FLOOR, values).fetchall()
        seconds = time.perf_counter() - started
    return Aggregate(
        seconds,
        [(who, int(sales)) for what, who, sales in rows if what == "ranking"],
        {who: int(sales) for what, who, sales in rows if what == "team"},
    )


def main(orders: int = 1_000_000, distributors: int = 100_000) -> None:
    with database("postgresql") as scratch:
        fill(scratch, orders=orders, distributors=distributors)
        period = month_of((datetime.now(UTC) - timedelta(days=30)).date())
        for _ in range(3):
            found = floor(scratch, period)
            print(f"{period.label}: {found.seconds:.2f} s, {len(found.teams)} teams")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
