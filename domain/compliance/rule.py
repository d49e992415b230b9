"""One rule of the rule set: its severity, its words for the merchant and its sources."""

from __future__ import annotations

from dataclasses import dataclass

from domain.compliance.finding import Severity


@dataclass(frozen=True, slots=True)
class RuleText:
    severity: Severity
    title_zh: str
    reason_zh: str
    remedy_zh: str
    sources: tuple[str, ...]
