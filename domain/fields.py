"""Reading a JSON body of our APIs: the readers that its fields share, and its faults as one refusal.

    body = Body.read(text)                     # NotAnObject where it is no JSON object
    form = Form(body.node)                     # domain.document: every reader adds its fault to one list
    facts = form.done(Facts(at=form.need("at", instant)))
    return body.accepted(facts)                # Invalid with all of them

Units    amounts are texts like "30.00" and become Money; times need an offset and become UTC
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from domain.document import Fault, Leaf, Node, Read, Refused, Wrong, each, from_json, quoted_text
from domain.errors import DomainError, Invalid
from domain.money import Money

_FAULTS_SHOWN = 5000  # of at most 500 lines with 7 fields there are fewer; a body of unknown keys may have more

_AMOUNT = re.compile(r"[0-9]{1,9}\.[0-9]{2}")
_INSTANT = re.compile(r"20\d\d-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 -]{3,22}[0-9]")

T = TypeVar("T")


class NotAnObject(DomainError):
    """The body is no JSON object, so there is no field to name; `why` says what is wrong in Chinese."""

    code = "not_json"


@dataclass(frozen=True, slots=True)
class Body:
    """The whole body while it is read."""

    node: Node

    @classmethod
    def read(cls, text: str) -> Body:
        try:
            node = from_json(text)
        except Refused as refused:
            raise NotAnObject(why=refused.faults[0].zh) from None
        if not isinstance(node.value, dict):
            raise NotAnObject(why="要传一个 JSON 对象：{…}")
        return cls(node)

    def fault(self, key: str, zh: str, en: str) -> None:
        self.node.faults.append(Fault(None, key, zh, en))

    def accepted(self, facts: T) -> T:
        if self.node.faults:
            raise Invalid([(_visible(fault.key), fault.zh) for fault in self.node.faults[:_FAULTS_SHOWN]])
        return facts


def _visible(path: str) -> str:
    """A path that can be written into any answer: what a sender chose as a key may be anything."""
    shown = path if len(path) <= 100 else path[:99] + "…"
    return "".join(character if character.isprintable() else "?" for character in shown)


# Readers: each says what it accepts


def quoted(value: str) -> Leaf:
    return Leaf(value, quoted=True)


def identifier(limit: int) -> Read[str]:
    """Kept exactly as given. No space at its ends: databases do not agree whether `A` and `A ` are one number."""

    def read(node: Node) -> str:
        value = quoted_text(limit)(node)
        if value != value.strip():
            raise Wrong("开头和结尾不能有空格", "no space is allowed at either end")
        return value

    return read


def words(limit: int) -> Read[str]:
    """What people wrote: any white space becomes one space, none at the ends."""

    def read(node: Node) -> str:
        value = " ".join(_string(node).split())
        return quoted_text(limit)(Node(quoted(value), node.key, None, node.faults))

    return read


def optional(read: Read[T]) -> Read[T | None]:
    """`null` and the empty text are "not given": many malls send every key."""

    def read_optional(node: Node) -> T | None:
        return None if node.value in (Leaf("null", quoted=False), quoted("")) else read(node)

    return read_optional


def phone(node: Node) -> str:
    """A whole number only: 138****8000 would make one person of many."""
    value = _string(node).strip()
    if not _PHONE.fullmatch(value):
        raise Wrong(
            "要写完整的电话号码(5 到 24 位数字，可以带 +、空格和短横),不能打码；没有就不要传",
            "a whole phone number: 5 to 24 digits, with +, spaces or hyphens, and nothing masked",
        )
    return plain_phone(value)


def plain_phone(text: str) -> str:
    """One spelling of a phone number: `+86 138-0013-8000` is 13800138000."""
    digits = re.sub(r"[ -]", "", text)
    return re.sub(r"^(\+|00)86(?=1\d{10}$)", "", digits)


def amount(node: Node) -> Money:
    value = _string(node)
    if not _AMOUNT.fullmatch(value):
        raise Wrong(
            '金额要写成带引号的元，正好两位小数，不能为负，最多 9 位整数，例如 "30.00"',
            'an amount is yuan in quotes with exactly two decimals, not negative, like "30.00"',
        )
    return Money.of_yuan(value)


def instant(node: Node) -> datetime:
    value = _string(node)
    try:
        if not _INSTANT.fullmatch(value):
            raise ValueError(value)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except ValueError:
        raise Wrong(
            '时间要写成带引号、带时区的 ISO 8601,例如 "2026-03-01T10:00:00+08:00"',
            'a time is ISO 8601 in quotes with its offset, like "2026-03-01T10:00:00+08:00"',
        ) from None


def several(read: Read[T], at_most: int) -> Read[tuple[T, ...]]:
    """A list that is not empty; faults are reported for each of its items."""

    def read_several(node: Node) -> tuple[T, ...]:
        if isinstance(node.value, list) and not 1 <= len(node.value) <= at_most:
            raise Wrong(f"要有 1 到 {at_most} 行", f"1 to {at_most} lines are expected")
        return each(read)(node)

    return read_several


def _string(node: Node) -> str:
    if not isinstance(node.value, Leaf) or not node.value.quoted:
        raise Wrong("要写成带引号的文字", "a string is expected")
    return node.value.text


# Back to JSON


def plain(value: Any) -> Any:
    """JSON values of our values: yuan, ISO 8601 in UTC, lists and mappings."""
    if isinstance(value, Money):
        return value.yuan
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def canonical(value: Any) -> str:
    """One text for one content: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def hash_of(text: str) -> str:
    """64 hex digits that stand for a canonical text where only "the same or not" is asked."""
    return hashlib.sha256(text.encode()).hexdigest()
