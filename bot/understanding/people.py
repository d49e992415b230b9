"""Sentences of people with what they want: what the model is learnt from and what the tests measure it with.

Form      # INTENT            all up to the next such line want this; `never` is what is no withdrawal and no yes
          text | slot=value   slots that a reader must find; nothing behind the text where there are none
          ! SKU name          a product of the catalogue that the sentences speak of
          ; remark
Periods   `p=` a day, week, month or year back from NOW (D1 yesterday, W0 this week, M1 last month, Y0 this year) or
          FROM..TO, the end not included
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.understanding.products import ProductName

NOW = datetime.fromisoformat("2026-11-21T15:00:00+08:00")  # a Saturday, on which all of them were written
_SHORT = {"st": "status"}


@dataclass(frozen=True, slots=True)
class Said:
    """`slots` without labels of periods and without `query` and `topic`, whose wording is nobody's contract."""

    text: str
    intent: str
    slots: dict[str, Any] = field(default_factory=dict)
    query: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    said: tuple[Said, ...]
    catalogue: tuple[ProductName, ...]


def load(file: Path) -> People:
    """Raises ValueError with the line that is not of the form."""
    said, catalogue, intent = [], [], ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(";"):
            continue
        if line.startswith("# "):
            intent = line[2:].strip()
        elif line.startswith("! "):
            sku, name = line[2:].split(" ", 1)
            catalogue.append(ProductName(sku, name))
        elif not intent:
            raise ValueError(f"{file.name}:{number}: a sentence before the first intent")
        else:
            text, _, written = line.partition(" | ")
            slots = dict(_slots(written, f"{file.name}:{number}"))
            query = slots.pop("query", None)
            said.append(Said(text, intent, slots, query))
    return People(tuple(said), tuple(catalogue))


def _slots(written: str, where: str) -> Iterator[tuple[str, Any]]:
    for part in written.split():
        name, _, value = part.partition("=")
        if name == "all":
            yield "all", True
        elif not value:
            raise ValueError(f"{where}: {part}: a slot is name=value")
        elif name == "p":
            first, until = _period(value)
            yield "period", {"from": first.isoformat(), "to": until.isoformat()}
        elif name == "products":
            yield name, sorted(value.split(","))
        else:
            yield _SHORT.get(name, name), value


def _period(written: str) -> tuple[date, date]:
    if ".." in written:
        first, until = written.split("..")
        return date.fromisoformat(first), date.fromisoformat(until)
    unit, back, today = written[0], int(written[1:]), NOW.date()
    if unit == "D":
        day = today - timedelta(days=back)
        return day, day + timedelta(days=1)
    if unit == "W":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return monday, monday + timedelta(days=7)
    if unit == "Y":
        return date(today.year - back, 1, 1), date(today.year - back + 1, 1, 1)
    months = today.year * 12 + today.month - 1 - back
    return date(months // 12, months % 12 + 1, 1), date((months + 1) // 12, (months + 1) % 12 + 1, 1)
