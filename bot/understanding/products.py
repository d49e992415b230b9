"""Which product of the catalogue a sentence speaks of: by SKU, by name, by a part of its name, or by its sound.

A name like 「丹东99草莓 3斤装」 is known by 丹东99草莓, by 草莓 (what it is: the end of its name), and more weakly by
every other part of two characters or more (丹东). The longest part wins; products that tie are all candidates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.understanding import homophones
from bot.understanding.normalise import plain


@dataclass(frozen=True, slots=True)
class ProductName:
    sku: str
    name: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`skus` in the catalogue's order; `words` is the part of the text that named them."""

    skus: tuple[str, ...]
    words: str


_SPEC = re.compile(
    r"[\d.]+\s*(?:g|kg|ml|l|斤|克|千克|公斤|升|毫升|枚|个|只|盒|箱|杯|瓶|袋|包|支|片|罐|件|颗|粒|套|条|寸|码)装?"
)
_RUN = re.compile(r"[\u4e00-\u9fff]+")
_MAX_PART = 8
# Parts of names that name no product: what is sold with, and words of our own conversation.
_PLAIN_WORDS = frozenset(Path(__file__).with_name("plain_words.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class _Index:
    catalogue: tuple[ProductName, ...]
    skus: dict[str, str]  # lower case → as it is written
    parts: dict[str, dict[str, float]]  # part of a name → SKU → weight
    sounds: dict[tuple[str, ...], set[str]]  # the sound of what a product is → SKUs


_SKU_WORD = re.compile(r"[0-9a-z][0-9a-z._-]*[0-9a-z]|[0-9a-z]")
_last: _Index | None = None


def _index(catalogue: tuple[ProductName, ...]) -> _Index:
    """The index of `catalogue`; the last one is kept. Comparing is quick: the products are the same objects."""
    global _last
    last = _last
    if last is None or last.catalogue != catalogue:
        last = _last = _build(catalogue)
    return last


def _build(catalogue: tuple[ProductName, ...]) -> _Index:
    index = _Index(catalogue, {product.sku.lower(): product.sku for product in catalogue}, {}, {})
    for product in catalogue:
        name = _SPEC.sub(" ", plain(product.name))
        for run in _RUN.findall(name):
            _add_run(index.parts, index.sounds, run, product.sku)
        whole = re.sub(r"\s+", "", name)
        if len(whole) >= 2:
            index.parts.setdefault(whole, {})[product.sku] = len(whole) + 1.0
    return index


def _add_run(parts: dict[str, dict[str, float]], sounds: dict[tuple[str, ...], set[str]], run: str, sku: str) -> None:
    for start in range(len(run)):
        for end in range(start + 2, min(len(run), start + _MAX_PART) + 1):
            part = run[start:end]
            if part in _PLAIN_WORDS:
                continue
            weight = len(part) + (0.5 if end == len(run) else 0.0)
            parts.setdefault(part, {})[sku] = max(weight, parts.get(part, {}).get(sku, 0.0))
    for length in (2, 3, 4):
        if len(run) >= length and run[-length:] not in _PLAIN_WORDS:
            for sound in homophones.readings(run[-length:]):
                sounds.setdefault(sound, set()).add(sku)


def find(text: str, catalogue: Sequence[ProductName]) -> Found | None:
    """What a plain text names, or None."""
    return _find(text, _index(tuple(catalogue))) if catalogue else None


def find_among(text: str, few: Sequence[ProductName]) -> Found | None:
    """What a plain text names of a few products, whose index is not kept."""
    return _find(text, _build(tuple(few)))


def _find(text: str, index: _Index) -> Found | None:
    named = {index.skus[word] for word in _SKU_WORD.findall(text) if word in index.skus}
    if named:
        return _found(index, named, next(word for word in _SKU_WORD.findall(text) if word in index.skus))
    words, skus = _longest_part(text, index.parts)
    if not skus:
        words, skus = _by_category(text, index.catalogue) or _by_sound(text, index.sounds) or ("", set())
    return _found(index, skus, words) if skus else None


def _found(index: _Index, skus: set[str], words: str) -> Found:
    return Found(tuple(product.sku for product in index.catalogue if product.sku in skus), words)


def _longest_part(text: str, parts: dict[str, dict[str, float]]) -> tuple[str, set[str]]:
    best, words, skus = 0.0, "", set[str]()
    for start in range(len(text)):
        for end in range(start + 2, min(len(text), start + 2 * _MAX_PART) + 1):
            for sku, weight in parts.get(text[start:end], {}).items():
                if weight > best:
                    best, words, skus = weight, text[start:end], {sku}
                elif weight == best:
                    skus.add(sku)
    return words, skus


def _by_category(text: str, catalogue: tuple[ProductName, ...]) -> tuple[str, set[str]] | None:
    for category in {p.category for p in catalogue if len(p.category) >= 2}:
        if category in text:
            return category, {p.sku for p in catalogue if p.category == category}
    return None


def _by_sound(text: str, sounds: dict[tuple[str, ...], set[str]]) -> tuple[str, set[str]] | None:
    """曹梅 is 草莓, 车里子 is 车厘子: the longest part of the text that sounds like what a product is."""
    for length in (4, 3, 2):
        for start in range(len(text) - length + 1):
            window = text[start : start + length]
            if window in _PLAIN_WORDS or not _RUN.fullmatch(window):
                continue
            for sound in homophones.readings(window):
                if sound in sounds:
                    return window, sounds[sound]
    return None
