"""Sending of one scope stopped because of an errcode: one try a minute, and one word to the operators per episode.

scope   `wecom` for everything that needs the app's token, `official` for the 公众号's, `kf` for the 微信客服's,
        `kflog` for reading its log, `contact` for 客户联系's, else the name of a robot's lane
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.outbox.lanes import CONTACT, DIRECTORY, FOLLOWER, GUEST, KF, MEMBER, OFFICIAL, PUSH, changed, lane_of
from bot.outbox.verdict import Stop
from models.message import Outbox, Pause

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
APP, ACCOUNT, SERVICE, SERVICE_LOG, CUSTOMERS = "wecom", "official", "kf", "kflog", "contact"
OF = {
    MEMBER: APP, DIRECTORY: APP, PUSH: APP, OFFICIAL: ACCOUNT, FOLLOWER: ACCOUNT, KF: SERVICE, GUEST: SERVICE,
    CONTACT: CUSTOMERS,
}  # fmt: skip


@dataclass(frozen=True)
class Stopped:
    """What the operators are told. `since` is when the episode began; errmsg is in `reason`, word for word."""

    scope: str
    errcode: int
    reason: str
    since: datetime


def scope_of(lane: str) -> str:
    return next((scope for prefix, scope in OF.items() if lane.startswith(prefix)), lane)


def waits(pause: Pause, now: datetime) -> bool:
    """Not yet time for a try. One that is more than two minutes ahead was set before the clock was turned back."""
    return now < pause.retry_at <= now + 2 * EVERY


def find(session: Session, scope: str) -> Pause | None:
    return session.scalar(select(Pause).where(Pause.scope == scope))


def claim_probe(session: Session, scope: str, now: datetime) -> bool:
    """True for the one sender that may make this minute's try."""
    ready = or_(Pause.retry_at <= now, Pause.retry_at > now + 2 * EVERY)
    claim = update(Pause).where(Pause.scope == scope, ready).values(retry_at=now + EVERY)
    return bool(changed(session, claim))


def lift(session: Session, scope: str) -> None:
    if changed(session, delete(Pause).where(Pause.scope == scope)):
        log.info("sending resumed", extra={"event": "outbox.resumed", "scope": scope})


def stop(
    session: Session,
    scope: str,
    verdict: Stop,
    now: datetime,
    operators: Callable[[Session], Iterable[str]],
    say: Callable[[Stopped], str],
) -> None:
    """Stop the scope or keep it stopped. Operators are told when a fault that needs them is seen first."""
    values = {"errcode": verdict.errcode, "retry_at": now + EVERY}
    if not changed(session, update(Pause).where(Pause.scope == scope).values(**values)):
        try:
            with session.begin_nested():
                session.add(Pause(scope=scope, since=now, told_at=None, **values))
        except IntegrityError:  # another lane met the same fault at the same moment
            session.execute(update(Pause).where(Pause.scope == scope).values(**values))
    untold = update(Pause).where(Pause.scope == scope, Pause.told_at.is_(None)).values(told_at=now)
    if not verdict.fix:
        facts = {"event": "outbox.quota", "scope": scope, "errcode": verdict.errcode}
        log.warning("sending waits for the quota", extra=facts)
    elif changed(session, untold):
        _tell(session, Stopped(scope, verdict.errcode, verdict.reason, now), operators(session), say)


def _tell(session: Session, stopped: Stopped, userids: Iterable[str], say: Callable[[Stopped], str]) -> None:
    facts = {"event": "outbox.stopped", "scope": stopped.scope, "errcode": stopped.errcode, "reason": stopped.reason}
    log.error("sending stopped until this is mended", extra=facts)
    for userid in userids:
        key = f"stopped:{stopped.scope}:{stopped.since:%Y%m%dT%H%M%S%f}:{userid}"[:160]
        row = Outbox(key=key, lane=lane_of(userid), kind="text", body={"content": say(stopped)}, state="waiting")
        row.due_at = row.created_at = stopped.since
        session.add(row)
