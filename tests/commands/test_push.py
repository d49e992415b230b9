"""`flask push`: the merchant's own message to many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Flask
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def team(shop: Shop) -> Shop:
    for number in range(3):
        shop.joins(f"u{number}")
    return shop


def test_a_push_is_created_shown_listed_and_stopped(flask: Flask, team: Shop) -> None:
    made = flask("push", "create", "--text", "周末草莓加一个点", "--json").data
    assert (made["number"], made["people"], made["state"]) == (1, 3, "open")
    assert flask("push", "show", "1").text == "编号 1：发送中，已发 0 人，单独发 0 人，不想收 0 人，没送到 0 人。\n"
    assert [row["text"] for row in flask("push", "list", "--json").data["pushes"]] == ["周末草莓加一个点"]
    assert flask("push", "stop", "1", "--json").data["changed"]
    assert not flask("push", "stop", "1", "--json").data["changed"]
    assert "之前就已停止" in flask("push", "stop", "1").text


def test_the_text_may_stand_in_a_file(flask: Flask, team: Shop, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("两行\n的消息\n", encoding="utf-8")
    assert flask("push", "create", "--file", str(file), "--json").data["text"] == "两行\n的消息"


def test_what_cannot_be_pushed_is_refused(flask: Flask, team: Shop) -> None:
    said = flask("push", "create", "--text", "长" * 700, "--json", code=1).data["error"]
    assert said["code"] == "invalid"
    assert "2048" in flask("push", "create", "--text", "长" * 700, code=1).said
    assert (
        flask("push", "create", "--text", "x", "--role", "leader", "--json", code=1).data["error"]["code"]
        == "push.nobody"
    )
    assert "没有等级「金牌」" in flask("push", "create", "--text", "x", "--level", "金牌", code=1).said
    assert flask("push", "show", "9", "--json", code=1).data["error"]["code"] == "push.unknown"
    assert flask("push", "stop", "9", "--json", code=1).data["error"]["code"] == "push.unknown"
    assert flask("push", "list", "--json").data["pushes"] == []
    flask("push", "create", code=2)
    flask("push", "create", "--text", "x", "--file", __file__, code=2)
