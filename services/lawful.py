"""Published plans under the rule set of today: one that was lawful when it was published may be so no longer.

What a version was let through with stands on it and never changes. Here the plan in force, and those that are still to
come, are checked again: with the rules of the program that runs now, with the context that was told at publishing, and
with today's catalogue. Nothing is stopped by it: whoever runs the house is told until another plan is in force.

Source   compliance.md §1
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.compliance import Context, Finding, of_severity, parse_context
from models.plan import PlanVersion
from services import compliance, plan


@dataclass(frozen=True, slots=True)
class Unlawful:
    """A version that could not be published today, and the findings for which it could not."""

    version_id: int
    name: str
    starts_at: datetime
    findings: tuple[Finding, ...]

    @property
    def rules(self) -> str:
        """「HC-2 按人头计酬、TP-3 …」"""
        return "、".join(f"{finding.rule_id} {finding.title_zh}" for finding in self.findings)


def unlawful(session: Session, now: datetime) -> list[Unlawful]:
    """The versions that are in force, or will be, and that the rule set of today forbids."""
    found = []
    for row in _to_look_at(session, now):
        context = Context() if row.context is None else parse_context(row.context)
        document = plan.load(session, row.id, row.digest).plan
        blocked = of_severity(compliance.check(document, compliance.live(session, context)), "BLOCK")
        if blocked:
            found.append(Unlawful(row.id, row.name, row.starts_at, tuple(blocked)))
    return found


def _to_look_at(session: Session, now: datetime) -> list[PlanVersion]:
    running = plan.in_force(session, now)
    later = select(PlanVersion).where(PlanVersion.starts_at > now).order_by(PlanVersion.starts_at, PlanVersion.id)
    current = [] if running is None else [session.get_one(PlanVersion, running.version_id)]
    return [*current, *session.scalars(later)]
