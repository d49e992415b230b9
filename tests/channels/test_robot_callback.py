"""The callback of the 智能机器人: the published vectors, and whatever else may be posted there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from bot import webhook
from bot.robot import envelope as envelopes
from bot.robot.inbound import Refresh, parse
from bot.robot.streams import MOST_BYTES, Streams
from bot.wecom.crypto import Envelope
from bot.wecom.errors import BadSignature, NotJson
from tests.channels.vectors import AES_KEY, TOKEN
from tests.support.databases import Database
from tests.support.shop import Shop

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OURS = Envelope(TOKEN, AES_KEY, "")
V4 = (
    "UNlsTltb46XnGtOLhFKp/2PZeAjn7d8bNr5t78dOKGSqvVCfsBbqiyyfHpKUHe+91rqfNvfYIOIwgQj/rnx9uvgF8jtBVzGM3YqS11r4nLYL0nNZ/"
    "JKbamACroyUhMfvN1Smb6v+JYsPcbnurJSRVnBqjEE1j+9I4DXMYiZCUTj09WSsUFgeqbnGlueg8w6j1DUNVrDT8dxt9rTgYOYEBAr6KxjdRK5x43"
    "zFWwBSDO3DAIleSwtQJrdJ5sG/mSEelBUK+L7okuC7tN5oKL6TyqefR1NZzKuk+JHGWRLXy1GyKm8ricAY5jzm2lEvV5quTA9cCrX1I1VWQM3+y9l"
    "jSQ=="
)
V4_SIGNATURE = "30fc04530eb4f8fc27f00d293bcb97afb44c9844"
V6 = (
    "1fJWAGv6nbCvXdsks3HV1VlNdNoLAzQnpcoiqT9iJ7gZ4lrjrH1KYEz/u+0v8zsz1jvpHS9tjoVpq8azVaBOPMRjAeC2BzM5/6podB7GcDWirK9Wd"
    "8QbuFamdk5WU2vjkaGeqbhvufTQuBW5W3sG9/75MgPP3PSJ3FO3b3HlXVo="
)
V6_SIGNATURE = "8a040faa0b222babd6491fcdba1ecebbf6fd1093"


def test_the_published_message_is_opened() -> None:
    body = json.dumps({"encrypt": V4}).encode()
    plain = envelopes.opened(OURS, body, V4_SIGNATURE, "1767225603", "nonce-0003")
    found = parse(plain, NOW)
    assert not isinstance(found, Refresh)
    assert (found.sender, found.kind, found.text, found.key) == ("zhangsan", "text", "我的邀请码", "msg:CAIQ0001")


def test_the_published_reply_is_ours() -> None:
    """Opened by the same key: what they sealed, we would read as we write it."""
    plain = OURS.unseal(V6, V6_SIGNATURE, "1767225604", "nonce-0003")
    assert json.loads(plain)["stream"] == {"id": "s-0001", "finish": False, "content": "正在查询…"}


def test_a_reply_bears_the_nonce_of_the_callback_and_a_number_for_the_time() -> None:
    sealed = json.loads(envelopes.sealed(OURS, {"msgtype": "stream"}, "their nonce", NOW))
    assert (sealed["nonce"], sealed["timestamp"]) == ("their nonce", int(NOW.timestamp()))
    plain = OURS.unseal(sealed["encrypt"], sealed["msgsignature"], str(sealed["timestamp"]), sealed["nonce"])
    assert json.loads(plain) == {"msgtype": "stream"}


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"[]", b"{}", b'{"encrypt": 1}', b'{"encrypt": ""}', b"[" * 100_000])
def test_what_is_no_envelope(body: bytes) -> None:
    with pytest.raises(NotJson):
        envelopes.opened(OURS, body, "", "", "")


def test_a_wrong_signature() -> None:
    with pytest.raises(BadSignature):
        envelopes.opened(OURS, json.dumps({"encrypt": V4}).encode(), "0" * 40, "1767225603", "nonce-0003")


# What may stand in it


def said(**more: Any) -> bytes:
    node = {
        "msgid": "M1",
        "chattype": "single",
        "from": {"userid": "zhangsan"},
        "msgtype": "text",
        "text": {"content": "帮助"},
    }
    return json.dumps(node | more).encode()


@pytest.mark.parametrize(
    ("more", "text", "kind"),
    [
        ({}, "帮助", "text"),
        ({"chattype": "group", "chatid": "C", "text": {"content": "@分销助手 排行榜"}}, "排行榜", "text"),
        ({"chattype": "group", "chatid": "C", "text": {"content": "@分销助手\u2005排行榜"}}, "排行榜", "text"),
        ({"text": {"content": "@小李 排行榜"}}, "@小李 排行榜", "text"),
        ({"msgtype": "voice", "voice": {"content": "我的收益"}}, "我的收益", "text"),
        ({"msgtype": "voice", "voice": {"media_id": "m", "text_content": "我的收益"}}, "我的收益", "text"),
        ({"msgtype": "voice", "voice": {}}, "voice", "unsupported"),
        ({"msgtype": "image", "image": {"url": "http://a"}}, "image", "unsupported"),
        (
            {"msgtype": "mixed", "mixed": {"msg_item": [
                {"msgtype": "text", "text": {"content": "这张"}}, {"msgtype": "image", "image": {"url": "u"}},
                {"msgtype": "text", "text": {"content": "海报"}}, 7]}},
            "这张 海报", "text",
        ),
        ({"msgtype": "event", "event": {"eventtype": "enter_chat"}}, "enter_chat", "greet"),
        ({"msgtype": "event", "event": {"eventtype": "feedback_event"}}, "feedback_event", "ignored"),
        ({"msgtype": "event", "event": 3}, "", "ignored"),
        ({"from": "zhangsan"}, "text", "ignored"),
        ({"from": {"userid": "a\nb"}}, "text", "ignored"),
        ({"msgtype": 5}, "", "ignored"),
        ({"text": "帮助"}, "", "text"),
    ],
)  # fmt: skip
def test_what_a_member_did(more: dict[str, Any], text: str, kind: str) -> None:
    found = parse(said(**more), NOW)
    assert not isinstance(found, Refresh)
    assert (found.text, found.kind) == (text, kind)


def test_the_rest_of_an_answer_is_asked_for() -> None:
    assert parse(said(msgtype="stream", stream={"id": "msg:M1"}), NOW) == Refresh("msg:M1", "zhangsan")


@pytest.mark.parametrize("plain", [b"", b"7", b"[]", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_message(plain: bytes) -> None:
    with pytest.raises(NotJson):
        parse(plain, NOW)


def test_a_message_without_a_number_has_one_key() -> None:
    first, again = parse(said(msgid=None), NOW), parse(said(msgid=None), NOW)
    assert not isinstance(first, Refresh)
    assert not isinstance(again, Refresh)
    assert first.key == again.key
    assert first.key.startswith("content:")


# Over HTTP


class Door:
    def __init__(self, shop: Shop) -> None:
        streams = Streams(shop.sessions, lambda kind, facts: b"\xff\xd8\xff\xe0", shop.clock, "没画好")
        app = Flask("door")
        app.register_blueprint(webhook.blueprint(shop.assistant, "robot", webhook.robot(OURS, streams, shop.clock)))
        self.http = app.test_client()

    def post(self, plain: bytes, **more: Any) -> Any:
        encrypted, signature = OURS.sealed(plain.decode(), "n1", "1763720000")
        query = {"msg_signature": signature, "timestamp": "1763720000", "nonce": "n1", **more}
        return self.http.post("/callback/robot", query_string=query, json={"encrypt": encrypted})

    def answer(self, plain: bytes) -> Any:
        told = self.post(plain)
        assert told.status_code == 200
        node = told.get_json()
        opened = OURS.unseal(node["encrypt"], node["msgsignature"], str(node["timestamp"]), node["nonce"])
        return json.loads(opened)


@pytest.fixture
def door(database: Database) -> Door:
    return Door(Shop(database.sessions))


ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@ON_SQLITE
def test_the_address_is_verified(door: Door) -> None:
    encrypted, signature = OURS.sealed("a word", "n1", "1763720000")
    query = {"msg_signature": signature, "timestamp": "1763720000", "nonce": "n1", "echostr": encrypted}
    assert door.http.get("/callback/robot", query_string=query).text == "a word"
    assert door.http.get("/callback/robot", query_string=query | {"nonce": "n2"}).status_code == 403


@ON_SQLITE
def test_what_is_refused(door: Door) -> None:
    assert door.post(said(), msg_signature="0" * 40).status_code == 403
    assert door.http.post("/callback/robot", data=b"<xml/>").status_code == 400
    assert door.http.post("/callback/robot", data=b"x" * 300_000).status_code == 413
    assert door.post(b"no json").status_code == 400


@ON_SQLITE
def test_a_repeat_is_answered_alike(door: Door) -> None:
    first = door.answer(said())
    assert first == door.answer(said())
    assert first["msgtype"] == "stream"
    assert first["stream"]["finish"]


@ON_SQLITE
def test_the_rest_is_told_to_him_who_asked_and_to_nobody_else(door: Door) -> None:
    asked = door.answer(said(msgid="M7"))["stream"]
    mine = door.answer(said(msgtype="stream", stream={"id": asked["id"]}))["stream"]
    assert mine["content"] == asked["content"]
    other = door.post(said(msgtype="stream", stream={"id": asked["id"]}, **{"from": {"userid": "lisi"}}))
    unknown = door.post(said(msgtype="stream", stream={"id": "msg:M9"}))
    assert (other.status_code, other.data) == (unknown.status_code, unknown.data) == (200, b"")


@ON_SQLITE
def test_an_answer_is_cut_to_what_a_stream_holds(door: Door, database: Database) -> None:
    streams = Streams(database.sessions, lambda *_: b"", lambda: NOW, "")
    message = parse(said(), NOW)
    assert not isinstance(message, Refresh)
    told = streams.first(message, "十个字十个字十个字十\n" * 1000)
    assert MOST_BYTES - 40 < len(told["stream"]["content"].encode()) <= MOST_BYTES
