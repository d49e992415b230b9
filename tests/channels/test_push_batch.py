"""Single pushes of many lanes together: everything that a lane's own sender keeps is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.outbox import Gate, Limits, Spending, lane_of
from bot.outbox.budget import MESSAGE_SEND, Window
from bot.outbox.feeder import Feeder
from domain.periods import SHANGHAI
from domain.push import NIGHT, Wish
from models.distributor import Distributor
from models.message import Lane, Outbox
from services import push
from services.message import Push, queue
from tests.channels.conftest import World
from tests.channels.fake_wecom import Reset

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def tell(world: World, count: int, text: str = "出单", *, person: int | None = None, first: int = 0) -> list[str]:
    """A push to each of so many; their lanes."""

    def write(session: Any) -> list[str]:
        names = [lane_of(f"u{number}") for number in range(first, first + count)]
        for name in names:
            body, key = {"content": f"{text} {name}"}, f"b{next(world.keys)}"
            queue(session, key=key, lane=name, kind="text", body=body, now=world.clock(), push=Push("order", person))
        return names

    return list(world.change(write))


def seen(world: World) -> dict[str, int]:
    receivers = [call.json["touser"] for call in world.fake.seen("message/send")]
    return {userid: receivers.count(userid) for userid in receivers}


def states(world: World) -> list[str]:
    with world.sessions.reading() as session:
        return list(session.scalars(select(Outbox.state).order_by(Outbox.id)))


def holders(world: World) -> set[str | None]:
    with world.sessions.reading() as session:
        return set(session.scalars(select(Lane.holder)))


def test_each_gets_his_own_and_the_lanes_are_given_back(world: World) -> None:
    names = tell(world, 120)
    world.another().send_lanes(*names)
    assert seen(world) == {f"u{number}": 1 for number in range(120)}
    assert world.fake.chat("u7") == ["出单 wecom:u7"]
    assert set(states(world)) == {"sent"}
    assert holders(world) == {None}


def test_many_senders_of_the_same_lanes_send_each_once(world: World) -> None:
    names = tell(world, 60)
    senders = [world.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sender: sender.send_lanes(*names), senders))
    world.run(world.another(), seconds=2)
    assert seen(world) == {f"u{number}": 1 for number in range(60)}
    assert set(states(world)) == {"sent"}


@ON_SQLITE
def test_what_is_no_single_push_goes_the_usual_way_in_its_order(world: World) -> None:
    names = tell(world, 3)
    world.put("你的海报", to="u1")
    world.row(lane_of("u2"), "card_update", {"userids": ["u2"], "response_code": "R", "replace_name": "好"})
    tell(world, 1, "又出单", first=0)
    world.another().send_lanes(*names)
    assert world.fake.chat("u0") == ["出单 wecom:u0", "又出单 wecom:u0"]
    assert sorted(world.fake.chat("u1")) == ["你的海报", "出单 wecom:u1"]
    assert set(states(world)) == {"sent"}


@ON_SQLITE
def test_what_nobody_wants_and_what_comes_at_night_is_not_sent(world: World) -> None:
    def join(session: Any) -> int:
        now = world.clock()
        row = Distributor(code="ABCDEF", status="active", member=False, role="member", joined_at=now, created_at=now)
        session.add(row)
        session.flush()
        push.choose(session, row.id, Wish(False), default=NIGHT, now=now)
        return int(row.id)

    names = [*tell(world, 1, person=world.change(join)), *tell(world, 1, first=1)]
    late = datetime(2026, 1, 5, 23, tzinfo=SHANGHAI).astimezone(UTC)
    sender = world.another(gate=Gate(NIGHT))
    world.clock.move(seconds=(late - world.clock()).total_seconds())
    sender.send_lanes(*names)
    assert states(world) == ["muted", "held"]
    world.clock.move(hours=9)
    sender.send_lanes(*names)
    assert states(world) == ["muted", "sent"]


@ON_SQLITE
def test_the_budget_parts_a_batch(world: World) -> None:
    names = tell(world, 40)
    gate = Gate(None, Spending("wecom", Limits({MESSAGE_SEND: (Window(31, 60, 1),)}, None)))
    sender = world.another(gate=gate)
    sender.send_lanes(*names)
    assert states(world).count("sent") == 30
    assert sender.sweep() == []
    world.clock.move(seconds=61)
    sender.send_lanes(*sender.sweep())
    assert set(states(world)) == {"sent"}
    assert max(seen(world).values()) == 1


@ON_SQLITE
def test_a_member_whose_own_budget_is_spent_waits(world: World) -> None:
    world.put(*(f"第 {number} 条" for number in range(25)), to="u0")
    sender = world.another()
    sender.send_lane(lane_of("u0"))
    names = tell(world, 2)
    sender.send_lanes(*names)
    assert states(world)[-2:] == ["waiting", "sent"]
    world.run(sender, seconds=64)
    assert world.fake.chat("u0")[-1] == "出单 wecom:u0"


@ON_SQLITE
def test_a_fault_of_one_is_his_alone(world: World) -> None:
    names = tell(world, 4)
    world.fake.script("message/send", {"errcode": 81013}, Reset(after=True), {"errcode": -1})
    sender = world.another()
    sender.send_lanes(*names)
    assert sorted(states(world)) == ["given_up", "sent", "waiting", "waiting"]
    world.run(sender, seconds=10)
    assert sorted(states(world)) == ["given_up", "sent", "sent", "sent"]
    assert sum(len(world.fake.chat(f"u{number}")) for number in range(4)) == 3


@ON_SQLITE
def test_a_fault_of_the_app_pauses_everybody_and_nothing_is_lost(world: World) -> None:
    names = tell(world, 6)
    world.fake.always("message/send", {"errcode": 60020})
    sender = world.another()
    sender.send_lanes(*names)
    assert set(states(world)[:6]) == {"waiting"}
    world.fake.always("message/send", None)
    world.run(sender, seconds=130)
    assert all(len(world.fake.chat(f"u{number}")) == 1 for number in range(6))


def test_a_batch_that_dies_is_taken_over_and_seen_once(world: World) -> None:
    names = tell(world, 5)
    dying, left = world.another(), [3]
    work = dying._batch._work

    def dies(*args: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return work(*args)

    dying._batch._work = dies
    with pytest.raises(KeyboardInterrupt):
        dying.send_lanes(*names)
    assert set(states(world)) == {"sending"}
    world.wall.move(seconds=16)
    world.run(world.another(), seconds=4)
    assert set(states(world)) == {"sent"}
    assert all(world.fake.chat(f"u{number}") == [f"出单 wecom:u{number}"] for number in range(5))


@ON_SQLITE
def test_what_was_not_called_in_time_goes_back_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tell(world, 5)
    sender = world.another()
    work, called = sender._batch._work, []

    def stops_after_two(*args: Any) -> Any:
        called.append(args)
        if len(called) == 2:
            sender.stop()
        return work(*args)

    sender._batch._work = stops_after_two
    sender.send_lanes(*names)
    assert states(world) == ["sent", "sent", "held", "held", "held"]
    assert holders(world) == {None}
    world.run(world.another(), seconds=2)
    assert seen(world) == {f"u{number}": 1 for number in range(5)}


@ON_SQLITE
def test_a_lease_that_was_lost_leaves_the_row_to_its_new_holder(world: World) -> None:
    names = tell(world, 1)
    sender = world.another()
    work = sender._batch._work

    def slow(*args: Any) -> Any:
        world.wall.move(seconds=20)
        world.another().send_lane(names[0])  # finds the orphan, asks again byte for byte, records it
        return work(*args)

    sender._batch._work = slow
    sender.send_lanes(*names)
    first, second = world.fake.seen("message/send")
    assert first.body == second.body
    assert states(world) == ["sent"]


@ON_SQLITE
def test_the_feeder_asks_once_until_something_has_come_of_it(world: World) -> None:
    names = tell(world, 60)
    world.put("你的海报", to="lihua")
    asked: list[tuple[str, ...]] = []
    now = [100.0]

    def enqueue(*task: str) -> bool:
        asked.append(task)
        return True

    feeder = Feeder(world.another(), enqueue, lambda: now[0])
    feeder()
    assert [(task[0], len(task) - 1) for task in asked] == [("send_lane", 1), ("send_lanes", 50), ("send_lanes", 10)]
    asked.clear()
    feeder()
    assert asked == []
    now[0] += 6
    feeder()
    assert len(asked) == 3
    world.change(lambda session: session.execute(update(Outbox).values(state="sent")))
    asked.clear()
    now[0] += 6
    feeder()
    assert asked == []
    assert len(names) == 60


@ON_SQLITE
def test_what_the_queue_did_not_take_is_asked_for_again(world: World) -> None:
    tell(world, 2)
    answers = [False, True]
    asked: list[tuple[str, ...]] = []

    def enqueue(*task: str) -> bool:
        asked.append(task)
        return answers.pop(0)

    feeder = Feeder(world.another(), enqueue, lambda: 100.0)
    feeder()
    feeder()
    assert len(asked) == 2
