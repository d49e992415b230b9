"""The library that ships: assets/copy, read and checked once, whole or not at all.

Raises   CopyRefused, its faults naming the file; OffendingCopy where a text breaks a rule of material
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from domain.compliance import Finding
from domain.compliance.material import Material, check_material
from domain.compliance.wordlists import GROUNDS, WordLists, recorded
from domain.copy import CopyText, Festival, marked, parse, parse_festivals
from domain.copy.refused import CopyRefused
from domain.copy.text import KINDS
from domain.document import Fault
from services import words

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "copy"
FESTIVALS = "festivals.yaml"
T = TypeVar("T")
_GROUND_OF = {title: ground for ground, title in GROUNDS.items()}


@dataclass(frozen=True, slots=True)
class Library:
    texts: tuple[CopyText, ...]
    festivals: tuple[Festival, ...]

    @property
    def festival_names(self) -> tuple[str, ...]:
        return tuple(festival.name for festival in self.festivals)

    @classmethod
    def load(cls, folder: Path, lists: WordLists) -> Library:
        """Every file of a folder."""
        festivals = _read(folder / FESTIVALS, parse_festivals)
        names = tuple(festival.name for festival in festivals)
        texts: dict[str, CopyText] = {}
        for path in sorted(folder.glob("*.yaml")):
            if path.name == FESTIVALS:
                continue
            for text in _read(path, lambda source: parse(source, festivals=names, lists=lists)):
                if text.name in texts:
                    said = ("别的文件里已经有这个 name", "another file has this name")
                    raise CopyRefused([Fault(None, f"{path.name}: {text.name}", *said)])
                texts[text.name] = text
        library = cls(tuple(texts.values()), festivals)
        if bad := [f"{text.name}: {it.evidence.said}" for text, found in library.findings(lists) for it in found]:
            raise OffendingCopy("; ".join(bad))
        return library

    def findings(self, lists: WordLists) -> Iterator[tuple[CopyText, list[Finding]]]:
        """What the rules of material find of each text."""
        for text in self.texts:
            if found := check(text, lists):
                yield text, found


class OffendingCopy(Exception):
    """A text that ships breaks a rule: a mistake of whoever wrote it."""


def _read(path: Path, parse_source: Callable[[str], T]) -> T:
    try:
        return parse_source(path.read_text(encoding="utf-8"))
    except CopyRefused as refused:
        raise refused.of_file(path.name) from None


def check(text: CopyText, lists: WordLists) -> list[Finding]:
    """What the rules of material find of a text as it stands, before it is filled."""
    return check_material(material_of(text, marked(text.text)), lists)


def material_of(text: CopyText, said: str, *, category: str | None = None) -> Material:
    """A text, or what it is when it is filled, for the check."""
    return Material(
        said,
        "copy",
        title=f"{KINDS[text.kind]}文案 {text.name}",
        category=category or text.category or "",
        has_link=bool({"链接", "券链接"} & set(text.variables)),
        by_ai=text.by_ai,
        exceptions=tuple(recorded(word, _GROUND_OF[ground], reason) for word, ground, reason in text.because),
    )


@lru_cache(maxsize=1)
def shipped() -> Library:
    """The library of assets/copy, read once."""
    return Library.load(SHIPPED, words.shipped())
