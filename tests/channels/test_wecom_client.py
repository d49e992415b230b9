"""Our client against a WeCom over real HTTP; the second half is wechatpy's traps (reference/wecom.md §12.4)."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bot.wecom import wire as wire_module
from bot.wecom.client import encode
from bot.wecom.errors import KINDS, Kind, Refused, TokenRejected, Unanswered, WeComFault
from bot.wecom.wire import Wire
from models.message import AccessToken
from tests.channels.conftest import World
from tests.channels.fake_wecom import FakeWeCom, Hold, Raw, Reset

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BODY = encode({"touser": "zhangsan", "msgtype": "text", "agentid": 1, "text": {"content": "你好"}})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    for name, seconds in (("CONNECT_SECONDS", 0.3), ("READ_SECONDS", 0.3), ("WHOLE_SECONDS", 0.6)):
        monkeypatch.setattr(wire_module, name, seconds)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield server.getsockname()[1]


def test_a_message_is_sent_byte_for_byte_with_the_token_in_the_query(world: World) -> None:
    answer = world.client().message_send(BODY)
    (call,) = world.fake.seen("message/send")
    assert call.body == BODY
    assert "你好".encode() in call.body
    assert call.query["access_token"] in world.fake.tokens
    assert answer["msgid"]


def test_a_picture_goes_up_as_the_part_that_wecom_reads(world: World) -> None:
    media_id = world.client().upload_media("image", "海报.jpg", b"\xff\xd8\xff picture", "image/jpeg")
    (call,) = world.fake.seen("media/upload")
    assert media_id.startswith("MEDIA")
    assert call.query["type"] == "image"
    assert 'name="media"; filename="海报.jpg"'.encode() in call.body  # raw UTF-8; filename*= would be 44001
    assert b"Content-Type: image/jpeg" in call.body
    assert b"\xff\xd8\xff picture" in call.body


def test_menu_directory_and_card_calls_carry_what_they_must(world: World) -> None:
    client = world.client()
    client.menu_create(1000002, {"button": []})
    client.menu_get(1000002)
    assert client.user_get("zhangsan")["name"] == "张三"
    client.update_template_card({"response_code": "RC"})
    assert world.fake.seen("menu/create")[0].query["agentid"] == "1000002"
    assert world.fake.seen("menu/create")[0].json == {"button": []}
    assert world.fake.seen("menu/get")[0].query["agentid"] == "1000002"
    assert world.fake.seen("user/get")[0].query["userid"] == "zhangsan"


def test_a_refusal_keeps_errmsg_word_for_word(world: World) -> None:
    hint = "not allow to access from your ip, hint: [1576065934_28_e0fae0], from ip: 9.30.0.138"
    world.fake.script("message/send", {"errcode": 60020, "errmsg": hint})
    with pytest.raises(Refused) as caught:
        world.client().message_send(BODY)
    assert (caught.value.errcode, caught.value.errmsg, caught.value.kind) == (60020, hint, Kind.FIX)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, Kind.RETRY), (6000, Kind.RETRY), (45033, Kind.RETRY), (40014, Kind.REFRESH), (42001, Kind.REFRESH),
        (45009, Kind.QUOTA), (81013, Kind.DROP), (60111, Kind.DROP), (40003, Kind.DROP), (40001, Kind.FIX),
        (60020, Kind.FIX), (48002, Kind.FIX), (50003, Kind.FIX), (301002, Kind.FIX), (93000, Kind.FIX),
        (44004, Kind.CONTENT), (40058, Kind.CONTENT), (42014, Kind.CONTENT), (42051, Kind.CONTENT),
        (60140, Kind.DONE), (40007, Kind.REUPLOAD), (40145, Kind.REUPLOAD),
    ],
)  # fmt: skip
def test_each_errcode_has_its_class(world: World, code: int, kind: Kind) -> None:
    assert KINDS[code] is kind
    assert Refused("p", code, "").kind is kind


def test_an_errcode_that_nobody_knows_is_unknown(world: World) -> None:
    assert Refused("p", 987654, "").kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "raw",
    [
        Raw(502),
        Raw(404, b""),
        Raw(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
        Raw(200, b"<html>please log in</html>"),
        Raw(200, b""),
        Raw(200, b'{"status": "ok"}'),
        Raw(200, b'{"errcode": null}'),
        Raw(200, b'{"errcode": true}'),
        Raw(200, b"[0]"),
        Raw(200, b"[" * 100_000),
        Raw(200, b'{"errcode": 0, "x": "' + b"x" * (1 << 20) + b'"}'),
    ],
    ids=lambda raw: f"{raw.status} {raw.body[:16]!r}",
)
def test_what_is_no_answer_of_wecom_is_unanswered(world: World, raw: Raw) -> None:
    world.fake.script("message/send", raw)
    with pytest.raises(Unanswered) as caught:
        world.client().message_send(BODY)
    assert caught.value.kind is Kind.RETRY
    assert caught.value.happened != "no"
    assert world.fake.count("message/send") == 1  # neither followed nor repeated


def test_an_errcode_in_quotes_counts(world: World) -> None:
    world.fake.script("message/send", Raw(200, b'{"errcode": "0", "errmsg": "ok Warning: wrong json format. "}'))
    assert world.client().message_send(BODY)["errcode"] == 0


@pytest.mark.parametrize("after", [True, False])
def test_a_broken_connection_leaves_open_whether_it_happened(world: World, after: bool) -> None:
    world.fake.script("message/send", Reset(after=after))
    with pytest.raises(Unanswered) as caught:
        world.client().message_send(BODY)
    assert caught.value.happened == "unclear"


def test_an_answer_that_is_cut_short_was_probably_done(world: World) -> None:
    world.fake.script("message/send", Raw(200, b'{"errcode": 0}', {"Content-Length": "999", "Connection": "close"}))
    with pytest.raises(Unanswered) as caught:
        world.client().message_send(BODY)
    assert caught.value.happened == "likely"


def test_a_refused_connection_cannot_have_happened(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unanswered) as caught:
        Wire(f"http://127.0.0.1:{port}/cgi-bin").get("gettoken", {})
    assert caught.value.happened == "no"


def test_a_silent_server_ends_a_try_and_it_probably_happened(world: World, hurried: None, silent: int) -> None:
    begun = time.monotonic()
    with pytest.raises(Unanswered) as caught:
        Wire(f"http://127.0.0.1:{silent}/cgi-bin").get("gettoken", {})
    assert caught.value.happened == "likely"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("head", "drop"), [(b"Transfer-Encoding: chunked", b"1\r\n \r\n"), (b"Content-Length: 5000", b" ")]
)
def test_an_answer_that_drips_ends_too(world: World, hurried: None, head: bytes, drop: bytes) -> None:
    """Each byte comes within the read timeout; only the whole has a deadline."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
                try:
                    while not stop.wait(0.05):
                        connection.sendall(drop)
                except OSError:
                    stop.set()

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(Unanswered, match="too long"):
            Wire(f"http://127.0.0.1:{server.getsockname()[1]}/cgi-bin").get("gettoken", {})
        assert time.monotonic() - begun < 3
        stop.set()
        thread.join()


def test_the_deadlines_end_a_try_within_twelve_seconds(world: World) -> None:
    assert wire_module.CONNECT_SECONDS + wire_module.READ_SECONDS < 12
    assert wire_module.WHOLE_SECONDS < 12


def test_calls_are_counted_by_path_and_errcode(world: World) -> None:
    seen: list[tuple[str, str]] = []
    wire = Wire(world.fake.base, observe=lambda path, errcode: seen.append((path, errcode)))
    world.fake.script("webhook/send", {"errcode": 93000}, Raw(502))
    for _ in range(3):
        try:
            wire.post_json("webhook/send", {"key": "K"}, b"{}")
        except WeComFault:
            continue
    assert seen == [("webhook/send", "93000"), ("webhook/send", "unanswered"), ("webhook/send", "0")]


SECRETS = ("token-", "S" * 43, "ROBOTKEY")


def test_no_secret_reaches_a_log_not_even_at_debug(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = world.client()
    world.fake.script("message/send", {"errcode": 40014}, Raw(502), Reset(after=True))
    for _ in range(3):
        try:
            client.message_send(BODY)
            client.webhook_send("ROBOTKEY", {"msgtype": "text"})
        except WeComFault:
            continue
    client.webhook_send("ROBOTKEY", {"msgtype": "text"})
    assert any("gettoken" in record.getMessage() for record in caplog.records)  # urllib3 did log the calls
    for record in caplog.records:
        text = record.getMessage() + repr(record.args) + logging.Formatter().format(record)
        assert not any(secret in text for secret in SECRETS), record


def test_no_secret_stands_in_an_exception_or_its_context(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    wire = Wire(f"http://127.0.0.1:{port}/cgi-bin")
    with pytest.raises(Unanswered) as caught:
        wire.post_json("webhook/send", dict.fromkeys(("key", "access_token", "corpsecret"), "hush".upper()), b"{}")
    assert caught.value.__context__ is None
    assert "HUSH" not in "".join(traceback.format_exception(caught.value))


# wechatpy's traps


def test_trap_a_hung_gettoken_does_not_block_for_ever(world: World, hurried: None) -> None:
    hold = Hold()
    world.fake.script("gettoken", hold)
    with pytest.raises(Unanswered):
        world.client().message_send(BODY)
    hold.release.set()


def test_trap_every_call_has_a_deadline_without_being_told(world: World, hurried: None) -> None:
    client, hold = world.client(), Hold()
    calls = {
        "message/send": lambda: client.message_send(BODY),
        "media/upload": lambda: client.upload_media("image", "a.jpg", b"x", "image/jpeg"),
        "user/get": lambda: client.user_get("zhangsan"),
        "webhook/send": lambda: client.webhook_send("K", {}),
    }
    for path, call in calls.items():
        world.fake.script(path, hold)
        with pytest.raises(Unanswered) as caught:
            call()
        assert caught.value.happened == "likely"
    hold.release.set()


def test_trap_gettoken_goes_to_the_configured_address(world: World) -> None:
    world.client().message_send(BODY)
    assert world.fake.count("gettoken") == 1


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_trap_a_token_that_is_refused_for_good_costs_four_calls_not_977(world: World, code: int) -> None:
    world.fake.always("message/send", {"errcode": code, "errmsg": "invalid"})
    with pytest.raises(TokenRejected) as caught:
        world.client().message_send(BODY)
    assert caught.value.kind is Kind.FIX
    assert (world.fake.count("message/send"), world.fake.count("gettoken")) == (2, 2)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_trap_a_token_that_died_early_is_replaced_once_and_the_call_goes_through(world: World, code: int) -> None:
    world.fake.script("message/send", {"errcode": code})
    assert world.client().message_send(BODY)["errcode"] == 0
    first, second = (call.query["access_token"] for call in world.fake.seen("message/send"))
    assert first != second


def test_trap_a_query_that_the_caller_keeps_is_not_changed_and_pins_no_token(world: World) -> None:
    wire, query = world.wire(), {"key": "K"}
    wire.post_json("webhook/send", query, b"{}")
    assert query == {"key": "K"}
    client = world.client()
    client.user_get("zhangsan")
    world.fake.invalidate()
    client.user_get("zhangsan")
    old, refused, new = (call.query["access_token"] for call in world.fake.seen("user/get"))
    assert old == refused != new


def test_trap_the_token_does_not_go_to_a_webhook(world: World) -> None:
    client = world.client()
    client.message_send(BODY)
    client.webhook_send("ROBOTKEY", {"msgtype": "text", "text": {"content": "日报"}})
    (call,) = world.fake.seen("webhook/send")
    assert call.query == {"key": "ROBOTKEY"}
    assert not any(name.lower() == "authorization" for name in call.headers)


def test_a_webhook_has_a_connection_of_its_own_each_time(world: World) -> None:
    """On a kept one the other end's goodbye would look like a message that may or may not have been said."""
    client = world.client()
    client.message_send(BODY)
    client.webhook_send("K", {})
    client.webhook_send("K", {})
    client.message_send(BODY)
    (first, last), webhooks = world.fake.seen("message/send"), world.fake.seen("webhook/send")
    assert first.connection == last.connection
    assert len({first.connection, *(call.connection for call in webhooks)}) == 3


def test_trap_an_errcode_is_never_none_and_an_answer_is_never_a_response_object(world: World) -> None:
    world.fake.script("user/get", Raw(500), Raw(200, b"not json"))
    for _ in range(2):
        with pytest.raises(Unanswered):
            world.client().user_get("zhangsan")
    assert isinstance(world.client().user_get("zhangsan"), dict)


def test_trap_json_goes_out_as_utf_8_with_its_type_and_no_escapes(world: World) -> None:
    world.client().update_template_card({"button": {"replace_name": "已通过"}})
    (call,) = world.fake.seen("message/update_template_card")
    assert call.headers["Content-Type"].startswith("application/json")
    assert "已通过".encode() in call.body
    assert b"\\u" not in call.body


def test_trap_two_secrets_that_begin_alike_have_a_token_each(world: World) -> None:
    one = world.tokens()
    world.secret = world.fake.secret[:30] + "T" * 13
    other = world.tokens()
    assert one.name != other.name
    one.get()
    with pytest.raises(TokenRejected):
        other.get()


def test_trap_a_process_that_only_reads_the_token_sees_it_end(world: World) -> None:
    reader, fetcher = world.tokens(), world.tokens()
    first = fetcher.get()
    assert reader.get() == first
    world.clock.move(seconds=7200 - 299)
    assert reader.get() != first


def test_trap_each_thread_and_each_forked_process_has_its_own_connections(world: World) -> None:
    wire = world.wire()
    mine = wire._session()
    assert wire._session() is mine
    found: list[requests.Session] = []
    thread = threading.Thread(target=lambda: found.append(wire._session()))
    thread.start()
    thread.join()
    assert found[0] is not mine
    wire._local.pid = os.getpid() + 1  # as after a fork: the copy remembers its parent
    assert wire._session() is not mine


def test_trap_the_token_lies_sealed_in_the_database(world: World) -> None:
    token = world.tokens().get()

    def stored(session: Any) -> str:
        return session.query(AccessToken).one().sealed

    assert token not in world.change(stored)


def test_a_netrc_and_a_proxy_do_not_reach_the_simulator_beside_us(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    world.client().webhook_send("K", {})
    (call,) = world.fake.seen("webhook/send")
    assert "Authorization" not in call.headers


def test_encode_is_compact_raw_utf_8(world: World, fake: FakeWeCom) -> None:
    assert encode({"a": "中", "b": 1}) == '{"a":"中","b":1}'.encode()
    assert json.loads(encode({"a": "\n"})) == {"a": "\n"}
