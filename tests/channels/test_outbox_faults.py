"""What becomes of a row when WeCom refuses, breaks off or does not answer. Seen once is what counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.outbox import directory_lane, lane_of, robot_lane
from bot.outbox.verdict import PATIENT_TRIES, Attempt, GivenUp, Later, backoff, judge
from bot.wecom import wire as wire_module
from bot.wecom.errors import Refused, Unanswered
from models.message import Outbox, Pause
from tests.channels.conftest import ROBOT_KEY, START, World
from tests.channels.fake_wecom import Hold, Raw, Reset

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME, ROBOT = lane_of("zhangsan"), robot_lane(ROBOT_KEY)

PASSING = {
    "-1": {"errcode": -1, "errmsg": "system busy"},
    "6000": {"errcode": 6000},
    "45033": {"errcode": 45033},
    "502": Raw(502),
    "no json": Raw(200, b"<html>"),
    "reset before": Reset(after=False),
    "reset after": Reset(after=True),
}


@ON_SQLITE
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_is_repeated_and_the_message_is_seen_once(world: World, fault: Any) -> None:
    world.fake.script("message/send", fault)
    number = world.put("到账 3.20 元")[0]
    world.run(world.another(), seconds=6)
    assert world.fake.chat("zhangsan") == ["到账 3.20 元"]
    first, second = world.fake.seen("message/send")
    assert first.body == second.body
    assert world.read(number).attempts == 2


@ON_SQLITE
def test_a_read_timeout_is_repeated_and_the_message_is_seen_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "READ_SECONDS", 0.3)
    hold = Hold()
    world.fake.script("message/send", hold)
    world.put("到账 3.20 元")
    world.run(world.another(), seconds=6)
    hold.release.set()
    assert world.fake.count("message/send") == 2
    assert world.fake.chat("zhangsan") == ["到账 3.20 元"]


@ON_SQLITE
def test_a_fault_that_lasts_ten_minutes_is_seen_within_a_minute_after_it_ends(world: World) -> None:
    world.fake.always("message/send", Raw(503))
    world.put("到账 3.20 元")
    sender = world.another()
    world.run(sender, seconds=600)
    assert 30 < world.fake.count("message/send") < 70  # every 15 s at most, not more often than every 11
    world.fake.always("message/send", None)
    world.run(sender, seconds=30)
    assert world.fake.chat("zhangsan") == ["到账 3.20 元"]


def test_the_waits_grow_to_fifteen_seconds_and_are_not_all_the_same() -> None:
    longest = [max(backoff(attempts).total_seconds() for _ in range(200)) for attempts in (1, 2, 3, 4, 5, 50, 5000)]
    shortest = [min(backoff(attempts).total_seconds() for _ in range(200)) for attempts in (1, 2, 3, 4, 5, 50, 5000)]
    assert all(most <= limit for most, limit in zip(longest, (1, 2, 4, 8, 15, 15, 15), strict=True))
    assert all(least >= 0.75 * limit for least, limit in zip(shortest, (1, 2, 4, 8, 15, 15, 15), strict=True))
    assert longest[4] - shortest[4] > 2


@pytest.mark.parametrize(
    ("age", "attempts", "gives_up"),
    [
        (timedelta(hours=25), PATIENT_TRIES, True),
        (timedelta(hours=23), PATIENT_TRIES * 9, False),
        (timedelta(days=7), 5, False),  # a clock that was moved ahead is not a day of trying
    ],
)
def test_a_fault_is_given_a_day_and_many_tries(age: timedelta, attempts: int, gives_up: bool) -> None:
    tried = Attempt(ME, "text", attempts, age)
    for fault in (Refused("message/send", -1, "busy"), Unanswered("message/send", "HTTP 502", "unclear")):
        assert isinstance(judge(fault, tried), GivenUp if gives_up else Later)


@ON_SQLITE
def test_what_follows_a_row_that_waits_keeps_its_place(world: World) -> None:
    world.fake.script("message/send", {"errcode": -1})
    sender = world.another()
    world.put("一")
    sender.send_lane(ME)
    world.put("二", "三")
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan") == []
    world.run(sender, seconds=4)
    assert world.fake.chat("zhangsan") == ["一", "二", "三"]


@ON_SQLITE
def test_another_members_fault_holds_nobody_up(world: World) -> None:
    world.fake.script("message/send", {"errcode": -1})
    world.put("甲")
    world.put("乙", to="lisi")
    sender = world.another()
    sender.send_lane(ME)
    sender.send_lane(lane_of("lisi"))
    assert (world.fake.chat("zhangsan"), world.fake.chat("lisi")) == ([], ["乙"])


@ON_SQLITE
@pytest.mark.parametrize("code", [81013, 60111, 40003, 50002, 46004])
def test_a_receiver_who_is_gone_gives_the_row_up(world: World, code: int) -> None:
    world.fake.script("message/send", {"errcode": code, "errmsg": "user & party & tag all invalid"})
    number = world.put("给走了的人")[0]
    world.put("下一条")
    world.another().send_lane(ME)
    row = world.read(number)
    assert (row.state, row.sent_at) == ("given_up", None)
    assert row.fault == f"message/send: {code} user & party & tag all invalid"
    assert world.fake.chat("zhangsan") == ["下一条"]


@ON_SQLITE
@pytest.mark.parametrize("field", ["invaliduser", "unlicenseduser"])
def test_a_receiver_named_as_invalid_under_errcode_0_gives_the_row_up(world: World, field: str) -> None:
    world.fake.script("message/send", {"errcode": 0, field: "zhangsan", "msgid": "m"})
    number = world.row("wecom:ZhangSan", "text", {"content": "x"})  # WeCom answers in lower case
    world.another().send_lane("wecom:ZhangSan")
    assert world.read(number).state == "given_up"


@ON_SQLITE
@pytest.mark.parametrize("code", [44004, 40058, 42031, 82004, 85002, 43012, 40033])
def test_a_fault_of_one_message_gives_up_that_message_only(
    world: World, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    world.fake.script("message/send", {"errcode": code})
    number = world.put("有毛病的")[0]
    world.put("没毛病的")
    world.another().send_lane(ME)
    assert world.read(number).state == "given_up"
    assert world.fake.chat("zhangsan") == ["没毛病的"]
    assert [record.outbox_id for record in caplog.records if record.levelno == logging.ERROR] == [number]


@ON_SQLITE
def test_an_unknown_errcode_is_tried_five_times(world: World) -> None:
    world.fake.always("message/send", {"errcode": 987654})
    number = world.put("x")[0]
    world.run(world.another(), seconds=60)
    assert world.read(number).state == "given_up"
    assert world.fake.count("message/send") == 5


@ON_SQLITE
def test_a_card_whose_task_is_taken_by_its_own_lost_try_is_sent(world: World) -> None:
    """The duplicate check may have forgotten the first try; the task never does."""
    world.fake.script("message/send", Reset(after=True), {"errcode": 42014})
    card = {"task": "t-1", "title": "确认", "buttons": [{"key": "confirm", "text": "确认"}]}
    number = world.row(ME, "card", card)
    world.run(world.another(), seconds=4)
    assert world.read(number).state == "sent"


@ON_SQLITE
def test_a_card_whose_task_was_used_before_is_given_up(world: World) -> None:
    world.fake.script("message/send", {"errcode": 42014})
    number = world.row(ME, "card", {"task": "t-1", "title": "确认", "buttons": [{"key": "confirm", "text": "确认"}]})
    world.another().send_lane(ME)
    assert world.read(number).state == "given_up"


# robots: no duplicate check


@ON_SQLITE
@pytest.mark.parametrize("name", ["-1", "45033", "502", "reset before"])
def test_a_robots_text_is_repeated_after_a_fault_that_mostly_means_not_done(world: World, name: str) -> None:
    world.fake.script("webhook/send", PASSING[name])
    world.row(ROBOT, "robot_text", {"content": "排行榜"})
    world.run(world.another(), seconds=6)
    assert len(world.fake.chat(ROBOT_KEY)) == 1


@ON_SQLITE
def test_a_robots_text_whose_answer_is_missing_is_not_said_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "READ_SECONDS", 0.3)
    hold = Hold()
    world.fake.script("webhook/send", hold)
    number = world.row(ROBOT, "robot_text", {"content": "排行榜"})
    world.run(world.another(), seconds=30)
    hold.release.set()
    assert len(world.fake.chat(ROBOT_KEY)) == 1
    row = world.read(number)
    assert row.state == "given_up"
    assert "not repeated" in row.fault
    assert row.sent_at is not None  # it counts against the robot's budget


@ON_SQLITE
def test_a_robots_text_whose_sender_died_is_not_said_twice(world: World) -> None:
    number = world.row(ROBOT, "robot_text", {"content": "排行榜"}, state="sending", attempts=1, sent_at=START)
    sender = world.another()
    assert sender.sweep() == [ROBOT]
    sender.send_lane(ROBOT)
    assert (world.read(number).state, world.fake.count("webhook/send")) == ("given_up", 0)


# quota and faults that a person must mend


@ON_SQLITE
def test_a_quota_stops_everything_for_a_minute_and_tells_nobody(world: World) -> None:
    world.fake.script("message/send", {"errcode": 45009})
    world.put("一")
    world.put("二", to="lisi")
    sender = world.another()
    world.run(sender, seconds=58)
    assert world.fake.count("message/send") == 1
    world.run(sender, seconds=10)
    assert (world.fake.chat("zhangsan"), world.fake.chat("lisi"), world.fake.chat("boss")) == (["一"], ["二"], [])


@ON_SQLITE
def test_a_robots_quota_stops_that_robot_only(world: World) -> None:
    world.fake.script("webhook/send", {"errcode": 45009})
    world.row(ROBOT, "robot_text", {"content": "排行榜"})
    world.put("照样")
    sender = world.another()
    world.run(sender, seconds=58)
    assert world.fake.chat("zhangsan") == ["照样"]
    assert world.fake.count("webhook/send") == 1
    world.run(sender, seconds=10)
    assert len(world.fake.chat(ROBOT_KEY)) == 1


@ON_SQLITE
@pytest.mark.parametrize("path", ["media/upload", "user/get", "message/update_template_card"])
def test_a_quota_of_another_call_does_not_stop_messages(world: World, path: str) -> None:
    world.fake.script(path, {"errcode": 45009})
    rows = {
        "media/upload": (lane_of("lisi"), "poster", {"poster": {"kind": "product", "facts": {}}}),
        "user/get": (directory_lane("lisi"), "lookup_name", {"userid": "lisi"}),
        "message/update_template_card": (
            lane_of("lisi"), "card_update", {"userids": ["lisi"], "response_code": "RC", "replace_name": "好"},
        ),
    }  # fmt: skip
    number = world.row(*rows[path])
    sender = world.another()
    sender.send_lane(rows[path][0])
    world.put("照样")
    world.run(sender, seconds=0)
    assert world.fake.chat("zhangsan") == ["照样"]
    world.run(sender, seconds=70)
    assert world.read(number).state == "sent"


def mend_message(world: World) -> None:
    world.fake.always("message/send", None)


def break_message(code: int) -> Callable[[World], None]:
    return lambda world: world.fake.always("message/send", {"errcode": code, "errmsg": "from ip: 9.30.0.138"})


def break_secret(world: World) -> None:
    world.fake.secret = "another"
    world.fake.invalidate()


def mend_secret(world: World) -> None:
    world.fake.secret = "S" * 43


EPISODES = [
    *((break_message(code), mend_message, code) for code in (40001, 60020, 48002, 50003, 301002, 40014)),
    (break_secret, mend_secret, 40001),
]


@ON_SQLITE
@pytest.mark.parametrize(("break_it", "mend_it", "code"), EPISODES, ids=[str(case[2]) for case in EPISODES])
def test_a_fault_to_be_mended_stops_all_is_tried_once_a_minute_told_once_and_passes(
    world: World,
    break_it: Callable[[World], None],
    mend_it: Callable[[World], None],
    code: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = world.another()
    world.put("之前")
    sender.send_lane(ME)
    break_it(world)
    begun = world.fake.count("message/send") + world.fake.count("gettoken")
    for userid in ("zhangsan", "lisi", "wangwu"):
        world.put("之后", to=userid)
    world.run(sender, seconds=598)
    calls = world.fake.count("message/send") + world.fake.count("gettoken") - begun
    assert 10 <= calls <= 30  # ten tries, each of at most two sends and a token
    told = [record for record in caplog.records if getattr(record, "event", "") == "outbox.stopped"]
    assert [(record.errcode, record.levelno) for record in told] == [(code, logging.ERROR)]
    mend_it(world)
    world.run(sender, seconds=70)
    assert world.fake.chat("zhangsan") == ["之前", "之后"]
    assert world.fake.chat("lisi") == world.fake.chat("wangwu") == ["之后"]
    assert world.fake.chat("boss") == [f"发送已暂停:{code}"]
    with world.sessions.reading() as session:
        assert session.scalars(select(Pause)).all() == []


@ON_SQLITE
def test_a_second_episode_is_told_again(world: World) -> None:
    sender = world.another()
    for _ in range(2):
        break_message(60020)(world)
        world.put("x")
        world.run(sender, seconds=60)
        mend_message(world)
        world.run(sender, seconds=70)
    assert world.fake.chat("boss") == ["发送已暂停:60020"] * 2


@ON_SQLITE
def test_a_robot_that_was_removed_stops_itself_only(world: World) -> None:
    world.fake.always("webhook/send", {"errcode": 93000, "errmsg": "invalid webhook url"})
    number = world.row(ROBOT, "robot_text", {"content": "排行榜"})
    world.put("照样")
    sender = world.another()
    world.run(sender, seconds=598)
    assert world.fake.count("webhook/send") == 10
    assert world.fake.chat("zhangsan") == ["照样"]
    assert world.fake.chat("boss") == ["发送已暂停:93000"]
    assert world.read(number).state == "waiting"


@ON_SQLITE
def test_a_robot_that_stays_away_is_given_up_after_a_day_of_tries(world: World) -> None:
    tried = Attempt(ROBOT, "robot_text", PATIENT_TRIES, timedelta(days=1))
    assert isinstance(judge(Refused("webhook/send", 93000, "invalid webhook url"), tried), GivenUp)


@ON_SQLITE
def test_a_try_that_shows_that_the_app_works_resumes_all_even_if_its_own_row_is_given_up(world: World) -> None:
    sender = world.another()
    break_message(60020)(world)
    world.put("给走了的人")
    sender.send_lane(ME)
    mend_message(world)
    world.fake.script("message/send", {"errcode": 81013})
    world.put("二", to="lisi")
    world.run(sender, seconds=70)
    assert world.fake.chat("lisi") == ["二"]


@ON_SQLITE
def test_a_directory_lane_waits_with_the_app(world: World) -> None:
    sender = world.another()
    break_message(60020)(world)
    world.put("x")
    sender.send_lane(ME)
    world.row(directory_lane("lisi"), "lookup_name", {"userid": "lisi"})
    sender.send_lane(directory_lane("lisi"))
    assert world.fake.count("user/get") == 0


@ON_SQLITE
def test_a_thousand_rows_that_wait_for_the_app_do_not_hide_a_robots(world: World) -> None:
    sender = world.another()
    break_message(60020)(world)
    world.put("x")
    sender.send_lane(ME)

    def fill(session: Any) -> None:
        for number in range(1500):
            row = Outbox(key=f"f{number}", lane=lane_of(f"u{number}"), kind="text", body={"content": "x"})
            row.state, row.due_at, row.created_at = "waiting", START - timedelta(minutes=1), START
            session.add(row)

    world.change(fill)
    world.row(ROBOT, "robot_text", {"content": "排行榜"})
    assert sender.sweep() == [ROBOT]


@ON_SQLITE
def test_a_pause_from_before_the_clock_was_turned_back_does_not_last(world: World) -> None:
    world.clock.move(days=7)
    sender = world.another()
    break_message(60020)(world)
    world.put("x")
    sender.send_lane(ME)
    mend_message(world)
    world.clock.move(days=-7)
    world.run(sender, seconds=2)
    assert world.fake.chat("zhangsan") == ["x"]


@ON_SQLITE
def test_a_failing_database_leaves_the_row_to_the_sweep(world: World) -> None:
    """A record that cannot be written is not a verdict on the row."""
    number = world.put("x")[0]
    sender = world.another()
    real = sender._outcome.record

    def broken(*args: Any, **more: Any) -> None:
        real(*args, **more)
        raise ConnectionError("the database went away before the commit")

    sender._outcome.record = broken
    with pytest.raises(ConnectionError):
        sender.send_lane(ME)
    assert world.read(number).state == "sending"
    world.wall.move(seconds=16)
    again = world.another()
    assert again.sweep() == [ME]
    again.send_lane(ME)
    assert (world.read(number).state, world.fake.chat("zhangsan")) == ("sent", ["x"])
