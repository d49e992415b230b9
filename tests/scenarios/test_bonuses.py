"""Bonuses as people meet them: reached in a run, told with the statement, counted in what is earned, taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.order import CompletionFacts
from models.bonus import Bonus, Entitlement, WindowRun
from models.order import Order
from services import order
from services.bonus import milestones, windows
from tests.support import plans
from tests.support.databases import Database
from tests.support.shop import Shop

PLAN = """
name: 奖励
terms: {{{terms}}}
rules:
  - {{id: direct, kind: commission, title: 佣金, pay: [{{to: seller, rate: 10%}}]}}
{rules}
"""


def shop_with(database: Database, *rules: str, terms: str = "hold_days: 1") -> Shop:
    """xiaoli, and xiaowang whom she invited, under a plan with these rules; it is in force since yesterday."""
    text = PLAN.format(terms=terms, rules="\n".join(f"  - {{{rule}}}" for rule in rules))
    shop = Shop(database.sessions, plan=text, unpublishable=True)  # some pay for recruits
    shop.joins("xiaoli")
    shop.joins("xiaowang", "xiaoli")
    shop.later(days=1)
    return shop


def settled(shop: Shop, *sales: tuple[str, str]) -> list[str]:
    """Orders that are completed at once, and a run when their hold days are over."""
    numbers = [shop.sells(name, paid) for name, paid in sales]
    for no in numbers:
        shop.completes(no)
    shop.later(days=1, hours=1)
    assert shop.settles()["failed"] == 0
    return numbers


def bonuses(shop: Shop) -> list[Bonus]:
    with shop.sessions.reading() as session:
        return list(session.scalars(select(Bonus).order_by(Bonus.id)))


FIRST = 'id: first, kind: milestone, title: 首单奖励, count: {of: orders}, at: [1], reward: {cash: "10.00"}'
COUPON = "id: three, kind: milestone, title: 推三返一, count: {of: buyers}, every: 3, reward: {coupon: CASH50}"
POINTS = "id: invite, kind: milestone, title: 邀请奖励, count: {of: recruits}, every: 1, reward: {points: 20}"
TASK = 'id: post, kind: task, title: 写使用心得, evidence: text, reward: {cash: "2.00"}, limit: 1, window: week'
GIFT = 'id: visit, kind: task, title: 到店参观, evidence: screenshot, reward: {gift: 苹果一箱, value: "59.00"}'
TEAM = 'id: team, kind: team, title: 团队分红, window: day, depth: 1, steps: {"10.00": 10%}, own: false'
SPRINT = "id: sprint, kind: ranking, title: 日冲刺, window: day, by: sales, prizes: [{cash: '8.00'}, {coupon: CASH5}]"


def test_who_reaches_a_milestone_is_told_why_with_the_statement_in_one_message(database: Database) -> None:
    shop = shop_with(database, FIRST)
    (no,) = settled(shop, ("xiaoli", "100.00"))
    (told,) = shop.told("xiaoli")
    assert told.splitlines() == [
        "10.00 元已结算（1 单）。",
        "奖励到账 10.00 元：",
        f"首单奖励：订单 {no} 结算后，结算订单达到 1 单（第 1 次）= 10.00 元",
        "现在可提现 20.00 元，回复「提现」提出来，回复「明细」看每一笔。",
    ]
    assert shop.balances("xiaoli") == {"available": "20.00"}
    assert "本月已赚 20.00 元(待结算 0.00 元,可提现 20.00 元)" in shop.says("xiaoli", "我的收益")
    detail = shop.says("xiaoli", "明细")
    assert "首单奖励  10.00 元  已发放" in detail
    assert f"订单 {no}  10.00 元" in detail
    explained = shop.says("xiaoli", f"订单{no}怎么算的")
    assert f"订单 {no} 你的佣金是 20.00 元" in explained
    assert "首单奖励" in explained


def test_the_order_api_lists_the_milestone_that_the_order_reached(database: Database) -> None:
    shop = shop_with(database, FIRST)
    (no,) = settled(shop, ("xiaoli", "100.00"))
    facts = CompletionFacts.parse(json.dumps({"at": shop.now.isoformat()}))
    with shop.sessions.writing() as session:
        outcome = order.complete(session, no, facts, now=shop.now)
        awards = order.answer(session, outcome)["awards"]
    assert [(award["as"], award["amount"], award["state"]) for award in awards] == [
        ("seller", "10.00", "available"),
        ("milestone", "10.00", "available"),
    ]


def test_a_refund_takes_a_milestone_back_in_the_next_run_and_may_overdraw(database: Database) -> None:
    shop = shop_with(database, FIRST)
    (no,) = settled(shop, ("xiaoli", "100.00"))
    shop.says("xiaoli", "提现 20")
    shop.says("xiaoli", "确认")
    shop.refunds(no, "100.00", qty=1)
    shop.settles()
    assert shop.balances("xiaoli") == {"available": "-20.00", "withdrawing": "20.00"}
    assert "奖励收回 10.00 元" in shop.told("xiaoli")[-1]
    assert "退款后只剩 0 单，已收回" in shop.told("xiaoli")[-1]
    assert "本月已赚 0.00 元" in shop.says("xiaoli", "我的收益")
    assert shop.differences() == []


def test_reached_again_the_same_award_stands_again(database: Database) -> None:
    shop = shop_with(database, FIRST)
    (no,) = settled(shop, ("xiaoli", "100.00"))
    shop.refunds(no, "100.00", qty=1)
    shop.settles()
    settled(shop, ("xiaoli", "50.00"))
    (row,) = bonuses(shop)
    assert (row.n, row.state, row.amount.yuan, row.changes) == (1, "available", "10.00", 3)
    assert shop.balances("xiaoli") == {"available": "15.00"}


def test_points_come_and_go_with_the_recruit_who_counts(database: Database) -> None:
    shop = shop_with(database, POINTS)
    (no,) = settled(shop, ("xiaowang", "30.00"))
    assert "积分 20 分" in shop.says("xiaoli", "任务")
    shop.refunds(no, "30.00", qty=1)
    shop.settles()
    assert "积分 20 分。" not in shop.says("xiaoli", "任务")
    with shop.sessions.reading() as session:
        assert [row.state for row in session.scalars(select(Entitlement))] == ["reversed"]
    assert shop.differences() == []


def test_a_run_looks_only_at_those_about_whom_something_has_happened(database: Database, monkeypatch: Any) -> None:
    shop = shop_with(database, POINTS, FIRST)
    shop.joins("stranger")
    shop.settles()  # whom a joining concerns has been looked at
    looked: list[int] = []
    decide = milestones.decide
    monkeypatch.setattr(
        milestones,
        "decide",
        lambda session, who, *args, **more: (looked.append(who), decide(session, who, *args, **more))[1],
    )
    settled(shop, ("xiaowang", "30.00"))
    assert looked == [shop.who("xiaowang").id, shop.who("xiaoli").id]
    looked.clear()
    settled(shop, ("xiaowang", "30.00"))  # he counts already: his inviter is not looked at
    assert looked == [shop.who("xiaowang").id]
    looked.clear()
    shop.settles()
    assert looked == []


def test_a_fact_that_comes_late_is_decided_anew(database: Database) -> None:
    """The refund was before the settlement, so the order never settled: what was given is taken back and forgotten."""
    shop = shop_with(database, FIRST)
    no = shop.sells("xiaoli", "100.00")
    shop.completes(no)
    before = shop.now
    shop.later(days=1, hours=1)
    shop.settles()
    now, shop.now = shop.now, before
    shop.refunds(no, "100.00", qty=1)
    shop.now = now
    shop.settles()
    assert [row.state for row in bonuses(shop)] == ["void"]
    assert shop.balances("xiaoli") == {}
    assert "首单奖励：订单数据有更正，重新计算后不再发放，已收回" in shop.told("xiaoli")[-1]
    assert "首单奖励" not in shop.says("xiaoli", "明细")


def test_an_earlier_run_after_a_later_one_takes_nothing_back(database: Database) -> None:
    shop = shop_with(database, FIRST)
    shop.completes(shop.sells("xiaoli", "100.00"))
    assert shop.settles(days=2)["bonuses"] == "10.00"
    shop.completes(shop.sells("xiaoli", "50.00"))
    shop.settles()
    assert [row.state for row in bonuses(shop)] == ["available"]


def test_an_order_keeps_the_version_under_which_it_was_paid(database: Database) -> None:
    shop = shop_with(database, FIRST)
    no = shop.sells("xiaoli", "100.00")
    with shop.sessions.writing() as session:
        more = PLAN.format(terms="hold_days: 1", rules=f"  - {{{FIRST.replace('10.00', '20.00')}}}")
        plans.put_in_force(session, more, starts_at=shop.now)
    shop.later(hours=1)
    shop.completes(no)
    settled(shop, ("xiaowang", "100.00"))
    assert sorted(row.amount.yuan for row in bonuses(shop)) == ["10.00", "20.00"]


# Team and ranking


def test_team_and_ranking_are_fixed_once_when_the_window_and_its_hold_days_are_over(database: Database) -> None:
    shop = shop_with(database, TEAM, SPRINT)
    shop.sells("xiaoli", "20.00")
    no = shop.sells("xiaowang", "100.00")
    shop.later(days=1)
    assert shop.settles()["windows"] == 2  # of the day on which the plan came into force, when nobody sold
    assert [row for row in bonuses(shop) if row.as_ in ("team", "ranking")] == []
    shop.later(days=1)
    assert shop.settles()["bonuses"] == "18.00"
    given = [(row.rule, row.n, row.amount.yuan, row.reward) for row in bonuses(shop) if row.state == "available"]
    assert sorted(given, key=str) == [
        ("sprint", 1, "8.00", None),
        ("sprint", 2, "0.00", {"coupon": "CASH5"}),
        ("team", 0, "10.00", None),
    ]
    assert "团队分红 2026-11-19：团队销售额 100.00 元 × 10%（满 10.00 元）= 10.00 元" in shop.told("xiaoli")[-1]
    shop.refunds(no, "100.00", qty=1)
    shop.settles()
    assert shop.balances("xiaoli")["available"] == "10.00"


def test_whose_team_sold_too_little_is_told_by_how_much(database: Database) -> None:
    shop = shop_with(database, TEAM)
    shop.sells("xiaowang", "6.00")
    shop.later(days=3)
    shop.settles()
    assert [row for row in bonuses(shop) if row.as_ == "team"] == []
    assert "· 团队分红 2026-11-19：团队卖了 6.00 元，10.00 元起才有，差 4.00 元" in shop.says("xiaoli", "任务")
    assert "团队卖了" not in shop.says("xiaowang", "任务")  # his team, without himself, sold nothing


def test_own_purchases_count_for_teams_and_ranks_where_the_plan_says_so(database: Database) -> None:
    """xiaowang buys for 100.00 himself: her team's 10 %, and the first rank is his."""
    shop = shop_with(database, TEAM, SPRINT, terms="own_orders: seller, hold_days: 1")
    shop.sells("xiaoli", "20.00")
    no = shop.sells("xiaowang", "100.00")
    with shop.sessions.writing() as session:  # as if the mall had told his phone
        session.execute(update(Order).where(Order.no == no).values(buyer_distributor_id=shop.who("xiaowang").id))
    shop.later(days=3)
    summary = shop.settles()
    assert (summary["failed"], summary["bonuses"]) == (0, "18.00")
    given = {
        (row.rule, row.n): (row.distributor_id, row.amount.yuan) for row in bonuses(shop) if row.state == "available"
    }
    assert given["team", 0] == (shop.who("xiaoli").id, "10.00")
    assert given["sprint", 1] == (shop.who("xiaowang").id, "8.00")


def test_a_late_run_takes_the_nets_of_the_windows_moment(database: Database) -> None:
    shop = shop_with(database, TEAM, SPRINT)
    orders = [shop.sells(*sold) for sold in (("xiaowang", "100.00"), ("xiaoli", "70.00"), ("xiaowang", "30.00"))]
    shop.refunds(orders[0], "40.00")
    shop.later(days=5)
    shop.refunds(orders[0], "60.00", qty=1)  # after the moment: 90.00 count, and the first rank is xiaowang's
    shop.settles()
    team, first = (next(row for row in bonuses(shop) if row.rule == rule) for rule in ("team", "sprint"))
    assert (team.amount.yuan, team.facts["sales_fen"]) == ("9.00", 9000)
    assert (first.distributor_id, first.facts["value"]) == (shop.who("xiaowang").id, 9000)


def test_a_run_that_was_killed_between_two_batches_goes_on_where_it_stood(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(windows, "BATCH", 1)
    shop = shop_with(database, "id: team, kind: team, title: 团队分红, window: day, depth: 1, steps: {'10.00': 10%}")
    for name in ("xiaoli", "xiaowang"):
        shop.sells(name, "20.00")
    shop.later(days=2)
    go_on = windows.go_on
    calls: list[int] = []

    def killed(*args: Any, **more: Any) -> windows.Given:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return go_on(*args, **more)

    monkeypatch.setattr(windows, "go_on", killed)
    with pytest.raises(KeyboardInterrupt):
        shop.settles()
    shop.sells("xiaowang", "500.00", paid_at=(shop.now.replace(day=19, hour=3)).isoformat())  # too late for it
    assert shop.settles()["failed"] == 0
    assert sorted(row.amount.yuan for row in bonuses(shop)) == ["2.00", "4.00"]
    assert shop.differences() == []
    with shop.sessions.reading() as session:
        assert {row.state for row in session.scalars(select(WindowRun))} == {"closed"}


# Tasks


def test_a_task_is_handed_in_approved_and_paid_once(database: Database) -> None:
    shop = shop_with(database, TASK)
    assert "1. 写使用心得，奖励 2.00 元（这周还能交 1 次）" in shop.says("xiaoli", "有什么任务")
    assert "已交任务「写使用心得」（编号 T1）" in shop.says("xiaoli", "交任务 1 已写使用心得，提现海报都提了")
    assert "（已交，等商家审核）" in shop.says("xiaoli", "任务")
    assert "已经满了" in shop.says("xiaoli", "交任务1再来一次")
    assert "T1" in shop.told("boss")[-1]
    assert "已写使用心得，提现海报都提了" in shop.says("boss", "待审核")
    assert "已通过" in shop.says("boss", "通过 T1")
    assert "之前已经通过了" in shop.says("boss", "通过T1")
    assert shop.balances("xiaoli") == {"available": "2.00"}
    assert shop.told("xiaoli")[-1].startswith("写使用心得：已审核通过，奖励 2.00 元。\n现在可提现 2.00 元")
    assert "本月已赚 2.00 元" in shop.says("xiaoli", "我的收益")
    shop.later(days=7)
    assert "这周还能交 1 次" in shop.says("xiaoli", "任务")


def test_evidence_that_is_turned_down_takes_nothing_of_the_limit(database: Database) -> None:
    shop = shop_with(database, TASK)
    shop.says("xiaoli", "交任务 1 发了")
    assert "请写上原因" in shop.says("boss", "拒绝 T1")
    assert "已拒绝" in shop.says("boss", "拒绝 T1 看不到链接")
    assert "没有通过：看不到链接" in shop.told("xiaoli")[-1]
    assert "不能再改" in shop.says("boss", "通过 T1")
    assert "已交任务" in shop.says("xiaoli", "交任务 1 链接在这")


def test_what_is_wrong_with_evidence_is_said_and_changes_nothing(database: Database) -> None:
    shop = shop_with(database, TASK)
    assert "没有第 7 个任务" in shop.says("xiaoli", "交任务 7 好了")
    assert "请写上说明" in shop.says("xiaoli", "交任务 1")
    assert "没有编号为 T5 的任务申请" in shop.says("boss", "通过 T5")
    assert shop.says("stranger", "交任务 1 好了") == shop.says("other", "任务")


def test_a_gift_is_shown_to_whoever_has_it(database: Database) -> None:
    shop = shop_with(database, GIFT)
    assert "收不了图片" in shop.says("xiaoli", "交任务 1 到店了")
    shop.says("boss", "通过 T1")
    assert "赠品「苹果一箱」（价值 59.00 元）" in shop.says("xiaoli", "任务")
    assert "到店参观  赠品「苹果一箱」（价值 59.00 元）  已发放" in shop.says("xiaoli", "明细")


def test_what_is_on_the_way_says_how_much_is_missing(database: Database) -> None:
    shop = shop_with(database, COUPON)
    assert "推三返一：还差 3 位顾客，奖励优惠券 CASH50" in shop.says("xiaoli", "推三返一进度")
    settled(shop, ("xiaoli", "10.00"), ("xiaoli", "10.00"))
    assert "推三返一：还差 1 位顾客" in shop.says("xiaoli", "任务")
