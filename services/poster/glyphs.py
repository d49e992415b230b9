"""From any text to characters that can be drawn: clean it, replace what no face holds, choose a face for each.

Nicknames hold everything: emoji with joiners and skin tones, flags, letters in other alphabets, mathematical letters,
marks stacked on marks, characters that turn the writing direction. The rules, in order:

1. NFC; line breaks and odd spaces become one space; control, format and private characters go.
2. An emoji sequence joined by ZWJ is drawn as its first picture; skin tones and variation selectors go; a flag
   becomes its two letters, a keycap its digit. Combining marks that have no composed form go.
3. A character in no face is replaced by its compatibility form (𝓛 → L), else by 「·」; several in a row by one.
4. Before a text is broken into lines its Arabic letters take their joined forms, and right-to-left runs of a finished
   line are put into drawing order, because the posters are set with Pillow's basic layout: the same pixels with or
   without raqm.
"""

import re
import struct
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FACES = {  # weight → files, the first that holds a character draws it
    "regular": ("NotoSansSC-Regular.otf", "NotoSansSC-Rare.otf", "NotoEmoji.ttf", "DejaVuSans.ttf"),
    "bold": ("NotoSansSC-Bold.otf", "NotoSansSC-Rare.otf", "NotoEmoji.ttf", "DejaVuSans.ttf"),
}
LONGEST = 400  # characters that are looked at; nothing on a poster has room for more
REPLACEMENT = "·"
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u180e")  # letters and symbols that draw nothing
REGIONAL = range(0x1F1E6, 0x1F200)
SKIN_TONES = range(0x1F3FB, 0x1F400)
ZWJ = "\u200d"


@dataclass(frozen=True)
class Coverage:
    """The characters of one font file, as sorted ranges of its character map."""

    starts: Sequence[int]
    ends: Sequence[int]

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        found = bisect_right(self.starts, point) - 1
        return found >= 0 and point <= self.ends[found]


@lru_cache(maxsize=16)
def coverage(path: Path) -> Coverage:
    """Read the format 12 character map of a font file (OpenType specification, table cmap); ValueError without one."""
    data = path.read_bytes()
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, start, _ = struct.unpack_from(">4sIII", data, 12 + 16 * number)
        if tag == b"cmap":
            break
    else:
        raise ValueError(f"{path.name} has no character map")
    for number in range(struct.unpack_from(">H", data, start + 2)[0]):
        _, _, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * number)
        if struct.unpack_from(">H", data, start + offset)[0] == 12:
            return _groups(data, start + offset)
    raise ValueError(f"{path.name} has no character map of format 12; make it with tools/make_fonts.py")


def _groups(data: bytes, table: int) -> Coverage:
    starts, ends = array("I"), array("I")
    for number in range(struct.unpack_from(">I", data, table + 12)[0]):
        first, last, glyph = struct.unpack_from(">III", data, table + 16 + 12 * number)
        if glyph == 0:  # the first of the group is the box that must never be drawn
            first += 1
        if first <= last:
            starts.append(first)
            ends.append(last)
    return Coverage(starts, ends)


class Faces:
    """The font files of a folder, asked which of them draws a character."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held = {name: coverage(folder / name) for names in FACES.values() for name in names}

    def find(self, character: str, weight: str) -> str | None:
        """The file that draws this character in this weight, or None."""
        return next((name for name in FACES[weight] if character in self._held[name]), None)

    def drawable(self, text: str, weight: str = "regular") -> str:
        """The text as it can be drawn (rules 1 to 3): only characters that `find` finds, trimmed; idempotent."""
        out: list[str] = []
        for character in _composed(text):
            for drawn in self._replace(character, weight):
                if not (drawn in (" ", REPLACEMENT) and out and out[-1] == drawn and drawn != character):
                    out.append(drawn)
        return re.sub(" {2,}", " ", "".join(out)).strip()

    def joined(self, text: str, weight: str = "regular") -> str:
        """A drawable text with its Arabic letters in the forms that their neighbours ask for (rule 4)."""
        return _join(text, lambda character: self.find(character, weight) is not None)

    def _replace(self, character: str, weight: str) -> str:
        if self.find(character, weight):
            return character
        simpler = unicodedata.normalize("NFKC", character)
        if simpler != character and all(self.find(part, weight) for part in simpler):
            return simpler
        return REPLACEMENT


def _composed(text: str) -> list[str]:
    """Rules 1 and 2: one entry for each character that is to be drawn."""
    out: list[str] = []
    joined = False
    for character in unicodedata.normalize("NFC", text[:LONGEST]):
        point = ord(character)
        if character == ZWJ:
            joined = bool(out) and unicodedata.category(out[-1]) == "So"
            continue
        category = unicodedata.category(character)
        if character in BLANKS or category in ("Zs", "Zl", "Zp") or character in "\t\r\n\v\f":
            out.append(" ")
        elif point in REGIONAL:
            out.append(chr(ord("A") + point - REGIONAL.start))
        elif category in ("Cc", "Cf", "Co", "Cs", "Mn", "Me") or point in SKIN_TONES:
            continue  # variation selectors are Mn, tags and direction marks Cf; `joined` waits for what follows
        elif not (joined and category == "So"):
            out.append(character)
        joined = False
    return out


# Arabic joining, from Unicode's own compatibility forms: base letter → {"isolated" | "initial" | …: form}.
def _joining() -> dict[str, dict[str, str]]:
    forms: dict[str, dict[str, str]] = {}
    for point in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0] in ("<isolated>", "<initial>", "<medial>", "<final>"):
            forms.setdefault(chr(int(parts[1], 16)), {}).setdefault(parts[0][1:-1], chr(point))
    forms["\u06d5"] = {"isolated": "\ufee9", "final": "\ufeea"}  # Uyghur e is written like the end of a heh
    return forms


JOINING = _joining()
LAM_ALEF = {"\u0622": "\ufef5", "\u0623": "\ufef7", "\u0625": "\ufef9", "\u0627": "\ufefb"}


def visual(shaped: str) -> str:
    """A line in drawing order from left to right: its right-to-left runs reversed.

    A run reaches from its first to its last right-to-left letter; what stands between them (spaces, marks) turns
    too, digits and Latin letters inside keep their own direction.
    """
    out: list[str] = []
    position = 0
    for run in re.finditer(_RUN, shaped):
        out.append(shaped[position : run.start()])
        turned = run.group()[::-1].translate(_MIRROR)
        out.append(re.sub(r"[0-9A-Za-z.,]{2,}", lambda kept: kept.group()[::-1], turned))
        position = run.end()
    return "".join(out) + shaped[position:]


_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
_RUN = re.compile(f"{_LETTER}(?:[^\u2e80-\u9fff]*{_LETTER})?")
_MIRROR = str.maketrans("()[]<>«»", ")(][><»«")


def _join(text: str, held: Callable[[str], bool]) -> str:
    out: list[str] = []
    for number, character in enumerate(text):
        forms = JOINING.get(character)
        if forms is None:
            out.append(character)
            continue
        before = number > 0 and "initial" in JOINING.get(text[number - 1], {})
        after = number + 1 < len(text) and "initial" in forms and "final" in JOINING.get(text[number + 1], {})
        if before and character in LAM_ALEF and text[number - 1] == "\u0644":
            lam_joined = number > 1 and "initial" in JOINING.get(text[number - 2], {})
            out[-1] = chr(ord(LAM_ALEF[character]) + (1 if lam_joined else 0))
            continue
        name = ("medial" if after else "final") if before else ("initial" if after else "isolated")
        form = forms.get(name, character)
        out.append(form if held(form) else character)
    return "".join(out)
