"""Festivals as data: on which days they fall, and from how many days before a text about them is apt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from domain.copy.refused import CopyRefused, root_of
from domain.document import Form, Node, Wrong, each, text, whole


@dataclass(frozen=True, slots=True)
class Festival:
    name: str
    days: tuple[date, ...]
    before: int

    def near(self, day: date) -> bool:
        return any(timedelta(0) <= on - day <= timedelta(days=self.before) for on in self.days)


def at(festivals: tuple[Festival, ...], day: date) -> tuple[str, ...]:
    """The festivals that are near on a day, the nearest first."""

    def distance(festival: Festival) -> timedelta:
        return min(on - day for on in festival.days if on >= day)

    return tuple(it.name for it in sorted((it for it in festivals if it.near(day)), key=distance))


def parse_festivals(source: str) -> tuple[Festival, ...]:
    """`festivals: [{name: 中秋, before: 14, days: ["2026-09-25", …]}]`. Raises CopyRefused"""
    root = root_of(source)
    form = Form(root)
    found = form.done(form.need("festivals", each(_festival, at_least=1)))
    if root.faults:
        raise CopyRefused(root.faults)
    return found


def _festival(node: Node) -> Festival:
    form = Form(node)
    return form.done(
        Festival(
            name=form.need("name", text(10)),
            days=form.need("days", each(_day, at_least=1)),
            before=form.need("before", whole(0, 60)),
        )
    )


def _day(node: Node) -> date:
    told: str = text(10)(node)
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Wrong("日期要写成 2026-09-25 这样", "a date is written like 2026-09-25") from None
