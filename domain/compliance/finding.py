"""What a check finds: one finding for each rule that fires, and the report that holds them.

Source   compliance.md §1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["BLOCK", "OVERRIDE", "WARN", "INFO"]
SEVERITIES: tuple[Severity, ...] = ("BLOCK", "OVERRIDE", "WARN", "INFO")
CLEAN = "PASS"

RULESET = "cn-2026.11"
REVIEW_BY = date(2027, 2, 19)  # 90 days after the facts of the rule set, 2026-11-21


@dataclass(frozen=True, slots=True)
class Evidence:
    """What showed it: a probe of §2 (or the words, or what the merchant declared), in which shape, with which numbers.

    numbers  plain JSON values in a fixed order; money in fen, shares in basis points
    said     the same for people
    """

    probe: str
    shape: str | None
    numbers: Mapping[str, Any]
    said: str

    def data(self) -> dict[str, Any]:
        return {"probe": self.probe, "shape": self.shape, "numbers": dict(self.numbers), "said": self.said}


@dataclass(frozen=True, slots=True)
class Finding:
    rule_id: str
    severity: Severity
    title_zh: str
    reason_zh: str
    evidence: Evidence
    remedy_zh: str
    sources: tuple[str, ...]
    ruleset_version: str = RULESET

    def data(self) -> dict[str, Any]:
        return {
            "rule_id": self.rule_id,
            "severity": self.severity,
            "title_zh": self.title_zh,
            "reason_zh": self.reason_zh,
            "evidence": self.evidence.data(),
            "remedy_zh": self.remedy_zh,
            "sources": list(self.sources),
            "ruleset_version": self.ruleset_version,
        }


def outcome_of(findings: Sequence[Finding]) -> str:
    """The gravest severity; `PASS` where nothing was found."""
    return next((severity for severity in SEVERITIES if any(it.severity == severity for it in findings)), CLEAN)


def of_severity(findings: Sequence[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity == severity]
