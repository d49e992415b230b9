"""Bonuses at the same moment: runs side by side, a run beside refunds, decisions about one task."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from domain.errors import DomainError
from domain.money import total
from jobs.settlement import SettlementJob
from models import Sessions
from models.bonus import Bonus, Entitlement, Submission, WindowRun, WindowSum
from models.distributor import Distributor
from services import ledger
from services.bonus import tasks, windows
from tests.concurrency.crowd import at_once, connections
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

PLAN = """
name: 奖励
terms: {hold_days: 1}
rules:
  - {id: direct, kind: commission, title: 佣金, pay: [{to: seller, rate: 10%}]}
  - {id: three, kind: milestone, title: 三单奖励, count: {of: orders}, every: 3, reward: {cash: "5.00"}}
  - {id: invite, kind: milestone, title: 邀请奖励, count: {of: recruits}, every: 1, reward: {points: 20}}
  - {id: team, kind: team, title: 团队分红, window: day, depth: 2, steps: {"10.00": 2%}}
  - {id: sprint, kind: ranking, title: 日冲刺, window: day, by: sales, prizes: [{cash: "8.00"}, {coupon: CASH5}]}
  - {id: post, kind: task, title: 使用心得, evidence: text, reward: {cash: "2.00"}, limit: 1, window: day}
"""
PEOPLE = ("xiaoli", "xiaowang", "ada", "ben", "cai", "dai")


def shop_of(database: Database) -> Shop:
    """Six people, each invited by the one before; the plan is in force from the day before on."""
    shop = Shop(database.sessions, plan=PLAN, unpublishable=True)
    for place, name in enumerate(PEOPLE):
        shop.joins(name, PEOPLE[place - 1] if place else None)
    shop.later(days=1)
    return shop


def settles(shop: Shop, sessions: Sessions, **ahead: float) -> dict[str, Any]:
    return SettlementJob(sessions, shop.clock, catalogue(), lambda lanes: None)(shop.now)


def rows(shop: Shop, model: type[Any]) -> list[Any]:
    with shop.sessions.reading() as session:
        return list(session.scalars(select(model).order_by(*model.__table__.primary_key)))


def outcome(shop: Shop) -> list[tuple[Any, ...]]:
    return sorted(
        (row.rule, row.distributor_id, row.window, row.n, row.state, row.amount.fen, row.changes)
        for row in rows(shop, Bonus)
    )


def check_books(shop: Shop) -> None:
    """Nothing was booked twice: the balances are the sums of what stands."""
    assert shop.differences() == []
    bonuses = rows(shop, Bonus)
    with shop.sessions.reading() as session:
        for name in PEOPLE:
            who = shop.who(name).id
            mine = [row for row in bonuses if row.distributor_id == who]
            points = sum(row.reward["points"] for row in mine if row.state == "available" and row.rule == "invite")
            assert ledger.points(session, who) == points
            assert ledger.balances(session, who).available == shop_commission(session, who) + total(
                row.amount for row in mine
            )


def shop_commission(session: Any, who: int) -> Any:
    from models.commission import Award

    return total(session.scalars(select(Award.amount).where(Award.distributor_id == who, Award.state == "available")))


def test_three_runs_side_by_side_give_each_bonus_once(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(windows, "BATCH", 2)  # several batches, so that the runs take turns at them
    shop = shop_of(database)
    for name in PEOPLE:
        for paid in ("10.00", "20.00", "30.00"):
            shop.completes(shop.sells(name, paid))
    shop.later(days=3)

    with connections(database, 12) as sessions:
        results = at_once([lambda: settles(shop, sessions) for _ in range(3)])
    results.append(settles(shop, shop.sessions))

    assert [result["failed"] for result in results] == [0, 0, 0, 0]  # type: ignore[index]
    # Three orders each; five have invited one who sold; everybody's team sold enough; two prizes.
    found = outcome(shop)
    assert [row[0] for row in found] == ["invite"] * 5 + ["sprint"] * 2 + ["team"] * 6 + ["three"] * 6
    assert {row[6] for row in found} == {1}
    assert {row.state for row in rows(shop, WindowRun)} == {"closed"}
    assert [row.sales.fen for row in rows(shop, WindowSum)] == [18000, 18000, 18000, 18000, 12000, 6000]
    assert len(rows(shop, Entitlement)) == 6
    check_books(shop)
    for name in PEOPLE:
        assert len([text for text in shop.told(name) if "奖励" in text]) == 1, shop.told(name)


def test_a_run_beside_refunds_ends_as_if_they_had_come_one_after_the_other(database: Database) -> None:
    shop = shop_of(database)
    orders = {name: [shop.sells(name, "30.00") for _ in range(3)] for name in PEOPLE}
    for numbers in orders.values():
        for no in numbers:
            shop.completes(no)
    shop.later(days=1, hours=1)  # settled, and the windows are not over yet

    with connections(database, 20) as sessions:
        beside = Shop.__new__(Shop)
        beside.__dict__.update(shop.__dict__, sessions=sessions)

        def refund(name: str, place: int) -> None:
            for _ in range(20):
                try:
                    beside.refunds(orders[name][place], "30.00", qty=1, refund_no=f"R-{name}-{place}")
                except Exception as fault:
                    if "deadlock" not in str(fault).lower() and "locked" not in str(fault).lower():
                        raise
                else:
                    return

        acts: list[Any] = [lambda name=name: refund(name, 0) for name in PEOPLE]
        acts += [lambda name=name: refund(name, 1) for name in PEOPLE[:3]]
        acts += [lambda: settles(shop, sessions) for _ in range(3)]
        results = at_once(acts)
    assert [fault for fault in results if isinstance(fault, Exception)] == []
    assert settles(shop, shop.sessions)["failed"] == 0

    # Two or one of three orders are left to each: nobody has three, all who were invited still count.
    assert {row[4] for row in outcome(shop) if row[0] == "three"} <= {"reversed"}
    assert {row[4] for row in outcome(shop) if row[0] == "invite"} == {"available"}
    check_books(shop)


def test_one_task_that_is_approved_by_two_at_once_is_paid_once(database: Database) -> None:
    shop = shop_of(database)
    shop.says("xiaoli", "交任务 1 已写好")
    (submission,) = rows(shop, Submission)

    with connections(database, 8) as sessions:

        def approve() -> bool:
            with sessions.writing() as session:
                return tasks.approve(session, submission.id, operator="boss", now=shop.now)[2]

        results = at_once([approve] * 8)

    assert sorted(map(str, results)) == ["False"] * 7 + ["True"]
    assert shop.balances("xiaoli") == {"available": "2.00"}
    check_books(shop)


def test_of_evidence_handed_in_at_once_only_as_much_is_taken_as_the_limit_leaves(database: Database) -> None:
    shop = shop_of(database)
    who = shop.who("xiaoli").id

    with connections(database, 8) as sessions:

        def submit(number: int) -> str:
            try:
                with sessions.writing() as session:
                    me = session.get_one(Distributor, who)
                    tasks.submit(session, me, 1, f"第 {number} 次", key=f"k{number}", now=shop.now)
            except DomainError as refusal:
                return refusal.code
            return "taken"

        results = at_once([lambda number=number: submit(number) for number in range(8)])

    assert Counter(map(str, results)) == {"taken": 1, "task.done": 7}
    assert len(rows(shop, Submission)) == 1
