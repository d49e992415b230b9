"""Periods that people name: 今天, 上周三, 十月, 上月15号, 最近7天, 10月3号到7号.

Units    Shanghai dates, half-open [first, until); a week starts on Monday
Reading  what is asked about lies in the past: a month or a day without a year is the latest one that has begun,
         最近7天 ends with today
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.understanding.date_words import READERS, day_label


@dataclass(frozen=True, slots=True)
class Named:
    """A period at text[start:end]: from `first` to `until` (exclusive), with the label of an answer's first line."""

    start: int
    end: int
    first: date
    until: date
    label: str

    @property
    def slot(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.until.isoformat(), "label": self.label}


def find_periods(text: str, today: date) -> list[Named]:
    """Every named period in a plain text, from left to right, without overlaps; a range is one period."""
    found: list[Named] = []
    for pattern, read in READERS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            span = read(match, today)
            if span:
                found.append(Named(match.start(), match.end(), *span))
    found.sort(key=lambda named: named.start)
    return _join_ranges(text, found, today)


def _join_ranges(text: str, found: list[Named], today: date) -> list[Named]:
    """Two periods with 到 between them are one: 周一到周三, 10月1号至10月7号."""
    joined: list[Named] = []
    for named in found:
        before = joined[-1] if joined else None
        if before and text[before.end : named.start] in ("到", "至", "-", "~") and before.first <= named.first <= today:
            last = named.until - timedelta(days=1)
            label = f"{day_label(before.first, today)}至{day_label(last, today)}"
            joined[-1] = Named(before.start, named.end, before.first, named.until, label)
        elif (
            before and text[before.end : named.start] in _AND and named.first in (before.until, _before(before, named))
        ):
            label = f"{before.label}和{named.label}"
            first, until = min(before.first, named.first), max(before.until, named.until)
            joined[-1] = Named(before.start, named.end, first, until, label)
        else:
            joined.append(named)
    return [_until_now(text, named, today) for named in joined]


_AND = ("和", "跟", "与", "加", "、", "，")


def _before(later: Named, named: Named) -> date | None:
    """The first day of `named` where it ends as `later` begins (昨天和前天)."""
    return named.first if named.until == later.first else None


_SINCE = re.compile(r"(?:份|初)?(?:开始|起)?(?:一直)?(?:到现在|到目前|到今天|至今|以来|到今|截止到?现在|截至到?目前)")


def _until_now(text: str, named: Named, today: date) -> Named:
    """九月到现在 begins with September and ends with today."""
    match = _SINCE.match(text, named.end)
    if not match or named.first > today:
        return named
    return Named(named.start, match.end(), named.first, today + timedelta(days=1), f"{named.label}至今")
