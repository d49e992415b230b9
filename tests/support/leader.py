"""An enterprise with customer groups in a test: the assistant behind a real address, a real simulator, one clock.

desk.joins("lihua"); desk.leads("lihua")      a distributor who is 团长
desk.group("福利群1", owner="lihua")          made in the simulator; the assistant hears of it and looks
desk.flask("broadcast", "create", …)          a command of the merchant's
desk.confirms("lihua")                        the member sends what waits for him
desk.sees("福利群1")                          what stands in the group
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
import requests
from click.testing import CliRunner
from flask import Flask

from bot import webhook
from bot.broadcast import BroadcastCalls, Broadcaster
from bot.broadcast import commands as broadcast_commands
from bot.broadcast.prepare import Prepare
from bot.broadcast.worker import House
from bot.groups import GroupCalls, GroupSync
from bot.groups import commands as group_commands
from bot.outbox.pictures import Pictures
from bot.wecom.crypto import Envelope
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from bot.worker import Assistant
from domain.broadcast import Cap
from domain.conversation import Inbound
from models import Sessions, schema
from models.group import CustomerGroup
from services import group
from simulator import ContactOptions, Limits, Options, create_simulator
from simulator import Server as SimulatorServer
from tests.support.clocked import ClockedShop
from tests.support.shop import START, catalogue
from web.commands import CommandDeps
from web.commands import distributor as distributor_commands
from web.server import Server

CORP, AGENT, SECRET, TOKEN = "ww0123456789abcdef", 1000002, "secret", "token"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
CONTACT = "secret-of-the-contacts"
FAST = Limits(callback_timeout=10.0, retry_delays=(0.02,))
JPEG = b"\xff\xd8\xff\xe0"
UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class Platform:
    """A simulator and the address that it calls back, for as many enterprises as come one after the other."""

    assistant: Assistant

    def __init__(self) -> None:
        app = Flask("enterprise")
        channel = webhook.wecom(Envelope(TOKEN, AES_KEY, CORP), CORP, AGENT, self.now)
        app.register_blueprint(webhook.blueprint(self, "wecom", channel))  # type: ignore[arg-type]
        self._web = Server(app, "127.0.0.1", 0, threads=4)
        self._web.start()
        callback = f"http://127.0.0.1:{self._web.port}/callback/wecom"
        contact = ContactOptions(CONTACT, members=("lihua", "zhangmin", "wangfang"))
        made = create_simulator(Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, callback, limits=FAST, contact=contact))
        self.simulator = made.simulator
        self._server = SimulatorServer(made, threads=8).start()
        self.url = self._server.url
        self.http = requests.Session()
        self.http.trust_env = False

    def receive(self, inbound: Inbound) -> str:
        return self.assistant.receive(inbound)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.simulator.world.now(), UTC)

    def begin(self, assistant: Assistant) -> None:
        """As if just started, for another shop."""
        assert self.simulator.world.wait_for(self.simulator.courier.idle, 10)
        self.simulator.reset()
        self.simulator.world.clock.set(START)
        self.assistant = assistant

    def close(self) -> None:
        self.http.close()
        self._server.stop()
        self._web.stop()


class Enterprise:
    def __init__(self, sessions: Sessions, platform: Platform, *, plan: str | None = None, cap: Cap = "month") -> None:
        self.sessions = sessions
        self.simulator, self.url, self.http = platform.simulator, platform.url, platform.http
        self.shop = ClockedShop(sessions, **({"plan": plan} if plan else {}))
        platform.begin(self.shop.assistant)
        self.shop.time = platform.now
        self.drawn: list[dict[str, Any]] = []
        self.woken: list[str] = []
        wire = Wire(f"{self.url}/cgi-bin")
        vault, clock = self.shop.vault, self.shop.clock
        tokens = TokenProvider(
            sessions, wire, CORP, CONTACT, seal=vault.seal, unseal=vault.open, clock=clock, wall=clock
        )
        self._calls = BroadcastCalls(wire, tokens)
        self.sync = GroupSync(sessions, GroupCalls(wire, tokens), vault, clock)
        self.broadcaster = self.made_with(self._draw)
        self.cap: Cap = cap

    def made_with(self, draw: Any) -> Broadcaster:
        shop = self.shop
        pictures = Pictures(self.sessions, self._calls, owner="contact", clock=shop.clock)
        house = House(self.sessions, shop.vault, shop.clock, catalogue(), draw, self._wake)
        return Broadcaster(house, self._calls, pictures)

    def _draw(self, kind: str, facts: dict[str, Any]) -> bytes:
        self.drawn.append(facts)
        return JPEG + repr((kind, facts)).encode()

    def _wake(self, lanes: Any) -> None:
        self.woken += lanes

    # commands

    def commands(self) -> list[click.Command]:
        shop = self.shop

        def ready() -> None:
            schema.upgrade(self.sessions.engine)

        prepare = Prepare(self.sessions, shop.vault, shop.clock, "http://shop.test", self.cap)
        dice = iter(range(7, 10**9, 7919))
        deps = CommandDeps(self.sessions, shop.clock, None, (), ready, shop.vault, catalogue())  # type: ignore[arg-type]
        return [
            distributor_commands.group(deps),
            group_commands.group(
                group_commands.GroupDeps(
                    self.sessions, shop.clock, shop.vault, self.sync, lambda n: next(dice) % n, ready
                )
            ),
            broadcast_commands.group(
                broadcast_commands.BroadcastDeps(
                    self.sessions, shop.clock, catalogue(), self.broadcaster, prepare, self._wake, ready
                )
            ),
        ]

    def flask(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; it must end with `code`."""
        root = click.Group("flask", {command.name or "": command for command in self.commands()})
        result = CliRunner().invoke(root, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"ended with {result.exit_code}\n{result.output}"
        return result.output

    # what people do

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sim/{path}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def joins(self, userid: str) -> str:
        return self.shop.joins(userid)

    def leads(self, userid: str) -> str:
        """Join and be 团长; his code."""
        code = self.joins(userid)
        with self.sessions.writing() as session:
            group.set_role(session, self.shop.vault, self.shop.who(userid), "leader", now=self.shop.clock())
        return code

    def group(self, name: str, *customers: str, owner: str = "lihua") -> str:
        """Made in the simulator, heard of by its event, and looked at; its chat_id."""
        chat_id = str(self.act("rooms/create", owner=owner, name=name, customers=list(customers), wait=True)["chat_id"])
        self.looks()
        return chat_id

    def does(self, what: str, chat_id: str, **more: Any) -> None:
        self.act(f"rooms/{what}", chat_id=chat_id, wait=True, **more)

    def looks(self) -> int:
        """The assistant looks at what it has heard of, some seconds later."""
        self.later(seconds=5)
        return self.sync.pull_due()

    def befriends(self, *customers: str, member: str = "lihua") -> None:
        for customer in customers:
            self.act("contact/scan", customer=customer, code=member, wait=True)

    def waiting(self, userid: str) -> list[dict[str, Any]]:
        """The 群发 that wait for this member in his client."""
        assert self.simulator.groupmsg is not None
        rows = self.simulator.groupmsg.describe()
        return [row for row in rows if row["userid"] == userid and not row["sent"] and not row["cancelled"]]

    def confirms(self, userid: str) -> dict[str, int]:
        (task,) = self.waiting(userid)
        return self.act("groupmsg/confirm", userid=userid, msgid=task["msgid"])

    def later(self, **step: float) -> None:
        self.simulator.world.clock.advance(sum(amount * UNITS[unit] for unit, amount in step.items()))

    def runs(self) -> dict[str, Any]:
        """The job that asks, finds out and looks."""
        return self.broadcaster(self.shop.clock())

    def sells_in(self, chat_id: str, paid: str, **more: Any) -> str:
        """An order that names the group, and no code."""
        return self.shop.sells(None, paid, ref={"group": chat_id}, **more)

    # what can be seen

    def sees(self, chat_id: str) -> list[str]:
        """What stands in the group: texts, titles of links, kinds of what else there is."""
        rows = self.simulator.world.chats.get(f"room:{chat_id}".lower(), [])
        return [_seen(row) for row in rows if row["side"] == "app"]

    def customer_sees(self, customer: str, userid: str = "lihua") -> list[str]:
        rows = self.simulator.world.chats.get(f"contact:{customer}:{userid}", [])
        return [_seen(row) for row in rows if row["side"] == "app"]

    def known(self, chat_id: str) -> CustomerGroup:
        with self.sessions.reading() as session:
            return group.find(session, chat_id)

    def calls(self, path: str) -> list[int]:
        """The errcodes of one call."""
        return [row["errcode"] for row in self.simulator.world.calls if row["path"] == f"externalcontact/{path}"]


def _seen(row: dict[str, Any]) -> str:
    content = row["content"]
    return str(content.get("content") or content.get("title") or f"[{row['type']}]")


@contextmanager
def running() -> Iterator[Platform]:
    platform = Platform()
    try:
        yield platform
    finally:
        platform.close()
