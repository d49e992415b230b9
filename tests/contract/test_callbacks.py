"""contract.md, "Callbacks": what each kind of request is answered, and that nothing is done twice."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.contract.running import AES_KEY, CORP_ID, ORDER_SECRET, SECRET, TOKEN, Answer, Tuike, event, message
from tests.contract.wire import xml

pytestmark = pytest.mark.journey

_ids = itertools.count(7_000_000_000_000_000_000)
GARBAGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # wecom.md §1.11, V9


@pytest.fixture(autouse=True)
def no_tracebacks(tuike: Tuike) -> Iterator[None]:
    yield
    assert "Traceback" not in "".join(tuike.logs)


def post(tuike: Tuike, query: dict[str, str], body: bytes) -> Answer:
    return tuike.call("POST", "/callback/wecom?" + urlencode(query), body)


def refused(answer: Answer, status: int) -> bool:
    return (answer.status, answer.body) == (status, b"")


def test_verification_gives_the_plaintext_and_nothing_else(tuike: Tuike) -> None:
    sealed = tuike.envelope.seal(b"6216859018562746510")
    query = urlencode({**tuike.envelope.query(sealed), "echostr": sealed})
    answer = tuike.call("GET", "/callback/wecom?" + query)
    assert (answer.status, answer.body) == (200, b"6216859018562746510")
    assert answer.headers["content-type"].startswith("text/plain")
    with_spaces = tuike.call("GET", "/callback/wecom?" + query.replace("%2B", "+"))
    assert with_spaces.body == b"6216859018562746510"


def test_a_verification_that_is_not_ours_is_403(tuike: Tuike) -> None:
    sealed = tuike.envelope.seal(b"1", receiver="ww9999999999999999")
    assert refused(tuike.get("/callback/wecom"), 403)
    assert refused(tuike.get("/callback/wecom?" + urlencode({**tuike.envelope.query(sealed), "echostr": sealed})), 403)


def test_a_wrong_signature_receiver_or_ciphertext_is_403(tuike: Tuike) -> None:
    query, body = tuike.envelope.request(message("ada", "你好"))
    assert refused(post(tuike, {**query, "msg_signature": "0" * 40}, body), 403)
    assert refused(post(tuike, {**query, "msg_signature": "é" * 40}, body), 403)
    assert refused(post(tuike, {}, body), 403)
    assert refused(tuike.callback(message("ada", "你好"), "ww9999999999999999"), 403)
    for sealed in (GARBAGE, "!!!", "AAEC"):
        wrong = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
        assert refused(post(tuike, tuike.envelope.query(sealed), wrong), 403), sealed


@pytest.mark.parametrize("head", ["<!DOCTYPE xml>", '<!DOCTYPE xml [<!ENTITY a "b">]>', '<!DOCTYPE x SYSTEM "/a">'])
def test_a_dtd_is_400_around_and_inside_the_envelope(tuike: Tuike, head: str) -> None:
    sealed = tuike.envelope.seal(message("ada", "你好").encode())
    around = f"{head}<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    assert refused(post(tuike, tuike.envelope.query(sealed), around), 400)
    assert refused(tuike.callback(head + message("ada", "你好")), 400)


def test_what_is_not_xml_is_400(tuike: Tuike) -> None:
    query, _ = tuike.envelope.request(message("ada", "你好"))
    for body in (b"", b"hello", b'{"encrypt": "x"}', b"<xml><Encrypt>"):
        assert refused(post(tuike, query, body), 400), body
    for inner in (b"hello", b"", b"\xff\xfe<xml/>"):
        assert refused(tuike.callback(inner), 400), inner


def test_more_than_256_kilobytes_are_413(tuike: Tuike) -> None:
    assert refused(tuike.send_text("ada", "x" * 200 * 1024), 413)  # base64 makes it longer


def test_events_with_nothing_to_say_get_an_empty_200(tuike: Tuike) -> None:
    for name in ("unsubscribe", "LOCATION", "view", "change_contact", "never_heard_of"):
        assert refused(tuike.callback(event("ada", name, EventKey="x")), 200), name
    nobody = xml(ToUserName=CORP_ID, CreateTime=1, MsgType="event", Event="kf_msg_or_event", Token="t")
    assert refused(tuike.callback(nobody), 200)


def test_a_kind_of_message_that_nobody_knows_is_answered(tuike: Tuike) -> None:
    for kind in ("image", "location", "sticker"):
        inner = xml(FromUserName="ada", CreateTime=1, MsgType=kind, MediaId="m", MsgId=next(_ids))
        answer = tuike.callback(inner)
        assert answer.status == 200
        assert "帮助" in tuike.envelope.answer(answer.body)["Content"]


def test_a_subscription_and_the_first_opening_of_a_day_are_answered_like_a_greeting(tuike: Tuike) -> None:
    now = int(time.time())
    greeting = tuike.say("newcomer", "你好")
    assert tuike.event("newcomer", "subscribe", now) == greeting
    assert tuike.event("newcomer", "enter_agent", now, EventKey="") == greeting
    assert tuike.event("newcomer", "enter_agent", now + 7, EventKey="") == ""
    tuike.move(days=1)
    assert tuike.event("newcomer", "enter_agent", now + 86_400, EventKey="") == greeting


def test_an_event_that_is_repeated_gets_the_same_answer(tuike: Tuike) -> None:
    now = int(time.time())
    assert tuike.event("again", "enter_agent", now) == tuike.event("again", "enter_agent", now) != ""


def test_messages_sent_at_once_under_one_number_are_one(tuike: Tuike) -> None:
    number = next(_ids)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tuike.send_text("zed", "我要加入", number), range(8)))
    assert {answer.status for answer in answers} == {200}
    full = {tuike.envelope.answer(answer.body)["Content"] for answer in answers if answer.body}
    assert len(full) == 1  # those that came meanwhile are empty
    assert tuike.say("zed", "我要加入", number) in full


def test_a_repeat_gets_the_same_reply_for_a_day_and_after_a_kill(tuike: Tuike) -> None:
    number = next(_ids)
    first = tuike.say("kim", "我要加入", number)
    assert "加入成功" in first
    tuike.kill()
    tuike.start()
    assert tuike.say("kim", "我要加入", number) == first
    tuike.move(hours=23, minutes=50)
    assert tuike.say("kim", "我要加入", number) == first
    assert tuike.say("kim", "我要加入") != first


def test_a_reply_holds_no_more_than_2048_bytes_and_survives_odd_texts(tuike: Tuike) -> None:
    for words in ("", " ", "]]>", "🎉" * 300, "你" * 3000, "帮助]]>"):
        assert 0 < len(tuike.say("ada", words).encode()) <= 2048


def test_no_log_holds_texts_names_or_secrets(tuike: Tuike) -> None:
    tuike.say("ada", "这是一句独一无二的话")
    tuike.callback(message("ada", "另一句独一无二的话"), "ww9999999999999999")
    logged = "".join(tuike.logs)
    assert '"event": "callback.refused"' in logged
    for secret in ("独一无二", "艾达", SECRET, TOKEN, AES_KEY, ORDER_SECRET):
        assert secret not in logged
        assert secret.encode("unicode_escape").decode() not in logged


def test_a_callback_with_a_database_that_has_lost_its_tables_is_not_a_traceback(tuike: Tuike) -> None:
    """The last one of this module: it breaks the house."""
    with sqlite3.connect(tuike.folder / "tuike.db") as connection:
        connection.execute("ALTER TABLE inbox RENAME TO inbox_gone")
    connection.close()
    answer = tuike.send_text("ada", "你好")
    assert (answer.status, answer.body) == (503, b"")
    assert tuike.get("/healthz").status == 200
    with sqlite3.connect(tuike.folder / "tuike.db") as connection:
        connection.execute("ALTER TABLE inbox_gone RENAME TO inbox")
    connection.close()
    assert tuike.say("ada", "你好")
