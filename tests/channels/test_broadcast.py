"""群发: nothing is sent before a member confirms, each task is asked for once, caps are kept, results counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.broadcast import BroadcastTarget, BroadcastTask
from models.coupon import Coupon, CouponShare
from models.message import Outbox
from tests.support.databases import Database
from tests.support.leader import JPEG, Enterprise, Platform, running

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ZHOU, WU, ZHENG = "cust-zhou", "cust-wu", "cust-zheng"
WORDS = "今天的草莓到了"
MARKED = f"{WORDS}\n（广告）"  # what stands beside a buying link
ADD = "add_msg_template"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running() as platform:
        yield platform


@pytest.fixture
def desk(database: Database, platform: Platform) -> Enterprise:
    """With a leader."""
    desk = Enterprise(database.sessions, platform)
    desk.leads("lihua")
    return desk


def create(desk: Enterprise, *more: str, text: str = WORDS, code: int = 0) -> dict[str, Any]:
    to = (
        ()
        if any(word.startswith(("--groups-of", "--group", "--customers-of")) for word in more)
        else ("--groups-of", "all")
    )
    return json.loads(
        desk.flask("broadcast", "create", "--text", text, "--operator", "boss", "--json", *to, *more, code=code)
    )


def show(desk: Enterprise, number: int = 1, code: int = 0) -> dict[str, Any]:
    return json.loads(desk.flask("broadcast", "show", str(number), "--json", code=code))


def tasks(desk: Enterprise) -> list[BroadcastTask]:
    with desk.sessions.reading() as session:
        return list(session.scalars(select(BroadcastTask).order_by(BroadcastTask.id)))


def told(desk: Enterprise, userid: str = "lihua") -> list[str]:
    return [text for text in desk.shop.told(userid) if "群发" in text]


def counted(desk: Enterprise) -> int:
    with desk.sessions.reading() as session:
        return len(session.scalars(select(BroadcastTarget).where(BroadcastTarget.counts_at.is_not(None))).all())


# from the draft to the results


def test_a_group_sees_it_when_its_owner_has_confirmed_and_not_before(desk: Enterprise) -> None:
    chat_id = desk.group("福利群1", ZHOU)
    made = create(desk, "--link", "http://shop.test/spring", "--title", "春天的草莓")
    assert (made["targets"], made["waiting"], made["sent"]) == (1, 1, 0)
    (said,) = told(desk)
    assert said.splitlines() == [
        "有 1 条群发等你确认，发到 1 个群：福利群1。",
        "打开企业微信手机端，在「客户群发」的待发送里点「发送」；你不点，就不会发出去。",
    ]
    assert desk.woken == ["wecom:lihua"]
    assert desk.sees(chat_id) == []
    desk.confirms("lihua")
    assert desk.sees(chat_id) == [MARKED, "春天的草莓"]
    desk.later(minutes=1)
    assert desk.runs()["looked_at"] == 1
    (part,) = show(desk)["parts"]
    assert (part["state"], part["sent"], part["unsent"], part["targets"]) == ("done", 1, 0, 1)


def test_until_he_confirms_it_is_looked_at_now_and_then_and_at_last_no_more(desk: Enterprise) -> None:
    desk.group("福利群1")
    create(desk)
    desk.later(seconds=45)
    assert desk.runs()["waiting"] == 1
    assert desk.runs() == {"failed": 0}  # not again at once
    desk.later(minutes=10)
    assert desk.runs()["waiting"] == 1
    desk.later(days=31)
    assert desk.runs()["waiting"] == 1
    assert tasks(desk)[0].state == "lapsed"
    assert counted(desk) == 0
    desk.later(days=31)
    assert desk.runs() == {"failed": 0}


def test_right_after_its_creation_the_platform_cannot_be_asked_and_is_asked_later(desk: Enterprise) -> None:
    desk.act("settings", groupmsg_dispatch_seconds=90)
    desk.group("福利群1")
    create(desk)
    desk.later(seconds=45)
    assert desk.runs()["later"] == 1
    assert desk.calls("get_groupmsg_task") == [41063]
    desk.later(seconds=45)
    assert desk.runs()["waiting"] == 1


def test_each_leader_sends_his_own_poster_and_link_and_each_owner_confirms_his(desk: Enterprise) -> None:
    desk.leads("zhangmin")
    mine, also, other = desk.group("一群"), desk.group("二群"), desk.group("三群", owner="zhangmin")
    made = create(desk, "--product", "STRAWBERRY")
    assert [(part["sender"], part["leader"], part["targets"]) for part in made["parts"]] == [
        ("lihua", desk.shop.code("lihua"), 2), ("zhangmin", desk.shop.code("zhangmin"), 1),
    ]  # fmt: skip
    assert [facts["link"] for facts in desk.drawn] == [
        f"http://shop.test/r/{desk.shop.code(userid)}?p=STRAWBERRY&s=group" for userid in ("lihua", "zhangmin")
    ]
    desk.confirms("zhangmin")
    assert desk.sees(other) == [MARKED, "[image]", "丹东99草莓 3斤装"]
    assert desk.sees(mine) == desk.sees(also) == []
    desk.confirms("lihua")
    assert desk.sees(also) == [MARKED, "[image]", "丹东99草莓 3斤装"]


def test_a_coupons_page_is_another_for_each_group(desk: Enterprise) -> None:
    chats = [desk.group("一群"), desk.group("二群")]
    with desk.sessions.writing() as session:
        session.add(
            Coupon(
                key="SPRING", title="满50减10", content={}, digest="-", starts_at=desk.shop.clock(), ends_at=None,
                stock=None, shared=True, created_at=desk.shop.clock(), closed_at=None,
            )
        )  # fmt: skip
    assert len(create(desk, "--coupon", "SPRING")["parts"]) == 2
    with desk.sessions.reading() as session:
        shares = list(session.scalars(select(CouponShare).order_by(CouponShare.id)))
    assert [(share.group_id, share.distributor_id) for share in shares] == [
        (desk.known(chat_id).id, desk.shop.who("lihua").id) for chat_id in chats
    ]
    addresses = {link["url"] for task in tasks(desk) if (link := task.content["link"])}
    assert addresses == {f"http://shop.test/shop/c/{share.code}" for share in shares}
    assert "没有优惠券" in desk.flask(
        "broadcast", "create", "--coupon", "X", "--groups-of", "all", "--operator", "boss", code=1
    )


def test_customers_of_a_distributor_get_it_and_who_did_not_is_counted(desk: Enterprise) -> None:
    desk.befriends(ZHOU, WU, ZHENG)
    create(desk, "--customers-of", desk.shop.code("lihua"))
    assert told(desk)[0].startswith("有 1 条群发等你确认，发给你的 3 位客户。")
    desk.act("contact/leave", customer=WU, userid="lihua", wait=True)
    assert desk.simulator.contact is not None
    zheng = desk.simulator.contact.customers.get(ZHENG).external_userid
    desk.act("groupmsg/own", recipient=zheng, count=31)
    desk.confirms("lihua")
    desk.later(minutes=1)
    desk.runs()
    (part,) = show(desk)["parts"]
    assert (part["sent"], part["no_friend"], part["over_cap"], part["unsent"]) == (1, 1, 1, 0)
    assert (desk.customer_sees(ZHOU), desk.customer_sees(WU), desk.customer_sees(ZHENG)) == ([WORDS], [], [])
    with desk.sessions.reading() as session:
        kept = json.dumps([[row.receiver, row.sealed] for row in session.scalars(select(BroadcastTarget))])
    assert zheng not in kept


def test_many_results_are_read_page_by_page(desk: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.befriends(ZHOU, WU, ZHENG)
    create(desk, "--customers-of", "all")
    desk.confirms("lihua")
    desk.later(minutes=1)
    monkeypatch.setattr("bot.broadcast.client.RESULTS", 1)
    desk.runs()
    assert len(desk.calls("get_groupmsg_send_result")) == 3
    assert show(desk)["sent"] == 3


def test_a_picture_goes_before_the_link(desk: Enterprise, tmp_path: Path) -> None:
    chat_id = desk.group("福利群1")
    (tmp_path / "草莓.jpg").write_bytes(JPEG + b" strawberries")
    create(desk, "--picture", str(tmp_path / "草莓.jpg"), "--link", "http://shop.test/", "--title", "去看看")
    desk.confirms("lihua")
    assert desk.sees(chat_id) == [MARKED, "[image]", "去看看"]
    (tmp_path / "x.gif").write_bytes(b"GIF89a")
    wrong = ("--picture", str(tmp_path / "x.gif"), "--groups-of", "all", "--operator", "boss")
    assert "JPEG 或 PNG" in desk.flask("broadcast", "create", *wrong, code=1)


# whom it is not for


def test_what_a_group_may_get_is_kept_and_explained_before_the_platform_is_asked(
    database: Database, platform: Platform
) -> None:
    desk = Enterprise(database.sessions, platform, cap="day")
    desk.leads("lihua")
    desk.group("一群")
    create(desk)
    desk.group("二群")
    said = desk.flask("broadcast", "create", "--text", "再来一条", "--groups-of", "all", "--operator", "boss")
    assert "不会收到：「一群」，这个周期的群发次数用完了。" in said
    assert [task.targets for task in tasks(desk)] == [1, 1]
    again = desk.flask("broadcast", "create", "--text", "第三条", "--groups-of", "all", "--operator", "boss", code=1)
    assert "没有人能收到" in again
    assert len(desk.calls(ADD)) == 2


def test_what_was_not_sent_after_all_leaves_room_for_another(desk: Enterprise) -> None:
    desk.cap = "day"
    chat_id = desk.group("一群")
    create(desk)
    desk.later(seconds=45)
    desk.flask("broadcast", "cancel", "1")
    assert show(desk)["parts"][0]["state"] == "cancelled"
    create(desk, text="第二条")
    desk.confirms("lihua")
    assert desk.sees(chat_id) == ["第二条"]
    desk.later(minutes=1)
    desk.runs()
    assert "没有人能收到" in desk.flask(
        "broadcast", "create", "--text", "三", "--groups-of", "all", "--operator", "boss", code=1
    )
    desk.later(days=1)
    create(desk, text="明天的")


def test_groups_without_leader_owner_or_with_a_suspended_one_are_left_out_with_the_reason(desk: Enterprise) -> None:
    nobodys = desk.group("无人群", owner="wangfang")
    desk.act("faults", path="externalcontact/groupchat/get", errcode=60011, times=1)
    unseen = desk.group("没看到的群")
    to = ("--group", nobodys, "--group", unseen)
    dry = create(desk, *to, "--product", "STRAWBERRY", "--dry-run")
    assert [(row["name"], row["why"]) for row in dry["left_out"]] == [
        ("无人群", "no_leader"), ("未命名的群", "no_leader"),
    ]  # fmt: skip
    plain = create(desk, *to, "--dry-run")
    assert [(row["name"], row["why"]) for row in plain["left_out"]] == [("未命名的群", "no_owner")]
    assert plain["parts"] == [{"sender": "wangfang", "leader": None, "receivers": 1}]
    assert (tasks(desk), desk.calls(ADD)) == ([], [])


ALL = ("--groups-of", "all")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (ALL, "--text"),
        (("--text", "好" * 1400, *ALL), "--text"),
        (("--text", "x", "--link", "javascript:x", "--title", "t", *ALL), "--link"),
        (("--text", "x", "--link", "http://a.test", *ALL), "--title"),
        (("--text", "x"), "--groups-of"),
        (("--text", "x", "--customers-of", "all", *ALL), "--groups-of"),
        (("--text", "x", "--group", "wrX"), "--group"),
        (("--text", "x", "--product", "X", *ALL), "--product"),
        (("--text", "x", "--product", "APPLE", "--link", "http://a.test", "--title", "t", *ALL), "--link"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_field(desk: Enterprise, words: tuple[str, ...], field: str) -> None:
    answer = json.loads(desk.flask("broadcast", "create", *words, "--operator", "boss", "--json", code=1))
    assert [fault["field"] for fault in answer["error"]["fields"]] == [field]
    assert tasks(desk) == []


@pytest.mark.parametrize(
    ("text", "rule", "ticked"),
    [
        ("全网最低价的草莓", "AD-1", False),
        ("转发到3个群领券", "WX-1", False),
        ("下单就抽奖，奖品是一箱草莓", "AD-7", True),
    ],
)
def test_what_is_said_to_customers_keeps_to_the_rules_of_material(
    desk: Enterprise, text: str, rule: str, ticked: bool
) -> None:
    """What blocks cannot be sent by any way; what warns is sent once the operator has ticked it."""
    desk.group("一群")
    (fault,) = create(desk, text=text, code=1)["error"]["fields"]
    assert fault["field"] == rule
    made = create(desk, "--tick", rule, text=text, code=0 if ticked else 1)
    assert ("error" in made, len(tasks(desk))) == ((False, 1) if ticked else (True, 0))


def test_a_poster_that_cannot_be_drawn_holds_nobody_up(desk: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.leads("zhangmin")
    desk.group("一群")
    desk.group("二群", owner="zhangmin")
    real = Enterprise._draw
    broken = desk.shop.who("lihua").id

    def draw(self: Enterprise, kind: str, facts: dict[str, Any]) -> bytes:
        if facts["distributor_id"] == broken and not self.drawn:
            raise RuntimeError("no such picture")
        return real(self, kind, facts)

    monkeypatch.setattr(Enterprise, "_draw", draw)
    monkeypatch.setattr(desk, "broadcaster", desk.made_with(desk._draw))
    create(desk, "--product", "STRAWBERRY")
    assert [task.state for task in tasks(desk)] == ["draft", "created"]
    desk.later(minutes=6)
    desk.runs()
    assert [task.state for task in tasks(desk)] == ["created", "created"]


def test_an_answer_that_cannot_be_read_is_none(desk: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.group("一群")
    calls = desk.broadcaster.calls
    real = calls._post_anew
    monkeypatch.setattr(calls, "_post_anew", lambda *given: {k: v for k, v in real(*given).items() if k != "msgid"})
    create(desk, code=1)
    assert tasks(desk)[0].state == "unknown"
    desk.later(minutes=1)
    assert desk.runs()["found"] == 1


def test_who_is_no_operator_makes_none(desk: Enterprise) -> None:
    desk.group("一群")
    words = ("--text", "x", "--groups-of", "all", "--operator", "lihua")
    assert "没有操作员" in desk.flask("broadcast", "create", *words, code=1)


# once, whatever happens


def test_an_answer_that_is_lost_is_found_among_the_platforms_tasks(desk: Enterprise) -> None:
    chat_id = desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", effect="reset_after", times=1)
    made = create(desk, code=1)
    assert (made["unknown"], made["parts"][0]["state"]) == (1, "unknown")
    assert told(desk) == []
    desk.later(minutes=1)
    assert desk.runs()["found"] == 1
    assert len(told(desk)) == 1
    desk.confirms("lihua")
    assert desk.sees(chat_id) == [WORDS]
    assert len(desk.calls(ADD)) == 1


def test_a_task_for_customers_is_found_by_its_customers_too(desk: Enterprise) -> None:
    desk.befriends(ZHOU, WU)
    desk.act("faults", path=f"externalcontact/{ADD}", effect="reset_after", times=1)
    create(desk, "--customers-of", "all", code=1)
    desk.later(minutes=1)
    assert desk.runs()["found"] == 1


def test_what_is_not_found_stays_unknown_and_an_operator_is_told_once(desk: Enterprise) -> None:
    desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", effect="http_502", times=1)
    create(desk, code=1)
    for _ in range(3):
        desk.later(minutes=11)
        desk.runs()
    (task,) = tasks(desk)
    assert (task.state, task.due_at) == ("unknown", None)
    (said,) = told(desk, "boss")
    assert "flask broadcast resolve 1 --task 1" in said
    desk.later(days=1)
    assert desk.runs() == {"failed": 0}
    assert len(desk.calls(ADD)) == 1  # nobody has guessed
    shown = desk.flask("broadcast", "cancel", "1", code=1)
    assert "不能取消" in shown
    desk.flask("broadcast", "resolve", "1", "--task", "1", "--missing")
    assert (tasks(desk)[0].state, desk.calls(ADD)) == ("created", [-1, 0])


def test_an_operator_may_say_which_it_is(desk: Enterprise) -> None:
    chat_id = desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", effect="reset_after", times=1)
    create(desk, code=1)
    (waiting,) = desk.waiting("lihua")
    desk.flask("broadcast", "resolve", "1", "--task", "1", "--msgid", waiting["msgid"])
    desk.confirms("lihua")
    desk.later(minutes=1)
    desk.runs()
    assert (show(desk)["sent"], desk.sees(chat_id)) == (1, [WORDS])
    assert "没有这个问题" in desk.flask("broadcast", "resolve", "1", "--task", "1", "--missing", code=1)
    desk.flask("broadcast", "resolve", "1", "--task", "1", code=2)


def test_two_that_are_alike_and_unknown_are_not_taken_for_each_other(desk: Enterprise) -> None:
    desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", effect="reset_after", times=2)
    create(desk, code=1)
    create(desk, code=1)
    desk.later(minutes=1)
    assert desk.runs()["unknown"] == 2
    assert [task.state for task in tasks(desk)] == ["unknown", "unknown"]


def test_a_process_that_died_over_the_request_is_followed_by_one_that_finds_out(desk: Enterprise) -> None:
    desk.group("一群")
    real = desk.broadcaster.created

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    desk.broadcaster.created = dies  # type: ignore[method-assign]
    desk.flask("broadcast", "create", "--text", WORDS, "--operator", "boss", *ALL, code=1)
    desk.broadcaster.created = real  # type: ignore[method-assign]
    assert tasks(desk)[0].state == "asking"
    assert desk.runs() == {"failed": 0}  # it may still be at it
    desk.later(minutes=3)
    assert desk.runs()["unknown"] == 1
    desk.later(minutes=15)
    assert desk.runs()["found"] == 1
    assert len(desk.calls(ADD)) == 1


@pytest.mark.parametrize(
    ("fault", "state"),
    [({"effect": "reset_before"}, "unknown"), ({"errcode": -1}, "unknown"), ({"errcode": 45033}, "draft"),
     ({"errcode": 45009}, "draft"), ({"errcode": 48002}, "draft"), ({"errcode": 40058}, "refused"),
     ({"errcode": 41048}, "refused")],
)  # fmt: skip
def test_what_a_fault_says_of_the_task(desk: Enterprise, fault: dict[str, Any], state: str) -> None:
    """A refusal means that there is none; a broken connection and a busy system mean nothing at all."""
    desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", times=1, **fault)
    create(desk, code=0 if state == "draft" else 1)
    (task,) = tasks(desk)
    assert (task.state, task.fault is None) == (state, False)
    assert counted(desk) == (0 if state == "refused" else 1)
    desk.later(minutes=6)
    desk.runs()
    assert tasks(desk)[0].state == {"draft": "created", "unknown": "unknown"}.get(state, state)


def test_a_dead_picture_is_drawn_and_uploaded_again(desk: Enterprise) -> None:
    desk.group("一群")
    desk.act("faults", path=f"externalcontact/{ADD}", errcode=40007, times=1)
    create(desk, "--product", "STRAWBERRY")
    desk.later(minutes=6)
    desk.runs()
    assert tasks(desk)[0].state == "created"
    uploads = [call for call in desk.simulator.world.calls if call["path"] == "media/upload"]
    assert len(uploads) == 2


# reminding and calling off


def test_a_member_is_reminded_three_times_a_day_and_no_more(desk: Enterprise) -> None:
    desk.group("一群")
    create(desk)
    for _ in range(3):
        assert "已提醒" in desk.flask("broadcast", "remind", "1")
    since = desk.shop.clock() + timedelta(days=1)
    said = desk.flask("broadcast", "remind", "1", code=1)
    assert f"24 小时内已提醒 3 次，{since.astimezone():%Y-%m}" in said.replace("\n", "")
    assert len(desk.calls("remind_groupmsg_send")) == 3
    assert len(told(desk)) == 4  # when it was made, and each time
    desk.later(days=1, seconds=1)
    assert "已提醒" in desk.flask("broadcast", "remind", "1")


def test_the_platform_may_have_counted_other_reminders(desk: Enterprise) -> None:
    desk.act("settings", groupmsg_reminders=0)
    desk.group("一群")
    create(desk)
    assert "明天再试" in desk.flask("broadcast", "remind", "1", code=1)


def test_called_off_nothing_more_is_sent_and_what_was_sent_stays(desk: Enterprise) -> None:
    desk.leads("zhangmin")
    mine, other = desk.group("一群"), desk.group("二群", owner="zhangmin")
    create(desk)
    desk.confirms("lihua")
    desk.later(minutes=1)
    desk.flask("broadcast", "cancel", "1")
    assert [(part["state"], part["sent"]) for part in show(desk)["parts"]] == [("cancelled", 1), ("cancelled", 0)]
    assert (desk.sees(mine), desk.sees(other)) == ([WORDS], [])
    assert desk.waiting("zhangmin") == []
    assert "没有人需要提醒" in desk.flask("broadcast", "remind", "1", code=1)
    desk.flask("broadcast", "cancel", "1")


def test_what_was_called_off_at_the_platform_is_known(desk: Enterprise) -> None:
    desk.group("一群")
    create(desk)
    desk.broadcaster.calls.cancel(tasks(desk)[0].msgid or "")
    desk.act("faults", path="externalcontact/get_groupmsg_task", errcode=41093, times=1)
    desk.later(minutes=1)
    assert desk.runs()["cancelled"] == 1
    desk.runs()
    assert (tasks(desk)[0].state, tasks(desk)[0].due_at) == ("cancelled", None)


def test_without_the_secret_the_commands_say_what_is_missing(desk: Enterprise) -> None:
    desk.broadcaster = None  # type: ignore[assignment]
    desk.sync = None  # type: ignore[assignment]
    for words in (("group", "sync"), ("broadcast", "remind", "1"), ("broadcast", "cancel", "1")):
        assert "WECOM_CONTACT_SECRET" in desk.flask(*words, code=1)
    assert desk.flask("broadcast", "list") == "没有群发。\n"


def test_the_list_and_the_latest_on_demand(desk: Enterprise) -> None:
    desk.group("一群")
    create(desk)
    desk.confirms("lihua")
    desk.later(minutes=1)
    assert "0/1" in desk.flask("broadcast", "list")
    assert "1/1" in desk.flask("broadcast", "show", "1", "--now")
    assert "1/1" in desk.flask("broadcast", "list")
    assert "没有编号为 9" in desk.flask("broadcast", "show", "9", code=1)


def test_words_are_in_no_log(desk: Enterprise, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    desk.group("秘密群")
    create(desk, text="只有自己人知道的话")
    with desk.sessions.reading() as session:
        assert session.scalars(select(Outbox)).first() is not None
    for word in ("只有自己人知道的话", "秘密群"):
        assert all(word not in str(record.__dict__) for record in caplog.records)
