"""The clock that a demo can shift, and log lines that hold ids and no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.clock import Clock
from services.log import configure_logging, redact


def ahead(clock: Clock) -> timedelta:
    return clock() - datetime.now(UTC)


def test_without_a_file_the_time_is_the_systems() -> None:
    now = Clock()()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_shift_is_read_at_every_use(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = Clock(file)
    assert clock.shift() == timedelta()
    file.write_text("864000", encoding="ascii")
    assert abs(ahead(clock) - timedelta(days=10)) < timedelta(seconds=5)
    file.write_text("1.5\n", encoding="ascii")
    assert clock.shift() == timedelta(seconds=1.5)


@pytest.mark.parametrize("content", [b"", b"tomorrow", b"\xff", b"nan", b"inf", b"1e300"])
def test_a_file_without_a_number_shifts_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clock").write_bytes(content)
    assert Clock(tmp_path / "clock").shift() == timedelta()


@pytest.fixture
def lines() -> Iterator[Any]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


def test_a_record_is_an_event_with_ids_on_one_line(lines: Any) -> None:
    log = logging.getLogger("services.withdrawal")
    log.info("withdrawal\nreserved", extra={"event": "withdrawal.reserved", "withdrawal": 17})
    (line,) = lines()
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "withdrawal.reserved",
        "said": "withdrawal\nreserved",
        "logger": "services.withdrawal",
        "withdrawal": 17,
    }


def test_a_failure_says_where_and_not_with_what(lines: Any) -> None:
    try:
        raise ValueError("13800138000 is wrong")
    except ValueError:
        logging.getLogger("x").exception("failed", extra={"event": "job.failed"})
    (line,) = lines()
    assert line["fault"] == "ValueError"
    assert any("test_a_failure_says_where" in frame for frame in line["traceback"])
    assert "13800138000" not in json.dumps(line)


def test_secrets_that_slip_in_are_taken_out(lines: Any) -> None:
    address = "https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=hidden-1&debug=1"
    extra = {
        "event": "wecom.failed",
        "address": address,
        "redis": "redis://user:hidden-2@127.0.0.1/0",
        "access_token": "hidden-3",
        "facts": {"phone": "hidden-4", "order": "A1"},
        "text": "hidden-5",
        "list": ["?key=hidden-6"],
    }
    logging.getLogger("x").warning("no answer from %s", address, extra=extra)
    (line,) = lines()
    assert "hidden" not in json.dumps(line)
    assert line["facts"]["order"] == "A1"
    assert line["address"].endswith("&debug=1")


def test_what_only_resembles_a_secret_stays() -> None:
    assert redact("key accrual:mall:17 was used; tokens=3") == "key accrual:mall:17 was used; tokens=3"
