"""The app as a process of its own: started, spoken to, killed, started again; its commands; its clock."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.contract.platform import Platform
from tests.contract.wire import Envelope, as_json, signed, xml

ROOT = Path(__file__).resolve().parents[2]
BASE_URL = "https://shop.example.com"
TOKEN, AES_KEY, CORP_ID = "ContractToken2026", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww00112233445566ff"
AGENT_ID, SECRET, ORDER_SECRET, ROBOT = 1000077, "secret-of-the-contract-app", "order-secret-4711", "robot-key-0815"
_ids = itertools.count(time.time_ns() // 1000)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Tuike:
    """One house: a folder, a database, a platform, and the app that runs on them while it is up."""

    folder: Path
    platform: Platform
    database_url: str
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    logs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.envelope = Envelope(TOKEN, AES_KEY, CORP_ID)
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        self.platform.shift = lambda: int(self.clock.read_text())

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "DEMO": "1",
            "PORT": str(self.port),
            "SIMULATOR_PORT": "off",
            "BASE_URL": BASE_URL,
            "VAR_DIR": str(self.folder / "var"),
            "DATABASE_URL": self.database_url,
            "CLOCK_FILE": str(self.clock),
            "WECOM_CORP_ID": CORP_ID,
            "WECOM_AGENT_ID": str(AGENT_ID),
            "WECOM_SECRET": SECRET,
            "WECOM_TOKEN": TOKEN,
            "WECOM_AES_KEY": AES_KEY,
            "WECOM_API_BASE": self.platform.base,
            "WECOM_OPERATORS": "boss,clerk",
            "WECOM_ROBOT_KEYS": ROBOT,
            "ORDER_API_SECRET": ORDER_SECRET,
            "SETTLEMENT_CRON": "0 3 1 1 *",
            "LEADERBOARD_CRON": "0 3 1 1 *",
            **self.more,
        }

    # -- the process

    def start(self, wait: bool = True) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        if wait:
            self.until_ready()

    def _read(self, stream: Any) -> None:
        with stream:
            for line in stream:
                self.logs.append(line.decode())

    def until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                pass  # not listening yet
            assert self.process is not None
            assert self.process.poll() is None, "".join(self.logs[-20:])
            assert time.monotonic() < deadline, "not ready: " + "".join(self.logs[-20:])
            time.sleep(0.05)  # a process that starts gives no event

    def kill(self) -> None:
        """kill -9"""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def stop(self, seconds: float = 10) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.kill()  # no more than tidying up where it has ended

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def flask(self, *words: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flask", *words]
        environment = {**self.environment, **more}
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=60
        )

    # -- the clock

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=int(self.clock.read_text()))

    def move(self, **by: float) -> None:
        seconds = int(self.clock.read_text()) + int(timedelta(**by).total_seconds())
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.clock)

    # -- HTTP

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def callback(self, plain: str | bytes, receiver: str | None = None) -> Answer:
        query, body = self.envelope.request(plain, receiver)
        return self.call("POST", "/callback/wecom?" + urlencode(query), body, {"Content-Type": "text/xml"})

    def send_text(self, user: str, text: str, message_id: int | None = None) -> Answer:
        return self.callback(message(user, text, message_id))

    def say(self, user: str, text: str, message_id: int | None = None) -> str:
        """What the person reads at once: the words of the passive reply."""
        answer = self.send_text(user, text, message_id)
        assert answer.status == 200, (answer.status, answer.body)
        return self.envelope.answer(answer.body).get("Content", "")

    def event(self, user: str, name: str, created: int | None = None, **more: str | int) -> str:
        answer = self.callback(event(user, name, created, **more))
        assert answer.status == 200, (answer.status, answer.body)
        return self.envelope.answer(answer.body).get("Content", "")

    def api(self, method: str, path: str, value: Any = b"", **how: Any) -> Answer:
        body = as_json(value) if value != b"" else b""
        headers = signed(ORDER_SECRET, body, **({"timestamp": int(self.now.timestamp())} | how))
        return self.call(method, "/api/v1" + path, body, headers)

    def order(self, value: dict[str, Any]) -> Answer:
        return self.api("POST", "/orders", value)

    def until_metric(self, series: str, least: float, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while True:
            shown = self.get("/metrics").text
            found = re.search("^" + re.escape(series) + r" ([\d.]+)$", shown, re.M)
            if found and float(found[1]) >= least:
                return
            assert time.monotonic() < deadline, f"{series} is not {least}:\n{shown}"
            time.sleep(0.05)  # a metric gives no event

    # -- what most stories begin with

    def join(self, user: str, words: str = "我要加入") -> str:
        """The person's code."""
        answer = self.say(user, words)
        found = re.search(re.escape(BASE_URL) + r"/r/(\w+)", answer)
        assert found, answer
        return found[1]

    def sale(self, no: str, code: str, paid: str = "100.00", *, completed: bool = True, **more: Any) -> Answer:
        """An order of this moment through somebody's code."""
        at = self.now
        done = {"completed_at": at.isoformat(timespec="seconds")} if completed else {}
        answer = self.order(an_order(no, code=code, paid=paid, at=at, **done, **more))
        assert answer.status == 201, answer.text
        return answer

    def settle(self, **ahead: float) -> dict[str, Any]:
        done = self.flask("settle", "--as-of", (self.now + timedelta(**ahead)).isoformat(), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    def withdraw(self, user: str, amount: str) -> str:
        """Asked for and confirmed; the request's number."""
        self.say(user, f"提现 {amount} 元")
        answer = self.say(user, "确认")
        found = re.search(r"编号 (\d+)", answer)
        assert found, answer
        return found[1]


def an_order(no: str, *, code: str | None, paid: str = "100.00", at: datetime, **more: Any) -> dict[str, Any]:
    """One line of strawberries, bought by a customer of the shop through somebody's code."""
    line = {"sku": "STRAWBERRY-3J", "name": "草莓", "category": "水果", "qty": 1, "price": paid, "paid": paid}
    return {
        "no": no,
        "source": "mall",
        "buyer": {"id": f"buyer-of-{no}"},
        "ref": {"code": code} if code else {},
        "paid_at": at.isoformat(timespec="seconds"),
        "freight": "0.00",
        "lines": [line],
        **more,
    }


def message(user: str, text: str, message_id: int | None = None) -> str:
    return xml(
        ToUserName=CORP_ID,
        FromUserName=user,
        CreateTime=int(time.time()),
        MsgType="text",
        Content=text,
        MsgId=next(_ids) if message_id is None else message_id,
        AgentID=AGENT_ID,
    )


def event(user: str, name: str, created: int | None = None, **more: str | int) -> str:
    return xml(
        ToUserName=CORP_ID,
        FromUserName=user,
        CreateTime=int(time.time()) if created is None else created,
        MsgType="event",
        Event=name,
        AgentID=AGENT_ID,
        **more,
    )
