"""Do the sentences that the code says exist, and do the facts fill them? `python -m tools.check_messages`

Reads the source: `Sentence("key", {...})`, `Reply.of("key", fact=...)` and `.then("key", fact=...)`. A key that is put
together (f"withdrawal_state.{state}") must be the beginning of one that exists. Facts are compared where they are
written out. A sentence that no code names is reported too: it is a leftover, or a key that was mistyped.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "assets" / "messages" / "zh_CN.toml"
CODE = ("domain", "services", "handlers", "bot", "web", "jobs")


@dataclass
class Said:
    """What the code names: keys, beginnings of keys, every text that could be a key, and what is wrong."""

    keys: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def flat(section: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield before + name, str(value)


def placeholders(template: str) -> set[str]:
    """The names in braces."""
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(template) if name}


def read(where: str, source: str, sentences: Mapping[str, str], said: Said) -> None:
    """Collect what one file says, and what is wrong with it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said.keys.add(node.value)
        elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            said.beginnings.add(str(node.values[0].value))
        if isinstance(node, ast.Call) and _says(node.func) and node.args:
            for key in _texts(node.args[0]):
                _compare(f"{where}:{node.lineno}", key, _facts(node), sentences, said)


def _says(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "Sentence"
    if not isinstance(function, ast.Attribute):
        return False
    return function.attr == "then" or (function.attr == "of" and ast.unparse(function.value) == "Reply")


def _texts(key: ast.expr) -> list[ast.expr]:
    return [*_texts(key.body), *_texts(key.orelse)] if isinstance(key, ast.IfExp) else [key]


def _facts(call: ast.Call) -> set[str] | None:
    """The names of the facts; None where they are not all written out."""
    if isinstance(call.func, ast.Name):
        if len(call.args) == 1 and not call.keywords:
            return set()
        facts = call.args[1] if len(call.args) > 1 else None
        if not isinstance(facts, ast.Dict) or not all(isinstance(name, ast.Constant) for name in facts.keys):
            return None
        return {str(name.value) for name in facts.keys if isinstance(name, ast.Constant)}
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else {str(name) for name in names}


def _compare(where: str, key: ast.expr, facts: set[str] | None, sentences: Mapping[str, str], said: Said) -> None:
    if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
        beginning = str(key.values[0].value)
        if not any(name.startswith(beginning) for name in sentences):
            said.faults.append(f"{where}: no sentence begins with {beginning!r}")
    if not isinstance(key, ast.Constant):
        return
    if key.value not in sentences:
        said.faults.append(f"{where}: there is no sentence {key.value!r}")
    elif facts is not None and (missing := placeholders(sentences[str(key.value)]) - facts):
        said.faults.append(f"{where}: {key.value!r} needs {', '.join(sorted(missing))}")


def unused(sentences: Mapping[str, str], said: Said) -> list[str]:
    """Sentences that no text of the code names."""
    return [
        f"{name}: no code says this sentence"
        for name in sentences
        if name not in said.keys and not any(beginning and name.startswith(beginning) for beginning in said.beginnings)
    ]


def main() -> int:
    sentences = dict(flat(tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))))
    said = Said()
    for file in [ROOT / "app.py", *(file for folder in CODE for file in sorted((ROOT / folder).rglob("*.py")))]:
        if file.exists():
            read(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"), sentences, said)
    faults = said.faults + unused(sentences, said)
    print("\n".join(faults) if faults else f"{len(sentences)} sentences fit", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
