"""A small WeChat Work: tokens, messages, media, menu, members, robots. What it was asked and what people saw.

A test puts faults in front of a path: `platform.fault("message/send", errcode(-1), errcode(-1))` answers two requests
so, `platform.during("message/send", errcode(60020))` every one until `mended()` is called.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import hashlib
import itertools
import json
import socket
import struct
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DUPLICATES_SECONDS = 1800
PER_MINUTE = 30


@dataclass
class Call:
    path: str
    query: dict[str, str]
    raw: bytes
    at: float
    faulted: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Seen:
    """What one person saw: a text's words, a picture's bytes, a card."""

    user: str
    kind: str
    content: Any
    at: float
    body: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Before the request is processed or after; with an answer, a status, or a broken connection."""

    answer: dict[str, Any] | None = None
    status: int = 200
    breaks: bool = False
    after: bool = False
    delay: float = 0.0


def errcode(number: int) -> Fault:
    return Fault({"errcode": number, "errmsg": f"fault {number}, hint: [1767225600_1_0123456789abcdef]"})


def status(number: int) -> Fault:
    return Fault(status=number)


BROKEN_BEFORE = Fault(breaks=True)
BROKEN_AFTER = Fault(breaks=True, after=True)


@dataclass
class Platform:
    corp_id: str
    agent_id: int
    secret: str
    robot_keys: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)  # userids outside the app's range
    shift: Callable[[], float] = lambda: 0.0  # seconds by which a test has moved the clock

    def __post_init__(self) -> None:
        self.calls: list[Call] = []
        self.seen: list[Seen] = []
        self.dropped: list[Seen] = []
        self.group: list[dict[str, Any]] = []
        self.menu: dict[str, Any] | None = None
        self.tokens: set[str] = set()
        self.changed = threading.Condition()
        self._media: dict[str, bytes] = {}
        self._sent: dict[bytes, float] = {}
        self._cards: set[str] = set()
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._standing: dict[str, Callable[[Call], Fault | None]] = {}
        self._numbers = itertools.count(1)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                outer._serve(self)

            def do_POST(self) -> None:
                outer._serve(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None: ...

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/cgi-bin"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what a test does with it

    def fault(self, path: str, *faults: Fault) -> None:
        with self.changed:
            self._faults[path].extend(faults)

    def during(self, path: str, fault: Fault | Callable[[Call], Fault | None]) -> None:
        with self.changed:
            self._standing[path] = fault if callable(fault) else lambda _: fault

    def mended(self) -> None:
        with self.changed:
            self._standing.clear()
            self._faults.clear()

    def invalidate_tokens(self) -> None:
        with self.changed:
            self.tokens.clear()

    def texts(self, user: str) -> list[str]:
        with self.changed:
            return [one.content for one in self.seen if one.user == user and one.kind == "text"]

    def of(self, user: str, kind: str | None = None) -> list[Seen]:
        with self.changed:
            return [one for one in self.seen if one.user == user and kind in (None, one.kind)]

    def wait(self, condition: Callable[[], Any], seconds: float, what: str = "the platform") -> Any:
        """What `condition` gives as soon as it is true; asked whenever something was received."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not (found := condition()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {seconds} s for {what}")
                self.changed.wait(left)
            return found

    def requests(self, path: str) -> list[Call]:
        with self.changed:
            return [call for call in self.calls if call.path == path]

    # -- the service

    def now(self) -> float:
        return time.monotonic() + self.shift()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        address = urllib.parse.urlsplit(handler.path)
        path = address.path.removeprefix("/cgi-bin/")
        call = Call(path, dict(urllib.parse.parse_qsl(address.query)), raw, self.now())
        with self.changed:
            self.calls.append(call)
            standing = self._standing.get(path)
            fault = self._faults[path].pop(0) if self._faults[path] else standing(call) if standing else None
            call.faulted = fault is not None
            answer: dict[str, Any] | None = None
            if fault is None or fault.after:
                answer = self._process(call, handler.headers.get("Content-Type", ""))
            self.changed.notify_all()
        if fault is not None and fault.delay:
            time.sleep(fault.delay)  # the slowness is the fault
        if fault is not None and fault.breaks:
            handler.close_connection = True
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            return
        if fault is not None and not fault.after:
            answer = fault.answer
        self._answer(handler, fault.status if fault else 200, answer)

    def _answer(self, handler: BaseHTTPRequestHandler, code: int, answer: dict[str, Any] | None) -> None:
        body = json.dumps(answer, ensure_ascii=False).encode() if answer is not None else b"<html>bad gateway</html>"
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json; charset=UTF-8")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _process(self, call: Call, content_type: str) -> dict[str, Any]:
        if call.path == "gettoken":
            if (call.query.get("corpid"), call.query.get("corpsecret")) != (self.corp_id, self.secret):
                return _no(40001)
            token = f"TOKEN-{next(self._numbers)}-" + "x" * 200
            self.tokens.add(token)
            return _ok(access_token=token, expires_in=7200)
        if call.path.startswith("webhook/"):
            return self._robot(call)
        if not call.query.get("access_token"):
            return _no(41001)
        if call.query["access_token"] not in self.tokens:
            return _no(40014)
        if call.path == "message/send":
            return self._send(call)
        if call.path == "message/update_template_card":
            return _ok(invaliduser=[])
        if call.path == "media/upload":
            return self._upload(call, content_type)
        if call.path == "user/get":
            user = call.query.get("userid", "")
            return _ok(userid=user, name=self.names[user]) if user in self.names else _no(60111)
        if call.path == "menu/create":
            self.menu = call.json
            return _ok()
        return _no(40058)

    def _send(self, call: Call) -> dict[str, Any]:
        body = call.json
        if body.get("agentid") != self.agent_id or not isinstance(body.get("agentid"), int):
            return _no(40056)
        kind, users = body.get("msgtype"), [user for user in str(body.get("touser", "")).split("|") if user]
        if not users or all(user in self.unknown for user in users):
            return _no(81013)
        content = (body.get(kind) or {}) if isinstance(kind, str) else {}
        if kind == "text":
            shown: Any = content.get("content", "").encode()[:2048].decode("utf-8", "ignore")
            if not shown:
                return _no(44004)
        elif kind in ("image", "file"):
            if content.get("media_id") not in self._media:
                return _no(40007)
            shown = self._media[content["media_id"]]
        elif kind == "template_card":
            shown = content
            task = content.get("task_id", "")
            if task and task in self._cards and call.raw not in self._sent:
                return _no(42014)
            self._cards.add(task)
        else:
            shown = content
        now = self.now()
        if body.get("enable_duplicate_check"):
            interval = min(int(body.get("duplicate_check_interval", DUPLICATES_SECONDS)), 14400)
            before = self._sent.get(call.raw)
            if before is not None and now - before < interval:
                return _ok(msgid="repeated", invaliduser="")
        self._sent[call.raw] = now
        for user in users:
            one = Seen(user, str(kind), shown, now, body)
            lately = [seen for seen in self.seen if seen.user == user and now - seen.at < 60]
            (self.seen if len(lately) < PER_MINUTE else self.dropped).append(one)
        answer = _ok(msgid=f"M{next(self._numbers)}", invaliduser="")
        return {**answer, "response_code": f"RC{next(self._numbers)}"} if kind == "template_card" else answer

    def _upload(self, call: Call, content_type: str) -> dict[str, Any]:
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + call.raw)
        for part in message.iter_parts():
            if part.get_param("name", header="content-disposition") == "media":
                data = part.get_payload(decode=True)
                number = f"MEDIA{next(self._numbers)}"
                self._media[number] = data
                kind = call.query.get("type", "")
                return _ok(type=kind, media_id=number, created_at=str(int(time.time())))
        return _no(44001)

    def _robot(self, call: Call) -> dict[str, Any]:
        if call.query.get("key") not in self.robot_keys:
            return _no(93000)
        body = call.json
        if body.get("msgtype") == "image":
            picture = base64.b64decode(body["image"]["base64"])
            if hashlib.md5(picture).hexdigest() != body["image"]["md5"]:
                return _no(301019)
        self.group.append(body)
        return _ok()


def _ok(**more: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", **more}


def _no(number: int) -> dict[str, Any]:
    return {"errcode": number, "errmsg": f"refused {number}, hint: [1767225600_1_0123456789abcdef]"}
