"""`python app.py` and nothing else: the whole story in one process, stopped, started again, asked once more."""

from __future__ import annotations

import socket
import subprocess

import pytest

from . import story
from .conftest import Laptop
from .processes import BIN, ROOT, STOPS_WITHIN, Process, answers

pytestmark = pytest.mark.journey

ASKED = 7_000_000_000_000_000_001  # a MsgId as WeCom gives them


def test_the_story_from_joining_to_the_money_and_over_a_restart(laptop: Laptop) -> None:
    app, town = laptop.start(), laptop.town
    assert town.app in laptop.printed
    assert town.simulator in laptop.printed

    first = town.says("lihua", "我的收益", msg_id=ASKED).reply
    assert "还不是分销员" in first
    story.tell(town)
    assert town.says("lihua", "我的收益", msg_id=ASKED).reply == first
    assert ledger_verify(laptop.env) == 0
    assert "你好，我是推客助手" in town.asks_service("enter")[0]
    assert "加入成功" in town.asks_service("say", text="我要加入")[0]

    code, seconds = app.stop()
    assert code == 0, app.tail()
    assert seconds < STOPS_WITHIN
    assert not answers(f"{town.app}/healthz")

    app = laptop.start()
    assert "(待结算 8.90 元,可提现 1.80 元)" in town.says("lihua", "我的收益").reply
    assert town.codes["lihua"] in town.says("lihua", "我的链接").reply
    assert town.says("lihua", "我的收益", msg_id=ASKED).reply == first
    (words,) = town.asks_service("say", text="我的链接")  # read on where it stood: nothing is answered twice
    assert "推广链接" in words
    assert app.stop()[0] == 0
    assert_log_is_clean(app)
    assert sorted(path.name for path in laptop.folder.iterdir() if path.is_dir()) == ["var"]


def ledger_verify(env: dict[str, str]) -> int:
    """The command, beside the running app."""
    command = [str(BIN / "flask"), "ledger", "verify"]
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, timeout=60).returncode


def assert_log_is_clean(process: Process) -> None:
    """Nothing failed on the way, and no word that people wrote stands in the log."""
    lines = process.logged()
    assert [line for line in lines if line["level"] in ("error", "critical")] == []
    text = process.log.read_text(encoding="utf-8")
    for written in ("我的收益", "为什么这单", "李华", "WX20261130001"):
        assert written not in text


def test_a_port_that_is_taken_is_said_in_one_line(laptop: Laptop) -> None:
    with socket.create_server(("127.0.0.1", int(laptop.env["PORT"]))):
        app = subprocess.run(
            [str(BIN / "python"), "app.py"], cwd=ROOT, env=laptop.env, check=False, capture_output=True, timeout=60
        )
    assert app.returncode == 2
    complaint = [line for line in app.stderr.decode().splitlines() if not line.startswith("{")]
    assert len(complaint) == 1
    assert complaint[0].startswith(f"PORT: {laptop.env['PORT']} ")
