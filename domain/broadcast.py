"""Mass messages (群发): how many a customer or a group may get, when a member may be reminded, when to look again.

The platform sends nothing before the member has confirmed. A customer or a group gets at most as many 群发 as the month
has days, each month; an enterprise may have set seven a week or one a day instead. What members send by themselves
counts too and cannot be known.

Units    months, weeks and days are Shanghai's
Source   reference/wecom.md §8.7
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.errors import DomainError
from domain.periods import Window, period_of, shanghai_date

# draft      written down; the platform has not been asked
# asking     being asked at this moment, or its asker has died over it
# unknown    asked, and nobody knows what came of it; it is never asked again before that is found out
# created    the platform has it: the member has to confirm
# confirmed  the member has sent it; what came of it is being collected
# done       what came of it is known for good
# lapsed     the member never confirmed
# refused    the platform would not have it
# cancelled  called off; what was sent before stays
State = Literal["draft", "asking", "unknown", "created", "confirmed", "done", "lapsed", "refused", "cancelled"]
STATES: tuple[State, ...] = (
    "draft", "asking", "unknown", "created", "confirmed", "done", "lapsed", "refused", "cancelled",
)  # fmt: skip
LOOKED_AT: tuple[State, ...] = ("created", "confirmed")
OVER: tuple[State, ...] = ("done", "lapsed", "refused", "cancelled")

# Of a receiver, as the platform counts; FAILED is in the answer to the request itself (fail_list).
UNSENT, SENT, NO_FRIEND, OVER_CAP, FAILED = 0, 1, 2, 3, 9

Cap = Literal["month", "week", "day"]
_WINDOWS: dict[Cap, Window] = {"month": "month", "week": "week", "day": "day"}

REMINDERS, REMIND_WITHIN = 3, timedelta(hours=24)
TEXT_BYTES, TITLE_BYTES, DESCRIPTION_BYTES, URL_BYTES = 4000, 128, 512, 2048
MOST_CUSTOMERS, MOST_GROUPS = 10_000, 2000

FIRST_LOOK = timedelta(seconds=40)  # before that the platform is still handing it out (41063)
LOOKS = (
    (timedelta(hours=2), timedelta(minutes=10)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=6)),
)
LATER_LOOKS, LAPSES_AFTER = timedelta(days=1), timedelta(days=30)
SETTLES_AFTER = timedelta(hours=24)  # from the confirmation: what has not been sent by then is not sent any more

ASKING_AT_MOST = timedelta(minutes=2)  # longer than a request can take: its asker has died
FIND_OUT = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))  # looks for what became of it
FIND_WITHIN = timedelta(minutes=10)  # the platform's time of creation differs from ours by less


class NothingToSend(DomainError):
    """Nobody is left who would get it; the facts say who was left out and why."""

    code = "broadcast.nothing"


class TooManyReminders(DomainError):
    code = "broadcast.reminded"


@dataclass(frozen=True, slots=True)
class Allowance:
    """most: how many in the window; since: when it began; words: as people say it."""

    most: int
    since: datetime
    until: datetime


def allowance(cap: Cap, now: datetime) -> Allowance:
    """What one customer or group may get in the window that runs now."""
    period = period_of(_WINDOWS[cap], now)
    assert period is not None  # noqa: S101 - only a lifetime has none
    day = shanghai_date(now)
    most = {"month": calendar.monthrange(day.year, day.month)[1], "week": 7, "day": 1}[cap]
    return Allowance(most, period.start, period.end)


def may_remind(reminded: Sequence[datetime], now: datetime) -> datetime | None:
    """None where he may be reminded now, else from when on."""
    recent = sorted(at for at in reminded if now - REMIND_WITHIN < at <= now)
    return None if len(recent) < REMINDERS else recent[-REMINDERS] + REMIND_WITHIN


def next_look(created_at: datetime, now: datetime) -> datetime | None:
    """When to look again whether the member has confirmed; None: he is not going to any more."""
    age = now - created_at
    if age >= LAPSES_AFTER:
        return None
    return now + next((step for until, step in LOOKS if age < until), LATER_LOOKS)


def next_find(asked_at: datetime, now: datetime) -> datetime | None:
    """When to look again what became of a request without an answer; None: that is for a person to say."""
    return next((asked_at + step for step in FIND_OUT if asked_at + step > now), None)
