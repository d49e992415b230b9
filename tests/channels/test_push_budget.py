"""What the whole app may send: counted for all processes together, never exceeded, and used up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.outbox import Gate, Limits, Spending, lane_of
from bot.outbox.budget import ALL, MESSAGE_SEND, PER_API, Window
from models.message import Budget, Outbox
from services.message import Push, queue
from tests.channels.conftest import START, World

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
FEW = {MESSAGE_SEND: (Window(100, 60, 1), Window(250, 3600, 60))}


def gate(people: int | None = None, calls: Any = None) -> Gate:
    return Gate(None, Spending("wecom", Limits(FEW if calls is None else calls, people)))


def pushes(world: World, count: int, first: int = 0) -> None:
    """One to each of so many people."""

    def write(session: Any) -> None:
        for number in range(first, first + count):
            lane, body = lane_of(f"u{number}"), {"content": f"出单 {number}"}
            queue(session, key=f"b{number}", lane=lane, kind="text", body=body, now=world.clock(), push=Push("order"))

    world.change(write)


def sent(world: World) -> list[datetime]:
    with world.sessions.reading() as session:
        found = session.scalars(select(Outbox.sent_at).where(Outbox.state == "sent").order_by(Outbox.sent_at))
        return [instant for instant in found if instant is not None]


def most_within(times: list[datetime], window: timedelta) -> int:
    return max(sum(1 for other in times if instant <= other < instant + window) for instant in times)


@ON_SQLITE
def test_a_minutes_budget_is_used_up_and_not_exceeded(world: World) -> None:
    pushes(world, 150)
    world.run(world.another(gate=gate()), seconds=0)
    assert len(sent(world)) == 98  # two of a hundred are kept for answers
    world.run(world.another(gate=gate()), seconds=64)
    times = sent(world)
    assert len(times) == 150
    assert most_within(times, timedelta(seconds=60)) == 98


@ON_SQLITE
def test_an_answer_finds_room_where_pushes_find_none(world: World) -> None:
    pushes(world, 150)
    world.run(world.another(gate=gate()), seconds=0)
    world.put("你的海报", to="lihua")
    world.run(world.another(gate=gate()), seconds=0)
    assert world.fake.chat("lihua") == ["你的海报"]


@ON_SQLITE
def test_an_hours_budget_holds_after_the_minutes(world: World) -> None:
    pushes(world, 300)
    world.run(world.another(gate=gate()), seconds=600)
    assert len(sent(world)) == 245
    world.run(world.another(gate=gate()), seconds=3100, step=20)
    assert len(sent(world)) == 300
    assert most_within(sent(world), timedelta(seconds=3600)) == 245


@ON_SQLITE
def test_a_days_quota_ends_with_the_day_in_shanghai(world: World) -> None:
    """START is ten in the morning there."""
    pushes(world, 60)
    world.run(world.another(gate=gate(people=50)), seconds=10)
    assert len(sent(world)) == 49
    world.clock.move(hours=13, minutes=59)
    world.run(world.another(gate=gate(people=50)), seconds=10)
    assert len(sent(world)) == 49
    world.run(world.another(gate=gate(people=50)), seconds=60)
    assert len(sent(world)) == 60


def test_the_budget_holds_across_processes(world: World) -> None:
    pushes(world, 130)
    senders = [world.another(gate=gate()) for _ in range(4)]

    def send_all(sender: Any) -> None:
        for number in range(130):
            sender.send_lane(lane_of(f"u{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_all, senders))
    assert len(sent(world)) == 98
    assert world.fake.count("message/send") == 98
    assert set(world.states()) == {"sent", "held"}


@ON_SQLITE
def test_what_is_spent_outlives_a_restart(world: World) -> None:
    pushes(world, 98)
    world.run(world.another(gate=gate()), seconds=0)
    pushes(world, 10, first=200)
    world.run(world.another(gate=gate()), seconds=0)
    assert len(sent(world)) == 98


@ON_SQLITE
def test_a_clock_that_is_turned_back_does_not_stop_everything(world: World) -> None:
    world.clock.move(days=3)
    pushes(world, 98)
    world.run(world.another(gate=gate()), seconds=0)
    world.clock.move(days=-3)
    pushes(world, 10, first=200)
    world.run(world.another(gate=gate()), seconds=0)
    assert len(sent(world)) == 108


@ON_SQLITE
def test_an_exhausted_budget_is_not_asked_for_by_every_lane(world: World) -> None:
    """The sweep leaves pushes alone until there is room."""
    pushes(world, 150)
    sender = world.another(gate=gate())
    world.run(sender, seconds=0)
    assert sender.sweep() == []
    world.clock.move(seconds=61)
    assert len(sender.sweep()) == 52


@ON_SQLITE
def test_look_ups_and_cards_have_budgets_of_their_own(world: World) -> None:
    limits = Limits.of_app(500)
    assert limits.people == 100_000
    for number in range(3):
        world.row(f"directory:u{number}", "lookup_name", {"userid": f"u{number}"})
    world.put("x")
    world.run(world.another(gate=Gate(None, Spending("wecom", limits))), seconds=0)
    with world.sessions.reading() as session:
        used = session.scalars(select(Budget)).one().used
    assert {name: sum(used[name]["1"].values()) for name in (ALL, MESSAGE_SEND, "user/get")} == {
        ALL: 4,
        MESSAGE_SEND: 1,
        "user/get": 3,
    }
    assert used["people"] == {START.date().isoformat(): 1}


def test_a_window_covers_every_stretch_of_its_length() -> None:
    """Slots are whole seconds: one more than sixty of them counts."""
    window = PER_API[0]
    slots = window.add({}, START)
    assert window.used(slots, START + timedelta(seconds=60)) == 1
    assert window.used(slots, START + timedelta(seconds=61)) == 0
    assert window.free_at(slots, START, 1) == START + timedelta(seconds=61)


@ON_SQLITE
def test_an_answer_beyond_the_budget_waits_and_is_not_lost(world: World) -> None:
    world.put("一", "二")
    one = {MESSAGE_SEND: (Window(2, 60, 1),)}  # of two, answers may take one
    sender = world.another(gate=gate(calls=one))
    sender.send_lane(lane_of("zhangsan"))
    assert world.fake.chat("zhangsan") == ["一"]
    world.run(sender, seconds=64)
    assert world.fake.chat("zhangsan") == ["一", "二"]


@ON_SQLITE
def test_a_row_that_was_handed_over_is_asked_about_whatever_the_budget_says(world: World) -> None:
    number = world.put("一")[0]
    world.another(gate=gate()).send_lane(lane_of("zhangsan"))

    def unfinish(session: Any) -> None:
        session.execute(update(Outbox).where(Outbox.id == number).values(state="sending"))

    world.change(unfinish)
    none = {MESSAGE_SEND: (Window(0, 60, 1),)}
    world.another(gate=gate(calls=none)).send_lane(lane_of("zhangsan"))
    assert world.read(number).state == "sent"
    assert world.fake.chat("zhangsan") == ["一"]
