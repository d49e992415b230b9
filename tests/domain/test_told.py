"""A plan as a distributor reads it: each preset's rules in the words that the chat and the page of rules show."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.plan import parse, told

PLANS = Path(__file__).resolve().parents[2] / "assets/plans"

SAID = {
    "single": ["推广佣金：全部商品，你推广成交，得实付的 10%"],
    "five-level": [
        "分销佣金：全部商品，你邀请的人成交，你得实付的 10%",
        *(
            f"分销佣金：全部商品，你的第 {up} 级成员成交，你得实付的 {rate}%"
            for up, rate in ((2, 5), (3, 3), (4, 2), (5, 1))
        ),
    ],
    "by-role": [
        "推广佣金：全部商品，你推广成交，得实付的 12%（团长）、15%（达人）、10%（分销员）",
        "推广佣金：全部商品，你推广成交，每件得 2.00 元（导购）",
    ],
    "video-channel": [
        "带货佣金：全部商品，你推广成交，得实付的 10%（累计满 10 单）、15%（累计满 50 单）、20%（累计满 100 单）"
    ],
    "three-for-one": ["推三返一：每 3 位成交顾客，奖励优惠券 CASH50"],
    "team": [
        "推广佣金：全部商品，你推广成交，得实付的 10%",
        "团队分红：每月你和 2 层下级共卖到 10,000.00 元得 2%、50,000.00 元得 3%，过了售后期算出来",
    ],
    "hybrid": [
        "分销员等级：初级分销员、中级分销员（累计满 10 单），按已结算的订单计",
        "礼盒佣金：四季鲜果礼盒，你推广成交，每件得 5.00 元",
        "分销佣金：全部商品，你推广成交，得实付的 10%（初级分销员）、12%（中级分销员）",
        "分销佣金：全部商品，你邀请的人成交，你得实付的 5%（条件：你本月满 1 单已结算）",
        "首单奖励：结算订单达到 1 单，奖励 10.00 元",
        "金牌推广官：结算销售额达到 50,000.00 元，奖励荣誉称号「金牌推广官」",
        "销售红包：结算销售额达到 50,000.00 元，奖励 88.00 元",
        "团队分红：每月你和 1 层下级共卖到 10,000.00 元得 2%，过了售后期算出来",
        "周冲刺：每周销售额前 3 名，奖励 100.00 元、80.00 元、50.00 元，过了售后期定名次",
    ],
}


@pytest.mark.parametrize("preset", SAID)
def test_a_preset_is_told_line_by_line(preset: str) -> None:
    plan = parse((PLANS / f"{preset}.yaml").read_text(encoding="utf-8"))
    assert told(plan, {"GIFT-BOX": "四季鲜果礼盒"}) == SAID[preset]


def test_what_narrows_a_rule_is_told_with_it() -> None:
    plan = parse(
        """
name: 细则
rules:
  - id: r
    kind: commission
    title: 佣金
    scope: {categories: [水果], exclude: [GIFT-BOX]}
    base: profit
    pay:
      - {to: seller, rate: 8%}
      - {to: upline-1, amount: {by: sales, window: week, steps: {"100.00": "1.00"}}, per: line}
  - {id: a, kind: milestone, title: 拉新, count: {of: recruits, qualify: joined, window: month}, every: 2, limit: 3,
     reward: {points: 50}}
  - {id: b, kind: milestone, title: 达量, count: {of: units, scope: {skus: [APPLE]}}, at: [20, 50],
     reward: {percent: 2%}}
  - {id: c, kind: team, title: 分红, window: week, depth: 3, own: false, differential: true, steps: {"1000.00": 1%},
     scope: {categories: [水果]}}
  - {id: d, kind: ranking, title: 冲刺, window: day, by: units, at_least: 5, prizes: [{title: 日冠军}]}
  - {id: e, kind: task, title: 晒图, evidence: screenshot, reward: {points: 5}, limit: 1, window: week}
"""
    )
    assert told(plan, {"APPLE": "烟台苹果"}) == [
        "佣金：水果（GIFT-BOX除外），你推广成交，得利润的 8%",
        "佣金：水果（GIFT-BOX除外），你邀请的人成交，你每单得 1.00 元（本周卖满 100.00 元）",
        "拉新：每月每邀请 2 位分销员（加入即算，最多 3 次），奖励积分 50 分",
        "达量：售出商品达到 20 件、售出商品达到 50 件（烟台苹果），奖励计入实付的 2%",
        "分红：每周你的 3 层下级（水果）共卖到 1,000.00 元得 1%，减去你直接邀请的人已得的分红，过了售后期算出来",
        "冲刺：每天件数第一名（至少 5），奖励 荣誉称号「日冠军」，过了售后期定名次",
        "晒图：交截图，审核通过奖励积分 5 分，每周最多 1 次",
    ]
