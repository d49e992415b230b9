"""`flask person` and `flask official` on the command line."""

from __future__ import annotations

import pytest

from domain.conversation import Inbound
from services import distributor
from services.distributor import Address
from tests.commands.conftest import Flask
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OPENID = "oLin_Xia-0123456789abcdefghi"


def linked(shop: Shop) -> str:
    """A distributor in both chats; his code."""
    code = shop.joins("xiaoli")
    words = shop.says("xiaoli", "关联").partition("关联码是 ")[2][:8]
    sealed, digest = shop.vault.seal(OPENID), shop.vault.digest("openid", OPENID)
    answer = shop.assistant.receive(
        Inbound("msg:1", "official", digest, "text", f"关联 {words}", shop.now, sealed=sealed)
    )
    assert "现在都是你" in answer
    return code


def test_the_chats_of_a_person_and_their_record(shop: Shop, flask: Flask) -> None:
    code = linked(shop)
    shown = flask("person", "show", code, "--json").data
    assert [chat["chat"] for chat in shown["chats"]] == ["wecom", "official"]
    assert [(change["what"], change["proof"]) for change in shown["changes"]] == [("linked", "code")]
    assert "企业微信、公众号" in flask("person", "show", code).text
    assert OPENID not in flask("person", "show", code).text
    assert "ZZZZZZ" in flask("person", "show", "ZZZZZZ", code=1).said


def test_a_chat_is_taken_away_with_who_and_why(shop: Shop, flask: Flask) -> None:
    code = linked(shop)
    taken = ("person", "split", code, "--chat", "official")
    assert flask(*taken, "--operator", "boss", "--reason", "不是本人", "--json").data == {
        "code": code, "chat": "official", "back_to": None,
    }  # fmt: skip
    with shop.sessions.reading() as session:
        assert distributor.find(session, shop.vault, Address("official", shop.vault.digest("openid", OPENID))) is None
    change = flask("person", "show", code, "--json").data["changes"][-1]
    assert (change["what"], change["proof"], change["reason"]) == ("split", "operator:boss", "不是本人")
    assert "没有关联" in flask(*taken, "--operator", "boss", "--reason", "x", code=1).said


def test_the_service_chat_is_one_of_them(shop: Shop, flask: Flask) -> None:
    code, userid = linked(shop), "wmLin_Xia-0123456789abcdefgh"
    words = shop.says("xiaoli", "关联").partition("关联码是 ")[2][:8]
    digest, sealed = shop.vault.digest("external_userid", userid), shop.vault.seal(userid)
    shop.assistant.receive(Inbound("msg:2", "kf", digest, "text", f"关联 {words}", shop.now, sealed=sealed))
    assert "企业微信、公众号、微信客服" in flask("person", "show", code).text
    assert userid not in flask("person", "show", code).text
    taken = ("person", "split", code, "--chat", "kf", "--operator", "boss", "--reason", "不是本人")
    assert flask(*taken, "--json").data == {"code": code, "chat": "kf", "back_to": None}
    assert "微信客服" not in flask("person", "show", code).text.splitlines()[0]


def test_what_cannot_be_taken_away(shop: Shop, flask: Flask) -> None:
    code = shop.joins("xiaoli")
    only = ("person", "split", code, "--chat", "wecom", "--reason", "x")
    assert "唯一的聊天" in flask(*only, "--operator", "boss", code=1).said
    assert "没有操作员" in flask(*only, "--operator", "nobody", code=1).said
    flask("person", "split", code, "--chat", "wecom", "--operator", "boss", "--reason", " ", code=2)


def test_without_an_account_its_commands_say_what_is_missing(shop: Shop, flask: Flask) -> None:
    assert flask("official", "menu", "--json", code=1).data["error"]["code"] == "official.missing"
    assert flask("kf", "link", "--json", code=1).data["error"]["code"] == "kf.missing"
    assert "OFFICIAL_APP_ID" in flask("official", "qrcode", shop.joins("xiaoli"), code=1).said
