"""kill -9 at random moments while people write and orders come: nothing is lost, nothing is done twice.

The app is a real process with its queue, its sweeps and its scheduler; beside it a second process's settlement runs.
What was said and pushed is repeated until it is answered. Then everything is counted.

FULL=1   two hundred kills instead of a handful; on PostgreSQL and MariaDB as well
SEED     of the moments
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from domain.money import ZERO, Money, total
from jobs.settlement import SettlementJob
from models import Sessions
from models.base import new_engine
from models.commission import Award
from models.distributor import Distributor, Operator
from models.ledger import LedgerEntry, LedgerPosting
from models.message import Inbox, Outbox
from models.order import EarlyFact, Order, OrderLine, Refund
from models.withdrawal import Withdrawal
from services import ledger
from tests.channels.fake_wecom import FakeWeCom
from tests.chaos.app_process import App, World
from tests.support.databases import Database
from tests.support.shop import Shop, catalogue

FULL = os.environ.get("FULL") == "1"
KILLS = 200 if FULL else 5
BACKENDS = ["sqlite", "postgresql", "mariadb"] if FULL else ["sqlite"]
PEOPLE = ("xiaoli", "xiaozhang", "xiaochen")  # each invited by the one before
DRAIN_SECONDS = 240 if FULL else 60
PLAN = """
name: 两级
terms: {max_share: 50%, hold_days: 0}
rules:
  - {id: r, kind: commission, title: 推广佣金, pay: [{to: seller, rate: 10%}, {to: upline-1, rate: 5%}]}
"""

pytestmark = pytest.mark.journey


@pytest.fixture
def wecom() -> Iterator[FakeWeCom]:
    fake = FakeWeCom()
    yield fake
    fake.close()


@pytest.mark.parametrize("database", BACKENDS, indirect=True)
def test_a_killed_app_loses_nothing_and_does_nothing_twice(
    database: Database, wecom: FakeWeCom, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SEED", "5"))
    Shop(database.sessions, now=datetime.now(UTC) - timedelta(seconds=30), plan=PLAN)
    with database.sessions.writing() as session:
        session.execute(delete(Operator))  # a member gets 25 messages a minute, and there would be more to tell
    with App(tmp_path, database.url, wecom).running() as app:
        world = World(app)
        over = threading.Event()
        with ThreadPoolExecutor(len(PEOPLE) + 1) as pool:
            lives = [pool.submit(live, world, who, place, over, seed) for place, who in enumerate(PEOPLE)]
            beside = pool.submit(settle_beside, database.url, over)
            try:
                kill_at_random(app, random.Random(seed), lives)
            finally:
                over.set()
                patience = threading.Timer(DRAIN_SECONDS, world.hurried.set)
                patience.start()
            for future in [*lives, beside]:
                future.result()
            patience.cancel()
        wait_until_all_is_sent(database)
        assert app.stop() == 0

    report(world, database)
    check_orders(world, database)
    check_answers(world, database, wecom)
    check_withdrawals(world, database)
    check_books(database)


# ---------------------------------------------------------------------------------------------------------------
# What happens


def kill_at_random(app: App, dice: random.Random, lives: list[Future[None]]) -> None:
    """Mostly some time after it came up, sometimes while it comes up; at the end it is left alive."""
    moment = threading.Event()
    for _ in range(KILLS):
        app.start()
        if dice.random() < 0.85:
            app.wait_until_ready()
        moment.wait(dice.uniform(0.0, 1.5))
        app.kill()
        for life in lives:
            if life.done():
                life.result()  # it never ends by itself: this raises what ended it
    app.start()
    app.wait_until_ready()


def live(world: World, userid: str, place: int, over: threading.Event, seed: int) -> None:
    """Join, then sell, refund, ask and withdraw until it is over; whatever was begun is ended."""
    dice = random.Random(seed * 100 + place)
    code = joins(world, userid, place)
    rounds = 0
    withdrew_at = 0.0
    while not over.is_set() or rounds < 3:
        rounds += 1
        sells(world, f"{userid}-{rounds}", code, dice)
        world.say(userid, dice.choice(["我的收益", "明细", "团队", "排行", "你好", f"为什么 {userid}-{rounds}"]))
        if time.monotonic() - withdrew_at > 8:
            withdrew_at = time.monotonic()
            world.say(userid, f"提现 {dice.randint(10, 90) / 100:.2f}")
            world.say(userid, dice.choice(["确认", "确认", "确认", "取消"]))


_CODES: dict[tuple[int, str], str] = {}


def joins(world: World, userid: str, place: int) -> str:
    """Everybody but the first by the code of the one before; the own code."""
    before = ""
    if place:
        inviter = PEOPLE[place - 1]
        before = wait_for(lambda: _CODES.get((id(world), inviter)))
    world.say(userid, f"我要加入 {before}".strip())
    code = None
    while code is None:  # an answer that went by the outbox is not seen here
        code = re.search(r"/r/(\w+)", world.say(userid, "我的链接"))
    _CODES[id(world), userid] = code[1]
    return code[1]


def wait_for(look: Callable[[], str | None]) -> str:
    pause, deadline = threading.Event(), time.monotonic() + DRAIN_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline
        pause.wait(0.05)
    return found


def sells(world: World, no: str, code: str, dice: random.Random) -> None:
    """An order, its completion and a refund, in any order; some of it is pushed again although it was answered."""
    now = datetime.now(UTC).isoformat()
    paid = Money(dice.randint(100, 9999))
    order = {
        "no": no,
        "source": "mall",
        "buyer": {"id": f"cust-{no}"},
        "ref": {"code": code},
        "paid_at": now,
        "freight": "0.00",
        "lines": [
            {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 2, "price": paid.yuan, "paid": paid.yuan}
        ],
    }
    back = Money(paid.fen // dice.choice([1, 2, 3]))
    refund = {"refund_no": f"{no}-R", "at": now, "lines": [{"line": 0, "qty": 1, "amount": back.yuan}]}
    pushes: list[tuple[str, dict[str, Any]]] = [("orders", order)]
    if dice.random() < 0.8:
        pushes.append((f"orders/{no}/complete", {"at": now}))
    if dice.random() < 0.4:
        pushes.append((f"orders/{no}/refunds", refund))
    dice.shuffle(pushes)
    for path, body in [*pushes, *(push for push in pushes if dice.random() < 0.2)]:
        world.push(path, body)


def settle_beside(url: str, over: threading.Event) -> None:
    """The settlement of a second process, which is not killed."""
    engine = new_engine(url)
    job = SettlementJob(Sessions(engine), lambda: datetime.now(UTC), catalogue(), lambda lanes: None)
    while not over.wait(2.0):
        assert job(datetime.now(UTC))["failed"] == 0
    engine.dispose()


def wait_until_all_is_sent(database: Database) -> None:
    """Until the app has handled what was kept and sent what is queued."""
    pause, deadline = threading.Event(), time.monotonic() + DRAIN_SECONDS
    while True:
        with database.sessions.reading() as session:
            kept = session.scalar(select(func.count()).select_from(Inbox).where(Inbox.state == "waiting"))
            open_ = select(func.count()).select_from(Outbox).where(Outbox.state.in_(("waiting", "sending")))
            queued = session.scalar(open_)
        if not kept and not queued:
            return
        assert time.monotonic() < deadline, f"{kept} messages and {queued} sendings are left"
        pause.wait(0.2)


# ---------------------------------------------------------------------------------------------------------------
# What must hold


def report(world: World, database: Database) -> None:
    """Seen with `pytest -s`: how much there was."""
    with database.sessions.reading() as session:
        tables = {"orders": Order, "refunds": Refund, "withdrawals": Withdrawal, "sent": Outbox, "inbox": Inbox}
        counts = {name: session.scalar(select(func.count()).select_from(table)) for name, table in tables.items()}
    print(  # noqa: T201
        f"\n{database.backend}: {KILLS} kills, {len(world.said)} messages, {len(world.pushed)} pushes, "
        f"{world.repeats} tries without an answer, {counts}"
    )


def check_orders(world: World, database: Database) -> None:
    """Every order, refund and completion that was answered is there, once, and nothing else is."""
    orders = {body["no"]: body for path, body in world.pushed if path == "orders"}
    completed = {path.split("/")[1] for path, _ in world.pushed if path.endswith("/complete")}
    refunds = {body["refund_no"]: body for path, body in world.pushed if path.endswith("/refunds")}
    with database.sessions.reading() as session:
        found = session.scalars(select(Order)).all()
        assert sorted(row.no for row in found) == sorted(orders)
        assert {row.no for row in found if row.completed_at} == completed
        assert sorted(session.scalars(select(Refund.refund_no))) == sorted(refunds)
        assert session.scalars(select(EarlyFact.id).where(EarlyFact.applied_at.is_(None))).all() == []
        for row in found:
            line = session.scalars(select(OrderLine).where(OrderLine.order_id == row.id)).one()
            back = refunds.get(f"{row.no}-R")
            refunded = Money.of_yuan(back["lines"][0]["amount"]) if back else ZERO
            assert (line.paid.yuan, line.refunded) == (orders[row.no]["lines"][0]["paid"], refunded)
            net = line.paid - refunded
            awards = session.execute(select(Award.as_, Award.amount).where(Award.order_id == row.id)).all()
            expected = {"seller": net.share(1000), "upline-1": net.share(500)}
            assert all(expected[award.as_] == award.amount for award in awards)
            assert len(awards) == 1 + (not row.no.startswith(PEOPLE[0]))


def check_answers(world: World, database: Database, wecom: FakeWeCom) -> None:
    """A message has one answer: the passive reply that was seen, or texts that were sent, and each of those once."""
    with database.sessions.reading() as session:
        rows = {row.key: row for row in session.scalars(select(Inbox))}
        outbox = session.scalars(select(Outbox)).all()
    assert sorted(rows) == sorted(f"msg:{said.msgid}" for said in world.said)
    assert {row.state for row in rows.values()} == {"handled"}
    assert {row.state for row in outbox} <= {"sent", "merged"}
    late = {
        row.key.split(":")[3] for row in outbox if row.key.startswith("answer:wecom:msg:") and ":poster:" not in row.key
    }
    for said in world.said:
        assert bool(said.answer) != (said.msgid in late), f"{said} has two answers or none"
        if said.answer:
            assert said.answer == rows[f"msg:{said.msgid}"].answer
    for userid in PEOPLE:
        sent = Counter(
            row.body["content"]
            for row in outbox
            if (row.lane, row.kind, row.state) == (f"wecom:{userid}", "text", "sent")
        )
        cards = sorted(row.body["task"] for row in outbox if (row.lane, row.kind) == (f"wecom:{userid}", "card"))
        seen = wecom.chat(userid)
        assert Counter(item for item in seen if isinstance(item, str)) == sent
        shown = (item["template_card"]["task_id"] for item in seen if isinstance(item, dict))
        assert sorted(shown) == cards


def check_withdrawals(world: World, database: Database) -> None:
    """One request for every yes that was accepted, and no other."""
    numbers = []
    for said in world.said:
        if accepted := re.search(r"已提交提现 ([\d.]+) 元（编号 (\d+)）", said.answer):
            numbers.append((int(accepted[2]), accepted[1]))
    with database.sessions.reading() as session:
        rows = session.scalars(select(Withdrawal)).all()
        late = session.scalars(select(Outbox.body).where(Outbox.key.like("answer:%"), Outbox.kind == "text")).all()
    for body in late:
        if accepted := re.search(r"已提交提现 ([\d.]+) 元（编号 (\d+)）", body["content"]):
            numbers.append((int(accepted[2]), accepted[1]))
    assert sorted(number for number, _ in numbers) == sorted(row.id for row in rows)
    assert {(row.id, row.amount) for row in rows} == {(number, Money.of_yuan(text)) for number, text in numbers}


def check_books(database: Database) -> None:
    """After a last settlement everything that is due is available, and every account is what its facts say."""
    ahead = datetime.now(UTC) + timedelta(days=1)
    job = SettlementJob(database.sessions, lambda: ahead, catalogue(), lambda lanes: None)
    assert job(ahead)["failed"] == 0
    with database.sessions.reading() as session:
        assert ledger.verify(session) == []
        assert (session.scalar(select(func.sum(LedgerPosting.amount))) or ZERO) == ZERO
        accruals = session.scalar(select(func.count()).where(LedgerEntry.kind == "accrual"))
        assert accruals == session.scalar(select(func.count()).select_from(Order))
        for who in session.scalars(select(Distributor)):
            awards = session.scalars(select(Award).where(Award.distributor_id == who.id)).all()
            asked = session.scalars(select(Withdrawal.amount).where(Withdrawal.distributor_id == who.id)).all()
            have = ledger.balances(session, who.id)
            assert have.pending == total(row.amount for row in awards if row.state == "pending")
            assert have.withdrawing == total(asked)
            assert have.available + have.withdrawing == total(r.amount for r in awards if r.state == "available")
