"""Attribution (归属): from the claims on a customer and the facts of his order to who has it, and why.

    resolve(claims, OrderSide(paid_at, buyer), policy) -> Decision

Claims    what was shown with the order (a code, a coupon, a group) counts as made at payment; touches (an opened link,
          an earlier order by code) and bonds (a contact) at their own time
Window    a claim made at `at` counts for payments in [at, at + window_days × 24 h); 0 days: for ever
Rule      last_touch: the latest claim that counts wins; first_touch: the earliest. Of two in one instant the one that
          stands first in KINDS, then the lower code
Nobody    a word of NOBODY. The reasons are weighed in that order: a code that did not count says more than an old touch
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["code", "coupon", "group", "touch", "bound"]
Why = Literal[
    "unknown", "not_joined", "suspended", "expired", "after_payment", "earlier", "later", "own_order", "no_plan"
]
Reason = Literal[
    "code", "coupon", "group", "touch", "bound",
    "unknown_code", "expired", "own_order", "suspended", "no_plan", "none",
]  # fmt: skip

KINDS: tuple[Kind, ...] = ("code", "coupon", "group", "touch", "bound")
NOBODY: tuple[Reason, ...] = ("no_plan", "own_order", "suspended", "unknown_code", "expired", "none")
EARNING = ("active",)
FORMER = ("suspended", "departed")


@dataclass(frozen=True, slots=True)
class Claimant:
    """Whom a claim names. `status` is that of models.distributor; an applicant is nobody yet."""

    id: int
    code: str
    status: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """`given` is what stands for it in the order's record: the code as typed, the kind of touch."""

    kind: Kind
    at: datetime
    given: str
    claimant: Claimant | None


@dataclass(frozen=True, slots=True)
class OrderSide:
    """What the decision needs of the order; `buyer` is the buyer's id as a distributor, if he is one."""

    paid_at: datetime
    buyer: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The plan's terms, as domain.plan.Terms has them."""

    rule: Literal["last_touch", "first_touch"]
    window_days: int
    own_orders: Literal["none", "seller", "upline"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Who has the order, or nobody; `winning` is the claim that decided, `losing` all others, each with why."""

    claimant: Claimant | None
    reason: Reason
    winning: Claim | None
    losing: tuple[tuple[Claim, Why], ...]


def resolve(claims: Iterable[Claim], order: OrderSide, policy: Policy | None) -> Decision:
    """Decide once, at payment. Without a plan in force there is no rule to decide by, and nobody has the order.

    Bought on 1 March by B's code, A's link opened on 20 February: last_touch gives B for `code`, first_touch A for
    `touch`; with a window of 9 days A's claim is over.
    """
    if policy is None:
        return Decision(None, "no_plan", None, tuple((claim, "no_plan") for claim in _in_order(claims)))

    ranked = _in_order(claims, latest_first=policy.rule == "last_touch")
    faults = {id(claim): _fault(claim, order, policy) for claim in ranked}
    winner = next((claim for claim in ranked if faults[id(claim)] is None), None)
    beaten: Why = "earlier" if policy.rule == "last_touch" else "later"
    losing = tuple((claim, faults[id(claim)] or beaten) for claim in ranked if claim is not winner)

    if winner is None:
        return Decision(None, _why_nobody(why for _, why in losing), None, losing)
    assert winner.claimant is not None  # noqa: S101 - a claim of nobody has a fault
    if winner.claimant.id == order.buyer and policy.own_orders == "none":
        return Decision(None, "own_order", None, ((winner, "own_order"), *losing))
    return Decision(winner.claimant, winner.kind, winner, losing)


def _in_order(claims: Iterable[Claim], *, latest_first: bool = True) -> list[Claim]:
    by_kind = sorted(claims, key=lambda claim: (KINDS.index(claim.kind), claim.claimant.code if claim.claimant else ""))
    return sorted(by_kind, key=lambda claim: claim.at, reverse=latest_first)


def standing(claim: Claim, order: OrderSide) -> Why | None:
    """Why the claim is none at all, whatever the plan says of windows; None: it is one."""
    claimant = claim.claimant
    if claimant is None or claimant.status not in EARNING + FORMER:
        return "unknown"
    if order.paid_at < claimant.joined_at.replace(microsecond=0):
        return "not_joined"
    if claim.at > order.paid_at:
        return "after_payment"
    # Shown while he may not promote it is no claim; what he brought about before stays his, and the engine skips him.
    if claim.kind in ("code", "coupon", "group") and claimant.status not in EARNING:
        return "suspended"
    return None


def _fault(claim: Claim, order: OrderSide, policy: Policy) -> Why | None:
    """Why the claim does not count; None: it does."""
    if why := standing(claim, order):
        return why
    if policy.window_days and order.paid_at - claim.at >= timedelta(days=policy.window_days):
        return "expired"
    return None


def _why_nobody(whys: Iterable[Why]) -> Reason:
    found = set(whys)
    if "suspended" in found:
        return "suspended"
    if found & {"unknown", "not_joined"}:
        return "unknown_code"
    return "expired" if "expired" in found else "none"
