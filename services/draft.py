"""Drafts of plans: kept, checked, and published as a version: draft → checked → published.

A changed draft is a draft again: what was checked is exactly the text that stands there.

Locks    the draft's row, before it is changed
Raises   Unknown, AlreadyPublished, domain.plan.PlanRefused, domain.compliance.ContextRefused
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import plan as documents
from domain.compliance import RULESET, Finding, parse_context
from domain.errors import DomainError
from models.plan import PlanDraft, PlanVersion


class Unknown(DomainError):
    """Facts: number."""

    code = "draft.unknown"


class AlreadyPublished(DomainError):
    """Facts: number, version."""

    code = "draft.published"


def save(
    session: Session, source: str, *, context: str | None = None, number: int | None = None, now: datetime
) -> PlanDraft:
    """Keep a plan's text as a new draft, or in place of what draft `number` says."""
    plan = documents.parse(source)
    if context is not None:
        parse_context(context)
    row = PlanDraft() if number is None else open_(session, number)
    row.name, row.source, row.digest, row.context = plan.name, source, documents.digest(plan), context
    row.state, row.saved_at, row.checked_at, row.findings, row.ruleset = "draft", now, None, [], ""
    session.add(row)
    session.flush()
    return row


def find(session: Session, number: int) -> PlanDraft:
    row = session.get(PlanDraft, number)
    if row is None:
        raise Unknown(number=number)
    return row


def open_(session: Session, number: int) -> PlanDraft:
    """One that may still change, locked."""
    query = select(PlanDraft).where(PlanDraft.id == number).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise Unknown(number=number)
    if row.state == "published":
        raise AlreadyPublished(number=number, version=row.version_id)
    return row


def checked(session: Session, number: int, digest: str, findings: Sequence[Finding], *, now: datetime) -> None:
    """Note what the check said, if the draft still says what was checked."""
    row = find(session, number)
    if row.state != "published" and row.digest == digest:
        row.state, row.checked_at, row.ruleset = "checked", now, RULESET
        row.findings = [finding.data() for finding in findings]
        session.flush()


def published(session: Session, number: int, version: PlanVersion) -> None:
    row = open_(session, number)
    row.state, row.version_id = "published", version.id
    row.findings, row.ruleset, row.checked_at = version.findings, version.ruleset, version.published_at
    session.flush()


def listed(session: Session) -> list[PlanDraft]:
    """Those that are not published, by number."""
    return list(session.scalars(select(PlanDraft).where(PlanDraft.state != "published").order_by(PlanDraft.id)))
