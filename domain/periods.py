"""Periods: Shanghai days, weeks and months as half-open intervals of UTC instants.

Units    instants are timezone-aware datetimes; dates are Shanghai's; a week starts on Monday 00:00
Labels   2026-02-03, 2026-W05 (ISO year and week), 2026-02
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
Window = Literal["lifetime", "day", "week", "month"]


def require_aware(instant: datetime) -> datetime:
    """The instant in UTC; a naive one is a mistake of the caller."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise TypeError(f"an instant needs an offset: {instant!r}")
    return instant.astimezone(UTC)


def shanghai_date(instant: datetime) -> date:
    """The date on a wall calendar in Shanghai."""
    return require_aware(instant).astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Midnight in Shanghai that begins `day`, as a UTC instant."""
    return datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` (included) to `until` (excluded), Shanghai dates."""

    first: date
    until: date
    label: str

    @property
    def start(self) -> datetime:
        return start_of(self.first)

    @property
    def end(self) -> datetime:
        return start_of(self.until)

    def holds(self, instant: datetime) -> bool:
        return self.start <= require_aware(instant) < self.end


def day_of(day: date) -> Period:
    return Period(day, day + timedelta(days=1), day.isoformat())


def week_of(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    year, week, _ = day.isocalendar()
    return Period(monday, monday + timedelta(days=7), f"{year}-W{week:02d}")


def month_of(day: date) -> Period:
    first = day.replace(day=1)
    until = (first + timedelta(days=32)).replace(day=1)
    return Period(first, until, f"{first.year}-{first.month:02d}")


def period_of(window: Window, instant: datetime) -> Period | None:
    """The window that holds `instant`; None for `lifetime`."""
    if window == "lifetime":
        return None
    return {"day": day_of, "week": week_of, "month": month_of}[window](shanghai_date(instant))


def end_of_hold(completed_at: datetime, hold_days: int) -> datetime:
    """When an order is settled: a day of the hold period is 24 hours."""
    return require_aware(completed_at) + timedelta(hours=24 * hold_days)
