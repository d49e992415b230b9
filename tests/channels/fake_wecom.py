"""A small WeCom over real HTTP that records what it is sent and answers as told.

fake.script("message/send", {"errcode": -1}, Reset(after=True))   # the next answers, in order; then the usual one
fake.seen("message/send")                                         # bodies of all calls
fake.chat("zhangsan")                                             # what he sees: duplicates are dropped as by WeCom
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Raw:
    """An answer that is no JSON of WeCom."""

    status: int = 200
    body: bytes = b"<html>502</html>"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reset:
    """The connection breaks; `after` it was done."""

    after: bool


class Hold:
    """It is done, and the answer waits until `release` is set; `then` is answered in place of the usual."""

    def __init__(self, then: dict[str, Any] | Raw | None = None) -> None:
        self.arrived, self.release, self.then = threading.Event(), threading.Event(), then


@dataclass(frozen=True)
class Call:
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]
    connection: int

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class FakeWeCom:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.secret = "S" * 43
        self.tokens: set[str] = set()
        self.dead = False  # every token is refused, fresh ones too
        self._scripts: dict[str, list[Any]] = defaultdict(list)
        self._always: dict[str, Any] = {}
        self._chats: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._known: set[bytes] = set()
        self._lock = threading.Lock()
        self._count = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one segment: two would wait 40 ms for each other

            def do_GET(self) -> None:
                fake._serve(self)

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that went away is part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}/cgi-bin"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        for scripted in [*self._always.values(), *(item for items in self._scripts.values() for item in items)]:
            if isinstance(scripted, Hold):
                scripted.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # what tests say and ask

    def script(self, path: str, *answers: Any) -> None:
        with self._lock:
            self._scripts[path].extend(answers)

    def always(self, path: str, answer: Any) -> None:
        """The answer from now on; None for the usual one."""
        with self._lock:
            if answer is None:
                self._always.pop(path, None)
            else:
                self._always[path] = answer

    def seen(self, path: str) -> list[Call]:
        with self._lock:
            return [call for call in self.calls if call.path == path]

    def count(self, path: str) -> int:
        return len(self.seen(path))

    def chat(self, userid: str) -> list[Any]:
        """What reached him: texts as text, other messages as they are."""
        with self._lock:
            return [item["text"]["content"] if item["msgtype"] == "text" else item for item in self._chats[userid]]

    def invalidate(self) -> None:
        with self._lock:
            self.tokens.clear()

    # serving

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        path = address.path.removeprefix("/cgi-bin/")
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        call = Call(path, query, body, dict(handler.headers.items()), handler.client_address[1])
        with self._lock:
            self.calls.append(call)
            scripted = self._scripts[path].pop(0) if self._scripts[path] else self._always.get(path)
        if isinstance(scripted, Reset) and not scripted.after:
            return self._break(handler)
        answer = scripted if isinstance(scripted, dict | Raw) else self._answer(call)
        if isinstance(scripted, Reset):
            return self._break(handler)
        if isinstance(scripted, Hold):
            scripted.arrived.set()
            scripted.release.wait(30)
            answer = scripted.then or answer
        return self._write(handler, answer)

    def _break(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def _write(self, handler: BaseHTTPRequestHandler, answer: dict[str, Any] | Raw) -> None:
        raw = answer if isinstance(answer, Raw) else Raw(body=json.dumps({"errmsg": "ok", **answer}).encode())
        handler.send_response(raw.status)
        for name, text in {"Content-Length": str(len(raw.body)), **raw.headers}.items():
            handler.send_header(name, text)  # "Connection: close" ends the connection behind the answer
        handler.end_headers()
        handler.wfile.write(raw.body)

    def _answer(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self._count += 1
            if call.path == "gettoken":
                return self._gettoken(call)
            if call.path == "webhook/send":
                self._chats[call.query["key"]].append(call.json)
                return {"errcode": 0}
            if "access_token" not in call.query:
                return {"errcode": 41001, "errmsg": "access_token missing"}
            if self.dead or call.query["access_token"] not in self.tokens:
                return {"errcode": 40014, "errmsg": "invalid access_token"}
            if call.path == "message/send":
                return self._send(call)
            if call.path == "media/upload":
                return {
                    "errcode": 0,
                    "type": "image",
                    "media_id": f"MEDIA{self._count}",
                    "created_at": str(int(time.time())),
                }
            if call.path == "user/get":
                return {"errcode": 0, "userid": call.query["userid"], "name": "张三"}
            return {"errcode": 0}

    def _gettoken(self, call: Call) -> dict[str, Any]:
        if call.query.get("corpsecret") != self.secret:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        token = f"token-{self._count}"
        self.tokens.add(token)
        return {"errcode": 0, "access_token": token, "expires_in": 7200}

    def _send(self, call: Call) -> dict[str, Any]:
        body = call.json
        if not (body.get("enable_duplicate_check") and call.body in self._known):
            for userid in body["touser"].split("|"):
                self._chats[userid].append(body)
            self._known.add(call.body)
        answer = {"errcode": 0, "invaliduser": "", "msgid": f"msg-{self._count}"}
        return answer | ({"response_code": f"RC{self._count}"} if body["msgtype"] == "template_card" else {})
