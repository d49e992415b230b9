"""Team and ranking on the live path: each rule once for every window that is over, and then fixed.

A window is computed at its end and the hold days, by the version that was in force when it began, in the nets of that
moment, however late the run is. What each team sold is written down first, in one transaction, and stays: it tells who
was below the first step. Then the bonuses are booked in batches, each in a transaction of its own, so that a run that
is killed goes on where it stood. A ranking has few prizes and is one transaction.

Locks    the window's row, which is unique: two runs take turns at the batches
Source   plans.md §2.3 and §2.4
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from domain.outcome import Reason
from domain.periods import Period, end_of_hold, period_of
from domain.periods import Window as WindowName
from domain.plan import Plan, RankingRule, TeamRule
from models.base import table_of
from models.bonus import Bonus, WindowRun, WindowSum
from models.bulk import insert_many
from models.distributor import Distributor
from models.plan import PlanVersion
from services import ledger, plan, statement, suspension
from services.bonus import sums
from services.bonus.book import Outcome, put
from services.once import insert_new
from services.plan import LoadedPlan

BATCH = 2000
KINDS = (TeamRule, RankingRule)
WINDOWS: tuple[WindowName, ...] = ("day", "week", "month")

_BONUS = table_of(Bonus)
_COLUMNS = tuple(column.name for column in _BONUS.c if column.name != "id")


@dataclass(frozen=True, slots=True)
class Due:
    """A rule of a version that is to be computed for a window, at a moment that has come."""

    version_id: int
    plan: Plan
    rule: TeamRule | RankingRule
    period: Period
    at: datetime

    @property
    def place(self) -> tuple[str, str, str]:
        return self.rule.id, self.rule.kind, self.period.label


@dataclass(frozen=True, slots=True)
class Version:
    """A version, from when it is in force, and until when at most it may be (domain.compliance.override)."""

    starts_at: datetime
    good_until: datetime | None
    loaded: LoadedPlan


def due(session: Session, cutoff: datetime) -> list[Due]:
    """What is over by `cutoff` and has not been computed to its end, in the order of its moments."""
    rows = select(PlanVersion).where(PlanVersion.starts_at <= cutoff).order_by(PlanVersion.starts_at, PlanVersion.id)
    versions = [
        Version(row.starts_at, row.good_until, plan.load(session, row.id, row.digest)) for row in session.scalars(rows)
    ]
    found = [one for window in WINDOWS for one in _over(versions, window, cutoff)]
    if not found:
        return []
    closed = select(WindowRun.rule, WindowRun.as_, WindowRun.window).where(WindowRun.state == "closed")
    done = {tuple(row) for row in session.execute(closed)}
    return sorted((one for one in found if one.place not in done), key=lambda one: (one.at, one.place))


def _over(versions: Sequence[Version], window: WindowName, cutoff: datetime) -> Iterator[Due]:
    if not any(_rules(version.loaded.plan, window) for version in versions):
        return
    period = period_of(window, versions[0].starts_at)
    while period is not None and period.end <= cutoff:
        if (version := _of_window(versions, period)) is not None:
            at = end_of_hold(period.end, version.plan.terms.hold_days)
            for rule in _rules(version.plan, window) if at <= cutoff else ():
                yield Due(version.version_id, version.plan, rule, period, at)
        period = period_of(window, period.end)


def _of_window(versions: Sequence[Version], period: Period) -> LoadedPlan | None:
    """The version in force at the window's start; where there was none, the first that came into force within it."""
    good = [one for one in versions if one.good_until is None or one.good_until > period.start]
    before = [one for one in good if one.starts_at <= period.start]
    within = [one for one in good if period.start < one.starts_at < period.end]
    return before[-1].loaded if before else within[0].loaded if within else None


def _rules(plan_: Plan, window: WindowName) -> list[TeamRule | RankingRule]:
    return [rule for rule in plan_.rules if isinstance(rule, KINDS) and rule.window == window]


def _window(session: Session, one: Due) -> sums.Window:
    rows = session.scalars(select(PlanVersion))
    as_any_other = [row.id for row in rows if _own_count(plan.load(session, row.id, row.digest).plan)]
    return sums.Window(one.period, one.at, frozenset(as_any_other))


def _own_count(plan_: Plan) -> bool:
    return plan_.terms.own_orders == "seller"


# ---------------------------------------------------------------------------------------------------------------
# Computing


@dataclass(frozen=True, slots=True)
class Given:
    """What a transaction gave, by distributor: money, or nothing where it was in kind."""

    amounts: dict[int, Money]
    is_last: bool


def begin(session: Session, one: Due, *, run_id: int, now: datetime) -> Given:
    """Fix what was sold in the window; a ranking's prizes are given at once. Nothing where another has done it."""
    values = {
        "rule": one.rule.id,
        "as": one.rule.kind,
        "window": one.period.label,
        "plan_version_id": one.version_id,
        "at": one.at,
        "state": "open",
        "after": 0,
        "opened_at": now,
    }
    window_run_id = insert_new(session, WindowRun, values)
    if window_run_id is None:
        return Given({}, is_last=False)
    if isinstance(one.rule, RankingRule):
        given = _rank(session, one, one.rule, run_id=run_id, now=now)
        _close(session, session.get_one(WindowRun, window_run_id), now)
        return Given(given, is_last=True)
    sums.keep_teams(session, one.rule, _window(session, one), window_run_id)
    return Given({}, is_last=False)


def go_on(session: Session, one: Due, *, run_id: int, now: datetime) -> Given:
    """Book the next batch of a team's bonuses."""
    place = WindowRun.rule == one.rule.id, WindowRun.as_ == one.rule.kind, WindowRun.window == one.period.label
    query = select(WindowRun).where(*place).with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one()
    if row.state == "closed" or not isinstance(one.rule, TeamRule):
        return Given({}, is_last=True)
    people = _sold(session, row.id, and_(WindowSum.distributor_id > row.after, _concerns(one, one.rule)), BATCH)
    given = _team(session, row, one, one.rule, people, run_id=run_id, now=now) if people else {}
    if len(people) < BATCH:
        _close(session, row, now)
    else:
        row.after = people[-1].id
    session.flush()
    return Given(given, is_last=row.state == "closed")


def _close(session: Session, row: WindowRun, now: datetime) -> None:
    row.state, row.closed_at = "closed", now
    session.flush()


# Team


@dataclass(frozen=True, slots=True)
class _Sold:
    """Somebody's team and what it sold; like a Distributor to services.suspension."""

    id: int
    code: str
    member: bool
    first_suspended_at: datetime | None
    inviter_id: int | None
    invited_at: datetime | None
    sales: Money


def _concerns(one: Due, rule: TeamRule) -> ColumnElement[bool]:
    """Who gets a bonus or may not have one. Of all others the sum that stands says why: it is below the first step."""
    conditions = [WindowSum.sales >= Money(rule.steps[0][0]), Distributor.first_suspended_at <= one.at]
    return or_(*conditions, *([Distributor.member.is_(False)] if one.plan.terms.members_only else []))


_SOLD = (Distributor.id, Distributor.code, Distributor.member, Distributor.first_suspended_at)


def _sold(session: Session, window_run_id: int, condition: Any, limit: int | None) -> list[_Sold]:
    query = (
        select(*_SOLD, Distributor.inviter_id, Distributor.invited_at, WindowSum.sales)
        .join(Distributor, Distributor.id == WindowSum.distributor_id)
        .where(WindowSum.window_run_id == window_run_id, condition)
        .order_by(WindowSum.distributor_id)
    )
    return [_Sold(*row) for row in session.execute(query if limit is None else query.limit(limit))]


def _team(
    session: Session, row: WindowRun, one: Due, rule: TeamRule, people: list[_Sold], *, run_id: int, now: datetime
) -> dict[int, Money]:
    """The bonuses of one batch: rows, one entry in the books."""
    recruits: list[_Sold] = []
    if rule.differential:
        theirs = Distributor.inviter_id.in_([person.id for person in people])
        recruits = _sold(session, row.id, and_(theirs, WindowSum.sales >= Money(rule.steps[0][0])), None)
    invited: dict[int, list[str]] = defaultdict(list)
    for recruit in sorted(recruits, key=lambda recruit: recruit.code):
        if recruit.inviter_id is not None and (recruit.invited_at is None or recruit.invited_at <= one.at):
            invited[recruit.inviter_id].append(recruit.code)
    everybody = {person.code: person for person in (*people, *recruits)}
    sold = {code: person.sales for code, person in everybody.items()}
    refused = _refused(session, one, everybody.values())
    rows: list[dict[str, Any]] = []
    amounts: dict[int, Money] = {}
    for person in people:
        facts = rule.bonus(person.code, sold, refused, invited[person.id])
        if (reason := refused[person.code]) is not None:
            told = {"kind": rule.kind, "title": rule.title, "window": row.window, "sales_fen": person.sales.fen}
            rows.append(_row(person.id, row, one.at, told, state="skipped", reason=reason))
        elif facts is not None and facts["amount_fen"]:
            award = rule.award(person.code, facts | {"window": row.window})
            more: dict[str, Any] = {
                "amount": award.amount,
                "full": award.amount,
                "base": award.base,
                "rate_bp": award.rate_bp,
            }
            rows.append(_row(person.id, row, one.at, award.facts, changes=1, run_id=run_id, **more))
            amounts[person.id] = award.amount
    if rows:
        insert_many(session, _BONUS, _COLUMNS, ([row[name] for name in _COLUMNS] for row in rows))
    if amounts:
        key = f"bonus:{rule.kind}:{rule.id}:{row.window}:{people[0].id}"
        ledger.give_many(session, key, "bonus", amounts, now=now)
        statement.note_window(session, run_id, one.place, people[0].id, people[-1].id, now=now)
    return amounts


def _row(
    distributor_id: int, row: WindowRun, at: datetime, facts: dict[str, Any], *, state: str = "available", **more: Any
) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(_COLUMNS)
    values |= {"rule": row.rule, "distributor_id": distributor_id, "as": row.as_, "window": row.window, "n": 0}
    values |= {"amount": ZERO, "full": ZERO, "base": ZERO, "facts": facts, "state": state, "at": at, "changes": 0}
    return values | more


def _refused(session: Session, one: Due, people: Iterable[Any]) -> dict[str, Reason | None]:
    """Why each of them earns nothing at the moment, by code."""
    asked = list(people)
    out = suspension.suspended(session, asked, one.at)
    only_members = one.plan.terms.members_only
    found: dict[str, Reason | None] = {}
    for person in asked:
        reason: Reason | None = "not_member" if only_members and not person.member else None
        found[person.code] = "suspended" if person.id in out else reason
    return found


# Ranking


def _rank(session: Session, one: Due, rule: RankingRule, *, run_id: int, now: datetime) -> dict[int, Money]:
    """The prizes: few rows, each booked by itself."""
    places = {place.code: (who, place) for who, place in sums.of_ranking(session, rule, _window(session, one))}
    ranked = rule.ranked(place for _, place in places.values())[: len(rule.prizes)]
    ids = [places[place.code][0] for place in ranked]
    refused = _refused(session, one, session.scalars(select(Distributor).where(Distributor.id.in_(ids))))
    given: dict[int, Money] = {}
    for n, (place, prize) in enumerate(zip(ranked, rule.prizes, strict=False), start=1):
        who, reason = places[place.code][0], refused[place.code]
        common: dict[str, Any] = {
            "rule": rule.id,
            "as_": rule.kind,
            "window": one.period.label,
            "n": n,
            "order_id": None,
            "at": one.at,
        }
        if reason is not None:
            told = {"kind": rule.kind, "title": rule.title, "window": one.period.label, "n": n}
            put(session, who, None, Outcome(**common, state="skipped", reason=reason, facts=told), run_id=None, now=now)
        elif prize.amount() or prize.in_kind is not None:
            award = rule.award(place, n, prize, one.period.label)
            common |= {"amount": award.amount, "full": award.amount, "reward": award.reward, "facts": award.facts}
            put(session, who, None, Outcome(**common, state="available"), run_id=run_id, now=now)
            statement.note(session, run_id, who, bonus=award.amount, now=now)
            given[who] = award.amount
    return given
