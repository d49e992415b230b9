"""Welcome messages: within their twenty seconds, once, whatever breaks on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from models.base import Base
from models.message import Outbox, Pause
from services import message
from services.coupon.share import find_page
from services.customer import welcome
from services.customer.terms import Terms
from tests.support import coupons
from tests.support.contact import QIAN, WU, ZHENG, ZHOU, Desk, running
from tests.support.shop import catalogue

SEND = "externalcontact/send_welcome_msg"


@pytest.fixture
def desk(services: Any) -> Iterator[Desk]:
    with services.database("sqlite").fresh() as database, running(database.sessions) as desk:
        yield desk


def states(desk: Desk) -> list[tuple[str, str | None]]:
    return [(row.state, row.fault) for row in desk.rows("welcome")]


def greeted(desk: Desk, customer: str = ZHOU) -> int:
    """How many welcome messages he has got: each is a text and a link."""
    return len(desk.sees(customer)) // 2


def test_the_callback_wakes_what_sends_it(desk: Desk) -> None:
    desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    (row,) = desk.rows("welcome")
    assert row.lane in desk.shop.woken
    desk.sender.send_lane(row.lane)  # as the queue's worker does, at once
    assert greeted(desk) == 1
    assert desk.relation().welcomed_at is not None
    link = next(row for row in desk.simulator.world.chats[f"contact:{ZHOU}:wangfang"] if row["type"] == "link")
    assert link["content"]["url"] == f"http://shop.test/r/{desk.shop.code('lihua')}?s=welcome"


def test_a_callback_that_comes_twice_welcomes_once(desk: Desk) -> None:
    desk.act("faults", callbacks={"duplicate": 1})
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    assert desk.calls("send_welcome_msg") == [0]
    assert greeted(desk) == 1


@pytest.mark.parametrize("used", [True, False])
def test_half_and_whole_are_one_welcome(desk: Desk, used: bool) -> None:
    """The half event brings a code, and the other one too where the first is not used yet."""
    desk.scans(ZHOU, "wangfang", half=True)
    if used:
        desk.deliver()
    desk.does("accept", ZHOU)
    desk.deliver()
    assert greeted(desk) == 1
    assert len(desk.rows("welcome")) == (1 if used else 2)
    assert [row.what for row in desk.evidence()] == ["add_half_external_contact", "add_external_contact"]
    assert desk.relation().status == "added"


@pytest.mark.parametrize(
    "fault", [{"effect": "errcode", "errcode": -1}, {"effect": "http_502"}, {"effect": "reset_after"}]
)
def test_a_passing_fault_is_over_in_time(desk: Desk, fault: dict[str, Any]) -> None:
    desk.act("faults", path=SEND, times=1, **fault)
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    desk.later(seconds=2)
    desk.deliver()
    assert greeted(desk) == 1
    assert states(desk) == [("sent", None)]


def test_another_app_that_is_at_it_is_waited_for(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.act("contact/occupy", seconds=3)
    desk.deliver()
    desk.later(seconds=2)
    desk.deliver()
    desk.later(seconds=3)
    desk.deliver()
    assert set(desk.calls("send_welcome_msg")) == {41096, 0}
    assert greeted(desk) == 1


def test_another_app_that_has_delivered_is_enough(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.act("contact/occupy", seconds=1, delivers=True)
    desk.later(seconds=1)
    desk.deliver()
    assert desk.calls("send_welcome_msg") == [41051]
    assert states(desk) == [("sent", None)]
    assert greeted(desk) == 0


def test_a_code_that_the_platform_does_not_know_is_given_up(desk: Desk) -> None:
    desk.act("settings", welcome_seconds=5)
    desk.scans(ZHOU, "wangfang")
    desk.later(seconds=6)
    desk.deliver()
    assert desk.calls("send_welcome_msg") == [41050]
    assert states(desk)[0][0] == "given_up"


def test_nothing_is_sent_after_twenty_seconds(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.later(seconds=20)
    desk.deliver()
    assert desk.calls("send_welcome_msg") == []
    assert states(desk) == [("given_up", "its twenty seconds are over")]


def test_a_sender_that_dies_is_followed_by_another_in_time(desk: Desk) -> None:
    """Killed after it has taken the row, before or after it has called: its lease ends, the next one sends."""
    for customer, called in ((ZHOU, False), (WU, True)):
        desk.scans(customer, "wangfang")
        row = desk.rows("welcome")[-1]

        class Killed(BaseException):
            pass

        def dies(*_: Any, real: Any = desk.sender._contacts.call, called: bool = called, **given: Any) -> Any:
            if called:
                real(*_, **given)
            raise Killed

        dying = desk.another_sender()
        dying._contacts.call = dies  # type: ignore[method-assign, union-attr]
        with pytest.raises(Killed):
            dying.send_lane(row.lane)
        desk.deliver()
        assert greeted(desk, customer) == int(called)  # the dead one still holds the lane
        desk.later(seconds=16)
        desk.deliver()
        assert greeted(desk, customer) == 1
    assert [state for state, _ in states(desk)] == ["sent", "sent"]


def test_a_lost_wake_up_is_found_by_the_sweep(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    assert any(lane.startswith(welcome.LANE) for lane in desk.another_sender().sweep())


def test_without_permission_the_operator_is_told_once_and_it_goes_on_when_it_is_mended(desk: Desk) -> None:
    desk.act("settings", contact_granted=False)
    desk.scans(ZHOU, "wangfang")
    desk.scans(WU, "wangfang")
    desk.deliver()
    assert desk.shop.told("boss") == ["contact 48002"]
    assert desk.shop.says("lihua", "你好")  # the app's own messages go on
    desk.later(seconds=61)
    desk.act("settings", contact_granted=True)
    desk.scans(ZHENG, "wangfang")
    for _ in range(3):
        desk.deliver()
        desk.later(seconds=2)
    assert [greeted(desk, customer) for customer in (ZHOU, WU, ZHENG)] == [0, 0, 1]
    with desk.sessions.reading() as session:
        assert session.scalars(select(Pause)).all() == []
    assert desk.relation(ZHOU) is not None  # who they are is known all the same
    assert [row.state for row in desk.rows("lookup_customer")] == ["sent"] * 3


def test_a_customer_of_another_enterprise_brings_no_code(desk: Desk) -> None:
    desk.scans(QIAN, "wangfang")
    desk.deliver()
    assert desk.rows("welcome") == []
    assert desk.relation(QIAN).status == "added"


def test_who_was_deleted_unnoticed_and_comes_back_is_welcomed_again(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    desk.act("faults", callbacks={"lose": 1})
    desk.does("drop", ZHOU)
    desk.later(hours=2)
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    assert greeted(desk) == 2


def test_a_coupon_stands_before_the_shop() -> None:
    said = welcome.compose(
        catalogue(), Terms(), inviter="小李", merchant="", shop_address="http://s.test/r/A",
        coupon_address="http://s.test/shop/c/B",
    )  # fmt: skip
    assert said is not None
    assert [part["link"]["url"] for part in said["attachments"]] == ["http://s.test/shop/c/B", "http://s.test/r/A"]


@pytest.mark.parametrize(("by", "chosen"), [("lihua", "NEW"), ("wangfang", "NEW"), (None, None)])
def test_the_coupon_for_new_customers_comes_with_the_welcome(desk: Desk, by: str | None, chosen: str | None) -> None:
    """In the distributor's name, and the page is told who opens it."""
    desk.joins("lihua")
    if chosen is not None:
        coupons.make(desk.sessions, key="NEW", for_="new_customers", now=desk.shop.clock())
        coupons.make(desk.sessions, key="ALL", title="天天减", now=desk.shop.clock())
    desk.scans(ZHOU, by or "wangfang")
    desk.deliver()
    links = [row["content"] for row in desk.simulator.world.chats[f"contact:{ZHOU}:wangfang"] if row["type"] == "link"]
    if chosen is None:
        assert [link["title"] for link in links] == ["看看有什么好东西"]
        return
    assert [link["title"] for link in links] == ["送你一张优惠券", "看看有什么好东西"]
    page, told = links[0]["url"].removeprefix("http://shop.test/shop/c/").split("?h=")
    with desk.sessions.reading() as session:
        found = find_page(session, page, now=desk.shop.now)
    assert found.campaign.terms.key == chosen
    assert found.share.distributor_id == (desk.shop.who("lihua").id if by == "lihua" else None)
    assert desk.shop.vault.digest("external_userid", desk.external(ZHOU)) in told


def test_nothing_of_a_customer_stands_in_any_table(desk: Desk) -> None:
    desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    desk.deliver()
    desk.does("leave", ZHOU)
    who = desk.simulator.contact.customers.get(ZHOU)  # type: ignore[union-attr]
    secrets = (who.external_userid, who.unionid, who.name)
    with desk.sessions.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f"SELECT * FROM {table.name}")):
                shown = json.dumps([str(value) for value in row], ensure_ascii=False)
                assert not any(secret in shown for secret in secrets), table.name


def test_the_rows_of_one_relation_follow_each_other(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.scans(WU, "wangfang")
    assert len({row.lane for row in desk.rows("welcome")}) == 2
    with desk.sessions.writing() as session:
        row = session.scalars(select(Outbox).where(Outbox.kind == "welcome")).first()
        assert row is not None
        repeated = message.queue(session, key=row.key, lane=row.lane, kind="welcome", body=row.body, now=desk.shop.now)
    assert not repeated
