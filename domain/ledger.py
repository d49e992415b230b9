"""The books as values: account names, entries that sum to zero, transfers and reversals.

Units    Money in fen; a leg is what its account gains: plus credited, minus debited. On accounts for points a Money is
         so many whole points and no money: no entry moves both
Raises   ValueError for an entry that does not sum to zero: a mistake of the program, never of a person

The events and their keys (house style §3):

    accrual:{source}:{order_no}      merchant:commission_cost        → distributor:{id}:pending
    settlement:{run}:{id}            distributor:{id}:pending        → distributor:{id}:available
    withdrawal:{ref}:reserve         distributor:{id}:available      → distributor:{id}:withdrawing
    withdrawal:{ref}:paid            distributor:{id}:withdrawing    → merchant:paid_out
    withdrawal:{ref}:release         distributor:{id}:withdrawing    → distributor:{id}:available
    clawback:{source}:{refund_no}    distributor:{id}:pending or available → merchant:commission_cost
    redecision:{cause}:{order}       merchant:commission_cost        → distributor:{id}:pending or available, or back
    bonus:{as}:{rule}:{id}:{window}:{n}:{change}   merchant:commission_cost → distributor:{id}:available, or back
    bonus:{as}:{rule}:{window}:{batch}             merchant:commission_cost → distributor:…:available, of many at once
    points:{as}:{rule}:{id}:{window}:{n}:{change}  merchant:points_issued → distributor:{id}:points, or back
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from domain.errors import DomainError
from domain.money import ZERO, Money, total

Purpose = Literal["pending", "available", "withdrawing", "points"]
COMMISSION_COST = "commission_cost"
PAID_OUT = "paid_out"
POINTS_ISSUED = "points_issued"
OF_POINTS = ("points", POINTS_ISSUED)
MAY_OVERDRAW = ("available", "points")


class NotCovered(DomainError):
    """A guarded balance would fall below zero."""

    code = "ledger.not_covered"


@dataclass(frozen=True, order=True, slots=True)
class Account:
    """An account of a distributor, or, with `owner` None, one of the merchant's house."""

    owner: int | None
    purpose: str

    @property
    def name(self) -> str:
        return f"merchant:{self.purpose}" if self.owner is None else f"distributor:{self.owner}:{self.purpose}"


def of_distributor(owner: int, purpose: Purpose) -> Account:
    return Account(owner, purpose)


def house(purpose: str) -> Account:
    return Account(None, purpose)


@dataclass(frozen=True, slots=True)
class Leg:
    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event. `may_overdraw`: only what is taken back takes an available balance, or points, below zero."""

    key: str
    kind: str
    legs: tuple[Leg, ...]
    may_overdraw: bool = False

    def __post_init__(self) -> None:
        if total(leg.amount for leg in self.legs) != ZERO:
            raise ValueError(f"entry {self.key} does not sum to zero")
        if not self.legs or any(not leg.amount for leg in self.legs):
            raise ValueError(f"entry {self.key} has no legs or one of nothing")
        if len({leg.account.purpose in OF_POINTS for leg in self.legs}) > 1:
            raise ValueError(f"entry {self.key} moves points and money")

    @property
    def digest(self) -> str:
        """Of the content, so that the same key with other content is found out."""
        legs = sorted((leg.account.name, leg.amount.fen) for leg in self.legs)
        return hashlib.sha256(repr((self.kind, legs)).encode()).hexdigest()


def key_of(event: str, source: str, no: str) -> str:
    """A key of something that a source tells; its name may hold a colon, and stays apart from the number."""
    return f"{event}:{source.replace('%', '%25').replace(':', '%3A')}:{no}"


def entry(key: str, kind: str, moves: Iterable[tuple[Account, Account, Money]], *, may_overdraw: bool = False) -> Entry:
    """An entry of transfers `(source, destination, amount)`; legs on one account are added up, those of zero left out.

    A negative amount moves the other way, so that a difference can be booked as it is.
    """
    return Entry(key, kind, legs(moves), may_overdraw)


def legs(moves: Iterable[tuple[Account, Account, Money]]) -> tuple[Leg, ...]:
    """What transfers come to, by account; none where they cancel out."""
    sums: dict[Account, Money] = {}
    for source, destination, amount in moves:
        sums[source] = sums.get(source, ZERO) - amount
        sums[destination] = sums.get(destination, ZERO) + amount
    return tuple(Leg(account, amount) for account, amount in sums.items() if amount)


def transfer(key: str, kind: str, source: Account, destination: Account, amount: Money) -> Entry:
    """Move `amount` from `source` to `destination`; cannot be unbalanced."""
    if amount <= ZERO:
        raise ValueError(f"a transfer moves more than nothing: {amount}")
    return entry(key, kind, [(source, destination, amount)])


def reverse(original: Entry, key: str) -> Entry:
    """The mirror image: a correction is a reversal plus a new entry."""
    return Entry(key, "reversal", tuple(Leg(leg.account, -leg.amount) for leg in original.legs), may_overdraw=True)
