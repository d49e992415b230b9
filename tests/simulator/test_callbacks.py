"""Callbacks out of the simulator, as an app of our own receives them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from .conftest import AGENT, CORP, FAST, App, Desk, decrypt, envelope, reply_xml, sign


def text_reply(text: str) -> Callable[[Any], tuple[int, str]]:
    return lambda got: (200, envelope(reply_xml(got.sender, "text", f"<Content><![CDATA[{text}]]></Content>")))


def test_a_message_arrives_signed_encrypted_and_complete(desk: Desk, app: App) -> None:
    said = desk.sim("say", userid="lihua", text="我的 <收益> ]]> & 佣金", wait=True)
    (got,) = app.wait(1)
    assert got.query["msg_signature"] == sign(got.query["timestamp"], got.query["nonce"], got.encrypted)
    assert f"<ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[{AGENT}]]></AgentID>" in got.body
    assert got.fields == {
        "ToUserName": CORP,
        "FromUserName": "lihua",
        "CreateTime": got.fields["CreateTime"],
        "MsgType": "text",
        "Content": "我的 <收益> ]]> & 佣金",
        "MsgId": said["msg_id"],
        "AgentID": str(AGENT),
    }


def test_a_passive_reply_is_shown_in_the_chat(desk: Desk, app: App) -> None:
    app.always = text_reply("本月佣金 128.50 元")
    said = desk.sim("say", userid="lihua", text="我的收益", wait=True)
    assert said["reply"]["content"] == {"content": "本月佣金 128.50 元"}
    assert said["arrived"] == [said["reply"]]
    assert [row["side"] for row in desk.chat("lihua", side=None)] == ["me", "app"]


@pytest.mark.parametrize("body", ["", "success"])
def test_an_empty_answer_or_success_shows_nothing_and_is_no_fault(desk: Desk, app: App, body: str) -> None:
    app.always = (200, body)
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    assert (said["reply"], said["problem"], said["over"]) == (None, None, True)


BAD_REPLIES = {
    "plain words": ("好的", "not XML"),
    "signature": (envelope(reply_xml("lihua", "text", "<Content>x</Content>"), signature="0" * 40), "-40001"),
    "receiveid": (envelope(reply_xml("lihua", "text", "<Content>x</Content>"), receive_id="wwother"), "-40005"),
    "another person": (envelope(reply_xml("boss", "text", "<Content>x</Content>")), "ToUserName"),
    "markdown": (envelope(reply_xml("lihua", "markdown", "<Content>x</Content>")), "cannot be a passive reply"),
    "card update": (
        envelope(reply_xml("lihua", "update_button", "<Button><ReplaceName>x</ReplaceName></Button>")),
        "not allowed",
    ),
    "no content": (envelope(reply_xml("lihua", "text", "<Content></Content>")), "Content is empty"),
    "DTD": ('<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>', "DTD"),
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_a_malformed_passive_reply_is_not_shown_and_the_reason_is_kept(desk: Desk, app: App, name: str) -> None:
    body, reason = BAD_REPLIES[name]
    app.always = (200, body)
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    assert said["reply"] is None
    assert reason in said["problem"]


def test_a_reply_of_2050_bytes_is_cut_without_splitting_a_character(desk: Desk, app: App) -> None:
    app.always = text_reply("x" + "佣" * 683)  # 1 + 3 × 683 = 2050 bytes; 1 + 3 × 682 = 2047 fit
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    assert said["reply"]["content"]["content"] == "x" + "佣" * 682


def test_an_unanswered_callback_is_sent_three_times_more_under_new_nonce_and_ciphertext(
    make_desk: Callable[..., Desk], app: App
) -> None:
    app.always = (503, "")
    said = make_desk().sim("say", userid="lihua", text="你好", wait=True)
    got = app.wait(4)
    assert said["callback"]["state"] == "failed"
    assert [item["status"] for item in said["callback"]["attempts"]] == [503] * 4
    assert len(got) == 4
    assert len({item.query["nonce"] for item in got}) == 4
    assert len({item.encrypted for item in got}) == 4
    assert len({item.query["msg_signature"] for item in got}) == 4
    assert {item.plain for item in got} == {got[0].plain}


def test_a_non_200_is_not_repeated_where_that_reading_of_the_documents_is_chosen(desk: Desk, app: App) -> None:
    desk.sim("settings", retry_on_non_200=False)
    app.always = (500, "")
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    assert [item["outcome"] for item in said["callback"]["attempts"]] == ["status"]


def test_an_answer_after_the_deadline_is_closed_and_the_repeat_is_answered(desk: Desk, app: App) -> None:
    desk.sim("settings", callback_timeout=1.0)
    release = threading.Event()

    def late(got: Any) -> tuple[int, str]:
        release.wait(5)
        return text_reply("太晚了")(got)

    app.answers = [late]
    app.always = text_reply("及时")
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    release.set()
    assert [item["outcome"] for item in said["callback"]["attempts"]] == ["timeout", "ok"]
    assert [row["content"]["content"] for row in desk.chat("lihua")] == ["及时"]


def test_nobody_listening_is_a_failed_message_with_a_mark(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(callback_url="http://127.0.0.1:9/callback/wecom")
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    assert [item["outcome"] for item in said["callback"]["attempts"]] == ["connection"] * 4
    assert desk.chat("lihua", side="me")[0]["undelivered"] == "failed"


def test_a_lost_callback_never_arrives(desk: Desk, app: App) -> None:
    desk.sim("faults", callbacks={"lose": 1})
    lost = desk.sim("say", userid="lihua", text="一", wait=True)
    desk.sim("say", userid="lihua", text="二", wait=True)
    assert lost["callback"]["state"] == "lost"
    assert [got.fields["Content"] for got in app.wait(1)] == ["二"]


def test_a_duplicate_has_the_same_plaintext_and_its_answer_is_not_shown_twice(desk: Desk, app: App) -> None:
    app.always = text_reply("收到")
    desk.sim("faults", callbacks={"duplicate": 1})
    desk.sim("say", userid="lihua", text="你好", wait=True)
    first, second = app.wait(2)
    assert desk.see("callbacks", wait=5)["idle"]
    assert first.plain == second.plain
    assert first.encrypted != second.encrypted
    assert len(desk.chat("lihua")) == 1


def test_held_callbacks_arrive_backwards(make_desk: Callable[..., Desk], app: App) -> None:
    desk = make_desk(callback_workers=1)
    desk.sim("faults", callbacks={"reorder": 3})
    for text in ("一", "二", "三"):
        desk.sim("say", userid="lihua", text=text)
    assert [got.fields["Content"] for got in app.wait(3)] == ["三", "二", "一"]


def test_an_earlier_callback_can_be_delivered_again_and_its_answer_compared(desk: Desk, app: App) -> None:
    app.always = text_reply("收到")
    said = desk.sim("say", userid="lihua", text="你好", wait=True)
    again = desk.sim("redeliver", callback=said["callback"]["id"], wait=True)
    assert again["callback"]["reply"] == said["callback"]["reply"]
    assert again["reply"] is None


EVENTS = {
    "enter_agent": ("enter", {}, {"EventKey": ""}),
    "subscribe": ("subscribe", {"userid": "sunli"}, {"FromUserName": "sunli"}),
    "unsubscribe": ("unsubscribe", {}, {}),
    "LOCATION": ("event", {"event": "LOCATION", "fields": {"Latitude": 31.2}}, {"Latitude": "31.2"}),
    "never_heard_of": ("event", {"event": "never_heard_of", "fields": {"X": "1"}}, {"X": "1"}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_carries_its_name_and_no_msgid(desk: Desk, app: App, name: str) -> None:
    path, body, fields = EVENTS[name]
    desk.sim(path, **{"userid": "lihua", **body, "wait": True})
    (got,) = app.wait(1)
    assert got.fields["MsgType"] == "event"
    assert got.fields["Event"] == name
    assert "MsgId" not in got.fields
    assert {key: got.fields[key] for key in fields} == fields


def test_a_system_event_comes_from_sys_without_an_agent(desk: Desk, app: App) -> None:
    desk.sim(
        "event", userid="lihua", event="change_external_contact", agent=False, create_time=1767225601, wait=True,
        **{"from": "sys", "fields": {"ChangeType": "add_external_contact"}},
    )  # fmt: skip
    (got,) = app.wait(1)
    assert "AgentID" not in got.fields
    assert "<AgentID>" not in got.body
    assert (got.sender, got.fields["CreateTime"]) == ("sys", "1767225601")


@pytest.mark.parametrize("kind", ["image", "voice", "location", "message"])
def test_other_kinds_of_messages_carry_what_belongs_to_them(desk: Desk, app: App, kind: str) -> None:
    more = {"type": "sticker", "fields": {"Mood": "happy"}} if kind == "message" else {}
    desk.sim(kind, userid="lihua", wait=True, **more)
    (got,) = app.wait(1)
    expected = {
        "image": {"PicUrl", "MediaId"},
        "voice": {"MediaId", "Format"},
        "location": {"Location_X", "Location_Y", "Scale", "Label", "AppType"},
        "message": {"Mood"},
    }
    assert expected[kind] <= set(got.fields)
    assert got.fields["MsgType"] == ("sticker" if kind == "message" else kind)
    assert got.fields["MsgId"].isdigit()


def test_a_picture_of_a_member_can_be_fetched_by_the_app(desk: Desk, app: App) -> None:
    desk.sim("image", userid="lihua", wait=True)
    (got,) = app.wait(1)
    answer = desk.session.get(
        f"{desk.url}/cgi-bin/media/get", params=desk.query({"media_id": got.fields["MediaId"]}), timeout=20
    )
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content == desk.session.get(got.fields["PicUrl"], timeout=20).content


def test_a_member_outside_the_visible_range_cannot_write(desk: Desk, app: App) -> None:
    answer = desk.session.post(f"{desk.url}/sim/say", json={"userid": "sunli", "text": "你好"}, timeout=20)
    assert answer.status_code == 409
    assert app.received == []


def test_the_address_is_verified_by_the_exact_plaintext(desk: Desk, app: App) -> None:
    assert desk.sim("verify")["ok"]
    app.answers = [lambda got: (200, decrypt(got.query["echostr"]) + "\n")]
    assert "exactly" in desk.sim("verify")["reason"]
    app.answers = [(403, "x")]
    assert desk.sim("verify")["reason"] == "status 403 instead of 200"


def test_a_slow_verification_fails(make_desk: Callable[..., Desk], app: App) -> None:
    desk, release = make_desk(limits=replace(FAST, verify_timeout=0.2)), threading.Event()
    app.answers = [lambda got: (200, decrypt(got.query["echostr"]) if release.wait(5) else "")]
    found = desk.sim("verify")
    release.set()
    assert found["reason"] == "no answer within 0.2 s"


def test_every_attack_reaches_the_app_once_and_only_two_have_a_genuine_envelope(desk: Desk, app: App) -> None:
    app.always = (403, "")
    kinds = desk.see("state")["attacks"]
    assert len(kinds) == 12
    for kind in kinds:
        assert desk.sim("attack", kind=kind)["status"] == 403, kind
    assert len(app.received) == 12
    genuine = {
        kind
        for kind, got in zip(kinds, app.received, strict=True)
        if got.fields and got.query["msg_signature"] == sign(got.query["timestamp"], got.query["nonce"], got.encrypted)
    }
    # A signature that is right: only what it covers is wrong, and by the platform's own rules an old stamp is not.
    assert genuine == {"inner_entity_bomb", "old_timestamp"}


def test_an_answer_to_what_was_forgotten_by_a_reset_is_not_shown(make_desk: Callable[..., Desk], app: App) -> None:
    desk = make_desk(callback_workers=1)  # so that the second message is delivered after the first is over
    release, under_way = threading.Event(), threading.Event()

    def late(got: Any) -> tuple[int, str]:
        under_way.set()
        release.wait(10)
        return text_reply("太晚了")(got)

    app.answers = [late]
    desk.sim("say", userid="lihua", text="一")
    assert under_way.wait(10)
    desk.sim("reset")
    release.set()
    after = desk.sim("say", userid="lihua", text="二", wait=True)
    desk.session.get(f"{desk.url}/sim/callbacks", params={"wait": 10}, timeout=20)
    assert [row["content"] for row in desk.chat("lihua", side=None)] == [{"content": "二"}]
    assert after["callback"]["state"] == "answered"
