"""A merchant with a 公众号 in a test: the assistant behind a real address, a real simulator in front of it, one clock.

account.follows("oa-linxia", scene=code)      what he is answered
account.says("oa-linxia", "我要加入")
account.deliver()                             the outbox is sent, as the workers do
account.seen("oa-linxia")                     the texts that stand in his chat, ours only
account.later(hours=49)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask

from bot import webhook
from bot.naming import Person
from bot.official import errors
from bot.official.client import OfficialClient, StableToken
from bot.outbox import Sender
from bot.outbox.official import Official
from bot.wecom.crypto import Envelope
from bot.wecom.wire import Wire
from domain.notice import Template
from models import Sessions
from services import person
from services.distributor import Address
from simulator import Limits, OfficialOptions, Options, create_simulator
from simulator import Server as SimulatorServer
from tests.support.clocked import ClockedShop, seconds_of
from tests.support.shop import START, Shop
from web.server import Server

APP_ID, SECRET, TOKEN = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef", "TokenOfTheAccount"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
WECOM = ("ww0123456789abcdef", 1000002, "secret", "token", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")
FAST = Limits(callback_timeout=10.0, retry_delays=(0.02,))
JPEG = b"\xff\xd8\xff\xe0"


def person_of(shop: Shop) -> Person:
    return Person(lambda openid: shop.vault.digest("openid", openid), shop.vault.seal)


def channel(shop: Shop) -> webhook.Channel:
    return webhook.official(Envelope(TOKEN, AES_KEY, APP_ID), TOKEN, person_of(shop), shop.clock)


class Account:
    def __init__(self, sessions: Sessions, limits: Limits = FAST) -> None:
        self.shop = ClockedShop(sessions)
        app = Flask("account")
        app.register_blueprint(webhook.blueprint(self.shop.assistant, "official", channel(self.shop)))
        self._web = Server(app, "127.0.0.1", 0, threads=4)
        self._web.start()
        self.callback_base = f"http://127.0.0.1:{self._web.port}"
        url = f"{self.callback_base}/callback/official"
        options = OfficialOptions(APP_ID, SECRET, TOKEN, AES_KEY, url)
        made = create_simulator(Options(*WECOM, callback_url=url, limits=limits, official=options))
        self.simulator = made.simulator
        self.simulator.world.clock.set(START)
        self.shop.time = lambda: datetime.fromtimestamp(self.simulator.world.now(), UTC)
        self._server = SimulatorServer(made, threads=8).start()
        self.url = self._server.url
        self.http = requests.Session()
        self.http.trust_env = False
        self.templates: dict[str, Template] = {}
        self.sender = self.another_sender()

    def close(self) -> None:
        self.http.close()
        self._server.stop()
        self._web.stop()

    def client(self) -> OfficialClient:
        wire = Wire(f"{self.url}/official/cgi-bin", kinds=errors.KINDS, silent=True)
        vault, clock = self.shop.vault, self.shop.clock
        tokens = StableToken(
            self.shop.sessions, wire, APP_ID, SECRET, seal=vault.seal, unseal=vault.open, clock=clock, wall=clock
        )
        return OfficialClient(wire, tokens)

    def another_sender(self) -> Sender:
        shop = self.shop
        chats = Official(
            self.client(),
            app_id=APP_ID,
            unseal=shop.vault.open,
            templates=self.templates,
            home="http://shop.test/shop",
            on_union=lambda session, digest, sealed, union: person.learn_union(
                session, shop.vault, "openid", digest, sealed, union, now=shop.clock()
            ),
        )
        return Sender(
            shop.sessions,
            clock=shop.clock,
            wall=shop.clock,
            client=None,
            robots={},
            draw=lambda kind, facts: JPEG + repr((kind, facts)).encode(),
            on_name=lambda *_: None,
            operators=lambda _: [],
            say=lambda stopped: str(stopped.errcode),
            agent_id=0,
            chats=[chats],
        )

    # what people do

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sim/{path}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def does(self, what: str, fan: str, **more: Any) -> str:
        """The passive answer; nothing may be wrong with it."""
        told = self.act(f"official/{what}", userid=fan, wait=True, **more)
        assert told["problem"] is None, told["problem"]
        assert told["callback"]["state"] == "answered", told["callback"]
        return str(told["reply"]["content"]["content"]) if told["reply"] else ""

    def says(self, fan: str, text: str, **more: Any) -> str:
        return self.does("say", fan, text=text, **more)

    def follows(self, fan: str, scene: str = "") -> str:
        return self.does("subscribe", fan, scene=scene)

    def joins(self, fan: str) -> str:
        """Follow and join; his code."""
        self.follows(fan)
        self.says(fan, "我要加入")
        return self.code(fan)

    def later(self, **step: float) -> None:
        self.simulator.world.clock.advance(seconds_of(step))

    def deliver(self, sender: Sender | None = None) -> None:
        """Send what is due in the account's chats."""
        sender = sender or self.sender
        for _ in range(20):
            lanes = [lane for lane in sender.sweep() if lane.startswith(("official:", "follower:"))]
            for lane in lanes:
                sender.send_lane(lane)
            if not lanes:
                return

    # what can be seen

    def openid(self, fan: str) -> str:
        assert self.simulator.official is not None
        return self.simulator.official.fans.openid(fan)

    def digest(self, fan: str) -> str:
        return self.shop.vault.digest("openid", self.openid(fan))

    def lane(self, fan: str) -> str:
        return f"official:{self.digest(fan)}"

    def code(self, fan: str) -> str:
        return self.shop.code_at(Address("official", self.digest(fan)))

    def entries(self, fan: str, via: str = "send") -> list[dict[str, Any]]:
        return [row for row in self.simulator.world.chats.get(fan, []) if row["side"] == "app" and row["via"] == via]

    def seen(self, fan: str) -> list[str]:
        """The texts that were sent to him, without the passive answers."""
        return [row["content"].get("content", f"[{row['type']}]") for row in self.entries(fan)]

    def errcodes(self, path: str) -> list[int]:
        return [row["errcode"] for row in self.simulator.world.calls if row["path"] == f"official/{path}"]


@contextmanager
def running(sessions: Sessions, limits: Limits = FAST) -> Iterator[Account]:
    account = Account(sessions, limits)
    try:
        yield account
    finally:
        account.close()
