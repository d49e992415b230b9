"""One person, several chats: join them by proof, take them apart by an operator, keep a record of both.

Proof    a one-time code that one chat gave and the other said; or the unionid, which the platform gives for both
Locks    the chat's count of wrong codes, the code's row, then both distributors in the order of their ids, then the
         accounts of whoever is absorbed
Raises   TooManyCodes, SameChat, TwoBooks, NotActive; for operators UnknownPerson, NoSuchAddress, OnlyAddress
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from domain import code as codes
from domain import person as rules
from domain.errors import DomainError
from models.customer import ContactWay, CustomerRelation
from models.distributor import Distributor, Identity
from models.kf import Guest
from models.ledger import LedgerAccount, LedgerPosting
from models.order import Order, Touch
from models.person import IdentityChange, LinkCode, LinkTry
from services import distributor, group
from services.coupon import share
from services.distributor import Address
from services.once import insert_once
from services.vault import Vault

log = logging.getLogger(__name__)

CHAT_OF = {"wecom": "wecom", "openid": "official", "external_userid": "kf"}  # identities that are a chat


class UnknownPerson(DomainError):
    code = "person.unknown"


class NoSuchAddress(DomainError):
    code = "person.no_such_address"


class OnlyAddress(DomainError):
    """Without it nobody could reach him."""

    code = "person.only_address"


@dataclass(frozen=True, slots=True)
class Linked:
    """who: the distributor that both chats now are; absorbed: the code of the one that ended by it."""

    who: Distributor
    given_in: str  # channel
    absorbed: str | None


# ---------------------------------------------------------------------------------------------------------------
# By a code said in both chats


def give_code(
    session: Session, vault: Vault, who: Distributor, channel: str, *, below: Callable[[int], int], now: datetime
) -> str:
    """A fresh code of `who`, good for ten minutes and once; an earlier one of his ends."""
    session.execute(delete(LinkCode).where(LinkCode.distributor_id == who.id))
    code = codes.new(below, rules.CODE_LENGTH)
    row = LinkCode(digest=vault.digest("link", code), distributor_id=who.id, channel=channel)
    row.expires_at, row.used_at = now + rules.GOOD_FOR, None
    session.add(row)
    session.flush()
    return code


def link(session: Session, vault: Vault, address: Address, typed: str, *, now: datetime) -> Linked | None:
    """The writer at `address` says a code that another chat gave: both are one person from now on.

    None for a wrong code, which is counted. Raises TooManyCodes
    """
    tries = _tries(session, vault, address, now)
    row = _code(session, vault, typed, now)
    if row is None:
        tries.wrong += 1
        session.flush()
        return None
    giver = session.get_one(Distributor, row.distributor_id)
    sayer = distributor.find(session, vault, address)
    if sayer is not None and sayer.id == giver.id:
        raise rules.SameChat()
    row.used_at = now
    if sayer is None:
        _require_active(giver)
        _add(session, giver, address.stored(vault), proof="code", now=now)
        group.now_known(session, vault, giver, now=now)
        return Linked(giver, row.channel, None)
    who, absorbed = _merge(session, vault, giver, sayer, proof="code", now=now)
    return Linked(who, row.channel, absorbed.code)


def _tries(session: Session, vault: Vault, address: Address, now: datetime) -> LinkTry:
    """How often this chat has been wrong lately, locked: of many tries at one moment each counts the ones before."""
    mine = {"kind": address.kind, "digest": address.digest(vault)}
    insert_once(session, LinkTry, mine | {"wrong": 0, "since": now})
    query = select(LinkTry).filter_by(**mine).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    if not row.since <= now < row.since + rules.WRONG_WITHIN:  # over, or written by a clock that was turned back
        row.wrong, row.since = 0, now
    if row.wrong >= rules.MOST_WRONG:
        raise rules.TooManyCodes(minutes=math.ceil((row.since + rules.WRONG_WITHIN - now) / timedelta(minutes=1)))
    if row.wrong == 0:
        row.since = now
    return row


def _code(session: Session, vault: Vault, typed: str, now: datetime) -> LinkCode | None:
    normal = codes.normalise(typed)
    if normal is None:
        return None
    query = select(LinkCode).where(LinkCode.digest == vault.digest("link", normal)).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return None if row is None or row.used_at is not None or row.expires_at <= now else row


def _require_active(*people: Distributor) -> None:
    if any(who.status not in ("active", "review") for who in people):
        raise rules.NotActive()


def _add(session: Session, who: Distributor, stored: dict[str, Any], *, proof: str, now: datetime) -> None:
    """A new address of his; IntegrityError where somebody has joined from it at this moment."""
    session.add(Identity(distributor_id=who.id, created_at=now, **stored))
    _record(session, "linked", stored["kind"], stored["digest"], None, who.id, proof, now=now)
    session.flush()


def _merge(
    session: Session, vault: Vault, giver: Distributor, sayer: Distributor, *, proof: str, now: datetime
) -> tuple[Distributor, Distributor]:
    """All addresses of the one without books move to the other; who goes on, and who ended."""
    pair = sorted((giver.id, sayer.id))
    rows = select(Distributor).where(Distributor.id.in_(pair)).order_by(Distributor.id).with_for_update()
    session.scalars(rows.execution_options(populate_existing=True)).all()
    _require_active(giver, sayer)
    accounts = select(LedgerAccount.id).where(LedgerAccount.distributor_id.in_(pair)).order_by(LedgerAccount.id)
    session.scalars(accounts.with_for_update()).all()  # whoever books something for them waits for us, or we for him
    giver_goes_on = rules.keeps_books(giver=has_books(session, giver.id), sayer=has_books(session, sayer.id))
    who, absorbed = (giver, sayer) if giver_goes_on else (sayer, giver)
    for identity in session.scalars(select(Identity).where(Identity.distributor_id == absorbed.id)).all():
        identity.distributor_id = who.id
        _record(session, "merged", identity.kind, identity.digest, absorbed.id, who.id, proof, now=now)
    session.execute(update(Touch).where(Touch.distributor_id == absorbed.id).values(distributor_id=who.id))
    mine = CustomerRelation.distributor_id == absorbed.id
    session.execute(update(CustomerRelation).where(mine).values(distributor_id=who.id))
    session.execute(update(ContactWay).where(ContactWay.owner_id == absorbed.id).values(owner_id=who.id))
    share.hand_over(session, absorbed.id, who.id)
    who.told_name = who.told_name or absorbed.told_name
    who.directory_name = who.directory_name or absorbed.directory_name
    absorbed.status = "departed"
    session.flush()
    group.succeed(session, vault, absorbed, who, now=now)
    log.info("two are one", extra={"event": "person.merged", "distributor": who.id, "absorbed": absorbed.id})
    return who, absorbed


def has_books(session: Session, number: int) -> bool:
    """Whether anything of his would be lost: orders, postings, people whom he invited."""
    mine = select(LedgerAccount.id).where(LedgerAccount.distributor_id == number)
    something = or_(
        exists().where(Order.distributor_id == number),
        exists().where(LedgerPosting.account_id.in_(mine)),
        exists().where(Distributor.inviter_id == number),
    )
    return bool(session.scalar(select(something)))


# ---------------------------------------------------------------------------------------------------------------
# By the unionid


def learn_union(
    session: Session, vault: Vault, kind: str, digest: str, sealed: str | None, unionid: str, *, now: datetime
) -> None:
    """What the platform says of a chat: the identity of this kind and digest, and this unionid, are one person.

    sealed   the identity itself, for one that is nobody's yet
    """
    stored: dict[str, Any] = {"kind": "unionid", "digest": vault.digest("unionid", unionid)}
    stored |= {"sealed": vault.seal(unionid), "plain": None}
    here = _owner(session, kind, digest)
    there = _owner(session, "unionid", stored["digest"])
    if here is not None and there is None:
        _add(session, here, stored, proof="unionid", now=now)
    elif here is None and there is not None:
        if sealed is not None and there.status in ("active", "review"):
            chat = {"kind": kind, "digest": digest, "sealed": sealed, "plain": None}
            _add(session, there, chat, proof="unionid", now=now)
    elif here is not None and there is not None and here.id != there.id:
        try:
            with session.begin_nested():
                _merge(session, vault, there, here, proof="unionid", now=now)
        except DomainError as refusal:  # the merchant decides; both go on as they are
            ids = {"event": "person.apart", "distributors": [here.id, there.id], "why": refusal.code}
            log.warning("one person, two books", extra=ids)


def _owner(session: Session, kind: str, digest: str) -> Distributor | None:
    mine = select(Distributor).join(Identity, Identity.distributor_id == Distributor.id)
    return session.scalars(mine.where(Identity.kind == kind, Identity.digest == digest)).one_or_none()


# ---------------------------------------------------------------------------------------------------------------
# What is known, and taking it apart again


@dataclass(frozen=True, slots=True)
class Chat:
    """channel: wecom, official or kf; since: when the address became his."""

    channel: str
    since: datetime


def chats(session: Session, who: Distributor) -> list[Chat]:
    """Where he can write to the assistant; a customer who has never been in the 微信客服 has no chat there."""
    query = select(Identity, Guest.id).outerjoin(Guest, Guest.digest == Identity.digest)
    rows = session.execute(query.where(Identity.distributor_id == who.id).order_by(Identity.id))
    return [
        Chat(CHAT_OF[row.kind], row.created_at)
        for row, been in rows
        if row.kind in CHAT_OF and (row.kind != "external_userid" or been is not None)
    ]


def changes(session: Session, who: Distributor) -> list[IdentityChange]:
    about = or_(IdentityChange.from_id == who.id, IdentityChange.to_id == who.id)
    return list(session.scalars(select(IdentityChange).where(about).order_by(IdentityChange.id)))


def split(
    session: Session,
    code: str,
    channel: Literal["wecom", "official", "kf"],
    *,
    operator: str,
    reason: str,
    now: datetime,
) -> tuple[Distributor, Distributor | None]:
    """Take a chat away from a distributor: from whom, and to whom it went back (None: its writer joins anew).

    The newest address of that channel is meant. What came from a distributor who ended by the merge goes back to him,
    and he goes on.
    """
    if (who := distributor.find_by_code(session, code)) is None:
        raise UnknownPerson(typed=code)
    locked = select(Distributor).where(Distributor.id == who.id).with_for_update()
    session.scalars(locked.execution_options(populate_existing=True)).one()
    rows = select(Identity).where(Identity.distributor_id == who.id).order_by(Identity.id)
    all_chats = [row for row in session.scalars(rows) if row.kind in CHAT_OF]
    mine = [row for row in all_chats if CHAT_OF[row.kind] == channel]
    if not mine:
        raise NoSuchAddress(typed=code)
    if len(all_chats) == 1:
        raise OnlyAddress(typed=code)
    identity = max(mine, key=lambda row: (_moved(session, row), row.id))
    back = _came_from(session, identity, who)
    _record(
        session, "split", identity.kind, identity.digest, who.id, back.id if back else None,
        f"operator:{operator}"[:32], reason=reason, now=now,
    )  # fmt: skip
    if back is None:
        session.delete(identity)
    else:
        identity.distributor_id = back.id
        back.status = "active" if back.status == "departed" else back.status
    session.flush()
    return who, back


def _moved(session: Session, identity: Identity) -> int:
    """The number of its latest change; 0 for one that he joined with."""
    mine = (IdentityChange.identity_kind == identity.kind, IdentityChange.identity_digest == identity.digest)
    return session.scalar(select(func.max(IdentityChange.id)).where(*mine)) or 0


def _came_from(session: Session, identity: Identity, who: Distributor) -> Distributor | None:
    last = session.get(IdentityChange, _moved(session, identity))
    if last is None or last.what != "merged" or last.to_id != who.id or last.from_id is None:
        return None
    return session.get_one(Distributor, last.from_id)


def _record(
    session: Session,
    what: str,
    kind: str,
    digest: str,
    from_id: int | None,
    to_id: int | None,
    proof: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    row = IdentityChange(what=what, identity_kind=kind, identity_digest=digest, from_id=from_id, to_id=to_id)
    row.proof, row.reason, row.at = proof, reason, now
    session.add(row)
