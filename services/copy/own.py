"""The merchant's own texts: checked, ticked where a warning asks for it, kept in the database.

In the database and not in a file: web, workers and commands may run on several machines, and who accepted a warning,
under which rule set, belongs beside the text.

Raises   CopyRefused; CopyBlocked, CopyTicksNeeded with the findings; NoSuchCopy
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domain.compliance import RULESET, Finding, of_severity
from domain.copy import CopyText, parse, read_entry
from domain.copy.refused import CopyRefused
from domain.document import Fault
from domain.errors import DomainError
from models.copy import OwnCopy
from services import words
from services.copy.library import Library, check


class CopyBlocked(DomainError):
    """Texts that may not be kept; `found` are (text, finding)."""

    code = "copy.blocked"

    def __init__(self, found: Sequence[tuple[CopyText, Finding]]) -> None:
        self.found = list(found)
        super().__init__(names=[text.name for text, _ in found])


class CopyTicksNeeded(CopyBlocked):
    """Warnings that nobody has accepted."""

    code = "copy.ticks_needed"


class NoSuchCopy(DomainError):
    code = "copy.no_such"


def add(
    session: Session, library: Library, source: str, *, ticks: Collection[str], operator: str, now: datetime
) -> list[CopyText]:
    """Keep the texts of a file; one of the same name is replaced. All of them or none."""
    lists = words.lists(session)
    texts = parse(source, festivals=library.festival_names, lists=lists)
    shipped = {text.name for text in library.texts}
    if taken := [text.name for text in texts if text.name in shipped]:
        said = ("这是自带文案的 name，换一个", "a text that ships has this name, choose another one")
        raise CopyRefused([Fault(None, name, *said) for name in taken])
    found = [(text, finding) for text in texts for finding in check(text, lists)]
    if blocked := [(text, it) for text, it in found if it.severity == "BLOCK"]:
        raise CopyBlocked(blocked)
    if unticked := [(text, it) for text, it in found if it.severity == "WARN" and it.rule_id not in ticks]:
        raise CopyTicksNeeded(unticked)
    for text in texts:
        warned = sorted({it.rule_id for of, it in found if of is text})
        _keep(session, text, warned, operator, now)
    return list(texts)


def _keep(session: Session, text: CopyText, ticks: list[str], operator: str, now: datetime) -> None:
    row = session.scalars(select(OwnCopy).where(OwnCopy.name == text.name)).one_or_none()
    if row is None:
        row = OwnCopy(name=text.name)
        session.add(row)
    row.sku, row.content, row.ticks = text.sku, text.data(), ticks
    row.ruleset, row.operator, row.added_at = RULESET, operator, now


def texts(session: Session, library: Library, *, sku: str | None) -> list[CopyText]:
    """The own texts that may be for a product, and those for none."""
    query = select(OwnCopy).where(or_(OwnCopy.sku.is_(None), OwnCopy.sku == (sku or "")))
    rows = session.scalars(query.order_by(OwnCopy.name))
    return [text for row in rows if (text := text_of(row, library)) is not None]


def every(session: Session) -> list[OwnCopy]:
    return list(session.scalars(select(OwnCopy).order_by(OwnCopy.name)))


def text_of(row: OwnCopy, library: Library) -> CopyText | None:
    """The text of a row; None where it is not accepted any more (a festival is gone, a list has grown)."""
    found = _parsed(json.dumps(row.content, ensure_ascii=False), library.festival_names)
    return found and replace(found, own=True, ticks=tuple(row.ticks))


@lru_cache(maxsize=512)
def _parsed(content: str, festivals: tuple[str, ...]) -> CopyText | None:
    try:
        return read_entry(content, festivals=festivals, lists=words.shipped())
    except CopyRefused:
        return None


def remove(session: Session, name: str) -> None:
    """Take a text away. Raises NoSuchCopy"""
    row = session.scalars(select(OwnCopy).where(OwnCopy.name == name)).one_or_none()
    if row is None:
        raise NoSuchCopy(name=name)
    session.delete(row)


def allowed(text: CopyText, findings: Sequence[Finding]) -> bool:
    """Whether a text may be offered: nothing blocks it, and what warns was accepted for it."""
    if of_severity(findings, "BLOCK"):
        return False
    return all(it.rule_id in text.ticks for it in of_severity(findings, "WARN"))
