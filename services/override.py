"""Override records: written once, chained, and looked up when a plan is published.

Nothing here is offered to the API, the chat, an import or a job: a person at a terminal (`flask plan override`), later
the console, fills in the request.

Raises   Invalid with every fault of a request; ChainMoved; ChainBroken where the stored chain does not add up
Source   compliance.md §5
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.compliance import Finding
from domain.compliance import override as rules
from domain.compliance.override import FIRST_LINK, Person, Request
from domain.conversation import Sentence
from domain.errors import DomainError, Invalid
from models.override import OverrideRecord
from models.plan import PlanVersion
from services import distributor
from services.message import Catalogue, lane_of_member, queue_text
from services.once import insert_new, table_of
from services.vault import Vault

APPROVERS = frozenset({"owner", "finance"})
CODE_DIGITS = 8
CHAIN = "override"
_HASHED = [it.name for it in table_of(OverrideRecord).columns if it.name not in ("id", "previous_hash", "hash")]


class ChainBroken(DomainError):
    """A record was changed, removed or slipped in; `id` is the first that does not fit."""

    code = "override.chain_broken"


class ChainMoved(DomainError):
    """Another record was made at the same moment and follows the same one: nothing was written, begin again."""

    code = "override.chain_moved"


def next_version(session: Session) -> int:
    """The number that the next version is going to have."""
    return (session.scalar(select(func.max(PlanVersion.id))) or 0) + 1


def record(
    session: Session, vault: Vault, request: Request, *, digest: str, findings: Sequence[Finding], now: datetime
) -> int:
    """Append a record for the plan of this digest and what the check found of it; its number.

    The caller holds the lock `CHAIN` (models.schema.locked) around the transaction, so that records come one after
    the other; without it the constraint refuses the second.
    """
    faults = rules.faults(request, digest, findings, now)
    faults += _unknown(session, "operator", request.operator, frozenset({"owner"}))
    if request.second is not None:
        faults += _unknown(session, "second", request.second, APPROVERS)
    if faults:
        raise Invalid(faults)
    second = request.second
    fields: dict[str, Any] = {
        "plan_name": request.plan_name,
        "plan_version": request.plan_version,
        "digest": request.digest,
        "ruleset": request.ruleset,
        "evidence": dict(request.evidence),
        "operator": request.operator.userid.lower(),
        "operator_name": vault.seal(request.operator.real_name),
        "operator_title": request.title,
        "operator_factor_at": request.operator.factor_at,
        "second": second.userid.lower() if second else None,
        "second_name": vault.seal(second.real_name) if second else None,
        "second_factor_at": second.factor_at if second else None,
        "statement": request.statement,
        "reason": request.reason,
        "opinion": request.opinion,
        "ip": request.ip,
        "session_id": request.session_id,
        "recorded_at": request.at,
        "valid_until": request.valid_until,
    }
    previous = session.scalar(select(OverrideRecord.hash).order_by(OverrideRecord.id.desc()).limit(1)) or FIRST_LINK
    chained = fields | {"previous_hash": previous, "hash": rules.link(previous, fields)}
    number = insert_new(session, OverrideRecord, chained)
    if number is None:
        raise ChainMoved()
    return number


def _unknown(session: Session, field: str, who: Person, roles: frozenset[str]) -> list[tuple[str, str]]:
    """A person who may not answer for it, although he is named well."""
    found = distributor.find_operator(session, who.userid) if who.userid else None
    if found is None:
        return [(f"{field}.userid", "没有这个操作员")]
    return [] if found.role in roles else [(f"{field}.userid", f"角色必须是 {'、'.join(sorted(roles))}")]


def holding(session: Session, digest: str, findings: Sequence[Finding], now: datetime) -> list[OverrideRecord]:
    """The records that let a plan of this digest through now."""
    there = list(session.scalars(select(OverrideRecord).where(OverrideRecord.digest == digest)))
    if there:
        verify(session)
    return [row for row in there if not rules.faults(_request_of(row), digest, findings, now)]


def verify(session: Session) -> int:
    """How many records there are; every one is as it was written and follows the one before."""
    previous, count = FIRST_LINK, 0
    for row in everything(session):
        fields = {name: getattr(row, name) for name in _HASHED}
        if row.previous_hash != previous or row.hash != rules.link(previous, fields):
            raise ChainBroken(id=row.id)
        previous, count = row.hash, count + 1
    return count


def everything(session: Session) -> list[OverrideRecord]:
    return list(session.scalars(select(OverrideRecord).order_by(OverrideRecord.id)))


def _request_of(row: OverrideRecord) -> Request:
    """A stored record as it was asked for. Names were looked at when it was written; sealed, they stand for anybody."""
    second = None
    if row.second is not None:
        second = Person(row.second, "乙方" if row.second_name else "", row.second_factor_at)
    return Request(
        plan_name=row.plan_name,
        plan_version=row.plan_version,
        digest=row.digest,
        ruleset=row.ruleset,
        evidence=row.evidence,
        operator=Person(row.operator, "甲方" if row.operator_name else "", row.operator_factor_at),
        title=row.operator_title,
        statement=row.statement,
        reason=row.reason,
        at=row.recorded_at,
        valid_until=row.valid_until,
        ip=row.ip,
        session_id=row.session_id,
        second=second,
        opinion=row.opinion,
    )


# ---------------------------------------------------------------------------------------------------------------
# The second factor


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was sent to somebody's own chat. It is kept by who waits for it and nowhere else."""

    userid: str
    digits: str

    def is_typed(self, typed: str) -> bool:
        return hmac.compare_digest(typed.strip().encode(), self.digits.encode())

    def __repr__(self) -> str:
        return f"Code({self.userid!r})"


def send_code(
    session: Session,
    catalogue: Catalogue,
    userid: str,
    plan_name: str,
    *,
    now: datetime,
) -> Code:
    """Queue a code for this operator's chat; he types it where the record is made."""
    code = Code(userid, f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}")
    text = catalogue.render(Sentence("override.code", {"code": code.digits, "plan": plan_name}))
    key = f"override:{secrets.token_hex(8)}"
    queue_text(session, key=key, lane=lane_of_member(userid), text=text, now=now)
    return code
