"""What stands on a poster that was ordered in the chat: names by their owners' yes, and no word that is forbidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.drawing import Drawer, MayNotBeDrawn, UnknownPoster
from models.message import Outbox
from models.order import Product
from services import distributor
from services.poster import Poster, ProductPoster
from tests.support.databases import Database
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Studio:
    """Keeps what it should draw."""

    def __init__(self) -> None:
        self.posters: list[Poster] = []

    def render(self, poster: Poster) -> Any:
        self.posters.append(poster)
        return type("Picture", (), {"jpeg": b"jpeg"})


class Directory:
    def __init__(self, name: str | None) -> None:
        self.name, self.asked = name, list[str]()

    def __call__(self, userid: str) -> str | None:
        self.asked.append(userid)
        return self.name


def drawn(shop: Shop, directory: Directory) -> str:
    """The name on a recruiting poster that is drawn now."""
    studio = Studio()
    draw = Drawer(shop.sessions, studio, Path("pictures"), "鲜果到家", "微信客服", directory)  # type: ignore[arg-type]
    facts = {"distributor_id": shop.who("xiaoli").id, "link": "http://shop.test/r/X"}
    assert draw("recruit", facts) == b"jpeg"
    return str(studio.posters[0].nickname)  # type: ignore[union-attr]


def test_a_name_that_is_still_being_looked_up_is_asked_for(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "海报写名字")
    directory = Directory("小李")
    assert drawn(shop, directory) == "小李"
    assert directory.asked == ["xiaoli"]


def test_where_the_directory_does_not_answer_the_code_stands_for_the_name(shop: Shop, database: Database) -> None:
    code = shop.joins("xiaoli")
    shop.says("xiaoli", "海报写名字")
    assert drawn(shop, Directory(None)) == f"分销员{code[-2:]}"


def test_a_known_name_is_not_asked_for(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    shop.says("xiaoli", "海报写名字")
    with shop.sessions.writing() as session:
        distributor.learn_name(session, shop.vault, "xiaoli", "李华")
    directory = Directory("somebody")
    assert drawn(shop, directory) == "李华"
    assert directory.asked == []


def test_a_directory_that_may_not_be_read_is_not_asked_for_every_poster(shop: Shop, database: Database) -> None:
    code = shop.joins("xiaoli")
    shop.says("xiaoli", "海报写名字")
    with shop.sessions.writing() as session:
        session.execute(update(Outbox).where(Outbox.kind == "lookup_name").values(state="given_up"))
    directory = Directory("somebody")
    assert drawn(shop, directory) == f"分销员{code[-2:]}"
    assert directory.asked == []


def test_without_his_yes_nobodys_name_is_on_a_poster(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    directory = Directory("小李")
    assert drawn(shop, directory) == ""
    shop.says("xiaoli", "海报写名字")
    assert drawn(shop, directory) == "小李"
    shop.says("xiaoli", "别在海报上写我名字")
    assert drawn(shop, directory) == ""
    assert directory.asked == ["xiaoli"]  # who is not named is not looked up


def product_drawn(shop: Shop, **changed: str) -> ProductPoster:
    """The strawberries' poster, after the merchant has changed the product."""
    with shop.sessions.writing() as session:
        session.execute(update(Product).where(Product.sku == "STRAWBERRY").values(**changed))
    studio = Studio()
    draw = Drawer(shop.sessions, studio, Path("pictures"), "鲜果到家", "微信客服", Directory(None))  # type: ignore[arg-type]
    draw("product", {"distributor_id": shop.who("xiaoli").id, "sku": "STRAWBERRY", "link": "http://shop.test/r/X"})
    return studio.posters[0]  # type: ignore[return-value]


def test_a_point_that_may_not_stand_is_left_out(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    assert product_drawn(shop, promise="坏果包赔·全 網 最 低 價·当天采摘").promise == "坏果包赔·当天采摘"


def test_a_product_whose_name_may_not_stand_is_not_drawn(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    with pytest.raises(MayNotBeDrawn, match="AD-1"):
        product_drawn(shop, name="全网第一草莓 3斤装")


def test_a_product_that_is_gone_is_no_poster(shop: Shop, database: Database) -> None:
    shop.joins("xiaoli")
    draw = Drawer(shop.sessions, Studio(), Path("pictures"), "鲜果到家", "微信客服", Directory("小李"))  # type: ignore[arg-type]
    with pytest.raises(UnknownPoster):
        draw("product", {"distributor_id": shop.who("xiaoli").id, "sku": "GONE", "link": "http://shop.test/r/X"})
