"""A WeCom beside us, a clock that tests turn, and senders over one database."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.outbox import Sender, Stopped, lane_of, robot_lane
from bot.wecom.client import Client
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from models.base import Sessions
from models.message import Outbox
from tests.channels.fake_wecom import FakeWeCom
from tests.support.databases import Database

CORP, AGENT, ROBOT_KEY = "ww0123456789abcdef", 1000002, "robot-key-0123456789"
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0"


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now

    def move(self, **by: float) -> None:
        with self._lock:
            self._now += timedelta(**by)


@dataclass
class World:
    """Everything around a sender. `another()` is a sender of another process: same database, own token cache."""

    sessions: Sessions
    fake: FakeWeCom
    clock: Clock = field(default_factory=Clock)
    wall: Clock = field(default_factory=Clock)
    drawn: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)
    keys: Iterator[int] = field(default_factory=itertools.count)
    secret: str | None = None

    def wire(self) -> Wire:
        return Wire(self.fake.base)

    def tokens(self, **changes: Any) -> TokenProvider:
        options: dict[str, Any] = {"seal": seal, "unseal": unseal, "clock": self.clock, "wall": self.wall, **changes}
        return TokenProvider(self.sessions, self.wire(), CORP, self.secret or self.fake.secret, **options)

    def client(self) -> Client:
        return Client(self.wire(), self.tokens())

    def another(self, **changes: Any) -> Sender:
        options: dict[str, Any] = {
            "clock": self.clock,
            "wall": self.wall,
            "client": self.client(),
            "robots": {robot_lane(ROBOT_KEY): ROBOT_KEY},
            "draw": self.draw,
            "on_name": lambda session, userid, name: self.names.append((userid, name)),
            "operators": lambda session: ["boss"],
            "say": say,
            "agent_id": AGENT,
            "home": "https://shop.example.com",
            **changes,
        }
        return Sender(self.sessions, **options)

    def draw(self, kind: str, facts: dict[str, Any]) -> bytes:
        self.drawn.append((kind, facts))
        return JPEG + repr((kind, facts)).encode()

    def put(self, *contents: str, to: str = "zhangsan") -> list[int]:
        """Texts for a member."""
        return [self.row(lane_of(to), "text", {"content": content}) for content in contents]

    def row(self, lane: str, kind: str, body: dict[str, Any], **values: Any) -> int:
        now = self.clock()
        row = Outbox(key=f"k{next(self.keys)}", lane=lane, kind=kind, body=body, state="waiting")
        row.due_at = row.created_at = now
        for name, value in values.items():
            setattr(row, name, value)
        with self.sessions.writing() as session:
            session.add(row)
            session.flush()
            return row.id

    def read(self, number: int) -> Outbox:
        with self.sessions.reading() as session:
            return session.get_one(Outbox, number)

    def states(self, lane: str | None = None) -> list[str]:
        chosen = select(Outbox.state).order_by(Outbox.id)
        with self.sessions.reading() as session:
            return list(session.scalars(chosen if lane is None else chosen.where(Outbox.lane == lane)))

    def run(self, sender: Sender, *, seconds: float, step: float = 2) -> None:
        """What the program does: every two seconds all that the sweep finds."""
        for _ in range(int(seconds / step) + 1):
            for lane in sender.sweep():
                sender.send_lane(lane)
            self.clock.move(seconds=step)
            self.wall.move(seconds=step)

    def change(self, work: Any) -> Any:
        with self.sessions.writing() as session:
            return work(session)


def seal(token: str) -> str:
    return "sealed:" + token[::-1]


def unseal(sealed: str) -> str:
    if not sealed.startswith("sealed:"):
        raise ValueError("sealed by another key")
    return sealed.removeprefix("sealed:")[::-1]


def say(stopped: Stopped) -> str:
    return f"发送已暂停:{stopped.errcode}"


def all_rows(session: Session) -> list[Outbox]:
    return list(session.scalars(select(Outbox).order_by(Outbox.id)))


@pytest.fixture
def fake() -> Iterator[FakeWeCom]:
    running = FakeWeCom()
    yield running
    running.close()


@pytest.fixture
def world(database: Database, fake: FakeWeCom) -> World:
    """On every database that answers."""
    return World(database.sessions, fake)
