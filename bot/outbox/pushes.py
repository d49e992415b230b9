"""Pushes on their way out: `held` until they may go, judged by what the person wants, said together after a night.

A push is judged when its lane's sender first sees it, and again whenever it has waited since: 「别再推送了」 counts at
once. What waits for the end of quiet hours or for the app's budget is `held` and holds up nothing behind it; answers
pass it by. What was held over quiet hours becomes as few messages as hold it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from bot.outbox.budget import Spending
from domain.push import Hours, Wait, joined
from domain.text import LIMIT
from models.message import Outbox
from services import push
from services.push import announcement

QUIET, SPENT = "quiet hours", "beyond the app's budget"
# Neither quiet hours nor a day's quota hold anything longer; what is due later was written before the clock was turned
# back.
FARTHEST = timedelta(hours=25)
FRESH = timedelta(seconds=60)  # so long a verdict stands
MOST = 200


def due(now: datetime) -> ColumnElement[bool]:
    return or_(Outbox.due_at <= now, Outbox.due_at > now + FARTHEST)


class Gate:
    """quiet     the merchant's quiet hours, None for none
    spending  what the app may send, None where nothing limits it
    """

    def __init__(self, quiet: Hours | None = None, spending: Spending | None = None) -> None:
        self.quiet, self.spending = quiet, spending

    def open(self, session: Session, lane: str, now: datetime) -> bool:
        """Judge what is held in the lane and due: it goes, waits on, or is dropped. Whether anything goes."""
        mine = select(Outbox).where(Outbox.lane == lane, Outbox.state == "held", due(now))
        rows = session.scalars(mine.order_by(Outbox.id).limit(MOST)).all()
        going = [row for row in rows if self.admits(session, row, now)]
        for row in going:
            row.state, row.due_at = "waiting", now
        _join([row for row in going if row.fault == QUIET])
        for row in going:
            row.fault = row.fault if row.state == "merged" else None
        session.flush()
        return bool(going)

    def lets(self, session: Session, row: Outbox, now: datetime) -> bool:
        """Whether a row that is next in line may go; a push that was let through some time ago is judged again."""
        stale = row.push is not None and row.request is None and row.due_at <= now - FRESH
        if not stale or row.state != "waiting":
            return True
        allowed = self.admits(session, row, now)
        session.flush()
        return allowed

    def hold(self, row: Outbox, until: datetime, reason: str) -> None:
        row.state, row.due_at, row.fault = "held", until, reason

    def admits(self, session: Session, row: Outbox, now: datetime) -> bool:
        """Judge a push: whether it may go now. One that may not is held or dropped."""
        if announcement.is_stopped(session, row.about):
            row.state, row.fault = "muted", "stopped"
            return False
        verdict = push.judge(session, row.push or "other", row.person, self.quiet, now)
        if isinstance(verdict, Wait):
            self.hold(row, verdict.until, QUIET)
        elif verdict == "muted":
            row.state, row.fault = "muted", None
        return verdict == "go"


def _join(rows: Iterable[Outbox]) -> None:
    """Texts that were held over the night are said by the first of those that fit into a message together.

    A notice that may go as a template message stays as it is: a template tells of one thing.
    """
    texts = {row.id: row for row in rows if row.kind == "text" and "notice" not in row.body and not row.attempts}
    for one in joined([(row.id, str(row.body.get("content", ""))) for row in texts.values()], LIMIT):
        first, *others = one.numbers
        texts[first].body = {**texts[first].body, "content": one.text}
        for number in others:
            texts[number].state, texts[number].fault = "merged", f"said with {first}"
