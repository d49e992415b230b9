"""A chat of the 公众号 over real HTTP: the assistant behind its address, the simulator in front of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from bot.official import doctor
from bot.official.commands import OfficialDeps, group
from bot.outbox.official import Official
from domain.conversation import Inbound
from domain.notice import Template
from models.base import Base
from models.message import Outbox, Pause
from models.person import Follower
from services import follower, message
from simulator import Limits
from tests.support.account import TOKEN, Account, running
from tests.support.databases import Database
from tests.support.shop import catalogue

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ME, OTHER = "oa-linxia", "oa-zhouyu"
APPLES = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 1, "price": "100.00", "paid": "100.00"}


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    with running(database.sessions) as account:
        yield account
        assert account.shop.differences() == []


def tell(account: Account, *texts: str, to: str = ME) -> None:
    """Texts of ours, one row each."""
    with account.shop.sessions.writing() as session:
        before = len(session.scalars(select(Outbox.id)).all())
        for number, said in enumerate(texts):
            key = f"test:{before + number}"
            message.queue(
                session, key=key, lane=account.lane(to), kind="text", body={"content": said}, now=account.shop.clock()
            )


def states(account: Account, to: str = ME) -> list[str]:
    with account.shop.sessions.reading() as session:
        mine = select(Outbox.state).where(Outbox.lane == account.lane(to)).order_by(Outbox.id)
        return list(session.scalars(mine))


# The story: he scans a distributor's code, joins, earns, withdraws with words


def test_who_comes_by_a_distributors_code_joins_earns_and_withdraws_in_the_official_account(account: Account) -> None:
    shop = account.shop
    inviter = shop.joins("xiaoli")
    assert "邀请你一起做" in account.follows(ME, scene=inviter)
    joined = account.says(ME, "我要加入")
    code = account.code(ME)
    assert f"http://shop.test/r/{code}" in joined
    assert "邀请人" in joined
    shop.pushes(
        {
            "no": "O77", "source": "mall", "buyer": {"id": "cust-1"}, "ref": {"code": code}, "freight": "0.00",
            "paid_at": shop.clock().isoformat(),
            "lines": [APPLES],
        }
    )  # fmt: skip
    assert "待结算 10.00 元" in account.says(ME, "我赚了多少")
    shop.completes("O77")
    account.later(days=8)
    shop.clock()
    shop.settles()
    account.deliver()
    assert states(account)[-1] == "parked"  # he has not written for two days
    asked = account.says(ME, "提现")
    assert "十分钟内回复「确认」就提交" in asked
    assert "weixin://bizmsgmenu" in asked
    account.deliver()
    assert account.seen(ME)[-1].startswith("10.00 元已结算（1 单）")  # seen on the next contact
    assert "已提交提现 10.00 元" in account.says(ME, "确认")
    assert shop.told("boss")[-1].startswith("分销员")
    shop.says("boss", "通过 1")
    account.deliver()
    assert account.seen(ME)[-1] == "你的 10.00 元提现已通过审核，商家打款后会再通知你。"
    assert all(row["type"] != "template_card" for row in account.entries(ME))


@ON_SQLITE
def test_a_link_in_the_answer_is_the_cards_button(account: Account) -> None:
    shop = account.shop
    code = account.joins(ME)
    no = shop.sells(None, "100.00", ref={"code": code})
    shop.completes(no)
    account.later(days=8)
    shop.clock()
    shop.settles()
    task = account.says(ME, "提现").partition("msgmenuid=confirm:")[2].partition('"')[0]
    account.says(ME, "取消")
    second = account.says(ME, "提现").partition("msgmenuid=confirm:")[2].partition('"')[0]
    assert second != task
    assert "没有提交" in account.says(ME, "确认", menu_id=f"confirm:{task}")  # of a question that is over
    assert "已提交提现 10.00 元" in account.says(ME, "确认", menu_id=f"confirm:{second}")
    assert "之前已经提交过了" in account.says(ME, "确认", menu_id=f"confirm:{second}")


@ON_SQLITE
def test_a_follower_who_scans_a_code_is_told_by_whom_it_is(account: Account) -> None:
    inviter = account.shop.joins("xiaoli")
    account.joins(ME)
    assert f"回复「绑定 {inviter}」" in account.does("scan", ME, scene=inviter)
    assert account.says(ME, f"绑定 {inviter}").startswith("已绑定")
    account.later(seconds=2)
    assert "绑定" not in account.does("scan", ME, scene=inviter)


@ON_SQLITE
@pytest.mark.parametrize("scene", ["", "NOBODY", "ZZZZZZ", "123"])
def test_a_scene_of_nobody_is_a_plain_greeting(account: Account, scene: str) -> None:
    assert "有邀请码的话一起发来" in account.follows(ME, scene=scene)
    assert "邀请人：" not in account.says(ME, "我要加入")


@ON_SQLITE
def test_the_menu_answers_like_words(account: Account) -> None:
    account.joins(ME)
    account.client().menu_create(
        {"button": [{"name": "我的", "sub_button": [{"type": "click", "name": "收益", "key": "earnings"}]}]}
    )
    assert "待结算 0.00 元" in account.does("click", ME, key="earnings")


@ON_SQLITE
def test_a_poster_is_uploaded_once_and_shown(account: Account) -> None:
    account.joins(ME)
    account.says(ME, "海报")
    account.says(ME, "海报")
    account.deliver()
    assert [row["type"] for row in account.entries(ME)] == ["image", "image"]
    assert account.errcodes("media/upload") == [0]


@ON_SQLITE
def test_a_picture_whose_three_days_are_over_is_uploaded_again(account: Account) -> None:
    account.joins(ME)
    account.says(ME, "海报")
    account.deliver()
    account.act("settings", media_seconds=1)
    account.later(seconds=5)
    account.says(ME, "海报")
    account.deliver()
    assert [row["type"] for row in account.entries(ME)] == ["image", "image"]
    assert account.errcodes("message/custom/send") == [0, 40007, 0]
    assert account.errcodes("media/upload") == [0, 0]


# What may be sent, and what waits


def test_after_two_days_messages_wait_and_come_with_the_next_contact(account: Account) -> None:
    account.joins(ME)
    account.later(hours=49)
    tell(account, "第一条", "第二条")
    account.deliver()
    assert (account.seen(ME), states(account)) == ([], ["parked", "parked"])
    assert account.errcodes("message/custom/send") == []  # nothing was tried that cannot succeed
    account.says(ME, "你好")
    account.deliver()
    assert account.seen(ME) == ["第一条", "第二条"]


@ON_SQLITE
def test_more_than_he_may_be_sent_is_said_in_one(account: Account) -> None:
    account.joins(ME)
    account.later(hours=49)
    tell(account, *(f"第 {number} 条" for number in range(1, 9)))
    account.deliver()
    account.says(ME, "你好")
    account.deliver()
    assert account.seen(ME) == ["\n\n".join(f"第 {number} 条" for number in range(1, 9))]
    assert states(account) == ["sent"] + ["merged"] * 7


@ON_SQLITE
def test_five_messages_for_one_of_his_then_they_wait(account: Account) -> None:
    account.joins(ME)
    account.later(minutes=5)
    for number in range(7):
        tell(account, f"通知 {number}")
        account.deliver()
    assert account.seen(ME) == [f"通知 {number}" for number in range(5)]
    assert states(account)[5:] == ["parked", "parked"]
    assert set(account.errcodes("message/custom/send")) == {0}
    account.says(ME, "在吗")
    account.deliver()
    assert account.seen(ME)[5:] == ["通知 5", "通知 6"]


@ON_SQLITE
def test_a_tap_allows_three_for_a_minute(account: Account) -> None:
    account.joins(ME)
    account.later(hours=49)
    account.does("scan", ME, scene="whatever")
    for number in range(4):
        tell(account, f"通知 {number}")
        account.deliver()
    assert len(account.seen(ME)) == 3
    account.does("scan", ME, scene="whatever")
    account.later(seconds=61)
    account.deliver()
    assert len(account.seen(ME)) == 3
    assert states(account)[-1] == "parked"


@ON_SQLITE
def test_a_menu_link_grants_nothing(account: Account) -> None:
    account.joins(ME)
    account.later(hours=49)
    tell(account, "通知")
    account.deliver()
    account.does("event", ME, event="VIEW", fields={"EventKey": "https://shop.test", "MenuId": "1"})
    account.deliver()
    assert states(account) == ["parked"]


@ON_SQLITE
def test_where_the_platform_counts_more_strictly_its_word_counts(database: Database) -> None:
    strict = Limits(callback_timeout=10.0, retry_delays=(0.02,), official_newest_act_only=True)
    with running(database.sessions, strict) as account:
        account.joins(ME)
        account.does("scan", ME, scene="whatever")  # leaves three where we think that five are left
        for number in range(5):
            tell(account, f"通知 {number}")
            account.deliver()
        assert len(account.seen(ME)) == 3
        assert 45047 in account.errcodes("message/custom/send")
        assert account.errcodes("message/custom/send").count(45047) == 1  # once refused, nothing more is tried
        account.says(ME, "你好")
        account.deliver()
        assert [line for said in account.seen(ME) for line in said.split("\n\n")] == [f"通知 {n}" for n in range(5)]


@ON_SQLITE
def test_who_has_left_is_sent_nothing_until_he_is_back(account: Account) -> None:
    account.joins(ME)
    assert account.does("unsubscribe", ME) == ""
    tell(account, "通知")
    account.deliver()
    assert (states(account), account.errcodes("message/custom/send")) == (["parked"], [])
    account.later(minutes=1)
    account.follows(ME)
    account.deliver()
    assert account.seen(ME) == ["通知"]


@ON_SQLITE
def test_leaving_and_coming_back_may_arrive_the_other_way_round(account: Account) -> None:
    account.joins(ME)
    now = int(account.shop.clock().timestamp())
    account.does("event", ME, event="subscribe", fields={"EventKey": ""}, create_time=now + 5)
    account.does("event", ME, event="unsubscribe", fields={"EventKey": ""}, create_time=now + 4)
    with account.shop.sessions.reading() as session:
        assert session.scalars(select(Follower.follows)).one() is True


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)  # SQLite has one writer at a time
def test_a_message_is_not_parked_while_the_contact_that_frees_it_goes_by(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender looks while the contact's transaction is open: it waits for it, and then may send."""
    account.joins(ME)
    account.later(hours=49)
    tell(account, "通知")
    looking = threading.Event()
    parking = Official.parking

    def look(self: Official, *given: Any) -> str | None:
        looking.set()
        return parking(self, *given)

    monkeypatch.setattr(Official, "parking", look)
    now = account.shop.clock()
    account.simulator.official.grants.give(ME, "message")  # type: ignore[union-attr]
    inbound = Inbound("msg:race", "official", account.digest(ME), "text", "在吗", now)
    sending = threading.Thread(target=account.sender.send_lane, args=(account.lane(ME),))
    with account.shop.sessions.writing() as session:
        follower.seen(session, inbound, now=now)
        session.flush()
        sending.start()
        assert looking.wait(20)
    sending.join()
    assert (states(account), account.seen(ME)) == (["sent"], ["通知"])


# By hand


def test_the_merchant_makes_the_menu_and_a_distributors_code(account: Account) -> None:
    deps = OfficialDeps(account.shop.sessions, account.shop.clock, catalogue(), account.client(), lambda: None)
    flask = CliRunner()
    made = flask.invoke(group(deps), ["menu", "--json"])
    assert made.exit_code == 0, made.output
    assert account.client().menu_get()["menu"]["button"] == json.loads(made.stdout)["button"]
    code = account.shop.joins("xiaoli")
    answer = json.loads(flask.invoke(group(deps), ["qrcode", code.lower(), "--json"]).stdout)
    assert answer["picture"].startswith("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=")
    assert "邀请你一起做" in account.does("scan", ME, ticket=answer["url"])
    assert flask.invoke(group(deps), ["qrcode", "ZZZZZZ"]).exit_code == 1
    assert flask.invoke(group(deps), ["qrcode", code, "--days", "31"]).exit_code == 2


@ON_SQLITE
def test_the_doctor_looks_at_the_account(account: Account) -> None:
    house = doctor.OfficialHouse(
        account.shop.sessions, account.client(), TOKEN, account.callback_base, account.url, {}, simulated=True
    )
    assert [(found.check, found.status) for check in doctor.checks(house) for found in check.run()] == [
        ("official.token", "ok"),
        ("official.menu", "note"),
        ("official.callback", "ok"),
        ("official.templates", "note"),
    ]
    account.act("faults", ip_list=["10.0.0.1"])
    (menu,) = doctor.menu(house)
    assert (menu.status, "127.0.0.1" in menu.said) == ("wrong", True)
    (nothing,) = [found for check in doctor.checks(None) for found in check.run()]
    assert nothing.status == "note"


# Template messages


TEMPLATE = Template("TPL-SETTLED", {"amount2": "{amount}", "thing3": "{orders}单已结算", "time4": "{time}"})


def settle(account: Account) -> None:
    no = account.shop.sells(None, "1000.00", ref={"code": account.code(ME)})
    account.shop.completes(no)
    account.later(days=8)
    account.shop.clock()
    account.shop.settles()


def has_a_template(account: Account) -> None:
    account.templates["settled"] = TEMPLATE
    account.act(
        "official/templates",
        id="TPL-SETTLED",
        title="佣金结算",
        fields={"amount2": "金额", "thing3": "说明", "time4": "时间"},
    )


@ON_SQLITE
def test_a_settlement_arrives_by_template_where_words_may_not_be_sent(account: Account) -> None:
    has_a_template(account)
    account.joins(ME)
    settle(account)
    account.deliver()
    (shown,) = account.entries(ME)
    assert shown["type"] == "template"
    assert shown["content"]["rows"][:2] == [["金额", "100.00"], ["说明", "1单已结算"]]
    assert states(account) == ["sent"]


@ON_SQLITE
@pytest.mark.parametrize("fields", [None, {"phrase1": "状态", "amount2": "金额"}], ids=["unknown", "other fields"])
def test_a_template_that_does_not_fit_leaves_the_words_for_the_next_contact(account: Account, fields: Any) -> None:
    account.templates["settled"] = TEMPLATE
    if fields:
        account.act("official/templates", id="TPL-SETTLED", title="佣金结算", fields=fields)
    account.joins(ME)
    settle(account)
    account.deliver()
    assert (account.seen(ME), states(account)) == ([], ["parked"])
    account.says(ME, "你好")
    account.deliver()
    assert account.seen(ME)[0].startswith("100.00 元已结算")


@ON_SQLITE
def test_a_template_whose_answer_is_lost_is_seen_once(account: Account) -> None:
    has_a_template(account)
    account.joins(ME)
    settle(account)
    account.act("faults", path="official/message/template/send", effect="reset_after", times=1)
    account.deliver()
    account.later(seconds=20)
    account.deliver()
    assert len(account.entries(ME)) == 1
    assert states(account) == ["sent"]


# Faults


@ON_SQLITE
@pytest.mark.parametrize(
    "fault", [{"errcode": -1}, {"effect": "http_502"}, {"effect": "reset_before"}, {"errcode": 45011}]
)
def test_a_passing_fault_is_repeated(account: Account, fault: dict[str, Any]) -> None:
    account.joins(ME)
    account.act("faults", path="official/message/custom/send", times=1, **fault)
    tell(account, "通知")
    account.deliver()
    account.later(seconds=5)
    account.deliver()
    assert account.seen(ME) == ["通知"]
    tell(account, *(f"{number}" for number in range(4)))  # what was not taken does not count
    account.deliver()
    assert len(account.seen(ME)) == 5


@ON_SQLITE
def test_a_dead_token_is_replaced_once(account: Account) -> None:
    account.joins(ME)
    tell(account, "一")
    account.deliver()
    account.act("official/tokens/invalidate")
    tell(account, "二")
    account.deliver()
    assert account.seen(ME) == ["一", "二"]
    assert account.errcodes("stable_token") == [0, 0]
    assert account.errcodes("message/custom/send") == [0, 40001, 0]


@ON_SQLITE
def test_an_address_that_is_not_in_the_list_stops_the_account_and_nothing_else(account: Account) -> None:
    account.joins(ME)
    account.deliver()
    account.act("faults", ip_list=["10.0.0.1"])
    tell(account, "一", "二")
    account.deliver()
    with account.shop.sessions.reading() as session:
        assert session.scalars(select(Pause.scope)).all() == ["official"]
    assert account.errcodes("message/custom/send") == [40164]  # one try, not one for each message
    account.act("faults", ip_list=None)
    account.later(seconds=61)
    account.deliver()
    assert account.seen(ME) == ["一", "二"]


@ON_SQLITE
def test_another_sender_uses_the_same_token(account: Account) -> None:
    account.joins(ME)
    tell(account, "一")
    account.deliver()
    tell(account, "二")
    account.deliver(account.another_sender())
    assert account.errcodes("stable_token") == [0]
    assert account.seen(ME) == ["一", "二"]


# What is kept


def test_no_table_holds_an_openid_or_a_unionid(account: Account) -> None:
    account.joins(ME)
    account.says(ME, "我的资料")
    tell(account, "通知")
    account.deliver()
    fans = account.simulator.official.fans  # type: ignore[union-attr]
    secrets = [fans.by_openid(account.openid(ME)).unionid, account.openid(ME)]
    with account.shop.sessions.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(text(f"SELECT * FROM {table.name}")):
                assert not any(secret in str(value) for value in row for secret in secrets), table.name


@ON_SQLITE
def test_his_own_order_is_his_by_the_unionid(account: Account) -> None:
    """A buyer is a distributor where the unionid is his: the account tells it once he has joined."""
    account.joins(ME)
    account.deliver()
    union = account.simulator.official.fans.by_openid(account.openid(ME)).unionid  # type: ignore[union-attr]
    account.shop.pushes(
        {
            "no": "O88", "source": "mall", "buyer": {"id": "cust-1", "unionid": union},
            "ref": {"code": account.code(ME)}, "freight": "0.00", "paid_at": account.shop.clock().isoformat(),
            "lines": [APPLES],
        }
    )  # fmt: skip
    assert "待结算 0.00 元" in account.says(ME, "我赚了多少")  # the plan pays nothing for one's own orders
