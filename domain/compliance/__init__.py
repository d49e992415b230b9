"""The compliance check of commission plans (分销方案合规检查): what of a plan may be published, and on which terms.

    context = parse_context(text)             # what the plan cannot say; Context() where nothing is told
    findings = check(plan, context)           # pure; gravest first
    outcome_of(findings)                      # BLOCK, OVERRIDE, WARN, INFO or PASS

A product safeguard and no legal advice. The probes play the plan in the real engine (`domain.evaluation`); no flag of
the plan is trusted.

Raises   ContextRefused
Source   compliance.md; rule set cn-2026.11, to be reviewed by REVIEW_BY
"""

from domain.compliance.check import check
from domain.compliance.context import Context, ContextRefused, Goods, parse_context
from domain.compliance.context import canonical as canonical_context
from domain.compliance.finding import (
    CLEAN,
    REVIEW_BY,
    RULESET,
    SEVERITIES,
    Evidence,
    Finding,
    Severity,
    of_severity,
    outcome_of,
)
from domain.compliance.material_rules import CHECKED_ON
from domain.compliance.rules import DISCLAIMER, FAMILIES, NOT_CHECKED, RULES, family

__all__ = [
    "CHECKED_ON",
    "CLEAN",
    "DISCLAIMER",
    "FAMILIES",
    "NOT_CHECKED",
    "REVIEW_BY",
    "RULES",
    "RULESET",
    "SEVERITIES",
    "Context",
    "ContextRefused",
    "Evidence",
    "Finding",
    "Goods",
    "Severity",
    "canonical_context",
    "check",
    "family",
    "of_severity",
    "outcome_of",
    "parse_context",
]
