"""What the `flask …` commands share: how they answer, how they refuse, how a time is given.

    @group.command("list")
    @answering
    def list_() -> Answer:
        return Answer({"versions": […]}, "…")

Exit     0 done · 1 refused, or something was found · 2 used wrongly (click's own)
--json   standard output is one JSON value and nothing else, {"error": {"code", "message", "fields"}} where it is
         refused; logs and refusals in words go to standard error
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from sqlalchemy.exc import InterfaceError, OperationalError

from domain.document import Refused, parse_instant
from domain.errors import DomainError
from domain.periods import SHANGHAI
from services.log import redact

REFUSED = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is what --json prints, `text` what a person reads; `found`: something is wrong, exit 1."""

    data: Any
    text: str
    found: bool = False


class Refusal(Exception):
    """A command says no. `fields` are {"field", "message"} and, in a file, {"line"}."""

    def __init__(self, code: str, message: str, fields: Sequence[dict[str, Any]] = ()) -> None:
        self.code, self.message, self.fields = code, message, list(fields)
        super().__init__(message)

    def data(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "fields": self.fields}}

    def text(self) -> str:
        return "\n".join([self.message, *(_field_text(field) for field in self.fields)])


class Instant(click.ParamType[datetime]):
    """An ISO 8601 time; without an offset it is Shanghai's."""

    name = "时间"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(value)
        except ValueError:
            said = f"{value!r} 不是 ISO 8601 时间，例如 2026-03-01T10:00:00+08:00；不写时区时按上海时间"
            self.fail(said, param, ctx)


INSTANT = Instant()


def answering(function: Callable[..., Answer | None]) -> Callable[..., None]:
    """Give a command its --json, print what it returns (None: nothing), and turn a refusal into words and exit 1."""

    @click.option("--json", "as_json", is_flag=True, help="标准输出只有一个 JSON 值。")
    @functools.wraps(function)
    def run(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            answer = function(*args, **kwargs)
        except (Refusal, DomainError, OperationalError, InterfaceError, TimeoutError) as fault:
            no = refusal_of(fault)
            click.echo(json_text(no.data()) if as_json else no.text(), err=not as_json)
            raise click.exceptions.Exit(REFUSED) from None
        if answer is None:
            return
        click.echo(json_text(answer.data) if as_json else answer.text)
        if answer.found:
            raise click.exceptions.Exit(REFUSED)

    return run


def refusal_of(fault: Exception) -> Refusal:
    """A refusal of the business, or a database that does not answer, as a command says it."""
    if isinstance(fault, Refusal):
        return fault
    if isinstance(fault, Refused):
        said = f"没有被接受，共 {len(fault.faults)} 处："
        fields = [
            {"line": item.line, "field": item.key, "message": item.zh, "message_en": item.en} for item in fault.faults
        ]
        return Refusal(fault.code, _WHAT.get(fault.code.split(".")[0], "文件") + said, fields)
    if isinstance(fault, DomainError):
        return Refusal(fault.code, str(fault))
    if isinstance(fault, TimeoutError):
        return Refusal("database.locked", "另一个进程一直占着数据库的迁移锁；等它结束后再试")
    reason = redact(str(getattr(fault, "orig", fault)).splitlines()[0])
    return Refusal("database.down", f"数据库没有应答（{reason}）；检查 DATABASE_URL，以及数据库是否在运行")


_WHAT = {"plan": "方案", "scenario": "场景", "context": "补充说明", "coupon": "优惠券"}


def json_text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _field_text(field: dict[str, Any]) -> str:
    line = f"第 {field['line']} 行 " if field.get("line") else ""
    where = f"{line}{field['field']}".strip()
    said = f"  {where}：{field['message']}" if where else f"  {field['message']}"
    if "message_en" not in field:
        return said
    line = f"line {field['line']} " if field.get("line") else ""
    return f"{said}\n    ({' '.join(filter(None, [(line + field['field']).strip() + ':', field['message_en']]))})"


# ---------------------------------------------------------------------------------------------------------------
# Words and columns


def clock_text(instant: datetime | None) -> str:
    """An instant on Shanghai's clock, for people: 2026-03-01 10:00:05."""
    return "" if instant is None else f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def iso(instant: datetime | None) -> str | None:
    """An instant for JSON: 2026-03-01T10:00:05+08:00."""
    return None if instant is None else instant.astimezone(SHANGHAI).isoformat(timespec="seconds")


def width(text: str) -> int:
    """How many columns a terminal needs for it: Chinese takes two each."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ", right: Sequence[int] = ()) -> str:
    """Rows with their cells below each other; columns of `right` are flush right, the last is never padded."""
    table = [list(row) for row in rows]
    widest = [max(width(row[place]) for row in table) for place in range(len(table[0]))] if table else []

    def cell(place: int, text: str) -> str:
        space = " " * (widest[place] - width(text))
        return space + text if place in right else text + space

    return "\n".join(
        (indent + "  ".join(cell(place, text) for place, text in enumerate(row))).rstrip() for row in table
    )
