"""A text as the word lists read it: its letters in one spelling, each with its place in the text.

「国 家 级」, 「國家級」, 「国-家.级」 and 「国 家 级」 with what cannot
be seen between have the same letters; so have 「１００％」, 「1OO%」 and 「①00%」.

Source   compliance.md §7: NFKC, without spaces, zero-width signs and punctuation, from traditional to simplified
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from domain.simplified import SIMPLIFIED

# What looks like a digit is read as one, in the lists as in the texts, so that both stay alike.
_LOOKS_LIKE = str.maketrans(dict.fromkeys("oοо〇○◯⭕", "0") | dict.fromkeys("liіι|ǀ", "1"))
_KEPT = "%"
_BREAKS = frozenset("\n\r。！？!?；;，,、：:…")
# A dash behind these stands for 一: 「第—」, 「唯—」.
_BEFORE_ONE, _DASHES = frozenset("第唯"), frozenset("-—–―ー一")
_CACHED = 20_000  # characters; every one that is in use, and a bound against a text that is none


@dataclass(frozen=True, slots=True)
class Letters:
    """text     the letters
    origin   of each letter, where in the original it stands
    broken   letters (their places in `text`) before which a sentence or a part of one ended
    """

    text: str
    origin: tuple[int, ...]
    broken: frozenset[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the letters from `start` to `end` stand."""
        return self.origin[start], self.origin[end - 1] + 1

    def before(self, start: int, most: int) -> str:
        """At most so many letters that stand before `start` in the same part of the sentence."""
        first = start
        while first > max(0, start - most) and first not in self.broken:
            first -= 1
        return self.text[first:start]

    def behind(self, end: int, most: int) -> str:
        last = end
        while last < min(len(self.text), end + most) and last not in self.broken:
            last += 1
        return self.text[end:last]

    def spans_break(self, start: int, end: int) -> bool:
        return any(place in self.broken for place in range(start + 1, end))


def read(text: str) -> Letters:
    """The letters of a text of any length."""
    found: list[str] = []
    origin: list[int] = []
    broken: set[int] = set()
    known, keep, keep_place = _folded.get, found.append, origin.append
    for place, sign in enumerate(text):
        letters = known(sign)
        if letters is None:
            letters = _fold(sign)
        if not letters:
            if sign in _BREAKS:
                broken.add(len(found))
            elif sign in _DASHES and found and found[-1] in _BEFORE_ONE:
                keep("一")
                keep_place(place)
        elif len(letters) == 1:
            keep(letters)
            keep_place(place)
        else:
            for letter in letters:
                keep(letter)
                keep_place(place)
    return Letters("".join(found), tuple(origin), frozenset(broken))


def spelling(word: str) -> str:
    """The letters alone."""
    return read(word).text


_folded: dict[str, str] = {}


def _fold(sign: str) -> str:
    letters = "".join(map(_letter, unicodedata.normalize("NFKC", sign)))
    if len(_folded) < _CACHED:
        _folded[sign] = letters
    return letters


def _letter(sign: str) -> str:
    """The letter that a sign stands for; nothing for what is no letter and no digit."""
    sign = sign.lower().translate(_LOOKS_LIKE).translate(SIMPLIFIED)
    category = unicodedata.category(sign) if len(sign) == 1 else "Ll"
    if category.startswith("N"):
        digit = unicodedata.digit(sign, None)
        return sign if digit is None else str(digit)
    return sign if category.startswith("L") or sign == _KEPT else ""
