"""A customer group and a member's 待发送的群发 on the simulator's page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import ContactOptions

from .conftest import App, Desk
from .test_page import browser, expect, mall, open_page, panel  # noqa: F401

pytestmark = pytest.mark.browser
CONTACT = "secret-of-the-contacts-0123456789abcdefghijk"


@pytest.fixture(scope="module")
def stage(start: Callable[..., Desk]) -> Desk:
    return start(
        contact=ContactOptions(CONTACT, members=("lihua", "zhangmin")),
        mall_url="http://shop.test",
        mall_secret="secret",
    )


@pytest.fixture
def desk(stage: Desk, app: App) -> Desk:
    assert stage.see("callbacks", wait=10)["idle"]
    stage.sim("reset")
    stage.token = stage.get_token(CONTACT)["access_token"]
    return stage


def test_a_member_confirms_and_the_group_sees_words_and_link(open_page: Callable[..., Any], desk: Desk) -> None:  # noqa: F811
    made = desk.sim("rooms/create", owner="lihua", name="福利群1", customers=["cust-zhou"])
    page = open_page()
    group, lihua = panel(page, made["chat"]), panel(page, "lihua")
    expect(group.locator(".name")).to_contain_text("福利群1（2）")
    expect(lihua.locator(".mass")).to_be_hidden()
    link = {"title": "丹东草莓", "desc": "68.00 元", "url": "http://shop.test/r/K7MP"}
    body = {
        "chat_type": "group", "sender": "lihua", "chat_id_list": [made["chat_id"]],
        "text": {"content": "<b>到货了</b>"}, "attachments": [{"msgtype": "link", "link": link}],
    }  # fmt: skip
    assert desk.post("externalcontact/add_msg_template", body)["errcode"] == 0
    lihua.locator(".mass summary").click()
    expect(lihua.locator(".mass-card")).to_contain_text("发给：福利群1")
    expect(group.locator(".row")).to_have_count(0)
    lihua.locator(".mass-card").get_by_role("button", name="发送").click()
    expect(group.locator(".bubble")).to_have_text("<b>到货了</b>")
    expect(group.locator("a.linkbox")).to_contain_text("丹东草莓")
    expect(group.locator(".by").first).to_have_text("李华")
    expect(lihua.locator(".mass")).to_be_hidden()
    group.locator("a.linkbox").click()
    expect(page.locator(".phone .code b")).to_have_text("K7MP")


def test_groups_are_made_joined_left_and_dismissed(open_page: Callable[..., Any], desk: Desk) -> None:  # noqa: F811
    page = open_page(390, 844)
    page.locator(".rail .tab", has_text="客户群").click()
    seat = page.locator(".panel.active")
    expect(seat).to_contain_text("还没有客户群")
    seat.get_by_label("建群、换群主、解散").click()
    seat.get_by_label("群名").fill("邻居群")
    seat.get_by_role("button", name="建群", exact=True).click()
    expect(seat.locator(".name")).to_contain_text("邻居群（1）")
    seat.get_by_role("button", name="进群", exact=True).click()
    expect(seat.locator(".name")).to_contain_text("邻居群（2）")
    seat.get_by_label("顾客在群里说").fill("来一箱")
    seat.get_by_label("顾客在群里说").press("Enter")
    expect(seat.locator(".bubble")).to_have_text("来一箱")
    expect(seat.locator(".by")).to_have_text("周女士")
    seat.get_by_role("button", name="退群", exact=True).click()
    expect(seat.locator(".name")).to_contain_text("邻居群（1）")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    seat.get_by_label("建群、换群主、解散").click()
    seat.get_by_role("button", name="解散这个群").click()
    expect(seat).to_contain_text("还没有客户群")
