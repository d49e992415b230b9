"""Booking bonuses: what has been worked out anew is compared with what stands, and the difference is booked.

Every change of money or of points has a key of its own, made of the bonus's business key and the number of the change.
What is taken back may take the available balance below zero, as a clawback does.

Locks    the caller holds whatever keeps two from working on one person's bonuses at once
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain import ledger as books
from domain.money import ZERO, Money
from models.bonus import Bonus
from services import entitlement, ledger


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a bonus is by what is known now. `state` is one of models.bonus.STATES; `window` is empty for none."""

    rule: str
    as_: str
    window: str
    n: int
    order_id: int | None
    state: str
    at: datetime
    facts: Mapping[str, Any]
    amount: Money = ZERO
    full: Money = ZERO
    base: Money = ZERO
    rate_bp: int | None = None
    reward: Mapping[str, Any] | None = None
    reason: str | None = None

    @property
    def place(self) -> tuple[str, str, str, int]:
        """Its business key, for one person."""
        return self.rule, self.as_, self.window, self.n


def place_of(row: Bonus) -> tuple[str, str, str, int]:
    return row.rule, row.as_, row.window, row.n


def put(
    session: Session, distributor_id: int, row: Bonus | None, outcome: Outcome, *, run_id: int | None, now: datetime
) -> tuple[Bonus, Money]:
    """Let the bonus be what has been worked out, and the difference that was booked."""
    if row is None:
        row = Bonus(
            rule=outcome.rule,
            distributor_id=distributor_id,
            as_=outcome.as_,
            window=outcome.window,
            n=outcome.n,
            amount=ZERO,
            state="void",
            reward=None,
            changes=0,
        )
        session.add(row)
    elif is_same(row, outcome):
        return row, ZERO
    had, has = in_kind(row.state, row.reward), in_kind(outcome.state, outcome.reward)
    difference = outcome.amount - row.amount
    told = difference or had != has
    if told:
        row.changes += 1
        row.run_id = run_id
    key = _key(distributor_id, row)
    if had is not None and had != has:
        entitlement.take_back(session, row, key, now=now)
    for name in _WRITTEN:
        setattr(row, name, getattr(outcome, name))
    row.facts = dict(outcome.facts)
    row.reward = None if outcome.reward is None else dict(outcome.reward)
    session.flush()
    if has is not None and had != has:
        entitlement.issue(session, row, key, now=now)
    if difference:
        ledger.post(session, _entry(key, distributor_id, difference), now=now)
    return row, difference


_WRITTEN = ("order_id", "state", "at", "amount", "full", "base", "rate_bp", "reason")


def is_same(row: Bonus, outcome: Outcome) -> bool:
    same = all(getattr(row, name) == getattr(outcome, name) for name in _WRITTEN)
    return same and row.facts == dict(outcome.facts) and row.reward == outcome.reward


def in_kind(state: str, reward: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is given in kind while it stands."""
    return dict(reward) if reward is not None and state == "available" else None


def void(row: Bonus) -> Outcome:
    """A fact that came late has shown that this was never reached."""
    return Outcome(
        rule=row.rule,
        as_=row.as_,
        window=row.window,
        n=row.n,
        order_id=row.order_id,
        state="void",
        at=row.at,
        facts=row.facts,
        full=row.full,
        base=row.base,
        rate_bp=row.rate_bp,
        reward=row.reward,
    )


def _key(distributor_id: int, row: Bonus) -> str:
    return f"{row.as_}:{row.rule}:{distributor_id}:{row.window}:{row.n}:{row.changes}"


def _entry(key: str, distributor_id: int, difference: Money) -> books.Entry:
    moves = [(books.house(books.COMMISSION_COST), books.of_distributor(distributor_id, "available"), difference)]
    return books.entry(f"bonus:{key}", "bonus", moves, may_overdraw=True)
