"""What the classifier sees of a sentence: pieces of its characters, of its sound, and which rules it fits.

Pieces     one to three units side by side, and pairs with others between them, for word orders nobody thought of; a
           mark like ⟨期⟩ is one unit, and so is a number or a Latin word
Sound      two and three syllables: a word that a pinyin keyboard wrote with other characters keeps its sound
Words      which lists of words.toml a word of it stands in, and which two follow each other
Hints      `rule:…` from the tables of rules.toml; how far a rule is to be believed is learnt, not decreed
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path

from bot.understanding.homophones import readings
from bot.understanding.phrases import stripped

_UNIT = re.compile(r"⟨.⟩|[0-9]+(?:\.[0-9]+)?|[a-z]+|[^\s，?⟨⟩]")
_LISTS = Path(__file__).with_name("words.toml")
_MARK = "⟨"
_TOGETHER = 8  # lists of which pairs are made; who says more than that says everything
_REACH = 4  # how far the second of a pair may stand behind the first
LONGEST = 80  # units that are read; a request is said within them


def features(text: str, hints: Iterable[str] = ()) -> list[str]:
    """The features of a masked plain text, each once."""
    units = _UNIT.findall(_canonical(stripped(text)))[:LONGEST]
    found = {f"1{unit}" for unit in units}
    padded = ["^", *units, "$"]
    for size in (2, 3):
        found.update(f"{size}" + "".join(padded[at : at + size]) for at in range(len(padded) - size + 1))
    for at, first in enumerate(units):
        found.update(f"_{first}{second}" for second in units[at + 2 : at + 2 + _REACH])
    sounds = ["^", *(sound(unit) for unit in units), "$"]
    for size in (2, 3):
        found.update(f"s{size}" + " ".join(sounds[at : at + size]) for at in range(len(sounds) - size + 1))
    found.update(_meant(text))
    found.update(hints)
    if "?" in text:
        found.add("?")
    found.add(f"length {min(len(units), 24) // 4}")
    return sorted(found)


@lru_cache(maxsize=1)
def _words() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Word → the lists that it stands in, and what finds the longest one at a place."""
    lists: dict[str, tuple[str, ...]] = {}
    for name, words in tomllib.loads(_LISTS.read_text(encoding="utf-8"))["words"].items():
        for word in words.split():
            lists[word] = (*lists.get(word, ()), name)
    return lists, re.compile("|".join(sorted(map(re.escape, lists), key=lambda word: (-len(word), word))))


def _meant(text: str) -> Iterable[str]:
    """The lists whose words the text has, those that follow each other, and those that stand together in it."""
    lists, pattern = _words()
    said = [lists[match[0]] for match in pattern.finditer(text)]
    for names in said:
        yield from (f"w:{name}" for name in names)
    for first, second in pairwise(said):
        yield from (f"w:{a}>{b}" for a in first for b in second)
    together = sorted({name for names in said for name in names})[:_TOGETHER]
    yield from (f"w:{a}&{b}" for a, b in combinations(together, 2))


# Words that make no difference, each written in one way, and what is only politeness left out.
_SAME = (
    (re.compile(r"咋样|怎么样|怎样|如何|咋个|咋|怎(?!么)"), "怎么"),
    (re.compile(r"啥子|啥样|啥|哪些|哪样|什么样"), "什么"),
    (re.compile(r"为什么|为何|干嘛|凭什么"), "为什么"),
    (re.compile(r"好多(?=钱|人|单)|几(?=个|单|块|人|名|件|级|笔|号)"), "多少"),
    (re.compile(r"挣"), "赚"),
    (re.compile(r"看看|看一看|看一下|看下|瞧瞧|瞅瞅|查一下|查下|查查|查看|查询"), "查"),
    (re.compile(r"俺|咱们|咱|我们|偶"), "我"),
    (re.compile(r"(?:请问|麻烦|劳驾|拜托|请)(?:一下|你|问|帮忙)?|不好意思|"
                r"(?:帮|替)(?:我|忙)?|给我(?=[^⟨])|一下子?"), ""),
    (re.compile(r"可不可以|能否|可否|可以不可以|可以(?=.{1,8}[吗么不]$)"), "能不能"),
    (re.compile(r"[呀啊哈哦啦嘛呗呢哟嘞哎诶]"), ""),
)  # fmt: skip


def _canonical(text: str) -> str:
    for pattern, written in _SAME:
        text = pattern.sub(written, text)
    return text or "⟨空⟩"


def sound(unit: str) -> str:
    """The syllable of a character, folded; anything else is itself."""
    if len(unit) == 1 and "\u4e00" <= unit <= "\u9fff":
        read = readings(unit)
        return read[0][0] if read else unit
    return unit
