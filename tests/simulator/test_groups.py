"""客户群 and 群发 in the simulator against an app of the test's own: events, lag, join codes, tasks, results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from simulator import ContactOptions

from .conftest import App, Desk

CONTACT = "secret-of-the-contacts-0123456789abcdefghijk"
ZHOU, WU, ZHENG = "cust-zhou", "cust-wu", "cust-zheng"
OWNER = "lihua"
TEXT = {"text": {"content": "今天的草莓到了"}}


@pytest.fixture(scope="module")
def stage(start: Callable[..., Desk]) -> Desk:
    return start(contact=ContactOptions(CONTACT, members=("lihua", "zhangmin", "wangfang")))


@pytest.fixture
def desk(stage: Desk, app: App) -> Desk:
    assert stage.see("callbacks", wait=10)["idle"]
    stage.sim("reset")
    stage.token = stage.get_token(CONTACT)["access_token"]
    return stage


def room(desk: Desk, *customers: str, owner: str = OWNER, name: str = "福利群1") -> str:
    return str(desk.sim("rooms/create", owner=owner, name=name, customers=list(customers), wait=True)["chat_id"])


def told(desk: Desk, chat_id: str, **more: Any) -> dict[str, Any]:
    answer = desk.post("externalcontact/groupchat/get", {"chat_id": chat_id, **more})
    assert answer["errcode"] == 0, answer
    return dict(answer["group_chat"])


def settled(desk: Desk) -> None:
    desk.sim("clock", advance=60)


def join_way(desk: Desk, *chats: str, **more: Any) -> dict[str, Any]:
    body = {"scene": 2, "state": "g1.lihua", "chat_id_list": list(chats), **more}
    return desk.post("externalcontact/groupchat/add_join_way", body)


def external(desk: Desk, customer: str) -> str:
    return str(desk.sim("contact/customers", id=customer, name=customer)["external_userid"])


def befriend(desk: Desk, *customers: str, member: str = OWNER) -> list[str]:
    """They scan the member's own code; their ids for the API."""
    for customer in customers:
        desk.sim("contact/scan", customer=customer, code=member, wait=True)
    return [external(desk, customer) for customer in customers]


def fields(app: App) -> dict[str, str]:
    return app.received[-1].fields


# groups and their events


def test_a_group_is_made_and_the_app_hears_of_it(desk: Desk, app: App) -> None:
    chat_id = room(desk, ZHOU)
    heard = fields(app)
    assert (heard["Event"], heard["ChangeType"], heard["ChatId"], heard["FromUserName"]) == (
        "change_external_chat", "create", chat_id, "sys",
    )  # fmt: skip
    assert "AgentID" not in heard
    group = told(desk, chat_id, need_name=1)
    assert (group["name"], group["owner"]) == ("福利群1", OWNER)
    assert [(who["type"], who["name"]) for who in group["member_list"]] == [(1, "李华"), (2, "周女士")]
    assert "name" not in told(desk, chat_id)["member_list"][0]


def test_details_are_two_seconds_behind_their_event(desk: Desk, app: App) -> None:
    chat_id = room(desk)
    settled(desk)
    before = told(desk, chat_id)
    desk.sim("rooms/invite", chat_id=chat_id, who=WU, wait=True)
    heard = fields(app)
    assert (heard["UpdateDetail"], heard["JoinScene"], heard["MemChangeCnt"]) == ("add_member", "0", "1")
    assert heard["LastMemVer"] == before["member_version"]
    assert told(desk, chat_id) == before
    settled(desk)
    after = told(desk, chat_id)
    assert len(after["member_list"]) == 2
    assert after["member_version"] == heard["CurMemVer"] != before["member_version"]


@pytest.mark.parametrize(
    ("act", "more", "detail"),
    [("owner", {"to": "zhangmin"}, "change_owner"), ("rename", {"name": "福利群2"}, "change_name"),
     ("announce", {"notice": "周五开团"}, "change_notice"), ("leave", {"who": ZHOU}, "del_member"),
     ("remove", {"who": ZHOU}, "del_member")],
)  # fmt: skip
def test_what_changes_in_a_group_is_named(desk: Desk, app: App, act: str, more: dict[str, str], detail: str) -> None:
    chat_id = room(desk, ZHOU)
    desk.sim(f"rooms/{act}", chat_id=chat_id, wait=True, **more)
    heard = fields(app)
    assert (heard["ChangeType"], heard["UpdateDetail"]) == ("update", detail)
    assert heard.get("QuitScene") == {"leave": "0", "remove": "1"}.get(act)
    settled(desk)
    group = told(desk, chat_id)
    assert (group["owner"], group["name"], group["notice"], len(group["member_list"])) == {
        "owner": ("zhangmin", "福利群1", "", 3), "rename": (OWNER, "福利群2", "", 2),
        "announce": (OWNER, "福利群1", "周五开团", 2),
    }.get(act, (OWNER, "福利群1", "", 1))  # fmt: skip


def test_a_dismissed_group_is_gone(desk: Desk, app: App) -> None:
    chat_id = room(desk)
    desk.sim("rooms/dismiss", chat_id=chat_id, wait=True)
    assert fields(app)["ChangeType"] == "dismiss"
    settled(desk)
    assert desk.post("externalcontact/groupchat/get", {"chat_id": chat_id})["errcode"] == 49008
    assert desk.post("externalcontact/groupchat/get", {"chat_id": "wrNobody"})["errcode"] == 90501
    assert desk.post("externalcontact/groupchat/list", {"limit": 10})["group_chat_list"] == []


def test_the_list_is_paged_filtered_and_refused_for_too_many_members(desk: Desk) -> None:
    mine, other = [room(desk, name=f"群{n}") for n in range(3)], room(desk, owner="zhangmin")
    first = desk.post("externalcontact/groupchat/list", {"limit": 2})
    assert [row["chat_id"] for row in first["group_chat_list"]] == mine[:2]
    rest = desk.post("externalcontact/groupchat/list", {"limit": 2, "cursor": first["next_cursor"]})
    assert [row["chat_id"] for row in rest["group_chat_list"]] == [mine[2], other]
    assert "next_cursor" not in rest
    owned = {"limit": 10, "owner_filter": {"userid_list": ["ZhangMin"]}}
    assert [row["chat_id"] for row in desk.post("externalcontact/groupchat/list", owned)["group_chat_list"]] == [other]
    desk.sim("settings", group_list_members=3)
    assert desk.post("externalcontact/groupchat/list", {"limit": 10})["errcode"] == 81017
    assert desk.post("externalcontact/groupchat/list", owned)["errcode"] == 0
    assert desk.post("externalcontact/groupchat/list", {})["errcode"] == 40058


# join ways


def test_a_join_way_gives_its_config_id_alone_and_brings_its_state(desk: Desk, app: App) -> None:
    chat_id = room(desk)
    made = join_way(desk, chat_id)
    assert set(made) == {"errcode", "errmsg", "config_id"}
    way = desk.post("externalcontact/groupchat/get_join_way", {"config_id": made["config_id"]})["join_way"]
    assert (way["state"], way["chat_id_list"], way["auto_create_room"]) == ("g1.lihua", [chat_id], 1)
    picture = desk.session.get(way["qr_code"], timeout=10).content
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    desk.sim("rooms/join", customer=ZHOU, code=code.text, wait=True)
    assert (fields(app)["UpdateDetail"], fields(app)["JoinScene"]) == ("add_member", "3")
    settled(desk)
    joined = told(desk, chat_id)["member_list"][1]
    assert (joined["join_scene"], joined["state"]) == (3, "g1.lihua")
    assert desk.sim("rooms/join", customer=ZHOU, code=code.text, wait=True)["callbacks"] == []


def test_a_full_group_is_followed_by_another_of_the_same_owner(desk: Desk, app: App) -> None:
    desk.sim("settings", group_capacity=2)
    chat_id = room(desk)
    code = join_way(desk, chat_id, room_base_name="福利群", room_base_id=2)["config_id"]
    desk.sim("rooms/join", customer=ZHOU, code=code, wait=True)
    second = desk.sim("rooms/join", customer=WU, code=code, wait=True)["chat_id"]
    assert second != chat_id
    settled(desk)
    group = told(desk, second)
    assert (group["name"], group["owner"], group["member_list"][1]["state"]) == ("福利群2", OWNER, "g1.lihua")


@pytest.mark.parametrize(
    ("change", "errcode"),
    [({"scene": 3}, 40058), ({"state": "s" * 31}, 40058), ({"room_base_name": "好" * 41}, 40058),
     ({"chat_id_list": []}, 40058), ({"chat_id_list": ["wrX"] * 6}, 41091), ({"chat_id_list": ["wrX"]}, 90501)],
)  # fmt: skip
def test_a_join_way_is_checked(desk: Desk, change: dict[str, Any], errcode: int) -> None:
    body = {"scene": 2, "chat_id_list": [room(desk)]} | change
    assert desk.post("externalcontact/groupchat/add_join_way", body)["errcode"] == errcode


def test_join_ways_and_contact_ways_share_a_quota(desk: Desk) -> None:
    desk.sim("settings", contact_codes=1)
    chat_id = room(desk)
    config_id = join_way(desk, chat_id)["config_id"]
    assert join_way(desk, chat_id)["errcode"] == 41045
    way = {"type": 2, "scene": 2, "user": ["wangfang"]}
    assert desk.post("externalcontact/add_contact_way", way)["errcode"] == 41045
    changed = {"scene": 2, "config_id": config_id, "chat_id_list": [chat_id], "state": "other"}
    assert desk.post("externalcontact/groupchat/update_join_way", changed)["errcode"] == 0
    assert desk.post("externalcontact/groupchat/del_join_way", {"config_id": config_id})["errcode"] == 0
    assert desk.post("externalcontact/groupchat/get_join_way", {"config_id": config_id})["errcode"] == 41044
    assert desk.post("externalcontact/add_contact_way", way)["errcode"] == 0


# 群发


def send(desk: Desk, **body: Any) -> dict[str, Any]:
    return desk.post("externalcontact/add_msg_template", TEXT | body)


def to_group(desk: Desk, *chats: str, **more: Any) -> str:
    made = send(desk, chat_type="group", sender=OWNER, chat_id_list=list(chats), **more)
    assert made["errcode"] == 0, made
    desk.sim("clock", advance=60)
    return str(made["msgid"])


def seen(desk: Desk, chat_id: str) -> list[dict[str, Any]]:
    return desk.chat(f"room:{chat_id.lower()}")


def results(desk: Desk, msgid: str, userid: str = OWNER, **more: Any) -> list[dict[str, Any]]:
    answer = desk.post("externalcontact/get_groupmsg_send_result", {"msgid": msgid, "userid": userid, **more})
    assert answer["errcode"] == 0, answer
    return list(answer["send_list"])


def tasks(desk: Desk, msgid: str) -> list[dict[str, Any]]:
    return list(desk.post("externalcontact/get_groupmsg_task", {"msgid": msgid})["task_list"])


def test_nobody_gets_anything_before_the_member_confirms(desk: Desk) -> None:
    chat_id = room(desk, ZHOU)
    picture = desk.upload(b"\xff\xd8\xff\xe0 a picture of strawberries")["media_id"]
    link = {"title": "草莓", "desc": "点开领券", "url": "http://shop.test/shop/c/ABC"}
    attached = [{"msgtype": "image", "image": {"media_id": picture}}, {"msgtype": "link", "link": link}]
    msgid = to_group(desk, chat_id, attachments=attached)
    assert tasks(desk, msgid) == [{"userid": OWNER, "status": 0}]
    assert (seen(desk, chat_id), results(desk, msgid)) == ([], [])
    assert desk.sim("groupmsg/confirm", userid=OWNER, msgid=msgid) == {"sent": 1, "no_friend": 0, "over": 0}
    assert [entry["type"] for entry in seen(desk, chat_id)] == ["text", "image", "link"]
    assert [entry["by"] for entry in seen(desk, chat_id)] == ["李华"] * 3
    (task,) = tasks(desk, msgid)
    assert (task["status"], task["send_time"] > 0) == (2, True)
    (row,) = results(desk, msgid)
    assert (row["chat_id"], row["status"]) == (chat_id, 1)


def test_it_cannot_be_confirmed_twice_nor_by_another(desk: Desk) -> None:
    msgid = to_group(desk, room(desk))
    desk.sim("groupmsg/confirm", userid=OWNER, msgid=msgid)
    for userid in (OWNER, "zhangmin"):
        again = desk.session.post(f"{desk.url}/sim/groupmsg/confirm", json={"userid": userid, "msgid": msgid})
        assert again.status_code == 409


def test_customers_that_left_and_customers_that_had_enough(desk: Desk) -> None:
    zhou, wu, zheng = befriend(desk, ZHOU, WU, ZHENG)
    made = send(desk, sender=OWNER)
    desk.sim("clock", advance=60)
    desk.sim("contact/leave", customer=WU, userid=OWNER, wait=True)
    assert desk.sim("groupmsg/own", recipient=zheng, count=99)["counted"] in range(28, 32)  # the days of this month
    assert [row["status"] for row in results(desk, made["msgid"])] == [0, 0, 0]
    desk.sim("groupmsg/confirm", userid=OWNER, msgid=made["msgid"])
    statuses = {row["external_userid"]: row["status"] for row in results(desk, made["msgid"])}
    assert statuses == {zhou: 1, wu: 2, zheng: 3}
    assert len(desk.chat(f"contact:{ZHOU}:{OWNER}")) == 1
    assert desk.chat(f"contact:{ZHENG}:{OWNER}") == []


@pytest.mark.parametrize(("days", "counted"), [(7, 7), (1, 1)])
def test_the_cap_may_be_set_to_a_week_or_a_day(desk: Desk, days: int, counted: int) -> None:
    desk.sim("settings", groupmsg_days=days)
    assert desk.sim("groupmsg/own", recipient="wrX", count=20)["counted"] == counted
    desk.sim("clock", advance=8 * 86400)
    assert desk.sim("groupmsg/own", recipient="wrX", count=20)["counted"] == counted


def test_without_a_sender_the_member_who_chatted_last_gets_the_task(desk: Desk) -> None:
    (zhou,) = befriend(desk, ZHOU)
    befriend(desk, ZHOU, member="zhangmin")
    desk.sim("contact/say", customer=ZHOU, userid=OWNER, text="在吗")
    made = send(desk, external_userid=[zhou, "wmNobody"])
    desk.sim("clock", advance=60)
    assert made["fail_list"] == ["wmNobody"]
    assert [task["userid"] for task in tasks(desk, made["msgid"])] == [OWNER]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [({}, 40058), ({"external_userid": ["wmNobody"]}, 41048), ({"sender": OWNER}, 41048), ({"sender": "nobody"}, 40003),
     ({"sender": "zhaolei"}, 40003), ({"chat_type": "group"}, 40058), ({"chat_type": "all"}, 40058),
     ({"chat_type": "group", "sender": OWNER, "chat_id_list": ["wrX"]}, 41048),
     ({"sender": OWNER, "text": {"content": "好" * 1400}}, 40058), ({"sender": OWNER, "text": {}}, 41088),
     ({"sender": OWNER, "external_userid": ["wm"] * 10_001}, 40058)],
)  # fmt: skip
def test_a_task_is_checked(desk: Desk, body: dict[str, Any], errcode: int) -> None:
    assert send(desk, **body)["errcode"] == errcode


def test_another_members_group_fails_alone(desk: Desk) -> None:
    mine, other = room(desk), room(desk, owner="zhangmin")
    made = send(desk, chat_type="group", sender=OWNER, chat_id_list=[mine, other])
    assert (made["errcode"], made["fail_list"]) == (0, [other])


def test_a_new_task_cannot_be_asked_about_for_some_seconds(desk: Desk) -> None:
    made = send(desk, chat_type="group", sender=OWNER, chat_id_list=[room(desk)])
    body = {"msgid": made["msgid"]}
    assert desk.post("externalcontact/get_groupmsg_task", body)["errcode"] == 41063
    desk.sim("clock", advance=60)
    assert desk.post("externalcontact/get_groupmsg_task", body)["errcode"] == 0
    assert desk.post("externalcontact/get_groupmsg_task", {})["errcode"] == 41046
    assert desk.post("externalcontact/get_groupmsg_task", {"msgid": "msgGCx"})["errcode"] == 41047


def test_three_reminders_a_day(desk: Desk) -> None:
    msgid = to_group(desk, room(desk))
    codes = [desk.post("externalcontact/remind_groupmsg_send", {"msgid": msgid})["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 41094]
    desk.sim("clock", advance=86400)
    desk.token = desk.get_token(CONTACT)["access_token"]
    assert desk.post("externalcontact/remind_groupmsg_send", {"msgid": msgid})["errcode"] == 0


def test_a_cancelled_task_stops_and_keeps_what_was_sent(desk: Desk) -> None:
    done, open_ = (to_group(desk, room(desk, name=name)) for name in ("一群", "二群"))
    desk.sim("groupmsg/confirm", userid=OWNER, msgid=done)
    for msgid in (done, open_):
        assert desk.post("externalcontact/cancel_groupmsg_send", {"msgid": msgid})["errcode"] == 0
        assert desk.post("externalcontact/cancel_groupmsg_send", {"msgid": msgid})["errcode"] == 41093
    late = desk.session.post(f"{desk.url}/sim/groupmsg/confirm", json={"userid": OWNER, "msgid": open_})
    assert late.status_code == 409
    assert [len(results(desk, msgid)) for msgid in (done, open_)] == [1, 0]


def test_results_are_paged_and_a_limit_beyond_the_most_is_the_usual_one(desk: Desk) -> None:
    befriend(desk, ZHOU, WU, ZHENG)
    made = send(desk, sender=OWNER)
    desk.sim("clock", advance=60)
    body = {"msgid": made["msgid"], "userid": OWNER, "limit": 2}
    first = desk.post("externalcontact/get_groupmsg_send_result", body)
    assert len(first["send_list"]) == 2
    assert len(results(desk, made["msgid"], cursor=first["next_cursor"], limit=2)) == 1
    assert len(results(desk, made["msgid"], limit=5000)) == 3


def test_the_list_tells_what_the_api_made_and_when_without_a_creator(desk: Desk) -> None:
    now = int(datetime.fromisoformat(desk.see("clock")["now"]).timestamp())
    msgid = to_group(desk, room(desk))
    body = {"chat_type": "group", "start_time": now - 10, "end_time": now + 600}
    (row,) = desk.post("externalcontact/get_groupmsg_list_v2", body)["group_msg_list"]
    assert (row["msgid"], row["create_type"], row["text"]) == (msgid, 0, TEXT["text"])
    assert isinstance(row["create_time"], str)
    assert "creator" not in row
    single = body | {"chat_type": "single"}
    assert desk.post("externalcontact/get_groupmsg_list_v2", single)["group_msg_list"] == []
    long = body | {"end_time": now + 40 * 86400}
    assert desk.post("externalcontact/get_groupmsg_list_v2", long)["errcode"] == 40058


def test_all_of_it_survives_a_restart(make_desk: Callable[..., Desk], app: App, tmp_path: Any) -> None:
    options = {"contact": ContactOptions(CONTACT, members=("lihua",)), "state_path": tmp_path / "state.db"}
    one = make_desk(**options)
    one.token = one.get_token(CONTACT)["access_token"]
    chat_id = room(one, ZHOU)
    msgid = to_group(one, chat_id)
    code = join_way(one, chat_id)["config_id"]
    other = make_desk(**options)
    other.token = other.get_token(CONTACT)["access_token"]
    other.sim("clock", advance=60)
    assert len(told(other, chat_id)["member_list"]) == 2
    assert tasks(other, msgid) == [{"userid": OWNER, "status": 0}]
    assert other.sim("rooms/join", customer=WU, code=code)["chat_id"] == chat_id
    assert other.sim("groupmsg/confirm", userid=OWNER, msgid=msgid)["sent"] == 1
