"""Looking at 群发: which there are, their tasks, and the sums of what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.broadcast import Broadcast, BroadcastTask
from models.distributor import Distributor, Identity


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums over the tasks. waiting: members who have not confirmed; unknown: tasks of which nothing is known."""

    tasks: int
    waiting: int
    unknown: int
    targets: int
    sent: int
    unsent: int
    no_friend: int
    over_cap: int
    failed: int


def find(session: Session, number: int) -> Broadcast | None:
    return session.get(Broadcast, number)


def recent(session: Session, *, before: int | None = None, limit: int = 20) -> list[Broadcast]:
    """The latest, newest first."""
    query = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(Broadcast.id < before)))


def tasks_of(session: Session, number: int) -> list[tuple[BroadcastTask, Distributor | None]]:
    query = select(BroadcastTask, Distributor).outerjoin(Distributor, Distributor.id == BroadcastTask.distributor_id)
    query = query.where(BroadcastTask.broadcast_id == number).order_by(BroadcastTask.place)
    return [(row[0], row[1]) for row in session.execute(query)]


def known(session: Session, msgids: Sequence[str]) -> set[str]:
    """Which of these are tasks of ours."""
    found = session.scalars(select(BroadcastTask.msgid).where(BroadcastTask.msgid.in_(msgids)))
    return {msgid for msgid in found if msgid is not None}


def counts(tasks: Iterable[BroadcastTask]) -> Summary:
    rows = list(tasks)
    return Summary(
        tasks=len(rows),
        waiting=sum(row.state == "created" for row in rows),
        unknown=sum(row.state in ("unknown", "asking") for row in rows),
        targets=sum(row.targets for row in rows),
        sent=sum(row.sent for row in rows),
        unsent=sum(row.unsent for row in rows),
        no_friend=sum(row.no_friend for row in rows),
        over_cap=sum(row.over_cap for row in rows),
        failed=sum(row.failed for row in rows),
    )


def members(session: Session) -> list[tuple[Distributor, str]]:
    """Every active distributor who is a member of the enterprise, with his userid."""
    query = select(Distributor, Identity.plain).join(Identity, Identity.distributor_id == Distributor.id)
    query = query.where(Distributor.status == "active", Identity.kind == "wecom").order_by(Distributor.id)
    return [(who, userid) for who, userid in session.execute(query) if userid is not None]
