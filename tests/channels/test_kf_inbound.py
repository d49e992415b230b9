"""Knocks, and items of the log of the 微信客服, as the rest of the program sees them."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.kf.inbound import Knock, as_old, knocked, menu_id, parse, read_menu_id
from bot.naming import Person
from bot.wecom import inbound as wecom_inbound
from bot.wecom.errors import NotXml

USERID, AT = "wmLin_Xia-0123456789abcdefghijk", 1_767_225_899
PERSON = Person(lambda userid: f"digest-of-{userid}", lambda userid: f"sealed-{userid}")


def message(kind: str = "text", part: Any = None, **more: Any) -> dict[str, Any]:
    item = {"msgid": "m1", "open_kfid": "wk1", "external_userid": USERID, "send_time": AT, "origin": 3}
    return {**item, "msgtype": kind, kind: part if part is not None else {"content": "在吗"}, **more}


def event(name: str, **fields: Any) -> dict[str, Any]:
    inside = {"event_type": name, "open_kfid": "wk1", "external_userid": USERID, **fields}
    return {"msgid": "m1", "send_time": AT, "origin": 4, "msgtype": "event", "event": inside}


KNOCK = (
    "<xml><ToUserName><![CDATA[ww1]]></ToUserName><CreateTime>1767225900</CreateTime>"
    "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event>{}</xml>"
)


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<Token><![CDATA[ENC1]]></Token><OpenKfId><![CDATA[wk1]]></OpenKfId>", Knock("wk1", "ENC1")),
        ("<Token><![CDATA[ENC1]]></Token>", Knock(None, "ENC1")),
        ("<OpenKfId><![CDATA[wk1]]></OpenKfId>", Knock("wk1", None)),
        (f"<Token>{'x' * 256}</Token>", Knock(None, None)),
    ],
)
def test_a_knock_says_which_account_and_brings_a_token(inside: str, found: Knock) -> None:
    assert knocked(KNOCK.format(inside).encode()) == found


def test_any_other_callback_is_no_knock() -> None:
    plain = KNOCK.format("").replace("kf_msg_or_event", "kf_account_auth_change").encode()
    assert knocked(plain) is None
    assert wecom_inbound.parse(plain).kind == "ignored"
    with pytest.raises(NotXml):
        knocked(b"<xml>")


@pytest.mark.parametrize(
    ("item", "kind", "text", "more"),
    [
        (message(), "text", "在吗", {}),
        (message(part={"content": "我的收益", "menu_id": "earnings"}), "menu", "earnings", {}),
        (message(part={"content": "确认", "menu_id": "confirm_9wd_11"}), "card", "confirm", {"task_id": "wd-1"}),
        (message(part={"content": "一", "menu_id": "101"}), "text", "一", {}),  # of somebody else's menu
        (message("image", {"media_id": "x"}), "unsupported", "image", {}),
        (message("merged_msg", {"title": "聊天记录"}), "unsupported", "merged_msg", {}),
        (message(origin=5, servicer_userid="wangfang"), "ignored", "servicer", {}),
        (message(origin=9), "ignored", "text", {}),
        (
            event("enter_session", scene="tuike", scene_param="8K3M2Q", welcome_code="WC1"),
            "greet", "enter_session", {"scene": "8K3M2Q", "response_code": "WC1"},
        ),
        (event("enter_session"), "greet", "enter_session", {}),
        (event("session_status_change", change_type=1, msg_code="C"), "session", "taken", {"response_code": "C"}),
        (event("session_status_change", change_type=2), "ignored", "session_status_change", {}),
        (event("session_status_change", change_type=3, msg_code="C"), "session", "ended", {"response_code": "C"}),
        (event("session_status_change", change_type=4), "ignored", "session_status_change", {}),
        (event("msg_send_fail", fail_msgid="m1-0-ab", fail_type=6), "ignored", "msg_send_fail", {}),
        (event("user_recall_msg", recall_msgid="m0"), "ignored", "user_recall_msg", {}),
        (event("never heard of"), "ignored", "never heard of", {}),
    ],
)  # fmt: skip
def test_each_item_is_read(item: dict[str, Any], kind: str, text: str, more: dict[str, Any]) -> None:
    found = parse(item, PERSON)
    assert (found.channel, found.kind, found.text) == ("kf", kind, text)
    assert {name: getattr(found, name) for name in more} == more
    assert (found.sender, found.sealed) == (f"digest-of-{USERID}", f"sealed-{USERID}")
    assert found.sent_at == datetime.fromtimestamp(AT, UTC)
    assert found.key == "msg:m1"
    assert USERID not in found.key


def test_what_an_event_brought_is_kept_as_words() -> None:
    assert parse(event("msg_send_fail", fail_msgid="m1-0-ab", fail_type=6), PERSON).facts == {
        "fail_msgid": "m1-0-ab", "fail_type": "6",
    }  # fmt: skip
    assert parse(event("session_status_change", change_type=3), PERSON).facts == {"change_type": "3"}


def test_read_again_only_by_whose_link_he_came_counts() -> None:
    found = as_old(parse(event("enter_session", scene_param="8K3M2Q", welcome_code="WC1"), PERSON))
    assert (found.kind, found.scene, found.response_code) == ("ignored", "8K3M2Q", None)


@pytest.mark.parametrize("userid", ["", None, 7.5, "a b", "x" * 65, "张三", ["wm1"]])
def test_what_is_no_id_is_nobody(userid: Any) -> None:
    found = parse(message(external_userid=userid), PERSON)
    assert (found.kind, found.sender, found.sealed) == ("ignored", "", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("msgid", "external_userid", "send_time", "origin", "msgtype", "text", "event")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_an_item_is_it_is_read(item: dict[str, Any]) -> None:
    found = parse(item, PERSON)
    assert len(found.key) <= 100
    assert "\0" not in found.text


def test_the_key_is_bounded_and_tells_items_apart() -> None:
    keys = {parse(message(msgid=number), PERSON).key for number in ("a", "b", "x" * 300, "x" * 301, "")}
    assert len(keys) == 5
    assert parse(message(msgid="", send_time=AT + 1), PERSON).key not in keys


KEYS = st.text(string.ascii_lowercase + "_", min_size=1, max_size=20)


@given(KEYS, st.text(string.ascii_letters + string.digits + "_-@", min_size=1, max_size=40))
def test_a_button_comes_back_from_a_menu_as_it_went(key: str, task: str) -> None:
    made = menu_id(key, task)
    assert set(made) <= set(string.ascii_letters + string.digits + "_")
    assert read_menu_id(made) == (key, task)


def test_a_menu_s_id_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="128"):
        menu_id("confirm", "x" * 120)
    assert read_menu_id("earnings") == ("earnings", None)
    assert read_menu_id("no_0such") is None
