"""Group leaders (团长): whose a group is, since when, and what changes it.

Every change is a row of its history, from a second on; an order is judged by the second of its payment.

Locks    the group's row; where a person's role changes, his row before it
Raises   UnknownGroup, NotALeader, Invalid (a time that cannot be)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from domain import group as rules
from domain.errors import Invalid
from domain.group import NotALeader, UnknownGroup
from models.distributor import Distributor, Identity
from models.group import CustomerGroup, GroupLeadership, JoinWay
from services.vault import Vault


def find(session: Session, chat_id: str) -> CustomerGroup:
    found = session.scalars(select(CustomerGroup).where(CustomerGroup.chat_id == chat_id)).one_or_none()
    if found is None:
        raise UnknownGroup(chat_id=chat_id)
    return found


def exists(session: Session, group_id: int) -> bool:
    return session.scalar(select(CustomerGroup.id).where(CustomerGroup.id == group_id)) is not None


def names(session: Session, chat_ids: Sequence[str]) -> list[str]:
    """What the groups are called, in this order."""
    rows = session.scalars(select(CustomerGroup).where(CustomerGroup.chat_id.in_(chat_ids)))
    called = {row.chat_id: row.shown_name for row in rows}
    return [called[chat_id] for chat_id in chat_ids if chat_id in called]


def of_leaders(
    session: Session, leaders: Sequence[int] | None, after: int = 0, limit: int = 500
) -> list[CustomerGroup]:
    """The living groups of these leaders, or of all (None), by id."""
    query = select(CustomerGroup).where(CustomerGroup.id > after, CustomerGroup.dismissed_at.is_(None))
    query = query.where(
        CustomerGroup.leader_id.is_not(None) if leaders is None else CustomerGroup.leader_id.in_(leaders)
    )
    return list(session.scalars(query.order_by(CustomerGroup.id).limit(limit)))


def listed(
    session: Session, *, leader: Distributor | None = None, after: int = 0, limit: int = 100
) -> list[tuple[CustomerGroup, Distributor | None]]:
    """Groups and their leaders, those that were dismissed left out."""
    query = select(CustomerGroup, Distributor).outerjoin(Distributor, Distributor.id == CustomerGroup.leader_id)
    query = query.where(CustomerGroup.id > after, CustomerGroup.dismissed_at.is_(None))
    if leader is not None:
        query = query.where(CustomerGroup.leader_id == leader.id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(CustomerGroup.id).limit(limit))]


def led_by(session: Session, who: Distributor, limit: int = 50) -> list[CustomerGroup]:
    """The groups that are his now."""
    mine = select(CustomerGroup).where(CustomerGroup.leader_id == who.id, CustomerGroup.dismissed_at.is_(None))
    return list(session.scalars(mine.order_by(CustomerGroup.id).limit(limit)))


def history(
    session: Session, row: CustomerGroup, limit: int = 20
) -> list[tuple[datetime, Distributor | None, str | None]]:
    """Since when it was whose, and why, newest first."""
    query = select(GroupLeadership, Distributor).outerjoin(
        Distributor, Distributor.id == GroupLeadership.distributor_id
    )
    query = query.where(GroupLeadership.group_id == row.id).order_by(GroupLeadership.since.desc()).limit(limit)
    return [(entry.since, who, entry.leads_by) for entry, who in session.execute(query)]


def changes(session: Session) -> int:
    """How often a group has become somebody else's, all of them together."""
    return session.scalar(select(func.count()).select_from(GroupLeadership)) or 0


def assign(
    session: Session, chat_id: str, who: Distributor, *, at: datetime | None = None, now: datetime
) -> tuple[CustomerGroup, bool]:
    """Give a group to a leader by the merchant's word, from `at` on; whether that changed anything."""
    if who.role != rules.LEADER:
        raise NotALeader(code=who.code, name=who.nickname)
    row = _locked(session, find(session, chat_id).id)
    if (row.leader_id, row.leads_by) == (who.id, "operator"):
        return row, False
    if at is not None:
        if at > now:
            raise Invalid([("at", "不能晚于现在")])
        latest = _latest(session, row)
        if latest is not None and at < latest:
            raise Invalid([("at", f"不能早于上一次变更的时间 {latest.isoformat()}")])
    _write(session, row, rules.Leads(who.id, "operator"), (at or now).replace(microsecond=0), now)
    return row, True


def release(session: Session, vault: Vault, chat_id: str, *, now: datetime) -> tuple[CustomerGroup, bool]:
    """Take the merchant's word back: the group is again whose it is by owner or code."""
    row = _locked(session, find(session, chat_id).id)
    if row.leads_by != "operator":
        return row, False
    row.leads_by = None
    consider(session, vault, row, now=now)
    return row, True


def consider(session: Session, vault: Vault, row: CustomerGroup, *, now: datetime) -> None:
    """Whose the group is by what is known of it now; written to its history where that is somebody else."""
    found = rules.leads(
        assigned=row.leader_id if row.leads_by == "operator" else None,
        owner=_owner(session, vault, row.owner),
        way=_of_way(session, row.join_way_id),
    )
    last = _latest(session, row)
    if found.distributor == row.leader_id and last is not None:
        row.leads_by = found.by  # the same person for another reason is no change of whose it is
        return
    since = rules.since(now=now, began_at=row.began_at, changed_at=row.changed_at, last=last)
    _write(session, row, found, since, now)


def reconsider(session: Session, vault: Vault, groups: Iterable[int], *, now: datetime) -> None:
    """The same for several, by id."""
    for group_id in sorted(groups):
        consider(session, vault, _locked(session, group_id), now=now)


def set_role(session: Session, vault: Vault, who: Distributor, role: str, *, now: datetime) -> bool:
    """Make somebody a leader (团长), or anything else, from now on; the groups that are his by it change with him."""
    query = select(Distributor).where(Distributor.id == who.id).with_for_update()
    who = session.scalars(query.execution_options(populate_existing=True)).one()
    if who.role == role:
        return False
    was, who.role = who.role, role
    session.flush()
    if rules.LEADER in (was, role):
        concerned = concerned_by(session, who)
        for row in session.scalars(select(CustomerGroup).where(CustomerGroup.id.in_(concerned))):
            if row.leader_id == who.id and row.leads_by == "operator":
                row.leads_by = None
        reconsider(session, vault, concerned, now=now)
    return True


def now_known(session: Session, vault: Vault, who: Distributor, *, now: datetime) -> None:
    """He is known by one more address: the groups that its member owns may be his by it."""
    if who.role == rules.LEADER:
        reconsider(session, vault, concerned_by(session, who), now=now)


def succeed(session: Session, vault: Vault, absorbed: Distributor, who: Distributor, *, now: datetime) -> None:
    """Two have turned out to be one person: who goes on has the other's role, codes and groups."""
    if absorbed.role != rules.LEADER:
        now_known(session, vault, who, now=now)
        return
    concerned = concerned_by(session, absorbed)
    who.role, absorbed.role = rules.LEADER, "member"
    session.flush()
    ways = select(JoinWay).where(JoinWay.distributor_id == absorbed.id)
    for way in session.scalars(ways):
        way.distributor_id = who.id
    session.flush()
    for group_id in sorted(concerned | concerned_by(session, who)):
        row = _locked(session, group_id)
        if row.leader_id == absorbed.id and row.leads_by == "operator":
            _write(session, row, rules.Leads(who.id, "operator"), now.replace(microsecond=0), now)
        else:
            consider(session, vault, row, now=now)


def concerned_by(session: Session, who: Distributor) -> set[int]:
    """The groups that he has, or would have if he were a leader."""
    userids = select(Identity.plain).where(Identity.distributor_id == who.id, Identity.kind == "wecom")
    ways = select(JoinWay.id).where(JoinWay.distributor_id == who.id)
    his = or_(CustomerGroup.leader_id == who.id, CustomerGroup.owner.in_(userids), CustomerGroup.join_way_id.in_(ways))
    return set(session.scalars(select(CustomerGroup.id).where(his)))


def _owner(session: Session, vault: Vault, userid: str | None) -> rules.Candidate | None:
    if userid is None:
        return None
    mine = Identity.kind == "wecom", Identity.digest == vault.digest("wecom", userid)
    query = select(Distributor.id, Distributor.role).join(Identity, Identity.distributor_id == Distributor.id)
    return _candidate(session.execute(query.where(*mine)).one_or_none())


def _of_way(session: Session, way_id: int | None) -> rules.Candidate | None:
    if way_id is None:
        return None
    query = select(Distributor.id, Distributor.role).join(JoinWay, JoinWay.distributor_id == Distributor.id)
    return _candidate(session.execute(query.where(JoinWay.id == way_id)).one_or_none())


def _candidate(row: object) -> rules.Candidate | None:
    return None if row is None else rules.Candidate(row.id, row.role)  # type: ignore[attr-defined]


def _latest(session: Session, row: CustomerGroup) -> datetime | None:
    mine = select(GroupLeadership.since).where(GroupLeadership.group_id == row.id)
    return session.scalar(mine.order_by(GroupLeadership.since.desc()).limit(1))


def _write(session: Session, row: CustomerGroup, found: rules.Leads, since: datetime, now: datetime) -> None:
    row.leader_id, row.leads_by = found.distributor, found.by
    same = select(GroupLeadership).where(GroupLeadership.group_id == row.id, GroupLeadership.since == since)
    entry = session.scalars(same).one_or_none()  # of two in one second the later one holds
    if entry is None:
        entry = GroupLeadership(group_id=row.id, since=since)
        session.add(entry)
    entry.distributor_id, entry.leads_by, entry.noted_at = found.distributor, found.by, now
    session.flush()


def _locked(session: Session, group_id: int) -> CustomerGroup:
    query = select(CustomerGroup).where(CustomerGroup.id == group_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
