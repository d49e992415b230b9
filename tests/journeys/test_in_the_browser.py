"""The story as a newcomer sees it: in Chromium, typing and clicking, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import Locator, Page, expect

from .conftest import Laptop, Launch
from .processes import wednesday_morning

pytestmark = [pytest.mark.journey, pytest.mark.browser]

DESK, PHONE = (1440, 900), (390, 844)
PATIENCE = 30_000  # milliseconds; only a failing test waits so long
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def laptop(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One running app for the file; the people of one test are not those of the other."""
    folder: Path = tmp_path_factory.mktemp("browser")
    wednesday_morning(folder)
    laptop = Laptop(launch, folder)
    app = laptop.start()
    yield laptop
    assert app.stop()[0] == 0


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_desk(browser: Any, laptop: Laptop) -> Iterator[Callable[..., Page]]:
    expect.set_options(timeout=PATIENCE)
    contexts, faults = [], []

    def open_desk(size: tuple[int, int], **device: Any) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **device)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(laptop.town.simulator)
        page.wait_for_selector("#desk[aria-busy=false]")
        return page

    yield open_desk
    for context in contexts:
        context.close()
    assert faults == []


class Seat:
    """One person's window."""

    def __init__(self, page: Page, userid: str) -> None:
        self.node = page.locator(f'.panel[data-chat="{userid}"]')

    def opened(self) -> Seat:
        """Turn to the window: the app greets whoever opens it for the first time in a day."""
        self.node.locator("textarea").click()
        expect(self.texts).to_have_count(1)
        return self

    def says(self, words: str) -> Locator:
        """Type, send, and wait for one more text of the app than there was; that text."""
        before = self.texts.count()
        self.node.locator("textarea").fill(words)
        self.node.locator("textarea").press("Enter")
        expect(self.texts).to_have_count(before + 1)
        return self.texts.last

    @property
    def texts(self) -> Locator:
        return self.node.locator('.row.app[data-type="text"] .bubble')

    @property
    def pictures(self) -> Locator:
        return self.node.locator('.row.app[data-type="image"] img')


def width_of(picture: Locator) -> int:
    expect(picture).to_have_js_property("complete", True)
    return int(picture.evaluate("image => image.naturalWidth"))


def test_on_a_desk_a_newcomer_sells_is_paid_and_sees_it(open_desk: Callable[..., Page]) -> None:
    page = open_desk(DESK)
    lihua, boss, phone = Seat(page, "lihua").opened(), Seat(page, "boss").opened(), page.locator(".phone")
    expect(lihua.says("我要加入")).to_contain_text("加入成功")
    lihua.says("草莓海报")
    expect(lihua.pictures).to_have_count(1)
    assert width_of(lihua.pictures.first) >= 1080

    lihua.node.get_by_role("link", name="/r/").first.click()
    expect(phone.frame_locator("iframe").get_by_text("丹东99草莓 3斤装")).to_be_visible()
    phone.get_by_role("tab", name="商城").click()
    phone.get_by_text("丹东99草莓 3斤装").click()
    phone.get_by_role("button", name="付款 ¥68.00").click()
    expect(phone.locator(".order .told")).to_have_text("推荐人 李华 · 1 笔佣金，共 6.80 元")
    expect(lihua.says("我赚了多少")).to_contain_text("本月已赚 6.80 元")
    expect(lihua.says("为什么这单才6块8")).to_contain_text("推广佣金 10% = 6.80 元")

    phone.get_by_role("button", name="确认收货").click()
    expect(phone.locator(".order .state")).to_have_text("已完成")
    page.get_by_title("控制台").click()
    before = lihua.texts.count()
    for step in ("+7 天", "+1 天"):
        page.get_by_role("button", name=step).click()
    expect(page.locator(".drawer .clock")).to_contain_text("天")
    page.get_by_label("关闭控制台").click()
    expect(lihua.texts).to_have_count(before + 1)
    expect(lihua.texts.last).to_contain_text("现在可提现 6.80 元")
    group = page.locator('.panel[data-chat="group-1"]')
    expect(group.locator(".bubble").first).to_contain_text("第 1 名 李华 68.00 元")
    assert width_of(group.locator("img").first) >= 1080

    lihua.says("提现")
    card = lihua.node.locator(".card").last
    card.get_by_role("button", name="确认").click()
    expect(card.locator(".buttons button")).to_have_text(["已提交"])
    expect(lihua.texts.last).to_contain_text("已提交提现 6.80 元")
    expect(boss.texts.last).to_contain_text("李华 申请提现 6.80 元")
    expect(boss.says("通过 1")).to_contain_text("已通过")
    expect(boss.says("已打款 1 WX20261130001")).to_contain_text("已记录打款")
    expect(lihua.texts.last).to_contain_text("6.80 元已打款")


def test_on_a_phone_a_distributor_finds_everything_by_tapping(open_desk: Callable[..., Page]) -> None:
    page = open_desk(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.locator(".rail .tab", has_text="张敏").tap()
    zhangmin = Seat(page, "zhangmin").opened()
    expect(zhangmin.says("我要加入")).to_contain_text("加入成功")

    zhangmin.node.get_by_role("button", name="推广", exact=True).tap()
    zhangmin.node.locator(".menu .sub").get_by_role("button", name="商品").tap()
    expect(zhangmin.texts.last).to_contain_text("丹东99草莓 3斤装 68.00 元，你赚 6.80 元")
    zhangmin.says("车厘子海报")
    expect(zhangmin.pictures).to_have_count(1)
    zhangmin.pictures.tap()
    expect(page.locator("#lightbox img")).to_be_visible()
    page.keyboard.press("Escape")

    zhangmin.node.get_by_role("link", name="/r/").first.tap()
    shop = page.locator(".phone").frame_locator("iframe")
    expect(shop.get_by_text("智利车厘子 JJ级 2斤装")).to_be_visible()
    expect(shop.get_by_text("张敏 推荐")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert shop.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_follower_of_the_official_account_joins_by_a_code_and_taps_a_link(
    open_desk: Callable[..., Page], laptop: Laptop, size: tuple[int, int]
) -> None:
    """Two people, one for each size: whoever follows by a distributor's code joins with him as inviter."""
    town, fan = laptop.town, "oa-linxia" if size == DESK else "oa-zhouyu"
    inviter = town.says("liuyang", "我要加入").reply.partition("/r/")[2][:6]
    page = open_desk(size)
    page.get_by_role("tab", name="公众号").click()
    panel = page.locator('.panel[data-chat^="oa-"]')
    panel.locator("select").select_option(fan)
    panel = page.locator(f'.panel[data-chat="{fan}"]')
    panel.locator(".gate input").fill(inviter)
    panel.get_by_role("button", name="扫码关注").click()
    expect(panel.locator(".row.app .bubble").last).to_contain_text("邀请你一起做")
    panel.locator("textarea").fill("我要加入")
    panel.locator("textarea").press("Enter")
    expect(panel.locator(".row.app .bubble").last).to_contain_text("邀请人：")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
