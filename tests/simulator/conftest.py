"""A running simulator, an app of the test's own that records callbacks, and small tools to talk to both."""

from __future__ import annotations

import base64
import hashlib
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator import Limits, Options, Server, create_simulator

TOKEN = "FenXiaoToken2026"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
CORP = "ww0123456789abcdef"
AGENT = 1000002
SECRET = "secret-of-the-app-0123456789abcdefghijklmnopq"
ROBOT = "robot-key-1"


# The protocol once more, so that the simulator is not checked with its own code.


def sign(timestamp: str, nonce: str, encrypt: str) -> str:
    return hashlib.sha1("".join(sorted([TOKEN, timestamp, nonce, encrypt])).encode()).hexdigest()


def cipher() -> Cipher[modes.CBC]:
    key = base64.b64decode(AES_KEY + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def decrypt(encrypt: str) -> str:
    decryptor = cipher().decryptor()
    plain = decryptor.update(base64.b64decode(encrypt)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == CORP
    return plain[20 : 20 + length].decode()


def encrypt(message: str, receive_id: str = CORP) -> str:
    data = message.encode()
    plain = b"0123456789abcdef" + struct.pack(">I", len(data)) + data + receive_id.encode()
    fill = 32 - len(plain) % 32
    encryptor = cipher().encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()


def envelope(plain: str, *, receive_id: str = CORP, signature: str | None = None) -> str:
    sealed, stamp, nonce = encrypt(plain, receive_id), "1767225602", "nonce-of-the-app"
    mark = signature or sign(stamp, nonce, sealed)
    return (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature><![CDATA[{mark}]]></MsgSignature>"
        f"<TimeStamp>{stamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )


def reply_xml(userid: str, kind: str, inner: str) -> str:
    return (
        f"<xml><ToUserName>{userid}</ToUserName><FromUserName>{CORP}</FromUserName><CreateTime>1767225602</CreateTime>"
        f"<MsgType>{kind}</MsgType>{inner}</xml>"
    )


@dataclass
class Received:
    """One request at the app's callback address."""

    query: dict[str, str]
    body: str
    encrypted: str
    plain: str
    fields: dict[str, str]

    @property
    def sender(self) -> str:
        return self.fields.get("FromUserName", "")


Answer = tuple[int, str] | Callable[[Received], "tuple[int, str]"]


@dataclass
class App:
    """The other side: it records what comes and answers as the test says (else with an empty 200)."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    always: Answer = (200, "")
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, got: Received) -> tuple[int, str]:
        with self.changed:
            self.received.append(got)
            answer = self.answers.pop(0) if self.answers else self.always
            self.changed.notify_all()
        return answer(got) if callable(answer) else answer

    def wait(self, count: int, seconds: float = 10.0) -> list[Received]:
        deadline = time.monotonic() + seconds
        with self.changed:
            while len(self.received) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.received)} callbacks instead of {count}"
                self.changed.wait(left)
            return list(self.received)


def handler_for(side: Callable[[], App]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
            status, text = side().take(self._received(body))
            self._answer(status, text)

        def do_GET(self) -> None:
            got = self._received("")
            status, text = side().take(got)
            self._answer(status, text or decrypt(got.query["echostr"]))

        def _received(self, body: str) -> Received:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            encrypted, plain, fields = "", "", {}
            try:
                encrypted = ElementTree.fromstring(body).findtext("Encrypt", "")
                plain = decrypt(encrypted)
                fields = {node.tag: node.text or "" for node in ElementTree.fromstring(plain)}
            except (ElementTree.ParseError, ValueError, IndexError, AssertionError, struct.error):
                fields = {}
            return Received(query, body, encrypted, plain, fields)

        def _answer(self, status: int, text: str) -> None:
            data = text.encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the simulator did not wait for us

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    return Handler


class Listener:
    """One HTTP server for the whole run; each test puts an app of its own behind it."""

    def __init__(self) -> None:
        self.app = App()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(lambda: self.app))
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callback/wecom"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def app(listener: Listener) -> App:
    listener.app = App(url=listener.url)
    return listener.app


@dataclass
class Desk:
    """The running simulator, seen from outside: its platform API and its control API."""

    url: str
    session: requests.Session
    token: str = ""

    def sim(self, path: str, /, **body: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/sim/{path}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def see(self, path: str, /, **query: Any) -> dict[str, Any]:
        answer = self.session.get(f"{self.url}/sim/{path}", params=query, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get_token(self, secret: str = SECRET, corp: str = CORP) -> dict[str, Any]:
        return self.session.get(
            f"{self.url}/cgi-bin/gettoken", params={"corpid": corp, "corpsecret": secret}, timeout=10
        ).json()

    def query(self, more: dict[str, Any]) -> dict[str, Any]:
        if not self.token:
            self.token = self.get_token()["access_token"]
        return {"access_token": self.token, **more}

    def post(self, path: str, body: Any, **query: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/cgi-bin/{path}", params=self.query(query), json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.session.get(f"{self.url}/cgi-bin/{path}", params=self.query(query), timeout=20)
        assert answer.status_code == 200
        return answer.json()

    def send(self, to: str = "lihua", kind: str = "text", **more: Any) -> dict[str, Any]:
        content = more.pop("content", {"content": "你好"})
        return self.post("message/send", {"touser": to, "msgtype": kind, "agentid": AGENT, kind: content, **more})

    def robot(self, kind: str, content: dict[str, Any], key: str = ROBOT) -> dict[str, Any]:
        return self.session.post(
            f"{self.url}/cgi-bin/webhook/send", params={"key": key}, json={"msgtype": kind, kind: content}, timeout=10
        ).json()

    def chat(self, userid: str, side: str | None = "app", **query: Any) -> list[dict[str, Any]]:
        return self.see(f"chats/{userid}", **({"side": side} if side else {}), **query)["entries"]

    def upload(self, data: bytes, name: str = "poster.png", kind: str = "image") -> dict[str, Any]:
        return self.session.post(
            f"{self.url}/cgi-bin/media/upload", params=self.query({"type": kind}),
            files={"media": (name, data)}, timeout=10,
        ).json()  # fmt: skip


# Generous where a test waits for an answer (the machine may be busy), short only between repeats.
FAST = Limits(callback_timeout=10.0, verify_timeout=10.0, retry_delays=(0.02,))


@pytest.fixture(scope="session")
def start(listener: Listener) -> Iterator[Callable[..., Desk]]:
    """Start simulators that run until the end of the session."""
    servers: list[Server] = []
    sessions: list[requests.Session] = []

    def make(**options: Any) -> Desk:
        given = {"limits": FAST, "robot_keys": (ROBOT,), "callback_url": listener.url, **options}
        made = create_simulator(Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, **given))
        servers.append(Server(made, threads=8).start())
        sessions.append(requests.Session())
        sessions[-1].trust_env = False
        return Desk(servers[-1].url, sessions[-1])

    yield make
    for session in sessions:
        session.close()
    for server in servers:
        server.stop()


@pytest.fixture
def make_desk(start: Callable[..., Desk], app: App) -> Callable[..., Desk]:
    """A simulator of the test's own, for options that are fixed at the start."""
    return start


@pytest.fixture(scope="session")
def shared(start: Callable[..., Desk]) -> Desk:
    return start()


@pytest.fixture
def desk(shared: Desk, app: App) -> Desk:
    """The shared simulator, as if it had just been started."""
    assert shared.see("callbacks", wait=10)["idle"]
    shared.sim("reset")
    shared.token = ""
    return shared
