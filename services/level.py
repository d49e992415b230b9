"""Levels (分销员等级): which one somebody has, what the next takes, and whether he reached another since he was told.

Source   plans.md §2: one holds the last in the list whose condition he meets, by what is settled at that moment
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domain.conversation import Reply
from domain.periods import Window
from domain.plan import Plan
from domain.plan.counts import Condition, Count, Level, level_of
from models.distributor import Distributor
from models.rollup import Rollup
from services import plan, results, rollup, rollup_rows
from services.plan import LoadedPlan

BATCH = 200


@dataclass(frozen=True, slots=True)
class Missing:
    """What a level asks for and what somebody has of it; sales in fen."""

    title: str
    of: Count
    window: Window
    at_least: int
    have: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The title of his level, or None; the next in the list, or None where he has the last."""

    title: str | None
    next: Missing | None


def standing(session: Session, who: Distributor, *, now: datetime) -> Standing | None:
    """Where he stands under the plan in force; None where it has no levels."""
    version = plan.in_force(session, now)
    return None if version is None else standing_in(session, who, version, now=now)


def standing_in(session: Session, who: Distributor, version: LoadedPlan, *, now: datetime) -> Standing | None:
    """The same where it is known which plan is in force: no statement where it has no levels."""
    if not version.plan.levels:
        return None
    levels = version.plan.levels
    found = results.standing(session, who, version.asked.get(0, frozenset()), now)
    have = level_of(levels, who.code, found)
    place = levels.index(have) if have else -1
    after = next(((level, level.when) for level in levels[place + 1 :] if level.when is not None), None)
    return Standing(have.title if have else None, _missing(*after, who.code, found) if after else None)


def _missing(level: Level, when: Condition, code: str, found: results.DatabaseResults) -> Missing:
    return Missing(level.title, when.of, when.window, when.at_least, found.settled(code, when.of, when.window))


# ---------------------------------------------------------------------------------------------------------------
# Who reached another


def to_look_at(session: Session, at: datetime, after: int) -> list[int]:
    """The next people, by id, of whom something has settled, gone back or joined since their level was looked at."""
    moved = or_(Rollup.moved.is_(True), Rollup.next_settles <= at)
    query = select(Rollup.distributor_id).where(moved, Rollup.distributor_id > after)
    return list(session.scalars(query.order_by(Rollup.distributor_id).limit(BATCH)))


def look(session: Session, who_id: int, at: datetime) -> Reply | None:
    """Take in what has settled by `at`; what he is to be told where his level is another than he was told last."""
    rollup_rows.lock(session, who_id)
    rollup.take_in(session, who_id, at)
    row = session.get_one(Rollup, who_id, populate_existing=True)
    row.moved = False
    version = plan.in_force(session, at)
    if version is None or not version.plan.levels:
        return None
    who = session.get_one(Distributor, who_id)
    found = results.standing(session, who, version.asked.get(0, frozenset()), at)
    levels = version.plan.levels
    have = level_of(levels, who.code, found)
    before = _told(version.plan, row.level)
    row.level = have.id if have else ""
    session.flush()
    if have == before:
        return None
    row.levels_told += 1
    session.flush()
    if have is None:
        return Reply.of("told.level_none")
    higher = before is None or before not in levels or levels.index(have) > levels.index(before)
    return Reply.of("told.level_up" if higher else "told.level", title=have.title)


def times_told(session: Session, who_id: int) -> int:
    """How often he was told of another level, the one that he is just told of included."""
    return session.get_one(Rollup, who_id).levels_told


def _told(document: Plan, level: str | None) -> Level | None:
    """The level that he was told last; before that the one that everybody has who has done nothing yet."""
    if level is None:
        return level_of(document.levels, "", _Nothing())
    return next((one for one in document.levels if one.id == level), None)


class _Nothing:
    def settled(self, code: str, of: Count, window: Window) -> int:
        return 0

    paid = settled
