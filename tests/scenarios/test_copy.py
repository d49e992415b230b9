"""Copy in the chat: a text to send on, another one, answers to what customers say; and whose name is on a poster."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from domain.conversation import Inbound
from models.consent import PosterConsent
from models.distributor import Distributor
from models.order import Product
from services import words
from services.copy import own
from services.coupon import campaign
from tests.support import coupons
from tests.support.databases import Database
from tests.support.shop import Shop

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def code(shop: Shop) -> str:
    """小李 has joined."""
    return shop.joins("xiaoli")


def sent(shop: Shop, userid: str = "xiaoli") -> list[dict[str, Any]]:
    """The texts and posters that wait for him, in order."""
    return [body for body in shop.queued(userid) if "content" in body or "poster" in body]


def texts(shop: Shop) -> list[str]:
    return [body["content"] for body in sent(shop) if "content" in body]


def changes(shop: Shop, sku: str, **values: Any) -> None:
    with shop.sessions.writing() as session:
        session.execute(update(Product).where(Product.sku == sku).values(**values))


def test_a_text_for_moments_comes_alone_with_the_link_and_then_the_poster(shop: Shop, code: str) -> None:
    assert shop.says("xiaoli", "草莓怎么发朋友圈").startswith("「丹东99草莓」的朋友圈文案在下面一条")
    text, poster = sent(shop)
    assert f"http://shop.test/r/{code}?p=STRAWBERRY&s=moments" in text["content"]
    assert "68.00 元" in text["content"]
    assert text["content"].endswith("（广告）")
    assert poster["poster"]["facts"]["link"] == f"http://shop.test/r/{code}?p=STRAWBERRY&s=poster"


def test_nobody_gets_the_same_text_twice_in_a_row(shop: Shop, code: str) -> None:
    for asked in ("草莓怎么发朋友圈", "草莓怎么发朋友圈", "换一条", "换一条"):
        shop.says("xiaoli", asked)
    given = texts(shop)
    assert len(given) == 4
    assert all(before != after for before, after in pairwise(given))


@SQLITE
def test_the_same_message_again_gives_no_other_text(shop: Shop, code: str) -> None:
    first = shop.says("xiaoli", "草莓文案", key="msg:same")
    assert shop.says("xiaoli", "草莓文案", key="msg:same") == first
    assert len(texts(shop)) == 1


@SQLITE
def test_another_kind_about_the_same_product(shop: Shop, code: str) -> None:
    shop.says("xiaoli", "草莓怎么发朋友圈")
    assert "群文案" in shop.says("xiaoli", "群里的呢")
    assert "p=STRAWBERRY&s=group" in texts(shop)[-1]
    assert "私聊话术" in shop.says("xiaoli", "草莓私聊话术")
    assert "p=STRAWBERRY&s=private" in texts(shop)[-1]


@SQLITE
def test_without_a_product_the_one_that_earns_most_today_is_suggested_with_the_reason(shop: Shop, code: str) -> None:
    assert shop.says("xiaoli", "文案").startswith("今天推荐推「四季鲜果礼盒」：还有 100 件，卖一件你赚 19.90 元。")
    changes(shop, "GIFT-BOX", stock=0)
    shop.later(minutes=11)
    assert shop.says("xiaoli", "文案").startswith("今天推荐推「丹东99草莓」：还有 100 件，卖一件你赚 6.80 元。")
    changes(shop, "STRAWBERRY", stock=0)
    changes(shop, "APPLE", stock=0)
    assert shop.says("xiaoli", "文案").startswith("现在没有能推广的商品")


@SQLITE
def test_of_several_products_a_number_or_a_button_says_which_and_the_kind_is_kept(shop: Shop, code: str) -> None:
    assert "1. 烟台苹果" in shop.says("xiaoli", "水果群文案")
    assert "的群文案" in shop.says("xiaoli", "2")
    assert "p=STRAWBERRY&s=group" in texts(shop)[-1]
    shop.says("xiaoli", "水果私聊话术")
    card = shop.queued("xiaoli", "card")[-1]
    shop.clicks("xiaoli", card["buttons"][0]["key"], card["task"])
    assert "p=APPLE&s=private" in texts(shop)[-1]


@SQLITE
def test_an_objection_about_several_products_is_answered_for_all(shop: Shop, code: str) -> None:
    assert shop.says("xiaoli", "客户嫌水果贵怎么回").startswith("顾客说「太贵」")


def test_what_a_customer_objects_is_answered(shop: Shop, code: str) -> None:
    assert shop.says("xiaoli", "客户说太贵了怎么回").startswith("顾客说「太贵」，可以这样回")
    first = texts(shop)[-1]
    shop.says("xiaoli", "换一条")
    assert texts(shop)[-1] != first
    assert not [body for body in sent(shop) if "poster" in body]


@SQLITE
def test_what_nobody_has_an_answer_for_lists_what_there_is(shop: Shop, code: str) -> None:
    assert "太贵、别家便宜" in shop.says("xiaoli", "客户说他没钱怎么回")


@SQLITE
def test_a_group_leader_speaks_in_his_own_name(shop: Shop, code: str) -> None:
    changes(shop, "STRAWBERRY", promise="坏果包赔·冷链配送")
    with shop.sessions.writing() as session:
        session.execute(update(Distributor).values(role="leader", directory_name="王姐"))
    assert "群文案" in shop.says("xiaoli", "草莓文案")
    for _ in range(6):
        shop.says("xiaoli", "换一条")
    assert any("我是王姐" in text for text in texts(shop))


@SQLITE
def test_stock_is_spoken_of_where_it_is_low_with_the_true_number(shop: Shop, code: str) -> None:
    changes(shop, "STRAWBERRY", stock=12, promise="坏果包赔")
    shop.says("xiaoli", "草莓怎么发朋友圈")
    assert "还剩 12 件" in texts(shop)[-1]
    changes(shop, "STRAWBERRY", stock=100)
    for _ in range(12):
        shop.says("xiaoli", "换一条")
    assert not any("还剩" in text for text in texts(shop)[1:])


@SQLITE
def test_a_coupon_is_spoken_of_while_it_runs_with_its_condition_and_both_addresses(shop: Shop, code: str) -> None:
    number = coupons.make(shop.sessions, now=shop.now)
    shop.says("xiaoli", "草莓怎么发朋友圈")
    page = coupons.page(shop.sessions, number, shop.who("xiaoli").id, now=shop.now)
    given = texts(shop)[-1]
    assert "有券：满100减20（满 100 元可用）" in given
    assert f"http://shop.test/shop/c/{page}" in given
    assert f"http://shop.test/r/{code}?p=STRAWBERRY&s=moments" in given
    with shop.sessions.writing() as session:
        campaign.close(session, "SAVE20", now=shop.now)
    for _ in range(12):
        shop.says("xiaoli", "草莓怎么发朋友圈")
    assert not any("券" in text for text in texts(shop)[1:])


@SQLITE
def test_a_new_product_is_called_new_while_it_is(shop: Shop, code: str) -> None:
    changes(shop, "STRAWBERRY", listed_at=shop.now - timedelta(days=3), promise="坏果包赔")
    shop.says("xiaoli", "草莓怎么发朋友圈")
    assert "新上架" in texts(shop)[-1]
    shop.later(days=20)
    for _ in range(12):
        shop.says("xiaoli", "草莓怎么发朋友圈")
    assert not any("新上架" in text for text in texts(shop)[1:])


@SQLITE
def test_the_merchants_own_text_is_offered_at_once(shop: Shop, code: str) -> None:
    add(shop, 'name: mine\n    kind: 朋友圈\n    sku: STRAWBERRY\n    text: "我家{商品}：{链接}"')
    shop.says("xiaoli", "草莓怎么发朋友圈")
    assert texts(shop)[-1].startswith("我家丹东99草莓：")


@SQLITE
def test_a_text_that_a_products_name_spoils_is_not_offered(shop: Shop, code: str) -> None:
    changes(shop, "STRAWBERRY", name="全网第一草莓 3斤装")
    shop.later(seconds=11)
    said = shop.says("xiaoli", "来张草莓的海报")
    assert "海报暂时出不了" in said
    assert texts(shop) == []
    told = shop.told("boss")
    assert len(told) == 1
    assert "「全网第一草莓 3斤装」的海报没有画：商品名有问题（AD-1 绝对化用语）" in told[0]
    shop.says("xiaoli", "来张草莓的海报")
    assert len(shop.told("boss")) == 1  # once for each wording


@SQLITE
def test_a_word_added_later_takes_a_text_out_of_the_choice(shop: Shop, code: str) -> None:
    add(shop, 'name: mine\n    kind: 朋友圈\n    sku: STRAWBERRY\n    text: "天花板一样的{商品}：{链接}"')
    with shop.sessions.writing() as session:
        words.add(session, "absolute", ["天花板一样"], operator="boss", now=shop.now)
    shop.says("xiaoli", "草莓怎么发朋友圈")
    assert "天花板" not in texts(shop)[-1]


def add(shop: Shop, entry: str) -> None:
    with shop.sessions.writing() as session:
        own.add(session, shop.house.library, f"texts:\n  - {entry}\n", ticks=(), operator="boss", now=shop.now)


@SQLITE
def test_who_has_not_joined_is_told_how(shop: Shop) -> None:
    assert shop.says("xiaoli", "草莓怎么发朋友圈").startswith("你还不是分销员")


@SQLITE
def test_in_the_official_account_it_is_texts_as_well(shop: Shop, database: Database) -> None:
    """No card can be shown there; the choice is a number."""
    openid = "oFollower0123456789abcdefghij"
    digest = shop.vault.digest("openid", openid)

    def writes(text: str, key: str) -> str:
        sealed = shop.vault.seal(openid)
        return shop.assistant.receive(Inbound(key, "official", digest, "text", text, shop.now, sealed=sealed))

    writes("我要加入", "m:1")
    assert "1. 烟台苹果" in writes("水果文案", "m:2")
    assert "丹东99草莓" in writes("2", "m:3")


# ---------------------------------------------------------------------------------------------------------------
# The name on a poster


def consents(shop: Shop) -> list[tuple[str, str]]:
    with shop.sessions.reading() as session:
        return [(row.what, row.wording) for row in session.query(PosterConsent).order_by(PosterConsent.id)]


def test_with_the_first_poster_one_is_told_how_ones_name_comes_onto_it(shop: Shop, code: str) -> None:
    assert "海报写名字" in shop.says("xiaoli", "我的海报")
    assert "海报写名字" not in shop.says("xiaoli", "来张草莓的海报")
    assert consents(shop) == [("asked", "2026-11-22")]


@SQLITE
def test_a_yes_and_a_no_are_kept_with_the_wording(shop: Shop, code: str) -> None:
    assert "会写上「分销员" in shop.says("xiaoli", "海报写名字")
    shop.says("xiaoli", "海报写名字")
    assert "不写你的名字" in shop.says("xiaoli", "海报不要写名字")
    assert [what for what, _ in consents(shop)] == ["given", "withdrawn"]
    assert "海报写名字" not in shop.says("xiaoli", "我的海报")
