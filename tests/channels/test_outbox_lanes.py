"""Order, budgets, leases, and what a killed process or a moved clock leaves behind."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.outbox import lane_of, robot_lane
from bot.outbox.lanes import LEASE
from models.base import Sessions, new_engine
from models.message import Lane, Outbox, Pause
from tests.channels.conftest import ROBOT_KEY, START, World, all_rows
from tests.channels.fake_wecom import FakeWeCom, Hold, Raw

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME, ROBOT = lane_of("zhangsan"), robot_lane(ROBOT_KEY)


def sent_times(world: World, lane: str) -> list[datetime]:
    chosen = select(Outbox.sent_at).where(Outbox.lane == lane, Outbox.state == "sent").order_by(Outbox.sent_at)
    with world.sessions.reading() as session:
        return [instant for instant in session.scalars(chosen) if instant]


def most_within(times: list[datetime], window: timedelta) -> int:
    return max(sum(1 for other in times if instant <= other < instant + window) for instant in times)


# budgets


def test_a_member_has_one_lane_however_his_userid_is_written() -> None:
    assert lane_of("ZhangSan") == lane_of("zhangsan") == "wecom:zhangsan"


@ON_SQLITE
def test_a_member_is_sent_25_a_minute_and_all_of_it_in_order(world: World) -> None:
    texts = [f"第 {number} 条" for number in range(60)]
    world.put(*texts)
    sender = world.another()
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan") == texts[:25]
    world.run(sender, seconds=150)
    assert world.fake.chat("zhangsan") == texts
    assert most_within(sent_times(world, ME), timedelta(seconds=60)) == 25


@ON_SQLITE
def test_a_trickle_stays_below_25_in_any_minute(world: World) -> None:
    sender = world.another()
    for number in range(90):  # one a second
        world.put(f"第 {number} 条")
        world.run(sender, seconds=0, step=1)
    world.run(sender, seconds=200)
    times = sent_times(world, ME)
    assert len(times) == 90
    assert most_within(times, timedelta(seconds=60)) == 25
    assert world.fake.chat("zhangsan") == [f"第 {number} 条" for number in range(90)]


def test_the_budget_holds_across_processes(world: World) -> None:
    world.put(*(f"第 {number} 条" for number in range(40)))
    senders = [world.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sender: sender.send_lane(ME), senders))
    assert world.fake.chat("zhangsan") == [f"第 {number} 条" for number in range(25)]


@ON_SQLITE
def test_a_member_is_sent_950_an_hour(world: World) -> None:
    def past(session: Any) -> None:
        for number in range(950):  # one every three seconds, the oldest 3,000 s ago
            row = Outbox(key=f"p{number}", lane=ME, kind="text", body={"content": "x"}, state="sent")
            row.due_at = row.created_at = START - timedelta(seconds=3000)
            row.sent_at = START - timedelta(seconds=3000 - 3 * number)
            session.add(row)

    world.change(past)
    number = world.put("第 951 条")[0]
    sender = world.another()
    sender.send_lane(ME)
    assert (world.read(number).state, world.read(number).due_at) == ("waiting", START + timedelta(seconds=600))
    world.clock.move(seconds=599)
    assert sender.sweep() == []
    world.clock.move(seconds=1)
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    assert world.read(number).state == "sent"


@ON_SQLITE
def test_a_robot_speaks_18_times_a_minute(world: World) -> None:
    for number in range(20):
        world.row(ROBOT, "robot_text", {"content": f"第 {number} 条"})
    sender = world.another()
    sender.send_lane(ROBOT)
    assert len(world.fake.chat(ROBOT_KEY)) == 18
    world.run(sender, seconds=70)
    assert len(world.fake.chat(ROBOT_KEY)) == 20
    assert most_within(sent_times(world, ROBOT), timedelta(seconds=60)) == 18


@ON_SQLITE
def test_equal_messages_that_wait_for_the_budget_become_one(world: World) -> None:
    world.put(*(f"第 {number} 条" for number in range(25)))
    world.put("收益 1.00", "排名", "收益 1.00", "收益 2.00", "收益 1.00")
    card = {"task": "t-1", "title": "确认", "buttons": [{"key": "confirm", "text": "确认"}]}
    world.row(ME, "card", card)
    world.run(world.another(), seconds=70)
    texts = world.fake.chat("zhangsan")[25:]
    assert texts[:3] == ["收益 1.00", "排名", "收益 2.00"]
    assert texts[3]["msgtype"] == "template_card"
    assert world.states()[25:] == ["sent", "sent", "merged", "sent", "merged", "sent"]
    rows = world.change(all_rows)
    assert rows[27].fault == f"equal to {rows[25].id}"


@ON_SQLITE
def test_equal_messages_within_the_budget_are_all_sent(world: World) -> None:
    world.put("收益 1.00", "收益 1.00", "收益 1.00")
    world.another().send_lane(ME)
    assert len(world.fake.chat("zhangsan")) == 3


@ON_SQLITE
def test_what_nobody_saw_and_what_is_no_message_does_not_count(world: World) -> None:
    world.fake.script("message/send", *({"errcode": 81013} for _ in range(20)))
    for number in range(10):
        body = {"userids": ["zhangsan"], "response_code": f"RC{number}", "replace_name": "好"}
        world.row(ME, "card_update", body)
    world.put(*(f"第 {number} 条" for number in range(45)))
    world.another().send_lane(ME)
    assert len(world.fake.chat("zhangsan")) == 25


# leases


def test_many_senders_of_one_lane_send_each_row_once_and_in_order(world: World) -> None:
    texts = [f"第 {number} 条" for number in range(20)]
    world.put(*texts)
    senders = [world.another() for _ in range(6)]
    together = threading.Barrier(6)

    def send(sender: Any) -> None:
        together.wait(20)
        sender.send_lane(ME)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, senders))
    assert world.fake.count("message/send") == 20
    assert world.fake.chat("zhangsan") == texts
    assert set(world.states()) == {"sent"}


def test_many_senders_of_many_lanes_send_each_row_once(world: World) -> None:
    people = [f"u{number}" for number in range(8)]
    for userid in people:
        world.put("一", "二", "三", to=userid)
    senders = [world.another() for _ in range(4)]

    def send_all(sender: Any) -> None:
        for userid in people:
            sender.send_lane(lane_of(userid))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_all, senders))
    assert world.fake.count("message/send") == 24
    assert all(world.fake.chat(userid) == ["一", "二", "三"] for userid in people)


def test_a_row_that_comes_while_a_sender_is_at_work_is_not_left_behind(world: World) -> None:
    """The wake-up of the second row finds the lane taken; the first sender must see the row."""
    hold = Hold()
    world.fake.script("message/send", hold)
    world.put("一")
    sender, late = world.another(), world.another()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(sender.send_lane, ME)
        assert hold.arrived.wait(20)
        world.put("二")
        late.send_lane(ME)
        assert world.fake.count("message/send") == 1
        hold.release.set()
        working.result(20)
    assert world.fake.chat("zhangsan") == ["一", "二"]


@ON_SQLITE
def test_a_lane_is_given_back_when_it_is_empty_and_when_the_sender_stops(world: World) -> None:
    world.put("一")
    sender = world.another()
    sender.send_lane(ME)
    world.put("二")
    sender.stop()
    sender.send_lane(ME)
    with world.sessions.reading() as session:
        assert [lane.holder for lane in session.scalars(select(Lane))] == [None]
    assert world.fake.chat("zhangsan") == ["一"]
    world.run(world.another(), seconds=0)
    assert world.fake.chat("zhangsan") == ["一", "二"]


def test_two_lanes_that_meet_the_same_fault_make_one_pause_and_tell_once(world: World) -> None:
    people = [f"u{number}" for number in range(6)]
    holds = [Hold({"errcode": 60020, "errmsg": "not allow to access from your ip"}) for _ in people]
    world.fake.script("message/send", *holds)
    for userid in people:
        world.put("x", to=userid)
    sender = world.another()
    with ThreadPoolExecutor(6) as pool:
        working = [pool.submit(sender.send_lane, lane_of(userid)) for userid in people]
        assert all(hold.arrived.wait(20) for hold in holds)
        for hold in holds:
            hold.release.set()
        for job in working:
            job.result(30)
    with world.sessions.reading() as session:
        assert session.scalar(select(func.count()).select_from(Pause)) == 1
        told = select(func.count()).select_from(Outbox).where(Outbox.lane == lane_of("boss"))
        assert session.scalar(told) == 1


def test_only_one_of_many_senders_makes_the_minutes_try(world: World) -> None:
    world.fake.always("message/send", {"errcode": 60020, "errmsg": "not allow to access from your ip"})
    world.put("x")
    world.another().send_lane(ME)
    world.clock.move(seconds=60)
    hold = Hold()
    world.fake.script("message/send", hold)
    world.put("y", to="lisi")
    sender, other = world.another(), world.another()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(sender.send_lane, ME)
        assert hold.arrived.wait(20)
        other.send_lane(lane_of("lisi"))
        assert world.fake.count("message/send") == 2
        world.fake.always("message/send", None)
        hold.release.set()
        working.result(20)
    other.send_lane(lane_of("lisi"))
    assert (world.fake.chat("zhangsan"), world.fake.chat("lisi")) == (["x"], ["y"])


# a sender that is gone


def _send_and_be_killed(url: str, base: str) -> None:
    fake = FakeWeCom.__new__(FakeWeCom)
    fake.base, fake.secret = base, "S" * 43
    World(Sessions(new_engine(url)), fake).another().send_lane(ME)


def test_a_message_whose_sender_is_killed_is_sent_by_another_and_seen_once(world: World, database: Any) -> None:
    hold = Hold()
    world.fake.script("message/send", hold)
    number = world.put("到账 3.20 元")[0]
    process = multiprocessing.get_context("spawn").Process(
        target=_send_and_be_killed, args=(database.url, world.fake.base)
    )
    process.start()
    assert hold.arrived.wait(60)
    process.kill()
    process.join(30)
    hold.release.set()
    assert world.read(number).state == "sending"
    sender = world.another()
    assert sender.sweep() == []  # its lease still runs
    world.wall.move(seconds=LEASE.total_seconds() + 1)
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    first, second = world.fake.seen("message/send")
    assert first.body == second.body
    assert world.fake.chat("zhangsan") == ["到账 3.20 元"]
    assert (world.read(number).state, world.read(number).attempts) == ("sent", 2)


@ON_SQLITE
def test_the_lease_ends_early_enough_for_thirty_seconds_after_a_restart(world: World) -> None:
    assert LEASE + timedelta(seconds=2) + timedelta(seconds=12) < timedelta(seconds=30)


@ON_SQLITE
def test_a_slow_sender_does_not_undo_what_his_successor_did(world: World) -> None:
    hold = Hold(Raw(502))
    world.fake.script("message/send", hold)
    number = world.put("一")[0]
    slow, successor = world.another(), world.another()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(slow.send_lane, ME)
        assert hold.arrived.wait(20)
        world.wall.move(seconds=LEASE.total_seconds() + 1)
        successor.send_lane(ME)
        assert world.read(number).state == "sent"
        hold.release.set()
        working.result(20)
    assert world.read(number).state == "sent"
    assert world.fake.chat("zhangsan") == ["一"]


@ON_SQLITE
def test_a_slow_failure_says_nothing_about_a_later_try(world: World) -> None:
    """Both have lost their leases; the first one's 502 must not put a row back that the second has in hand."""
    first, second = Hold(Raw(502)), Hold()
    world.fake.script("message/send", first, second)
    number = world.put("一")[0]
    with ThreadPoolExecutor(2) as pool:
        jobs = []
        for hold in (first, second):
            jobs.append(pool.submit(world.another().send_lane, ME))
            assert hold.arrived.wait(20)
            world.wall.move(seconds=LEASE.total_seconds() + 1)
        first.release.set()
        jobs[0].result(20)  # having said nothing it finds the row without a living sender and sends it again
        assert (world.read(number).state, world.read(number).attempts) == ("sent", 3)
        second.release.set()
        jobs[1].result(20)
    assert world.fake.chat("zhangsan") == ["一"]


@ON_SQLITE
def test_a_slow_success_counts_whoever_holds_the_lane(world: World) -> None:
    hold = Hold()
    world.fake.script("message/send", hold, Raw(502))
    number = world.put("一")[0]
    slow, successor = world.another(), world.another()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(slow.send_lane, ME)
        assert hold.arrived.wait(20)
        world.wall.move(seconds=LEASE.total_seconds() + 1)
        successor.send_lane(ME)
        assert world.read(number).state == "waiting"
        hold.release.set()
        working.result(20)
    assert world.read(number).state == "sent"


# clocks


@ON_SQLITE
@pytest.mark.parametrize("days", [7, -7])
def test_a_clock_that_jumps_while_a_message_is_under_way_does_not_hand_it_to_a_second_sender(
    world: World, days: int
) -> None:
    hold = Hold()
    world.fake.script("message/send", hold)
    number = world.put("一")[0]
    sender, other = world.another(), world.another()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(sender.send_lane, ME)
        assert hold.arrived.wait(20)
        world.clock.move(days=days)
        assert other.sweep() == []
        other.send_lane(ME)
        hold.release.set()
        working.result(20)
    assert world.fake.count("message/send") == 1
    assert (world.read(number).state, world.read(number).sent_at) == ("sent", START + timedelta(days=days))


@ON_SQLITE
def test_a_clock_that_is_turned_back_blocks_neither_budget_nor_what_waits(world: World) -> None:
    world.clock.move(days=7)
    world.put(*(f"第 {number} 条" for number in range(30)))
    sender = world.another()
    sender.send_lane(ME)
    assert len(world.fake.chat("zhangsan")) == 25
    world.clock.move(days=-7)
    assert sender.sweep() == [ME]
    world.run(sender, seconds=2)
    assert len(world.fake.chat("zhangsan")) == 30


@ON_SQLITE
def test_a_clock_that_is_turned_back_blocks_no_repeat(world: World) -> None:
    world.clock.move(days=7)
    world.fake.script("message/send", {"errcode": -1})
    world.put("一")
    sender = world.another()
    sender.send_lane(ME)
    world.clock.move(days=-7)
    world.run(sender, seconds=2)
    assert world.fake.chat("zhangsan") == ["一"]


@ON_SQLITE
def test_a_machine_whose_clock_is_set_back_does_not_wait_for_an_old_lease(world: World) -> None:
    world.put("一")
    held = Lane(name=ME, count=0, holder="gone", held_until=world.wall() + timedelta(days=1))
    world.change(lambda session: session.add(held))
    sender = world.another()
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan") == ["一"]


@ON_SQLITE
def test_a_clock_a_week_ahead_gives_nothing_up(world: World) -> None:
    world.fake.always("message/send", Raw(502))
    world.put("一")
    sender = world.another()
    world.run(sender, seconds=20)
    world.clock.move(days=7)
    world.run(sender, seconds=40)
    world.fake.always("message/send", None)
    world.run(sender, seconds=30)
    assert world.fake.chat("zhangsan") == ["一"]


# the sweep


@ON_SQLITE
def test_the_sweep_names_those_that_wait_longest_first_and_no_lane_twice(world: World) -> None:
    world.put("x", "y", to="late")
    world.row(lane_of("early"), "text", {"content": "x"}, due_at=START - timedelta(minutes=1))
    world.row(lane_of("future"), "text", {"content": "x"}, due_at=START + timedelta(minutes=1))
    world.row(lane_of("orphan"), "text", {"content": "x"}, state="sending")
    world.row(lane_of("done"), "text", {"content": "x"}, state="sent")
    assert world.another().sweep() == [lane_of(name) for name in ("orphan", "early", "late")]
    assert world.another().sweep(most=1) == [lane_of("orphan")]


@ON_SQLITE
def test_a_lane_that_can_send_nothing_yet_is_not_swept_again_and_again(world: World) -> None:
    world.put(*(f"第 {number} 条" for number in range(30)))
    sender = world.another()
    sender.send_lane(ME)
    world.put("后来的")
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    assert sender.sweep() == []
    world.clock.move(seconds=60)
    assert sender.sweep() == [ME]
    sender.send_lane(ME)
    assert world.fake.chat("zhangsan")[-1] == "后来的"
    assert len(world.fake.chat("zhangsan")) == 31
