"""A merchant with a 微信客服 in a test: the app behind a real address, a real simulator in front of it, one clock.

service.enters("kf-songyu", code)             he opens the account's link, with that distributor's code
service.says("kf-songyu", "我要加入")          the texts that he is sent for it, menus by their words
service.does("take", "kf-songyu")             a servicer takes the chat
service.deliver()                             what waits is pulled, handled and sent, as the workers do
service.seen("kf-songyu")                     all that was sent to him
service.later(hours=49)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask

from bot import webhook
from bot.kf import commands, wiring
from bot.kf.client import KfClient
from bot.kf.puller import Puller
from bot.outbox import Sender
from bot.outbox.chats import Chats
from bot.wecom.crypto import Envelope
from bot.worker import Assistant
from models import Sessions
from services.distributor import Address
from simulator import KfOptions, Limits, Options, create_simulator
from simulator import Server as SimulatorServer
from tests.support.clocked import ClockedShop, seconds_of
from tests.support.shop import START, catalogue, understanding
from web.server import Server

CORP, AGENT, SECRET, TOKEN = "ww0123456789abcdef", 1000002, "secret-of-the-app", "TokenOfTheApp"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
KFID, KF_SECRET = "wk0123456789abcdef", "secret-of-the-service"
FAST = Limits(callback_timeout=10.0, retry_delays=(0.02,))
JPEG = b"\xff\xd8\xff\xe0"


class Service:
    def __init__(self, sessions: Sessions, limits: Limits = FAST) -> None:
        self.shop = ClockedShop(sessions)
        self.knocks = 0
        self._web, envelope = None, Envelope(TOKEN, AES_KEY, CORP)
        app = Flask("service")
        channel = webhook.wecom(envelope, CORP, AGENT, self.shop.clock, lambda plain: self.puller.knock(plain))
        app.register_blueprint(webhook.blueprint(self.shop.assistant, "wecom", channel))
        self._web = Server(app, "127.0.0.1", 0, threads=4)
        self._web.start()
        url = f"http://127.0.0.1:{self._web.port}/callback/wecom"
        options = Options(
            CORP, AGENT, SECRET, TOKEN, AES_KEY, callback_url=url, limits=limits, kf=KfOptions(KFID, KF_SECRET)
        )
        made = create_simulator(options)
        self.simulator = made.simulator
        self.simulator.world.clock.set(START)
        self.shop.time = lambda: datetime.fromtimestamp(self.simulator.world.now(), UTC)
        self._server = SimulatorServer(made, threads=8).start()
        self.url = self._server.url
        self.http = requests.Session()
        self.http.trust_env = False
        self.puller = self.another_puller()
        self.sender = self.another_sender()

    def close(self) -> None:
        self.http.close()
        self._server.stop()
        self._web.stop()

    def client(self) -> KfClient:
        shop = self.shop
        return wiring.client(
            shop.sessions, shop.vault, shop.clock,
            api_base=f"{self.url}/cgi-bin", corp_id=CORP, account=KFID, secret=KF_SECRET,
        )  # fmt: skip

    def another_puller(self, assistant: Assistant | None = None) -> Puller:
        shop = self.shop
        return wiring.puller(
            self.client(), shop.sessions, shop.vault, shop.clock, catalogue(),
            assistant=assistant or shop.assistant, wake=self._knocked, wall=shop.clock,
        )  # fmt: skip

    def another_assistant(self) -> Assistant:
        return Assistant(self.shop.sessions, self.shop.house, understanding(), self.shop.clock, self.shop.wake)

    def another_sender(self, *more: Chats) -> Sender:
        shop = self.shop
        return Sender(
            shop.sessions,
            clock=shop.clock,
            wall=shop.clock,
            client=None,
            robots={},
            draw=lambda kind, facts: JPEG + repr((kind, facts)).encode(),
            on_name=lambda *_: None,
            operators=lambda _: ["boss"],
            say=lambda stopped: f"stopped {stopped.errcode}",
            agent_id=0,
            chats=[wiring.chats(self.client(), shop.vault, shop.clock, catalogue()), *more],
        )

    def _knocked(self) -> None:
        self.knocks += 1

    # what people do

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sim/{path}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def does(self, what: str, guest: str, **more: Any) -> list[str]:
        """An act of the customer or of a servicer; what the customer is sent for it."""
        before = len(self.entries(guest))
        self.act(f"kf/{what}", userid=guest, **more)
        self.deliver()
        return [words_of(row) for row in self.entries(guest)[before:]]

    def says(self, guest: str, text: str, **more: Any) -> str:
        """What he is sent for it, one message below the other."""
        return "\n".join(self.does("say", guest, text=text, **more))

    def link(self, code: str = "", scene: str = "tuike") -> str:
        address = str(self.act("kf/link", scene=scene)["url"])
        return commands.with_param(address, code) if code else address

    def enters(self, guest: str, code: str = "") -> str:
        return "\n".join(self.does("enter", guest, url=self.link(code)))

    def taps(self, guest: str, words: str) -> str:
        """The newest menu entry in his chat that says so."""
        menus = [row for row in self.entries(guest) if row["type"] == "msgmenu"]
        for row in reversed(menus):
            for item in row["content"]["list"]:
                if item["type"] == "click" and item["click"]["content"] == words:
                    return "\n".join(self.does("tap", guest, id=row["id"], item=item["click"]["id"]))
        raise AssertionError(f"no menu says {words!r}")

    def joins(self, guest: str) -> str:
        """Come and join; his code."""
        self.enters(guest)
        self.says(guest, "我要加入")
        return self.code(guest)

    def later(self, **step: float) -> None:
        self.simulator.world.clock.advance(seconds_of(step))

    # what the workers do

    def deliver(self, sender: Sender | None = None, puller: Puller | None = None) -> None:
        """Everything that is due in the service's chats, until nothing is."""
        sender, puller, courier = sender or self.sender, puller or self.puller, self.simulator.courier
        for _ in range(40):
            assert self.simulator.world.wait_for(courier.idle, 20), "a callback is still on its way"
            pulled = puller.sweep()
            if pulled:
                puller.pull()
            for inbox in self.shop.assistant.due():
                self.shop.assistant.retry(inbox)
            lanes = [lane for lane in sender.sweep() if lane.startswith(("kf:", "guest:"))]
            for lane in lanes:
                sender.send_lane(lane)
            if not lanes and not puller.sweep() and courier.idle():
                return
        raise AssertionError("there is no end of it")

    # what can be seen

    def external(self, guest: str) -> str:
        assert self.simulator.kf is not None
        return self.simulator.kf.guests.find(guest).external_userid

    def digest(self, guest: str) -> str:
        return self.shop.vault.digest("external_userid", self.external(guest))

    def lane(self, guest: str) -> str:
        return f"kf:{self.digest(guest)}"

    def code(self, guest: str) -> str:
        return self.shop.code_at(Address("kf", self.digest(guest)))

    def state(self, guest: str) -> int:
        """Of his session, as the platform has it."""
        assert self.simulator.kf is not None
        return self.simulator.kf.sessions.of(guest).state

    def entries(self, guest: str, via: str = "send") -> list[dict[str, Any]]:
        return [row for row in self.simulator.world.chats.get(guest, []) if row["side"] == "app" and row["via"] == via]

    def seen(self, guest: str) -> list[str]:
        return [words_of(row) for row in self.entries(guest)]

    def errcodes(self, path: str) -> list[int]:
        return [row["errcode"] for row in self.simulator.world.calls if row["path"] == path]


def words_of(row: dict[str, Any]) -> str:
    """A text, a menu's words with its entries in brackets, else the type."""
    content = row["content"]
    if row["type"] == "msgmenu":
        items = "".join(f"[{item[item['type']]['content']}]" for item in content["list"])
        return f"{content['head_content']}\n{items}"
    return str(content.get("content", f"[{row['type']}]"))


@contextmanager
def running(sessions: Sessions, limits: Limits = FAST) -> Iterator[Service]:
    service = Service(sessions, limits)
    try:
        yield service
    finally:
        service.close()
