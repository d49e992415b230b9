"""Decrypted callbacks as Inbounds: kinds, keys that tell events apart, and nothing that crashes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wecom.errors import NotXml
from bot.wecom.inbound import parse, selections
from domain.conversation import Inbound
from tests.channels.vectors import CORP_ID, V2

SENT_AT = datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC)  # 1767225700


def xml(**fields: str) -> bytes:
    """A callback of zhangsan; a field given as "" is written as an empty element, "-" leaves it out."""
    given = {"ToUserName": CORP_ID, "FromUserName": "zhangsan", "CreateTime": "1767225700", **fields}
    inside = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in given.items() if text != "-")
    return f"<xml>{inside}<AgentID>1000002</AgentID></xml>".encode()


def event(name: str, **fields: str) -> bytes:
    return xml(MsgType="event", Event=name, **fields)


def test_a_text_is_a_text() -> None:
    assert parse(V2.plain.encode(), 1000002) == Inbound(
        key="msg:7046271234567890123",
        channel="wecom",
        sender="zhangsan",
        kind="text",
        text="我的佣金",
        sent_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
    )


def test_a_text_keeps_every_character_that_was_typed() -> None:
    typed = " 提现 50 ]]&gt; <b>&amp; 😀\n第二行 "
    assert parse(xml(MsgType="text", MsgId="1", Content=typed)).text == typed


def test_an_empty_text_is_empty_and_not_none() -> None:
    assert parse(xml(MsgType="text", MsgId="1", Content="")).text == ""
    assert parse(xml(MsgType="text", MsgId="1")).text == ""


def test_a_typed_doctype_is_a_text_like_any_other() -> None:
    assert parse(xml(MsgType="text", MsgId="1", Content="<!DOCTYPE html>")).text == "<!DOCTYPE html>"


@pytest.mark.parametrize("kind", ["image", "voice", "video", "location", "link", "file", "something_new"])
def test_a_message_that_cannot_be_read_is_unsupported_and_says_its_type(kind: str) -> None:
    found = parse(xml(MsgType=kind, MsgId="7046271234567890124", MediaId="M"))
    assert (found.kind, found.text, found.key) == ("unsupported", kind, "msg:7046271234567890124")


def test_a_menu_click_gives_its_key() -> None:
    found = parse(event("click", EventKey="earnings"))
    assert (found.kind, found.text) == ("menu", "earnings")


def test_a_card_click_gives_button_task_and_code() -> None:
    found = parse(event("template_card_event", EventKey="confirm", TaskId="wd-1", ResponseCode="RC"))
    assert (found.kind, found.text, found.task_id, found.response_code) == ("card", "confirm", "wd-1", "RC")


@pytest.mark.parametrize("name", ["subscribe", "enter_agent"])
def test_whoever_comes_in_is_greeted(name: str) -> None:
    found = parse(event(name, EventKey=""))
    assert (found.kind, found.text) == ("greet", name)


@pytest.mark.parametrize(
    "name", ["unsubscribe", "view", "LOCATION", "scancode_push", "taskcard_click", "new_event", ""]
)
def test_other_events_are_ignored(name: str) -> None:
    assert parse(event(name, EventKey="https://x")).kind == "ignored"


def test_a_userid_is_the_same_in_any_case() -> None:
    assert parse(xml(FromUserName="ZhangSan", MsgType="text", MsgId="1")).sender == "zhangsan"


def test_sent_at_is_utc() -> None:
    found = parse(event("click", EventKey="x"))
    assert found.sent_at == SENT_AT
    assert found.sent_at.tzinfo is UTC


def test_a_repeated_event_has_the_same_key() -> None:
    body = event("click", EventKey="earnings")
    assert parse(body).key == parse(body).key == "event:zhangsan:1767225700:click:earnings::"


@pytest.mark.parametrize(
    "other",
    [
        event("click", EventKey="team"),
        event("view", EventKey="earnings"),
        event("click", EventKey="earnings", CreateTime="1767225701"),
        event("click", EventKey="earnings", FromUserName="lisi"),
        event("click", EventKey="earnings", TaskId="t"),
        event("click", EventKey="earnings", ResponseCode="t"),
    ],
)
def test_two_clicks_in_one_second_are_two(other: bytes) -> None:
    assert parse(event("click", EventKey="earnings")).key != parse(other).key


def test_a_colon_in_a_part_does_not_make_two_events_one() -> None:
    first = parse(event("click", EventKey="a:b", TaskId="c"))
    second = parse(event("click", EventKey="a", TaskId="b:c"))
    assert first.key != second.key


def test_two_customers_who_scan_in_one_second_are_two() -> None:
    first, second = (
        parse(
            event("change_external_contact", FromUserName="sys", ChangeType="add_external_contact", ExternalUserID=who)
        )
        for who in ("wm0001", "wm0002")
    )
    assert first.key != second.key
    assert first.kind == second.kind == "ignored"


def test_a_long_key_is_hashed_and_still_tells_apart() -> None:
    first, second = (parse(event("click", EventKey="键" * 100 + end)).key for end in "ab")
    assert first != second
    assert len(first) <= 160
    assert len(parse(xml(MsgType="text", MsgId="9" * 500)).key) <= 160


@pytest.mark.parametrize(
    "body",
    [
        xml(MsgType="text", MsgId="1", FromUserName="-"),
        xml(MsgType="text", MsgId="1", FromUserName=""),
        xml(MsgType="text", MsgId="1", FromUserName="@all"),
        xml(MsgType="text", MsgId="1", FromUserName="a|b"),
        xml(MsgType="text", MsgId="1", FromUserName="长" * 22),  # 66 bytes
        xml(MsgType="text", MsgId="1", CreateTime="-"),
        xml(MsgType="text", MsgId="1", CreateTime=""),
        xml(MsgType="text", MsgId="1", CreateTime="-1"),
        xml(MsgType="text", MsgId="1", CreateTime="0"),
        xml(MsgType="text", MsgId="1", CreateTime="soon"),
        xml(MsgType="text", MsgId="1", CreateTime="1767225700.5"),
        xml(MsgType="text", MsgId="1", CreateTime="１７６７２２５７００"),
        xml(MsgType="text", MsgId="1", CreateTime="9" * 12),
        xml(MsgType="text", MsgId="1", CreateTime="9" * 5000),
        xml(MsgId="1"),
        b"<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>T</Token></xml>",
        b"<xml/>",
    ],
)
def test_what_lacks_sender_or_time_is_ignored_under_the_hash_of_its_content(body: bytes) -> None:
    found = parse(body)
    assert found.kind == "ignored"
    assert found.key.startswith("content:")
    assert found.key == parse(body).key
    assert found.sent_at.tzinfo is UTC
    assert found.sender not in ("@all", "a|b")


def test_a_message_without_a_number_is_known_by_its_content() -> None:
    found = parse(xml(MsgType="text", Content="提现"))
    assert (found.kind, found.text) == ("text", "提现")
    assert found.key.startswith("content:")
    assert found.key != parse(xml(MsgType="text", Content="提现", CreateTime="1767225701")).key


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml>", b"\xff\xff", b"<!DOCTYPE xml><xml/>"])
def test_a_plaintext_that_is_no_xml_is_not_xml(body: bytes) -> None:
    with pytest.raises(NotXml):
        parse(body)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>".encode(errors="replace")))
def test_whatever_comes_is_an_inbound_or_not_xml(body: bytes) -> None:
    try:
        found = parse(body, 1000002)
    except NotXml:
        return
    assert len(found.key) <= 160


@pytest.mark.parametrize(("ids", "one"), [("OptionIds", "OptionId"), ("OpitonIds", "OpitonId")])
def test_selections_are_read_in_both_spellings(ids: str, one: str) -> None:
    body = (
        "<xml><SelectedItems><SelectedItem><QuestionKey>channel</QuestionKey>"
        f"<{ids}><{one}>wx</{one}><{one}>bank</{one}></{ids}></SelectedItem>"
        f"<SelectedItem><QuestionKey>size</QuestionKey><{ids}><{one}>l</{one}></{ids}></SelectedItem>"
        "</SelectedItems></xml>"
    )
    assert selections(body.encode()) == {"channel": ["wx", "bank"], "size": ["l"]}


def test_no_selection_is_an_empty_mapping() -> None:
    assert selections(event("template_card_event", EventKey="confirm")) == {}
