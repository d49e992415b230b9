"""Withdrawals (提现): when a distributor may ask, and which way a request may go.

Units    Money in fen. Days are Shanghai dates.
Raises   BelowMinimum, AskedTooLittle, NotEnoughAvailable, AboveDailyLimit, WrongState
Source   settings of the merchant (WITHDRAW_MINIMUM, WITHDRAW_DAILY_LIMIT)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import DomainError
from domain.ledger import PAID_OUT, Entry, house, of_distributor, transfer
from domain.money import ZERO, Money


class State(StrEnum):
    """What has happened by then."""

    REQUESTED = "requested"  # confirmed by the distributor, money reserved, waits for an operator
    APPROVED = "approved"  # an operator said yes; the money is being paid by hand
    PAID = "paid"  # the operator gave the payout's reference; the money has left
    REJECTED = "rejected"  # an operator said no, or the payout failed; the money is available again


OPEN = (State.REQUESTED, State.APPROVED)
_NEXT: dict[State, tuple[State, ...]] = {
    State.REQUESTED: (State.APPROVED, State.REJECTED),
    State.APPROVED: (State.PAID, State.REJECTED),
    State.PAID: (),
    State.REJECTED: (),
}


class BelowMinimum(DomainError):
    code = "withdrawal.below_minimum"


class AskedTooLittle(DomainError):
    """He has enough, and asks for less than one request may be of."""

    code = "withdrawal.asked_too_little"


class NotEnoughAvailable(DomainError):
    code = "withdrawal.not_enough"


class NothingAvailable(DomainError):
    code = "withdrawal.nothing_available"


class AboveDailyLimit(DomainError):
    code = "withdrawal.above_daily_limit"


class WrongState(DomainError):
    code = "withdrawal.wrong_state"


@dataclass(frozen=True, slots=True)
class Limits:
    """minimum of one request; daily_limit of all requests of a Shanghai day that were not rejected."""

    minimum: Money
    daily_limit: Money


def check_request(amount: Money, available: Money, today: Money, limits: Limits) -> None:
    """Refuse a request that is too small, not covered or too much for a day; say nothing otherwise.

    `today` is what was asked for since midnight and not rejected.
    """
    if available <= ZERO:
        raise NothingAvailable(available=available, minimum=limits.minimum, missing=limits.minimum - available)
    if available < limits.minimum:
        raise BelowMinimum(
            minimum=limits.minimum, asked=amount, missing=limits.minimum - available, available=available
        )
    if amount < limits.minimum:
        missing = limits.minimum - amount
        raise AskedTooLittle(minimum=limits.minimum, asked=amount, missing=missing, available=available)
    if amount > available:
        raise NotEnoughAvailable(available=available, asked=amount)
    if today + amount > limits.daily_limit:
        left = limits.daily_limit - today
        raise AboveDailyLimit(limit=limits.daily_limit, left=left if left > ZERO else ZERO, asked=amount)


def check_move(state: State, to: State) -> None:
    """Refuse a step that the request cannot take from where it stands."""
    if to not in _NEXT[state]:
        raise WrongState(state=state, to=to)


def reserve(ref: int, owner: int, amount: Money) -> Entry:
    source, destination = of_distributor(owner, "available"), of_distributor(owner, "withdrawing")
    return transfer(f"withdrawal:{ref}:reserve", "withdrawal_reserve", source, destination, amount)


def release(ref: int, owner: int, amount: Money) -> Entry:
    source, destination = of_distributor(owner, "withdrawing"), of_distributor(owner, "available")
    return transfer(f"withdrawal:{ref}:release", "withdrawal_release", source, destination, amount)


def pay(ref: int, owner: int, amount: Money) -> Entry:
    source, destination = of_distributor(owner, "withdrawing"), house(PAID_OUT)
    return transfer(f"withdrawal:{ref}:paid", "withdrawal_paid", source, destination, amount)
