"""Bonuses: what milestones, teams, ranks and tasks give, how far they are worked out, and evidence of tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import Money
from models.base import MYSQL, Base, BigId, Key, LongText

# available  given, and his
# reversed   a refund has taken it back; reached again, it stands again
# skipped    reached, and not given: `reason` says why
# void       a fact that came late has shown that it was never reached; what had been given was taken back
STATES = ("available", "reversed", "skipped", "void")


class Bonus(Base):
    """An award that is no order's commission, or the reason why it was not given. Its business key is unique.

    as      milestone | team | ranking | task
    window  the label of its window, empty for none
    n       the number of the threshold, the rank, of a task how often it was approved in its window; 0 for a team
    order   the one that reached a milestone
    amount  as it stands; full is what it is while it stands
    facts   what domain.why tells and domain.explanation computes anew
    at      when it was reached, computed or approved: it belongs to the period that holds this moment
    changes how often it was booked: the next entry's key holds this number
    run_id  the settlement run that changed it last, which tells it; None for tasks, which are told at once
    """

    __tablename__ = "bonus"
    __table_args__ = (
        UniqueConstraint("distributor_id", "rule", "as", "window", "n"),
        Index("ix_bonus_distributor_id_at", "distributor_id", "at"),
        Index("ix_bonus_order_id", "order_id"),
        MYSQL,
    )

    id: Mapped[Key]
    rule: Mapped[str] = mapped_column(String(64))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    as_: Mapped[str] = mapped_column("as", String(16))
    window: Mapped[str] = mapped_column(String(16))
    n: Mapped[int]
    order_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("orders.id"))
    amount: Mapped[Money]
    full: Mapped[Money]
    base: Mapped[Money]
    rate_bp: Mapped[int | None]
    reward: Mapped[dict[str, Any] | None]
    facts: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime]
    changes: Mapped[int]
    run_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("settlement_run.id"))


class MilestoneMark(Base):
    """How far somebody's milestones are decided, and whether they must be looked at again. Locked while they are.

    standing  a digest of when he qualified as a recruit: where it changes, his inviter is looked at
    until     up to which moment his facts have been decided; a run with an earlier cutoff takes nothing back
    due_at    somebody he invited (or whom they invited) has come to count, or counts no more
    progress  how far he was then: [{"rule", "window", "count"}] for the rules and windows of that moment
    """

    __tablename__ = "milestone_mark"
    __table_args__ = (Index("ix_milestone_mark_due_at", "due_at", "distributor_id"), MYSQL)

    distributor_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("distributor.id"), primary_key=True, autoincrement=False
    )
    standing: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    progress: Mapped[list[Any]]


class WindowRun(Base):
    """A team or ranking rule computed for one window, once. `after` is the last distributor whose bonus is booked."""

    __tablename__ = "window_run"
    __table_args__ = (UniqueConstraint("rule", "as", "window"), Index("ix_window_run_state", "state"), MYSQL)

    id: Mapped[Key]
    rule: Mapped[str] = mapped_column(String(64))
    as_: Mapped[str] = mapped_column("as", String(16))
    window: Mapped[str] = mapped_column(String(16))
    plan_version_id: Mapped[int] = mapped_column(BigId, ForeignKey("plan_version.id"))
    at: Mapped[datetime]  # its end and the hold days: the nets are those of this moment
    state: Mapped[str] = mapped_column(String(16))  # open: the sums stand, bonuses are being booked | closed
    after: Mapped[int] = mapped_column(BigId)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class WindowSum(Base):
    """What somebody's team sold in a window, in fen; the bonuses are booked from it.

    It stays: a sum below the rule's first step, without a bonus, is the skip `below_first_step`, which nobody is told
    and which would otherwise be a row of Bonus for nearly everybody.
    No foreign keys: one to the distributor would lock everybody for as long as the sums are being written, one to the
    window's run, which is written in the same transaction, would be looked up for every row.
    """

    __tablename__ = "window_sum"
    __table_args__ = (MYSQL,)

    window_run_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    distributor_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    sales: Mapped[Money]


class Entitlement(Base):
    """A reward in kind that somebody has: a coupon, points, a gift or a title. `id` is its number for the merchant.

    content  the coupon's key, the number of points, the gift, the title
    note     what else is to be known: that a refund has undone what had been used or sent
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        UniqueConstraint("bonus_id"),
        Index("ix_entitlement_distributor_id_state", "distributor_id", "state"),
        Index("ix_entitlement_state_id", "state", "id"),
        MYSQL,
    )

    id: Mapped[Key]
    bonus_id: Mapped[int] = mapped_column(BigId, ForeignKey("bonus.id"))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    kind: Mapped[str] = mapped_column(String(16))  # coupon | points | gift | title
    content: Mapped[str] = mapped_column(String(128))
    worth: Mapped[Money | None]
    state: Mapped[str] = mapped_column(String(16))  # domain.entitlement
    issued_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(String(255))


class Submission(Base):
    """Evidence that somebody has done a task, to be approved or rejected; `id` is the number that people see (T12)."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("decided_at IS NOT NULL OR state = 'requested'", name="decided_at_a_time"),
        Index("ix_submission_state_id", "state", "id"),
        Index("ix_submission_distributor_id_rule_window", "distributor_id", "rule", "window"),
        MYSQL,
    )

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(160))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    plan_version_id: Mapped[int] = mapped_column(BigId, ForeignKey("plan_version.id"))
    rule: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(64))
    window: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[str] = mapped_column(LongText)
    state: Mapped[str] = mapped_column(String(16))  # requested | approved | rejected
    submitted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    because: Mapped[str | None] = mapped_column(String(255))
