"""Media, the app's menu and the group robot."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from .conftest import AGENT, App, Desk

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
DAY = 86400


# media


def test_a_picture_is_uploaded_sent_and_fetched_again(desk: Desk) -> None:
    media = desk.upload(PNG, "海报.png")
    assert (media["errcode"], media["type"]) == (0, "image")
    assert isinstance(media["created_at"], str)
    desk.send("lihua", "image", content={"media_id": media["media_id"]})
    (entry,) = desk.chat("lihua")
    assert entry["content"]["filename"] == "海报.png"
    answer = desk.session.get(
        f"{desk.url}/cgi-bin/media/get", params=desk.query({"media_id": media["media_id"]}),
        headers={"Range": "bytes=0-7"}, timeout=20,
    )  # fmt: skip
    assert answer.status_code == 206
    assert answer.content == PNG[:8]
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"GIF89a" + bytes(50), "image", 40004),
        (PNG[:5], "image", 40006),
        (PNG, "sticker", 40005),
        (PNG, "voice", 40004),
        (b"#!AMR\n" + bytes(2 * 1024 * 1024), "voice", 40006),
        (b"", "image", 44001),
        (b"#!AMR\n" + bytes(50), "voice", 0),
        (b"any bytes at all", "file", 0),
    ],
)
def test_an_upload_is_checked_by_kind_size_and_first_bytes(desk: Desk, data: bytes, kind: str, code: int) -> None:
    assert desk.upload(data, "a.bin", kind)["errcode"] == code


def test_a_file_name_in_the_rfc_2231_form_is_an_empty_medium(desk: Desk) -> None:
    boundary = "xyz"
    body = (
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename*=UTF-8''%E6%B5%B7.png\r\n"
        "Content-Type: image/png\r\n\r\n"
    ).encode() + PNG + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    answer = desk.session.post(
        f"{desk.url}/cgi-bin/media/upload", params=desk.query({"type": "image"}), data=body, timeout=20,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )  # fmt: skip
    assert answer.json()["errcode"] == 44001


def test_a_medium_is_gone_after_three_days(desk: Desk) -> None:
    media_id = desk.upload(PNG)["media_id"]
    desk.sim("clock", advance=3 * DAY - 5)
    desk.token = ""
    assert desk.send("lihua", "image", content={"media_id": media_id})["errcode"] == 0
    desk.sim("clock", advance=10)
    assert desk.send("lihua", "image", content={"media_id": media_id})["errcode"] == 40007
    assert desk.get("media/get", media_id=media_id)["errcode"] == 40007


def test_a_medium_of_another_kind_cannot_be_sent_as_a_picture(desk: Desk) -> None:
    media_id = desk.upload(PNG, "a.png", "file")["media_id"]
    assert desk.send("lihua", "image", content={"media_id": media_id})["errcode"] == 40007


def test_a_page_picture_has_a_lasting_address(desk: Desk) -> None:
    answer = desk.session.post(
        f"{desk.url}/cgi-bin/media/uploadimg", params=desk.query({}), files={"media": ("a.png", PNG)}, timeout=20
    ).json()
    desk.sim("clock", advance=400 * DAY)
    assert desk.session.get(answer["url"], timeout=20).content == PNG


# the menu

MENU = {
    "button": [
        {
            "name": "我的",
            "sub_button": [
                {"type": "click", "name": "我的收益", "key": "earnings"},
                {"type": "view", "name": "推广海报", "url": "https://fx.example.com/poster"},
            ],
        },
        {"type": "click", "name": "邀请客户", "key": "invite"},
    ]
}


def test_a_menu_is_created_read_clicked_and_deleted(desk: Desk, app: App) -> None:
    assert desk.get("menu/get", agentid=AGENT)["errcode"] == 46003
    assert desk.post("menu/create", MENU, agentid=AGENT)["errcode"] == 0
    assert desk.get("menu/get", agentid=AGENT)["button"] == MENU["button"]
    desk.sim("click", userid="lihua", key="earnings", wait=True)
    desk.sim("click", userid="lihua", key="https://fx.example.com/poster", wait=True)
    got = app.wait(2)
    assert [(item.fields["Event"], item.fields["EventKey"]) for item in got] == [
        ("click", "earnings"),
        ("view", "https://fx.example.com/poster"),
    ]
    assert desk.get("menu/delete", agentid=AGENT)["errcode"] == 0
    refused = desk.session.post(f"{desk.url}/sim/click", json={"userid": "lihua", "key": "earnings"}, timeout=20)
    assert refused.status_code == 409


def button(**more: Any) -> dict[str, Any]:
    return {"type": "click", "name": "我的", "key": "k", **more}


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([button()] * 4, 40016),
        ([button(type="tap")], 40017),
        ([button(name="六个汉字太长")], 40018),
        ([button(name="五个字吧")], 0),
        ([button(key="k" * 129)], 40019),
        ([button(type="view", url="")], 40020),
        ([button(type="view", url="a.example.com")], 40055),
        ([{"name": "我的", "sub_button": [button()] * 6}], 40023),
        ([{"name": "我的", "sub_button": [button(type="tap")]}], 40024),
        ([{"name": "我的", "sub_button": [button(name="字" * 14)]}], 40025),
        ([{"name": "我的", "sub_button": [button(name="字" * 13)]}], 0),
        ([{"name": "我的", "sub_button": [button(key="")]}], 40026),
        ([{"name": "我的", "sub_button": [button(type="view", url="x" * 1025)]}], 40027),
        ([{"name": "我的", "sub_button": [button(type="view", url="x.y")]}], 40054),
        ([{"name": "我的", "sub_button": [{"name": "二", "sub_button": [button()]}]}], 40022),
    ],
)
def test_a_menu_is_checked_level_by_level(desk: Desk, buttons: list[dict[str, Any]], code: int) -> None:
    assert desk.post("menu/create", {"button": buttons}, agentid=AGENT)["errcode"] == code


def test_a_menu_belongs_to_the_app_of_the_token(desk: Desk) -> None:
    assert desk.post("menu/create", MENU, agentid=1)["errcode"] == 301002
    assert desk.post("menu/create", MENU, agentid="x")["errcode"] == 40056


# the robot


def image(data: bytes, md5: str | None = None) -> dict[str, Any]:
    digest = hashlib.md5(data).hexdigest()
    return {"base64": base64.b64encode(data).decode(), "md5": md5 or digest}


def test_the_robot_posts_into_its_group_without_a_token(desk: Desk) -> None:
    assert desk.robot("text", {"content": "日报", "mentioned_list": ["lihua", "@all"]}) == {
        "errcode": 0,
        "errmsg": "ok",
    }
    assert desk.robot("markdown", {"content": "**榜单**"})["errcode"] == 0
    assert desk.robot("image", image(PNG))["errcode"] == 0
    rows = desk.see("groups/robot-key-1")["entries"]
    assert [row["type"] for row in rows] == ["text", "markdown", "image"]
    assert rows[0]["content"]["mentioned"] == ["李华", "所有人"]


NOTICE = {"card_type": "text_notice", "main_title": {"title": "战报"}, "card_action": {"type": 1, "url": "http://a.b"}}


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text", {"content": ""}, 93017),
        ("text", {"content": "佣" * 683}, 40058),
        ("markdown", {"content": "佣" * 1366}, 40058),
        ("markdown", {"content": "佣" * 1365}, 0),
        ("image", image(PNG, "0" * 32), 301019),
        ("image", image(PNG + bytes(2 * 1024 * 1024)), 93018),
        ("image", image(b"GIF89a" + bytes(40)), 40009),
        ("news", {"articles": []}, 93017),
        ("news", {"articles": [{"title": "t", "url": "http://a.b"}]}, 0),
        ("template_card", NOTICE, 0),
        ("template_card", {**NOTICE, "card_type": "button_interaction"}, 42031),
        ("sticker", {}, 40008),
    ],
)
def test_a_robot_message_is_checked_by_its_type(desk: Desk, kind: str, content: dict[str, Any], code: int) -> None:
    assert desk.robot(kind, content)["errcode"] == code


def test_a_refused_robot_message_names_the_field_and_its_limit(desk: Desk) -> None:
    refused = desk.robot("markdown", {"content": "x" * 4097})
    assert refused["errmsg"].startswith("markdown.content exceed max length 4096. invalid Request Parameter")


def test_the_21st_message_of_a_minute_is_45009_for_a_minute(desk: Desk) -> None:
    codes = [desk.robot("text", {"content": f"第 {number} 条"})["errcode"] for number in range(1, 22)]
    assert codes == [0] * 20 + [45009]
    desk.sim("clock", advance=59)
    assert desk.robot("text", {"content": "还在"})["errcode"] == 45009
    desk.sim("clock", advance=2)
    assert desk.robot("text", {"content": "好了"})["errcode"] == 0


def test_an_unknown_key_is_93000(desk: Desk) -> None:
    assert desk.robot("text", {"content": "x"}, key="nobody")["errcode"] == 93000


def test_a_robot_s_file_belongs_to_its_key(desk: Desk) -> None:
    upload = desk.session.post(
        f"{desk.url}/cgi-bin/webhook/upload_media", params={"key": "robot-key-1", "type": "file"},
        files={"media": ("榜单.csv", b"name,amount\n")}, timeout=20,
    ).json()  # fmt: skip
    assert desk.robot("file", {"media_id": upload["media_id"]})["errcode"] == 0
    assert desk.send("lihua", "file", content={"media_id": upload["media_id"]})["errcode"] == 40007
    mine = desk.upload(b"name,amount\n", "a.csv", "file")["media_id"]
    assert desk.robot("file", {"media_id": mine})["errcode"] == 40007
