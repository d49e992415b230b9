"""The page in a real browser: people type, tap the menu and cards, and buy on the customer's phone."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright import sync_api

from simulator import ContactOptions, KfOptions

from .conftest import AGENT, SECRET, App, Desk, Received, envelope, reply_xml

pytestmark = pytest.mark.browser

MALL_SECRET, KF_SECRET = "mall-secret", "secret-of-the-service"
PATIENCE = 15_000  # milliseconds; only a failing test ever waits so long
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
PRODUCT = {"sku": "SKU1", "name": "燕麦礼盒", "category": "食品", "price": "39.90", "stock": 9, "on_shelf": True}
MENU = {
    "button": [
        {"name": "我的", "sub_button": [{"type": "click", "name": "我的收益", "key": "earnings"}]},
        {"type": "click", "name": "排行榜", "key": "rank"},
    ]
}


def echo(got: Received) -> tuple[int, str]:
    """An assistant that repeats what it is told, names menu keys, and settles cards."""
    event, sender = got.fields.get("Event"), got.sender
    if event == "template_card_event":
        button = "<Button><ReplaceName>已确认</ReplaceName></Button>"
        return 200, envelope(reply_xml(sender, "update_button", button))
    words = got.fields.get("Content") or {"click": f"菜单 {got.fields.get('EventKey')}"}.get(event or "", "")
    content = f"<Content><![CDATA[你说：{words}]]></Content>"
    return (200, envelope(reply_xml(sender, "text", content))) if words else (200, "")


class Mall:
    """A mall that checks signatures and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mall = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/api/"):
                    assert self._signed(b"")
                    self._answer(200, json.dumps({"products": [PRODUCT]}), "application/json")
                else:
                    self._answer(200, "<h1>燕麦礼盒</h1>", "text/html; charset=utf-8")

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                assert self._signed(raw)
                mall.asked.append((self.path, json.loads(raw)))
                person = {"code": "K7MP", "name": "李华"}
                awards = [{"to": "K7MP", "as": "direct", "amount": "7.98", "state": "pending", "why": "10%"}]
                self._answer(201, json.dumps({"distributor": person, "awards": awards}), "application/json")

            def _signed(self, raw: bytes) -> bool:
                text = f"{self.headers['X-Timestamp']}\n{self.headers['X-Nonce']}\n".encode() + raw
                expected = hmac.new(MALL_SECRET.encode(), text, hashlib.sha256).hexdigest()
                return expected == self.headers["X-Signature"]

            def _answer(self, status: int, text: str, kind: str) -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        return Handler


@pytest.fixture(scope="module")
def mall() -> Iterator[Mall]:
    mall = Mall()
    yield mall
    mall.close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stage(start: Callable[..., Desk], mall: Mall) -> Desk:
    return start(
        mall_url=mall.url, mall_secret=MALL_SECRET, kf=KfOptions("wk0001", KF_SECRET), contact=ContactOptions(SECRET)
    )


@pytest.fixture
def desk(stage: Desk, app: App) -> Desk:
    app.always = echo
    stage.sim("reset")
    stage.token = ""
    return stage


@pytest.fixture
def open_page(browser: Any, desk: Desk) -> Iterator[Callable[..., Any]]:
    pages, faults = [], []

    def open_page(width: int = 1440, height: int = 900) -> Any:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        pages.append(page)
        page.goto(f"{desk.url}/")
        page.wait_for_selector("#desk[aria-busy=false]")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert faults == []


def panel(page: Any, chat: str) -> Any:
    return page.locator(f'.panel[data-chat="{chat}"]')


def expect(locator: Any) -> Any:
    sync_api.expect.set_options(timeout=PATIENCE)
    return sync_api.expect(locator)


def test_what_is_typed_is_answered_in_the_same_chat_only(open_page: Callable[..., Any]) -> None:
    page = open_page()
    lihua = panel(page, "lihua")
    lihua.locator("textarea").fill("我的收益")
    lihua.locator("textarea").press("Enter")
    expect(lihua.locator(".row.me .bubble")).to_have_text("我的收益")
    expect(lihua.locator('.row.app[data-type="text"] .bubble')).to_have_text("你说：我的收益")
    expect(lihua.locator("textarea")).to_have_value("")
    expect(panel(page, "zhangmin").locator(".row")).to_have_count(0)


def test_the_menu_appears_when_it_is_created_and_its_keys_arrive(open_page: Callable[..., Any], desk: Desk) -> None:
    page = open_page()
    lihua = panel(page, "lihua")
    expect(lihua.locator(".menu")).to_be_hidden()
    desk.post("menu/create", MENU, agentid=AGENT)
    lihua.get_by_role("button", name="我的", exact=True).click()
    lihua.locator(".menu .sub").get_by_role("button", name="我的收益").click()
    expect(lihua.locator('.row[data-via="passive"] .bubble').last).to_have_text("你说：菜单 earnings")


def test_a_card_s_button_is_clicked_once_and_then_dead(open_page: Callable[..., Any], desk: Desk, app: App) -> None:
    page = open_page()
    card = {
        "card_type": "button_interaction",
        "main_title": {"title": "提现确认"},
        "task_id": "wd-1",
        "button_list": [{"text": "确认", "key": "ok", "style": 1}, {"text": "取消", "key": "no", "style": 2}],
    }
    desk.send("lihua", "template_card", content=card)
    lihua = panel(page, "lihua")
    lihua.get_by_role("button", name="确认", exact=True).click()
    expect(lihua.locator(".card .buttons button")).to_have_text(["已确认"])
    expect(lihua.locator(".card .buttons button")).to_be_disabled()
    assert [got.fields["EventKey"] for got in app.received if got.fields.get("Event") == "template_card_event"] == [
        "ok"
    ]


def test_what_is_sent_is_text_and_never_markup(open_page: Callable[..., Any], desk: Desk) -> None:
    page = open_page()
    evil = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    evil += ' <a href="javascript:window.broken=1">按</a>'
    desk.send("lihua", content={"content": evil})
    desk.send("lihua", "markdown", content={"content": evil + "[按](javascript:alert(1))"})
    lihua = panel(page, "lihua")
    expect(lihua.locator(".row.app .bubble")).to_have_count(2)
    assert lihua.locator(".bubble img, .bubble script, .bubble a").count() == 0
    assert page.evaluate("window.broken") is None


def test_messages_to_another_are_counted_until_they_are_seen(open_page: Callable[..., Any], desk: Desk) -> None:
    page = open_page()
    desk.send("boss")
    badge = page.locator(".rail .tab", has_text="陈老板").locator(".badge")
    expect(badge).to_have_text("1")
    panel(page, "boss").locator(".talk").click()
    expect(badge).to_be_hidden()


def test_a_customer_opens_a_link_and_buys_with_its_code(open_page: Callable[..., Any], desk: Desk, mall: Mall) -> None:
    page = open_page()
    desk.send("lihua", content={"content": f"把它发给朋友:{mall.url}/r/K7MP?p=SKU1"})
    panel(page, "lihua").get_by_role("link").click()
    phone = page.locator(".phone")
    expect(phone.frame_locator("iframe").locator("h1")).to_have_text("燕麦礼盒")
    phone.get_by_role("tab", name="商城").click()
    expect(phone.get_by_label("推广码")).to_have_value("K7MP")
    phone.get_by_role("button", name="多一件").click()
    phone.get_by_role("button", name="付款 ¥79.80").click()
    expect(phone.locator(".order .told")).to_have_text("推荐人 李华 · 1 笔佣金，共 7.98 元")
    path, order = mall.asked[0]
    assert path == "/api/v1/orders"
    assert (order["ref"], order["buyer"], order["source"]) == ({"code": "K7MP"}, {"id": "cust-zhou"}, "demo")
    assert (order["lines"][0]["qty"], order["lines"][0]["paid"]) == (2, "79.80")
    phone.get_by_role("button", name="确认收货").click()
    expect(phone.locator(".order .state")).to_have_text("已完成")
    phone.get_by_role("button", name="退款").click()
    phone.get_by_label("退款金额").fill("9.80")
    phone.locator(".refund .main-button").click()
    expect(phone.locator(".order")).to_contain_text("−¥9.80")
    assert mall.asked[1][0] == f"/api/v1/orders/{order['no']}/complete"
    assert mall.asked[2][1]["lines"] == [{"line": 0, "qty": 0, "amount": "9.80"}]


def test_another_colleague_can_sit_down_at_a_window(open_page: Callable[..., Any], app: App) -> None:
    page = open_page()
    panel(page, "zhangmin").get_by_label("换一个人坐这里").select_option("wangfang")
    seat = panel(page, "wangfang")
    seat.get_by_role("button", name="加入").click()
    expect(seat.locator('.row.app[data-type="text"] .bubble')).to_have_text("你说：加入")
    assert {got.sender for got in app.received if got.fields["MsgType"] == "text"} == {"wangfang"}


def test_the_clock_is_moved_in_the_drawer(open_page: Callable[..., Any], desk: Desk) -> None:
    page = open_page()
    page.get_by_title("控制台").click()
    page.get_by_role("button", name="+7 天").click()
    expect(page.locator(".drawer .clock")).to_contain_text("快了 7.0 天")
    assert desk.see("clock")["offset"] == pytest.approx(7 * 86400)


def test_on_a_phone_s_width_one_person_is_seen_at_a_time(open_page: Callable[..., Any]) -> None:
    page = open_page(390, 844)
    expect(panel(page, "lihua")).to_be_visible()
    expect(panel(page, "zhangmin")).to_be_hidden()
    expect(page.locator(".phone")).to_be_hidden()
    page.locator(".rail .tab", has_text="张敏").click()
    expect(panel(page, "lihua")).to_be_hidden()
    box = panel(page, "zhangmin").locator("textarea")
    box.fill("排名")
    box.press("Enter")
    expect(panel(page, "zhangmin").locator('.row.app[data-type="text"] .bubble')).to_have_text("你说：排名")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_guest_of_the_service_opens_its_link_taps_a_menu_and_is_served(
    open_page: Callable[..., Any], desk: Desk
) -> None:
    desk.token = desk.get_token(KF_SECRET)["access_token"]

    def log() -> list[dict[str, Any]]:
        return list(desk.post("kf/sync_msg", {"open_kfid": "wk0001"})["msg_list"])

    page = open_page(390, 844)
    page.locator(".rail .tab", has_text="客服").click()
    seat = page.locator(".panel.service")
    seat.get_by_label("链接里的邀请码").fill("K7MP")
    seat.get_by_role("button", name="打开客服链接").click()
    expect(seat.locator(".note")).to_contain_text("K7MP")
    came = log()[0]["event"]
    assert (came["scene_param"], "welcome_code" in came) == ("K7MP", True)
    items = [{"type": "click", "click": {"id": "earnings", "content": "我的收益"}}]
    menu = {"head_content": "你好<b>", "list": items, "tail_content": ""}
    desk.post("kf/send_msg_on_event", {"code": came["welcome_code"], "msgtype": "msgmenu", "msgmenu": menu})
    expect(seat.locator(".msgmenu")).to_contain_text("你好<b>")
    seat.get_by_role("button", name="我的收益").click()
    expect(seat.locator(".row.me .bubble")).to_have_text("我的收益")
    assert log()[-1]["text"]["menu_id"] == "earnings"
    seat.get_by_role("radio", name="客服王芳").click()
    seat.get_by_role("button", name="接入").click()
    expect(seat.locator(".under")).to_contain_text("客服王芳接待中")
    seat.locator("textarea").fill("我来帮你")
    seat.locator("textarea").press("Enter")
    expect(seat.locator('.row[data-via="servicer"] .bubble')).to_have_text("我来帮你")
    seat.get_by_role("button", name="结束").click()
    expect(seat.locator(".under")).to_contain_text("没有进行中的会话")
    assert [row["origin"] for row in log()] == [4, 3, 4, 5, 4]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_customer_scans_a_code_is_welcomed_writes_and_deletes(
    open_page: Callable[..., Any], desk: Desk, app: App
) -> None:
    """On a phone's width: the code that the app made stands under 扫一扫, and the welcome comes with a link."""
    way = {"type": 2, "scene": 2, "remark": "推客 K7MP 李华", "state": "s1", "user": ["wangfang"]}
    assert desk.post("externalcontact/add_contact_way", way)["errcode"] == 0
    page = open_page(width=390, height=844)
    page.locator('.tab[title="顾客"]').click()
    phone = page.locator(".phone")
    phone.get_by_role("tab", name="聊天").click()
    phone.get_by_role("button", name="扫一扫").click()
    expect(phone.locator(".codes img")).to_have_js_property("complete", True)
    phone.get_by_role("button", name="推客 K7MP 李华").click()
    expect(phone.locator("h3")).to_have_text("王芳")
    assert desk.see("callbacks", wait=10)["idle"]
    event = next(row.fields for row in app.received if row.fields.get("WelcomeCode"))
    link = {"title": "看看有什么好东西", "desc": "点开就能看", "url": f"{desk.url}/favicon.ico"}
    body = {"text": {"content": "你好，欢迎你来！"}, "attachments": [{"msgtype": "link", "link": link}]}
    sent = desk.post("externalcontact/send_welcome_msg", {"welcome_code": event["WelcomeCode"], **body})
    assert sent["errcode"] == 0
    expect(phone.locator(".bubble")).to_have_text("你好，欢迎你来！")
    expect(phone.locator(".linkbox b")).to_have_text("看看有什么好东西")
    phone.get_by_label("对王芳说").fill("草莓还有吗")
    phone.get_by_role("button", name="发送").click()
    expect(phone.locator(".row.me .bubble")).to_have_text("草莓还有吗")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("button", name="删除好友").click()
    expect(phone.locator(".blank")).to_contain_text("还没有加过客服")
    assert desk.see("contact")["relations"][0]["customer_left"]
