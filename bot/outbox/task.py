"""A row of the outbox in work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.outbox.verdict import Attempt
from models.message import Outbox


@dataclass(frozen=True)
class Task:
    """A row in work, as values: nothing of the session outlives its transaction."""

    id: int
    lane: str
    kind: str
    body: dict[str, Any]
    attempt: Attempt
    request: bytes | None  # None: it has to be made first, or its kind needs none
    probe: bool
    ready: bool  # marked `sending`
    seen: int  # the row's count of attempts: has moved on if somebody else tried it meanwhile


def as_task(row: Outbox, now: datetime, *, probe: bool) -> Task:
    earlier, ready = row.result or {}, row.state == "sending"
    attempt = Attempt(
        lane=row.lane,
        kind=row.kind,
        attempts=row.attempts if ready else row.attempts + 1,
        age=now - row.created_at,
        repeat=bool(earlier.get("unclear")),
        uploaded_again=bool(earlier.get("uploaded_again")),
    )
    request = row.request.encode() if row.request is not None else None
    return Task(row.id, row.lane, row.kind, dict(row.body), attempt, request, probe, ready, row.attempts)
