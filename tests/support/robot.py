"""A merchant with a 智能机器人 in a test: the assistant behind a real address, a real simulator in front of it.

robot.says("xiaoli", "我的收益")                      what it answers her alone
robot.says("xiaoli", "排行榜", group=robot.group)     what everybody in the group reads
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask

from bot import webhook
from bot.robot.streams import Streams
from bot.wecom.crypto import Envelope
from models import Sessions
from simulator import Limits, Member, Options, RobotOptions, create_simulator
from simulator import Server as SimulatorServer
from tests.support.account import JPEG, WECOM
from tests.support.clocked import ClockedShop
from tests.support.shop import START
from web.server import Server

TOKEN, AES_KEY = "TokenOfTheRobot", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
UNPAINTED = "海报这次没画好，请再发一次「海报」。"
PEOPLE = tuple(Member(userid, userid, "distributor") for userid in ("xiaoli", "laowang", "boss"))
FAST = Limits(callback_timeout=10.0, stream_interval=0.02)


class Robot:
    def __init__(self, sessions: Sessions) -> None:
        self.shop = ClockedShop(sessions)
        self.undrawable = False
        streams = Streams(self.shop.sessions, self._draw, self.shop.clock, UNPAINTED)
        app = Flask("robot")
        made = webhook.robot(Envelope(TOKEN, AES_KEY, ""), streams, self.shop.clock)
        app.register_blueprint(webhook.blueprint(self.shop.assistant, "robot", made))
        self.app = app
        self._web = Server(app, "127.0.0.1", 0, threads=4)
        self._web.start()
        url = f"http://127.0.0.1:{self._web.port}/callback/robot"
        options = Options(
            *WECOM, callback_url=url, robot_keys=("key-1",), members=PEOPLE, limits=FAST,
            robot=RobotOptions(TOKEN, AES_KEY, url),
        )  # fmt: skip
        made_simulator = create_simulator(options)
        self.simulator = made_simulator.simulator
        self.simulator.world.clock.set(START)
        self.shop.time = lambda: datetime.fromtimestamp(self.simulator.world.now(), UTC)
        self._server = SimulatorServer(made_simulator, threads=8).start()
        self.url = self._server.url
        self.http = requests.Session()
        self.http.trust_env = False
        self.group = self.simulator.world.groups[0]["id"]

    def close(self) -> None:
        self.http.close()
        self._server.stop()
        self._web.stop()

    def _draw(self, kind: str, facts: dict[str, Any]) -> bytes:
        if self.undrawable:
            raise OSError("no such picture")
        return JPEG + repr((kind, facts)).encode()

    def act(self, what: str, userid: str, **more: Any) -> dict[str, Any]:
        wish = {"userid": userid, "wait": True, **more}
        answer = self.http.post(f"{self.url}/sim/aibot/{what}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def says(self, userid: str, text: str, **more: Any) -> str:
        """The whole answer, when the platform has fetched the last of it."""
        told = self.act("say", userid, text=text, **more)
        assert told["problem"] is None
        chat = more.get("group") or f"ai-{userid}"
        assert self.simulator.world.wait_for(lambda: self._whole(chat, told["id"]), 30)
        return str(self._whole(chat, told["id"])["content"]["content"])

    def _whole(self, chat: str, after: int) -> Any:
        rows = [row for row in self.simulator.world.chats.get(chat, []) if row["id"] > after]
        return next((row for row in rows if row["type"] == "stream" and row["content"]["finish"]), None)

    def pictures(self, chat: str) -> list[bytes]:
        there = self.simulator.world.chats.get(chat, [])
        rows = [row for row in there if (row["type"], row["side"]) == ("image", "app")]
        found = [self.simulator.media.find(row["content"]["media_id"]) for row in rows]
        return [kept[1] for kept in found if kept is not None]
