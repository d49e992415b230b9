"""Cron's five fields: when something is due, on the wall clock of Shanghai.

Fields   minute hour day-of-month month day-of-week, as in crontab(5): `*`, `5`, `1-5`, `*/15`, `8-18/2`, lists with
         commas, names of months and weekdays; a weekday counts from Sunday = 0, and 7 is Sunday too (APScheduler's own
         parser counts from Monday = 0). Where both day fields are restricted, either is enough.
Units    due moments are UTC instants at whole minutes
Raises   ValueError with a sentence for text that is none, or that never comes (30 February)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.periods import SHANGHAI, require_aware, shanghai_date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_PART = re.compile(r"(\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_LONGEST_GAP = timedelta(days=366 * 28)  # 29 February on a given weekday, across 2100; cron's OR makes it shorter


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due; made by `Cron.parse`. `text` is what was written."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Sunday = 0 … Saturday = 6
    any_day: bool  # the day of the month is unrestricted
    any_weekday: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read `"0 3 * * *"`: every night at three."""
        words = text.split()
        if len(words) != 5:
            raise ValueError(f"{text!r} has {len(words)} fields; cron has five, as in '0 3 * * *'")
        minutes, hours, days, months, written = (
            _read(word, *field) for word, field in zip(words, _FIELDS, strict=True)
        )
        weekdays = frozenset(number % 7 for number in written)
        any_day, any_weekday = words[2].startswith("*"), words[4].startswith("*")
        parsed = cls(text, minutes, hours, days, months, weekdays, any_day, any_weekday)
        if parsed.any_weekday and min(parsed.days) > max(_longest(month) for month in parsed.months):
            raise ValueError(f"{text!r} never comes: none of its months has a day {min(parsed.days)}")
        return parsed

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last due moment in `(after, until]`, None where there is none."""
        day = shanghai_date(until)
        while _instant(day, time(23, 59)) > require_aware(after):
            for moment in reversed(self._moments(day)):
                if moment <= after:
                    return None
                if moment <= until:
                    return moment
            day -= timedelta(days=1)
        return None

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every due moment in `(after, until]`, the earliest first."""
        day, last = shanghai_date(after), shanghai_date(until)
        while day <= last:
            yield from (moment for moment in self._moments(day) if after < moment <= until)
            day += timedelta(days=1)

    def following(self, after: datetime) -> datetime:
        """The first due moment later than `after`."""
        return next(self.between(after, after + _LONGEST_GAP))

    def _moments(self, day: date) -> list[datetime]:
        if not self._holds(day):
            return []
        return [_instant(day, time(hour, minute)) for hour in sorted(self.hours) for minute in sorted(self.minutes)]

    def _holds(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def _read(word: str, name: str, low: int, high: int) -> frozenset[int]:
    numbers: set[int] = set()
    for part in word.split(","):
        found = _PART.fullmatch(part)
        if not found:
            raise ValueError(f"{part!r} is no {name}")
        first = low if found["first"] is None else _number(found["first"], name, low, high)
        if found["first"] is None or (found["last"] is None and found["step"]):
            last = 6 if name == "day of week" else high
        else:
            last = first if found["last"] is None else _number(found["last"], name, low, high)
        step = int(found["step"] or 1)
        if last < first or step < 1:
            raise ValueError(f"{part!r} holds no {name}")
        numbers.update(range(first, last + 1, step))
    return frozenset(numbers)


def _number(text: str, name: str, low: int, high: int) -> int:
    names = {"month": _MONTHS, "day of week": _WEEKDAYS}.get(name, ())
    if text.lower() in names:
        return names.index(text.lower()) + low
    if not text.isdecimal() or not text.isascii() or not low <= int(text) <= high:
        raise ValueError(f"{text!r} is no {name}; allowed is {low} to {high}")
    return int(text)


def _longest(month: int) -> int:
    return {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


def _instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=SHANGHAI).astimezone(UTC)
