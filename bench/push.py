"""Telling 100,000 people something: the same text as one push, and a text of his own to each.

The platform is the simulator, which counts message/send like any other call. Its clock and the product's stand still
but for what this bench moves them, so what is measured is how long the budgets make it take, against what they allow:

same   a call for a thousand. The day's quota is set to four tenths of the people, so two midnights must pass
own    weekly summaries, each different: so many minutes as the platform takes ten thousand calls in each

scans  every statement of the sweep and of the sender, explained by PostgreSQL with a million rows in the outbox

The product runs in a process of its own, whose memory is looked at. At the end everybody has got one message of each
kind, nothing was refused and nothing dropped, or the bench fails.

    python -m bench --only push
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from bench import people, scans
from bench.fill import fill
from bench.scans import GROWN
from bench.scratch import AES_KEY, AGENT_ID, CORP_ID, ORDER_SECRET, TOKEN, Scratch, database
from bench.server import peak_mb
from bot.outbox import Gate, Limits, Sender, Spending, lane_of
from bot.outbox.budget import MESSAGES_A_SEAT
from bot.outbox.feeder import TOGETHER
from bot.wecom.client import Client
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from domain.money import Money
from domain.periods import shanghai_date, start_of, week_of
from domain.push import Hours
from jobs.summary import SummaryJob
from models import Sessions, new_engine
from models.base import Base, table_of
from models.commission import Award
from models.message import Outbox
from models.push import Announcement
from services.message import Catalogue, Push, queue
from services.push import announcement
from simulator import Limits as PlatformLimits
from simulator import Options, create_simulator
from simulator.options import Member
from simulator.server import Server as Simulator

ROOT = Path(__file__).resolve().parent.parent
PER_MINUTE = 10_000  # what the platform takes of one call
THREADS = 4
# What has been sent in a year, until the outbox holds so many.
PAST = """
INSERT INTO outbox (key, lane, kind, body, state, attempts, due_at, created_at, sent_at)
SELECT 'past:' || n, 'wecom:user' || (n % :people + 1), 'text', '{"content": "x"}', 'sent', 1, at, at, at
FROM (SELECT n, CAST(:now AS timestamptz) - n * interval '30 seconds' AS at
      FROM generate_series(1, GREATEST(:count - (SELECT count(*) FROM outbox), 0)) AS n) AS past
"""
SAME = "周末草莓多加一个点，回复「草莓海报」领图。"


@dataclass(frozen=True)
class Told:
    """One way of telling everybody. seconds, allowed: of the simulated clock; real: on a watch."""

    calls: int
    seconds: float
    allowed: float
    real: float
    most_a_minute: int
    most_an_hour: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.allowed if self.allowed else 1.0


@dataclass(frozen=True)
class Pushed:
    same: Told
    own: Told
    peak_mb: float
    looked_at: int
    offenders: tuple[str, ...]


class StillClock:
    """The simulator's clock, which only the bench moves."""

    def __init__(self, now: datetime) -> None:
        self.at = now.timestamp()

    @property
    def offset(self) -> float:
        return 0.0

    def now(self) -> float:
        return self.at

    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def measure(backend: str, *, count: int, rows: int) -> Pushed:
    """`rows` is how many the outbox holds at least when its statements are explained."""
    start = datetime.now(UTC).replace(hour=2, minute=10, second=0, microsecond=0)  # ten past ten in Shanghai
    members = tuple(Member(people.userid(number), f"推客{number}") for number in range(1, count + 1))
    with database(backend) as scratch:
        fill(scratch, orders=count, distributors=count)
        _bring_into_one_week(scratch, start)
        platform = create_simulator(_options(scratch, members, replace(PlatformLimits(), send_counted=True)))
        world = platform.extensions["simulator"].world
        world.clock = StillClock(start)
        with Simulator(platform) as server:
            found = _run(scratch, server.url, world, count, rows, start)
        _check(world, count)
    return found


def _options(scratch: Scratch, members: tuple[Member, ...], limits: PlatformLimits) -> Options:
    return Options(
        corp_id=CORP_ID,
        agent_id=AGENT_ID,
        secret=scratch.environment["WECOM_SECRET"],
        token=TOKEN,
        aes_key=AES_KEY,
        callback_url="http://127.0.0.1:9/callback/wecom",
        mall_secret=ORDER_SECRET,
        members=members,
        limits=limits,
    )


def _bring_into_one_week(scratch: Scratch, start: datetime) -> None:
    """Everybody has earned something in the week that the bench begins in: its summary is new to all of them."""
    engine = new_engine(scratch.url)
    try:
        with engine.begin() as connection:
            connection.execute(update(table_of(Award)).values(paid_at=start - timedelta(hours=1)))
    finally:
        engine.dispose()


def _run(scratch: Scratch, platform: str, world: Any, count: int, rows: int, start: datetime) -> Pushed:
    """The product in its process. It says what time it shall be whenever it has nothing to do, and how many seats."""
    environment = os.environ | scratch.environment | {"WECOM_API_BASE": f"{platform}/cgi-bin"}
    arguments = [sys.executable, "-m", "bench.push", start.isoformat(), str(count), str(rows)]
    found: dict[str, Any] = {}
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        for line in child.stdout or ():
            said = json.loads(line)
            found |= said
            world.clock.at = said.get("now", world.clock.at)
            if "seats" in said:
                world.limits = replace(world.limits, account_limit=said["seats"])
            child.stdin.write("\n")
            child.stdin.flush()
    if child.returncode:
        raise RuntimeError("the product's process failed")
    offenders = tuple(found["offenders"])
    return Pushed(Told(**found["same"]), Told(**found["own"]), found["peak_mb"], found["looked_at"], offenders)


def _check(world: Any, count: int) -> None:
    if world.dropped:
        raise RuntimeError(f"{len(world.dropped)} messages were dropped")
    got = Counter(len(entries) for chat, entries in world.chats.items() if chat.startswith("user"))
    if got != {2: count}:
        raise RuntimeError(f"not everybody got two messages: {got}")


# In the process that is measured


def _say(**said: Any) -> None:
    print(json.dumps(said), flush=True)
    sys.stdin.readline()


class Clock:
    """The product's: it moves when there is nothing to do, and the platform's with it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, to: datetime) -> None:
        self.now = to
        _say(now=to.timestamp())


class Product:
    def __init__(self, start: datetime, count: int) -> None:
        self.start, self.clock, self.count = start, Clock(start), count
        self.sessions = Sessions(new_engine(os.environ["DATABASE_URL"]))
        self.calls: Counter[int] = Counter()  # by second
        self.refused: list[str] = []
        wire = Wire(os.environ["WECOM_API_BASE"], self._observe)
        self.client = Client(
            wire,
            TokenProvider(
                self.sessions, wire, CORP_ID, os.environ["WECOM_SECRET"], seal=str, unseal=str, clock=self.clock
            ),
        )

    def _observe(self, path: str, errcode: str) -> None:
        if errcode != "0":
            self.refused.append(f"{path}: {errcode}")
        elif path == "message/send":
            self.calls[int(self.clock().timestamp())] += 1

    def same(self) -> dict[str, Any]:
        """In a day the platform takes messages to four tenths of the people."""
        seats = max(1, self.count * 4 // 10 // MESSAGES_A_SEAT)
        with self.sessions.writing() as session:
            announcement.create(session, SAME, role=None, level=None, now=self.clock())
        midnights = (self.count - 1) // (seats * MESSAGES_A_SEAT)
        ends = start_of(shanghai_date(self.clock()) + timedelta(days=midnights)) if midnights else self.clock()
        return self._told(seats, (ends - self.clock()).total_seconds())

    def own(self) -> dict[str, Any]:
        """The week that the bench began in is told a week later."""
        week = week_of(shanghai_date(self.start))
        self.clock.move(week.end + timedelta(days=1, hours=9, minutes=10))
        catalogue = Catalogue.load(ROOT / "assets" / "messages" / "zh_CN.toml")
        told = SummaryJob(self.sessions, self.clock, catalogue, "week", Money.of_yuan("10.00"))(week.end)["told"]
        if told != self.count:
            raise SystemExit(f"{told} summaries for {self.count} people")
        return self._told(self.count // MESSAGES_A_SEAT * 2 + 1, self.count / PER_MINUTE * 60)

    def scans(self, rows: int) -> tuple[int, list[str]]:
        """How many statements of the sweep and of the sender there are, and which of them scan a grown table."""
        engine = self.sessions.engine
        if engine.dialect.name != "postgresql":
            return 0, []
        with engine.begin() as connection:
            connection.execute(text(PAST), {"count": rows, "people": self.count, "now": self.clock()})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        told: dict[str, Any] = {}

        def listen(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
            if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
                told.setdefault(statement, values[0] if many else values)

        event.listen(engine, "before_cursor_execute", listen)
        self._everything()
        event.remove(engine, "before_cursor_execute", listen)
        with self.sessions.reading() as session:
            grown = {name for name in ("outbox", "lane", "distributor", "identity", "award") if _count(session, name)}
        found = [
            f"{said} of {table} in {statement}"
            for statement, values in told.items()
            for table, said in scans.reads(engine, statement, values)
            if table in grown
        ]
        return len(told), found

    def _everything(self) -> None:
        """An answer, a push, a push to many, a night, a newer state of the same thing: whatever the outbox does."""
        night = Hours.parse("00:00-23:59")
        for quiet in (night, None):
            with self.sessions.writing() as session:
                for number in range(1, 4):
                    self._put(session, f"{quiet}:{number}", number, Push("order", number, f"order:{number}"))
                    self._put(session, f"{quiet}:again:{number}", number, Push("order", number, f"order:{number}"))
                self._put(session, f"{quiet}:answer", 5, None)
                announcement.create(session, SAME, role=None, level=None, now=self.clock())
            sender = self._sender(self.count, quiet)
            due = sender.due()
            sender.send_lanes(*due.pushes)
            for name in due.lanes[:20]:
                sender.send_lane(name)
            sender.due()

    def _put(self, session: Session, key: str, number: int, push: Push | None) -> None:
        lane, body = lane_of(people.userid(number)), {"content": key}
        queue(session, key=f"scan:{key}", lane=lane, kind="text", body=body, now=self.clock(), push=push)

    def _told(self, seats: int, allowed: float) -> dict[str, Any]:
        """Send until nothing waits. The clock moves when nothing may be sent at this moment."""
        _say(seats=seats)
        self.calls.clear()
        begun, watch, last = self.clock(), time.perf_counter(), self.clock()
        sender = self._sender(seats)
        with ThreadPoolExecutor(THREADS) as pool:
            while (next_at := self._next()) is not None:
                before = self.calls.total()
                due = sender.due()
                list(pool.map(sender.send_lane, due.lanes))
                pages = [due.pushes[first : first + TOGETHER] for first in range(0, len(due.pushes), TOGETHER)]
                list(pool.map(lambda some: sender.send_lanes(*some), pages))
                if self.calls.total() > before:
                    last = self.clock()
                else:
                    self.clock.move(max(next_at, self.clock() + timedelta(seconds=1)))
        return {
            "calls": self.calls.total(),
            "seconds": (last - begun).total_seconds(),
            "allowed": allowed,
            "real": time.perf_counter() - watch,
            "most_a_minute": _most_within(self.calls, 60),
            "most_an_hour": _most_within(self.calls, 3600),
        }

    def _next(self) -> datetime | None:
        """When something is due next, if anything waits."""
        with self.sessions.reading() as session:
            unsent = select(func.min(Outbox.due_at)).where(Outbox.state.in_(("held", "waiting", "sending")))
            going_on = select(func.min(Announcement.due_at)).where(Announcement.state == "open")
            found = [session.scalar(unsent), session.scalar(going_on)]
        return min((at for at in found if at is not None), default=None)

    def _sender(self, seats: int, quiet: Hours | None = None) -> Sender:
        return Sender(
            self.sessions,
            clock=self.clock,
            client=self.client,
            robots={},
            draw=lambda kind, facts: b"",
            on_name=lambda session, userid, name: None,
            operators=lambda session: [],
            say=str,
            agent_id=AGENT_ID,
            gate=Gate(quiet, Spending("wecom", Limits.of_app(seats))),
        )


def _count(session: Session, table: str) -> bool:
    return (session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0) > GROWN


def _most_within(calls: Counter[int], seconds: int) -> int:
    return max((sum(calls[at] for at in calls if first <= at < first + seconds) for first in calls), default=0)


def main() -> None:
    """Tell everybody in both ways; print what it took, and the most memory that this process held."""
    product = Product(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]))
    told = {"same": product.same(), "own": product.own()}
    if product.refused:
        raise SystemExit(f"refused: {Counter(product.refused)}")
    peak = peak_mb(os.getpid())
    looked_at, offenders = product.scans(int(sys.argv[3]))
    _say(**told, peak_mb=peak, looked_at=looked_at, offenders=offenders)


if __name__ == "__main__":
    main()
