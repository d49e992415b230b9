"""Starting, streaming, stopping: the simulator as a process and as a guest in another one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from simulator import Options, Server, create_simulator

from .conftest import AES_KEY, AGENT, CORP, SECRET, TOKEN, App

ROOT = Path(__file__).parents[2]


def test_the_server_stops_with_a_stream_open_and_leaves_no_thread(app: App) -> None:
    before = set(threading.enumerate())
    server = Server(create_simulator(Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, app.url)), threads=4).start()
    with requests.Session() as session, session.get(f"{server.url}/sim/events", stream=True, timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b": hello"
        session.post(f"{server.url}/sim/say", json={"userid": "lihua", "text": "你好", "wait": True}, timeout=20)
        assert any(b'"type": "entry"' in line for line in lines)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 10
    left = [thread.name for thread in set(threading.enumerate()) - before if "simulator" in thread.name]
    assert left == []


def test_a_control_body_that_is_not_json_is_refused(app: App) -> None:
    with Server(create_simulator(Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, app.url)), threads=2) as server:
        answer = requests.post(f"{server.url}/sim/say", data='{"userid":"lihua","text":"x"}', timeout=20)
        assert answer.status_code == 400
        wrong = requests.post(f"{server.url}/sim/settings", json={"robot_per_minute": "viele"}, timeout=20)
        assert (wrong.status_code, "robot_per_minute" in wrong.json()["error"]) == (400, True)
    assert app.received == []


def test_the_page_names_no_secret(app: App) -> None:
    options = Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, app.url, ("key-of-a-robot",), mall_secret="mall-secret")
    assert SECRET not in repr(options)
    with Server(create_simulator(options), threads=2) as server:
        told = "".join(requests.get(f"{server.url}{path}", timeout=20).text for path in ("/", "/sim/state"))
    for secret in (SECRET, TOKEN, AES_KEY, "key-of-a-robot", "mall-secret"):
        assert secret not in told


def test_alone_it_reads_its_options_from_the_environment_and_ends_on_sigterm() -> None:
    names = ("CORP_ID", "AGENT_ID", "SECRET", "TOKEN", "AES_KEY")
    values = (CORP, str(AGENT), SECRET, TOKEN, AES_KEY)
    env = {**os.environ, **{f"WECOM_{name}": value for name, value in zip(names, values, strict=True)}}
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0"], env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found
        assert "企业微信模拟器" in requests.get(f"{found[0]}/", timeout=20).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_alone_without_credentials_it_says_what_is_missing() -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("WECOM_")}
    done = subprocess.run(
        [sys.executable, "-m", "simulator"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert "--corp-id" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "simulator").rglob("*.py")), ids=lambda path: path.name)
def test_the_simulator_imports_nothing_of_ours(path: Path) -> None:
    ours = "domain|models|services|handlers|bot|jobs|web|config|app|tests"
    assert not re.search(rf"^\s*(from|import) ({ours})\b", path.read_text(encoding="utf-8"), re.MULTILINE)
