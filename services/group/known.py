"""What the platform says of a group: kept as it was told last, and looked at again when something has happened.

An event only says that there is something to look at. Details lag behind it by about two seconds, several often come
in one, and some are lost; the daily reconciliation looks at every group.

Locks    the group's row
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from models.group import CustomerGroup, JoinWay
from services.group import leader
from services.once import insert_once
from services.vault import Vault

LAG = timedelta(seconds=3)  # a second more than details are behind their event
BACKOFF = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=12))
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Told:
    """A group as groupchat/get gives it. `states` are those of the codes by which customers came, oldest first."""

    chat_id: str
    name: str
    owner: str
    members: int
    version: str
    began_at: datetime | None
    states: Sequence[str]


def note(session: Session, chat_id: str, *, now: datetime) -> bool:
    """Know that there is such a group, and look at it soon; True where it is new."""
    values = {"chat_id": chat_id, "name": "", "members": 0, "pulls_failed": 0, "pull_at": now, "created_at": now}
    return insert_once(session, CustomerGroup, values)


def happened(session: Session, chat_id: str, change: str, detail: str, *, at: datetime, now: datetime) -> None:
    """An event about a group: `change` create, update or dismiss, `detail` what of it changed, `at` its own time."""
    note(session, chat_id, now=now)
    row = _locked(session, chat_id)
    if row is None:
        return
    if change == "dismiss":
        row.dismissed_at, row.pull_at = min(at, now), None
    else:
        if change == "create" or detail == "change_owner":
            row.changed_at = max(at, row.changed_at or at)
        if row.pull_at is None or row.pull_at <= now:
            row.pull_at = now + LAG
    session.flush()


def due(session: Session, *, now: datetime, limit: int = 50) -> list[str]:
    """The chat_ids of groups that have to be looked at, those that wait longest first."""
    query = select(CustomerGroup.chat_id).where(CustomerGroup.pull_at <= now)
    return list(session.scalars(query.order_by(CustomerGroup.pull_at).limit(limit)))


def take_in(session: Session, vault: Vault, told: Told, *, asked_at: datetime, now: datetime) -> CustomerGroup:
    """Write down what the platform answered to a question of `asked_at`, and whose the group is by it."""
    note(session, told.chat_id, now=now)
    row = _locked(session, told.chat_id)
    assert row is not None  # noqa: S101 - it was just made sure of
    row.name, row.owner, row.members = told.name[:128], told.owner.lower()[:64], told.members
    row.version, row.began_at = told.version[:64] or None, told.began_at or row.began_at
    row.join_way_id = _way(session, told.states) or row.join_way_id
    row.pulled_at, row.pulls_failed, row.dismissed_at = asked_at, 0, None
    leader.consider(session, vault, row, now=now)
    row.changed_at = None
    if row.pull_at is not None and row.pull_at <= asked_at:  # what happened meanwhile is later
        row.pull_at = None
    session.flush()
    return row


def failed(session: Session, chat_id: str, *, gone: bool, now: datetime) -> None:
    """The platform did not tell of it. `gone`: it was dismissed; else it is asked again, less and less often."""
    row = _locked(session, chat_id)
    if row is None:
        return
    if gone:
        row.dismissed_at, row.pull_at = row.dismissed_at or now, None
    else:
        row.pull_at = now + BACKOFF[min(row.pulls_failed, len(BACKOFF) - 1)]
        row.pulls_failed += 1
    session.flush()


def look_again(session: Session, chat_ids: Sequence[str], *, now: datetime) -> None:
    """Have these looked at, whatever is known of them."""
    session.execute(
        update(CustomerGroup)
        .where(CustomerGroup.chat_id.in_(chat_ids), CustomerGroup.dismissed_at.is_(None))
        .values(pull_at=now)
        .execution_options(synchronize_session=False)
    )


def failing(session: Session) -> int:
    """How many groups the platform did not tell of when they were looked at last."""
    late = select(func.count()).select_from(CustomerGroup).where(CustomerGroup.pull_at.is_not(None))
    return session.scalar(late.where(CustomerGroup.pulls_failed > 0)) or 0


def unheard_of(session: Session, listed: Iterable[str], *, now: datetime) -> int:
    """Have those looked at that are known and that the platform's list does not name; how many there are."""
    named, after, missing = set(listed), 0, 0
    while rows := session.execute(_living(after)).all():
        ids = [row.id for row in rows if row.chat_id not in named]
        if ids:
            session.execute(
                update(CustomerGroup)
                .where(CustomerGroup.id.in_(ids), CustomerGroup.pull_at.is_(None))
                .values(pull_at=now)
                .execution_options(synchronize_session=False)
            )
        missing, after = missing + len(ids), rows[-1].id
    return missing


def _living(after: int) -> Select[int, str]:
    columns = (CustomerGroup.id, CustomerGroup.chat_id)
    living = select(*columns).where(CustomerGroup.id > after, CustomerGroup.dismissed_at.is_(None))
    return living.order_by(CustomerGroup.id).limit(CHUNK)


def _way(session: Session, states: Sequence[str]) -> int | None:
    """The first of the states that is one of ours."""
    if not states:
        return None
    found = session.execute(select(JoinWay.state, JoinWay.id).where(JoinWay.state.in_(set(states))))
    ours = {row.state: row.id for row in found}
    return next((ours[state] for state in states if state in ours), None)


def _locked(session: Session, chat_id: str) -> CustomerGroup | None:
    query = select(CustomerGroup).where(CustomerGroup.chat_id == chat_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()
