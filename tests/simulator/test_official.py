"""The simulated 公众号 against an app of the test's own: its callbacks, its tokens, what it lets through."""

from __future__ import annotations

import base64
import hashlib
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator import Limits, OfficialOptions, Options, Server, create_simulator

TOKEN, AES_KEY, APP_ID, SECRET = (
    "OfficialToken",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "wx0000000000000001",
    "s" * 32,
)
ME = "oa-linxia"
KEY = base64.b64decode(AES_KEY + "=")


# The protocol once more, so that the simulator is not checked with its own code.


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted((TOKEN, *parts))).encode()).hexdigest()


def decrypt(sealed: str) -> str:
    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).decryptor()
    plain = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == APP_ID
    return plain[20 : 20 + length].decode()


def encrypt(message: str) -> str:
    data = message.encode()
    plain = b"0123456789abcdef" + struct.pack(">I", len(data)) + data + APP_ID.encode()
    fill = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()


@dataclass
class Got:
    query: dict[str, str]
    body: str
    fields: dict[str, str]


@dataclass
class Desk:
    """A simulator and the app behind it; `answers` are (status, words or None), the last one stays."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, str | None]] = field(default_factory=lambda: [(200, None)])
    token: str = ""
    http: requests.Session = field(default_factory=requests.Session)

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sim/{path}", json=wish, timeout=30)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def does(self, what: str, **more: Any) -> dict[str, Any]:
        return self.act(f"official/{what}", userid=ME, wait=True, **more)

    def call(self, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        if not self.token and path != "stable_token":
            self.token = self.stable()["access_token"]
        address, given = f"{self.url}/official/cgi-bin/{path}", {"access_token": self.token, **query}
        if body is None:
            return dict(self.http.get(address, params=given, timeout=10).json())
        return dict(self.http.post(address, params=given, json=body, timeout=10).json())

    def stable(self, **more: Any) -> dict[str, Any]:
        return self.call("stable_token", {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET, **more})

    def send(self, words: str = "你好", to: str | None = None) -> int:
        body = {"touser": to or self.openid(), "msgtype": "text", "text": {"content": words}}
        return int(self.call("message/custom/send", body)["errcode"])

    def openid(self) -> str:
        fans = self.http.get(f"{self.url}/sim/official", timeout=10).json()["fans"]
        return str(next(fan["openid"] for fan in fans if fan["id"] == ME))

    def chat(self) -> list[dict[str, Any]]:
        return list(self.http.get(f"{self.url}/sim/chats/{ME}", timeout=10).json()["entries"])


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.http.trust_env = False

    class App(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            plain = ElementTree.fromstring(decrypt(ElementTree.fromstring(body).findtext("Encrypt", "")))
            fields = {node.tag: node.text or "" for node in plain}
            desk.got.append(Got(query, body, fields))
            status, words = desk.answers.pop(0) if len(desk.answers) > 1 else desk.answers[0]
            data = b"" if words is None else reply(fields, words).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), App)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{listener.server_address[1]}/callback/official"
    limits = Limits(callback_timeout=10.0, retry_delays=(0.02,))
    options = Options(
        "ww0123456789abcdef", 1, "s", "t", AES_KEY, callback_url=url, limits=limits,
        official=OfficialOptions(APP_ID, SECRET, TOKEN, AES_KEY, url),
    )  # fmt: skip
    with Server(create_simulator(options), threads=8) as server:
        desk.url = server.url
        yield desk
    desk.http.close()
    listener.shutdown()
    listener.server_close()
    thread.join()


def reply(fields: dict[str, str], words: str) -> str:
    plain = (
        f"<xml><ToUserName>{fields['FromUserName']}</ToUserName><FromUserName>{fields['ToUserName']}</FromUserName>"
        f"<CreateTime>1700000000</CreateTime><MsgType>text</MsgType><Content>{words}</Content></xml>"
    )
    sealed = encrypt(plain)
    return (
        f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{sign('1700000000', 'n', sealed)}</MsgSignature>"
        f"<TimeStamp>1700000000</TimeStamp><Nonce>n</Nonce></xml>"
    )


# Callbacks


def test_a_callback_is_signed_over_the_ciphertext_and_over_the_token(desk: Desk) -> None:
    desk.does("subscribe")
    got = desk.got[0]
    sealed = ElementTree.fromstring(got.body).findtext("Encrypt", "")
    query = got.query
    assert query["msg_signature"] == sign(query["timestamp"], query["nonce"], sealed)
    assert query["signature"] == sign(query["timestamp"], query["nonce"])
    assert (query["encrypt_type"], query["openid"]) == ("aes", desk.openid())
    assert {node.tag for node in ElementTree.fromstring(got.body)} == {"ToUserName", "Encrypt"}


def test_following_scanning_and_leaving(desk: Desk) -> None:
    desk.does("scan", scene="8K3M2Q")
    desk.does("scan", scene="8K3M2Q")
    desk.does("unsubscribe")
    desk.does("subscribe")
    told = [(got.fields["Event"], got.fields["EventKey"]) for got in desk.got]
    assert told == [("subscribe", "qrscene_8K3M2Q"), ("SCAN", "8K3M2Q"), ("unsubscribe", ""), ("subscribe", "")]
    assert all("MsgId" not in got.fields for got in desk.got)


def test_words_and_a_tapped_link(desk: Desk) -> None:
    desk.does("subscribe")
    desk.does("say", text="海报")
    desk.does("say", text="确认", menu_id="confirm:wd-1")
    said, tapped = (got.fields for got in desk.got[1:])
    assert (said["Content"], said["MsgType"], "bizmsgmenuid" in said) == ("海报", "text", False)
    assert tapped["bizmsgmenuid"] == "confirm:wd-1"
    assert said["MsgId"] != tapped["MsgId"]


def test_the_passive_reply_stands_in_the_chat(desk: Desk) -> None:
    desk.answers = [(200, "欢迎")]
    told = desk.does("subscribe")
    assert told["reply"]["content"] == {"content": "欢迎"}


def test_three_times_the_same_bytes_and_then_a_banner(desk: Desk) -> None:
    desk.does("subscribe")
    desk.answers = [(500, None)]
    told = desk.does("say", text="在吗")
    assert told["callback"]["state"] == "failed"
    bodies = [got.body for got in desk.got[1:]]
    assert (len(bodies), len(set(bodies))) == (3, 1)
    assert desk.chat()[-1]["content"]["text"] == "该公众号提供的服务出现故障，请稍后再试"


def test_a_code_with_a_scene_is_made_scanned_and_ends(desk: Desk) -> None:
    body = {"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "8K3M2Q"}}}
    made = desk.call("qrcode/create", body)
    assert made["expire_seconds"] == 600
    desk.does("scan", ticket=made["url"])
    assert desk.got[-1].fields["EventKey"] == "qrscene_8K3M2Q"
    desk.act("clock", advance=600)
    late = desk.http.post(f"{desk.url}/sim/official/scan", json={"userid": ME, "ticket": made["ticket"]}, timeout=10)
    assert late.status_code == 409
    for wrong in (
        {"expire_seconds": 2_592_001},
        {"action_name": "QR"},
        {"action_info": {"scene": {"scene_str": "x" * 65}}},
    ):
        assert desk.call("qrcode/create", body | wrong)["errcode"] in (40052, 40053)


# Tokens


def test_the_stable_token_stays_and_changes_before_its_end(desk: Desk) -> None:
    first = desk.stable()
    assert first["expires_in"] > 7100
    assert desk.stable()["access_token"] == first["access_token"]
    desk.act("clock", advance=7200 - 299)
    second = desk.stable()
    assert second["access_token"] != first["access_token"]
    desk.token = first["access_token"]
    assert desk.call("menu/get")["errcode"] == 46003  # both serve until the old one ends
    desk.act("clock", advance=300)
    assert desk.call("menu/get")["errcode"] == 42001


def test_a_forced_refresh_ends_the_token_and_is_rare(desk: Desk) -> None:
    old = desk.stable()["access_token"]
    assert desk.stable(force_refresh=True)["access_token"] != old
    desk.token = old
    assert desk.call("menu/get")["errcode"] == 40001
    assert desk.stable(force_refresh=True)["errcode"] == 45011


@pytest.mark.parametrize(("wrong", "code"), [({"appid": "wx1"}, 40013), ({"secret": "x"}, 40125)])
def test_wrong_credentials(desk: Desk, wrong: dict[str, str], code: int) -> None:
    answer = desk.stable(**wrong)
    assert answer["errcode"] == code
    assert "rid: " in answer["errmsg"]


# What may be sent


def test_five_for_a_message_within_two_days(desk: Desk) -> None:
    assert desk.send() == 43004
    desk.does("subscribe")
    desk.act("clock", advance=61)
    assert desk.send() == 45015
    desk.does("say", text="你好")
    assert [desk.send() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    desk.does("say", text="你好")
    desk.act("clock", advance=48 * 3600)
    desk.token = ""
    assert desk.send() == 45015


@pytest.mark.parametrize("act", ["subscribe", "scan", "click"])
def test_three_within_a_minute_for_a_tap(desk: Desk, act: str) -> None:
    desk.call("menu/create", {"button": [{"type": "click", "name": "收益", "key": "earnings"}]})
    if act != "subscribe":
        desk.does("subscribe")
        desk.act("clock", advance=61)
    desk.does(act, **{"scan": {"scene": "x"}, "click": {"key": "earnings"}}.get(act, {}))
    assert [desk.send() for _ in range(4)] == [0, 0, 0, 45047]


def test_who_has_left_gets_nothing(desk: Desk) -> None:
    desk.does("subscribe")
    desk.does("say", text="你好")
    desk.does("unsubscribe")
    assert desk.send() == 45015
    assert desk.send(to="oNobody") == 40003


def test_a_message_that_is_too_long_or_empty(desk: Desk) -> None:
    desk.does("subscribe")
    assert [desk.send("好" * 683), desk.send(" "), desk.send("好" * 682)] == [45002, 44004, 0]


def test_a_template_is_checked_field_by_field_and_sent_once(desk: Desk) -> None:
    desk.act("official/templates", id="TPL", title="结算", fields={"amount2": "金额", "thing3": "说明"})
    body = {
        "touser": desk.openid(),
        "template_id": "TPL",
        "client_msg_id": "n1",
        "data": {"amount2": {"value": "12.30"}, "thing3": {"value": "好"}},
    }
    assert desk.call("message/template/send", body)["errcode"] == 43004
    desk.does("subscribe")
    first = desk.call("message/template/send", body)
    assert desk.call("message/template/send", body)["msgid"] == first["msgid"]
    assert [entry["type"] for entry in desk.chat() if entry["side"] == "app"] == ["template"]
    for data in (
        {"amount2": {"value": "12.30"}, "thing3": {"value": "好" * 21}},
        {"amount2": {"value": "十二"}, "thing3": {"value": "好"}},
    ):
        assert desk.call("message/template/send", body | {"client_msg_id": "n2", "data": data})["errcode"] == 47003
    assert desk.call("message/template/send", body | {"template_id": "OTHER"})["errcode"] == 40037


def test_the_followers_data_has_a_unionid_and_no_name(desk: Desk) -> None:
    desk.does("subscribe", scene="8K3M2Q")
    told = desk.call("user/info", openid=desk.openid())
    assert (told["subscribe"], told["qr_scene_str"], "nickname" in told) == (1, "8K3M2Q", False)
    assert told["unionid"].startswith("oU")
