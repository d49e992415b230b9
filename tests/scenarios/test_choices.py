"""What is asked about before it is done, as a chat: which product, which order, and how much."""

from __future__ import annotations

import pytest

from domain.conversation import Inbound
from tests.support.shop import Shop

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def rich(shop: Shop, amount: str = "1000.00") -> None:
    """小李 with a tenth of `amount` to withdraw."""
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", amount, no="O1001"))
    shop.later(days=8)
    shop.settles()


def posters(shop: Shop) -> list[str]:
    return [body["poster"]["facts"].get("sku", "recruit") for body in shop.queued("xiaoli", "poster")]


@ON_SQLITE
@pytest.mark.parametrize(
    ("answer", "sku"),
    [
        ("1", "APPLE"), ("２", "STRAWBERRY"), ("第二个", "STRAWBERRY"), ("我要第一个吧", "APPLE"),
        ("草莓那个", "STRAWBERRY"), ("苹果的", "APPLE"), ("五斤的", "APPLE"), ("后面那个", "STRAWBERRY"),
        ("選第二個", "STRAWBERRY"), ("曹梅", "STRAWBERRY"),
    ],
)  # fmt: skip
def test_two_products_fit_and_one_is_chosen_in_words(shop: Shop, answer: str, sku: str) -> None:
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "来张水果海报") == (
        "你说的是哪一个？\n1. 烟台苹果 5斤装\n2. 丹东99草莓 3斤装\n回复序号或名字就行，例如「1」；不要了回复「取消」。"
    )
    assert posters(shop) == []
    assert "的海报正在画" in shop.says("xiaoli", answer)
    assert posters(shop) == [sku]
    assert "的海报正在画" not in shop.says("xiaoli", "1")  # it was answered once


@ON_SQLITE
def test_the_button_chooses_once_and_the_card_shows_what_was_chosen(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "水果的链接")
    (card,) = shop.queued("xiaoli", "card")
    assert [(button["key"], button["text"]) for button in card["buttons"]] == [
        ("pick_a", "1. 烟台苹果 5斤装"),
        ("pick_b", "2. 丹东99草莓 3斤装"),
    ]
    shop.clicks("xiaoli", "pick_b", card["task"])
    assert f"/r/{shop.code('xiaoli')}?p=STRAWBERRY" in shop.told("xiaoli")[-1]
    (closed,) = shop.queued("xiaoli", "card_update")
    assert (closed["task"], closed["replace_name"]) == (card["task"], "已选 丹东99草莓 3斤装")
    shop.clicks("xiaoli", "pick_a", card["task"], response_code="again")
    assert shop.told("xiaoli")[-1].startswith("这个选择已经过了")


@ON_SQLITE
def test_in_the_official_account_the_options_are_links_in_the_text(shop: Shop) -> None:
    def writes(text: str, **more: str) -> str:
        kind = "card" if more else "text"
        key = f"oa:{next(shop._numbers)}"
        digest, sealed = shop.vault.digest("openid", "oa-1"), shop.vault.seal("oa-1")
        return shop.assistant.receive(Inbound(key, "official", digest, kind, text, shop.now, sealed=sealed, **more))

    writes("我要加入")
    asked = writes("水果海报")
    assert "1. 烟台苹果 5斤装\n2. 丹东99草莓 3斤装" in asked
    task = asked.partition("msgmenuid=pick_b:")[2].partition('"')[0]
    assert "丹东99草莓 3斤装" in writes("pick_b", task_id=task)


def test_several_orders_of_an_amount_or_a_day_are_listed_and_one_is_explained(shop: Shop) -> None:
    shop.joins("xiaoli")
    first, second = shop.sells("xiaoli", "50.00", no="O2001"), shop.sells("xiaoli", "50.00", no="O2002")
    shop.later(days=1)
    third = shop.sells("xiaoli", "80.00", no="O2003")
    asked = shop.says("xiaoli", "为什么这单才5块")
    assert asked.startswith(
        f"你说的是哪一个？\n1. 订单 {second}（11月18日，佣金 5.00 元）\n2. 订单 {first}（11月18日，佣金 5.00 元）\n"
    )
    assert f"订单 {first} 你的佣金是 5.00 元" in shop.says("xiaoli", "2")
    shop.says("xiaoli", "昨天那单怎么算的")
    assert f"订单 {second} 你的佣金" in shop.says("xiaoli", "o2002那个")
    assert f"订单 {third} 你的佣金" in shop.says("xiaoli", "刚才那单怎么才8块")
    assert f"订单 {third} 你的佣金" in shop.says("xiaoli", "为什么这单这么少")  # the latest, where nothing says which


@ON_SQLITE
def test_what_is_no_answer_is_answered_and_the_choice_waits(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "水果海报")
    assert shop.says("xiaoli", "我的收益").startswith("本月已赚")
    assert shop.says("xiaoli", "都要").startswith("要选其中一个，一次一个：\n1. 烟台苹果")
    assert shop.says("xiaoli", "9").startswith("要选其中一个")
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")
    assert "丹东99草莓" in shop.says("xiaoli", "2")


@ON_SQLITE
def test_cancel_ends_a_choice_and_ten_minutes_do(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "水果海报")
    assert shop.says("xiaoli", "算了不要了") == "已取消。"
    shop.says("xiaoli", "1")
    shop.says("xiaoli", "水果海报")
    shop.later(minutes=11)
    shop.says("xiaoli", "1")
    assert posters(shop) == []


@ON_SQLITE
def test_a_new_choice_replaces_the_one_that_waits(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "水果海报")
    (old,) = shop.queued("xiaoli", "card")
    shop.says("xiaoli", "水果链接")
    assert "?p=APPLE" in shop.says("xiaoli", "1")
    shop.clicks("xiaoli", "pick_a", old["task"])
    assert shop.told("xiaoli")[-1].startswith("这个选择已经过了")


@ON_SQLITE
def test_whoever_has_not_joined_is_told_so_before_he_chooses(shop: Shop) -> None:
    assert "我要加入" in shop.says("ahua", "水果海报")


@ON_SQLITE
@pytest.mark.parametrize(
    "said",
    [
        "改成80",
        "还是提80吧",
        "换成八十块",
        "不是50，是80",
        "80吧",
        "那就提80",
        "改80",
        "提80就行",
        "少提点，80",
        "算了，提80吧",
    ],
)  # fmt: skip
def test_the_amount_is_changed_before_the_yes(shop: Shop, said: str) -> None:
    rich(shop)
    assert shop.says("xiaoli", "提50").startswith("提现 50.00 元")
    assert shop.says("xiaoli", said).startswith("提现 80.00 元")
    assert shop.balances("xiaoli") == {"available": "100.00"}
    assert "已提交提现 80.00 元" in shop.says("xiaoli", "确认")
    assert shop.balances("xiaoli") == {"available": "20.00", "withdrawing": "80.00"}
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")


@ON_SQLITE
def test_what_is_no_yes_leaves_the_withdrawal_waiting(shop: Shop) -> None:
    rich(shop)
    shop.says("xiaoli", "全部提现")
    for said in ("好的，谢谢", "1", "666", "手续费多少", "我的收益", "来张草莓海报", "是吗"):
        shop.says("xiaoli", said)
        assert shop.balances("xiaoli") == {"available": "100.00"}, said
    assert "已提交提现 100.00 元" in shop.says("xiaoli", "确认")


@ON_SQLITE
def test_a_choice_replaces_a_withdrawal_whose_button_then_does_nothing(shop: Shop) -> None:
    rich(shop)
    shop.says("xiaoli", "提50")
    (card,) = shop.queued("xiaoli", "card")
    shop.says("xiaoli", "水果海报")
    assert shop.says("xiaoli", "确认").startswith("现在没有等你确认的事")
    shop.clicks("xiaoli", "confirm", card["task"])
    assert shop.balances("xiaoli") == {"available": "100.00"}
