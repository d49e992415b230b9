"""A merchant's push to many: one call for a thousand, nobody twice, nobody who does not want it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.outbox import Gate, Limits, Spending, lane_of
from domain.errors import Invalid
from domain.periods import SHANGHAI
from domain.push import NIGHT, Hours, Wish
from models.distributor import Distributor, Identity
from models.message import Outbox
from models.push import Announcement
from services import push
from services.push import announcement
from tests.channels.conftest import World
from tests.channels.fake_wecom import Reset

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXT = "周末草莓加一个点"


def people(world: World, count: int, **more: Any) -> list[int]:
    """Members u1, u2 …, and their distributors' ids."""

    def write(session: Any) -> list[int]:
        now, found = world.clock(), []
        for number in range(1, count + 1):
            row = Distributor(code=f"CODE{number:04d}", status="active", member=False, role="member")
            row.joined_at = row.created_at = now
            for name, value in more.items():
                setattr(row, name, value)
            session.add(row)
            session.flush()
            name = f"u{number}"
            identity = Identity(distributor_id=row.id, kind="wecom", digest=name, plain=name, created_at=now)
            session.add(identity)
            found.append(row.id)
        return found

    return list(world.change(write))


def create(world: World, text: str = TEXT, **chosen: Any) -> int:
    options = {"role": None, "level": None} | chosen
    return int(world.change(lambda session: announcement.create(session, text, now=world.clock(), **options)[0].id))


def wants(world: World, person: int, wish: Wish) -> None:
    world.change(lambda session: push.choose(session, person, wish, default=NIGHT, now=world.clock()))


def state(world: World, number: int) -> dict[str, Any]:
    with world.sessions.reading() as session:
        row = session.get_one(Announcement, number)
        counts = {"sent": row.sent, "muted": row.muted, "alone": row.alone, "unreached": row.unreached}
        return {"state": row.state} | {name: count for name, count in counts.items() if count}


def receivers(world: World) -> list[str]:
    return [userid for call in world.fake.seen("message/send") for userid in call.json["touser"].split("|")]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcement, "LARGEST_PAGE", 4)


def test_everybody_gets_it_once_by_calls_for_many(world: World, small_pages: None) -> None:
    people(world, 10)
    number = create(world)
    world.run(world.another(gate=Gate(NIGHT)), seconds=4)
    assert sorted(receivers(world)) == sorted(f"u{n}" for n in range(1, 11))
    assert world.fake.count("message/send") == 3
    assert state(world, number) == {"state": "done", "sent": 10}
    assert world.fake.chat("u7") == [TEXT]


@ON_SQLITE
def test_a_page_holds_a_thousand(world: World) -> None:
    people(world, 1001)
    create(world)
    world.run(world.another(), seconds=0)
    sizes = [len(call.json["touser"].split("|")) for call in world.fake.seen("message/send")]
    assert sizes == [1000, 1]


@ON_SQLITE
def test_who_does_not_want_it_is_passed_over_and_who_wants_it_later_waits(world: World) -> None:
    mine = people(world, 4)
    wants(world, mine[0], Wish(False, frozenset(("news",))))
    noon = datetime(2026, 1, 5, 12, tzinfo=SHANGHAI)
    world.clock.move(seconds=(noon - world.clock()).total_seconds())

    wants(world, mine[1], Wish(False, hours=Hours(11 * 60, 14 * 60)))
    number = create(world)
    world.run(world.another(gate=Gate(NIGHT)), seconds=4)
    assert sorted(receivers(world)) == ["u3", "u4"]
    assert state(world, number) == {"state": "done", "sent": 2, "muted": 1, "alone": 1}
    world.clock.move(hours=2)
    world.run(world.another(gate=Gate(NIGHT)), seconds=4)
    assert world.fake.chat("u2") == [TEXT]
    assert world.fake.chat("u1") == []


@ON_SQLITE
def test_at_night_it_waits_for_the_morning(world: World) -> None:
    people(world, 2)
    late = datetime(2026, 1, 5, 23, tzinfo=SHANGHAI)
    world.clock.move(seconds=(late - world.clock()).total_seconds())
    number = create(world)
    sender = world.another(gate=Gate(NIGHT))
    world.run(sender, seconds=4)
    assert receivers(world) == []
    assert sender.sweep() == []
    world.clock.move(hours=9)
    world.run(sender, seconds=4)
    assert state(world, number) == {"state": "done", "sent": 2}


@ON_SQLITE
def test_who_cannot_be_reached_is_counted(world: World) -> None:
    mine = people(world, 4)
    world.change(lambda session: session.delete(session.scalars(select(Identity).where(Identity.plain == "u4")).one()))
    world.change(lambda session: setattr(session.get_one(Distributor, mine[2]), "status", "departed"))
    world.fake.script("message/send", {"errcode": 0, "invaliduser": "u2", "msgid": "m"})
    number = create(world)
    world.run(world.another(), seconds=0)
    assert state(world, number) == {"state": "done", "sent": 1, "unreached": 2}


@ON_SQLITE
def test_a_page_of_none_but_invalid_ones_does_not_stop_the_others(world: World, small_pages: None) -> None:
    people(world, 8)
    world.fake.script("message/send", {"errcode": 81013})
    number = create(world)
    world.run(world.another(), seconds=4)
    assert state(world, number) == {"state": "done", "sent": 4, "unreached": 4}


@ON_SQLITE
def test_an_uncertain_page_is_repeated_byte_for_byte(world: World) -> None:
    people(world, 3)
    world.fake.script("message/send", Reset(after=True))
    number = create(world)
    world.run(world.another(), seconds=10)
    first, second = world.fake.seen("message/send")
    assert first.body == second.body
    assert all(world.fake.chat(f"u{n}") == [TEXT] for n in (1, 2, 3))
    assert state(world, number) == {"state": "done", "sent": 3}


@ON_SQLITE
def test_the_same_text_may_be_pushed_again(world: World) -> None:
    people(world, 2)
    for _ in range(2):
        create(world)
        world.run(world.another(), seconds=4)
    assert world.fake.chat("u1") == [TEXT, TEXT]


def test_many_senders_tell_nobody_twice(world: World, small_pages: None) -> None:
    people(world, 30)
    number = create(world)
    senders = [world.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sender: sender.send_lane(f"push:{number}"), senders))
    assert sorted(receivers(world)) == sorted(f"u{n}" for n in range(1, 31))
    assert state(world, number) == {"state": "done", "sent": 30}


@ON_SQLITE
def test_a_push_that_is_killed_goes_on_where_it_stood(world: World, small_pages: None) -> None:
    people(world, 10)
    number = create(world)
    dying, left = world.another(), [2]
    work = dying._work

    def dies(*args: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return work(*args)

    dying._work = dies
    with pytest.raises(KeyboardInterrupt):
        dying.send_lane(f"push:{number}")
    assert len(receivers(world)) == 8
    world.wall.move(seconds=16)
    world.run(world.another(), seconds=4)
    assert sorted(receivers(world)) == sorted(f"u{n}" for n in range(1, 11))
    assert state(world, number) == {"state": "done", "sent": 10}


@ON_SQLITE
def test_a_member_whose_own_budget_is_spent_gets_it_later(world: World) -> None:
    people(world, 2)
    world.put(*(f"第 {number} 条" for number in range(25)), to="u1")
    sender = world.another()
    sender.send_lane(lane_of("u1"))
    number = create(world)
    world.run(sender, seconds=4)
    assert world.fake.chat("u2") == [TEXT]
    assert TEXT not in world.fake.chat("u1")
    assert state(world, number) == {"state": "done", "sent": 1, "alone": 1}
    world.run(sender, seconds=70)
    assert world.fake.chat("u1")[-1] == TEXT


@ON_SQLITE
def test_no_more_than_four_pushes_reach_the_same_people_within_a_minute(world: World) -> None:
    people(world, 1)
    for number in range(6):
        create(world, f"第 {number} 次")
    sender = world.another()
    world.run(sender, seconds=50)
    assert len(world.fake.chat("u1")) == 4
    world.run(sender, seconds=70)
    assert len(world.fake.chat("u1")) == 6


@ON_SQLITE
def test_the_days_quota_parts_a_push(world: World, small_pages: None) -> None:
    people(world, 20)
    number = create(world)
    sender = world.another(gate=Gate(None, Spending("wecom", Limits({}, 10))))
    world.run(sender, seconds=10)
    assert len(receivers(world)) == 8  # two pages; a third would be beyond the nine that pushes may take of ten
    assert sender.sweep() == []
    for _ in range(2):
        world.clock.move(days=1)
        world.run(sender, seconds=10)
    assert sorted(receivers(world)) == sorted(f"u{n}" for n in range(1, 21))
    assert state(world, number) == {"state": "done", "sent": 20}


@ON_SQLITE
def test_a_stopped_push_ends_also_where_it_waits(world: World, small_pages: None) -> None:
    people(world, 12)
    number = create(world)
    sender = world.another(gate=Gate(None, Spending("wecom", Limits({}, 10))))
    world.run(sender, seconds=10)
    assert world.change(lambda session: announcement.stop(session, number, now=world.clock())[1])
    assert not world.change(lambda session: announcement.stop(session, number, now=world.clock())[1])
    world.clock.move(days=1)
    world.run(sender, seconds=10)
    assert len(receivers(world)) == 8
    assert state(world, number) == {"state": "stopped", "sent": 8}
    with world.sessions.reading() as session:
        assert list(
            session.scalars(select(Outbox.state).where(Outbox.lane == f"push:{number}").order_by(Outbox.id))
        ) == [
            "sent",
            "sent",
            "muted",
        ]


@ON_SQLITE
def test_a_role_alone(world: World) -> None:
    mine = people(world, 3)
    world.change(
        lambda session: session.execute(update(Distributor).where(Distributor.id == mine[1]).values(role="leader"))
    )
    create(world, role="leader")
    world.run(world.another(), seconds=0)
    assert receivers(world) == ["u2"]


@ON_SQLITE
@pytest.mark.parametrize("text", ["", "  \n", "长" * 683])
def test_what_is_no_message_is_refused(world: World, text: str) -> None:
    people(world, 1)
    with pytest.raises(Invalid):
        create(world, text)


@ON_SQLITE
def test_a_push_for_nobody_is_refused(world: World) -> None:
    people(world, 1)
    with pytest.raises(announcement.NobodyIsThat):
        create(world, role="leader")
    with pytest.raises(Invalid):
        create(world, level="gold")


@ON_SQLITE
def test_a_paused_app_pauses_a_push_too(world: World) -> None:
    people(world, 2)
    number = create(world)
    world.fake.script("message/send", {"errcode": 60020})
    sender = world.another()
    world.run(sender, seconds=10)
    assert state(world, number) == {"state": "open"}
    world.run(sender, seconds=120)
    assert state(world, number) == {"state": "done", "sent": 2}
    assert [call.json["touser"] for call in world.fake.seen("message/send")[:2]] == ["u1|u2", "u1|u2"]
