"""Tasks on the live path (任务奖励): evidence is handed in, an operator decides, approval pays the reward once.

Whether the limit of a window is reached is asked under the person's lock (his mark), when evidence is handed in and
again when it is approved; the number of the approval in its window is part of the bonus's unique key besides.

Locks    a submission's row, then the person's mark
Raises   UnknownTask, TaskDone, UnknownSubmission, DecidedOtherwise, MayNotEarn, IdempotencyConflict
Source   plans.md §2.5
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import DomainError, IdempotencyConflict
from domain.periods import period_of
from domain.plan import TaskRule
from models.bonus import Bonus, Submission
from models.distributor import Distributor
from services import plan, suspension
from services.bonus import marks
from services.bonus.book import Outcome, put

MOST_EVIDENCE = 2000


class UnknownTask(DomainError):
    code = "task.unknown"


class TaskDone(DomainError):
    """His limit in this window is reached by what was approved or waits to be."""

    code = "task.done"


class UnknownSubmission(DomainError):
    code = "task.unknown_submission"


class DecidedOtherwise(DomainError):
    code = "task.decided_otherwise"


class MayNotEarn(DomainError):
    code = "task.may_not_earn"


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task as somebody has it now. `number` is its place in the plan; `left` None: without a limit."""

    number: int
    rule: TaskRule
    left: int | None
    waiting: int


def of(session: Session, who: Distributor, now: datetime) -> list[OpenTask]:
    """The tasks of the plan in force, in its order, with what is left to him of each."""
    found = []
    for number, rule in enumerate(_rules(session, now), start=1):
        states = _states(session, who.id, rule, _label(rule, now))
        taken = states.get("approved", 0) + states.get("requested", 0)
        left = None if rule.limit is None else max(0, rule.limit - taken)
        found.append(OpenTask(number, rule, left, states.get("requested", 0)))
    return found


def _rules(session: Session, now: datetime) -> list[TaskRule]:
    version = plan.in_force(session, now)
    return [] if version is None else [rule for rule in version.plan.rules if isinstance(rule, TaskRule)]


def _label(rule: TaskRule, at: datetime) -> str:
    period = period_of(rule.window, at)
    return "" if period is None else period.label


def _states(session: Session, distributor_id: int, rule: TaskRule, label: str) -> dict[str, int]:
    """How many of his submissions of a window are in each state."""
    query = (
        select(Submission.state, func.count())
        .where(Submission.distributor_id == distributor_id, Submission.rule == rule.id, Submission.window == label)
        .group_by(Submission.state)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def submit(
    session: Session, who: Distributor, number: int, evidence: str, *, key: str, now: datetime
) -> tuple[Submission, bool]:
    """Hand in evidence for the task of this number, and whether that is new; the same key returns the same one."""
    marks.lock(session, who.id)
    rules = _rules(session, now)
    if (found := session.scalars(select(Submission).where(Submission.key == key)).one_or_none()) is not None:
        if (found.distributor_id, found.evidence) != (who.id, evidence):
            raise IdempotencyConflict(key=key)
        return found, False
    if not 1 <= number <= len(rules):
        raise UnknownTask(number=number, count=len(rules))
    rule, version = rules[number - 1], plan.in_force(session, now)
    assert version is not None  # noqa: S101 - it has this rule
    states = _states(session, who.id, rule, label := _label(rule, now))
    if rule.limit is not None and states.get("approved", 0) + states.get("requested", 0) >= rule.limit:
        raise TaskDone(title=rule.title, limit=rule.limit)
    row = Submission(
        key=key,
        distributor_id=who.id,
        plan_version_id=version.version_id,
        rule=rule.id,
        title=rule.title,
        window=label,
        evidence=evidence[:MOST_EVIDENCE],
        state="requested",
        submitted_at=now,
    )
    session.add(row)
    session.flush()
    return row, True


def approve(session: Session, number: int, *, operator: str, now: datetime) -> tuple[Submission, Bonus, bool]:
    """Pay what the task gives, once; the second time it is the first's answer. Also: whether anything changed."""
    row = _get(session, number)
    if row.state == "approved":
        return row, _bonus_of(session, row), False
    if row.state != "requested":
        raise DecidedOtherwise(number=number, state=row.state)
    marks.lock(session, row.distributor_id)
    version = plan.load(session, row.plan_version_id)
    rule = next(rule for rule in version.plan.rules if rule.id == row.rule)
    assert isinstance(rule, TaskRule)  # noqa: S101 - a submission is of a task
    who = session.get_one(Distributor, row.distributor_id)
    out = who.status != "active" or bool(suspension.suspended(session, [who], now))
    if out or (version.plan.terms.members_only and not who.member):
        raise MayNotEarn(number=number, nickname=who.nickname)
    approved = _states(session, who.id, rule, row.window).get("approved", 0)
    if rule.limit is not None and approved >= rule.limit:
        raise TaskDone(title=rule.title, limit=rule.limit)
    bonus, _ = put(session, who.id, None, _outcome(rule, row, approved + 1, now), run_id=None, now=now)
    row.state, row.decided_at, row.decided_by = "approved", now, operator
    session.flush()
    return row, bonus, True


def _outcome(rule: TaskRule, row: Submission, n: int, now: datetime) -> Outcome:
    amount, reward = rule.reward.amount(), rule.reward.in_kind
    facts = {
        "kind": rule.kind,
        "rule": rule.id,
        "title": rule.title,
        "window": row.window or None,
        "n": n,
        "submission": row.id,
        "reward": reward,
        "reward_fen": amount.fen,
        "amount_fen": amount.fen,
    }
    return Outcome(
        rule=rule.id,
        as_="task",
        window=row.window,
        n=n,
        order_id=None,
        state="available",
        at=now,
        facts=facts,
        amount=amount,
        full=amount,
        reward=reward,
    )


def _bonus_of(session: Session, row: Submission) -> Bonus:
    query = select(Bonus).where(
        Bonus.distributor_id == row.distributor_id,
        Bonus.rule == row.rule,
        Bonus.as_ == "task",
        Bonus.window == row.window,
    )
    return next(bonus for bonus in session.scalars(query) if bonus.facts["submission"] == row.id)


def reject(session: Session, number: int, *, operator: str, because: str, now: datetime) -> tuple[Submission, bool]:
    """Turn evidence down, with the reason that he is told; it takes nothing of his limit any more."""
    row = _get(session, number)
    if row.state == "rejected":
        return row, False
    if row.state != "requested":
        raise DecidedOtherwise(number=number, state=row.state)
    row.state, row.decided_at, row.decided_by, row.because = "rejected", now, operator, because
    session.flush()
    return row, True


def _get(session: Session, number: int) -> Submission:
    query = select(Submission).where(Submission.id == number).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise UnknownSubmission(number=number)
    return row


def waiting(session: Session, limit: int = 100) -> list[tuple[Submission, Distributor]]:
    """What waits for an operator, oldest first."""
    query = (
        select(Submission, Distributor)
        .join(Distributor, Distributor.id == Submission.distributor_id)
        .where(Submission.state == "requested")
        .order_by(Submission.id)
        .limit(limit)
    )
    return [(row.Submission, row.Distributor) for row in session.execute(query)]


def count_waiting(session: Session) -> int:
    query = select(func.count()).select_from(Submission).where(Submission.state == "requested")
    return session.scalar(query) or 0
