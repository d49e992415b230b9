"""contract.md, "Starting and stopping", "Data and service", "Settling and the clock"; product.md §4: the commands."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.contract.conftest import House
from tests.contract.running import ORDER_SECRET, ROOT, SECRET, TOKEN, Tuike, an_order
from tests.contract.wire import as_json, signed

pytestmark = pytest.mark.journey


def test_configuration_faults_are_said_together_with_exit_2(new_house: House) -> None:
    house = new_house(PORT="http", JOIN_MODE="maybe", WITHDRAW_MINIMUM="10", WECOM_AES_KEY="too-short-and-secret")
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=house.environment, capture_output=True, text=True, timeout=30
    )
    lines = ended.stderr.strip().splitlines()
    assert ended.returncode == 2
    assert {line.split(":")[0] for line in lines} == {"PORT", "JOIN_MODE", "WITHDRAW_MINIMUM", "WECOM_AES_KEY"}
    assert all(";" in line for line in lines)
    assert "too-short-and-secret" not in ended.stderr


def test_a_database_that_does_not_answer_is_one_line_and_exit_2(new_house: House) -> None:
    house = new_house(DATABASE_URL="postgresql+psycopg://postgres:sesame@127.0.0.1:1/none")
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=house.environment, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("DATABASE_URL: ")
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "sesame" not in ended.stderr


def test_several_processes_start_on_an_empty_database_at_once_and_stop_in_time(new_house: House) -> None:
    first = new_house()
    houses = [first, new_house(beside=first)]
    for house in houses:
        house.start(wait=False)
    for house in houses:
        house.until_ready()
    assert [len(house.api("GET", "/products").json["products"]) for house in houses] == [6, 6]
    assert houses[0].join("ada") == houses[1].join("ada")
    for house in houses:
        began = time.monotonic()
        assert house.stop() == 0
        assert time.monotonic() - began < 10


def test_a_request_under_way_is_finished_when_the_app_is_told_to_stop(new_house: House) -> None:
    house = new_house()
    house.start()
    body = as_json(an_order("SLOW-1", code=None, at=house.now))
    headers = {"Host": "x", "Content-Length": str(len(body)), **signed(ORDER_SECRET, body)}
    head = "POST /api/v1/orders HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"\r\n" + body[:20])
        assert house.get("/healthz").status == 200  # by now it is at work on the slow one as well
        assert house.process is not None
        house.process.send_signal(signal.SIGTERM)
        connection.sendall(body[20:])
        assert connection.recv(100).startswith(b"HTTP/1.1 201")
    assert house.process.wait(10) == 0


class TestRunning:
    def test_ready_and_alive(self, tuike: Tuike) -> None:
        ready = tuike.get("/readyz")
        assert (ready.status, ready.json) == (200, {"database": "ok", "redis": "ok", "migrations": "ok"})
        assert tuike.get("/healthz").status == 200

    def test_metrics_have_the_agreed_names(self, tuike: Tuike) -> None:
        code = tuike.join("ada")
        tuike.sale("M-1", code, completed=False)
        tuike.say("ada", "海报")
        tuike.platform.wait(lambda: tuike.platform.of("ada", "image"), 15, "the poster")
        shown = tuike.get("/metrics").text
        assert 'tuike_messages_total{channel="wecom",intent="join"} 1.0' in shown
        assert "tuike_outbox_waiting " in shown
        assert "tuike_outbox_oldest_seconds " in shown
        assert "tuike_orders_total{result=" in shown
        tuike.until_metric('tuike_wecom_calls_total{errcode="0",path="message/send"}', 1)

    def test_logs_are_json_lines_without_secrets(self, tuike: Tuike) -> None:
        assert tuike.logs
        for line in tuike.logs:
            assert isinstance(json.loads(line), dict)
            assert not any(secret in line for secret in (SECRET, TOKEN, ORDER_SECRET, "xxxxxxxxxx", "我要加入"))

    def test_settling_ahead_and_side_by_side_books_once(self, tuike: Tuike) -> None:
        code = tuike.join("ben")
        tuike.sale("S-1", code, "68.00")
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda _: tuike.settle(days=8), range(2)))
        assert sorted(run["amount"] for run in runs) == ["0.00", "6.80"]
        assert "可提现 6.80 元" in tuike.say("ben", "收益")
        tuike.platform.wait(lambda: tuike.platform.texts("ben"), 20, "the statement")
        verified = tuike.flask("ledger", "verify", "--json")
        assert (verified.returncode, json.loads(verified.stdout)["ok"]) == (0, True)

    def test_commands_print_one_json_value_and_exit_0_1_or_2(self, tuike: Tuike) -> None:
        later, past = (tuike.now + timedelta(days=1)).isoformat(), (tuike.now - timedelta(hours=1)).isoformat()
        plan = "assets/plans/single.yaml"
        expected = {
            ("plan", "publish", plan, "--from", later, "--json"): 0,
            ("plan", "publish", plan, "--from", past, "--json"): 1,
            ("explain", "--json"): 2,
        }
        with ThreadPoolExecutor(2) as pool:
            ended = dict(zip(expected, pool.map(lambda words: tuike.flask(*words), expected), strict=True))
        for words, code in expected.items():
            assert ended[words].returncode == code, (words, ended[words])
            assert "Traceback" not in ended[words].stderr
            if code < 2:
                assert isinstance(json.loads(ended[words].stdout), dict), words
