"""Reading the log of the 微信客服: each message once and in order, whatever is lost, repeated, late or killed."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from bot.kf import wiring
from bot.kf.puller import QUIET, Puller
from bot.outbox.lanes import LEASE
from bot.outbox.pauses import SERVICE_LOG
from bot.worker import Assistant
from models.kf import Guest, KfLog
from models.message import Inbox, Outbox, Pause
from tests.concurrency.crowd import at_once, connections
from tests.support import dying
from tests.support.databases import Database
from tests.support.service import CORP, KF_SECRET, KFID, Service, running
from tests.support.shop import FERNET, catalogue, understanding

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME, OTHER = "kf-songyu", "kf-linxia"


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    with running(database.sessions) as service:
        service.deliver()  # the log is read for the first time: from here on there is a cursor
        yield service


def log_row(service: Service) -> KfLog:
    with service.shop.sessions.reading() as session:
        return session.scalars(select(KfLog)).one()


def inbox(service: Service) -> list[tuple[str, str | None]]:
    with service.shop.sessions.reading() as session:
        return [(row.state, row.intent) for row in session.scalars(select(Inbox).order_by(Inbox.id))]


def syncs(service: Service) -> list[dict[str, Any]]:
    return [row for row in service.simulator.world.calls if row["path"] == "kf/sync_msg"]


def answers(service: Service) -> int:
    """How many answers were written, sent or not."""
    with service.shop.sessions.reading() as session:
        return len(session.scalars(select(Outbox.id).where(Outbox.key.like("answer:kf:%"))).all())


def settle(service: Service) -> None:
    """Until every knock has arrived."""
    assert service.simulator.world.wait_for(service.simulator.courier.idle, 20)


# Once, and in order


@ON_SQLITE
def test_what_one_knock_told_is_answered_in_the_order_in_which_it_was_said(service: Service) -> None:
    service.does("enter", ME, url=service.link())
    said = service.does("burst", ME, texts=["我要加入", "我的收益", "我的链接"])
    assert ["加入成功" in said[0], "待结算 0.00 元" in said[1], "推广链接" in said[2]] == [True] * 3
    assert log_row(service).wanted == log_row(service).served


@ON_SQLITE
def test_the_token_of_the_knock_is_used(service: Service) -> None:
    service.says(ME, "你好")
    assert syncs(service)[-1]["token"]


@ON_SQLITE
def test_a_knock_that_comes_twice_is_answered_once(service: Service) -> None:
    service.act("faults", callbacks={"duplicate": 1})
    assert service.says(ME, "帮助").count("成为分销员") == 1
    service.later(minutes=3)
    service.deliver()
    assert len(service.seen(ME)) == 1


@ON_SQLITE
def test_a_knock_for_another_account_is_nothing_to_us_and_one_without_is_ours(service: Service) -> None:
    knocks, plain = service.knocks, "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event>{}</xml>"
    assert service.puller.knock(plain.format("<OpenKfId>wkOther</OpenKfId>").encode())
    assert (service.knocks, log_row(service).wanted) == (knocks, log_row(service).served)
    service.act("settings", kf_event_names_account=False)
    assert "成为分销员" in service.says(ME, "帮助")


@ON_SQLITE
def test_more_than_a_page_is_read_on_from_the_cursor(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.kf.client.PAGE", 3)
    before = len(syncs(service))
    service.does("burst", ME, texts=[f"第 {number} 句听不懂的话" for number in range(8)])
    assert len(syncs(service)) - before == 3
    assert [state for state, _ in inbox(service)] == ["handled"] * 8


@ON_SQLITE
def test_an_empty_page_that_says_there_is_more_is_not_the_end(service: Service) -> None:
    service.act("kf/faults", empty_pages=2)
    assert "成为分销员" in service.says(ME, "帮助")
    assert service.errcodes("kf/sync_msg")[-3:] == [0, 0, 0]


@ON_SQLITE
def test_an_empty_page_for_ever_is_asked_less_and_less_often(service: Service) -> None:
    service.act("kf/faults", empty_pages=1000)
    before = len(syncs(service))
    for _ in range(60):
        service.puller.pull()
        service.later(seconds=1)
    assert len(syncs(service)) - before < 12
    service.act("kf/faults", empty_pages=-2000)


@ON_SQLITE
def test_the_welcome_goes_before_what_waits_on_the_page(service: Service) -> None:
    service.act("kf/burst", userid=OTHER, texts=["帮助"] * 5, silent=True)
    service.act("kf/enter", userid=ME, url=service.link())
    settle(service)
    shop, handled = service.shop, []
    puller = service.another_puller()
    puller._handle = lambda number: handled.append(number) or shop.assistant.retry(number)
    puller.pull()
    with shop.sessions.reading() as session:
        kinds = [session.get_one(Inbox, number).inbound["kind"] for number in handled]
    assert kinds == ["greet", *["text"] * 5]


@ON_SQLITE
def test_a_message_that_fails_holds_up_no_other(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Assistant._work

    def failing(self: Assistant, session: Any, inbound: Any, *given: Any, **more: Any) -> Any:
        if inbound.text == "坏的":
            raise RuntimeError("broken")
        return work(self, session, inbound, *given, **more)

    monkeypatch.setattr(Assistant, "_work", failing)
    service.act("kf/burst", userid=ME, texts=["坏的", "帮助"])
    settle(service)
    service.puller.pull()
    assert inbox(service) == [("waiting", None), ("handled", "help")]
    monkeypatch.setattr(Assistant, "_work", work)
    service.later(seconds=2)
    service.deliver()
    assert [state for state, _ in inbox(service)] == ["handled", "handled"]


# Tokens, quotas, faults


@ON_SQLITE
def test_a_token_that_is_over_is_done_without(service: Service) -> None:
    service.later(minutes=1)
    service.act("kf/say", userid=ME, text="帮助")
    settle(service)
    service.act("kf/faults", end_tokens=True)
    service.deliver()
    assert service.errcodes("kf/sync_msg")[-2:] == [95007, 0]
    assert [row["token"] for row in syncs(service)][-2:] == [True, False]
    assert len(service.seen(ME)) == 1


@ON_SQLITE
def test_after_ten_minutes_the_token_is_not_even_tried(service: Service) -> None:
    service.act("kf/say", userid=ME, text="帮助")
    settle(service)
    service.later(minutes=10)
    service.deliver()
    assert 95007 not in service.errcodes("kf/sync_msg")
    assert len(service.seen(ME)) == 1


@ON_SQLITE
def test_a_lost_knock_is_made_up_for_and_an_idle_log_is_read_rarely(service: Service) -> None:
    service.act("faults", callbacks={"lose": 1})
    service.act("kf/say", userid=ME, text="帮助")
    service.deliver()
    assert service.seen(ME) == []
    service.later(seconds=QUIET.total_seconds() + 1)
    service.deliver()
    assert len(service.seen(ME)) == 1
    before = len(syncs(service))
    for _ in range(60):  # ten minutes
        service.deliver()
        service.later(seconds=10)
    assert len(syncs(service)) - before <= timedelta(minutes=10) / QUIET + 1


@ON_SQLITE
def test_where_reading_is_rationed_it_waits_longer_each_time(service: Service) -> None:
    service.act("settings", kf_bare_per_minute=0)
    service.act("faults", callbacks={"lose": 1})
    service.act("kf/say", userid=ME, text="帮助")
    for _ in range(60):
        service.later(seconds=30)
        service.deliver()
    assert service.errcodes("kf/sync_msg").count(45009) <= 6  # in half an hour
    service.act("settings", kf_bare_per_minute=6)
    service.later(hours=1)
    service.deliver()
    assert len(service.seen(ME)) == 1


@ON_SQLITE
@pytest.mark.parametrize(
    "fault", [{"errcode": -1}, {"effect": "http_502"}, {"effect": "reset_before"}, {"effect": "reset_after"}]
)
def test_a_passing_fault_is_repeated(service: Service, fault: dict[str, Any]) -> None:
    service.act("faults", path="kf/sync_msg", times=2, **fault)
    service.act("kf/say", userid=ME, text="帮助")
    for _ in range(8):
        service.deliver()
        service.later(seconds=1)
    assert len(service.seen(ME)) == 1


@ON_SQLITE
def test_what_a_person_must_mend_is_told_once_and_goes_on_when_it_is_mended(service: Service) -> None:
    service.act("faults", ip_list=["10.0.0.1"])
    service.act("kf/say", userid=ME, text="帮助")
    for _ in range(10):
        service.deliver()
        service.later(seconds=20)
    assert [text for text in service.shop.told("boss") if "收不到顾客的消息" in text and "60020" in text]
    assert len(service.shop.told("boss")) == 1
    assert service.errcodes("kf/sync_msg").count(60020) <= 4
    with service.shop.sessions.reading() as session:
        assert session.scalars(select(Pause.scope)).all() == [SERVICE_LOG]
    service.act("faults", ip_list=None)
    service.later(seconds=61)
    service.deliver()
    assert len(service.seen(ME)) == 1
    with service.shop.sessions.reading() as session:
        assert session.scalars(select(Pause)).all() == []


# The cursor lost, and the first reading of all


def test_read_from_the_beginning_nothing_is_answered_twice_and_nothing_old_at_all(service: Service) -> None:
    service.enters(ME, service.shop.joins("xiaoli"))
    service.says(ME, "帮助")
    before = len(service.seen(ME))
    with service.shop.sessions.writing() as session:
        session.execute(update(KfLog).values(cursor=None, old_before=None, served=0))
        session.execute(update(Inbox).where(Inbox.channel == "kf").values(key=Inbox.key + "-gone"))  # a restored backup
        session.execute(update(Guest).values(scene=None))
    service.later(minutes=11)
    service.act("kf/say", userid=ME, text="在吗")
    service.deliver()
    assert len(service.seen(ME)) == before + 1
    assert [intent for _, intent in inbox(service)][-3:] == ["ignored", "ignored", "greet"]
    with service.shop.sessions.reading() as session:
        assert session.scalars(select(Guest.scene)).one() == service.shop.code("xiaoli")


@ON_SQLITE
def test_a_refused_cursor_is_given_up_and_known_messages_stay_known(service: Service) -> None:
    service.says(ME, "帮助")
    with service.shop.sessions.writing() as session:
        session.execute(update(KfLog).values(cursor="of another world"))
    service.says(ME, "谢谢")
    service.deliver()
    assert service.errcodes("kf/sync_msg").count(40058) == 1
    assert len(service.seen(ME)) == 2


@ON_SQLITE
def test_after_hours_of_standing_still_everything_is_answered(service: Service) -> None:
    """With a cursor what is old was not seen yet: it is answered, however late."""
    service.act("kf/burst", userid=ME, texts=["我要加入", "我的收益"], silent=True)
    service.later(hours=5)
    service.deliver()
    assert ["加入成功" in said or "待结算" in said for said in service.seen(ME)] == [True, True]


# Several processes


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)  # SQLite has one writer at a time
def test_two_who_pull_at_once_ask_one_at_a_time_and_handle_each_message_once(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.kf.client.PAGE", 2)
    service.act("faults", path="kf/sync_msg", effect="concurrency", limit=1)  # a second at the same time is 45033
    shop = service.shop
    handled: Counter[int] = Counter()
    lock = threading.Lock()
    with connections(database, 8) as sessions:

        def one() -> Puller:
            assistant = Assistant(sessions, shop.house, understanding(), shop.clock, shop.wake)

            def handle(number: int) -> None:
                with lock:
                    handled[number] += 1
                assistant.retry(number)

            puller = wiring.puller(
                service.client(), sessions, shop.vault, shop.clock, catalogue(),
                assistant=assistant, wake=lambda: None, wall=shop.clock,
            )  # fmt: skip
            puller._handle = handle
            return puller

        for guest in (ME, OTHER):
            service.act("kf/burst", userid=guest, texts=["我要加入", *["我的收益"] * 5])
        settle(service)
        at_once([puller.pull for puller in (one(), one(), one(), one())])
    assert (len(handled), set(handled.values())) == (12, {1})
    assert set(service.errcodes("kf/sync_msg")) == {0}
    assert answers(service) == 12
    service.deliver()
    assert [("加入成功" in service.seen(guest)[0]) for guest in (ME, OTHER)] == [True, True]


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
def test_a_knock_that_comes_while_the_last_page_is_read_is_not_forgotten(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds the lease taken and goes away; whoever holds it sees that more was wanted meanwhile."""
    store, late = Puller._store, iter(["帮助"])

    def slow(self: Puller, *given: Any) -> None:
        for text in late:
            service.act("kf/say", userid=OTHER, text=text)
            settle(service)
            service.another_puller().pull()
        store(self, *given)

    monkeypatch.setattr(Puller, "_store", slow)
    service.act("kf/say", userid=ME, text="帮助")
    settle(service)
    service.puller.pull()
    assert [state for state, _ in inbox(service)] == ["handled", "handled"]


# Killed


KILLED = [("sqlite", "before storing"), *((name, "before answering") for name in ("sqlite", "postgresql", "mariadb"))]


@pytest.mark.parametrize(("database", "where"), KILLED, indirect=["database"])
def test_a_process_that_is_killed_loses_nothing_and_doubles_nothing(service: Service, where: str) -> None:
    service.act("kf/burst", userid=ME, texts=["我要加入", "我的收益"])
    settle(service)
    url = service.shop.sessions.engine.url.render_as_string(hide_password=False)
    keys, instant = (FERNET, "a secret key of the tests"), service.shop.clock().isoformat()
    child = multiprocessing.get_context("spawn").Process(
        target=dying.pull, args=(url, service.url, (CORP, KFID, KF_SECRET), keys, instant, where)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    stored = 2 if where == "before answering" else 0
    assert inbox(service) == [("pulled", None)] * stored
    assert not service.puller.sweep()  # its lease still stands
    service.later(seconds=LEASE.total_seconds() + 1)
    service.deliver()
    said = service.seen(ME)
    assert ["加入成功" in said[0], "待结算 0.00 元" in said[1], len(said)] == [True, True, 2]


@ON_SQLITE
def test_a_knock_that_cannot_be_kept_is_refused_so_that_it_comes_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise OperationalError("UPDATE", {}, Exception("the database is down"))

    monkeypatch.setattr(Puller, "_note", down)
    service.act("kf/say", userid=ME, text="帮助")
    settle(service)
    assert service.simulator.courier.log[-1].attempts[-1]["status"] == 503
    monkeypatch.undo()
    assert service.act("redeliver", callback=service.simulator.courier.log[-1].id)
    service.deliver()
    assert len(service.seen(ME)) == 1
