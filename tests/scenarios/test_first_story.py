"""One distributor from joining to the money in her hand, as a chat."""

from __future__ import annotations

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
    assert shop.settles() == {"runs": 1, "distributors": 1, "failed": 0, "amount": "6.80"}
    assert shop.told("xiaoli")[-1].startswith("6.80 元已结算(1 单),现在可提现 6.80 元。")

    assert shop.says("xiaoli", "提现5块").startswith("提现 5.00 元")
    assert shop.balances("xiaoli") == {"available": "6.80"}
    assert "已提交提现 5.00 元(编号 1),还可提现 1.80 元。" in shop.says("xiaoli", "确认")
    assert shop.balances("xiaoli") == {"available": "1.80", "withdrawing": "5.00"}
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")

    assert f"1 {shop.who('xiaoli').nickname} 提现 5.00 元 11月26日" in shop.says("boss", "待审核")
    assert shop.says("boss", "通过 1").startswith(f"已通过:{shop.who('xiaoli').nickname} 提现 5.00 元")
    assert shop.says("boss", "已打款 1 WX20261126").startswith("已记录打款")
    assert shop.told("xiaoli")[-1] == "5.00 元已打款,打款编号 WX20261126,请留意微信到账。"
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
    assert shop.told("xiaoli")[-1] == "你的 10.00 元提现没有通过:资料不全。钱已退回可提现。"
    assert shop.says("boss", "拒绝 1 资料不全").startswith("之前已经拒绝了")
    assert "现在是「已拒绝」" in shop.says("boss", "通过 1")


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
    assert shop.says("wangjie", "排行榜").endswith("你第 1 名,继续保持")
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
