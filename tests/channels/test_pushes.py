"""Pushes in the outbox: held over the night, dropped where nobody wants them, said together, replaced by newer ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from bot.outbox import Gate, lane_of
from bot.outbox.pushes import QUIET
from domain.periods import SHANGHAI
from domain.push import NIGHT, Hours, Wish
from models.distributor import Distributor
from models.message import Outbox
from services import push
from services.message import Push, queue
from tests.channels.conftest import World

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME = lane_of("zhangsan")


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def at(world: World, day: int, hour: int, minute: int = 0) -> None:
    world.clock.move(seconds=(shanghai(day, hour, minute) - world.clock()).total_seconds())


def person(world: World) -> int:
    def write(session: Any) -> int:
        now = world.clock()
        row = Distributor(code="ABCDEF", status="active", member=False, role="member", joined_at=now, created_at=now)
        session.add(row)
        session.flush()
        return int(row.id)

    return int(world.change(write))


def tell(world: World, *texts: str, kind: str = "order", to: int | None = None, about: str | None = None) -> None:
    def write(session: Any) -> None:
        for text in texts:
            body, key = {"content": text}, f"p{next(world.keys)}"
            queue(session, key=key, lane=ME, kind="text", body=body, now=world.clock(), push=Push(kind, to, about))

    world.change(write)


def send(world: World, **gate: Any) -> list[Any]:
    """What he sees after everything that is due was sent; the merchant's night is from ten to eight."""
    sender = world.another(gate=Gate(gate.get("quiet", NIGHT), gate.get("spending")))
    for lane in sender.sweep():
        sender.send_lane(lane)
    return world.fake.chat("zhangsan")


def rows(world: World) -> list[tuple[str, str | None]]:
    with world.sessions.reading() as session:
        found = session.execute(select(Outbox.state, Outbox.fault).order_by(Outbox.id))
        return [(row.state, row.fault) for row in found]


def test_by_day_a_push_goes_at_once(world: World) -> None:
    tell(world, "出单 1")
    assert send(world) == ["出单 1"]


def test_at_night_it_waits_for_the_morning_and_answers_do_not(world: World) -> None:
    at(world, 5, 23)
    tell(world, "出单 1")
    world.put("你的海报")
    assert send(world) == ["你的海报"]
    assert rows(world) == [("held", QUIET), ("sent", None)]
    at(world, 6, 7, 59)
    assert world.another(gate=Gate(NIGHT)).sweep() == []
    at(world, 6, 8)
    assert send(world) == ["你的海报", "出单 1"]


@ON_SQLITE
def test_the_notices_of_a_night_are_one_message_in_their_order(world: World) -> None:
    at(world, 5, 23)
    for number in range(3):
        tell(world, f"订单 O{number}：预计佣金 6.80 元。\n回复「订单」看每一单。")
    tell(world, "恭喜，你升到「银牌」了！", kind="level")
    send(world)
    at(world, 6, 8)
    (text,) = send(world)
    assert text.splitlines() == [
        *(f"订单 O{number}：预计佣金 6.80 元。" for number in range(3)),
        "回复「订单」看每一单。",
        "恭喜，你升到「银牌」了！",
    ]
    assert [state for state, _ in rows(world)] == ["sent", "merged", "merged", "merged"]


@ON_SQLITE
def test_what_does_not_fit_into_one_message_becomes_several(world: World) -> None:
    at(world, 5, 23)
    tell(world, *(f"{number}" + "长" * 400 for number in range(4)))
    send(world)
    at(world, 6, 8)
    texts = send(world)
    assert [text[0] for text in texts] == ["0", "1", "2", "3"]
    assert all(len(text.encode()) <= 2048 for text in texts)


@ON_SQLITE
def test_by_day_notices_are_not_said_together(world: World) -> None:
    tell(world, "出单 1", "出单 2")
    assert send(world) == ["出单 1", "出单 2"]


def test_a_newer_state_of_the_same_thing_replaces_what_nobody_has_seen(world: World) -> None:
    at(world, 5, 23)
    tell(world, "已交上去", kind="task", about="task:7")
    tell(world, "已交上去", kind="task", about="task:8")
    send(world)
    tell(world, "已完成", kind="task", about="task:7")
    send(world)
    at(world, 6, 8)
    (text,) = send(world)
    assert text.splitlines() == ["已交上去", "已完成"]
    assert [state for state, _ in rows(world)] == ["merged", "sent", "merged"]


@ON_SQLITE
def test_what_was_seen_is_not_replaced(world: World) -> None:
    tell(world, "已通过审核", kind="withdrawal", about="withdrawal:7")
    send(world)
    tell(world, "已打款", kind="withdrawal", about="withdrawal:7")
    assert send(world) == ["已通过审核", "已打款"]


def test_his_own_choice_is_asked_when_it_is_about_to_be_sent(world: World) -> None:
    me = person(world)
    tell(world, "出单 1", to=me)
    tell(world, "已打款", kind="withdrawal", to=me)
    world.change(lambda session: push.choose(session, me, Wish(False), default=NIGHT, now=world.clock()))
    assert send(world) == ["已打款"]
    assert [state for state, _ in rows(world)] == ["muted", "sent"]


@ON_SQLITE
def test_his_own_hours_beat_the_merchants(world: World) -> None:
    me = person(world)

    def wants(wish: Wish) -> None:
        world.change(lambda session: push.choose(session, me, wish, default=NIGHT, now=world.clock()))

    wants(Wish(True, hours="anytime"))
    at(world, 5, 23)
    tell(world, "出单 1", to=me)
    assert send(world) == ["出单 1"]
    wants(Wish(False, hours=Hours(12 * 60, 14 * 60)))
    at(world, 6, 13)
    tell(world, "出单 2", to=me)
    assert send(world, quiet=None) == ["出单 1"]
    at(world, 6, 14)
    assert send(world, quiet=None) == ["出单 1", "出单 2"]


@ON_SQLITE
def test_a_push_that_was_let_through_and_stuck_is_asked_again(world: World) -> None:
    """Sending was stopped until the night: it does not go off at three in the morning."""
    world.fake.script("message/send", {"errcode": 60020}, {"errcode": 60020})
    tell(world, "出单 1", "出单 2")
    send(world)
    at(world, 6, 3)
    send(world)
    at(world, 6, 9)
    world.run(world.another(gate=Gate(NIGHT)), seconds=130)
    assert sorted(world.fake.chat("zhangsan")) == ["出单 1", "出单 2"]
    assert all(time >= shanghai(6, 9) for time in sent_at(world, "出单"))


def sent_at(world: World, beginning: str) -> list[datetime]:
    with world.sessions.reading() as session:
        found = session.scalars(select(Outbox).where(Outbox.state == "sent"))
        return [row.sent_at for row in found if row.sent_at and row.body["content"].startswith(beginning)]


@ON_SQLITE
def test_a_clock_that_jumps_and_is_turned_back_loses_and_doubles_nothing(world: World) -> None:
    at(world, 5, 23)
    tell(world, "出单 1")
    send(world)
    at(world, 15, 12)  # ten days ahead
    tell(world, "出单 2")
    assert send(world) == ["出单 1", "出单 2"]
    at(world, 15, 23)
    tell(world, "出单 3")
    send(world)
    at(world, 5, 12)  # and back: what waits for the 16th is no longer told to
    assert send(world) == ["出单 1", "出单 2", "出单 3"]


@ON_SQLITE
def test_a_robot_and_an_operator_know_no_night(world: World) -> None:
    at(world, 5, 23)
    world.put("待审核")
    assert send(world) == ["待审核"]


@ON_SQLITE
def test_a_push_that_is_killed_after_it_was_let_through_is_sent_once(world: World) -> None:
    at(world, 5, 23)
    tell(world, "出单 1", "出单 2")
    send(world)
    at(world, 6, 8)
    dying = world.another(gate=Gate(NIGHT))

    def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    dying._work = dies
    with pytest.raises(KeyboardInterrupt):
        dying.send_lane(ME)
    world.wall.move(seconds=16)
    assert send(world) == ["出单 1\n出单 2"]
