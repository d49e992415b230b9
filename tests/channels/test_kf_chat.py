"""A chat of the 微信客服 over real HTTP: what may be sent, what waits, persons who serve, and what goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update

from bot.kf import doctor
from bot.kf.commands import KfDeps, group
from bot.outbox.kf import KfChats
from domain.kf import FAILED, Session
from models.base import Base
from models.kf import Guest
from models.message import Outbox, Pause
from services import guest, message
from tests.support.databases import Database
from tests.support.service import KFID, Service, running

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME, OTHER = "kf-songyu", "kf-linxia"


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    with running(database.sessions) as service:
        service.deliver()
        yield service
        assert service.shop.differences() == []


def tell(service: Service, *texts: str, to: str = ME) -> None:
    """Texts of ours, one row each."""
    with service.shop.sessions.writing() as session:
        before = len(session.scalars(select(Outbox.id)).all())
        for number, said in enumerate(texts):
            message.queue(
                session, key=f"test:{before + number}", lane=service.lane(to), kind="text", body={"content": said},
                now=service.shop.clock(),
            )  # fmt: skip


def rows(service: Service, *where: Any) -> list[Outbox]:
    with service.shop.sessions.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.lane == service.lane(ME), *where).order_by(Outbox.id)))


def states(service: Service) -> list[str]:
    """Of the texts that `tell` wrote."""
    return [row.state for row in rows(service, Outbox.key.like("test:%"))]


def local_state(service: Service) -> int:
    with service.shop.sessions.reading() as session:
        return session.scalars(select(Guest.state).where(Guest.digest == service.digest(ME))).one()


# Coming


@ON_SQLITE
def test_the_welcome_goes_by_its_code_and_costs_nothing(service: Service) -> None:
    assert service.enters(ME).endswith("[我要加入][规则][人工]")
    assert service.errcodes("kf/send_msg_on_event") == [0]
    assert service.errcodes("kf/send_msg") == []


@ON_SQLITE
def test_a_welcome_whose_twenty_seconds_are_over_is_not_said(service: Service) -> None:
    service.act("kf/enter", userid=ME, url=service.link())
    service.later(seconds=21)
    service.deliver()
    assert (service.seen(ME), service.errcodes("kf/send_msg_on_event")) == ([], [])
    assert "回复「我要加入」" in service.says(ME, "你好")


@ON_SQLITE
def test_a_welcome_is_said_once_whatever_becomes_of_the_answer(service: Service) -> None:
    service.act("faults", path="kf/send_msg_on_event", effect="reset_after", times=1)
    service.enters(ME)
    service.later(seconds=3)
    service.deliver()
    assert len(service.seen(ME)) == 1
    assert [row.state for row in rows(service)] == ["sent"]


@ON_SQLITE
def test_who_comes_again_without_a_code_is_greeted_only_by_somebody_s_link(service: Service) -> None:
    code = service.shop.joins("xiaoli")
    service.enters(ME)
    assert service.enters(ME) == ""
    assert service.enters(ME, code) == ""  # he has not written: nothing may be sent
    assert "邀请你一起做" in service.says(ME, "你好")
    assert "邀请你一起做" in service.enters(ME, code)
    assert service.enters(ME) == ""


@ON_SQLITE
@pytest.mark.parametrize("param", ["", "NOBODY", "ZZZZZZ", "x" * 128])
def test_a_link_of_nobody_is_a_plain_greeting(service: Service, param: str) -> None:
    assert "有邀请码的话一起发来" in service.enters(ME, param)
    assert "邀请人：" not in service.says(ME, "我要加入")


@ON_SQLITE
def test_whoever_is_one_already_is_told_how_to_name_his_inviter(service: Service) -> None:
    inviter = service.shop.joins("xiaoli")
    service.joins(ME)
    assert f"回复「绑定 {inviter}」" in service.enters(ME, inviter)
    assert service.says(ME, f"绑定 {inviter}").startswith("已绑定")


# What is said, and how


@ON_SQLITE
def test_buttons_are_entries_of_a_menu_and_an_old_one_confirms_nothing_new(service: Service) -> None:
    service.joins(ME)
    shop = service.shop
    no = shop.sells(None, "100.00", ref={"code": service.code(ME)})
    shop.completes(no)
    service.later(days=8)
    shop.clock()
    shop.settles()
    service.says(ME, "提现")
    old = next(row for row in reversed(service.entries(ME)) if row["type"] == "msgmenu")
    service.says(ME, "取消")
    assert service.says(ME, "提现").endswith("[确认][取消]")
    item = old["content"]["list"][0]["click"]["id"]
    assert "没有提交" in "\n".join(service.does("tap", ME, id=old["id"], item=item))
    assert "已提交提现 10.00 元" in service.taps(ME, "确认")
    assert "之前已经提交过了" in service.taps(ME, "确认")


@ON_SQLITE
def test_what_is_not_understood_offers_the_nearest_to_tap(service: Service) -> None:
    service.joins(ME)
    said = service.says(ME, "阿巴阿巴")
    assert said.startswith("没太明白")
    first = said.rsplit("\n", 1)[1].partition("]")[0].removeprefix("[")
    assert first in said.splitlines()[0]
    assert "没太明白" not in service.taps(ME, first)


@ON_SQLITE
def test_a_long_answer_stands_above_its_menu_in_as_many_messages_as_it_needs(service: Service) -> None:
    service.says(ME, "你好")
    items = [{"key": "help", "task": "t-1", "text": "帮助"}]
    body = {"content": "好" * 341, "items": items}
    with service.shop.sessions.writing() as session:
        message.queue(session, key="m", lane=service.lane(ME), kind="menu", body=body, now=service.shop.clock())
        body = {"content": "好" * 342, "items": items}
        message.queue(session, key="n", lane=service.lane(ME), kind="menu", body=body, now=service.shop.clock())
    service.deliver()
    assert [row.state for row in rows(service, Outbox.kind == "menu")][-2:] == ["sent", "given_up"]  # 1,024 bytes
    assert service.errcodes("kf/send_msg")[-1] == 40058


@ON_SQLITE
def test_a_poster_is_uploaded_once_and_shown(service: Service) -> None:
    service.joins(ME)
    service.says(ME, "海报")
    service.says(ME, "海报")
    assert [row["type"] for row in service.entries(ME)].count("image") == 2
    assert service.errcodes("media/upload") == [0]


@ON_SQLITE
def test_a_picture_whose_three_days_are_over_is_uploaded_again(service: Service) -> None:
    service.joins(ME)
    service.says(ME, "海报")
    service.act("settings", media_seconds=1)
    service.later(seconds=5)
    assert service.says(ME, "海报").endswith("[image]")
    assert service.errcodes("media/upload") == [0, 0]
    assert 40007 in service.errcodes("kf/send_msg")


@ON_SQLITE
@pytest.mark.parametrize("what", ["image", "voice", "location"])
def test_a_picture_is_answered_with_what_can_be_read(service: Service, what: str) -> None:
    assert service.does(what, ME) == ["我只看得懂文字，图片、语音和位置看不了。回复「帮助」看我能做什么。"]


# How much


def test_five_for_one_of_his_then_they_wait_for_the_next(service: Service) -> None:
    service.says(ME, "谢谢")  # is answered by one
    for number in range(7):
        tell(service, f"通知 {number}")
        service.deliver()
    assert service.seen(ME)[1:] == [f"通知 {number}" for number in range(4)]
    assert states(service) == ["sent"] * 4 + ["parked"] * 3
    assert set(service.errcodes("kf/send_msg")) == {0}  # nothing was tried that cannot succeed
    service.says(ME, "谢谢")
    assert service.seen(ME)[5:8] == ["通知 4", "通知 5", "通知 6"]


@ON_SQLITE
def test_more_than_may_be_sent_is_said_in_one(service: Service) -> None:
    service.says(ME, "谢谢")
    service.later(hours=49)
    tell(service, *(f"第 {number} 条" for number in range(1, 9)))
    service.deliver()
    assert states(service) == ["parked"] * 8
    service.says(ME, "谢谢")
    said = service.seen(ME)[1]
    assert said.startswith("\n\n".join(f"第 {number} 条" for number in range(1, 9)))
    assert states(service) == ["sent"] + ["merged"] * 7


@ON_SQLITE
def test_where_the_platform_counts_otherwise_its_word_counts(service: Service) -> None:
    service.says(ME, "谢谢")
    service.act("settings", kf_messages=2)
    for number in range(3):
        tell(service, f"通知 {number}")
        service.deliver()
    assert service.errcodes("kf/send_msg") == [0, 0, 95001]  # once refused, nothing more is tried
    assert states(service) == ["sent", "parked", "parked"]
    service.act("settings", kf_messages=5)
    service.says(ME, "谢谢")
    assert service.seen(ME)[2:4] == ["通知 1", "通知 2"]


@ON_SQLITE
def test_two_days_run_from_his_message_not_from_when_we_saw_it(service: Service) -> None:
    service.act("kf/burst", userid=ME, texts=["谢谢"], silent=True)
    service.later(hours=47)
    service.deliver()
    assert len(service.seen(ME)) == 1
    service.later(minutes=59)
    tell(service, "太晚")
    service.deliver()
    assert (states(service), 95002 in service.errcodes("kf/send_msg")) == (["parked"], False)


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)  # SQLite has one writer at a time
def test_a_message_is_not_parked_while_the_contact_that_frees_it_goes_by(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender looks while the contact's transaction is open: it waits for it, and then may send."""
    service.says(ME, "谢谢")
    service.later(hours=49)
    tell(service, "通知")
    looking, parking = threading.Event(), KfChats.parking

    def look(self: KfChats, *given: Any) -> str | None:
        looking.set()
        return parking(self, *given)

    monkeypatch.setattr(KfChats, "parking", look)
    service.act("kf/burst", userid=ME, texts=["在吗"], silent=True)
    now = service.shop.clock()
    inbound = service.shop.inbound("x", "在吗")
    inbound = type(inbound)("race", "kf", service.digest(ME), "text", "在吗", now, sealed="x")
    sending = threading.Thread(target=service.sender.send_lane, args=(service.lane(ME),))
    with service.shop.sessions.writing() as session:
        guest.seen(session, inbound, now=now)
        session.flush()
        sending.start()
        assert looking.wait(20)
    sending.join()
    assert states(service) == ["sent"]


# Seen once


@ON_SQLITE
@pytest.mark.parametrize(
    "fault", [{"errcode": -1}, {"effect": "http_502"}, {"effect": "reset_before"}, {"effect": "reset_after"}]
)
def test_whatever_is_uncertain_is_repeated_and_seen_once(service: Service, fault: dict[str, Any]) -> None:
    service.says(ME, "谢谢")
    service.act("faults", path="kf/send_msg", times=1, **fault)
    tell(service, "通知")
    service.deliver()
    service.later(seconds=5)
    service.deliver()
    assert service.seen(ME)[1:] == ["通知"]
    tell(service, *"二三四")
    service.deliver()
    assert len(service.seen(ME)) == 5  # what was not taken does not count, what was counts once


@ON_SQLITE
def test_a_message_whose_sender_died_is_sent_again_under_its_number(service: Service) -> None:
    service.says(ME, "谢谢")
    tell(service, "通知")
    service.deliver()
    with service.shop.sessions.writing() as session:  # as if the second transaction had never come
        session.execute(update(Outbox).where(Outbox.key.like("test:%")).values(state="sending"))
    service.later(seconds=20)
    service.deliver(service.another_sender())
    assert service.errcodes("kf/send_msg")[-2:] == [0, 95033]
    assert (service.seen(ME)[1:], states(service)) == (["通知"], ["sent"])


@ON_SQLITE
def test_two_messages_never_have_one_number(service: Service) -> None:
    """Not even where a database was restored from a backup and counts its rows again."""
    made = [
        Outbox(id=7, key=key, number=number, created_at=service.shop.clock() + timedelta(seconds=after))
        for key in ("a", "b")
        for number in (None, 1)
        for after in (0, 1)
    ]
    numbers = {guest.msgid(row) for row in made}
    assert len(numbers) == len(made)
    assert all(len(number) <= 32 for number in numbers)


@ON_SQLITE
def test_an_address_that_is_not_in_the_list_stops_the_service_and_nothing_else(service: Service) -> None:
    service.says(ME, "谢谢")
    service.act("faults", ip_list=["10.0.0.1"])
    tell(service, "一", "二")
    service.deliver()
    with service.shop.sessions.reading() as session:
        assert session.scalars(select(Pause.scope)).all() == ["kf"]
    assert service.errcodes("kf/send_msg") == [0, 60020]
    service.act("faults", ip_list=None)
    service.later(seconds=61)
    service.deliver()
    assert service.seen(ME)[1:] == ["一", "二"]


# Taken in, and not delivered


@ON_SQLITE
@pytest.mark.parametrize("fail_type", sorted(FAILED))
def test_what_did_not_arrive_waits_or_is_given_up_by_its_kind(service: Service, fail_type: int) -> None:
    service.says(ME, "谢谢")
    service.act("kf/faults", fail=[fail_type])
    tell(service, "通知")
    service.deliver()
    fate = FAILED[fail_type]
    assert states(service) == ["given_up" if fate == "drop" else "parked"]
    assert [text for text in service.shop.told("boss") if "顾客收不到" in text] == (
        service.shop.told("boss") if fate == "mend" else []
    )
    assert bool(service.shop.told("boss")) == (fate == "mend")
    service.says(ME, "谢谢")
    assert ("通知" in service.seen(ME)) == (fate != "drop")


@ON_SQLITE
def test_a_message_that_never_arrives_is_given_up_in_the_end(service: Service) -> None:
    service.says(ME, "谢谢")
    tell(service, "通知")
    for _ in range(3):
        service.act("kf/faults", fail=[0])
        service.says(ME, "谢谢")
    service.says(ME, "谢谢")
    assert "通知" not in service.seen(ME)
    assert states(service) == ["given_up"]


@ON_SQLITE
def test_the_operators_hear_of_it_once_a_day(service: Service) -> None:
    service.says(ME, "谢谢")
    service.act("kf/faults", fail=[8, 8])
    tell(service, "一")
    service.deliver()
    service.act("kf/say", userid=ME, text="谢谢")
    service.deliver()
    assert len(service.shop.told("boss")) == 1
    assert "企业未认证" in service.shop.told("boss")[0]


@ON_SQLITE
def test_a_failure_that_is_told_twice_is_one(service: Service) -> None:
    service.says(ME, "谢谢")
    service.act("kf/faults", fail=[4])
    tell(service, "通知")
    service.deliver()
    service.says(ME, "谢谢")
    kf = service.simulator.kf
    assert kf is not None
    event = next(item for _, item in kf.log.items if item.get("event", {}).get("event_type") == "msg_send_fail")
    kf.log.write(ME, {**event, "msgid": "told again"})
    service.deliver()
    assert states(service) == ["sent"]


# Persons


def test_a_person_takes_over_serves_and_gives_back(service: Service) -> None:
    service.joins(ME)
    assert service.says(ME, "转人工").startswith("已为你转人工")
    assert (service.state(ME), local_state(service)) == (Session.WAITING, Session.WAITING)
    assert "在微信客服里找人工" in service.shop.told("boss")[-1]
    assert service.says(ME, "我赚了多少") == ""  # whatever he says now is for the person
    assert service.does("take", ME) == ["人工客服已接入，直接和他说就行。"]
    assert service.does("reply", ME, text="你好，我是王芳") == []
    assert service.says(ME, "提现") == ""
    ended = service.does("end", ME)
    assert len(ended) == 1
    assert ended[0].startswith("人工服务结束了")
    assert local_state(service) == Session.ENDED
    assert "待结算 0.00 元" in service.says(ME, "我赚了多少")
    assert local_state(service) == Session.NEW
    assert set(service.errcodes("kf/send_msg")) == {0}


@ON_SQLITE
def test_what_would_be_sent_meanwhile_waits_until_he_is_back(service: Service) -> None:
    service.joins(ME)
    service.says(ME, "人工")
    tell(service, "通知")
    service.deliver()
    service.does("take", ME)
    assert states(service) == ["parked"]
    service.does("end", ME)
    assert states(service) == ["parked"]  # it is over: he must write first
    assert "通知" in service.says(ME, "你好")


@ON_SQLITE
def test_where_nobody_receives_he_is_told_and_the_assistant_goes_on(service: Service) -> None:
    service.act("kf/status", servicer="wangfang", receiving=False)
    assert service.says(ME, "人工").startswith("现在没有人工客服在线")
    assert (service.state(ME), local_state(service)) == (Session.NEW, Session.NEW)
    assert "成为分销员" in service.says(ME, "帮助")


@ON_SQLITE
def test_who_does_not_want_to_wait_any_more_has_the_assistant_back(service: Service) -> None:
    service.says(ME, "人工")
    assert service.says(ME, "取消") == "好的，我回来了，不用等人工。想问什么直接说。"
    assert local_state(service) == Session.ENDED
    assert "成为分销员" in service.says(ME, "帮助")


@ON_SQLITE
def test_where_the_platform_lets_nobody_back_he_goes_on_waiting(service: Service) -> None:
    service.act("settings", kf_may_end_early=False)
    service.says(ME, "人工")
    assert service.says(ME, "取消") == ""
    assert (service.state(ME), local_state(service)) == (Session.WAITING, Session.WAITING)
    service.does("take", ME)
    assert local_state(service) == Session.PERSON


@ON_SQLITE
def test_a_session_that_ended_without_a_word_is_noticed_and_his_message_answered(service: Service) -> None:
    """After two days it is over, and nobody tells."""
    service.says(ME, "人工")
    service.does("take", ME)
    service.later(hours=49)
    assert "成为分销员" in service.says(ME, "帮助")
    assert local_state(service) == Session.NEW


@ON_SQLITE
def test_a_person_who_serves_without_being_asked_is_noticed(service: Service) -> None:
    """He took the chat in his client; a message of ours that was on its way is refused and waits."""
    service.joins(ME)
    service.act("faults", callbacks={"lose": 1})
    service.act("kf/take", userid=ME)
    tell(service, "通知")
    service.sender.send_lane(service.lane(ME))
    assert service.errcodes("kf/send_msg")[-1] == 95018
    assert (states(service), local_state(service)) == (["parked"], Session.PERSON)


@ON_SQLITE
def test_a_transition_whose_answer_is_lost_is_not_made_twice(service: Service) -> None:
    service.says(ME, "你好")
    service.act("faults", path="kf/service_state/trans", effect="reset_after", times=1)
    service.says(ME, "人工")
    service.later(seconds=3)
    service.deliver()
    assert service.errcodes("kf/service_state/trans") == [None, 95016]
    assert (service.state(ME), local_state(service)) == (Session.WAITING, Session.WAITING)
    service.does("take", ME)
    assert service.seen(ME)[-1].startswith("人工客服已接入")


@ON_SQLITE
@pytest.mark.parametrize(("change", "state"), [("hand_on", Session.PERSON), ("end", Session.ENDED)])
def test_what_a_person_does_next_is_followed(service: Service, change: str, state: Session) -> None:
    service.says(ME, "人工")
    service.does("take", ME)
    service.does(change, ME)
    assert local_state(service) == state
    if change == "end":
        service.does("reopen", ME)
        assert local_state(service) == Session.PERSON


@ON_SQLITE
def test_elsewhere_there_is_nobody_to_hand_over_to(service: Service) -> None:
    service.shop.joins("xiaoli")
    assert service.shop.says("xiaoli", "人工").startswith("这里还没有人工客服")


# By hand


@ON_SQLITE
def test_the_merchant_makes_links_and_sees_the_accounts(service: Service) -> None:
    flask = CliRunner()
    deps = KfDeps(service.shop.sessions, service.client(), lambda: None)
    plain = json.loads(flask.invoke(group(deps), ["link", "--json"]).stdout)
    code = service.shop.joins("xiaoli")
    made = json.loads(flask.invoke(group(deps), ["link", "--distributor", code.lower(), "--json"]).stdout)
    assert made["url"] == f"{plain['url']}&scene_param={code}"
    assert "邀请你一起做" in "\n".join(service.does("enter", ME, url=made["url"]))
    assert flask.invoke(group(deps), ["link", "--distributor", "ZZZZZZ"]).exit_code == 1
    assert json.loads(flask.invoke(group(deps), ["accounts", "--json"]).stdout)["accounts"][0]["account"] == KFID
    none = flask.invoke(group(KfDeps(service.shop.sessions, None, lambda: None)), ["link", "--json"])
    assert (none.exit_code, json.loads(none.stdout)["error"]["code"]) == (1, "kf.missing")


@ON_SQLITE
def test_the_doctor_looks_at_the_account(service: Service) -> None:
    house = doctor.KfHouse(service.shop.sessions, service.client(), service.shop.clock, simulated=True)

    def found() -> dict[str, tuple[str, str]]:
        seen = [finding for check in doctor.checks(house) for finding in check.run()]
        assert all(finding.do for finding in seen if finding.status in ("wrong", "note"))
        return {finding.check: (finding.status, finding.said) for finding in seen}

    assert {status for status, _ in found().values()} == {"ok"}
    service.act("kf/status", servicer="wangfang", receiving=False)
    assert found()["kf.servicers"][0] == "note"
    service.act("faults", path="kf/account/list", errcode=95017)
    assert found()["kf.account"][0] == "wrong"
    service.act("faults", ip_list=["10.0.0.1"])
    assert "60020" in found()["kf.servicers"][1]
    service.later(minutes=10)
    assert found()["kf.log"] == ("wrong", "很久没有去收了")
    (nothing,) = [finding for check in doctor.checks(None) for finding in check.run()]
    assert (nothing.status, "KF_ACCOUNT" in str(nothing.do)) == ("note", True)


# What is kept


def test_no_table_holds_an_external_userid_or_a_unionid(service: Service) -> None:
    service.joins(ME)
    service.says(ME, "我的资料")
    service.says(ME, "人工")
    service.does("take", ME)
    kf = service.simulator.kf
    assert kf is not None
    secrets = [service.external(ME), kf.guests.find(ME).unionid]
    with service.shop.sessions.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(text(f"SELECT * FROM {table.name}")):
                assert not any(secret in str(value) for value in row for secret in secrets), table.name
