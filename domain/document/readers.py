"""Readers of values: each says in both languages what it accepts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

from domain.document.nodes import Leaf, Node, Read, Wrong
from domain.money import Money, parse_rate
from domain.periods import SHANGHAI

T = TypeVar("T")


def _leaf(node: Node) -> Leaf:
    if not isinstance(node.value, Leaf):
        raise Wrong("这里要写一个值，不是列表或映射", "a single value is expected here, not a list or a mapping")
    return node.value


def text(limit: int = 100) -> Read[str]:
    """Printable text on one line, not empty; quoted or not, it is never taken for a number or a truth value."""

    def read(node: Node) -> str:
        value = _leaf(node).text
        # The zero-width joiner holds emoji together; everything else that cannot be seen is refused.
        if not value.strip() or len(value) > limit or not value.replace("\u200d", "").isprintable():
            raise Wrong(f"要写 1 到 {limit} 个可见字符，不能换行", f"1 to {limit} printable characters on one line")
        return value

    return read


def quoted_text(limit: int = 100) -> Read[str]:
    """The same where a bare number is not text: in JSON."""

    def read(node: Node) -> str:
        if not _leaf(node).quoted:
            raise Wrong("要写成带引号的文字", "a string is expected")
        return text(limit)(node)

    return read


def one_of(*allowed: str) -> Read[Any]:
    """One of a few words."""

    def read(node: Node) -> str:
        if _leaf(node).text not in allowed:
            raise Wrong(f"只能是：{'、'.join(allowed)}", f"must be one of: {', '.join(allowed)}")
        return _leaf(node).text

    return read


def whole(low: int, high: int) -> Read[int]:
    """A whole number without quotes: `7`, not `"7"`, `7.0`, `07` or `７`."""

    def read(node: Node) -> int:
        leaf = _leaf(node)
        if leaf.quoted or not re.fullmatch(r"(0|[1-9][0-9]{0,17})", leaf.text) or not low <= int(leaf.text) <= high:
            raise Wrong(f"要写不带引号的整数，{low} 到 {high}", f"a whole number without quotes from {low} to {high}")
        return int(leaf.text)

    return read


def flag(node: Node) -> bool:
    """`true` or `false`; what YAML 1.1 also calls a truth value (`yes`, `on`) is refused."""
    leaf = _leaf(node)
    if leaf.quoted or leaf.text not in ("true", "false"):
        raise Wrong("只能是不带引号的 true 或 false", "must be true or false, without quotes")
    return leaf.text == "true"


def yuan(node: Node) -> Money:
    """Yuan in quotes with at most two decimals, never negative: `"30.00"`, `"30.5"`, `"30"`."""
    leaf = _leaf(node)
    found = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", leaf.text)
    if not leaf.quoted or not found:
        raise Wrong(
            '金额要写成带引号的元，最多两位小数，不能为负，只用半角数字，例如 "30.00"',
            'an amount is yuan in quotes, at most two decimals, not negative, ASCII digits only, like "30.00"',
        )
    return Money(int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")))


def rate(node: Node) -> int:
    """Basis points of `10%`, `12.5%`, `0.75%`."""
    try:
        return parse_rate(_leaf(node).text)
    except ValueError:
        raise Wrong(
            "比例要写成 10%、12.5%、0.75% 这样，0% 到 100%，最细到 0.01%",
            "a rate is written like 10%, 12.5% or 0.75%: from 0% to 100%, no finer than 0.01%",
        ) from None


def instant(node: Node) -> datetime:
    """An ISO 8601 time; without an offset it is Shanghai's."""
    try:
        return parse_instant(_leaf(node).text if _leaf(node).quoted else "")
    except ValueError:
        raise Wrong(
            '时间要写成带引号的 ISO 8601，例如 "2026-03-01T10:00:00+08:00"，不写时区时按上海时间',
            'a time is ISO 8601 in quotes, like "2026-03-01T10:00:00+08:00"; without an offset it is Shanghai\'s',
        ) from None


def parse_instant(value: str) -> datetime:
    """The UTC instant of an ISO 8601 text between 1970 and 2999; ValueError for anything else."""
    if not value.isascii():
        raise ValueError(f"not an ISO 8601 time: {value!r}")
    parsed = datetime.fromisoformat(value)
    if not 1970 < parsed.year < 3000:
        raise ValueError(f"a year between 1971 and 2999 is expected: {value!r}")
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def nullable(read: Read[T]) -> Read[T | None]:
    """JSON's `null`, or what `read` accepts."""

    def read_nullable(node: Node) -> T | None:
        return None if node.value == Leaf("null", quoted=False) else read(node)

    return read_nullable


def each(read: Read[T], *, at_least: int = 0) -> Read[tuple[T, ...]]:
    """A list; faults are reported for each of its items."""

    def read_items(node: Node) -> tuple[T, ...]:
        if not isinstance(node.value, list):
            raise Wrong("这里要写一个列表", "a list is expected here")
        if len(node.value) < at_least:
            raise Wrong(f"至少要有 {at_least} 项", f"at least {at_least} item(s) are expected")
        items = []
        for child in node.value:
            try:
                items.append(read(child))
            except Wrong as wrong:
                child.wrong(wrong.zh, wrong.en)
        return tuple(items)

    return read_items
