"""Attribution of an order: collect the claims on its buyer, let the rule decide, write it down in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from domain import attribution as rules
from domain.attribution import Claim, Decision, Policy
from domain.order import OrderFacts
from domain.periods import shanghai_date
from models.distributor import Distributor
from models.order import Touch
from models.prepared import Prepared
from services import claims, group
from services.coupon import using
from services.once import insert_once, table_of
from services.plan import LoadedPlan
from services.vault import Vault

RECORDED = 20  # claims written down on an order
SAME_VISIT = timedelta(seconds=60)
_TOUCH = ("identity_digest", "distributor_id", "kind", "ref", "sku", "origin", "at")
_INSERT_TOUCH = Prepared(insert(table_of(Touch)).inline(), _TOUCH)


@dataclass(frozen=True, slots=True)
class Attribution:
    """What is decided at payment.

    touched     to whom a touch is left for later orders of this buyer: the code of this one, else its coupon
    identities  the digests by which such touches are found
    coupon      the one that was shown
    """

    seller: Distributor | None
    buyer: Distributor | None
    reason: rules.Reason
    text: str
    claims: list[dict[str, Any]]
    touched: tuple[rules.Kind, Distributor] | None
    identities: list[str]
    coupon: using.Shown | None
    group_id: int | None  # the group that it came from, if it is known, whoever has the order


def decide(session: Session, vault: Vault, facts: OrderFacts, plan: LoadedPlan | None) -> Attribution:
    """One query for what is known of the buyer, then the rule."""
    policy = _policy(plan)
    identities = [vault.digest(kind, value) for kind, value in facts.buyer.known_as(facts.source)]
    visitor = vault.digest("visitor", facts.buyer.id)  # our own shop pushes its cookie as the buyer's id
    coupon = using.shown(session, facts)
    known = claims.load(session, vault, facts, [*identities, visitor], policy)
    if coupon is not None and coupon.by is not None:
        known.learn(session, coupon.by, facts.paid_at)
    place = group.place(session, facts.ref.group, facts.paid_at) if facts.ref.group is not None else None
    if place is not None and place.leader is not None:
        known.learn(session, place.leader, facts.paid_at)

    order = rules.OrderSide(facts.paid_at, known.buyer.id if known.buyer else None)
    shown = _shown(facts, known, coupon, place)
    decision = rules.resolve([*shown, *known.touches], order, policy)
    own = (claim for claim in shown if claim.kind != "group")  # a group is of this order, not of its buyer
    good = next((claim for claim in own if rules.standing(claim, order) is None), None)
    return Attribution(
        seller=known.people[decision.claimant.id] if decision.claimant else None,
        buyer=known.buyer,
        reason=decision.reason,
        text=_sentence(decision, known.people, policy, place)[:255],
        claims=_recorded(decision),
        touched=(good.kind, known.people[good.claimant.id]) if good and good.claimant else None,
        identities=identities,
        coupon=coupon,
        group_id=_came_from(session, coupon, place),
    )


def _came_from(session: Session, coupon: using.Shown | None, place: group.Place | None) -> int | None:
    """The group that the order names, else the one on whose page its coupon was taken."""
    if place is not None:
        return place.id
    of_coupon = coupon.share.group_id if coupon is not None and coupon.share is not None else None
    return of_coupon if of_coupon is not None and group.exists(session, of_coupon) else None


def leave_touch(session: Session, found: Attribution, order_id: int, *, at: datetime) -> None:
    """Let later orders of this buyer that show no code find whose code or coupon he bought by."""
    if found.touched is None:
        return
    kind, who = found.touched
    rows = [
        {"identity_digest": digest, "distributor_id": who.id, "kind": kind, "ref": f"order:{order_id}"}
        | {"sku": None, "origin": None, "at": at}
        for digest in found.identities
    ]
    _INSERT_TOUCH.run_many(session, rows)


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


def _shown(
    facts: OrderFacts, known: claims.Known, coupon: using.Shown | None, place: group.Place | None
) -> list[Claim]:
    """What came with the order, and counts as made at payment.

    A coupon says who recommended, whether it could be used or not; one from nobody's page says nothing. A group says
    whose it was then.
    """
    ref, at = facts.ref, facts.paid_at
    shown = []
    if ref.code is not None:
        shown.append(Claim("code", at, ref.code, known.claimant(known.coded) if known.coded else None))
    if ref.coupon is not None and coupon is not None and (coupon.by is not None or not coupon.is_known):
        shown.append(Claim("coupon", at, ref.coupon, known.claimant(coupon.by) if coupon.by else None))
    if ref.group is not None:
        leader = place.leader if place else None
        shown.append(Claim("group", at, ref.group, known.claimant(leader) if leader else None))
    return shown


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


def _sentence(
    decision: Decision, people: dict[int, Distributor], policy: Policy | None, place: group.Place | None
) -> str:
    """Why he, or nobody, has the order; the merchant reads it, and the distributor may. No buyer in it."""
    if decision.winning is not None and decision.claimant is not None:
        return _won(decision.winning, people[decision.claimant.id].nickname, place)
    if decision.reason == "no_plan":
        return "付款时没有生效的分销方案"
    if decision.reason == "none":
        return "下单时没有推广码，之前也没有推荐记录"
    claim, why = next((c, w) for c, w in decision.losing if _REASON_OF.get(w) == decision.reason)
    if decision.reason == "own_order":
        return f"买家就是分销员{_name(claim, people)}本人，方案规定本人下单不计佣金"
    if decision.reason == "suspended":
        return f"{_SHOWN.get(claim.kind, '推广码')}「{claim.given}」的分销员付款时已停止推广"
    if decision.reason == "expired":
        days = policy.window_days if policy else 0
        return f"最近一次推荐在 {shanghai_date(claim.at).isoformat()}，已超过 {days} 天的归属期"
    if why == "not_joined":
        return f"{_SHOWN.get(claim.kind, '推广码')}「{claim.given}」付款时还没有人使用：他是之后才加入的"
    return f"{_SHOWN[claim.kind]}「{claim.given}」不属于任何分销员"


def _won(claim: Claim, name: str, place: group.Place | None) -> str:
    day = shanghai_date(claim.at).isoformat()
    if claim.kind == "group" and place is not None:
        return f"订单来自{name}的客户群「{place.name}」" if place.name else f"订单来自{name}的客户群"
    if claim.kind == "code":
        return f"下单时填了{name}的推广码"
    if claim.kind == "coupon":
        return f"下单时带了{name}发的优惠券"
    if claim.kind == "bound":
        return f"顾客从 {day} 起是{name}的联系人"
    if claim.given == "code":
        return f"顾客 {day} 用{name}的推广码买过"
    if claim.given == "coupon":
        return f"顾客 {day} 领过{name}发的优惠券"
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
