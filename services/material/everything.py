"""All the material that is kept, text by text, with what the check finds of it: `make check` and `flask words check`.

Source   compliance.md §3, families WX and AD
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from domain.compliance import Finding
from domain.compliance.material import Kind, Material, check_material
from domain.compliance.wordlists import WordLists
from domain.notice import Template
from models.order import Product
from services.copy import own
from services.copy.library import Library
from services.copy.library import check as check_copy
from services.material.product import judge
from services.poster import RecruitPoster


@dataclass(frozen=True, slots=True)
class Checked:
    """One text, named for the merchant, and what was found of it."""

    where: str
    findings: tuple[Finding, ...]


_PLACE = re.compile(r"\{[^{}]*\}")
_STANDS_FOR = "0"  # a fact in a template: mostly a number, and no word of any list


def sentences(table: Mapping[str, Any], lists: WordLists, before: str = "消息 ") -> Iterator[Checked]:
    """The sentences of assets/messages."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from sentences(value, lists, f"{before}{key}.")
        else:
            yield _checked(f"{before}{key}", str(value), "message", lists)


def templates(table: Mapping[str, Template], lists: WordLists) -> Iterator[Checked]:
    """What the merchant's template messages are filled with."""
    for name, template in table.items():
        for label, told in template.fields.items():
            yield _checked(f"公众号模板 {name}.{label}", told, "message", lists)


def layouts(folder: Path, lists: WordLists) -> Iterator[Checked]:
    """The words of every layout, and those of the recruiting poster that are no file."""
    for path in sorted(folder.glob("*.toml")):
        layout = tomllib.loads(path.read_text(encoding="utf-8"))
        for number, element in enumerate(layout.get("element", ())):
            for key in ("text", "empty"):
                if told := element.get(key):
                    yield _checked(f"海报 {path.name} element[{number}].{key}", told, "poster", lists)
    poster = RecruitPoster(merchant="", nickname="", link="")
    for told in (poster.headline, *poster.points):
        yield _checked(f"招募海报「{told}」", told, "poster", lists)


def copies(session: Session, library: Library, lists: WordLists) -> Iterator[Checked]:
    """Every text of the library and of the merchant; a warning that was accepted is no finding."""
    for text in library.texts:
        yield Checked(f"文案 {text.name}", tuple(check_copy(text, lists)))
    for row in own.every(session):
        mine = own.text_of(row, library)
        found = check_copy(mine, lists) if mine is not None else []
        ticked = tuple(it for it in found if it.severity == "BLOCK" or it.rule_id not in row.ticks)
        yield Checked(f"文案 {row.name}", ticked)


def products(items: Iterable[Product], lists: WordLists) -> Iterator[Checked]:
    for item in items:
        judged = judge(item, lists)
        found = (*judged.blocked, *(finding for _, finding in judged.left_out))
        yield Checked(f"商品 {item.sku}", found)


def _checked(where: str, told: str, kind: Kind, lists: WordLists) -> Checked:
    plain = _PLACE.sub(_STANDS_FOR, told)
    has_link = bool({"{link}", "{base}"} & set(_PLACE.findall(told)))
    return Checked(where, tuple(check_material(Material(plain, kind, title=where, has_link=has_link), lists)))
