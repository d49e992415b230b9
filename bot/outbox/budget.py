"""What a platform lets the whole app do, counted for all processes together in one row of the database.

A call is counted in the transaction that hands its message over; what was counted is spent, whatever becomes of the
call. Time is cut into slots, and a window sums one slot more than it is long, so that no stretch of its length holds
more than its limit. Slots later than now were written before the clock was turned back and are forgotten.

Pushes may take a little less than everything: answers that go by the outbox still find room.

Units    `used` of the row: {name: {seconds of a slot: {number of the slot: calls}}}; people of a day under its date
Source   reference/wecom.md §4.7; official-account.md §7. That message/send is not counted in the base frequency stands
         there from one source only, and who exceeds it is blocked for as long as the window: it is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.periods import shanghai_date, start_of
from models.message import Budget
from services.once import insert_once

ALL, PEOPLE = "all", "people"
MESSAGE_SEND, UPDATE_CARD, USER_GET = "message/send", "message/update_template_card", "user/get"
CALL_OF = {"card_update": UPDATE_CARD, "lookup_name": USER_GET}  # a row's kind → its call, if it is no message/send
PUSHES, ANSWERS = 0.98, 0.995  # of a limit
MESSAGES_A_SEAT = 200
UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """So many within `seconds`, counted by slots of `slot` seconds."""

    limit: int
    seconds: int
    slot: int

    def used(self, slots: Mapping[str, int], now: datetime) -> int:
        first, last = self._span(now)
        return sum(count for number, count in slots.items() if first <= int(number) <= last)

    def free_at(self, slots: Mapping[str, int], now: datetime, over: int) -> datetime:
        """When so many of those that count now count no more."""
        first, last = self._span(now)
        for number in sorted(int(number) for number in slots if first <= int(number) <= last):
            over -= slots[str(number)]
            if over <= 0:
                return _instant(now, (number + 1) * self.slot + self.seconds)
        return _instant(now, (last + 1) * self.slot + self.seconds)

    def add(self, slots: Mapping[str, int], now: datetime, calls: int = 1) -> dict[str, int]:
        """So many calls more, without the slots that count no more."""
        first, last = self._span(now)
        kept = {number: count for number, count in slots.items() if first <= int(number) <= last}
        return kept | {str(last): kept.get(str(last), 0) + calls}

    def _span(self, now: datetime) -> tuple[int, int]:
        last = int(now.timestamp()) // self.slot
        return last - self.seconds // self.slot, last


def _instant(now: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, now.tzinfo)


PER_API = (Window(10_000, 60, 1), Window(150_000, 3600, 60))
PER_ADDRESS = (Window(20_000, 60, 1), Window(600_000, 3600, 60))


@dataclass(frozen=True, slots=True)
class Limits:
    """calls   name of a call → its windows; every call counts under `all` too
    people  receivers of a day, None for no such limit
    """

    calls: Mapping[str, tuple[Window, ...]]
    people: int | None

    @classmethod
    def of_app(cls, seats: int) -> Limits:
        """`seats`: the enterprise's 账号上限."""
        paths = dict.fromkeys((MESSAGE_SEND, UPDATE_CARD, USER_GET), PER_API)
        return cls({ALL: PER_ADDRESS, **paths}, seats * MESSAGES_A_SEAT)


class Spending:
    """One platform's budget."""

    def __init__(self, scope: str, limits: Limits) -> None:
        self._scope, self._limits = scope, limits

    def take(
        self,
        session: Session,
        path: str,
        now: datetime,
        *,
        people: int = 0,
        push: bool = False,
        anyway: bool = False,
    ) -> datetime | None:
        """Count a call to so many people; else say when there will be room, and nothing is counted.

        `anyway`: it is made whatever the budget says, and counted. Locks the platform's row until the transaction ends.
        """
        row = self._row(session)
        free_at = max(self._free_at(row.used, path, now, push=push), self._day(row.used, people, now, push=push))
        if free_at > now and not anyway:
            return free_at
        self._count(session, row, path, now, calls=1, people=people)
        return None

    def take_some(self, session: Session, most: int, now: datetime) -> int:
        """Count pushes to one person each, as many of `most` as there is room for."""
        row = self._row(session)
        count = min(most, self._room(row.used, MESSAGE_SEND, now))
        if count:
            self._count(session, row, MESSAGE_SEND, now, calls=count, people=count)
        return count

    def _count(self, session: Session, row: Budget, path: str, now: datetime, *, calls: int, people: int) -> None:
        used = dict(row.used)
        for name in (ALL, path):
            windows = self._limits.calls.get(name, ())
            used[name] = {
                str(window.slot): window.add(used.get(name, {}).get(str(window.slot), {}), now, calls)
                for window in windows
            }
        today = shanghai_date(now).isoformat()
        used[PEOPLE] = {today: used.get(PEOPLE, {}).get(today, 0) + people}
        row.used = used
        session.flush()

    def largest(self) -> int:
        """To how many people one push may go at all."""
        return int(self._limits.people * PUSHES) if self._limits.people is not None else UNLIMITED

    def room(self, session: Session, path: str, now: datetime) -> int:
        """How many pushes to one person each may go at this moment; nothing is counted or locked."""
        row = session.scalar(select(Budget).where(Budget.scope == self._scope))
        return self._room(row.used if row is not None else {}, path, now)

    def _room(self, used: Mapping[str, Any], path: str, now: datetime) -> int:
        left = [
            int(window.limit * PUSHES) - window.used(used.get(name, {}).get(str(window.slot), {}), now)
            for name in (ALL, path)
            for window in self._limits.calls.get(name, ())
        ]
        if self._limits.people is not None:
            today = shanghai_date(now).isoformat()
            left.append(int(self._limits.people * PUSHES) - used.get(PEOPLE, {}).get(today, 0))
        return max(0, min(left)) if left else UNLIMITED

    def _row(self, session: Session) -> Budget:
        mine = select(Budget).where(Budget.scope == self._scope).with_for_update()
        mine = mine.execution_options(populate_existing=True)
        if (row := session.scalar(mine)) is not None:
            return row
        insert_once(session, Budget, {"scope": self._scope, "used": {}})
        return session.scalars(mine).one()

    def _free_at(self, used: Mapping[str, Any], path: str, now: datetime, *, push: bool) -> datetime:
        earliest = now
        for name in (ALL, path):
            for window in self._limits.calls.get(name, ()):
                slots = used.get(name, {}).get(str(window.slot), {})
                over = window.used(slots, now) + 1 - int(window.limit * (PUSHES if push else ANSWERS))
                if over > 0:
                    earliest = max(earliest, window.free_at(slots, now, over))
        return earliest

    def _day(self, used: Mapping[str, Any], people: int, now: datetime, *, push: bool) -> datetime:
        """Natural days are Shanghai's."""
        if self._limits.people is None or not people:
            return now
        today = shanghai_date(now)
        sent = used.get(PEOPLE, {}).get(today.isoformat(), 0)
        most = int(self._limits.people * (PUSHES if push else ANSWERS))
        return now if sent + people <= most else start_of(today + timedelta(days=1)).astimezone(now.tzinfo)
