"""The story of the first paragraph: from 我要加入 to the money paid and the leaderboard in the group.

Told by the control API against whatever processes are running; every journey that changes the set-up tells it again.
"""

from __future__ import annotations

import re

import requests

from .town import DAY, HOUR, Town, parts, text_of

GROUP = "groups/group-1"


def tell(town: Town) -> None:
    """All chapters in their order, from an empty shop on a Wednesday morning."""
    people_join_and_invite(town)
    posters_can_be_scanned(town)
    order = an_order_is_explained(town)
    the_team_and_the_rank(town)
    the_group_sees_the_leaderboard(town)
    settlement_comes_by_itself(town, order)
    the_money_is_withdrawn(town)


def people_join_and_invite(town: Town) -> None:
    welcome = town.joins("lihua")
    assert town.link("lihua") in welcome
    assert "回复「海报」" in welcome
    assert "邀请人：" in town.joins("zhangmin", f"{town.link('lihua')} 我要加入")
    assert "邀请人：" in town.joins("wangfang", f"我要加入，邀请码 {town.codes['lihua'].lower()}。")
    again = town.says("lihua", "我要加入").reply
    assert town.codes["lihua"] in again


def posters_can_be_scanned(town: Town) -> None:
    assert parts(town.poster("lihua", "我的海报")) == (town.link("lihua"), {"s": ["poster"]})
    address = town.poster("lihua", "来张草莓的海报")
    assert parts(address) == (town.link("lihua"), {"p": ["STRAWBERRY-3J"], "s": ["poster"]})
    page = requests.get(address, timeout=20)
    assert page.url.startswith(f"{town.app}/shop/p/STRAWBERRY-3J")
    assert "丹东99草莓 3斤装" in page.text
    assert "李华" in page.text


def an_order_is_explained(town: Town) -> str:
    answer = town.buys("STRAWBERRY-3J", town.codes["lihua"])
    order = str(answer["no"])
    assert answer["distributor"] == {"code": town.codes["lihua"], "name": "李华"}
    assert [(award["to"], award["amount"]) for award in answer["awards"]] == [(town.codes["lihua"], "6.80")]

    says = lambda words: town.says("lihua", words).reply  # noqa: E731 - it reads as the chat it is
    assert says("我的收益").startswith("本月已赚 6.80 元(待结算 6.80 元,可提现 0.00 元)。")
    why = says("为什么这单才6块8")
    assert f"订单 {order} 实付 68.00 元 × 推广佣金 10% = 6.80 元" in why
    assert "等顾客确认收货" in why
    assert f"订单 {order}  6.80 元  待结算" in says("明细")
    assert f"{order}  待收货  实付 68.00 元，佣金 6.80 元" in says("我的订单")
    return order


def the_team_and_the_rank(town: Town) -> None:
    answer = town.buys("CHERRY-2J", town.codes["zhangmin"], qty=2, buyer="cust-wu")
    assert [(award["to"], award["amount"]) for award in answer["awards"]] == [
        (town.codes["zhangmin"], "17.80"),
        (town.codes["lihua"], "8.90"),
    ]
    team = town.says("lihua", "我的团队").reply
    assert team.startswith("你邀请了 2 人")
    assert "张敏" in team
    rank = town.says("lihua", "排行榜").reply
    assert "第 1 名 张敏 178.00 元" in rank
    assert rank.endswith("你第 2 名,还差 110.00 元到第 1 名")


def the_group_sees_the_leaderboard(town: Town) -> None:
    """At nine in the evening, by schedule: as a text and as a picture."""
    before = town.last(GROUP)
    town.later(11 * HOUR + 60)
    text, picture = town.next(GROUP, before, count=2)
    assert "第 1 名 张敏 178.00 元（1 单）\n第 2 名 李华 68.00 元（1 单）" in text_of(text)
    assert picture["type"] == "image"


def settlement_comes_by_itself(town: Town, order: str) -> None:
    """Completed; eight days later the nightly settlement has run and its statement is in the chat."""
    assert town.act(f"mall/orders/{order}/complete")["status"] in (200, 201)
    before = town.last("chats/lihua")
    town.later(8 * DAY)
    town.told("chats/lihua", before, "6.80 元已结算（1 单），现在可提现 6.80 元。")
    earned = town.says("lihua", "我的收益").reply
    assert "(待结算 8.90 元,可提现 6.80 元)" in earned


def the_money_is_withdrawn(town: Town) -> None:
    operator = town.last("chats/boss")
    asked = town.says("lihua", "提现5块", expect=2)
    assert asked.reply.startswith("提现 5.00 元")
    (card,) = asked.followed
    assert card["type"] == "template_card"
    clicked = town.act("card", userid="lihua", id=card["id"], key="confirm", wait=True, expect=1)
    (accepted,) = clicked["arrived"]
    number = re.search(r"已提交提现 5\.00 元（编号 (\d+)），还可提现 1\.80 元", text_of(accepted))
    assert number, accepted
    assert town.see(f"entries/{card['id']}", rev=card["rev"], wait=20)["card"]["replace"] == "已提交"
    assert town.says("lihua", "我的收益").reply.count("提现中 5.00 元") == 1

    (told,) = town.next("chats/boss", operator)
    assert "李华 申请提现 5.00 元" in text_of(told)
    assert f"{number[1]} 李华 提现 5.00 元" in town.says("boss", "待审核").reply
    before = town.last("chats/lihua")
    assert town.says("boss", f"通过 {number[1]}").reply.startswith("已通过：李华 提现 5.00 元")
    reference = "WX20261130001"
    assert town.says("boss", f"已打款 {number[1]} {reference}").reply.startswith("已记录打款：李华 5.00 元")
    approved, paid = town.next("chats/lihua", before, count=2)
    assert "已通过审核" in text_of(approved)
    assert text_of(paid).startswith(f"5.00 元已打款，打款单号 {reference}")
    assert "(待结算 8.90 元,可提现 1.80 元)" in town.says("lihua", "我的收益").reply
