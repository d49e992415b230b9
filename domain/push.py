"""Pushes: what is said to a person who did not just ask. Their kinds, quiet hours, and what somebody wants of them.

An answer is never a push. `may_go` is the one rule: a kind that he does not want is dropped, in his quiet hours a push
waits until they end, everything else may go.

Units    hours are minutes since midnight on Shanghai's clock; instants are aware
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from domain.periods import SHANGHAI, require_aware, start_of

# In the order in which they are named to a person.
KINDS = ("order", "settlement", "withdrawal", "level", "task", "summary", "news", "other")
ALWAYS = frozenset(
    ("withdrawal",)
)  # his own withdrawal: what becomes of his money he is told, whatever he switched off
MAY_BE_MUTED = frozenset(KINDS) - ALWAYS
# What somebody did to his money is told when it happens, unless he himself asked for quiet: a merchant who approves at
# eleven in the evening is waited for by the one who asked.
AT_ONCE = frozenset(("withdrawal",))

# Which kind a notice is, by its first sentence: the words behind `told.` up to a `_`.
_OF_WORD = {
    "order": "order", "orders": "order", "settled": "settlement", "bonuses": "settlement", "approved": "withdrawal",
    "rejected": "withdrawal", "paid": "withdrawal", "level": "level", "task": "task",
}  # fmt: skip
_NO_PUSH = frozenset(("told.linked",))  # a warning that his account was linked is never held back


def kind_of(sentence: str) -> str | None:
    """The kind of a notice that begins with this sentence; None for what is no push but part of a conversation."""
    area, _, name = sentence.partition(".")
    if area == "summary":
        return "summary"
    if area != "told" or sentence in _NO_PUSH:
        return None
    return _OF_WORD.get(name.split("_")[0], "other")


# ---------------------------------------------------------------------------------------------------------------
# Quiet hours


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet from `start` until `end`, every day; 22:00 to 08:00 goes over midnight."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Hours | None:
        """`22:00-08:00`, or None for `off`. Raises ValueError"""
        if text == "off":
            return None
        found = _HOURS.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is neither hours such as 22:00-08:00 nor off")
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if start == end:
            raise ValueError(f"{text!r} is no time of the day at all, or all of it")
        return cls(start, end)

    @property
    def text(self) -> str:
        return f"{clock(self.start)}-{clock(self.end)}"

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that holds `now` ends; None outside of it."""
        there = require_aware(now).astimezone(SHANGHAI)
        minute = there.hour * 60 + there.minute
        over_midnight = self.start > self.end
        late = minute >= self.start
        if not ((late or minute < self.end) if over_midnight else (late and minute < self.end)):
            return None
        day = there.date() + timedelta(days=1 if over_midnight and late else 0)
        return datetime.combine(day, time(self.end // 60, self.end % 60), tzinfo=SHANGHAI).astimezone(now.tzinfo)


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
NIGHT = Hours(22 * 60, 8 * 60)


def clock(minute: int) -> str:
    """22:00"""
    return f"{minute // 60:02d}:{minute % 60:02d}"


# ---------------------------------------------------------------------------------------------------------------
# What somebody wants


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person has chosen.

    muted    kinds that he does not want
    paused   kinds that he does not want from `since` until `until`
    hours    his own quiet hours; `default`: the merchant's; None: none, at any time
    """

    muted: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    hours: Hours | Literal["default"] | None = "default"

    def off(self, now: datetime) -> frozenset[str]:
        """What he does not want at this moment."""
        resting = self.since is not None and self.until is not None and self.since <= now < self.until
        return (self.muted | (self.paused if resting else frozenset())) - ALWAYS

    def quiet(self, default: Hours | None) -> Hours | None:
        return default if self.hours == "default" else self.hours


NOTHING_CHOSEN = Choice()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sentence asks for.

    wants    True: it shall come (again); False: it shall not
    kinds    those that it names; none: all
    only     nothing but these
    hours    at these hours nothing; `anytime`: at all hours
    tonight  until the morning that comes
    days     only on these days: from the first until the second, Shanghai dates
    """

    wants: bool
    kinds: frozenset[str] = frozenset()
    only: bool = False
    hours: Hours | Literal["anytime"] | None = None
    tonight: bool = False
    days: tuple[date, date] | None = None


def chosen(before: Choice, wish: Wish, *, default: Hours | None, now: datetime) -> Choice:
    """What holds after a wish."""
    if wish.hours == "anytime":
        return replace(before, hours=None)
    if wish.hours is not None:
        return replace(before, hours=wish.hours)
    named = wish.kinds or frozenset(KINDS)
    if wish.only:
        named = frozenset(KINDS) - wish.kinds
    if wish.wants and not wish.only:
        return replace(before, muted=before.muted - named, paused=frozenset(), since=None, until=None)
    named -= ALWAYS
    start, end = now, now
    if wish.tonight:
        end = _next_morning(now, before.quiet(default) or NIGHT)
    elif wish.days is not None:
        start, end = max(now, start_of(wish.days[0])), start_of(wish.days[1])
    if end > now:
        return replace(before, paused=named, since=start, until=end)
    return replace(before, muted=named if wish.only else before.muted | named)


def _next_morning(now: datetime, hours: Hours) -> datetime:
    there = now.astimezone(SHANGHAI)
    morning = datetime.combine(there.date(), time(hours.end // 60, hours.end % 60), tzinfo=SHANGHAI)
    return (morning if morning > there else morning + timedelta(days=1)).astimezone(now.tzinfo)


# ---------------------------------------------------------------------------------------------------------------
# May it go


@dataclass(frozen=True, slots=True)
class Wait:
    until: datetime


Verdict = Literal["go", "muted"] | Wait


def may_go(kind: str, choice: Choice, default: Hours | None, now: datetime) -> Verdict:
    """Whether a push of this kind may go to somebody now; `default` are the merchant's quiet hours."""
    if kind in choice.off(now):
        return "muted"
    hours = choice.quiet(None if kind in AT_ONCE else default)
    until = hours.until(now) if hours is not None else None
    return "go" if until is None else Wait(until)


# ---------------------------------------------------------------------------------------------------------------
# Several in one


@dataclass(slots=True)
class Joined:
    """Texts that are said in one message: `numbers` of those in it."""

    text: str
    numbers: list[int] = field(default_factory=list)


def joined(texts: Iterable[tuple[int, str]], longest: int) -> list[Joined]:
    """Texts (number, text) in their order as few messages of at most `longest` bytes.

    A last line that the next text has too, mostly the next step, stands once.
    """
    found: list[Joined] = []
    for number, text in texts:
        if found and len((whole := _together(found[-1].text, text)).encode()) <= longest:
            found[-1].text = whole
            found[-1].numbers.append(number)
        else:
            found.append(Joined(text, [number]))
    return found


def _together(first: str, second: str) -> str:
    lines = first.splitlines()
    if lines and lines[-1] in second.splitlines():
        lines.pop()
    return "\n".join([*lines, second])
