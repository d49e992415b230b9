"""Callbacks of 客户联系 → Inbound: what is told, what is left out, how two events of one second are told apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.naming import Person
from bot.wecom.inbound import parse
from domain.conversation import Inbound
from services.message import stored

OUTSIDE = Person(lambda external: f"digest of {len(external)}", lambda external: f"sealed {len(external)}")
FIELDS = {
    "ToUserName": "ww0123456789abcdef", "FromUserName": "sys", "CreateTime": "1767225800", "MsgType": "event",
    "Event": "change_external_contact", "ChangeType": "add_external_contact", "UserID": "ZhangSan",
    "ExternalUserID": "wm0001", "State": "p1.A001.c9", "WelcomeCode": "WELCOMECODE",
}  # fmt: skip


def event(**changes: str | None) -> Inbound:
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    body = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return parse(f"<xml>{body}</xml>".encode(), 1000002, OUTSIDE)


def test_what_happened_between_whom() -> None:
    found = event()
    assert (found.kind, found.text, found.sender) == ("contact", "change_external_contact", "sys")
    assert found.facts == {
        "change": "add_external_contact", "userid": "zhangsan", "external": "digest of 6", "sealed": "sealed 6",
        "state": "p1.A001.c9", "welcome_code": "WELCOMECODE",
    }  # fmt: skip


def test_state_and_welcome_code_may_be_absent() -> None:
    assert set(event(State=None, WelcomeCode=None).facts) == {"change", "userid", "external", "sealed"}
    assert "state" not in event(State="").facts


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"Source": "DELETE_BY_TRANSFER"}, "DELETE_BY_TRANSFER"),
        ({"FailReason": "customer_refused"}, "customer_refused"),
    ],
)
def test_why_it_happened(fields: dict[str, str], detail: str) -> None:
    assert event(**fields).facts["detail"] == detail


@pytest.mark.parametrize(
    "change",
    [
        {"ExternalUserID": "wm0002"}, {"UserID": "lisi"}, {"ChangeType": "del_follow_user"}, {"State": "p2"},
        {"CreateTime": "1767225801"}, {"FailReason": "x"},
    ],
)  # fmt: skip
def test_events_of_one_second_are_told_apart_and_a_repeat_is_the_same(change: dict[str, str]) -> None:
    assert event().key == event().key
    assert event().key != event(**change).key
    assert len(event().key) <= 160


def test_the_external_userid_stands_nowhere_in_what_is_stored() -> None:
    assert "wm0001" not in json.dumps(stored(event()))
    ignored = parse(
        b"<xml><FromUserName>sys</FromUserName><CreateTime>1767225800</CreateTime><MsgType>event</MsgType>"
        b"<Event>other</Event><ExternalUserID>wm0001</ExternalUserID></xml>"
    )
    assert ignored.kind == "ignored"
    assert "wm0001" not in json.dumps(stored(ignored))


@pytest.mark.parametrize(
    "change", [{"ExternalUserID": None}, {"UserID": ""}, {"UserID": "u" * 65}, {"ExternalUserID": "w" * 65}]
)
def test_what_names_nobody_is_ignored(change: dict[str, Any]) -> None:
    assert event(**change).kind == "ignored"


def test_only_the_system_tells_of_customers() -> None:
    assert event(FromUserName="zhangsan").kind == "ignored"
