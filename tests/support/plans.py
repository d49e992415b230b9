"""Publishing plans in tests: through the gate, as a merchant does it, with the ticks and records that a plan needs.

publish(session, vault, text, starts_at=T, now=T)     BLOCK still refuses
put_in_force(session, text, starts_at=T)              a version as it lies in the database, for tests of money that try
                                                      plans nobody may publish; the gate has no such way
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from domain import plan as documents
from domain.compliance import RULESET, Context, Finding, of_severity
from domain.compliance import override as rules
from domain.compliance.override import STATEMENT, Person, Request
from domain.results import asked_of
from models.plan import PlanVersion
from services import compliance, distributor, override, plan
from services.vault import Vault

REASON = (
    "本店只在自有会员群里试行三个月，全部奖励来自真实成交，已请律师逐条核对规则，每周复核团队层级和人数，"
    "发现异常当天停用，退款全额追回佣金。"
)
OPINION = "ab" * 32


def publish(
    session: Session,
    vault: Vault,
    source: str,
    *,
    starts_at: datetime,
    now: datetime,
    operator: str | None = None,
    context: Context | None = None,
) -> PlanVersion:
    found = compliance.check(documents.parse(source), compliance.live(session, context or Context()))
    if of_severity(found, "OVERRIDE") and not of_severity(found, "BLOCK"):
        allow(session, vault, source, found, now=now)
    ticks = [finding.rule_id for finding in of_severity(found, "WARN")]
    return plan.publish(session, source, starts_at=starts_at, operator=operator, ticks=ticks, context=context, now=now)


def allow(session: Session, vault: Vault, source: str, found: list[Finding], *, now: datetime) -> int:
    """A record by two people of the house, who are added where they are missing."""
    for userid, role in (("override-owner", "owner"), ("override-second", "finance")):
        if distributor.find_operator(session, userid) is None:
            distributor.add_operator(session, userid, name=userid, role=role, now=now)
    session.flush()
    document = documents.parse(source)
    asked = request(document, found, now=now)
    digest = documents.digest(document)
    return override.record(session, vault, asked, digest=digest, findings=found, now=now)


def request(document: documents.Plan, found: list[Finding], *, now: datetime) -> Request:
    """One that has everything."""
    return Request(
        plan_name=document.name,
        plan_version=1,
        digest=documents.digest(document),
        ruleset=RULESET,
        evidence=rules.evidence_of(found),
        operator=Person("override-owner", "陈建国", now),
        title="店主",
        statement=STATEMENT,
        reason=REASON,
        at=now,
        valid_until=now + timedelta(days=90),
        ip="127.0.0.1",
        session_id="tests",
        second=Person("override-second", "李秀英", now),
        opinion=OPINION,
    )


def put_in_force(session: Session, source: str, *, starts_at: datetime) -> PlanVersion:
    document = documents.parse(source)
    row = PlanVersion(
        name=document.name,
        source=source,
        canonical=documents.canonical(document),
        digest=documents.digest(document),
        starts_at=starts_at,
        published_at=starts_at,
        published_by=None,
        ticks=[],
        counts=bool(asked_of(document)),
    )
    session.add(row)
    session.flush()
    return row
