"""`flask bot understand` and `flask bot menu`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from bot import commands
from bot.wecom import menu
from bot.wecom.errors import Refused
from models import Sessions, new_engine
from tests.commands.conftest import ASSETS, Flask, runner
from tests.support.shop import START, Shop, catalogue, understanding


class Platform:
    """Stands in for the client; `fault` is what WeChat Work says."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.created = fault, []  # type: ignore[var-annotated]

    def menu_create(self, agent_id: int, body: dict[str, Any]) -> None:
        if self.fault:
            raise self.fault
        self.created.append((agent_id, body))


def bot(database: Path | str, platform: Platform | None = None) -> Flask:
    engine = new_engine(f"sqlite:///{database}" if isinstance(database, Path) else database, timeout_seconds=2)
    agent_id = 1000002 if platform else None
    deps = commands.BotDeps(
        Sessions(engine),
        lambda: START,
        ASSETS,
        catalogue(),
        understanding,
        platform,
        agent_id,  # type: ignore[arg-type]
    )
    root = click.Group("flask")
    root.add_command(commands.group(deps))
    return runner(root)


def bot_of(shop: Shop, own_phrases: Path) -> Flask:
    root = click.Group("flask")
    root.add_command(
        commands.group(
            commands.BotDeps(shop.sessions, shop.clock, ASSETS, catalogue(), understanding, None, None, own_phrases)
        )
    )
    return runner(root)


def test_a_sentence_is_understood_without_a_database_and_none_is_made(tmp_path: Path) -> None:
    flask = bot(tmp_path / "none.db")
    data = flask("bot", "understand", "来张草莓的海报", "--json").data
    assert list(data) == ["intent", "slots", "confidence"]
    assert (data["intent"], data["slots"]) == ("poster", {"product": "STRAWBERRY-3J"})
    assert list(tmp_path.iterdir()) == []


def test_a_database_server_that_is_down_is_no_hindrance() -> None:
    flask = bot("postgresql+psycopg://u:p@127.0.0.1:1/none")
    assert flask("bot", "understand", "草莓海报", "--json").data["slots"] == {"product": "STRAWBERRY-3J"}


def test_the_products_of_the_database_count_where_it_answers(flask: Flask, shop: Shop) -> None:
    assert flask("bot", "understand", "来张草莓的海报", "--json").data["slots"] == {"product": "STRAWBERRY"}


def test_now_decides_what_yesterday_is(tmp_path: Path) -> None:
    slots = bot(tmp_path / "x.db")("bot", "understand", "昨天赚了多少", "--now", "2026-03-01T00:30:00", "--json").data[
        "slots"
    ]
    assert (slots["period"]["from"], slots["period"]["to"]) == ("2026-02-28", "2026-03-01")


def test_every_line_of_stdin_gives_one_line_of_json(tmp_path: Path) -> None:
    said = "提现50\n\n我的收益\r\n今天天气怎么样".encode() + b"\n\xff\xfe\n"
    printed = bot(tmp_path / "x.db")("bot", "understand", "--stdin", stdin=said)
    lines = [json.loads(line) for line in printed.text.splitlines()]
    assert [line["intent"] for line in lines] == ["withdraw", "unknown", "earnings", "unknown", "unknown"]
    assert lines[0]["slots"] == {"amount": "50.00"}
    assert printed.said == ""


def test_words_of_operators_are_understood_unless_a_distributor_says_them(tmp_path: Path) -> None:
    flask = bot(tmp_path / "x.db")

    def intent(text: str, *more: str) -> str:
        return flask("bot", "understand", text, *more, "--json").data["intent"]

    assert [intent(text) for text in ("待审核", "通过 3", "我的订单")] == ["review", "approve", "orders"]
    assert [intent(text, "--as", "distributor") for text in ("待审核", "通过 3")] == ["unknown", "unknown"]
    assert intent("今天卖了多少", "--as", "operator") == "today"
    assert intent("提示一下") == "unknown"


def test_an_amount_answers_the_question_that_is_open(tmp_path: Path) -> None:
    flask = bot(tmp_path / "x.db")
    data = flask("bot", "understand", "100吧", "--pending", "withdraw.confirm", "--json").data
    assert (data["intent"], data["slots"]) == ("withdraw", {"amount": "100.00"})


def test_people_read_intent_slots_and_what_came_near(tmp_path: Path) -> None:
    flask = bot(tmp_path / "x.db")
    assert flask("bot", "understand", "提现50").text == "意图 withdraw，把握 98%\n  amount 50.00\n"
    assert "最接近 " in flask("bot", "understand", "今天天气怎么样").text


@pytest.mark.parametrize("arguments", [(), ("提现", "--stdin"), ("提现", "--now", "soon"), ("提现", "--as", "king")])
def test_understand_used_wrongly_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert bot(tmp_path / "x.db")("bot", "understand", *arguments, code=2).text == ""


def test_the_menu_is_created_in_the_words_of_the_catalogue(tmp_path: Path) -> None:
    platform = Platform()
    printed = bot(tmp_path / "x.db", platform)("bot", "menu", "--json")
    ((agent_id, body),) = platform.created
    assert agent_id == 1000002
    assert printed.data == body
    groups = [(group["name"], [entry["key"] for entry in group["sub_button"]]) for group in body["button"]]
    assert groups == [(name, list(keys)) for name, (_, keys) in zip(("我的", "推广", "帮助"), menu.MENU, strict=True)]


def test_the_menu_needs_an_enterprise(tmp_path: Path) -> None:
    assert "WECOM_CORP_ID" in bot(tmp_path / "x.db")("bot", "menu", code=1).said


def test_a_refused_menu_quotes_the_platform(tmp_path: Path) -> None:
    platform = Platform(Refused("menu/create", 60020, "not allow to access from your ip, from ip: 1.2.3.4"))
    error = bot(tmp_path / "x.db", platform)("bot", "menu", "--json", code=1).data["error"]
    assert error["code"] == "wecom.refused"
    assert "60020 not allow to access from your ip" in error["message"]


def test_what_was_not_understood_is_listed_and_labelled(tmp_path: Path, shop: Shop) -> None:
    flask = bot_of(shop, tmp_path / "var" / "phrases.toml")
    for text in ("我家猫丢了怎么办", "我家猫丢了怎么办", "外面下大雨"):
        shop.says("xiaoli", text)
    listed = flask("bot", "unknown", "list", "--json").data["phrases"]
    assert {name: listed[0][name] for name in ("text", "count", "intent")} == {
        "text": "我家猫丢了怎么办",
        "count": 2,
        "intent": None,
    }
    number = str(listed[0]["number"])
    assert "重启后生效" in flask("bot", "unknown", "label", number, "help").text
    assert 'text = "我家猫丢了怎么办"' in (tmp_path / "var" / "phrases.toml").read_text(encoding="utf-8")
    assert number not in {str(row["number"]) for row in flask("bot", "unknown", "list", "--json").data["phrases"]}
    assert "→ help" in flask("bot", "unknown", "list", "--labelled").text


@pytest.mark.parametrize(
    ("number", "intent", "code"),
    [("1", "ranks", "unknown.intent"), ("1", "withdraw", "unknown.intent"), ("99", "rank", "unknown.no_such_phrase")],
)
def test_a_label_that_cannot_be_is_refused_and_writes_nothing(
    tmp_path: Path, shop: Shop, number: str, intent: str, code: str
) -> None:
    flask = bot_of(shop, tmp_path / "phrases.toml")
    shop.says("xiaoli", "我家猫丢了怎么办")
    assert flask("bot", "unknown", "label", number, intent, "--json", code=1).data["error"]["code"] == code
    assert not (tmp_path / "phrases.toml").exists()
