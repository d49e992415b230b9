"""Facts about an order that came before it: kept until it comes, then taken in the order of their own time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import DomainError, IdempotencyConflict, Invalid
from domain.fields import canonical, hash_of
from models.order import EarlyFact, Order
from services.once import insert_once

log = logging.getLogger(__name__)

_RANK = {"refund": 0, "completion": 1, "shipment": 2}  # of what happened in the same second


def keep(
    session: Session,
    no: str,
    source: str | None,
    kind: str,
    ref: str,
    digest: str | None,
    content: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Keep a fact once; with a digest the same `ref` has the same content and order. Raises IdempotencyConflict"""
    digest = hash_of(canonical([no, digest]))
    values = {"source": source or "", "order_no": no, "kind": kind, "ref": ref, "digest": digest, "content": content}
    if not insert_once(session, EarlyFact, values | {"received_at": now}):
        found = session.scalars(
            select(EarlyFact.digest).where(
                EarlyFact.source == (source or ""), EarlyFact.kind == kind, EarlyFact.ref == ref
            )
        ).one()
        if found != digest:
            raise IdempotencyConflict(refund_no=ref)


def apply_to(session: Session, order: Order, apply: Callable[[EarlyFact], None], *, now: datetime) -> None:
    """Hand each fact to `apply`, which refuses before it writes. What does not fit is marked with why not."""
    facts = session.scalars(
        select(EarlyFact).where(
            EarlyFact.source.in_((order.source, "")), EarlyFact.order_no == order.no, EarlyFact.applied_at.is_(None)
        )
    ).all()
    for fact in sorted(facts, key=lambda fact: (datetime.fromisoformat(fact.content["at"]), _RANK[fact.kind], fact.id)):
        try:
            apply(fact)
        except DomainError as refusal:
            fact.fault = _in_a_line(refusal)[:255]
            log.warning(
                "what came before its order does not fit it",
                extra={"event": "early_fact.refused", "order": order.id, "early_fact": fact.id, "kind": fact.kind},
            )
        fact.applied_at = now
    if facts:
        session.flush()


def _in_a_line(refusal: DomainError) -> str:
    if isinstance(refusal, Invalid):
        return "；".join(f"{field}：{why}" for field, why in refusal.faults)
    return "同一个退款单号已用于别的退款"
