"""What the classifier sees of a sentence: pieces of its characters, of its sound, and which rules it fits.

Pieces     one to three units side by side, and pairs with others between them, for word orders nobody thought of; a
           mark like ⟨期⟩ is one unit, and so is a number or a Latin word
Sound      two and three syllables: a word that a pinyin keyboard wrote with other characters keeps its sound
Hints      `rule:…` from the tables of rules.toml; how far a rule is to be believed is learnt, not decreed
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.understanding.homophones import readings
from bot.understanding.phrases import stripped

_UNIT = re.compile(r"⟨.⟩|[0-9]+(?:\.[0-9]+)?|[a-z]+|[^\s，?⟨⟩]")
_MARK = "⟨"
_REACH = 4  # how far the second of a pair may stand behind the first
LONGEST = 80  # units that are read; a request is said within them


def features(text: str, hints: Iterable[str] = ()) -> list[str]:
    """The features of a masked plain text, each once."""
    units = _UNIT.findall(stripped(text))[:LONGEST]
    found = {f"1{unit}" for unit in units}
    padded = ["^", *units, "$"]
    for size in (2, 3):
        found.update(f"{size}" + "".join(padded[at : at + size]) for at in range(len(padded) - size + 1))
    for at, first in enumerate(units):
        found.update(f"_{first}{second}" for second in units[at + 2 : at + 2 + _REACH])
    sounds = ["^", *(sound(unit) for unit in units), "$"]
    for size in (2, 3):
        found.update(f"s{size}" + " ".join(sounds[at : at + size]) for at in range(len(sounds) - size + 1))
    found.update(hints)
    if "?" in text:
        found.add("?")
    found.add(f"length {min(len(units), 24) // 4}")
    return sorted(found)


def sound(unit: str) -> str:
    """The syllable of a character, folded; anything else is itself."""
    if len(unit) == 1 and "\u4e00" <= unit <= "\u9fff":
        read = readings(unit)
        return read[0][0] if read else unit
    return unit
