"""The 公众号's callback: verification, safe mode, what comes of each message and event."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from bot import webhook
from bot.naming import Person
from bot.official import callback, inbound
from bot.wecom import xml
from bot.wecom.crypto import Envelope
from bot.wecom.errors import NotXml
from models.distributor import Distributor
from models.message import Inbox
from tests.support.account import AES_KEY, APP_ID, TOKEN, channel
from tests.support.databases import Database
from tests.support.shop import Shop

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PERSON = Person(lambda openid: f"digest-of-{openid}", lambda openid: f"sealed-{openid}")
OPENID, GH = "oAbC_1-xyz0123456789abcdefgh", "gh_7f08"
_numbers = itertools.count(24_500_000_000_000_001)


# The reference's vectors


def test_the_verification_of_the_reference() -> None:
    assert callback.sign("testtoken", "1700000000", "nonce01") == "134cf0f9b69e5f68cf816c4b248207ccf4eba562"


def test_the_ciphertext_of_the_reference_is_opened() -> None:
    envelope = Envelope("testtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0000000000000001")
    sealed = (
        "Q3stYC6hdFzMh9T8HCvyDMnsu8c340VXOKAu7L4L/b1P2o/5A49YbJ2j9ii79bXaOrdISKwixZyWnwUN43wSoxhwGPN1l8g7jaY7pOsDuguHL3wS"
        "V0ASl4CC14WgL26A"
    )
    body = f"<xml><ToUserName>gh</ToUserName><Encrypt>{sealed}</Encrypt></xml>".encode()
    plain = envelope.open(body, "31c92c05c109bda4c8aed6a6589308b0df4e8be9", "1700000000", "nonce01")
    assert plain == b"<xml><Content><![CDATA[hi]]></Content></xml>"


# What comes


def message(kind: str, fields: str = "", *, number: int | None = 1, at: int = 1_763_720_000) -> bytes:
    tail = f"<MsgId>{number}</MsgId>" if number is not None else ""
    return (
        f"<xml><ToUserName><![CDATA[{GH}]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{fields}{tail}</xml>"
    ).encode()


def event(name: str, fields: str = "", **more: Any) -> bytes:
    return message("event", f"<Event><![CDATA[{name}]]></Event>{fields}", number=None, **more)


FINISHED = "<MsgID>1</MsgID><Status>success</Status>"
POPUP = "<SubscribeMsgPopupEvent><List><TemplateId>T</TemplateId></List></SubscribeMsgPopupEvent>"


@pytest.mark.parametrize(
    ("plain", "kind", "words", "scene"),
    [
        (message("text", "<Content>我要推广</Content>"), "text", "我要推广", None),
        (message("text", "<Content></Content>"), "text", "", None),
        (message("text"), "text", "", None),
        (message("image", "<PicUrl>u</PicUrl><MediaId>m</MediaId>"), "unsupported", "image", None),
        (message("location", "<Location_X>1</Location_X>"), "unsupported", "location", None),
        (message("text", "<Content>确认</Content><bizmsgmenuid>confirm:wd-1</bizmsgmenuid>"), "card", "confirm", None),
        (message("text", "<Content>海报</Content><bizmsgmenuid>101</bizmsgmenuid>"), "text", "海报", None),
        (event("subscribe", "<EventKey></EventKey>"), "greet", "subscribe", None),
        (event("subscribe", "<EventKey>qrscene_8K3M2Q</EventKey><Ticket>T</Ticket>"), "greet", "subscribe", "8K3M2Q"),
        (event("SCAN", "<EventKey>8K3M2Q</EventKey><Ticket>T</Ticket>"), "greet", "SCAN", "8K3M2Q"),
        (event("CLICK", "<EventKey>earnings</EventKey>"), "menu", "earnings", None),
        (event("VIEW", "<EventKey>https://a.example</EventKey>"), "ignored", "VIEW", None),
        (event("unsubscribe", "<EventKey></EventKey>"), "ignored", "unsubscribe", None),
        (event("LOCATION", "<Latitude>1</Latitude>"), "ignored", "LOCATION", None),
        (event("TEMPLATESENDJOBFINISH", FINISHED), "ignored", "TEMPLATESENDJOBFINISH", None),
        (event("subscribe_msg_popup_event", POPUP), "ignored", "subscribe_msg_popup_event", None),
        (event("never heard of"), "ignored", "never heard of", None),
    ],
)  # fmt: skip
def test_each_message_and_event_is_read(plain: bytes, kind: str, words: str, scene: str | None) -> None:
    found, openid, account = inbound.parse(plain, PERSON)
    assert (found.kind, found.text, found.scene) == (kind, words, scene)
    assert (found.channel, found.sender, found.sealed) == ("official", f"digest-of-{OPENID}", f"sealed-{OPENID}")
    assert (openid, account) == (OPENID, GH)
    assert found.sent_at == datetime.fromtimestamp(1_763_720_000, UTC)
    assert OPENID not in found.key


def test_wechatpy_reads_the_same_words_and_scenes() -> None:
    for plain in (
        message("text", "<Content>我要推广</Content>"),
        event("subscribe", "<EventKey>qrscene_8K3M2Q</EventKey><Ticket>T</Ticket>"),
    ):
        theirs, ours = parse_message(plain), inbound.parse(plain, PERSON)[0]
        assert theirs.source == OPENID
        assert ours.text == getattr(theirs, "content", ours.text)
        assert ours.scene == getattr(theirs, "scene_id", None)


def test_the_key_is_the_number_of_a_message_and_what_happened_of_an_event() -> None:
    def key(plain: bytes) -> str:
        return inbound.parse(plain, PERSON)[0].key

    assert (
        key(message("text", "<Content>a</Content>", number=7))
        == "msg:7"
        == key(message("text", "<Content>b</Content>", number=7))
    )
    one = event("SCAN", "<EventKey>A</EventKey>")
    others = [
        event("SCAN", "<EventKey>B</EventKey>"),
        event("CLICK", "<EventKey>A</EventKey>"),
        event("SCAN", "<EventKey>A</EventKey>", at=1_763_720_001),
    ]
    assert key(one) == key(one)
    assert len({key(one), *map(key, others)}) == 4


@pytest.mark.parametrize("openid", ["", "a b", "@all", "x" * 65, "张三", "a|b"])
def test_what_is_no_openid_is_nobody(openid: str) -> None:
    plain = message("text", "<Content>a</Content>").replace(OPENID.encode(), openid.encode())
    assert inbound.parse(plain, PERSON)[0].kind == "ignored"


def test_a_dtd_is_refused() -> None:
    with pytest.raises(NotXml):
        inbound.parse(b'<!DOCTYPE a [<!ENTITY b "c">]><xml/>', PERSON)


# Over HTTP


class Door:
    def __init__(self, shop: Shop, made: webhook.Channel | None) -> None:
        self.shop = shop
        app = Flask("door")
        app.register_blueprint(webhook.blueprint(shop.assistant, "official", made))
        self.http = app.test_client()
        self.theirs = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
        self.ours = Envelope(TOKEN, AES_KEY, APP_ID)

    def post(self, plain: bytes, *, envelope: Envelope | None = None, **changed: str) -> Any:
        fields = xml.read((envelope or self.ours).seal(plain.decode(), "n1", "1763720000").encode()).fields
        query = {
            "msg_signature": fields["MsgSignature"],
            "timestamp": "1763720000",
            "nonce": "n1",
            "encrypt_type": "aes",
        }
        body = f"<xml><ToUserName>{GH}</ToUserName><Encrypt>{fields['Encrypt']}</Encrypt></xml>"
        return self.http.post("/callback/official", query_string=query | changed, data=body)

    def answered(self, answer: Any) -> dict[str, str]:
        """The passive reply, opened by wechatpy."""
        fields = xml.read(answer.data).fields
        plain = self.theirs.decrypt_message(answer.data, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
        return xml.read(plain if isinstance(plain, bytes) else plain.encode()).fields


@pytest.fixture
def door(database: Database) -> Door:
    shop = Shop(database.sessions)
    return Door(shop, channel(shop))


def text(words: str) -> bytes:
    return message("text", f"<Content><![CDATA[{words}]]></Content>", number=next(_numbers))


@ON_SQLITE
def test_the_address_is_verified(door: Door) -> None:
    query = {"signature": callback.sign(TOKEN, "1", "n"), "timestamp": "1", "nonce": "n", "echostr": "5837 <b>"}
    answer = door.http.get("/callback/official", query_string=query)
    assert (answer.status_code, answer.data) == (200, b"5837 <b>")
    assert answer.content_type.startswith("text/plain")
    for wrong in ({"signature": "0" * 40}, {"nonce": "m"}, {"signature": ""}, {"signature": "签名"}):
        answer = door.http.get("/callback/official", query_string=query | wrong)
        assert (answer.status_code, answer.data) == (403, b"")


def test_a_repeat_gets_the_same_reply_and_a_stranger_joins_once(door: Door) -> None:
    plain = text("我要加入")
    first, second = door.answered(door.post(plain)), door.answered(door.post(plain))
    assert first["Content"] == second["Content"]
    assert "邀请码" in first["Content"]
    assert (first["ToUserName"], first["FromUserName"], first["MsgType"]) == (OPENID, GH, "text")
    assert "你已经是分销员了" in door.answered(door.post(text("我要加入")))["Content"]
    with door.shop.sessions.reading() as session:
        assert session.scalar(select(func.count()).select_from(Distributor)) == 1


@ON_SQLITE
def test_a_repeated_event_without_a_number_is_handled_once(door: Door) -> None:
    plain = event("subscribe", "<EventKey></EventKey>")
    assert door.post(plain).data
    assert door.answered(door.post(plain))["Content"] == door.answered(door.post(plain))["Content"]
    with door.shop.sessions.reading() as session:
        assert session.scalar(select(func.count()).select_from(Inbox)) == 1


@ON_SQLITE
@pytest.mark.parametrize(
    "plain",
    [
        event("VIEW", "<EventKey>u</EventKey>"),
        event("unsubscribe"),
        event("strange"),
        message("text").replace(OPENID.encode(), b"?"),
    ],
)
def test_where_there_is_nothing_to_say_the_answer_is_empty(door: Door, plain: bytes) -> None:
    answer = door.post(plain)
    assert (answer.status_code, answer.data) == (200, b"")


@ON_SQLITE
def test_what_is_not_ours_is_refused(door: Door) -> None:
    plain = text("帮助")
    other_key = Envelope(TOKEN, "B" * 43, APP_ID)
    other_app = Envelope(TOKEN, AES_KEY, "wxffffffffffffffff")
    refused = [
        door.post(plain, msg_signature="0" * 40),
        door.post(plain, nonce="n2"),
        door.post(plain, envelope=other_key),
        door.post(plain, envelope=other_app),
    ]
    assert [(answer.status_code, answer.data) for answer in refused] == [(403, b"")] * 4


@ON_SQLITE
def test_plain_mode_and_what_is_no_xml_are_refused(door: Door) -> None:
    signed = {"signature": callback.sign(TOKEN, "1", "n"), "timestamp": "1", "nonce": "n"}
    bodies = [text("帮助"), b"hello", b"", b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>']
    answers = [door.http.post("/callback/official", query_string=signed, data=body) for body in bodies]
    answers.append(door.post(b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>'))
    assert [(answer.status_code, answer.data) for answer in answers] == [(400, b"")] * 5
    large = door.http.post("/callback/official", query_string=signed, data=b"<xml>" + b"x" * 300_000)
    assert (large.status_code, large.data) == (413, b"")


@ON_SQLITE
def test_without_credentials_there_is_no_address(database: Database) -> None:
    door = Door(Shop(database.sessions), None)
    assert [door.post(text("帮助")).status_code, door.http.get("/callback/official").status_code] == [404, 404]
