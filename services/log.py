"""Logs: one JSON object a line on stderr, an event's name with ids.

    log.info("withdrawal reserved", extra={"event": "withdrawal.reserved", "withdrawal": 17})
    {"at": "2026-01-02T03:04:05.678Z", "level": "info", "event": "withdrawal.reserved", "said": …, "withdrawal": 17}

Message texts, tokens and identity data are never passed in. Should a secret get in all the same (a library quotes an
address with its access_token), the filter below takes it out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_IN_ADDRESS = re.compile(
    r"(?i)\b((?:access_|msg_|corp)?(?:token|secret|signature)|echostr|key|password|media_id|response_code|openid)=[^&\s'\"]+"
)
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
_FIELD = re.compile(
    r"(?i)(secret|token|password|aes_key|authorization|cookie|robot_key|text|content|phone|unionid|openid)$"
)
_HIDDEN = "…"


def configure_logging(level: str | int = "INFO", stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (stderr), one JSON object a line; replaces what was set up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for chatty in ("apscheduler", "dramatiq", "urllib3", "werkzeug", "waitress", "PIL", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def redact(text: str) -> str:
    """`text` without the secrets that stand in addresses: `access_token=…`, `redis://:…@host`."""
    return _PASSWORD.sub(rf"\1:{_HIDDEN}@", _IN_ADDRESS.sub(rf"\1={_HIDDEN}", text))


class JsonLines(logging.Formatter):
    """A record as one line of JSON: at, level, event, said, logger, the extra fields, and where it failed."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": extra.pop("event", record.name),
            "said": redact(record.getMessage()),
            "logger": record.name,
        }
        for name, value in extra.items():
            line[name] = _HIDDEN if _FIELD.search(name) else _plain(value)
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
            line["traceback"] = _traceback(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _traceback(fault: BaseException | None) -> list[str]:
    """Where it happened, without values: an exception's text may quote a message, a statement's parameters, a phone."""
    if fault is None:
        return []
    chain: list[str] = []
    while fault is not None:
        chain.append(type(fault).__qualname__)
        chain += [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)
        ]
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return chain


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, int | float | bool | None):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _HIDDEN if _FIELD.search(str(name)) else _plain(each) for name, each in value.items()}
    return redact(str(value))
