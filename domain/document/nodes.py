"""The tree of a document, its faults, and `Form`, which reads one mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self, TypeAlias, TypeVar, cast

from domain.errors import DomainError

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `line` counts from 1 (None in JSON), `key` is a path like `rules[0].pay[1].rate`."""

    line: int | None
    key: str
    zh: str
    en: str

    def __str__(self) -> str:
        where_zh, where_en = (f"第 {self.line} 行 ", f"line {self.line} ") if self.line else ("", "")
        return f"{where_zh}{self.key}：{self.zh} / {where_en}{self.key}: {self.en}"


class Refused(DomainError):
    """A document that is not accepted, with all its faults."""

    code = "document.refused"

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(faults=faults)

    def of_file(self, name: str) -> Self:
        """The same refusal with the file's name before every key."""
        return type(self)([Fault(it.line, f"{name}: {it.key}", it.zh, it.en) for it in self.faults])

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class Wrong(Exception):
    """What a reader says of a value that it does not accept: the same sentence in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Leaf:
    text: str
    quoted: bool


@dataclass(slots=True)
class Node:
    """A place in a document. `line` is that of its key; `faults` is one list for the whole document.

    quoted_key  whether the key stood in quotes, as an amount of yuan must; in JSON all do
    """

    value: dict[str, Node] | list[Node] | Leaf
    key: str
    line: int | None
    faults: list[Fault]
    quoted_key: bool = True

    def wrong(self, zh: str, en: str) -> None:
        self.faults.append(Fault(self.line, self.key, zh, en))

    def walk(self) -> Iterator[Node]:
        yield self
        children = self.value.values() if isinstance(self.value, dict) else self.value
        for child in () if isinstance(children, Leaf) else children:
            yield from child.walk()


Read: TypeAlias = Callable[[Node], T]


class Form:
    """The keys of one mapping. What was not asked for by `done` is an unknown key."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.known = isinstance(node.value, dict)
        self.children: dict[str, Node] = node.value if isinstance(node.value, dict) else {}
        if not self.known:
            node.wrong("这里要写成「键: 值」的形式", "a mapping of keys to values is expected here")

    def has(self, key: str) -> bool:
        return key in self.children

    def need(self, key: str, read: Read[T]) -> T:
        """The value of a key that must be there."""
        if self.known and not self.has(key):
            self.node.faults.append(Fault(self.node.line, join(self.node.key, key), "缺少这一项", "is missing"))
        return self.may(key, read, cast(T, None))

    def may(self, key: str, read: Read[T], default: D) -> T | D:
        """The value of a key that may be left out."""
        self.asked.append(key)
        child = self.children.get(key)
        if child is None:
            return default
        try:
            return read(child)
        except Wrong as wrong:
            child.wrong(wrong.zh, wrong.en)
            return default

    def not_yet(self, key: str, zh: str, en: str) -> None:
        """A key that is known and refused by name."""
        self.refused.append(key)
        if self.has(key):
            self.children[key].wrong(zh, en)

    def done(self, value: T) -> T:
        """`value`, after every key that nobody asked for has been reported."""
        allowed = ", ".join(self.asked)
        for key, child in self.children.items():
            if key not in self.asked + self.refused:
                child.wrong(f"不认识的键；可用的键：{allowed}", f"unknown key; allowed here: {allowed}")
        return value


def join(key: str, name: str) -> str:
    """The path of an entry of a mapping."""
    return f"{key}.{name}" if key else name
