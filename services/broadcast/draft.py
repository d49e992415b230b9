"""Drafting a 群发: who gets it, by which member's confirmation, and who is left out and why.

Nothing is asked of the platform here. Who has had as many 群发 as he may get is left out before the platform is asked:
there he would count as a failure of the member who sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import broadcast as rules
from domain.broadcast import Cap
from models.broadcast import Broadcast, BroadcastTarget, BroadcastTask
from models.distributor import Distributor
from models.group import CustomerGroup
from services.suspension import chunks as id_chunks
from services.vault import Vault

CHUNK = 500
Why = Literal["over_cap", "no_owner", "no_leader", "not_active", "no_customers"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the merchant wants sent. `picture` is a media_id; with `sku` each sends his own poster and link of it.

    ticks   rules of material whose warnings were accepted for it
    """

    text: str
    sku: str | None = None
    link: Mapping[str, str] | None = None
    picture: str | None = None
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receiver:
    """A group by its chat_id, or a customer by his digest; `name` is a group's, `sealed` a customer's id."""

    id: str
    name: str = ""
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What one task says: {"text", "link"?, "picture"?, "poster"?}, JSON values."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One task: whom a member has to confirm it for."""

    sender: str
    who: Distributor | None
    content: Content
    receivers: tuple[Receiver, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`name` of a group, or of the distributor whose customers are meant; `count` of those who are left out."""

    name: str
    why: Why
    count: int = 1


@dataclass(slots=True)
class Draft:
    audience: Literal["group", "single"]
    wish: Wish
    parts: list[Part] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def receivers(self) -> int:
        return sum(len(part.receivers) for part in self.parts)


ContentOf = Callable[[Distributor | None, CustomerGroup | None], Content]


def for_groups(
    session: Session,
    wish: Wish,
    groups: Iterable[CustomerGroup],
    content: ContentOf,
    *,
    in_his_name: bool,
    cap: Cap,
    now: datetime,
) -> Draft:
    """A task for each owner and each content: what differs by leader or by group cannot be one request.

    in_his_name   it bears the leader's code: a group of nobody gets none
    """
    draft = Draft("group", wish)
    rows = list(groups)
    used = _used(session, [row.chat_id for row in rows], cap, now)
    most = rules.allowance(cap, now).most
    leaders = _leaders(session, rows)
    parts: dict[tuple[str, str], tuple[Distributor | None, Content, list[Receiver]]] = {}
    why: Why | None
    for row in rows:
        leader = leaders.get(row.leader_id) if row.leader_id else None
        why = "no_leader" if in_his_name and leader is None else _why_not(row, leader, used.get(row.chat_id, 0), most)
        if why is not None:
            draft.left_out.append(LeftOut(row.shown_name, why))
            continue
        said = content(leader, row)
        _, _, receivers = parts.setdefault((row.owner or "", repr(said.values)), (leader, said, []))
        receivers.append(Receiver(row.chat_id, row.shown_name))
    for (sender, _), (leader, said, receivers) in parts.items():
        for place in range(0, len(receivers), rules.MOST_GROUPS):
            draft.parts.append(Part(sender, leader, said, tuple(receivers[place : place + rules.MOST_GROUPS])))
    return draft


def for_customers(
    session: Session,
    vault: Vault,
    wish: Wish,
    customers: Sequence[tuple[Distributor, str, Sequence[str]]],
    content: ContentOf,
    *,
    cap: Cap,
    now: datetime,
) -> Draft:
    """`customers`: a distributor, his member's userid, the external_userids of his customers."""
    draft = Draft("single", wish)
    most = rules.allowance(cap, now).most
    for who, sender, ids in customers:
        if who.status != "active":
            draft.left_out.append(LeftOut(who.nickname, "not_active"))
            continue
        digests = {vault.digest("external_userid", external): external for external in ids}
        used = _used(session, digests, cap, now)
        free = [digest for digest in digests if used.get(digest, 0) < most]
        if not digests:
            draft.left_out.append(LeftOut(who.nickname, "no_customers"))
        if len(free) < len(digests):
            draft.left_out.append(LeftOut(who.nickname, "over_cap", len(digests) - len(free)))
        said = content(who, None)
        for place in range(0, len(free), rules.MOST_CUSTOMERS):
            chunk = free[place : place + rules.MOST_CUSTOMERS]
            receivers = tuple(Receiver(digest, sealed=vault.seal(digests[digest])) for digest in chunk)
            draft.parts.append(Part(sender, who, said, receivers))
    return draft


def write(session: Session, draft: Draft, *, operator: str, now: datetime) -> Broadcast:
    """Keep the draft as tasks that are due to be asked for. Raises NothingToSend"""
    if not draft.parts:
        raise rules.NothingToSend(left_out=draft.left_out)
    wish = draft.wish
    row = Broadcast(audience=draft.audience, text=wish.text, sku=wish.sku, picture=wish.picture, operator=operator)
    row.link, row.ticks, row.created_at = dict(wish.link) if wish.link else None, list(wish.ticks), now
    session.add(row)
    session.flush()
    for place, part in enumerate(draft.parts, 1):
        task = BroadcastTask(broadcast_id=row.id, place=place, audience=draft.audience, sender=part.sender.lower())
        task.distributor_id = part.who.id if part.who else None
        task.content, task.state, task.due_at, task.reminded = part.content.values, "draft", now, []
        task.targets = task.unsent = len(part.receivers)
        session.add(task)
        session.flush()
        session.add_all(
            BroadcastTarget(task_id=task.id, receiver=one.id, sealed=one.sealed, status=rules.UNSENT, counts_at=now)
            for one in part.receivers
        )
        session.flush()
    return row


def _why_not(row: CustomerGroup, leader: Distributor | None, used: int, most: int) -> Why | None:
    if row.owner is None:
        return "no_owner"
    if leader is not None and leader.status != "active":
        return "not_active"
    return "over_cap" if used >= most else None


def _used(session: Session, receivers: Iterable[str], cap: Cap, now: datetime) -> dict[str, int]:
    """How many of ours each has had, or is to get, in the window that runs now."""
    since = rules.allowance(cap, now).since
    found: dict[str, int] = {}
    wanted = sorted(set(receivers))
    for place in range(0, len(wanted), CHUNK):
        mine = BroadcastTarget.receiver.in_(wanted[place : place + CHUNK])
        waits = BroadcastTarget.counts_at.is_not(None) & (BroadcastTarget.status == rules.UNSENT)
        query = select(BroadcastTarget.receiver, func.count())
        query = query.where(mine, (BroadcastTarget.counts_at >= since) | waits).group_by(BroadcastTarget.receiver)
        for receiver, count in session.execute(query):
            found[receiver] = count
    return found


def _leaders(session: Session, rows: Sequence[CustomerGroup]) -> dict[int, Distributor]:
    found: dict[int, Distributor] = {}
    for chunk in id_chunks(row.leader_id for row in rows if row.leader_id is not None):
        found.update({who.id: who for who in session.scalars(select(Distributor).where(Distributor.id.in_(chunk)))})
    return found
