"""What of a product may stand on a poster and in a copy text: its name, and its points one by one.

A point that breaks a rule is left out; a name that does cannot be: nothing is drawn until the merchant has changed it,
or has written down why it may stand (`flask words allow`).

Source   compliance.md §3, families WX and AD
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domain.compliance import Finding, of_severity
from domain.compliance.material import Material, check_material
from domain.compliance.wordlists import WordLists
from models.order import Product
from services import words

BETWEEN = "·"


@dataclass(frozen=True, slots=True)
class Judged:
    """`blocked`: what stands in the way of the name; `left_out`: (point, what was found)."""

    blocked: tuple[Finding, ...]
    points: tuple[str, ...]
    left_out: tuple[tuple[str, Finding], ...]


def judge(item: Product, lists: WordLists) -> Judged:
    """What may stand. An approval number counts for the whole product, wherever it is told."""
    kept, left_out = [], []
    for point in filter(None, (part.strip() for part in item.promise.split(BETWEEN))):
        if findings := _blocking(point, f"卖点 {item.sku}", item, lists, "AD-3"):
            left_out.append((point, findings[0]))
        else:
            kept.append(point)
    blocked = _blocking(item.name, f"商品名 {item.sku}", item, lists, "AD-3")
    whole = _blocking(f"{item.name}\n{item.promise}", f"商品 {item.sku}", item, lists)
    blocked += [finding for finding in whole if finding.rule_id == "AD-3"]
    return Judged(tuple(blocked), tuple(kept), tuple(left_out))


def _blocking(text: str, title: str, item: Product, lists: WordLists, *but: str) -> list[Finding]:
    found = check_material(Material(text, "product", title=title, category=item.category), lists)
    return [finding for finding in of_severity(found, "BLOCK") if finding.rule_id not in but]


def points(item: Product, lists: WordLists) -> tuple[str, ...]:
    """The points that may stand."""
    return judge(item, lists).points


def of(session: Session, item: Product) -> Judged:
    return judge(item, words.lists(session))
