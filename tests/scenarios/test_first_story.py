"""One distributor from joining to the money in her hand, as a chat."""

from __future__ import annotations

from tests.support.databases import Database
from tests.support.shop import Shop


def test_a_newcomer_joins_sells_and_is_paid(shop: Shop) -> None:
    welcome = shop.says("xiaoli", "我要加入")
    code = shop.code("xiaoli")
    assert f"邀请码是 {code}" in welcome
    assert f"http://shop.test/r/{code}" in welcome

    no = shop.sells("xiaoli", "68.00", no="O1001")
    assert shop.says("xiaoli", "我的收益").startswith("本月已赚 6.80 元(待结算 6.80 元,可提现 0.00 元)。")
    assert "订单 O1001 实付 68.00 元 × 推广佣金 10% = 6.80 元" in shop.says("xiaoli", "为什么这单才6块8")

    shop.completes(no)
    shop.later(days=8)
    assert shop.settles() == {
        "runs": 1,
        "distributors": 1,
        "failed": 0,
        "amount": "6.80",
        "bonuses": "0.00",
        "windows": 0,
    }
    assert shop.told("xiaoli")[-1].startswith("6.80 元已结算（1 单），现在可提现 6.80 元。")

    assert shop.says("xiaoli", "提现5块").startswith("提现 5.00 元")
    assert shop.balances("xiaoli") == {"available": "6.80"}
    assert "已提交提现 5.00 元（编号 1），还可提现 1.80 元。" in shop.says("xiaoli", "确认")
    assert shop.balances("xiaoli") == {"available": "1.80", "withdrawing": "5.00"}
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")

    assert f"1 {shop.who('xiaoli').nickname} 提现 5.00 元 11月26日" in shop.says("boss", "待审核")
    assert shop.says("boss", "通过 1").startswith(f"已通过：{shop.who('xiaoli').nickname} 提现 5.00 元")
    assert shop.says("boss", "已打款 1 WX20261126").startswith("已记录打款")
    assert shop.told("xiaoli")[-1] == "5.00 元已打款，打款单号 WX20261126，请留意微信到账。"
    assert shop.balances("xiaoli") == {"available": "1.80"}


def test_a_rejected_withdrawal_gives_the_money_back_with_the_reason(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "100.00"))
    shop.later(days=8)
    shop.settles()
    shop.says("xiaoli", "全部提现")
    shop.says("xiaoli", "好的")
    assert "请写上原因" in shop.says("boss", "拒绝 1")
    shop.says("boss", "拒绝 1 资料不全")
    assert shop.balances("xiaoli") == {"available": "10.00"}
    assert shop.told("xiaoli")[-1] == "你的 10.00 元提现没有通过：资料不全。钱已退回可提现。"
    assert shop.says("boss", "拒绝 1 资料不全").startswith("之前已经拒绝了")
    assert "现在是「已拒绝」" in shop.says("boss", "通过 1")


def test_less_than_the_least_is_refused_with_what_is_missing(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "100.00"))
    shop.later(days=8)
    shop.settles()
    said = shop.says("xiaoli", "提现5毛")
    assert said == "一次最低提 1.00 元，提 0.50 元还差 0.50 元。你可提现 10.00 元，回复「提现」可以全部提出。"
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")


def test_orders_are_listed_by_what_became_of_them(shop: Shop) -> None:
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "已结算的订单有哪些").startswith("最近还没有已结算的订单")
    for no in ("A1", "B2", "C3"):
        shop.sells("xiaoli", "68.00", no=no)
    shop.completes("A1")
    shop.refunds("C3", "68.00")
    shop.later(days=8)
    shop.settles()
    asked = {status: shop.says("xiaoli", f"{status}订单") for status in ("待结算", "已结算", "退款")}
    listed = {status: [no for no in ("A1", "B2", "C3") if no in said] for status, said in asked.items()}
    assert listed == {"待结算": ["B2"], "已结算": ["A1"], "退款": ["C3"]}


def test_the_inviter_earns_his_share_and_sees_his_team(shop: Shop) -> None:
    shop.joins("wangjie")
    shop.joins("xiaoli", inviter="wangjie")
    shop.sells("xiaoli", "68.00")
    assert shop.balances("wangjie") == {"pending": "3.40"}
    assert shop.says("wangjie", "我的团队").startswith("你邀请了 1 人")


def test_refunds_take_back_what_the_refunded_part_earned(shop: Shop) -> None:
    shop.joins("xiaoli")
    no = shop.sells("xiaoli", "100.00")
    shop.refunds(no, "33.33")
    assert shop.balances("xiaoli") == {"pending": "6.66"}
    shop.completes(no)
    shop.later(days=8)
    shop.settles()
    assert shop.balances("xiaoli") == {"available": "6.66"}
    shop.refunds(no, "66.67", qty=1)
    assert shop.balances("xiaoli") == {}
    assert "因退款退回了 10.00 元" in shop.says("xiaoli", f"订单{no}的佣金怎么算的")


def test_a_clawback_after_withdrawing_leaves_a_debt_that_is_explained(shop: Shop) -> None:
    shop.joins("xiaoli")
    no = shop.sells("xiaoli", "100.00")
    shop.completes(no)
    shop.later(days=8)
    shop.settles()
    shop.says("xiaoli", "提现")
    shop.says("xiaoli", "确认")
    shop.refunds(no, "100.00", qty=1)
    assert shop.balances("xiaoli") == {"available": "-10.00", "withdrawing": "10.00"}
    answer = shop.says("xiaoli", "我的收益")
    assert answer.startswith("本月已赚 0.00 元(待结算 0.00 元,可提现 -10.00 元,提现中 10.00 元)。")
    assert "负数" in answer


def test_the_rank_says_the_place_and_what_is_missing(shop: Shop) -> None:
    for userid, paid in (("xiaoli", "50.00"), ("wangjie", "80.00")):
        shop.joins(userid)
        shop.sells(userid, paid)
    assert shop.says("xiaoli", "排行榜").endswith("你第 2 名,还差 30.00 元到第 1 名")
    assert shop.says("wangjie", "排行榜").endswith("你第 1 名，继续保持")
    shop.joins("laozhao")
    assert "还没有名次" in shop.says("laozhao", "我第几")


def test_a_poster_is_promised_at_once_and_ordered(shop: Shop) -> None:
    code = shop.joins("xiaoli")
    assert "丹东99草莓" in shop.says("xiaoli", "来张草莓的海报")
    (ordered,) = shop.queued("xiaoli", "poster")
    assert ordered["poster"]["facts"]["link"] == f"http://shop.test/r/{code}?p=STRAWBERRY&s=poster"


def test_a_click_on_the_cards_button_is_the_yes(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "100.00"))
    shop.later(days=8)
    shop.settles()
    shop.says("xiaoli", "提现")
    (card,) = shop.queued("xiaoli", "card")
    shop.clicks("xiaoli", "confirm", card["task"])
    assert shop.balances("xiaoli") == {"withdrawing": "10.00"}
    assert "已提交提现 10.00 元" in shop.told("xiaoli")[-1]
    shop.clicks("xiaoli", "confirm", card["task"], response_code="again")
    assert shop.balances("xiaoli") == {"withdrawing": "10.00"}
    assert "之前已经提交过了" in shop.told("xiaoli")[-1]


def test_a_question_about_yesterday_is_about_yesterdays_order(shop: Shop) -> None:
    shop.joins("xiaoli")
    first = shop.sells("xiaoli", "50.00")
    shop.later(days=1)
    shop.sells("xiaoli", "80.00")
    assert f"订单 {first}" in shop.says("xiaoli", "昨天那单怎么才5块")


def test_somebody_elses_order_is_unknown(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.joins("wangjie")
    no = shop.sells("wangjie", "50.00")
    assert no not in shop.says("xiaoli", f"订单{no}的佣金怎么算的")


def test_an_operators_words_from_somebody_else_are_not_understood(shop: Shop) -> None:
    shop.joins("xiaoli")
    for words in ("待审核", "通过 1", "拒绝 1 资料不全", "今天卖了多少"):
        assert shop.says("xiaoli", words).startswith("没太明白"), words


def test_with_review_a_newcomer_waits_for_the_operators_word(database: Database) -> None:
    shop = Shop(database.sessions, join_mode="review")
    assert shop.says("xiaoli", "我要加入").startswith("申请已提交")
    number = shop.who("xiaoli").id
    assert f"J{number}" in shop.says("boss", "待审核")
    assert shop.says("boss", f"通过 J{number}").startswith("已通过")
    assert shop.code("xiaoli") in shop.told("xiaoli")[-1]
    assert shop.says("xiaoli", "我的收益").startswith("本月已赚 0.00 元")


def test_the_operators_day(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    assert shop.says("boss", "今天").startswith("今天 1 单，实付 68.00 元，佣金 6.80 元。")


def test_two_people_cannot_invite_each_other(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.joins("wangjie", inviter="xiaoli")
    answer = shop.says("xiaoli", f"绑定 {shop.code('wangjie')}")
    assert "不能再做你的邀请人" in answer


def test_a_second_inviter_is_refused_with_the_reason(shop: Shop) -> None:
    for userid in ("a", "b"):
        shop.joins(userid)
    shop.joins("xiaoli", inviter="a")
    assert "你的邀请人已经是" in shop.says("xiaoli", f"绑定 {shop.code('b')}")
    assert "你的邀请人已经是" in shop.says("xiaoli", f"我要加入 {shop.code('b')}")


def test_entering_the_app_greets_once_a_day(shop: Shop) -> None:
    def enter() -> str:
        return shop.assistant.receive(shop.inbound("xiaoli", "enter_agent", kind="greet"))

    assert "推客助手" in enter()
    assert enter() == ""
    shop.later(days=1)
    assert "推客助手" in enter()


def test_a_rank_by_orders_is_not_told_in_yuan(shop: Shop) -> None:
    for userid, amounts in (("xiaoli", ("10.00", "10.00")), ("wangjie", ("80.00",))):
        shop.joins(userid)
        for paid in amounts:
            shop.sells(userid, paid)
    answer = shop.says("xiaoli", "出单最多的排行榜")
    assert answer.startswith("本周单量榜：\n第 1 名")
    assert answer.endswith("你第 1 名")


def test_one_question_about_the_rules_gets_one_answer(shop: Shop) -> None:
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "最低提多少").startswith("提现最低 1.00 元")
    assert shop.says("xiaoli", "佣金怎么算").startswith("现在的佣金规则是")


def test_the_operator_is_greeted_with_what_he_can_do(shop: Shop) -> None:
    assert "待审核" in shop.says("boss", "你好")
    assert "我要加入" not in shop.says("boss", "帮助")


def test_what_cannot_be_done_yet_is_said_with_what_can(shop: Shop) -> None:
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "我要申诉") == (
        "这个我还不会。可以试试「佣金怎么算的」「收益明细」「我的订单」，或回复「帮助」看我能做什么。"
    )
