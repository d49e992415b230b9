"""客户联系 in the simulator against an app of the test's own: codes, customers, events, welcome messages, paging."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
import zxingcpp
from PIL import Image

from simulator import ContactOptions, Limits

from .conftest import App, Desk

CONTACT = "secret-of-the-contacts-0123456789abcdefghijk"
ZHOU, WU, ZHENG, QIAN = "cust-zhou", "cust-wu", "cust-zheng", "cust-qian"
WAY = {"type": 2, "scene": 2, "remark": "分销员A001", "state": "p1.A001.c9", "user": ["wangfang"]}


@pytest.fixture(scope="module")
def stage(start: Callable[..., Desk]) -> Desk:
    return start(contact=ContactOptions(CONTACT, members=("wangfang", "lihua", "zhoujie")))


@pytest.fixture
def desk(stage: Desk, app: App) -> Desk:
    assert stage.see("callbacks", wait=10)["idle"]
    stage.sim("reset")
    stage.token = stage.get_token(CONTACT)["access_token"]
    return stage


def way(desk: Desk, **more: Any) -> dict[str, Any]:
    made = desk.post("externalcontact/add_contact_way", WAY | more)
    assert made["errcode"] == 0, made
    return made


def scan(desk: Desk, app: App, code: str, customer: str = ZHOU, **more: Any) -> dict[str, str]:
    """The fields of the event that a scan brings."""
    count = len(app.received)
    desk.sim("contact/scan", customer=customer, code=code, wait=True, **more)
    return app.wait(count + 1)[-1].fields


def external(desk: Desk, customer: str = ZHOU) -> str:
    return str(
        desk.sim("contact/customers", id=customer, name=customer, kind=2 if customer == QIAN else 1)["external_userid"]
    )


def welcome(desk: Desk, code: str, **more: Any) -> int:
    body = {"welcome_code": code, "text": {"content": "你好"}, **more}
    return int(desk.post("externalcontact/send_welcome_msg", body)["errcode"])


def chat(desk: Desk, customer: str = ZHOU, member: str = "wangfang") -> list[dict[str, Any]]:
    return desk.chat(f"contact:{customer}:{member}")


# who may call, and who may have customers


def test_only_the_secret_of_the_contacts_may_call(desk: Desk) -> None:
    assert desk.get("externalcontact/get_follow_user_list")["follow_user"] == ["lihua", "wangfang", "zhoujie"]
    assert desk.send()["errcode"] == 301002  # it is another app's
    desk.token = ""
    assert desk.get("externalcontact/get_follow_user_list")["errcode"] == 48002
    desk.token = desk.get_token(CONTACT)["access_token"]
    desk.sim("settings", contact_granted=False)
    assert desk.get("externalcontact/get_follow_user_list")["errcode"] == 48002


def test_the_apps_own_secret_may_be_that_of_the_contacts(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(contact=ContactOptions("secret-of-the-app-0123456789abcdefghijklmnopq"))
    assert "wangfang" in desk.get("externalcontact/get_follow_user_list")["follow_user"]
    assert desk.send()["errcode"] == 0


# codes


def test_a_code_leads_to_its_member_with_its_state_and_its_config_id_is_told_once(desk: Desk) -> None:
    made = way(desk)
    picture = desk.session.get(made["qr_code"], timeout=10).content
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    assert found.text.startswith("https://work.weixin.qq.com/k/")
    told = desk.post("externalcontact/get_contact_way", {"config_id": made["config_id"]})["contact_way"]
    assert (told["state"], told["user"], told["type"]) == ("p1.A001.c9", ["wangfang"], 2)
    assert desk.post("externalcontact/list_contact_way", {})["contact_way"] == [{"config_id": made["config_id"]}]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"type": None}, 41037), ({"scene": None}, 41038), ({"type": 3}, 41039), ({"scene": 0}, 41040),
        ({"style": 1}, 41042), ({"user": []}, 41041), ({"type": 1, "user": ["wangfang", "lihua"]}, 41041),
        ({"user": [f"u{n}" for n in range(101)]}, 40031), ({"user": ["nobody"]}, 40031), ({"user": ["sunli"]}, 40031),
        ({"user": ["zhaolei"]}, 84074), ({"state": "s" * 31}, 40058), ({"remark": "好" * 31}, 40058),
        ({"state": "好" * 30}, 0), ({"is_temp": True}, 41110), ({"type": 1, "party": [1]}, 40035),
        ({"user": [], "party": [1]}, 0), ({"user": "wangfang"}, 40035),
    ],
)  # fmt: skip
def test_a_code_is_checked(desk: Desk, change: dict[str, Any], errcode: int) -> None:
    body = {name: value for name, value in (WAY | change).items() if value is not None}
    assert desk.post("externalcontact/add_contact_way", body)["errcode"] == errcode


@pytest.mark.parametrize(("what", "errcode"), [("activated", 41054), ("verified", 40098), ("permitted", 84074)])
def test_a_member_who_cannot_serve_is_refused(desk: Desk, what: str, errcode: int) -> None:
    desk.sim("contact/members", userid="wangfang", **{what: False})
    assert desk.post("externalcontact/add_contact_way", WAY)["errcode"] == errcode


def test_the_quota_counts_codes_that_exist(desk: Desk) -> None:
    desk.sim("settings", contact_codes=2)
    first = way(desk)
    way(desk)
    assert desk.post("externalcontact/add_contact_way", WAY)["errcode"] == 41045
    assert desk.post("externalcontact/del_contact_way", {"config_id": first["config_id"]})["errcode"] == 0
    assert desk.post("externalcontact/del_contact_way", {"config_id": first["config_id"]})["errcode"] == 41044
    way(desk)


def test_an_update_overwrites_who_serves_and_keeps_the_type(desk: Desk, app: App) -> None:
    made = way(desk)
    body = {"config_id": made["config_id"], "user": ["lihua"], "type": 1}
    assert desk.post("externalcontact/update_contact_way", body)["errcode"] == 0
    told = desk.post("externalcontact/get_contact_way", {"config_id": made["config_id"]})["contact_way"]
    assert (told["user"], told["type"]) == (["lihua"], 2)
    assert scan(desk, app, made["config_id"])["UserID"] == "lihua"


def test_codes_are_listed_by_their_time_in_pages(desk: Desk) -> None:
    first = [way(desk)["config_id"] for _ in range(3)]
    desk.sim("clock", advance=100 * 86400)
    desk.token = desk.get_token(CONTACT)["access_token"]
    late = way(desk)["config_id"]
    listed = desk.post("externalcontact/list_contact_way", {})["contact_way"]
    assert listed == [{"config_id": late}]
    body = {"start_time": 1, "limit": 2}
    page = desk.post("externalcontact/list_contact_way", body)
    rest = desk.post("externalcontact/list_contact_way", {**body, "cursor": page["next_cursor"]})
    assert [row["config_id"] for row in page["contact_way"] + rest["contact_way"]] == [*first, late]
    desk.sim("clock", reset=True)


# coming


def test_who_scans_is_added_with_state_and_welcome_code(desk: Desk, app: App) -> None:
    event = scan(desk, app, way(desk)["config_id"])
    assert {name: event[name] for name in ("FromUserName", "Event", "ChangeType", "UserID", "State")} == {
        "FromUserName": "sys", "Event": "change_external_contact", "ChangeType": "add_external_contact",
        "UserID": "wangfang", "State": "p1.A001.c9",
    }  # fmt: skip
    assert "AgentID" not in event
    assert event["ExternalUserID"] == external(desk)
    assert len(event["WelcomeCode"]) > 20
    told = desk.get("externalcontact/get", external_userid=event["ExternalUserID"])
    (follow,) = told["follow_user"]
    assert (follow["userid"], follow["state"], follow["add_way"]) == ("wangfang", "p1.A001.c9", 1)
    assert follow["oper_userid"] == event["ExternalUserID"]
    assert follow["createtime"] == int(event["CreateTime"])
    assert told["external_contact"]["unionid"].startswith("oU")


def test_a_member_without_a_code_brings_neither_state(desk: Desk, app: App) -> None:
    assert "State" not in scan(desk, app, "wangfang")


def test_a_second_scan_of_a_friend_tells_nobody_and_changes_no_state(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    assert desk.sim("contact/scan", customer=ZHOU, code=way(desk, state="p2")["config_id"])["callback"] is None
    (follow,) = desk.get("externalcontact/get", external_userid=external(desk))["follow_user"]
    assert follow["state"] == "p1.A001.c9"


def test_a_second_member_is_a_second_relation_with_its_own_state(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    scan(desk, app, way(desk, state="p2", user=["lihua"])["config_id"])
    follow = desk.get("externalcontact/get", external_userid=external(desk))["follow_user"]
    assert [(row["userid"], row["state"]) for row in follow] == [("wangfang", "p1.A001.c9"), ("lihua", "p2")]


def test_half_comes_first_and_the_member_confirms(desk: Desk, app: App) -> None:
    first = scan(desk, app, way(desk)["config_id"], half=True)
    assert first["ChangeType"] == "add_half_external_contact"
    assert welcome(desk, first["WelcomeCode"]) == 0
    desk.sim("contact/accept", userid="wangfang", customer=ZHOU, wait=True)
    second = app.wait(2)[-1].fields
    assert second["ChangeType"] == "add_external_contact"
    assert second["State"] == "p1.A001.c9"
    assert "WelcomeCode" not in second  # the half one was used


def test_a_code_with_verification_tells_nothing_before_the_member_accepts(desk: Desk, app: App) -> None:
    code = way(desk, skip_verify=False)["config_id"]
    desk.sim("contact/scan", customer=ZHOU, code=code)
    assert app.received == []
    desk.sim("contact/accept", userid="wangfang", customer=ZHOU, wait=True)
    assert app.wait(1)[0].fields["ChangeType"] == "add_external_contact"


def test_a_code_of_several_takes_turns(desk: Desk, app: App) -> None:
    code = way(desk, user=["wangfang", "lihua"])["config_id"]
    assert [scan(desk, app, code, customer)["UserID"] for customer in (ZHOU, WU, ZHENG)] == [
        "wangfang", "lihua", "wangfang",
    ]  # fmt: skip


def test_a_burst_of_one_second_differs_only_in_the_customer(desk: Desk, app: App) -> None:
    desk.sim("contact/burst", customers=[ZHOU, WU, ZHENG], code=way(desk)["config_id"], wait=True)
    events = [got.fields for got in app.wait(3)]
    assert len({event["CreateTime"] for event in events}) == 1
    assert {event["FromUserName"] for event in events} == {"sys"}
    assert len({event["ExternalUserID"] for event in events}) == 3


def test_a_lost_event_leaves_the_relation_and_a_doubled_one_comes_twice(desk: Desk, app: App) -> None:
    code = way(desk)["config_id"]
    desk.sim("faults", callbacks={"lose": 1})
    assert desk.sim("contact/scan", customer=ZHOU, code=code, wait=True)["callback"]["state"] == "lost"
    assert desk.get("externalcontact/list", userid="wangfang")["external_userid"] == [external(desk)]
    desk.sim("faults", callbacks={"duplicate": 1})
    desk.sim("contact/scan", customer=WU, code=code, wait=True)
    first, second = app.wait(2)
    assert first.plain == second.plain


# going


def test_the_customer_who_deletes_the_member_is_still_seen(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    desk.sim("contact/leave", customer=ZHOU, userid="wangfang", wait=True)
    assert app.wait(2)[-1].fields["ChangeType"] == "del_follow_user"
    assert desk.get("externalcontact/get", external_userid=external(desk))["errcode"] == 0


def test_the_customer_whom_the_member_deletes_is_gone(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    desk.sim("contact/drop", customer=ZHOU, userid="wangfang", wait=True)
    assert app.wait(2)[-1].fields["ChangeType"] == "del_external_contact"
    assert desk.get("externalcontact/get", external_userid=external(desk))["errcode"] == 84061
    assert desk.get("externalcontact/list", userid="wangfang")["errcode"] == 84061
    desk.sim("contact/say", customer=ZHOU, userid="wangfang", text="在吗")
    assert "不是他的朋友" in desk.chat(f"contact:{ZHOU}:wangfang", side="note")[-1]["content"]["text"]


@pytest.mark.parametrize("who", ["leave", "drop"])
def test_who_comes_back_is_added_anew_with_the_new_state(desk: Desk, app: App, who: str) -> None:
    scan(desk, app, way(desk)["config_id"])
    desk.sim(f"contact/{who}", customer=ZHOU, userid="wangfang", wait=True)
    desk.sim("clock", advance=3600)
    again = scan(desk, app, way(desk, state="p2")["config_id"])
    assert (again["ChangeType"], again["State"]) == ("add_external_contact", "p2")
    (follow,) = desk.get("externalcontact/get", external_userid=external(desk))["follow_user"]
    assert (follow["state"], follow["createtime"]) == ("p2", int(again["CreateTime"]))


def test_a_customer_handed_over_leaves_one_member_and_comes_to_the_other(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    desk.sim("contact/transfer", userid="wangfang", to="lihua", customer=ZHOU, wait=True)
    gone, new = sorted((got.fields for got in app.wait(3)[1:]), key=lambda event: event["ChangeType"], reverse=True)
    assert (gone["ChangeType"], gone["Source"]) == ("del_external_contact", "DELETE_BY_TRANSFER")
    assert (new["ChangeType"], new["UserID"]) == ("add_external_contact", "lihua")
    assert "State" not in new


def test_the_other_changes_are_told(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    mine = {"userid": "wangfang", "customer": ZHOU, "wait": True}
    desk.sim("contact/edit", remark="老客户", **mine)
    desk.sim("contact/transfer_fail", reason="customer_limit_exceed", **mine)
    desk.sim("contact/consent", **mine)
    events = {got.fields["ChangeType"]: got.fields for got in app.wait(4)[1:]}
    assert set(events) == {"edit_external_contact", "transfer_fail", "msg_audit_approved"}
    assert events["transfer_fail"]["FailReason"] == "customer_limit_exceed"


# the welcome message


def test_a_welcome_arrives_in_parts_and_once(desk: Desk, app: App) -> None:
    code = scan(desk, app, way(desk)["config_id"])["WelcomeCode"]
    media = desk.upload(b"\x89PNG\r\n\x1a\n" + bytes(100))["media_id"]
    link = {"title": "新人礼", "desc": "点此领取", "url": "https://fx.example.com/h5/gift"}
    attached = [{"msgtype": "image", "image": {"media_id": media}}, {"msgtype": "link", "link": link}]
    assert welcome(desk, code, attachments=attached) == 0
    assert [row["type"] for row in chat(desk)] == ["text", "image", "link"]
    assert welcome(desk, code) == 41051
    assert len(chat(desk)) == 3


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"welcome_code": ""}, 41049), ({"welcome_code": "other"}, 41050), ({"text": {"content": ""}}, 41088),
        ({"text": {"content": "x" * 4001}}, 40058),
        ({"attachments": [{"msgtype": "link", "link": {"title": "t", "url": "https://e.example"}}] * 10}, 41064),
        ({"attachments": [{"msgtype": "news"}]}, 41065),
        ({"attachments": [{"msgtype": "image", "image": {"media_id": "m"}}]}, 40007),
        ({"attachments": [{"msgtype": "image", "image": {"pic_url": "https://elsewhere.example/a.png"}}]}, 40058),
        ({"attachments": [{"msgtype": "link", "link": {"title": "好" * 43, "url": "https://e.example"}}]}, 40058),
        ({"attachments": [{"msgtype": "link", "link": {"title": "t", "url": "e.example"}}]}, 45034),
    ],
)  # fmt: skip
def test_a_welcome_is_checked(desk: Desk, app: App, body: dict[str, Any], errcode: int) -> None:
    code = scan(desk, app, way(desk)["config_id"])["WelcomeCode"]
    sent = {"welcome_code": code, "text": {"content": "你好"}, **body}
    assert desk.post("externalcontact/send_welcome_msg", sent)["errcode"] == errcode
    assert chat(desk) == []


def test_a_picture_of_uploadimg_may_be_shown_by_its_address(desk: Desk, app: App) -> None:
    code = scan(desk, app, way(desk)["config_id"])["WelcomeCode"]
    files = {"media": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(100))}
    url = desk.session.post(
        f"{desk.url}/cgi-bin/media/uploadimg", params=desk.query({}), files=files, timeout=10
    ).json()["url"]
    assert welcome(desk, code, attachments=[{"msgtype": "image", "image": {"pic_url": url}}]) == 0


def test_twenty_seconds_are_enough_and_no_more(desk: Desk, app: App) -> None:
    code = way(desk)["config_id"]
    in_time, late = scan(desk, app, code, ZHOU)["WelcomeCode"], scan(desk, app, code, WU)["WelcomeCode"]
    desk.sim("clock", advance=18)
    assert welcome(desk, in_time) == 0
    desk.sim("clock", advance=2)
    assert welcome(desk, late) == 41050
    desk.sim("clock", reset=True)


def test_another_app_that_is_at_it_may_deliver_or_not(desk: Desk, app: App) -> None:
    code = way(desk)["config_id"]
    first = scan(desk, app, code, ZHOU)["WelcomeCode"]
    assert desk.sim("contact/occupy", seconds=5)["codes"] == 1
    assert welcome(desk, first) == 41096
    desk.sim("clock", advance=5)
    assert welcome(desk, first) == 0
    second = scan(desk, app, code, WU)["WelcomeCode"]
    desk.sim("contact/occupy", seconds=5, delivers=True)
    assert welcome(desk, second) == 41096
    desk.sim("clock", advance=5)
    assert welcome(desk, second) == 41051
    desk.sim("clock", reset=True)


def test_there_is_no_code_where_a_welcome_makes_no_sense(desk: Desk, app: App) -> None:
    code = way(desk)["config_id"]
    assert "WelcomeCode" not in scan(desk, app, code, QIAN)  # of another enterprise
    desk.sim("contact/members", userid="wangfang", welcome=True)
    assert "WelcomeCode" not in scan(desk, app, code, ZHOU)
    desk.sim("contact/members", userid="wangfang", welcome=False)
    written = scan(desk, app, code, WU)["WelcomeCode"]
    desk.sim("contact/say", customer=WU, userid="wangfang", text="你好")
    assert welcome(desk, written) == 41051  # they chat already


# reading


def test_followers_come_in_pages(desk: Desk, app: App) -> None:
    assert Limits().contact_get_page == 500
    desk.sim("settings", contact_get_page=2)
    for member in ("wangfang", "lihua", "zhoujie"):
        scan(desk, app, member)
    mine = external(desk)
    first = desk.get("externalcontact/get", external_userid=mine)
    rest = desk.get("externalcontact/get", external_userid=mine, cursor=first["next_cursor"])
    assert [len(page["follow_user"]) for page in (first, rest)] == [2, 1]
    assert rest["next_cursor"] == ""
    assert desk.get("externalcontact/get", external_userid=mine, cursor="x")["errcode"] == 50100


def test_the_customers_of_members_come_in_pages_and_unlicensed_members_are_named(desk: Desk, app: App) -> None:
    for customer in (ZHOU, WU, ZHENG):
        scan(desk, app, "wangfang", customer)
    scan(desk, app, "lihua", ZHOU)
    body: dict[str, Any] = {"userid_list": ["wangfang", "lihua", "zhoujie"], "limit": 3}
    first = desk.post("externalcontact/batch/get_by_user", body)
    rest = desk.post("externalcontact/batch/get_by_user", {**body, "cursor": first["next_cursor"]})
    rows = first["external_contact_list"] + rest["external_contact_list"]
    assert [row["follow_info"]["userid"] for row in rows] == ["wangfang"] * 3 + ["lihua"]
    assert all("tag_id" in row["follow_info"] and "tags" not in row["follow_info"] for row in rows)
    assert first["fail_info"] == {"unlicensed_userid_list": ["zhoujie"]}
    assert rest["next_cursor"] == ""
    assert desk.post("externalcontact/batch/get_by_user", {"userid_list": []})["errcode"] == 40035
    assert desk.post("externalcontact/batch/get_by_user", {**body, "cursor": "x"})["errcode"] == 50100


def test_a_remark_changes_what_is_given_and_tells_nobody(desk: Desk, app: App) -> None:
    scan(desk, app, way(desk)["config_id"])
    pair = {"userid": "wangfang", "external_userid": external(desk)}
    assert (
        desk.post("externalcontact/remark", {**pair, "remark": "李总", "remark_mobiles": ["13800000001"]})["errcode"]
        == 0
    )
    assert desk.post("externalcontact/remark", {**pair, "remark_mobiles": [""]})["errcode"] == 0
    (follow,) = desk.get("externalcontact/get", external_userid=external(desk))["follow_user"]
    assert (follow["remark"], follow["remark_mobiles"]) == ("李总", [])
    assert desk.post("externalcontact/remark", {**pair, "remark": "好" * 21})["errcode"] == 40058
    assert desk.post("externalcontact/remark", {**pair, "userid": "lihua"})["errcode"] == 84061
    assert len(app.received) == 1


@pytest.mark.parametrize(
    ("query", "errcode"), [({"external_userid": ""}, 41035), ({"external_userid": "wmNobody"}, 40096)]
)
def test_nobody_is_nobodys_customer(desk: Desk, query: dict[str, str], errcode: int) -> None:
    assert desk.get("externalcontact/get", **query)["errcode"] == errcode
    assert desk.get("externalcontact/list", userid="wangfang")["errcode"] == 84061


def test_the_openid_of_another_enterprises_member_does_not_exist(desk: Desk) -> None:
    ask = "externalcontact/convert_to_openid"
    assert desk.post(ask, {"external_userid": external(desk)})["openid"].startswith("o")
    assert desk.post(ask, {"external_userid": external(desk, QIAN)})["errcode"] == 41056


# 获客链接


def link(desk: Desk) -> dict[str, Any]:
    body = {"link_name": "推客", "range": {"user_list": ["wangfang"]}}
    return dict(desk.post("externalcontact/customer_acquisition/create_link", body)["link"])


def test_the_channel_of_a_link_is_the_state_cut_to_64_bytes(desk: Desk, app: App) -> None:
    made = link(desk)
    event = scan(desk, app, f"{made['url']}?customer_channel={quote('好' * 22)}")
    assert event["State"] == "好" * 21
    told = desk.get("externalcontact/get", external_userid=external(desk))["follow_user"][0]
    assert (told["add_way"], told["state"]) == (16, "好" * 21)
    rows = desk.post("externalcontact/customer_acquisition/customer", {"link_id": made["link_id"], "limit": 10})
    assert rows["customer_list"][0] | {"external_userid": ""} == {
        "external_userid": "", "userid": "wangfang", "chat_status": 0, "state": "好" * 21,
    }  # fmt: skip


def test_links_are_listed_changed_and_deleted(desk: Desk) -> None:
    made = link(desk)
    ask = "externalcontact/customer_acquisition"
    assert desk.post(f"{ask}/list_link", {})["link_id_list"] == [made["link_id"]]
    changed = {"link_id": made["link_id"], "link_name": "新名字", "range": {"user_list": ["lihua"]}}
    assert desk.post(f"{ask}/update_link", changed)["errcode"] == 0
    told = desk.post(f"{ask}/get", {"link_id": made["link_id"]})
    assert (told["link"]["link_name"], told["range"]["user_list"]) == ("新名字", ["lihua"])
    assert desk.post(f"{ask}/delete_link", {"link_id": made["link_id"]})["errcode"] == 0
    assert desk.post(f"{ask}/get", {"link_id": made["link_id"]})["errcode"] == 40058
    assert (
        desk.post(f"{ask}/create_link", {"link_name": "n" * 31, "range": {"user_list": ["lihua"]}})["errcode"] == 40058
    )


def test_every_customer_of_a_link_is_paid_for(desk: Desk, app: App) -> None:
    desk.sim("settings", acquisition_total=20)
    made = link(desk)
    scan(desk, app, made["url"])
    assert desk.get("externalcontact/customer_acquisition_quota")["balance"] == 19
    low = {got.fields["Event"]: got.fields["ChangeType"] for got in app.wait(2)}
    assert low["customer_acquisition"] == "balance_low"
    desk.sim("contact/say", customer=ZHOU, userid="wangfang", text="在吗")
    assert app.wait(3)[-1].fields["ChangeType"] == "customer_start_chat"
    desk.sim("settings", acquisition_total=1)
    refused = desk.session.post(f"{desk.url}/sim/contact/scan", json={"customer": WU, "code": made["url"]}, timeout=10)
    assert refused.status_code == 409
    desk.sim("contact/grant", count=5)
    assert app.wait(4)[-1].fields["ChangeType"] == "balance_increased"
    scan(desk, app, made["url"], WU)


def test_what_is_known_survives_a_restart(make_desk: Callable[..., Desk], app: App, tmp_path: Any) -> None:
    options = {"contact": ContactOptions(CONTACT), "state_path": tmp_path / "sim.db"}
    before = make_desk(**options)
    before.token = before.get_token(CONTACT)["access_token"]
    made = way(before)
    scan(before, app, made["config_id"])
    after = make_desk(**options)
    after.token = after.get_token(CONTACT)["access_token"]
    assert after.post("externalcontact/get_contact_way", {"config_id": made["config_id"]})["errcode"] == 0
    (follow,) = after.get("externalcontact/get", external_userid=external(after))["follow_user"]
    assert follow["state"] == "p1.A001.c9"
