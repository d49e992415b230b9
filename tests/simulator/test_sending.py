"""Tokens and message/send: who gets what, how often, and what the sender is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from .conftest import AGENT, FAST, Desk

HOUR = 3600


def test_an_error_has_the_platforms_shape_and_status_200(desk: Desk) -> None:
    answer = desk.session.get(f"{desk.url}/cgi-bin/user/get", params={"access_token": "x", "userid": "a"}, timeout=20)
    assert answer.status_code == 200
    body = answer.json()
    assert body["errcode"] == 40014
    assert re.fullmatch(
        r"invalid access_token, hint: \[\d{10}_\d+_[0-9a-f]{32}\], from ip: 127\.0\.0\.1, "
        r"more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=40014",
        body["errmsg"],
    )


def test_a_missing_token_is_41001_and_an_expired_one_42001_or_40014(desk: Desk) -> None:
    assert desk.session.get(f"{desk.url}/cgi-bin/getcallbackip", timeout=20).json()["errcode"] == 41001
    assert desk.get("getcallbackip")["errcode"] == 0
    desk.sim("clock", advance=7200)
    assert desk.get("getcallbackip")["errcode"] == 42001
    desk.sim("settings", expired_errcode=40014)
    assert desk.get("getcallbackip")["errcode"] == 40014


def test_invalidated_tokens_are_unknown_and_a_new_one_works(desk: Desk) -> None:
    assert desk.get("getcallbackip")["errcode"] == 0
    assert desk.sim("tokens/invalidate") == {"invalidated": 1}
    assert desk.get("getcallbackip")["errcode"] == 40014
    desk.token = ""
    assert desk.get("getcallbackip")["errcode"] == 0


def test_wrong_corp_and_wrong_secret_have_their_own_codes(desk: Desk) -> None:
    assert desk.get_token(corp="ww0")["errcode"] == 40013
    assert desk.get_token(secret="wrong")["errcode"] == 40001


def test_many_wrong_secrets_ban_the_address_for_an_hour(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(limits=replace(FAST, wrong_secret_limit=3))
    assert [desk.get_token(secret="wrong")["errcode"] for _ in range(4)] == [40001, 40001, 40001, 45009]
    assert desk.get_token()["errcode"] == 45009
    desk.sim("clock", advance=HOUR)
    assert desk.get_token()["errcode"] == 0


def test_a_stranger_s_address_is_60020_with_that_address_but_may_fetch_a_token(desk: Desk) -> None:
    desk.sim("faults", ip_list=["203.0.113.9"])
    assert desk.get_token()["errcode"] == 0
    refused = desk.send()
    assert refused["errcode"] == 60020
    assert "from ip: 127.0.0.1" in refused["errmsg"]
    desk.sim("faults", ip_list=["127.0.0.1"])
    assert desk.send()["errcode"] == 0


def test_a_disabled_app_gets_no_token_and_may_call_nothing(desk: Desk) -> None:
    assert desk.send()["errcode"] == 0
    desk.sim("faults", app_disabled=True)
    assert desk.send()["errcode"] == 50003
    assert desk.get_token()["errcode"] == 40001


def test_an_api_beyond_its_frequency_is_blocked_for_a_minute(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(limits=replace(FAST, api_per_minute=2))
    assert [desk.get("getcallbackip")["errcode"] for _ in range(3)] == [0, 0, 45009]
    desk.sim("clock", advance=59)
    assert desk.get("getcallbackip")["errcode"] == 45009
    desk.sim("clock", advance=2)
    assert desk.get("getcallbackip")["errcode"] == 0


def test_a_name_is_told_by_user_get_as_far_as_the_app_may_see(desk: Desk) -> None:
    assert desk.get("user/get", userid="LiHua")["name"] == "李华"
    assert desk.get("user/get", userid="nobody")["errcode"] == 60111
    assert desk.get("user/get", userid="sunli")["errcode"] == 60011


def test_receivers_that_cannot_be_reached_are_named_in_lower_case(desk: Desk) -> None:
    sent = desk.send("LIHUA|Nobody|SunLi|zhoujie")
    assert sent["errcode"] == 0
    assert sent["invaliduser"] == "nobody|sunli"
    assert sent["unlicenseduser"] == "zhoujie"
    assert len(desk.chat("lihua")) == 1
    assert desk.chat("zhoujie") == []


def test_no_receivers_wrong_receivers_and_too_many_have_their_codes(desk: Desk) -> None:
    assert desk.send("")["errcode"] == 81012
    assert desk.send("nobody")["errcode"] == 81013
    assert desk.send("|".join(f"u{number}" for number in range(1001)))["errcode"] == 40032
    assert desk.send("lihua", toparty="|".join(map(str, range(101))))["errcode"] == 82002


def test_everybody_is_everybody_who_can_see_the_app(desk: Desk) -> None:
    assert desk.send("@all")["errcode"] == 0
    assert [len(desk.chat(name)) for name in ("lihua", "boss", "wangfang", "sunli")] == [1, 1, 1, 0]


def test_a_party_reaches_its_members_and_an_unknown_one_is_named(desk: Desk) -> None:
    sent = desk.send("", toparty="1|77")
    assert (sent["errcode"], sent["invalidparty"]) == (0, "77")
    assert len(desk.chat("boss")) == 1


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    "empty text": ("text", {"content": ""}, {}, 44004),
    "unknown type": ("sticker", {}, {}, 40008),
    "unknown medium": ("image", {"media_id": "nothing"}, {}, 40007),
    "no medium": ("image", {}, {}, 41006),
    "nine articles": ("news", {"articles": [{"title": "t", "url": "http://a.b"}] * 9}, {}, 45008),
    "safe news": ("news", {"articles": [{"title": "t", "url": "http://a.b"}]}, {"safe": 1}, 40074),
    "address without scheme": ("textcard", {"title": "t", "description": "d", "url": "a.b/c"}, {}, 45034),
    "card without title": ("textcard", {"description": "d", "url": "http://a.b"}, {}, 41016),
    "long markdown": ("markdown", {"content": "佣" * 683}, {}, 40058),
    "mini program": ("miniprogram_notice", {}, {}, 48002),
    "other app": ("text", {"content": "x"}, {"agentid": 1000003}, 301002),
    "app as a list": ("text", {"content": "x"}, {"agentid": [1]}, 40058),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_breaks_a_rule_is_refused_with_its_code(desk: Desk, name: str) -> None:
    kind, content, more, code = REFUSED[name]
    assert desk.send("lihua", kind, content=content, **more)["errcode"] == code
    assert desk.chat("lihua") == []


def test_a_number_in_quotes_is_understood_with_a_warning(desk: Desk) -> None:
    sent = desk.send("lihua", agentid=str(AGENT))
    assert sent["errcode"] == 0
    assert sent["errmsg"].rstrip().endswith("Warning: wrong json format.")


def test_a_get_or_a_broken_body_is_40058(desk: Desk) -> None:
    assert desk.get("message/send")["errcode"] == 40058
    answer = desk.session.post(f"{desk.url}/cgi-bin/message/send", params=desk.query({}), data=b"{", timeout=20)
    assert answer.json()["errcode"] == 40058


def test_a_text_of_2050_bytes_is_cut_to_whole_characters(desk: Desk) -> None:
    desk.send(content={"content": "x" + "佣" * 683})
    assert desk.chat("lihua")[0]["content"]["content"] == "x" + "佣" * 682


def test_the_31st_message_of_a_minute_is_accepted_and_silently_dropped(desk: Desk) -> None:
    answers = [desk.send("lihua", content={"content": f"第 {number} 条"}) for number in range(1, 32)]
    assert {answer["errcode"] for answer in answers} == {0}
    assert len(desk.chat("lihua")) == 30
    assert [row["content"]["content"] for row in desk.see("dropped")["dropped"]] == ["第 31 条"]
    assert desk.send("boss")["errcode"] == 0
    assert len(desk.chat("boss")) == 1
    desk.sim("clock", advance=61)
    desk.send("lihua")
    assert len(desk.chat("lihua")) == 31


def test_the_hour_has_a_limit_of_its_own(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(limits=replace(FAST, member_per_hour=2))
    for _ in range(3):
        desk.send()
        desk.sim("clock", advance=61)
    assert len(desk.chat("lihua")) == 2


def test_the_day_s_quota_is_an_error_until_midnight_in_shanghai(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(limits=replace(FAST, account_limit=0))
    assert desk.send()["errcode"] == 45009


def test_the_same_request_json_is_delivered_once_within_its_interval(desk: Desk) -> None:
    check = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    first, second = desk.send(**check), desk.send(**check)
    assert (first["errcode"], second["errcode"]) == (0, 0)
    assert len(desk.chat("lihua")) == 1
    desk.send(content={"content": "你好!"}, **check)
    assert len(desk.chat("lihua")) == 2
    desk.sim("clock", advance=600)
    desk.send(**check)
    assert len(desk.chat("lihua")) == 3


def test_without_the_check_equal_messages_are_both_delivered(desk: Desk) -> None:
    desk.send()
    desk.send()
    assert len(desk.chat("lihua")) == 2


def test_a_message_is_recalled_within_a_day(desk: Desk) -> None:
    sent = desk.send()
    assert desk.post("message/recall", {"msgid": sent["msgid"]})["errcode"] == 0
    assert desk.chat("lihua")[0]["recalled"] is True
    assert "你好" not in json.dumps(desk.chat("lihua"), ensure_ascii=False)
    late = desk.send()
    desk.sim("clock", advance=25 * HOUR)
    desk.token = ""
    assert desk.post("message/recall", {"msgid": late["msgid"]})["errcode"] == 42052
    assert desk.post("message/recall", {"msgid": "nothing"})["errcode"] == 40058


def test_an_errcode_for_the_next_call_only(desk: Desk) -> None:
    desk.sim("faults", path="message/send", errcode=-1, times=1)
    assert [desk.send()["errcode"] for _ in range(2)] == [-1, 0]
    assert len(desk.chat("lihua")) == 1


def test_a_limit_for_a_window_ends_with_the_clock(desk: Desk) -> None:
    desk.sim("faults", path="message/*", errcode=45009, seconds=60)
    assert [desk.send()["errcode"] for _ in range(2)] == [45009, 45009]
    desk.sim("clock", advance=61)
    assert desk.send()["errcode"] == 0


def test_a_gateway_answers_502_in_html_and_nothing_is_done(desk: Desk) -> None:
    desk.query({})
    desk.sim("faults", path="message/send", effect="http_502", times=1)
    answer = desk.session.post(f"{desk.url}/cgi-bin/message/send", params=desk.query({}), json={}, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert desk.chat("lihua") == []


@pytest.mark.parametrize(("effect", "arrived"), [("reset_before", 0), ("reset_after", 1)])
def test_a_broken_connection_may_or_may_not_have_sent_the_message(desk: Desk, effect: str, arrived: int) -> None:
    desk.query({})
    desk.sim("faults", path="message/send", effect=effect, times=1)
    with pytest.raises(requests.ConnectionError):
        desk.send(enable_duplicate_check=1)
    assert len(desk.chat("lihua")) == arrived
    assert desk.send(enable_duplicate_check=1)["errcode"] == 0
    assert len(desk.chat("lihua")) == 1


def test_a_call_beyond_the_concurrency_is_45033(desk: Desk) -> None:
    desk.query({})
    desk.sim("faults", path="message/send", effect="concurrency", limit=0)
    assert desk.send()["errcode"] == 45033


def test_the_log_of_calls_names_paths_and_codes_and_no_secrets(desk: Desk) -> None:
    desk.send()
    desk.send("nobody")
    rows = desk.see("calls", count=3, wait=5)["calls"]
    assert [(row["path"], row["errcode"]) for row in rows] == [
        ("gettoken", 0),
        ("message/send", 0),
        ("message/send", 81013),
    ]
    assert desk.token not in json.dumps(rows)


def test_chats_survive_a_restart_in_a_file(make_desk: Callable[..., Desk], tmp_path: Any) -> None:
    options = {"state_path": tmp_path / "simulator.db", "clock_file": tmp_path / "clock"}
    before = make_desk(**options)
    picture = before.upload(b"\x89PNG\r\n\x1a\n" + bytes(100))["media_id"]
    before.send("lihua", "image", content={"media_id": picture})
    before.sim("clock", advance=HOUR)
    after = make_desk(**options)
    assert after.chat("lihua") == before.chat("lihua")
    assert after.session.get(f"{after.url}/sim/media/{picture}", timeout=20).content.startswith(b"\x89PNG")
    assert after.see("clock")["offset"] == pytest.approx(HOUR)
    assert float((tmp_path / "clock").read_text()) == pytest.approx(HOUR)
