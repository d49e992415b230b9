"""What somebody's own act allows: so many messages for so long. And what waits for his next one.

Channels that reach customers (公众号, 微信客服) take messages only after an act of the person himself. What may not be
sent is parked in the outbox, which no sweep reads; his next act makes it due again, within that act's own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from models.message import Outbox


@dataclass(frozen=True, slots=True)
class Grant:
    """So many messages within `lasts`; a little less than the platform says, because ours arrive later than we look."""

    messages: int
    lasts: timedelta

    def is_open(self, at: datetime | None, now: datetime) -> bool:
        return at is not None and now < at + self.lasts

    def left(self, at: datetime | None, used: int, now: datetime) -> int:
        return max(0, self.messages - used) if self.is_open(at, now) else 0


WROTE = Grant(5, timedelta(hours=48) - timedelta(minutes=1))


def release(session: Session, lane: str, now: datetime) -> list[str]:
    """Make due what is parked in the lane; the lane, where there was something."""
    freed = update(Outbox).where(Outbox.lane == lane, Outbox.state == "parked")
    freed = freed.values(state="waiting", due_at=now, fault=None).execution_options(synchronize_session=False)
    return [lane] if cast("CursorResult[Any]", session.execute(freed)).rowcount else []
