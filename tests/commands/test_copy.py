"""`flask copy` and `flask words`: adding texts and words, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from models.order import Product
from services import words
from tests.commands.conftest import Flask
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

GOOD = """
texts:
  - name: mine-1
    kind: 朋友圈
    sku: STRAWBERRY
    text: "我家{商品}到货，{价格} 元：{链接}"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.yaml"


def test_texts_are_added_listed_and_removed(flask: Flask, file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    assert flask("copy", "add", file, "--operator", "boss", "--json").data == {"added": ["mine-1"]}
    (text,) = flask("copy", "list", "--sku", "STRAWBERRY", "--json").data["texts"]
    assert (text["name"], text["own"], text["kind"]) == ("mine-1", True, "朋友圈")
    assert "mine-1*" in flask("copy", "list", "--kind", "朋友圈").text
    assert "已去掉 mine-1" in flask("copy", "remove", "mine-1").text
    assert flask("copy", "list", "--sku", "STRAWBERRY").text == "没有。\n"


def test_one_of_the_same_name_is_replaced(flask: Flask, file: Path) -> None:
    for told in ("到货", "到了"):
        file.write_text(GOOD.replace("到货", told), encoding="utf-8")
        flask("copy", "add", file, "--operator", "boss")
    (text,) = flask("copy", "list", "--sku", "STRAWBERRY", "--json").data["texts"]
    assert "到了" in text["text"]


def test_a_blocked_text_is_not_kept_whatever_is_ticked(flask: Flask, file: Path) -> None:
    file.write_text(GOOD.replace("到货", "全网 最低 价"), encoding="utf-8")
    error = flask("copy", "add", file, "--operator", "boss", "--tick", "AD-1", "--json", code=1).data["error"]
    assert error["code"] == "copy.blocked"
    assert error["fields"][0]["field"] == "mine-1"
    assert "「全网 最低」" in error["fields"][0]["message"]
    assert flask("copy", "list", "--sku", "STRAWBERRY").text == "没有。\n"


def test_a_warning_needs_a_tick(flask: Flask, file: Path) -> None:
    file.write_text(GOOD.replace("到货", "到货，下单抽奖送一份"), encoding="utf-8")
    refused = flask("copy", "add", file, "--operator", "boss", "--json", code=1).data["error"]
    assert refused["code"] == "copy.ticks_needed"
    assert "--tick AD-7" in refused["message"]
    flask("copy", "add", file, "--operator", "boss", "--tick", "AD-7")
    assert flask("copy", "check", "--json").data["findings"] == []


def test_a_fault_names_file_line_and_key(flask: Flask, file: Path) -> None:
    file.write_text(GOOD.replace("{链接}", "{网址} {链接}"), encoding="utf-8")
    (field,) = flask("copy", "add", file, "--operator", "boss", "--json", code=1).data["error"]["fields"]
    assert (field["line"], field["field"]) == (6, "texts[0].text")
    assert "可以用：{商品}" in field["message"]


def test_names_of_texts_that_ship_are_taken(flask: Flask, file: Path) -> None:
    file.write_text(GOOD.replace("mine-1", "moments-plain"), encoding="utf-8")
    (field,) = flask("copy", "add", file, "--operator", "boss", "--json", code=1).data["error"]["fields"]
    assert "自带文案" in field["message"]
    assert flask("copy", "remove", "moments-plain", "--json", code=1).data["error"]["code"] == "copy.no_such"


def test_a_file_is_checked_before_it_is_added(flask: Flask, file: Path) -> None:
    file.write_text(GOOD.replace("到货", "治愈失眠"), encoding="utf-8")
    data = flask("copy", "check", file, "--json", code=1).data
    assert [it["rule_id"] for it in data["findings"]] == ["AD-2"]
    assert data["outcome"] == "BLOCK"


def test_an_absolute_word_may_be_used_for_a_written_reason(flask: Flask, file: Path) -> None:
    because = "    because: [{word: 最佳, kind: 使用建议, reason: 说的是最佳口感的温度}]\n"
    file.write_text(GOOD.replace("到货", "最佳口感在十度"), encoding="utf-8")
    flask("copy", "check", file, code=1)
    file.write_text(GOOD.replace("到货", "最佳口感在十度") + because, encoding="utf-8")
    flask("copy", "add", file, "--operator", "boss")


def test_only_an_operator_adds(flask: Flask, file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    refused = flask("copy", "add", file, "--operator", "nobody", "--json", code=1).data["error"]
    assert refused["code"] == "operator.unknown"


# ---------------------------------------------------------------------------------------------------------------
# words


def test_words_are_listed_and_added_and_cannot_be_removed(flask: Flask) -> None:
    (absolute,) = [it for it in flask("words", "list", "--json").data["lists"] if it["list"] == "absolute"]
    assert (absolute["rule_id"], absolute["own"]) == ("AD-1", 0)
    assert flask("words", "add", "absolute", "天花板一样", "--operator", "boss", "--json").data["added"] == [
        "天花板一样"
    ]
    assert "早就在词表里了" in flask("words", "add", "absolute", "天花板一样", "国家级", "--operator", "boss").text
    assert "天花板一样*" in flask("words", "list", "absolute").text
    flask("words", "remove", "absolute", "天花板一样", code=2)
    data = flask("words", "check", "天花板一样的草莓", "--json", code=1).data
    assert data["findings"][0]["evidence"]["numbers"]["hits"][0]["word"] == "天花板一样"


def test_a_word_that_is_too_short_is_refused(flask: Flask) -> None:
    error = flask("words", "add", "income", "赚", "--operator", "boss", "--json", code=1).data["error"]
    assert error["fields"][0]["field"] == "赚"
    assert "2 到 30 个字" in error["fields"][0]["message"]


def test_a_text_is_checked_with_where_it_stands(flask: Flask) -> None:
    said = flask("words", "check", "本店 國 家 級 品质", code=1).text
    assert "AD-1 绝对化用语" in said
    assert "「國 家 級」（第 4 到 8 字）" in said
    assert "没有发现问题" in flask("words", "check", "第一次来的朋友看这里").text
    assert "AD-3" in flask("words", "check", "维生素片", "--category", "保健食品", code=1).text
    assert "AD-5" in flask("words", "check", "-", stdin="躺着 赚", code=1).text


def test_everything_is_checked_and_a_product_is_named(flask: Flask, shop: Shop) -> None:
    assert flask("words", "check", "--json").data["findings"] == []
    with shop.sessions.writing() as session:
        session.execute(update(Product).where(Product.sku == "APPLE").values(promise="坏果包赔·史上最低"))
    (finding,) = flask("words", "check", "--json", code=1).data["findings"]
    assert (finding["where"], finding["rule_id"]) == ("商品 APPLE", "AD-1")


def test_a_registered_name_is_allowed_with_its_reason(flask: Flask, shop: Shop) -> None:
    options = ("--kind", "注册名称", "--operator", "boss")
    refused = flask("words", "allow", "第一佳鸡排", *options, "--reason", "店名", "--json", code=1).data["error"]
    assert refused["fields"][0]["field"] == "reason"
    flask("words", "allow", "第一佳鸡排", *options, "--reason", "注册商标第 1234567 号，名称如此")
    assert "没有发现问题" in flask("words", "check", "第一佳鸡排两份装").text
    assert "可以写「第一佳鸡排」：注册名称" in flask("words", "list").text
    with shop.sessions.reading() as session:
        assert [row.operator for row in words.exceptions(session)] == ["boss"]
    reason = ("--reason", "没有什么理由可以写在这里")
    nothing = flask("words", "allow", "草莓", *options, *reason, "--json", code=1).data["error"]
    assert nothing["code"] == "words.nothing_to_allow"
