"""The merchant's pushes to many: one text to everybody, to a role or to a level, page by page.

A page is the next thousand of the chosen, by id. Those who do not want it are passed over; who has quiet hours of his
own, another chat than the app, or no room left in his own budget is told by a message of his own; the others are one
call. The page and how far the push has come are one transaction, so that nobody is told twice and nobody is left out.

Raises   UnknownPush, NobodyIsThat (a role or level that does not exist), Invalid (a text that is no message)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from domain.errors import DomainError, Invalid
from domain.push import NOTHING_CHOSEN, Hours, may_go
from domain.text import LIMIT
from models.distributor import Distributor
from models.push import Announcement
from models.rollup import Rollup
from services import distributor, message, plan
from services.distributor import Address
from services.message import Push
from services.push.choice import choices_of

KIND = "news"
LARGEST_PAGE = 1000  # receivers of one message/send
# A member's own budget keeps five a minute and fifty an hour clear of the platform's; pushes to many live there.
MOST_AT_ONCE = ((4, timedelta(seconds=60)), (40, timedelta(seconds=3600)))


class UnknownPush(DomainError):
    code = "push.unknown"


class NobodyIsThat(DomainError):
    code = "push.nobody"


def create(
    session: Session, text: str, *, role: str | None, level: str | None, now: datetime
) -> tuple[Announcement, int]:
    """A new push, which goes on by itself, and how many people are chosen now."""
    text = text.strip()
    if not text:
        raise Invalid([("text", "内容是空的")])
    if len(text.encode()) > LIMIT:
        raise Invalid([("text", f"最多 {LIMIT} 字节（约 {LIMIT // 3} 个汉字），现在 {len(text.encode())} 字节")])
    level = _level(session, level, now) if level is not None else None
    row = Announcement(text=text, role=role, level=level, state="open", after=0, due_at=now, created_at=now)
    row.sent = row.muted = row.alone = row.unreached = 0
    count = session.scalar(_chosen(row).with_only_columns(func.count(), maintain_column_froms=True)) or 0
    if not count:
        raise NobodyIsThat(role=role, level=level)
    session.add(row)
    session.flush()
    return row, count


def _level(session: Session, name: str, now: datetime) -> str:
    """The id of a level that is named by id or title."""
    version = plan.in_force(session, now)
    levels = version.plan.levels if version is not None else ()
    found = next((one.id for one in levels if name in (one.id, one.title)), None)
    if found is None:
        known = "、".join(f"{one.id}（{one.title}）" for one in levels) or "现在的方案没有等级"
        raise Invalid([("level", f"没有等级「{name}」；有的是：{known}")])
    return found


def get(session: Session, number: int, *, lock: bool = False) -> Announcement:
    query = select(Announcement).where(Announcement.id == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise UnknownPush(number=number)
    return row


def listed(session: Session, limit: int = 20) -> list[Announcement]:
    """The newest first."""
    return list(session.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(limit)))


def stop(session: Session, number: int, *, now: datetime) -> tuple[Announcement, bool]:
    """End a push where it stands, and whether that changed anything; what waits of it is dropped (`is_stopped`)."""
    row = get(session, number, lock=True)
    if row.state != "open":
        return row, False
    row.state, row.closed_at = "stopped", now
    session.flush()
    return row, True


def about(number: int) -> str:
    """What everything that belongs to a push is about; also the lane of its pages."""
    return f"push:{number}"


def is_stopped(session: Session, what: str | None) -> bool:
    """Whether something to send belongs to a push that has been stopped."""
    area, _, number = (what or "").partition(":")
    if area != "push":
        return False
    return session.scalar(select(Announcement.state).where(Announcement.id == int(number))) == "stopped"


# ---------------------------------------------------------------------------------------------------------------
# Going on


def due(session: Session, now: datetime, limit: int = 20) -> list[int]:
    """Pushes that go on now."""
    mine = select(Announcement.id).where(Announcement.state == "open", Announcement.due_at <= now)
    return list(session.scalars(mine.order_by(Announcement.due_at).limit(limit)))


def crowded_until(session: Session, row: Announcement, now: datetime) -> datetime | None:
    """Until when too many other pushes have just gone to the same people."""
    for most, window in MOST_AT_ONCE:
        touched = Announcement.touched_at > now - window, Announcement.touched_at <= now, Announcement.id != row.id
        others = session.scalars(
            select(Announcement.touched_at).where(*touched).order_by(Announcement.touched_at).limit(100)
        )
        times = [at for at in others if at is not None]
        if len(times) >= most:
            return times[len(times) - most] + window
    return None


def pass_page(
    session: Session, row: Announcement, *, size: int, full: Full, quiet: Hours | None, now: datetime
) -> list[str] | None:
    """Pass the next page: the userids to be told by one call; messages of their own are queued here.

    None where everybody has been passed: the push is done then. The caller holds the push's lane.
    """
    people = list(session.scalars(_chosen(row).where(Distributor.id > row.after).order_by(Distributor.id).limit(size)))
    if not people:
        row.state, row.closed_at = "done", now
        session.flush()
        return None
    wants = choices_of(session, people)
    listening = [person for person in people if KIND not in wants.get(person, NOTHING_CHOSEN).off(now)]
    addresses = distributor.address_of_each(session, listening)
    members = {person: found.sender for person, found in addresses.items() if found.channel == "wecom"}
    crowded = full(session, [message.lane_of_member(userid) for userid in members.values()])
    together = [
        person
        for person, userid in members.items()
        if message.lane_of_member(userid) not in crowded
        and may_go(KIND, wants.get(person, NOTHING_CHOSEN), quiet, now) == "go"
    ]
    on_their_own = [person for person in addresses if person not in set(together)]
    for person in on_their_own:
        _tell_alone(session, row, person, addresses[person], now)
    row.muted += len(people) - len(listening)
    row.alone += len(on_their_own)
    row.unreached += len(listening) - len(addresses)
    row.after = people[-1]
    session.flush()
    return [members[person] for person in together]


Full = Callable[[Session, list[str]], set[str]]  # of these lanes those whose own budget is spent


def _chosen(row: Announcement) -> Select[int]:
    query = select(Distributor.id).where(Distributor.status == "active")
    if row.role is not None:
        query = query.where(Distributor.role == row.role)
    if row.level is not None:
        query = query.join(Rollup, Rollup.distributor_id == Distributor.id).where(Rollup.level == row.level)
    return query


def _tell_alone(session: Session, row: Announcement, person: int, address: Address, now: datetime) -> None:
    lane, what = message.lane_of(address.channel, address.sender), about(row.id)
    push, body = Push(KIND, person, what), {"content": row.text}
    message.queue(session, key=f"{what}:{person}", lane=lane, kind="text", body=body, now=now, push=push)


def record(session: Session, number: int, *, sent: int, unreached: int, now: datetime) -> None:
    """What became of a page."""
    counts = {"sent": Announcement.sent + sent, "unreached": Announcement.unreached + unreached, "touched_at": now}
    mine = update(Announcement).where(Announcement.id == number).values(**counts)
    session.execute(mine, execution_options={"synchronize_session": False})
