"""The simulated 微信客服 from outside: its log, its limits, its sessions, and what customers and servicers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import KfOptions

from .conftest import SECRET, App, Desk

KFID, KF_SECRET = "wk0001", "secret-of-the-service-0123456789abcdefghijklm"
ME, OTHER = "kf-songyu", "kf-linxia"
HOUR = 3600


@pytest.fixture(scope="module")
def started(start: Callable[..., Desk]) -> Desk:
    return start(kf=KfOptions(KFID, KF_SECRET))


@pytest.fixture
def desk(started: Desk, app: App) -> Desk:
    """As if it had just been started, with a token of the service's secret."""
    assert started.see("callbacks", wait=10)["idle"]
    started.sim("reset")
    started.sim("settings", kf_bare_per_minute=1000)
    started.token = started.get_token(KF_SECRET)["access_token"]
    return started


def external(desk: Desk, guest: str = ME) -> str:
    return str(next(row["external_userid"] for row in desk.see("kf")["guests"] if row["id"] == guest))


def sync(desk: Desk, **more: Any) -> dict[str, Any]:
    return desk.post("kf/sync_msg", {"open_kfid": KFID, **more})


def send(desk: Desk, words: str = "你好", to: str = ME, **more: Any) -> int:
    body = {"touser": external(desk, to), "open_kfid": KFID, "msgtype": "text", "text": {"content": words}, **more}
    return int(desk.post("kf/send_msg", body)["errcode"])


def on_event(desk: Desk, code: str, **more: Any) -> int:
    body = {"code": code, "msgtype": "text", "text": {"content": "你好"}, **more}
    return int(desk.post("kf/send_msg_on_event", body)["errcode"])


def state(desk: Desk) -> int:
    asked = {"open_kfid": KFID, "external_userid": external(desk)}
    return int(desk.post("kf/service_state/get", asked)["service_state"])


def trans(desk: Desk, to: int, servicer: str = "") -> dict[str, Any]:
    body = {"open_kfid": KFID, "external_userid": external(desk), "service_state": to, "servicer_userid": servicer}
    return desk.post("kf/service_state/trans", body)


def act(desk: Desk, what: str, guest: str = ME, **more: Any) -> dict[str, Any]:
    return desk.sim(f"kf/{what}", userid=guest, **more)


def link(desk: Desk, param: str = "", scene: str = "tuike") -> str:
    address = str(desk.post("kf/add_contact_way", {"open_kfid": KFID, "scene": scene})["url"])
    return address + (f"&scene_param={param}" if param else "")


def events(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [row["event"] for row in sync(desk)["msg_list"] if row.get("event", {}).get("event_type") == kind]


# The knock


def test_a_knock_names_no_person_and_no_app(desk: Desk, app: App) -> None:
    act(desk, "say", text="在吗")
    (got,) = app.wait(1)
    assert set(got.fields) == {"ToUserName", "CreateTime", "MsgType", "Event", "Token", "OpenKfId"}
    assert (got.fields["Event"], got.fields["OpenKfId"]) == ("kf_msg_or_event", KFID)
    assert "AgentID" not in got.body
    assert "在吗" not in got.plain


def test_several_messages_share_a_knock(desk: Desk, app: App) -> None:
    act(desk, "burst", texts=["一", "二", "三"])
    assert desk.see("callbacks", wait=10)["idle"]
    assert len(app.received) == 1
    assert [row["text"]["content"] for row in sync(desk)["msg_list"]] == ["一", "二", "三"]


def test_a_knock_may_leave_the_account_out(desk: Desk, app: App) -> None:
    desk.sim("settings", kf_event_names_account=False)
    act(desk, "say", text="在吗")
    assert "OpenKfId" not in app.wait(1)[0].fields


# The log


def test_the_cursor_goes_on_where_it_stood(desk: Desk) -> None:
    act(desk, "burst", texts=["一", "二", "三"])
    first = sync(desk, limit=2)
    assert [row["text"]["content"] for row in first["msg_list"]] == ["一", "二"]
    assert first["has_more"] == 1
    second = sync(desk, cursor=first["next_cursor"])
    assert [row["text"]["content"] for row in second["msg_list"]] == ["三"]
    assert second["has_more"] == 0
    assert sync(desk, cursor=second["next_cursor"])["msg_list"] == []
    assert len({row["msgid"] for row in (*first["msg_list"], *second["msg_list"])}) == 3
    assert sync(desk, cursor="somebody else's")["errcode"] == 40058
    assert sync(desk, limit=1001)["errcode"] == 40058


def test_what_is_older_than_three_days_is_gone(desk: Desk) -> None:
    act(desk, "say", text="旧的")
    desk.sim("clock", advance=3 * 24 * HOUR - 10)
    desk.token = desk.get_token(KF_SECRET)["access_token"]
    act(desk, "say", text="新的")
    assert len(sync(desk)["msg_list"]) == 2
    desk.sim("clock", advance=20)
    assert [row["text"]["content"] for row in sync(desk)["msg_list"]] == ["新的"]


def test_more_may_be_said_to_be_there_on_an_empty_page(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    desk.sim("kf/faults", empty_pages=1)
    empty = sync(desk)
    assert (empty["has_more"], empty["msg_list"]) == (1, [])
    assert len(sync(desk, cursor=empty["next_cursor"])["msg_list"]) == 1


def test_the_token_lasts_ten_minutes_and_without_it_reading_is_rationed(desk: Desk, app: App) -> None:
    act(desk, "say", text="在吗")
    token = app.wait(1)[0].fields["Token"]
    assert sync(desk, token=token)["errcode"] == 0
    assert sync(desk, token="ENCother")["errcode"] == 95007
    desk.sim("clock", advance=600)
    assert sync(desk, token=token)["errcode"] == 95007
    desk.sim("settings", kf_bare_per_minute=2)
    assert [sync(desk)["errcode"] for _ in range(3)] == [0, 0, 45009]


def test_our_own_messages_do_not_stand_in_it(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    assert send(desk) == 0
    assert len(sync(desk)["msg_list"]) == 1


@pytest.mark.parametrize(
    ("what", "wish", "kind", "part"),
    [
        ("image", {}, "image", "media_id"),
        ("voice", {"seconds": 3}, "voice", "media_id"),
        ("location", {}, "location", "latitude"),
        ("message", {"type": "business_card", "fields": {"userid": "lihua"}}, "business_card", "userid"),
    ],
)
def test_other_messages_have_their_own_object(
    desk: Desk, what: str, wish: dict[str, Any], kind: str, part: str
) -> None:
    act(desk, what, **wish)
    (row,) = sync(desk)["msg_list"]
    assert (row["msgtype"], row["origin"], row["open_kfid"], row["external_userid"]) == (kind, 3, KFID, external(desk))
    assert part in row[kind]


def test_a_message_that_is_taken_back_is_told(desk: Desk) -> None:
    said = act(desk, "say", text="说错了")
    act(desk, "recall", id=said["entry"])
    message, event = sync(desk)["msg_list"]
    assert event["event"]["recall_msgid"] == message["msgid"]


def test_only_the_service_s_app_may_call(desk: Desk) -> None:
    desk.token = desk.get_token(SECRET)["access_token"]
    assert sync(desk)["errcode"] == 48002
    assert send(desk) == 48002


# What may be sent


def test_five_messages_for_one_of_the_customer_s(desk: Desk) -> None:
    assert send(desk) == 95002  # he has never written
    act(desk, "say", text="在吗")
    assert [send(desk, str(number)) for number in range(6)] == [0, 0, 0, 0, 0, 95001]
    act(desk, "say", text="在吗")
    assert send(desk) == 0
    assert [row["content"]["content"] for row in desk.chat(ME)] == ["0", "1", "2", "3", "4", "你好"]


def test_two_days_after_his_last_message_nothing_is_taken(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    desk.sim("clock", advance=48 * HOUR - 5)
    desk.token = desk.get_token(KF_SECRET)["access_token"]
    assert send(desk) == 0
    desk.sim("clock", advance=5)
    assert (send(desk), state(desk)) == (95002, 4)


def test_a_number_of_our_own_is_taken_once(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    assert [send(desk, msgid="fx-1"), send(desk, "别的", msgid="fx-1")] == [0, 95033]
    assert [send(desk, msgid=wrong) for wrong in ("", "x" * 33, "a b")] == [40058] * 3
    assert len(desk.chat(ME)) == 1


def test_a_message_that_was_taken_may_fail_afterwards(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    desk.sim("kf/faults", fail=[6])
    assert send(desk, msgid="fx-1") == 0
    assert desk.chat(ME) == []
    (event,) = events(desk, "msg_send_fail")
    assert (event["fail_msgid"], event["fail_type"]) == ("fx-1", 6)


def menu(*rows: dict[str, Any], head: str = "") -> dict[str, Any]:
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": list(rows)}}


def entry(number: str) -> dict[str, Any]:
    return {"type": "click", "click": {"id": number, "content": "c"}}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"text": {"content": ""}}, 44004),
        ({"msgtype": "image", "image": {"media_id": "no such"}}, 40007),
        ({"msgtype": "markdown", "markdown": {"content": "x"}}, 40008),
        (menu(head="好" * 400), 40058),
        (menu(entry("a-b")), 40058),
        (menu({"type": "tap"}), 95009),
        (menu(*[entry("a")] * 11), 95008),
        ({"touser": "wmNobody"}, 40003),
        ({"open_kfid": "wk0002"}, 95000),
    ],
)
def test_what_is_wrong_with_a_message_is_said(desk: Desk, wrong: dict[str, Any], code: int) -> None:
    act(desk, "say", text="在吗")
    assert send(desk, **wrong) == code


def test_a_tapped_entry_is_a_text_with_its_id(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    items = [{"type": "click", "click": {"id": "earnings", "content": "我的收益"}}]
    assert send(desk, msgtype="msgmenu", msgmenu={"head_content": "试试", "list": items}) == 0
    (menu,) = desk.chat(ME)
    act(desk, "tap", id=menu["id"], item="earnings")
    assert sync(desk)["msg_list"][-1]["text"] == {"content": "我的收益", "menu_id": "earnings"}


# Entering


def test_who_comes_by_a_link_is_told_with_its_scene(desk: Desk) -> None:
    act(desk, "enter", url=link(desk, "8K3M2Q"))
    (row,) = sync(desk)["msg_list"]
    assert (row["origin"], row["msgtype"]) == (4, "event")
    assert "external_userid" not in row
    event = row["event"]
    assert (event["scene"], event["scene_param"]) == ("tuike", "8K3M2Q")
    assert event["external_userid"] == external(desk)
    assert event["welcome_code"]


def test_without_a_scene_no_parameter_arrives(desk: Desk) -> None:
    bare = link(desk, scene="")
    act(desk, "enter", url=f"{bare}?scene_param=8K3M2Q")
    (event,) = events(desk, "enter_session")
    assert not {"scene", "scene_param"} & set(event)


@pytest.mark.parametrize("change", [lambda url: url.replace("kfc", "kfd"), lambda url: url.replace("ENC", "ENCzz")])
def test_a_link_that_was_changed_leads_nowhere(desk: Desk, change: Callable[[str], str]) -> None:
    answer = desk.session.post(f"{desk.url}/sim/kf/enter", json={"userid": ME, "url": change(link(desk))}, timeout=10)
    assert answer.status_code == 409


def test_a_welcome_is_said_once_within_twenty_seconds(desk: Desk) -> None:
    act(desk, "enter", url=link(desk))
    code = events(desk, "enter_session")[-1]["welcome_code"]
    assert [on_event(desk, code), on_event(desk, code)] == [0, 40058]
    act(desk, "enter", OTHER, url=link(desk))
    late = events(desk, "enter_session")[-1]["welcome_code"]
    desk.sim("clock", advance=20)
    assert on_event(desk, late) == 40058


def test_who_was_welcomed_or_has_written_within_two_days_brings_no_code(desk: Desk) -> None:
    act(desk, "enter", url=link(desk))
    act(desk, "enter", url=link(desk))
    act(desk, "say", OTHER, text="在吗")
    act(desk, "enter", OTHER, url=link(desk))
    assert [("welcome_code" in event) for event in events(desk, "enter_session")] == [True, False, False]


# Sessions


def test_every_way_from_state_to_state(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    assert state(desk) == 0
    assert trans(desk, 1) == {"errcode": 0, "errmsg": "ok"}
    assert send(desk) == 0
    waiting = trans(desk, 2)
    assert (state(desk), send(desk)) == (2, 95018)
    assert on_event(desk, waiting["msg_code"], msgtype="msgmenu", msgmenu={"list": []}) == 40008  # texts only
    assert on_event(desk, waiting["msg_code"]) == 0
    assert trans(desk, 1)["errcode"] == 95016
    assert trans(desk, 3, "lihua")["errcode"] == 95014
    assert trans(desk, 3, "wangfang")["errcode"] == 0
    assert trans(desk, 3, "wangfang")["errcode"] == 95016
    assert trans(desk, 2)["errcode"] == 95016
    assert trans(desk, 4)["errcode"] == 0
    assert (state(desk), send(desk), trans(desk, 3, "wangfang")["errcode"]) == (4, 95018, 95016)
    act(desk, "say", text="还在吗")
    assert (state(desk), send(desk)) == (0, 0)


def test_whether_a_waiting_session_may_be_ended_is_a_setting(desk: Desk) -> None:
    act(desk, "say", text="在吗")
    trans(desk, 2)
    desk.sim("settings", kf_may_end_early=False)
    assert trans(desk, 4)["errcode"] == 95016
    desk.sim("settings", kf_may_end_early=True)
    assert trans(desk, 4)["errcode"] == 0


def test_what_a_servicer_does_stands_in_the_log(desk: Desk) -> None:
    act(desk, "say", text="人工")
    trans(desk, 2)
    act(desk, "take")
    act(desk, "reply", text="我是客服")
    act(desk, "end")
    act(desk, "reopen")
    rows = sync(desk)["msg_list"]
    said = next(row for row in rows if row["origin"] == 5)
    assert (said["servicer_userid"], said["text"]["content"]) == ("wangfang", "我是客服")
    changes = [row["event"] for row in rows if row.get("event", {}).get("event_type") == "session_status_change"]
    assert [(event["change_type"], "msg_code" in event) for event in changes] == [(1, True), (3, True), (4, False)]
    assert changes[1]["old_servicer_userid"] == "wangfang"


def test_a_code_ends_with_the_state_that_made_it(desk: Desk) -> None:
    act(desk, "say", text="人工")
    code = trans(desk, 2)["msg_code"]
    act(desk, "take")
    assert on_event(desk, code) == 95018


def test_a_servicer_who_has_stopped_takes_nobody(desk: Desk) -> None:
    act(desk, "say", text="人工")
    desk.sim("kf/status", servicer="wangfang", receiving=False)
    rows = desk.get("kf/servicer/list", open_kfid=KFID)["servicer_list"]
    assert rows == [{"userid": "wangfang", "status": 1}]
    assert trans(desk, 3, "wangfang")["errcode"] == 95019
    assert events(desk, "servicer_status_change")[-1]["status"] == 2


# Customers and accounts


def test_a_customer_of_the_last_two_days_is_told_with_his_unionid(desk: Desk) -> None:
    act(desk, "enter", OTHER, url=link(desk, "8K3M2Q"))
    asked = {"external_userid_list": [external(desk, OTHER), external(desk)], "need_enter_session_context": 1}
    told = desk.post("kf/customer/batchget", asked)
    assert told["invalid_external_userid"] == [external(desk)]
    (row,) = told["customer_list"]
    assert row["nickname"] == "林夏"
    assert row["unionid"].startswith("oU")
    assert row["enter_session_context"] == {"scene": "tuike", "scene_param": "8K3M2Q"}


def test_the_account_is_listed(desk: Desk) -> None:
    (row,) = desk.post("kf/account/list", {"offset": 0, "limit": 100})["account_list"]
    assert (row["open_kfid"], row["manage_privilege"]) == (KFID, True)
