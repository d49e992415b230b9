"""The word lists at work: those that ship with the program and what the merchant added.

    lists = words.lists(session)                       # ready to look; rebuilt only when something was added
    words.add(session, "absolute", ["天花板"], operator="boss", now=now)
    words.allow(session, "第一佳大鸡排", ground="registered_name", reason="…", operator="boss", now=now)

Raises   WordsRefused, NoSuchList, NothingToAllow, Invalid
Source   assets/words; compliance.md §7
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.compliance.material import LISTS, Material, check_material
from domain.compliance.wordlists import (
    GROUNDS,
    Word,
    WordLists,
    WordsRefused,
    kept,
    parse_exceptions,
    parse_list,
    word_fault,
)
from domain.document import Fault
from domain.errors import DomainError, Invalid
from models.words import AddedWord, WordException
from services.once import insert_once

T = TypeVar("T")
SHIPPED = Path(__file__).resolve().parent.parent / "assets" / "words"
EXCEPTIONS = "exceptions.yaml"
SHORTEST_REASON, LONGEST_REASON = 10, 255


class NoSuchList(DomainError):
    code = "words.no_such_list"


class NothingToAllow(DomainError):
    """The phrase holds no absolute word."""

    code = "words.nothing_to_allow"


def load(folder: Path) -> WordLists:
    """The lists of a folder. Raises WordsRefused, its faults naming the file before the key."""
    listed: list[Word] = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem not in LISTS:
            allowed = "、".join(f"{name}.txt" for name in LISTS)
            fault = Fault(None, path.name, f"没有这个词表；可以有：{allowed}", f"no such list; allowed: {allowed}")
            raise WordsRefused([fault])
        listed += _read(path, partial(parse_list, path.stem))
    if missing := sorted(LISTS.keys() - {word.list for word in listed}):
        told = "、".join(f"{name}.txt" for name in missing)
        raise WordsRefused([Fault(None, told, "词表不见了或者是空的", "the list is missing or empty")])
    exceptions = _read(folder / EXCEPTIONS, parse_exceptions)
    return WordLists(listed, exceptions)


def _read(path: Path, parse_source: Callable[[str], T]) -> T:
    try:
        return parse_source(path.read_text(encoding="utf-8"))
    except WordsRefused as refused:
        raise refused.of_file(path.name) from None


@lru_cache(maxsize=1)
def shipped() -> WordLists:
    """The lists of assets/words, read once."""
    return load(SHIPPED)


def lists(session: Session) -> WordLists:
    """All lists as they stand now."""
    added = session.execute(select(AddedWord.list, AddedWord.word).order_by(AddedWord.id)).all()
    allowed = session.execute(
        select(WordException.word, WordException.phrase, WordException.ground, WordException.reason).order_by(
            WordException.id
        )
    ).all()
    if not added and not allowed:
        return shipped()
    return _with(tuple(map(tuple, added)), tuple(map(tuple, allowed)))


@lru_cache(maxsize=4)
def _with(added: tuple[tuple[str, str], ...], allowed: tuple[tuple[str, str, str, str], ...]) -> WordLists:
    base = shipped()
    own = [Word(name, word, own=True) for name, word in added]
    return WordLists([*base.words, *own], [*base.exceptions, *(kept(*row) for row in allowed)])


def add(session: Session, name: str, told: Sequence[str], *, operator: str, now: datetime) -> list[str]:
    """Add words to a list; those that were not in it. Raises NoSuchList, WordsRefused with every fault."""
    if name not in LISTS:
        raise NoSuchList(list=name)
    faults = [Fault(None, word, *said) for word in told if (said := word_fault(word))]
    if faults:
        raise WordsRefused(faults)
    there = {word.text for word in shipped().words if word.list == name}
    return [
        word
        for word in dict.fromkeys(told)
        if word not in there
        and insert_once(session, AddedWord, {"list": name, "word": word, "operator": operator, "added_at": now})
    ]


def allow(session: Session, phrase: str, *, ground: str, reason: str, operator: str, now: datetime) -> list[str]:
    """Let absolute words stand within `phrase`; the words. Raises NothingToAllow, Invalid"""
    faults = []
    if ground not in GROUNDS or ground == "other_meaning":
        faults.append(
            ("kind", "只能是：" + "、".join(title for key, title in GROUNDS.items() if key != "other_meaning"))
        )
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        faults.append(("reason", f"写 {SHORTEST_REASON} 到 {LONGEST_REASON} 个字的理由"))
    if not 2 <= len(phrase.strip()) <= 64:
        faults.append(("phrase", "写 2 到 64 个字"))
    if faults:
        raise Invalid(faults)
    hits = [
        hit
        for finding in check_material(Material(phrase, "product"), lists(session))
        if finding.rule_id == "AD-1"
        for hit in finding.evidence.numbers["hits"]
    ]
    if not hits:
        raise NothingToAllow(phrase=phrase)
    found = list(dict.fromkeys(hit["word"] for hit in hits))
    for word in found:
        values = {"word": word, "phrase": phrase.strip(), "ground": ground, "reason": reason.strip()}
        insert_once(session, WordException, values | {"operator": operator, "added_at": now})
    return found


def exceptions(session: Session) -> list[WordException]:
    """What was allowed, in the order in which it was."""
    return list(session.scalars(select(WordException).order_by(WordException.id)))
