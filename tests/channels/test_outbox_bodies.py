"""What a row becomes on the wire, kind by kind."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.outbox import directory_lane, lane_of, robot_lane
from bot.outbox.wording import INTERVALS, LONGEST_INTERVAL, Unsayable, message
from tests.channels.conftest import AGENT, JPEG, ROBOT_KEY, START, World
from tests.channels.fake_wecom import Raw

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ME, ROBOT = lane_of("zhangsan"), robot_lane(ROBOT_KEY)
CARD = {
    "task": "wd-20260101-0001",
    "title": "提现申请",
    "rows": [["金额", "128.50 元"], ["到账", "1 个工作日"]],
    "buttons": [{"key": "confirm", "text": "确认", "style": 1}, {"key": "cancel", "text": "取消", "style": 2}],
}
POSTER = {"poster": {"kind": "product", "facts": {"sku": "A1", "name": "草莓"}}}


def test_a_text_goes_to_one_member_with_the_duplicate_check(world: World) -> None:
    number = world.row(ME, "text", {"content": "已到账 3.20 元\n查看明细"})
    world.another().send_lane(ME)
    (call,) = world.fake.seen("message/send")
    assert call.json == {
        "touser": "zhangsan",
        "agentid": AGENT,
        "msgtype": "text",
        "text": {"content": "已到账 3.20 元\n查看明细"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": LONGEST_INTERVAL - 1,
    }
    row = world.read(number)
    assert (row.state, row.sent_at, row.fault, row.attempts) == ("sent", START, None, 1)
    assert row.result["msgid"]
    assert row.request.encode() == call.body


def test_a_card_with_buttons_keeps_the_code_that_changes_it(world: World) -> None:
    number = world.row(ME, "card", CARD)
    world.another().send_lane(ME)
    (call,) = world.fake.seen("message/send")
    assert call.json["template_card"] == {
        "card_type": "button_interaction",
        "main_title": {"title": "提现申请"},
        "horizontal_content_list": [
            {"keyname": "金额", "value": "128.50 元"},
            {"keyname": "到账", "value": "1 个工作日"},
        ],
        "task_id": "wd-20260101-0001",
        "button_list": [
            {"text": "确认", "style": 1, "key": "confirm"},
            {"text": "取消", "style": 2, "key": "cancel"},
        ],
    }
    assert world.read(number).result["response_code"].startswith("RC")


def test_a_card_without_buttons_is_a_notice_that_leads_home(world: World) -> None:
    world.row(ME, "card", {"task": "t-1", "title": "今日战报", "rows": [], "buttons": []})
    world.row(ME, "card", {"task": "t-2", "title": "今日战报", "url": "https://shop.example.com/a"})
    world.another().send_lane(ME)
    first, second = (call.json["template_card"] for call in world.fake.seen("message/send"))
    assert first == {
        "card_type": "text_notice",
        "main_title": {"title": "今日战报"},
        "card_action": {"type": 1, "url": "https://shop.example.com"},
    }
    assert second["card_action"]["url"] == "https://shop.example.com/a"


def test_rows_beyond_six_stand_below_the_list(world: World) -> None:
    world.row(ME, "card", {**CARD, "rows": [[f"行{number}", str(number)] for number in range(8)]})
    world.another().send_lane(ME)
    card = world.fake.seen("message/send")[0].json["template_card"]
    assert len(card["horizontal_content_list"]) == 6
    assert card["sub_title_text"] == "行6 6\n行7 7"


def test_what_json_could_only_escape_is_left_out(world: World) -> None:
    world.row(ME, "text", {"content": "余额\x00\x07 1.00\t元\n\ud800完"})
    world.another().send_lane(ME)
    assert world.fake.chat("zhangsan") == ["余额 1.00\t元\n完"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text", {}),
        ("text", {"content": None}),
        ("card", {**CARD, "task": "有中文"}),
        ("card", {**CARD, "task": "t" * 129}),
        ("card", {**CARD, "title": None}),
        ("card", {**CARD, "buttons": [{"key": "a", "text": "一"}, {"key": "a", "text": "二"}]}),
        ("card", {**CARD, "buttons": [{"key": "", "text": "一"}]}),
        ("card", {**CARD, "buttons": [{"key": str(number), "text": "一"} for number in range(7)]}),
        ("card", {**CARD, "rows": [["one cell"]]}),
        ("card_update", {"userids": ["zhangsan"]}),
        ("poster", {}),
        ("robot_text", {"content": "x"}),  # no robot's lane
        ("sticker", {}),
    ],
)
def test_a_row_that_cannot_be_said_is_given_up_and_the_next_one_goes(world: World, kind: str, body: Any) -> None:
    number = world.row(ME, kind, body)
    world.put("下一条")
    world.another().send_lane(ME)
    row = world.read(number)
    assert row.state == "given_up"
    assert row.fault
    assert world.fake.chat("zhangsan") == ["下一条"]


@pytest.mark.parametrize("userid", ["", "@all", "a|b"])
def test_a_lane_that_is_not_one_member_is_refused(world: World, userid: str) -> None:
    with pytest.raises(Unsayable, match="receiver"):
        message("text", {"content": "x"}, userid, AGENT, 1, "", "")


def test_the_intervals_of_a_window_never_meet(world: World) -> None:
    """950 an hour are 3,800 in the four hours of the longest interval."""
    assert 950 * (LONGEST_INTERVAL // 3600) < INTERVALS
    assert LONGEST_INTERVAL - INTERVALS > 3600
    assert LONGEST_INTERVAL <= 14400


def test_two_equal_texts_that_are_both_meant_both_arrive(world: World) -> None:
    world.put("提现已受理", "提现已受理")
    world.another().send_lane(ME)
    assert world.fake.chat("zhangsan") == ["提现已受理", "提现已受理"]


def test_a_card_is_changed_with_the_code_of_the_click(world: World) -> None:
    body = {"userids": ["zhangsan"], "response_code": "RC", "replace_name": "已申请提现"}
    number = world.row(ME, "card_update", body)
    world.another().send_lane(ME)
    assert world.fake.seen("message/update_template_card")[0].json == {
        "userids": ["zhangsan"],
        "agentid": AGENT,
        "response_code": "RC",
        "button": {"replace_name": "已申请提现"},
    }
    assert world.read(number).state == "sent"


def test_a_card_that_is_changed_already_is_done(world: World) -> None:
    world.fake.script("message/update_template_card", {"errcode": 60140})
    number = world.row(ME, "card_update", {"userids": ["zhangsan"], "response_code": "RC", "replace_name": "已通过"})
    world.another().send_lane(ME)
    assert world.read(number).state == "sent"


def test_a_poster_is_drawn_uploaded_and_sent_as_a_picture(world: World) -> None:
    number = world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    assert world.drawn == [("product", {"sku": "A1", "name": "草莓"})]
    (upload,), (sent,) = world.fake.seen("media/upload"), world.fake.seen("message/send")
    assert b'filename="poster.jpg"' in upload.body
    assert sent.json["msgtype"] == "image"
    assert sent.json["image"]["media_id"].startswith("MEDIA")
    assert world.read(number).state == "sent"


def test_the_same_picture_is_uploaded_once_until_it_ends(world: World) -> None:
    sender = world.another()
    for _ in range(2):
        world.row(ME, "poster", POSTER)
        sender.send_lane(ME)
    world.row(lane_of("lisi"), "poster", POSTER)
    sender.send_lane(lane_of("lisi"))
    assert world.fake.count("media/upload") == 1
    world.clock.move(days=2.5)
    world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    assert world.fake.count("media/upload") == 2
    assert len(world.fake.chat("zhangsan")) == 3


def test_a_picture_kept_before_the_clock_was_turned_back_is_uploaded_again(world: World) -> None:
    world.clock.move(days=7)
    world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    world.clock.move(days=-7)
    world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    assert world.fake.count("media/upload") == 2


@pytest.mark.parametrize("code", [40007, 40145])
def test_a_dead_picture_is_uploaded_again_once(world: World, code: int) -> None:
    world.fake.script("message/send", {"errcode": code})
    number = world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    first, second = (call.json["image"]["media_id"] for call in world.fake.seen("message/send"))
    assert first != second
    assert world.read(number).state == "sent"


def test_a_picture_that_is_refused_twice_is_given_up(world: World) -> None:
    world.fake.always("message/send", {"errcode": 40007})
    number = world.row(ME, "poster", POSTER)
    world.another().send_lane(ME)
    assert world.read(number).state == "given_up"
    assert world.fake.count("media/upload") == 2


def test_a_drawing_that_fails_is_tried_three_times(world: World, caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def draw(kind: str, facts: dict[str, Any]) -> bytes:
        tries.append(kind)
        raise RuntimeError(facts["name"])

    number = world.row(ME, "poster", POSTER)
    world.put("下一条")
    world.run(world.another(draw=draw), seconds=30)
    row = world.read(number)
    assert (row.state, len(tries)) == ("given_up", 3)
    assert row.fault == "cannot be made: RuntimeError"
    assert not any("草莓" in repr(vars(record)) for record in caplog.records)  # what was to be drawn is not told
    assert any("in draw" in getattr(record, "trace", "") for record in caplog.records)
    assert world.fake.chat("zhangsan") == ["下一条"]


def test_an_upload_without_an_answer_is_made_again(world: World) -> None:
    world.fake.script("media/upload", Raw(502))
    number = world.row(ME, "poster", POSTER)
    world.run(world.another(), seconds=10)
    assert world.read(number).state == "sent"
    assert len(world.fake.chat("zhangsan")) == 1


def test_a_robot_says_a_text_into_its_group(world: World) -> None:
    number = world.row(ROBOT, "robot_text", {"content": "本周排行榜"})
    world.another().send_lane(ROBOT)
    (call,) = world.fake.seen("webhook/send")
    assert call.query == {"key": ROBOT_KEY}
    assert call.json == {"msgtype": "text", "text": {"content": "本周排行榜"}}
    assert world.read(number).state == "sent"
    assert world.fake.count("gettoken") == 0
    assert ROBOT_KEY not in ROBOT


def test_a_robot_shows_a_picture_with_its_md5(world: World) -> None:
    world.row(ROBOT, "robot_poster", {"poster": {"kind": "leaderboard", "facts": {"week": "2026-W01"}}})
    world.another().send_lane(ROBOT)
    image = world.fake.seen("webhook/send")[0].json["image"]
    picture = base64.b64decode(image["base64"])
    assert picture.startswith(JPEG)
    assert image["md5"] == hashlib.md5(picture).hexdigest()


def test_a_picture_above_2_mb_is_not_for_a_robot(world: World) -> None:
    number = world.row(ROBOT, "robot_poster", POSTER)
    world.another(draw=lambda kind, facts: JPEG + b"x" * (2 << 20)).send_lane(ROBOT)
    assert world.read(number).state == "given_up"
    assert world.fake.count("webhook/send") == 0


def test_a_robot_that_is_not_configured_any_more_gives_its_rows_up(world: World) -> None:
    number = world.row("robot:0123456789abcdef", "robot_text", {"content": "x"})
    sender = world.another()
    assert sender.sweep() == ["robot:0123456789abcdef"]
    sender.send_lane("robot:0123456789abcdef")
    assert world.read(number).state == "given_up"


def test_a_name_is_looked_up_and_kept(world: World) -> None:
    number = world.row(directory_lane("zhangsan"), "lookup_name", {"userid": "zhangsan"})
    world.another().send_lane(directory_lane("zhangsan"))
    assert world.names == [("zhangsan", "张三")]
    assert world.read(number).state == "sent"
    assert "张三" not in json.dumps(world.read(number).result, ensure_ascii=False)


def test_a_name_that_is_not_shown_is_nobodys_fault(world: World) -> None:
    world.fake.script("user/get", {"errcode": 0, "userid": "zhangsan"})
    number = world.row(directory_lane("zhangsan"), "lookup_name", {"userid": "zhangsan"})
    world.another().send_lane(directory_lane("zhangsan"))
    assert world.names == []
    assert world.read(number).result == {"found": False}


def test_a_name_that_cannot_be_kept_does_not_come_back_for_ever(world: World) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("no such distributor")

    lane = directory_lane("zhangsan")
    number = world.row(lane, "lookup_name", {"userid": "zhangsan"})
    world.run(world.another(on_name=refuse), seconds=20)
    assert world.read(number).state == "sent"
    assert world.fake.count("user/get") == 1


@pytest.mark.parametrize("code", [48002, 60011, 50002, 301002])
def test_a_directory_that_may_not_be_read_stops_nothing(world: World, code: int) -> None:
    world.fake.script("user/get", {"errcode": code})
    lane = directory_lane("zhangsan")
    number = world.row(lane, "lookup_name", {"userid": "zhangsan"})
    sender = world.another()
    sender.send_lane(lane)
    world.put("照样送达")
    sender.send_lane(ME)
    assert world.read(number).state == "given_up"
    assert world.fake.chat("zhangsan") == ["照样送达"]


def test_a_row_that_is_meant_for_later_waits_and_holds_nobody_up(world: World) -> None:
    later = world.row(ME, "text", {"content": "明早"}, due_at=START + timedelta(minutes=10))
    world.put("现在")
    sender = world.another()
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan") == ["现在"]
    world.clock.move(minutes=10)
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan") == ["现在", "明早"]
    assert world.read(later).state == "sent"
