"""The period slot, as understanding gives it, back as a Period."""

from __future__ import annotations

from datetime import date, datetime

from domain.conversation import Intent
from domain.periods import Period, month_of, period_of, shanghai_date


def asked_period(ask: Intent) -> Period | None:
    """What was asked about: `{"from", "to" (excluded), "label"}`; None where no period was named."""
    return of_slot(ask.slots.get("period"))


def of_slot(slot: dict[str, str] | None) -> Period | None:
    if slot is None:
        return None
    return Period(date.fromisoformat(slot["from"]), date.fromisoformat(slot["to"]), slot["label"])


def this_month(now: datetime) -> Period:
    """The month that a person means who names no period; labelled as he would."""
    period = month_of(shanghai_date(now))
    return Period(period.first, period.until, "本月")


def tally_period(asked: Period | None, now: datetime) -> Period | None:
    """The day, week or month that the asked period is, under its tally's label; this week without one.

    None where it is no whole day, week or month: ranks exist only for those.
    """
    if asked is None:
        return period_of("week", now)
    for window in ("day", "week", "month"):
        period = period_of(window, asked.start)
        if period is not None and (period.first, period.until) == (asked.first, asked.until):
            return period
    return None
