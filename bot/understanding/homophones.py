"""Words typed by their sound: what a pinyin keyboard or a voice makes of 提现, 海报, 排行榜.

Syllables  toneless, with the pairs that many people do not tell apart taken as one (zh/z, ch/c, sh/s, -ng/-n, l/n at
           the beginning is kept apart: 里/你 differ in too many sentences)
Source     pinyin.txt, the characters of GB 2312 with their readings, written by tools from pypinyin (MIT)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from pathlib import Path

_TABLE = Path(__file__).with_name("pinyin.txt")


@lru_cache(maxsize=1)
def _syllables() -> dict[str, tuple[str, ...]]:
    """Character → its readings, folded; about 6,800 characters."""
    table: dict[str, tuple[str, ...]] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, _, characters = line.partition(" ")
        folded = _fold(syllable)
        alone = (folded,)  # one for all that are read so
        for character in characters:
            known = table.get(character)
            if known is None:
                table[character] = alone
            elif folded not in known:
                table[character] = (*known, folded)
    return table


def _fold(syllable: str) -> str:
    syllable = re.sub(r"^([zcs])h", r"\1", syllable)
    return re.sub(r"(?<=[aei])ng$", "n", syllable)


def characters() -> list[str]:
    """Every character of the table, in its order."""
    return list(_syllables())


def readings(word: str) -> list[tuple[str, ...]]:
    """Every way in which `word` may be read, at most eight; empty when a character is not in the table."""
    table = _syllables()
    options = [table.get(character, ()) for character in word]
    if not all(options):
        return []
    return list(product(*options))[:8]


class Homophones:
    """Finds the given words where they were typed with other characters of the same sound."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[tuple[str, ...], str] = {}
        self._known = set(words)
        for word in self._known:
            for sound in readings(word):
                self._words.setdefault(sound, word)
        self._lengths = sorted({len(word) for word in self._known}, reverse=True)

    def correct(self, text: str) -> str:
        """`text` with every such word put right, longer words first, from left to right; digits are not touched."""
        for sound in readings(text) if len(text) <= 4 else ():
            if sound in self._words:
                return self._words[sound]
        out, at = [], 0
        while at < len(text):
            word = next((w for n in self._lengths if (w := self._at(text, at, n))), None)
            out.append(word or text[at])
            at += len(word) if word else 1
        return "".join(out)

    def _at(self, text: str, at: int, length: int) -> str | None:
        window = text[at : at + length]
        if len(window) < length:
            return None
        if window in self._known:
            return window
        # At least one character is right, or the word is long: two wrong characters in two are mostly another word.
        for sound in readings(window):
            word = self._words.get(sound)
            if word and (length > 2 or any(a == b for a, b in zip(window, word, strict=True))):
                return word
        return None
