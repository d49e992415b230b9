"""The books: post entries and read balances. The only writer of the ledger tables.

Units    Money in fen; on accounts for points so many whole points
Raises   NotCovered where a guarded balance would fall below zero, IdempotencyConflict for a reused key
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from domain import ledger as rules
from domain.errors import IdempotencyConflict
from domain.money import ZERO, Money
from models.base import MoneyFen, table_of
from models.bulk import insert_many
from models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from models.prepared import Prepared
from services.once import insert_new

PURPOSES: tuple[rules.Purpose, ...] = ("pending", "available", "withdrawing")


_ACCOUNT = table_of(LedgerAccount).c
_CHANGE_BY = update(table_of(LedgerAccount)).where(_ACCOUNT.id == bindparam("account_id"))
_CHANGE_BY = _CHANGE_BY.values(balance=_ACCOUNT.balance + bindparam("change", type_=MoneyFen()))
_CHANGE = Prepared(_CHANGE_BY)
_CHANGE_COVERED = Prepared(_CHANGE_BY.where(_ACCOUNT.balance >= bindparam("least", type_=MoneyFen())))


@dataclass(frozen=True, slots=True)
class Balances:
    pending: Money
    available: Money
    withdrawing: Money


NOTHING = Balances(ZERO, ZERO, ZERO)


def open_accounts(session: Session, distributor_id: int) -> None:
    """The three accounts of a new distributor, at zero."""
    session.execute(
        insert(LedgerAccount),
        [
            {
                "name": rules.of_distributor(distributor_id, purpose).name,
                "distributor_id": distributor_id,
                "purpose": purpose,
                "balance": ZERO,
            }
            for purpose in PURPOSES
        ],
    )


def post(session: Session, entry: rules.Entry, *, now: datetime) -> int:
    """Book `entry` once and return its id; the same key with the same content returns the first booking.

    Balances are changed by guarded updates in the order of the accounts' ids, so that two entries that touch the same
    accounts wait for each other instead of deadlocking.
    """
    values = {"key": entry.key, "kind": entry.kind, "digest": entry.digest, "at": now}
    entry_id = insert_new(session, LedgerEntry, values)
    if entry_id is None:
        ((booked_id, digest),) = _BOOKED.all(session, {"key": entry.key})
        if digest != entry.digest:
            raise IdempotencyConflict(key=entry.key)
        return int(booked_id)

    ids = _account_ids(session, entry)
    for leg in sorted(entry.legs, key=lambda leg: ids[leg.account.name]):
        if leg.account.owner is not None:
            _change_balance(session, ids[leg.account.name], leg, may_overdraw=entry.may_overdraw)
    _POST.run_many(
        session,
        [{"entry_id": entry_id, "account_id": ids[leg.account.name], "amount": leg.amount} for leg in entry.legs],
    )
    return entry_id


_ENTRY = table_of(LedgerEntry).c
_BOOKED = Prepared(select(_ENTRY.id, _ENTRY.digest).where(_ENTRY.key == bindparam("key")))
_POST = Prepared(insert(table_of(LedgerPosting)).inline(), ("entry_id", "account_id", "amount"))


def _account_ids(session: Session, entry: rules.Entry) -> dict[str, int]:
    accounts = {leg.account.name: leg.account for leg in entry.legs}
    ids = _find_accounts(session, list(accounts))
    missing = accounts.keys() - ids.keys()
    if any(accounts[name].owner is not None for name in missing):
        raise LookupError(f"accounts that were never opened: {sorted(missing)}")
    for name in sorted(missing):
        _open_house(session, accounts[name])
    return ids if not missing else _find_accounts(session, list(accounts))


def _find_accounts(session: Session, names: list[str]) -> dict[str, int]:
    found = _accounts(len(names)).all(session, {f"name_{place}": name for place, name in enumerate(names)})
    return {row[0]: row[1] for row in found}


@lru_cache
def _accounts(count: int) -> Prepared:
    """The ids of so many accounts, by name."""
    names: list[BindParameter[str]] = [bindparam(f"name_{place}") for place in range(count)]
    return Prepared(select(_ACCOUNT.name, _ACCOUNT.id).where(_ACCOUNT.name.in_(names)))


def _open_house(session: Session, account: rules.Account) -> None:
    """An account of the house comes into being with its first entry; another transaction may be quicker."""
    try:
        with session.begin_nested():
            session.execute(insert(LedgerAccount).values(name=account.name, purpose=account.purpose, balance=None))
    except IntegrityError:
        if not _find_accounts(session, [account.name]):
            raise


def _change_balance(session: Session, account_id: int, leg: rules.Leg, *, may_overdraw: bool) -> None:
    guarded = leg.amount < ZERO and not (may_overdraw and leg.account.purpose in rules.MAY_OVERDRAW)
    values = {"account_id": account_id, "change": leg.amount, "least": -leg.amount}
    if (_CHANGE_COVERED if guarded else _CHANGE).run(session, values) != 1:
        raise rules.NotCovered(account=leg.account.name, amount=leg.amount)


def give_many(session: Session, key: str, kind: str, amounts: Mapping[int, Money], *, now: datetime) -> None:
    """Book what many distributors get at once, from the cost of commission to what they can take: one entry, once.

    amounts  by distributor, none of them zero
    """
    cost = rules.house(rules.COMMISSION_COST)
    moves = [(cost, rules.of_distributor(who, "available"), amount) for who, amount in amounts.items()]
    entry = rules.entry(key, kind, moves)
    values = {"key": key, "kind": kind, "digest": entry.digest, "at": now}
    entry_id = insert_new(session, LedgerEntry, values)
    if entry_id is None:
        ((_, digest),) = _BOOKED.all(session, {"key": key})
        if digest != entry.digest:
            raise IdempotencyConflict(key=key)
        return
    mine = LedgerAccount.purpose == "available", LedgerAccount.distributor_id.in_(amounts)
    found = select(LedgerAccount.distributor_id, LedgerAccount.id).where(*mine).order_by(LedgerAccount.id)
    accounts = {row.distributor_id: row.id for row in session.execute(found.with_for_update())}
    if missing := amounts.keys() - accounts.keys():
        raise LookupError(f"accounts that were never opened: {sorted(missing)}")
    house = next(leg.amount for leg in entry.legs if leg.account == cost)
    (cost_id,) = _house_ids(session, [cost])
    posted = [(entry_id, accounts[who], amount) for who, amount in amounts.items()]
    insert_many(session, table_of(LedgerPosting), _POSTED, [*posted, (entry_id, cost_id, house)])
    _CREDIT.run(session, {"entry_id": entry_id})


_POSTED = ("entry_id", "account_id", "amount")
_LEG = table_of(LedgerPosting).c
_CREDIT = Prepared(  # every distributor's account by what an entry has posted to it
    update(table_of(LedgerAccount))
    .where(_LEG.entry_id == bindparam("entry_id"), _LEG.account_id == _ACCOUNT.id, _ACCOUNT.distributor_id.is_not(None))
    .values(balance=_ACCOUNT.balance + _LEG.amount)
)


def _house_ids(session: Session, accounts: list[rules.Account]) -> list[int]:
    found = _find_accounts(session, [account.name for account in accounts])
    for account in accounts:
        if account.name not in found:
            _open_house(session, account)
            found |= _find_accounts(session, [account.name])
    return [found[account.name] for account in accounts]


def open_points(session: Session, distributor_id: int) -> None:
    """The account for points comes into being with the first ones."""
    account = rules.of_distributor(distributor_id, "points")
    values = {"name": account.name, "distributor_id": distributor_id, "purpose": "points", "balance": ZERO}
    insert_new(session, LedgerAccount, values)


def points(session: Session, distributor_id: int) -> int:
    """How many points he has."""
    query = select(LedgerAccount.balance).where(
        LedgerAccount.distributor_id == distributor_id, LedgerAccount.purpose == "points"
    )
    found = session.scalar(query)
    return 0 if found is None else found.fen


def balances(session: Session, distributor_id: int) -> Balances:
    """What a distributor has; zero on accounts that were never opened."""
    return of_accounts(_BALANCES.all(session, {"id": distributor_id}))


def available_of_each(session: Session, ids: Collection[int]) -> dict[int, Money]:
    """What many can take, by distributor."""
    query = select(LedgerAccount.distributor_id, LedgerAccount.balance).where(
        LedgerAccount.distributor_id.in_(ids), LedgerAccount.purpose == "available"
    )
    return {row.distributor_id: row.balance or ZERO for row in session.execute(query)}


def of_accounts(rows: Iterable[Sequence[Any]]) -> Balances:
    """From the purposes and balances of one distributor's accounts."""
    found: dict[str, Money] = {row[0]: row[1] for row in rows}
    return Balances(*(found.get(purpose) or ZERO for purpose in PURPOSES))


_BALANCES = Prepared(select(_ACCOUNT.purpose, _ACCOUNT.balance).where(_ACCOUNT.distributor_id == bindparam("id")))


@dataclass(frozen=True, slots=True)
class Difference:
    """An account, entry or sum that does not add up. Of points a Money is so many points."""

    what: str
    expected: Money
    found: Money
    unit: Literal["yuan", "points"] = "yuan"

    def said(self, amount: Money) -> str:
        """An amount of it: yuan, or a number of points."""
        return f"{amount.fen} 分积分" if self.unit == "points" else amount.yuan


def verify(session: Session) -> list[Difference]:
    """Every place where the books do not add up; empty when they do.

    Entries sum to zero and move either yuan or points, accounts equal their postings, only `available` (and points that
    were taken back) is below zero, withdrawing equals the open requests' reserve by construction of its postings.
    """
    differences = [
        Difference(f"entry {row.key}", ZERO, row.total or ZERO)
        for row in session.execute(
            select(LedgerEntry.key, func.sum(LedgerPosting.amount).label("total"))
            .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id, isouter=True)
            .group_by(LedgerEntry.id, LedgerEntry.key)
            .having(or_(func.sum(LedgerPosting.amount) != ZERO, func.count(LedgerPosting.id) == 0))
        )
    ]
    posted = (
        select(LedgerPosting.account_id, func.sum(LedgerPosting.amount).label("total"))
        .group_by(LedgerPosting.account_id)
        .subquery()
    )
    sums = func.coalesce(posted.c.total, literal(ZERO, MoneyFen()))
    rows = session.execute(
        select(LedgerAccount.name, LedgerAccount.purpose, LedgerAccount.balance, sums.label("total"))
        .join(posted, posted.c.account_id == LedgerAccount.id, isouter=True)
        .where(
            LedgerAccount.distributor_id.is_not(None),
            or_(LedgerAccount.balance.is_(None), LedgerAccount.balance != sums, _below_zero()),
        )
    )
    differences += [
        Difference(
            row.name,
            row.total,
            ZERO if row.balance is None else row.balance,
            "points" if row.purpose == "points" else "yuan",
        )
        for row in rows
    ]
    return differences + [Difference(f"entry {key} of yuan and points", ZERO, sum_) for key, sum_ in _mixed(session)]


def _mixed(session: Session) -> list[tuple[str, Money]]:
    """Entries that move points and money: yuan and points would make up for each other. With their sum of points."""
    points, other = aliased(LedgerPosting), aliased(LedgerPosting)
    of_points = select(LedgerAccount.id).where(LedgerAccount.purpose.in_(rules.OF_POINTS))
    query = (
        select(LedgerEntry.key, func.sum(points.amount))
        .join(points, points.entry_id == LedgerEntry.id)
        .where(
            points.account_id.in_(of_points),
            exists().where(other.entry_id == LedgerEntry.id, other.account_id.not_in(of_points)),
        )
        .group_by(LedgerEntry.key)
    )
    return [(key, total) for key, total in session.execute(query)]


def _below_zero() -> ColumnElement[bool]:
    return and_(LedgerAccount.balance < ZERO, LedgerAccount.purpose.not_in(rules.MAY_OVERDRAW))
