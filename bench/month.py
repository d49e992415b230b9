"""A month's ranking and team bonuses, run by the product, to the one hand-written SQL aggregate that finds them.

The floor reads the orders of the window once, adds them up by seller and the chain that is stored with them, ranks the
sellers by what they sold and gives every sum to its seller and to those above him to two levels. It decides nothing,
checks nobody's standing, and writes nothing: what the product does beside it (who may earn, 级差, explained awards,
bookings, statements) is what the ratio measures. It is as quick as its author could make it: one that takes every
order's chain apart, instead of each chain once, takes three times as long.

The product runs in a process of its own, whose memory is looked at before and after. Two plans: one whose target one
in ten reaches, and one by which everybody gets a bonus. For the second the writing is measured too: the same rows of
bonuses, postings, balances and statements once more, by four statements that copy them and are undone.

    python -m bench --only month
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

import app
from bench.scratch import Scratch
from config import Settings
from domain.money import Money
from domain.periods import Period, end_of_hold, month_of
from domain.plan import Plan
from models.settlement import SettlementRun
from services import compliance, plan
from services.bonus import windows

ROOT = Path(__file__).resolve().parent.parent
DEPTH, PLACES = 2, 3
FLOOR_RUNS = 3

# Ranks by sales, then who reached them first, then the lower code; teams with the seller himself, from the first step.
FLOOR = """
WITH sold AS MATERIALIZED (
    SELECT distributor_id, upline::text AS chain, sum(net) AS net, max(paid_at) AS reached_at
    FROM orders
    WHERE paid_at >= %(start)s AND paid_at < %(end)s AND counts AND net > 0
    GROUP BY distributor_id, upline::text
), ranked AS (
    SELECT s.distributor_id, s.sales
    FROM (SELECT distributor_id, sum(net) AS sales, max(reached_at) AS reached_at FROM sold GROUP BY 1) s
    JOIN distributor d ON d.id = s.distributor_id
    ORDER BY s.sales DESC, s.reached_at, d.code COLLATE "C"
    LIMIT %(places)s
), seats AS (
    SELECT distributor_id, net FROM sold
    UNION ALL
    SELECT (step ->> 'id')::bigint, net
    FROM sold, json_array_elements(chain::json) WITH ORDINALITY AS above(step, up)
    WHERE up <= %(depth)s
), teams AS (
    SELECT distributor_id, sum(net) AS sales FROM seats GROUP BY distributor_id HAVING sum(net) >= %(least)s
)
SELECT 'ranking' AS what, distributor_id, sales FROM ranked
UNION ALL
SELECT 'team', distributor_id, sales FROM teams
"""

# The rows that a run of the rule %(rule)s has written, once more.
WRITING = (
    """INSERT INTO bonus (rule, distributor_id, "as", "window", n, amount, "full", base, rate_bp, facts, state, at,
                          changes, run_id)
       SELECT 'again', distributor_id, "as", "window", n, amount, "full", base, rate_bp, facts, state, at, changes,
              run_id
       FROM bonus WHERE rule = %(rule)s""",
    """INSERT INTO ledger_posting (entry_id, account_id, amount)
       SELECT p.entry_id, p.account_id, p.amount FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
       WHERE starts_with(e.key, 'bonus:team:' || %(rule)s || ':')""",
    """UPDATE ledger_account a SET balance = a.balance + b.amount FROM bonus b
       WHERE b.rule = %(rule)s AND a.distributor_id = b.distributor_id AND a.purpose = 'available'""",
    """INSERT INTO statement (run_id, distributor_id, amount, orders, bonus, settled_at)
       SELECT run_id, distributor_id, 0, 0, amount, at FROM bonus WHERE rule = %(rule)s
       ON CONFLICT (run_id, distributor_id) DO UPDATE SET bonus = statement.bonus + excluded.bonus""",
)

PLAN = """
name: 月度奖励
rules:
  - {{id: {team}, kind: team, title: 团队分红, window: month, depth: 2, steps: {{"{step}": 1%}}}}
  - {{id: {rank}, kind: ranking, title: 月榜, window: month, by: sales,
     prizes: [{{cash: "100.00"}}, {{cash: "80.00"}}, {{cash: "50.00"}}]}}
"""


@dataclass(frozen=True)
class Aggregate:
    """Fen by distributor's id: the ranked ones in their order, and the teams that reached the first step."""

    seconds: float
    ranked: list[tuple[int, int]]
    teams: dict[int, int]


@dataclass(frozen=True)
class Run:
    """The product's: seconds of all, and of adding up alone; how much the process grew by in them."""

    seconds: float
    adding_up_seconds: float
    bonuses: int
    grown_mb: float


@dataclass(frozen=True)
class Month:
    floor_seconds: float
    some: Run
    everybody: Run
    writing_seconds: float


def measure(scratch: Scratch) -> Month:
    period = month_of((datetime.now(UTC) - timedelta(days=30)).date())
    floors = [floor(scratch, period, least_fen=1) for _ in range(FLOOR_RUNS)]
    teams = floors[-1].teams
    target = Money(max(teams.values()) * 3 // 4)  # the roots of the groups of ten (bench.fill) reach it
    some = _run(scratch, PLAN.format(team="some", rank="first", step=target.yuan))
    everybody = _run(scratch, PLAN.format(team="everybody", rank="second", step="0.01"))
    if everybody.bonuses != len(teams) + PLACES:
        raise RuntimeError(f"{everybody.bonuses} bonuses for {len(teams)} teams")
    floors += [floor(scratch, period, least_fen=1) for _ in range(FLOOR_RUNS)]
    seconds = sorted(found.seconds for found in floors)[len(floors) // 2]
    return Month(seconds, some, everybody, _writing(scratch, "everybody"))


def floor(scratch: Scratch, period: Period, *, least_fen: int) -> Aggregate:
    """Run it once, on a connection of its own."""
    values = {"start": period.start, "end": period.end, "places": PLACES, "depth": DEPTH, "least": least_fen}
    with _connect(scratch) as connection:
        started = time.perf_counter()
        rows = connection.execute(FLOOR, values).fetchall()
        seconds = time.perf_counter() - started
    return Aggregate(
        seconds,
        [(who, int(sales)) for what, who, sales in rows if what == "ranking"],
        {who: int(sales) for what, who, sales in rows if what == "team"},
    )


def _writing(scratch: Scratch, rule: str) -> float:
    with _connect(scratch) as connection:
        started = time.perf_counter()
        for statement in WRITING:
            connection.execute(statement, {"rule": rule})
        seconds = time.perf_counter() - started
        connection.rollback()
    return seconds


def _connect(scratch: Scratch) -> psycopg.Connection[Any]:
    return psycopg.connect(scratch.url.replace("postgresql+psycopg", "postgresql"))


def _run(scratch: Scratch, plan_text: str) -> Run:
    child = [sys.executable, "-m", "bench.month"]
    environment = os.environ | scratch.environment
    done = subprocess.run(child, cwd=ROOT, env=environment, input=plan_text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the month could not be run: {done.stderr}")
    return Run(**json.loads(done.stdout))


# In the process that is measured


def main() -> None:
    """Run the windows of the plan on standard input for the month before this one; print a Run."""
    runtime = app.build(Settings.load(os.environ))
    now = datetime.now(UTC)
    period = month_of((now - timedelta(days=30)).date())
    try:
        with runtime.sessions.writing() as session, patch.object(compliance, "check", return_value=[]):
            row = plan.publish(session, sys.stdin.read(), starts_at=now, operator=None, now=now)
            found = plan.load(session, row.id).plan
            run = SettlementRun(cutoff=now, opened_at=now, reason="command", slot=None)
            session.add(run)
            session.flush()
            version_id, run_id = row.id, run.id
        print(json.dumps(_measured(runtime, found, version_id, run_id, period, now)))
    finally:
        runtime.stop()


def _measured(
    runtime: app.Runtime, found: Plan, version_id: int, run_id: int, period: Period, now: datetime
) -> dict[str, Any]:
    at = end_of_hold(period.end, found.terms.hold_days)
    before, bonuses, adding_up = _most_mb(), 0, 0.0
    started = time.perf_counter()
    for rule in found.rules:
        assert isinstance(rule, windows.KINDS)
        one, work = windows.Due(version_id, found, rule, period, at), windows.begin
        begun = time.perf_counter()
        while True:
            given = runtime.sessions.transact(
                lambda session, work=work, one=one: work(session, one, run_id=run_id, now=now)
            )
            adding_up += time.perf_counter() - begun if work is windows.begin else 0
            bonuses += len(given.amounts)
            if given.is_last:
                break
            work = windows.go_on
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "adding_up_seconds": adding_up,
        "bonuses": bonuses,
        "grown_mb": _most_mb() - before,
    }


def _most_mb() -> float:
    """The most that this process has held; getrusage would tell the parent's where that held more."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
