"""Distributors: join, bind, find, the chain above and the team below.

Raises   the refusals of domain.distributor
Locks    whoever gets an inviter is locked together with the inviter and the chain above him, in the order of their
         ids, and everything is read again under the lock: two people who name each other at the same time cannot both
         succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from domain import code as codes
from domain import distributor as rules
from domain.conversation import Channel
from models.base import held, table_of
from models.distributor import Distributor, Identity, Operator
from models.kf import Guest
from models.order import Order
from models.prepared import Prepared
from services import late, ledger
from services.bonus import marks
from services.vault import Vault

JoinMode = Literal["open", "review"]
IDENTITY_OF: dict[Channel, str] = {"wecom": "wecom", "official": "openid", "kf": "external_userid", "robot": "wecom"}

HIDDEN: tuple[Channel, ...] = ("official", "kf")  # whose people are named inside by the digest of their id


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person writes from: a channel and his id there; of the 公众号 and of 微信客服 the digest of his id.

    sealed   that id itself, sealed, where it is known
    """

    channel: Channel
    sender: str
    sealed: str | None = None

    @property
    def kind(self) -> str:
        return IDENTITY_OF[self.channel]

    def digest(self, vault: Vault) -> str:
        return self.sender if self.channel in HIDDEN else vault.digest(self.kind, self.sender)

    def stored(self, vault: Vault) -> dict[str, str | None]:
        """The columns of an identity: how it is found, and the address itself, in the clear only where it may be."""
        plain = self.sender if self.kind == "wecom" else None
        sealed = self.sealed if self.channel in HIDDEN or plain else vault.seal(self.sender)
        return {"kind": self.kind, "digest": self.digest(vault), "sealed": sealed, "plain": plain}


def find(session: Session, vault: Vault, address: Address) -> Distributor | None:
    """The distributor who writes from `address`, in whatever state he is."""
    return _find(session, address.kind, address.digest(vault))


def find_by_identity(session: Session, vault: Vault, kind: str, value: str) -> Distributor | None:
    return _find(session, kind, vault.digest(kind, value))


def _find(session: Session, kind: str, digest: str) -> Distributor | None:
    return session.scalars(
        select(Distributor)
        .join(Identity, Identity.distributor_id == Distributor.id)
        .where(Identity.kind == kind, Identity.digest == digest)
    ).one_or_none()


def find_by_code(session: Session, code: str) -> Distributor | None:
    """The distributor of a code as it was typed: spaces, case and trailing marks do not matter."""
    normal = codes.normalise(code)
    if normal is None:
        return None
    return session.scalars(select(Distributor).where(Distributor.code == normal)).one_or_none()


def find_operator(session: Session, userid: str) -> Operator | None:
    return session.scalars(select(Operator).where(Operator.userid == userid.lower())).one_or_none()


def operators(session: Session) -> list[Operator]:
    return list(session.scalars(select(Operator).order_by(Operator.id)))


def add_operator(session: Session, userid: str, *, name: str, role: str, now: datetime) -> tuple[Operator, bool]:
    """The operator of this userid and whether he is new; name and role of an existing one are changed."""
    if found := find_operator(session, userid):
        found.name, found.role = name, role
        return found, False
    row = Operator(userid=userid.lower(), name=name, role=role, created_at=now)
    session.add(row)
    session.flush()
    return row, True


def wecom_userid(session: Session, distributor_id: int) -> str | None:
    """Where the app can write to him; None where he has no member's account."""
    return session.scalars(
        select(Identity.plain).where(Identity.distributor_id == distributor_id, Identity.kind == "wecom")
    ).first()


def address(session: Session, distributor_id: int) -> Address | None:
    """Where he is written to: the WeCom app, which has no quota, before 公众号 and 微信客服; None: nowhere."""
    found = addresses(session, distributor_id)
    return found[0] if found else None


def addresses(session: Session, distributor_id: int) -> list[Address]:
    """Every chat in which he can be written to, the best first."""
    return [found for _, found in _addresses(session, Identity.distributor_id == distributor_id)]


def address_of_each(session: Session, ids: Collection[int]) -> dict[int, Address]:
    """The `address` of many at once, by distributor; who has none is left out."""
    found: dict[int, Address] = {}
    for who, one in _addresses(session, Identity.distributor_id.in_(ids)):
        found.setdefault(who, one)
    return found


def _addresses(session: Session, whose: ColumnElement[bool]) -> Iterator[tuple[int, Address]]:
    """A customer who has never been in the 微信客服 has no address there."""
    query = select(Identity.distributor_id, Identity.kind, Identity.plain, Identity.digest, Guest.id)
    query = query.outerjoin(Guest, and_(Identity.kind == "external_userid", Guest.digest == Identity.digest))
    query = query.where(whose, Identity.kind.in_(tuple(_CHANNEL_OF)))
    for row in session.execute(query.order_by(Identity.kind.desc(), Identity.id)):
        if row.kind != "external_userid" or row.id is not None:
            sender = row.plain if row.kind == "wecom" else row.digest
            yield row.distributor_id, Address(_CHANNEL_OF[row.kind], sender)


_CHANNEL_OF: dict[str, Channel] = {"wecom": "wecom", "openid": "official", "external_userid": "kf"}


def join(
    session: Session,
    vault: Vault,
    address: Address,
    *,
    inviter_code: str | None,
    mode: JoinMode,
    below: Callable[[int], int],
    now: datetime,
) -> tuple[Distributor, bool]:
    """Make the writer a distributor and return him and whether he is new; joining again gives the same one.

    `below(n)` is a source of uniform ints for his code. A code of nobody is refused and nothing happens.
    """
    inviter = None
    if inviter_code is not None and (inviter := find_by_code(session, inviter_code)) is None:
        raise rules.UnknownCode(code=inviter_code)
    if found := find(session, vault, address):
        if inviter is not None and found.inviter_id != inviter.id:
            bind(session, found, inviter, reason="code", now=now)
        return found, False
    if inviter is not None and inviter.status == "departed":
        raise rules.UnknownCode(code=inviter_code)

    try:
        with session.begin_nested():
            row = Distributor(
                code=_free_code(session, below),
                status="active" if mode == "open" else "review",
                inviter_id=inviter.id if inviter else None,
                inviter_reason="code" if inviter else None,
                invited_at=now.replace(microsecond=0) if inviter else None,
                # From the whole second on: an order's time has no finer grain.
                joined_at=now.replace(microsecond=0),
                created_at=now,
            )
            session.add(row)
            session.flush()
            session.add(Identity(distributor_id=row.id, created_at=now, **address.stored(vault)))
            session.flush()
    except IntegrityError:  # he joined in another transaction at the same moment
        if found := find(session, vault, address):
            return found, False
        raise
    ledger.open_accounts(session, row.id)
    if row.status == "active":
        marks.joined(session, row)
        late.team_changed(session, row, row.joined_at, f"joining:{row.id}", now=now)
    return row, True


def applications(session: Session, limit: int = 100) -> list[Distributor]:
    """Who asked to join and waits for the merchant, oldest first."""
    return list(
        session.scalars(select(Distributor).where(Distributor.status == "review").order_by(Distributor.id).limit(limit))
    )


def count_applications(session: Session) -> int:
    """How many wait for the merchant."""
    return session.scalar(select(func.count()).select_from(Distributor).where(Distributor.status == "review")) or 0


def decide_application(session: Session, number: int, *, accept: bool, now: datetime) -> tuple[Distributor, bool]:
    """Accept or refuse an application, and whether that changed anything; he earns from the second of approval on."""
    query = select(Distributor).where(Distributor.id == number).with_for_update()
    who = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if who is None:
        raise rules.UnknownApplication(number=number)
    if who.status != "review":
        return who, False
    who.status = "active" if accept else "refused"
    who.joined_at = now.replace(microsecond=0)
    session.flush()
    if accept:
        marks.joined(session, who)
        late.team_changed(session, who, who.joined_at, f"joining:{who.id}", now=now)
    return who, True


def bind(session: Session, who: Distributor, inviter: Distributor, *, reason: str, now: datetime) -> None:
    """Give `who` his inviter, once, within 24 hours of joining and before his first order."""
    if who.inviter_id == inviter.id:
        return
    chain = _lock_with_chain(session, who, inviter)

    rules.check_inviter(me=who.id, inviter=inviter.id, inviter_name=inviter.nickname, inviters_upline=chain)
    present = session.get(Distributor, who.inviter_id) if who.inviter_id is not None else None
    rules.check_binding(
        inviter_id=who.inviter_id,
        inviter_name=present.nickname if present else None,
        joined_at=who.joined_at,
        has_sold=has_sold(session, who),
        now=now,
    )
    who.inviter_id, who.inviter_reason, who.invited_at = inviter.id, reason, now.replace(microsecond=0)
    session.flush()
    marks.joined(session, who)
    late.team_changed(session, who, who.invited_at, f"binding:{who.id}", now=now)


def _lock_with_chain(session: Session, who: Distributor, inviter: Distributor) -> list[int]:
    """Lock both and everybody above the inviter; the ids of the latter.

    The chain may grow at its upper end until that end is locked: what was read is locked and read again until nothing
    new is found.
    """
    locked: set[int] = set()
    chain = _whole_chain(session, inviter)
    while not locked.issuperset(wanted := {who.id, inviter.id, *chain}):
        rows = select(Distributor).where(Distributor.id.in_(wanted)).order_by(Distributor.id)
        session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()
        locked = wanted
        chain = _whole_chain(session, inviter)
    return chain


def _whole_chain(session: Session, who: Distributor) -> list[int]:
    """Everybody above him, however many: a loop is one at any length."""
    chain: list[int] = []
    while (part := upline(session, who)) and part[-1].id not in chain:
        chain += [row.id for row in part]
        who = part[-1]
    return chain


def has_sold(session: Session, who: Distributor) -> bool:
    return bool(session.scalar(select(exists().where(Order.distributor_id == who.id))))


def _upline() -> Prepared:
    """The columns of the distributors above one, nearest first."""
    table = table_of(Distributor)
    people = table.c
    chain = select(people.id, people.inviter_id, literal_column("1").label("up"))
    tree = chain.where(people.id == bindparam("inviter_id")).cte("chain", recursive=True)
    above = table.alias().c
    higher = select(above.id, above.inviter_id, tree.c.up + literal_column("1"))
    tree = tree.union_all(higher.where(above.id == tree.c.inviter_id, tree.c.up < rules.DEEPEST_UPLINE))
    return Prepared(select(*people).join_from(table, tree, people.id == tree.c.id).order_by(tree.c.up))


_UPLINE = _upline()


def upline(session: Session, who: Distributor, *, at: datetime | None = None) -> list[Distributor]:
    """The chain of inviters, nearest first, at most DEEPEST_UPLINE of them: one query, whatever its length.

    With `at` as it was then: it ends where nobody had been named yet, and below whoever had not joined yet.
    """
    if who.inviter_id is None or not _was_invited(who, at):
        return []
    found = _UPLINE.all(session, {"inviter_id": who.inviter_id})
    rows = [held(session, Distributor, row) for row in found]
    return rows if at is None else list(_as_it_was(rows, at))


def _as_it_was(chain: Iterable[Distributor], at: datetime) -> Iterator[Distributor]:
    for row in chain:
        if row.joined_at > at or row.status in ("review", "refused"):
            return
        yield row
        if not _was_invited(row, at):
            return


def _was_invited(who: Distributor, at: datetime | None) -> bool:
    return at is None or who.invited_at is None or who.invited_at <= at


@dataclass(frozen=True, slots=True)
class Recruit:
    nickname: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Team:
    """invited: how many he invited himself; joined: of those, how many joined in the period asked about."""

    invited: int
    joined: int | None
    newest: tuple[Recruit, ...]


def team(session: Session, who: Distributor, *, start: datetime | None, end: datetime | None, show: int = 5) -> Team:
    """The people he invited who are active; with a period, how many of them joined in it."""
    mine = and_(Distributor.inviter_id == who.id, Distributor.status.in_(("active", "suspended")))
    invited = session.scalar(select(func.count()).select_from(Distributor).where(mine)) or 0
    joined = None
    if start is not None and end is not None:
        mine = and_(mine, Distributor.joined_at >= start, Distributor.joined_at < end)
        joined = session.scalar(select(func.count()).select_from(Distributor).where(mine)) or 0
    newest = session.scalars(select(Distributor).where(mine).order_by(Distributor.joined_at.desc()).limit(show))
    return Team(invited, joined, tuple(Recruit(row.nickname, row.joined_at) for row in newest))


def learn_name(session: Session, vault: Vault, userid: str, name: str) -> None:
    """Keep the name that WeCom's directory gives a member."""
    if found := find_by_identity(session, vault, "wecom", userid):
        found.directory_name = name.strip()[:64] or None


def _free_code(session: Session, below: Callable[[int], int]) -> str:
    """A code that nobody has. With a million distributors one in 28 tries of six characters meets a taken one."""
    for length in (6, 6, 6, 7, 7, 8, 8, 8):
        code = codes.new(below, length)
        if session.scalar(select(Distributor.id).where(Distributor.code == code)) is None:
            return code
    raise RuntimeError("no free code found in eight tries: the source of randomness does not vary")
