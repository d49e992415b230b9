"""Ways of saying a thing, as patterns: what the classifier is shown beside the sentences that people wrote.

Form      = NAME one|two|…     a list of words, used as {NAME}
          # INTENT              what every pattern up to the next such line wants
          one pattern a line   (a|b|) one of these, which may nest; ? behind it or behind a character: or nothing;
          {NAME}; marks as in zh_CN.toml, of which ⟨钱⟩, ⟨数⟩ and ⟨人⟩ become something that is written like that
          ; remark
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

# A part is a text, a choice between sequences of parts, or a name in braces.
Part = str | tuple[tuple["Part", ...], ...]
Pattern = tuple[Part, ...]

_PEOPLE = [
    "小王",
    "小李",
    "小陈",
    "小张",
    "小赵",
    "小周",
    "老李",
    "老张",
    "老赵",
    "王姐",
    "李姐",
    "张姐",
    "陈姐",
    "刘哥",
    "阿芳",
    "阿华",
    "阿强",
    "阿珍",
    "李老师",
    "张总",
    "小美",
    "小丽",
]
_NUMBERS = ["2", "3", "4", "5", "6", "8", "10", "15", "20", "两", "三", "四", "五", "六", "十"]
_CHINESE = "零一二三四五六七八九"


class PatternError(ValueError):
    """A line that is no pattern; the message has the file's name and the line's number."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """`by_intent`: each pattern in the file's order."""

    by_intent: dict[str, tuple[Pattern, ...]]
    lists: dict[str, Pattern]

    def some(self, chance: random.Random, each: int) -> Iterator[tuple[str, str]]:
        """(text, intent): `each` texts of every intent, from as many of its patterns as there are."""
        for intent, patterns in self.by_intent.items():
            chosen = list(patterns)
            chance.shuffle(chosen)
            for number in range(each):
                yield self._said(chosen[number % len(chosen)], chance), intent

    def _said(self, pattern: Sequence[Part], chance: random.Random) -> str:
        said = []
        for part in pattern:
            if isinstance(part, tuple):
                said.append(self._said(chance.choice(part), chance))
            elif part.startswith("{"):
                said.append(self._said(self.lists[part[1:-1]], chance))
            else:
                said.append(part)
        return _filled("".join(said), chance)


def _filled(text: str, chance: random.Random) -> str:
    while "⟨钱⟩" in text:
        text = text.replace("⟨钱⟩", _amount(chance), 1)
    while "⟨数⟩" in text:
        text = text.replace("⟨数⟩", chance.choice(_NUMBERS), 1)
    while "⟨人⟩" in text:
        text = text.replace("⟨人⟩", chance.choice(_PEOPLE), 1)
    return text


def _amount(chance: random.Random) -> str:
    yuan, mao = chance.randint(1, 9), chance.randint(1, 9)
    written = ("{0}块{1}", "{0}.{1}", "{0}块", "{0}元", "{0}.{1}元", "{1}毛", "{2}块{3}", "{2}块", "{2}块钱", "{0}块多")
    return chance.choice(written).format(yuan, mao, _CHINESE[yuan], _CHINESE[mao])


def every(pattern: str) -> list[str]:
    """All that a pattern without names says: (我|)的钱 is 我的钱 and 的钱. Raises PatternError"""
    return _texts(_parse(pattern, pattern, {}))


def _texts(parts: Sequence[Part]) -> list[str]:
    said = [[part] if isinstance(part, str) else [text for option in part for text in _texts(option)] for part in parts]
    return ["".join(texts) for texts in product(*said)]


def load(file: Path) -> Patterns:
    """Raises PatternError"""
    lists: dict[str, Pattern] = {}
    by_intent: dict[str, list[Pattern]] = {}
    intent = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{file.name}:{number}"
        if not line.strip() or line.startswith(";"):
            continue
        if line.startswith("= "):
            name, _, listed = line[2:].partition(" ")
            lists[name] = _parse(f"({listed})", where, lists)
        elif line.startswith("# "):
            intent = line[2:].strip()
        elif not intent:
            raise PatternError(f"{where}: a pattern before the first intent")
        else:
            by_intent.setdefault(intent, []).append(_parse(line.strip(), where, lists))
    return Patterns({name: tuple(listed) for name, listed in by_intent.items()}, lists)


def _parse(text: str, where: str, lists: dict[str, Pattern]) -> Pattern:
    parts, rest = _sequence(text, where, lists)
    if rest:
        raise PatternError(f"{where}: {rest[0]} without its beginning: {rest}")
    return parts


def _sequence(text: str, where: str, lists: dict[str, Pattern]) -> tuple[Pattern, str]:
    """The parts up to the end of the text, or to the | or ) that ends them, and what is left."""
    parts: list[Part] = []
    while text and text[0] not in "|)":
        if text[0] == "(":
            choice, text = _choice(text[1:], where, lists)
            parts.append(choice)
        elif text[0] == "{":
            name, closed, text = text[1:].partition("}")
            if not closed or name not in lists:
                raise PatternError(f"{where}: {{{name}}}: no such list")
            parts.append(f"{{{name}}}")
        else:
            end = next((at for at, unit in enumerate(text) if at and unit in "(){}|?"), len(text))
            said, text = text[:end], text[end:]
            if text.startswith("?"):
                parts += [said[:-1], ((said[-1:],), ())]
                text = text[1:]
            else:
                parts.append(said)
    return tuple(parts), text


def _choice(text: str, where: str, lists: dict[str, Pattern]) -> tuple[tuple[Pattern, ...], str]:
    """What stands between ( and ), and what follows."""
    options: list[Pattern] = []
    while True:
        option, text = _sequence(text, where, lists)
        options.append(option)
        if not text:
            raise PatternError(f"{where}: a ( that nothing ends")
        ended, text = text[0] == ")", text[1:]
        if ended:
            break
    if text.startswith("?"):
        options.append(())
        text = text[1:]
    return tuple(options), text
