"""The app as a process that can be killed, and the world that goes on around it: members who write, a mall that pushes.

Whoever speaks to the app repeats until he is answered, as WeCom and a mall do: a message under its MsgId, an order
under its number, each try with a nonce of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import requests

from bot.wecom import xml
from bot.wecom.crypto import Envelope
from tests.channels.fake_wecom import FakeWeCom
from tests.channels.vectors import AES_KEY, CORP_ID, TOKEN
from tests.support.shop import FERNET, ROOT
from web.signing import sign

ORDER_SECRET = "order secret of the tests"
CALLBACK_PATIENCE = 5.0  # after so long WeCom hangs up and sends the callback again
START_PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class App:
    """`python app.py` on a port of its own. Its log goes to a file beside the database."""

    def __init__(self, folder: Path, database_url: str, wecom: FakeWeCom) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "app.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._env = {
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "SIMULATOR_PORT": "off",
            "BASE_URL": "http://shop.test",
            "SECRET_KEY": "a secret key of the tests",
            "ENCRYPTION_KEYS": FERNET,
            "WECOM_CORP_ID": CORP_ID,
            "WECOM_AGENT_ID": "1000002",
            "WECOM_SECRET": wecom.secret,
            "WECOM_TOKEN": TOKEN,
            "WECOM_AES_KEY": AES_KEY,
            "WECOM_API_BASE": wecom.base,
            "ORDER_API_SECRET": ORDER_SECRET,
            "WITHDRAW_MINIMUM": "0.10",
            "WITHDRAW_DAILY_LIMIT": "100000.00",
            "SETTLEMENT_CRON": "* * * * *",
            "LEADERBOARD_CRON": "0 5 1 1 *",
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self._env, stdout=log, stderr=log, start_new_session=True
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        pause = threading.Event()
        while True:
            try:
                if requests.get(f"{self.base}/readyz", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass  # not there yet
            assert self._process is not None
            assert self._process.poll() is None, f"the app ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "the app did not come up"
            pause.wait(0.02)

    def kill(self) -> None:
        """kill -9, at whatever it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=20)

    @contextmanager
    def running(self) -> Iterator[App]:
        """Started by the test itself, and killed at the end whatever happens."""
        try:
            yield self
        finally:
            if self._process is not None and self._process.poll() is None:
                self.kill()


@dataclass
class Said:
    """A text that a member wrote, and the passive reply that he saw; empty where it came with an empty 200."""

    msgid: str
    userid: str
    text: str
    answer: str = ""


@dataclass
class World:
    """What speaks to the app. `said` and `pushed` are what was answered; `hurried` ends all patience."""

    app: App
    hurried: threading.Event = field(default_factory=threading.Event)
    said: list[Said] = field(default_factory=list)
    pushed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    repeats: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._envelope = Envelope(TOKEN, AES_KEY, CORP_ID)
        self._msgids = iter(range(7_000_000_000, 8_000_000_000))

    def say(self, userid: str, text: str) -> str:
        """Write to the assistant until it is answered; the passive reply."""
        with self._lock:
            said = Said(str(next(self._msgids)), userid, text)
        plain = (
            f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><FromUserName><![CDATA[{userid}]]></FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content>{escape(text)}</Content><MsgId>{said.msgid}</MsgId><AgentID>1000002</AgentID></xml>"
        )

        def send() -> requests.Response:
            return self._callback(plain)

        answer = self._until_answered(send, (200,))
        if answer.content:
            said.answer = xml.read(self._opened(answer.content)).fields["Content"]
        with self._lock:
            self.said.append(said)
        return said.answer

    def push(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Push to the order API until it answers; its answer."""

        def send() -> requests.Response:
            raw = json.dumps(body).encode()
            stamp, nonce = str(int(time.time())), secrets.token_hex(16)
            headers = {
                "X-Timestamp": stamp,
                "X-Nonce": nonce,
                "X-Signature": sign(ORDER_SECRET, stamp, nonce, raw),
            }
            return requests.post(f"{self.app.base}/api/v1/{path}", data=raw, headers=headers, timeout=CALLBACK_PATIENCE)

        answer = self._until_answered(send, (200, 201, 202))
        with self._lock:
            self.pushed.append((path, body))
        return dict(answer.json())

    def _callback(self, plain: str) -> requests.Response:
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        sealed = self._envelope.seal(plain, nonce, stamp)
        fields = xml.read(sealed.encode()).fields
        query = {"msg_signature": fields["MsgSignature"], "timestamp": stamp, "nonce": nonce}
        url = f"{self.app.base}/callback/wecom"
        return requests.post(url, params=query, data=sealed.encode(), timeout=CALLBACK_PATIENCE)

    def _opened(self, body: bytes) -> bytes:
        fields = xml.read(body).fields
        return self._envelope.open(body, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])

    def _until_answered(self, send: Any, accepted: tuple[int, ...]) -> requests.Response:
        pause = threading.Event()
        while True:
            try:
                answer: requests.Response = send()
                if answer.status_code in accepted:
                    return answer
                assert answer.status_code == 503, f"{answer.status_code} {answer.text[:300]}"
            except requests.RequestException:
                pass  # killed, or not up again yet
            with self._lock:
                self.repeats += 1
            assert not self.hurried.is_set(), "the app does not answer any more"
            pause.wait(0.03)
