"""Attribution of an order: collect the claims on its buyer, let the rule decide, write it down in words.

Touches are read by index and in bounded number, however often a customer has come: the newest of each of his
identities, and under `first_touch` the oldest within the window besides.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, insert, or_, select, union_all
from sqlalchemy.orm import Session

from domain import attribution as rules
from domain import code as codes
from domain.attribution import Claim, Claimant, Decision, Policy
from domain.order import Buyer, OrderFacts
from domain.periods import shanghai_date
from models.distributor import Distributor, Identity
from models.order import Touch
from services.once import insert_once
from services.plan import LoadedPlan
from services.vault import Vault

log = logging.getLogger(__name__)

IS_A_DISTRIBUTOR_BY = ("unionid", "external_userid", "phone")  # in this order; the first that is somebody's decides
NEWEST = 10  # touches read of one identity
RECORDED = 20  # claims written down on an order
SAME_VISIT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Attribution:
    """What is decided at payment. `touches` are left to later orders of the same buyer, for the code of this one."""

    seller: Distributor | None
    buyer: Distributor | None
    reason: rules.Reason
    text: str
    claims: list[dict[str, Any]]
    touched: Distributor | None
    identities: list[str]


def decide(session: Session, vault: Vault, facts: OrderFacts, plan: LoadedPlan | None) -> Attribution:
    people: dict[int, Distributor] = {}
    buyer = _buyer(session, vault, facts.buyer)
    order = rules.OrderSide(facts.paid_at, buyer.id if buyer else None)
    policy = _policy(plan)
    identities = [vault.digest(kind, value) for kind, value in facts.buyer.known_as(facts.source)]

    shown = _shown(session, facts, people)
    visitor = vault.digest("visitor", facts.buyer.id)  # our own shop pushes its cookie as the buyer's id
    touches = _touches(session, [*identities, visitor], facts.paid_at, policy, people) if policy else []
    decision = rules.resolve([*shown, *touches], order, policy)
    good = next((claim.claimant for claim in shown if rules.standing(claim, order) is None), None)
    return Attribution(
        seller=people[decision.claimant.id] if decision.claimant else None,
        buyer=buyer,
        reason=decision.reason,
        text=_sentence(decision, people, policy)[:255],
        claims=_recorded(decision),
        touched=people[good.id] if good else None,
        identities=identities,
    )


def leave_touch(session: Session, found: Attribution, order_id: int, *, at: datetime) -> None:
    """Let later orders of this buyer that show no code find whose code he bought by."""
    if found.touched is None:
        return
    rows = [
        {"identity_digest": digest, "distributor_id": found.touched.id, "kind": "code", "ref": f"order:{order_id}"}
        | {"sku": None, "origin": None, "at": at}
        for digest in found.identities
    ]
    session.execute(insert(Touch), rows)


def visit(
    session: Session,
    vault: Vault,
    who: Distributor,
    visitor: str,
    *,
    sku: str | None,
    origin: str | None,
    now: datetime,
) -> bool:
    """Record that a visitor opened a distributor's link, once a visit; True where it is a new touch.

    Opening the same link again within a minute is the same visit. Who may not promote leaves no touches.
    """
    if who.status not in rules.EARNING:
        return False
    digest = vault.digest("visitor", visitor)
    latest = session.execute(
        select(Touch.distributor_id, Touch.sku, Touch.at)
        .where(Touch.identity_digest == digest, Touch.at <= now)
        .order_by(Touch.at.desc())
        .limit(1)
    ).one_or_none()
    if latest and (latest.distributor_id, latest.sku) == (who.id, sku) and now - latest.at < SAME_VISIT:
        return False
    ref = f"{who.id}:{sku or ''}:{int(now.timestamp())}"  # two requests at once are one
    values = {"identity_digest": digest, "distributor_id": who.id, "kind": "link", "ref": ref}
    return insert_once(session, Touch, values | {"sku": sku, "origin": origin, "at": now})


# Claims


def _policy(plan: LoadedPlan | None) -> Policy | None:
    if plan is None:
        return None
    terms = plan.plan.terms
    return Policy(terms.attribution.rule, terms.attribution.window_days, terms.own_orders)


def _claimant(row: Distributor) -> Claimant:
    return Claimant(row.id, row.code, row.status, row.joined_at)


def _shown(session: Session, facts: OrderFacts, people: dict[int, Distributor]) -> list[Claim]:
    """What came with the order. Coupons and groups have no distributors yet: theirs are unknown codes."""
    claims = []
    if facts.ref.code is not None:
        normal = codes.normalise(facts.ref.code)
        row = normal and session.scalars(select(Distributor).where(Distributor.code == normal)).one_or_none()
        if row:
            people[row.id] = row
        claims.append(Claim("code", facts.paid_at, facts.ref.code, _claimant(row) if row else None))
    if facts.ref.coupon is not None:
        claims.append(Claim("coupon", facts.paid_at, facts.ref.coupon, None))
    if facts.ref.group is not None:
        claims.append(Claim("group", facts.paid_at, facts.ref.group, None))
    return claims


def _touches(
    session: Session, identities: Sequence[str], paid_at: datetime, policy: Policy, people: dict[int, Distributor]
) -> list[Claim]:
    """The touches that may decide, those of one event on several identities taken as one."""
    parts = [part for identity in identities for part in _touch_parts(identity, paid_at, policy)]
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    rows = session.execute(select(found, Distributor).join(Distributor, Distributor.id == found.c.distributor_id))
    claims: dict[tuple[str, str], Claim] = {}
    for row in rows:
        people[row.Distributor.id] = row.Distributor
        kind: rules.Kind = "bound" if row.kind == "contact" else "touch"
        claims[row.kind, row.ref] = Claim(kind, row.at, row.kind, _claimant(row.Distributor))
    return list(claims.values())


def _touch_parts(identity: str, paid_at: datetime, policy: Policy) -> list[Select[str, str, datetime, int]]:
    mine = select(Touch.kind, Touch.ref, Touch.at, Touch.distributor_id).where(Touch.identity_digest == identity)
    newest = mine.where(Touch.at <= paid_at).order_by(Touch.at.desc()).limit(NEWEST)
    if policy.rule == "last_touch":
        return [newest]
    since = paid_at - timedelta(days=policy.window_days)
    within = mine.where(Touch.at <= paid_at)
    if policy.window_days:
        within = within.where(Touch.at > since)
    return [newest, within.order_by(Touch.at).limit(NEWEST)]


def _buyer(session: Session, vault: Vault, buyer: Buyer) -> Distributor | None:
    """The buyer as a distributor: `unionid`, else `external_userid`, else `phone` is his."""
    given = {kind: value for kind in IS_A_DISTRIBUTOR_BY if (value := getattr(buyer, kind)) is not None}
    if not given:
        return None
    his = (and_(Identity.kind == kind, Identity.digest == vault.digest(kind, value)) for kind, value in given.items())
    rows = session.execute(
        select(Identity.kind, Distributor).join(Distributor, Distributor.id == Identity.distributor_id).where(or_(*his))
    )
    found = {row.kind: row.Distributor for row in rows if row.Distributor.status in rules.EARNING + rules.FORMER}
    return next((found[kind] for kind in IS_A_DISTRIBUTOR_BY if kind in found), None)


# In words


def _recorded(decision: Decision) -> list[dict[str, Any]]:
    """Every claim that was weighed, the winning one first, as the order keeps it."""
    won: Iterable[tuple[Claim, str]] = [(decision.winning, "won")] if decision.winning else []
    return [
        {
            "kind": claim.kind,
            "at": claim.at.isoformat(),
            "given": claim.given,
            "code": claim.claimant.code if claim.claimant else None,
            "why": why,
        }
        for claim, why in [*won, *decision.losing][:RECORDED]
    ]


def _sentence(decision: Decision, people: dict[int, Distributor], policy: Policy | None) -> str:
    """Why he, or nobody, has the order; the merchant reads it, and the distributor may. No buyer in it."""
    if decision.winning is not None and decision.claimant is not None:
        return _won(decision.winning, people[decision.claimant.id].nickname)
    if decision.reason == "no_plan":
        return "付款时没有生效的分销方案"
    if decision.reason == "none":
        return "下单时没有推广码，之前也没有推荐记录"
    claim, why = next((c, w) for c, w in decision.losing if _REASON_OF.get(w) == decision.reason)
    if decision.reason == "own_order":
        return f"买家就是分销员{_name(claim, people)}本人，方案规定本人下单不计佣金"
    if decision.reason == "suspended":
        return f"推广码「{claim.given}」的分销员付款时已停止推广"
    if decision.reason == "expired":
        days = policy.window_days if policy else 0
        return f"最近一次推荐在 {shanghai_date(claim.at).isoformat()}，已超过 {days} 天的归属期"
    if why == "not_joined":
        return f"推广码「{claim.given}」付款时还没有人使用：他是之后才加入的"
    return f"{_SHOWN[claim.kind]}「{claim.given}」不属于任何分销员"


def _won(claim: Claim, name: str) -> str:
    day = shanghai_date(claim.at).isoformat()
    if claim.kind == "code":
        return f"下单时填了{name}的推广码"
    if claim.kind == "bound":
        return f"顾客从 {day} 起是{name}的联系人"
    if claim.given == "code":
        return f"顾客 {day} 用{name}的推广码买过"
    return f"顾客 {day} 打开过{name}的推广链接"


def _name(claim: Claim, people: dict[int, Distributor]) -> str:
    return people[claim.claimant.id].nickname if claim.claimant else ""


_SHOWN = {"code": "推广码", "coupon": "优惠券", "group": "群"}
_REASON_OF: dict[str, rules.Reason] = {
    "unknown": "unknown_code",
    "not_joined": "unknown_code",
    "suspended": "suspended",
    "expired": "expired",
    "own_order": "own_order",
}
