"""The most memory that a web worker holds: after messages of all kinds, orders, and a poster that it drew itself.

Without REDIS_URL a web worker works the queue too, so it draws posters; the simulator stands for the platform that
takes them. What is counted is resident memory at its peak (VmHWM), libraries included.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import select

from bench import people
from bench.fill import Past
from bench.load import send
from bench.messages import CONNECTIONS, TEXT
from bench.scratch import AES_KEY, AGENT_ID, CORP_ID, ORDER_SECRET, TOKEN, Scratch
from bench.server import gunicorn
from models import Sessions, new_engine
from models.message import Outbox
from simulator import Options, create_simulator
from simulator.server import Server as Simulator

MEMBER = "lihua"  # whom the simulator's enterprise has
POSTER_WITHIN_SECONDS = 60.0


def measure(scratch: Scratch, past: Past, *, requests: int) -> float:
    """Megabytes."""
    options = Options(
        corp_id=CORP_ID,
        agent_id=AGENT_ID,
        secret=scratch.environment["WECOM_SECRET"],
        token=TOKEN,
        aes_key=AES_KEY,
        callback_url="http://127.0.0.1:9/callback/wecom",
        state_path=scratch.folder / "simulator.db",
        mall_secret=ORDER_SECRET,
    )
    with Simulator(create_simulator(options)) as platform:
        environment = scratch.environment | {"WECOM_API_BASE": f"{platform.url}/cgi-bin"}
        with gunicorn("app:create_app()", environment, scratch.folder) as server:
            _work(server.port, past, requests)
            _wait_for_poster(scratch)
            return server.peak_mb()


def _work(port: int, past: Past, requests: int) -> None:
    sellers = people.in_turn(past.sellers)
    messages = [people.http(*people.callback(people.userid(next(sellers)), TEXT)) for _ in range(requests)]
    pushes = []
    for _ in range(requests):
        body = people.order(past.codes[next(sellers)])
        pushes.append(people.http("/api/v1/orders", body, people.signed(body)))
    answers = send(port, [*messages, *pushes], connections=CONNECTIONS)
    if sorted(set(answers.statuses)) != [200, 201]:
        raise RuntimeError(f"not everything was answered: {sorted(set(answers.statuses))}")
    for text in ("我要加入", "草莓海报", "排行榜"):
        send(port, [people.http(*people.callback(MEMBER, text))], connections=1)


def _wait_for_poster(scratch: Scratch) -> None:
    """Until the platform has taken the picture."""
    engine = new_engine(scratch.url)
    until, pause = time.monotonic() + POSTER_WITHIN_SECONDS, threading.Event()
    try:
        while True:
            with Sessions(engine).reading() as session:
                states = list(session.execute(select(Outbox.state, Outbox.fault).where(Outbox.kind == "poster")))
            if states and all(row.state == "sent" for row in states):
                return
            if time.monotonic() > until or any(row.state == "given_up" for row in states):
                raise RuntimeError(f"the poster was not sent: {states}")
            pause.wait(0.2)
    finally:
        engine.dispose()
