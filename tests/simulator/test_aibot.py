"""The simulated 智能机器人 against an app of the test's own: what it posts, what it takes, how often it asks."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.wecom.crypto import Envelope
from simulator import Limits, Options, RobotOptions, Server, create_simulator

TOKEN, AES_KEY = "FenXiaoToken2026", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
OURS = Envelope(TOKEN, AES_KEY, "")
ME = "lihua"
JPEG = b"\xff\xd8\xff\xe0 a picture"
Say = Callable[[dict[str, Any]], "dict[str, Any] | None"]


def stream(words: str, *, finish: bool = True, number: str = "s-1", **more: Any) -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": number, "finish": finish, "content": words, **more}}


def picture(data: bytes, md5: str = "") -> dict[str, Any]:
    told = md5 or hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {"msgtype": "image", "image": {"base64": base64.b64encode(data).decode(), "md5": told}}


@dataclass
class Desk:
    """A simulator and the app behind it; `say` answers each callback, `nonce` replaces that of the answer."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    say: Say = lambda found: None
    nonce: str = ""
    http: requests.Session = field(default_factory=requests.Session)
    simulator: Any = None
    hold: threading.Event = field(default_factory=threading.Event)

    def act(self, what: str, /, code: int = 200, **wish: Any) -> dict[str, Any]:
        told = self.http.post(f"{self.url}/sim/aibot/{what}", json={"userid": ME, "wait": True, **wish}, timeout=30)
        assert told.status_code == code, told.text
        return dict(told.json())

    def said(self, chat: str = f"ai-{ME}") -> list[Any]:
        rows = self.simulator.world.chats.get(chat, [])
        return [row["content"].get("content") or row["type"] for row in rows if row["side"] == "app"]

    def wait(self, ready: Callable[[], bool]) -> None:
        assert self.simulator.world.wait_for(ready, 20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            plain = OURS.unseal(body["encrypt"], query["msg_signature"], query["timestamp"], query["nonce"])
            found = json.loads(plain)
            desk.got.append(found)
            answer = desk.say(found)
            sealed = b""
            if answer is not None:
                nonce = desk.nonce or query["nonce"]
                encrypted, signature = OURS.sealed(json.dumps(answer), nonce, 1767225604)
                reply = {"encrypt": encrypted, "msgsignature": signature, "timestamp": 1767225604, "nonce": nonce}
                sealed = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(sealed)))
            self.end_headers()
            self.wfile.write(sealed)

        def log_message(self, *_: Any) -> None: ...

    app = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    callback = f"http://127.0.0.1:{app.server_port}/callback/robot"
    options = Options(
        "ww0123456789abcdef", 1000002, "secret", TOKEN, AES_KEY, callback, robot_keys=("key-1",),
        limits=Limits(stream_interval=0.01), robot=RobotOptions(TOKEN, AES_KEY, callback),
    )  # fmt: skip
    made = create_simulator(options)
    desk.simulator, desk.http.trust_env = made.simulator, False
    with Server(made, port=0) as server:
        desk.url = server.url
        yield desk
    desk.http.close()
    app.shutdown()
    app.server_close()


@pytest.fixture
def desk(shared: Desk) -> Desk:
    shared.simulator.reset()
    shared.simulator.world.clock.set(datetime(2026, 1, 1, tzinfo=UTC))
    shared.got.clear()
    shared.say, shared.nonce = (lambda found: None), ""
    return shared


def test_a_group_message_names_the_robot_and_the_group(desk: Desk) -> None:
    group = desk.simulator.world.groups[0]["id"]
    desk.act("say", text="排行榜", group=group)
    (found,) = desk.got
    assert found["text"] == {"content": "@分销助手 排行榜"}
    assert (found["chattype"], found["chatid"], found["from"]) == ("group", group, {"userid": ME})
    assert found["response_url"].endswith(f"response_code={found['response_url'].rpartition('=')[2]}")
    desk.act("say", text="帮助")
    assert (desk.got[1]["chattype"], "chatid" in desk.got[1]) == ("single", False)


def test_an_unfinished_answer_is_asked_for_and_replaced_each_time(desk: Desk) -> None:
    desk.say = lambda found: stream(f"第 {len(desk.got)} 次", finish=len(desk.got) == 3)
    desk.act("say", text="帮助")
    desk.wait(lambda: desk.said() == ["第 3 次"])
    assert [found["msgtype"] for found in desk.got] == ["text", "stream", "stream"]
    assert {found["stream"]["id"] for found in desk.got[1:]} == {"s-1"}


def test_after_six_minutes_it_is_asked_for_no_more(desk: Desk) -> None:
    def unfinished(found: dict[str, Any]) -> dict[str, Any]:
        if len(desk.got) == 2:
            desk.simulator.world.clock.advance(361)
        return stream("等等", finish=False)

    desk.say = unfinished
    desk.act("say", text="帮助")
    desk.wait(lambda: len(desk.got) >= 2 and desk.simulator.aibot.courier.idle())
    assert len(desk.got) == 2


def test_pictures_come_with_the_end_only(desk: Desk) -> None:
    desk.say = lambda found: stream("给你", msg_item=[picture(JPEG)])
    desk.act("say", text="海报")
    assert desk.said() == ["给你", "image"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"msgtype": "text", "text": {"content": "a"}}, "msgtype"),
        ({"msgtype": "stream", "stream": "a"}, "an object"),
        (stream("x" * 20481), "20480"),
        (stream("a", number=""), "stream.id"),
        (stream("a", finish=False, msg_item=[picture(JPEG)]), "only with finish"),
        (stream("a", msg_item=[picture(JPEG)] * 11), "at most 10"),
        (stream("a", msg_item=[picture(JPEG, md5="0" * 32)]), "md5"),
        (stream("a", msg_item=[picture(b"no picture")]), "JPEG or PNG"),
        (stream("a", msg_item=[{"msgtype": "text"}]), "an image is needed"),
    ],
)
def test_what_is_no_answer_to_a_message(desk: Desk, answer: dict[str, Any], why: str) -> None:
    desk.say = lambda found: answer
    assert why in desk.act("say", text="帮助")["problem"]
    assert not desk.said()


def test_the_answer_must_bear_the_nonce_of_the_callback(desk: Desk) -> None:
    desk.say, desk.nonce = (lambda found: stream("a")), "another"
    assert "nonce" in desk.act("say", text="帮助")["problem"]


def test_another_stream_is_not_taken(desk: Desk) -> None:
    desk.say = lambda found: stream("a", finish=False, number=f"s-{len(desk.got)}")
    desk.act("say", text="帮助")
    desk.wait(lambda: any("another" in (one.problem or "") for one in desk.simulator.aibot.courier.log))


def test_a_message_delivered_twice_shows_one_answer(desk: Desk) -> None:
    desk.say = lambda found: stream("一次")
    first = desk.act("say", text="帮助")
    desk.simulator.aibot.courier.again(first["callback"]["id"])
    desk.wait(lambda: len(desk.got) == 2 and desk.simulator.aibot.courier.idle())
    assert desk.got[0]["msgid"] == desk.got[1]["msgid"]
    assert desk.said() == ["一次"]


def test_three_answers_may_be_awaited_at_once(desk: Desk) -> None:
    for _ in range(3):
        desk.act("say", text="帮助")  # it is not answered, so it stays open
    refused = desk.act("say", 409, text="帮助")
    assert "3" in refused["error"]
    desk.act("say", text="帮助", userid="zhangmin")


def test_the_first_entering_of_a_day_is_told(desk: Desk) -> None:
    desk.say = lambda found: {"msgtype": "text", "text": {"content": "你好"}}
    assert desk.act("enter")["reply"]["content"] == {"content": "你好"}
    assert desk.act("enter")["callback"] is None
    desk.simulator.world.clock.advance(86400)
    assert desk.act("enter")["callback"] is not None
    assert [found["event"]["eventtype"] for found in desk.got] == ["enter_chat"] * 2


def test_an_opinion_takes_no_answer(desk: Desk) -> None:
    desk.say = lambda found: stream("谢谢")
    assert "msgtype" in desk.act("feedback", type=2)["problem"]


def test_a_response_url_is_good_once_and_for_an_hour(desk: Desk) -> None:
    def post(url: str) -> int:
        body = {"msgtype": "markdown", "markdown": {"content": "补一句"}}
        answer = desk.http.post(f"{desk.url}{urlsplit(url).path}?{urlsplit(url).query}", json=body, timeout=10)
        return int(answer.json()["errcode"])

    desk.act("say", text="帮助")
    desk.act("say", text="帮助")
    first, second = (found["response_url"] for found in desk.got)
    assert [post(first), post(first)] == [0, 93000]
    assert desk.said() == ["补一句"]
    desk.simulator.world.clock.advance(3601)
    assert post(second) == 93000


def test_a_picture_is_encrypted_and_good_for_five_minutes(desk: Desk) -> None:
    desk.act("image", base64=base64.b64encode(JPEG).decode())
    address = urlsplit(desk.got[0]["image"]["url"]).path
    sealed = desk.http.get(f"{desk.url}{address}", timeout=10).content
    key = base64.b64decode(AES_KEY + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    assert plain[: -plain[-1]] == JPEG
    desk.simulator.world.clock.advance(301)
    assert desk.http.get(f"{desk.url}{address}", timeout=10).status_code == 410


def test_userids_may_be_hidden(desk: Desk) -> None:
    world = desk.simulator.world
    world.limits = world.limits.changed({"robot_hides_userids": True})
    desk.act("say", text="帮助")
    desk.act("say", text="帮助")
    first, second = (found["from"]["userid"] for found in desk.got)
    assert first == second != ME
    assert first.startswith("wo")
