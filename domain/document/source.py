"""Text to tree: YAML with line numbers, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from domain.document.nodes import Fault, Leaf, Node, Refused, join

MAX_DEPTH = 20


@dataclass(slots=True)
class _YamlTree:
    """PyYAML's events as nodes. Events, not PyYAML's own tree, so that an alias is refused before it is expanded."""

    events: Iterator[Any]
    faults: list[Fault] = field(default_factory=list)

    def document(self) -> Node:
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            _refuse(1, "文件是空的", "the file is empty")
        root = self.node(next(self.events), "", 1, depth=0)
        next(self.events)  # the document's end
        following = next(self.events)
        if not isinstance(following, yaml.StreamEndEvent):
            _refuse(_line(following), "一个文件里只能有一份文档", "only one document is allowed in a file")
        return root

    def node(self, event: Any, key: str, line: int, depth: int) -> Node:
        if getattr(event, "anchor", None) is not None:
            _refuse(_line(event), "不支持 YAML 的锚点（&）和别名（*）", "anchors (&) and aliases (*) are not allowed")
        if event.tag is not None:
            _refuse(_line(event), "不支持 YAML 的标签（!）", "tags (!) are not allowed")
        if depth > MAX_DEPTH:
            _refuse(_line(event), f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.ScalarEvent):
            return Node(Leaf(event.value, event.style in ("'", '"')), key, line, self.faults)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self.items(key, depth), key, line, self.faults)
        return Node(self.entries(key, depth), key, line, self.faults)

    def items(self, key: str, depth: int) -> list[Node]:
        found: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.node(event, f"{key}[{len(found)}]", _line(event), depth + 1))
        return found

    def entries(self, key: str, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self.node(event, key, _line(event), depth + 1).value
            if not isinstance(name, Leaf):
                _refuse(_line(event), "键必须是文字", "a key must be text")
            child = self.node(next(self.events), join(key, name.text), _line(event), depth + 1)
            child.quoted_key = name.quoted
            if name.text in found:
                child.wrong("这个键写了两次", "this key is repeated")
            found[name.text] = child
        return found


def from_yaml(source: str, *, max_bytes: int = 256 * 1024) -> Node:
    """The tree of one YAML document; `Refused` where it is not YAML or uses what is not allowed."""
    if len(source.encode("utf-8", "replace")) > max_bytes:
        _refuse(None, f"文件超过 {max_bytes // 1024} kB", f"the file is larger than {max_bytes // 1024} kB")
    try:
        return _YamlTree(iter(yaml.parse(source, Loader=yaml.SafeLoader))).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        _refuse(mark.line + 1 if mark else None, f"不是合法的 YAML（{problem}）", f"not valid YAML: {problem}")


def from_json(source: str) -> Node:
    """The tree of one JSON document; `Refused` where it is not JSON."""

    def entries(pairs: list[tuple[str, Any]]) -> _Entries:
        return _Entries(pairs)

    def number(literal: str) -> Leaf:
        return Leaf(literal, quoted=False)

    try:
        parsed = json.loads(
            source, object_pairs_hook=entries, parse_int=number, parse_float=number, parse_constant=number
        )
        return _json_node(parsed, "", [], depth=0)
    except json.JSONDecodeError as error:
        _refuse(error.lineno, f"不是合法的 JSON（{error.msg}）", f"not valid JSON: {error.msg}")
    except RecursionError:
        _refuse(None, f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")


class _Entries(list[tuple[str, Any]]):
    """The pairs of a JSON object, repeated keys included."""


def _json_node(value: Any, key: str, faults: list[Fault], depth: int) -> Node:
    if depth > MAX_DEPTH:
        _refuse(None, f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")
    node = Node(Leaf("", quoted=False), key, None, faults)
    if isinstance(value, _Entries):
        node.value = {}
        for name, item in value:
            child = _json_node(item, join(key, name), faults, depth + 1)
            if name in node.value:
                child.wrong("这个键写了两次", "this key is repeated")
            node.value[name] = child
    elif isinstance(value, list):
        node.value = [_json_node(item, f"{key}[{i}]", faults, depth + 1) for i, item in enumerate(value)]
    elif isinstance(value, str):
        node.value = Leaf(value, quoted=True)
    elif isinstance(value, Leaf):
        node.value = value
    else:
        node.value = Leaf({True: "true", False: "false", None: "null"}[value], quoted=False)
    return node


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _refuse(line: int | None, zh: str, en: str) -> NoReturn:
    raise Refused([Fault(line, "", zh, en)])
