"""Override records: somebody answers with his name for a plan that the check does not let through by itself.

    faults(request, digest, findings, now)        # what is not as §5 wants it; empty: it holds
    link(previous, fields)                        # the hash that chains a record to the one before

A record is for one plan as it is to the letter, one rule set, and the evidence that was shown. An edit, a new rule
set, other evidence or its end voids it.

Units    instants are aware UTC; hashes are SHA-256 in lower-case hex
Source   compliance.md §5
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.compliance.finding import RULESET, Finding, of_severity

STATEMENT = "本人已阅读风险说明并对本方案的合规性承担责任"
LEAST_REASON, MOST_REASON = 50, 4000
LONGEST = timedelta(days=180)
FACTOR_WITHIN = timedelta(minutes=5)
OPINION_NEEDED = frozenset({"TP-3"})
SECOND_NEEDED = frozenset({"TP-2", "TP-3", "TP-4"})  # TP-2 and above
FIRST_LINK = "0" * 64
EXPLAINED_ZH = (
    "《禁止传销条例》第七条：以发展人员的数量计酬、以入门费为加入条件、以下线的销售业绩计算上线的报酬，都是传销行为。",
    "刑事追诉标准：组织、领导的传销活动人员三十人以上且层级三级以上；「以上」含本数，组织者本人的层级和人数都计入。",
    "行政责任：组织者罚款 50 万至 200 万元，介绍、诱骗、胁迫他人参加的罚款 10 万至 50 万元（金额请律师核对）。",
    "刑事责任：《刑法》第二百二十四条之一，五年以下有期徒刑或者拘役，情节严重的五年以上。",
    "微信：公众号、小程序、企业微信账号和域名可能被永久封禁。",
)

_HASH = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[\u3400-\u9fff·]{2,20}|[A-Za-z][A-Za-z .'-]{2,60}")


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers for it. `factor_at`: when his second factor was used."""

    userid: str
    real_name: str
    factor_at: datetime | None


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a record holds, as it was told. `at` is when it is recorded."""

    plan_name: str
    plan_version: int
    digest: str
    ruleset: str
    evidence: Mapping[str, Any]
    operator: Person
    title: str
    statement: str
    reason: str
    at: datetime
    valid_until: datetime
    ip: str
    session_id: str
    second: Person | None = None
    opinion: str | None = None

    @property
    def rule_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self.evidence))


def evidence_of(findings: Iterable[Finding]) -> dict[str, Any]:
    """What a record must hold of the findings that it answers for: rule id to what showed it."""
    return {it.rule_id: it.evidence.data() for it in of_severity(list(findings), "OVERRIDE")}


def faults(request: Request, digest: str, findings: Sequence[Finding], now: datetime) -> list[tuple[str, str]]:
    """(field, what is wrong with it) of a request, everything at once."""
    found: list[tuple[str, str]] = []

    def must(holds: bool, field: str, said: str) -> None:
        if not holds:
            found.append((field, said))

    needed = evidence_of(findings)
    blocked = [it.rule_id for it in of_severity(findings, "BLOCK")]
    must(not blocked, "plan", f"有禁止发布的问题（{'、'.join(blocked)}），任何记录都不能放行")
    must(bool(needed), "rules", "方案没有需要特批的问题")
    must(request.digest == digest, "digest", "不是现在这份方案的摘要")
    must(bool(request.plan_name) and request.plan_version > 0, "plan", "要写方案名称和将发布的版本号")
    must(request.ruleset == RULESET, "ruleset", f"规则集必须是 {RULESET}")
    must(dict(request.evidence) == needed, "evidence", f"必须逐条列出并只列出：{'、'.join(sorted(needed)) or '无'}")
    must(request.statement == STATEMENT, "statement", f"必须一字不差地输入：{STATEMENT}")
    reason = "".join(request.reason.split())
    must(len(reason) >= LEAST_REASON, "reason", f"理由至少 {LEAST_REASON} 个字")
    must(len(request.reason) <= MOST_REASON, "reason", f"理由最多 {MOST_REASON} 个字")
    must(len(set(reason)) >= LEAST_REASON // 5, "reason", "理由要写完整的句子，不能重复凑字数")
    must(bool(request.title.strip()) and len(request.title) <= 64, "title", "要写职务，最多 64 个字")
    must(bool(request.ip) and len(request.ip) <= 64, "ip", "缺少来源地址")
    must(bool(request.session_id) and len(request.session_id) <= 128, "session_id", "缺少会话编号")
    must(request.at <= now, "at", "记录时间不能在以后")
    must(now < request.valid_until, "valid_until", "有效期必须在以后")
    must(request.valid_until - request.at <= LONGEST, "valid_until", f"有效期最长 {LONGEST.days} 天")
    found += _person("operator", request.operator, request.at)
    if request.second is not None:
        found += _person("second", request.second, request.at)
        same = request.second.userid.lower() == request.operator.userid.lower()
        must(not same and request.second.real_name != request.operator.real_name, "second", "必须是另一个人")
    elif needed.keys() & SECOND_NEEDED:
        must(False, "second", f"{'、'.join(sorted(needed.keys() & SECOND_NEEDED))} 需要第二位审批人")
    if request.opinion is not None:
        must(bool(_HASH.fullmatch(request.opinion)), "opinion", "律师意见文件的 SHA-256 要写 64 位小写十六进制")
    elif needed.keys() & OPINION_NEEDED:
        must(False, "opinion", "TP-3 需要律师的书面意见文件")
    return found


def _person(field: str, who: Person, at: datetime) -> list[tuple[str, str]]:
    found = []
    if not who.userid:
        found.append((f"{field}.userid", "缺少操作员账号"))
    if not _NAME.fullmatch(who.real_name):
        found.append((f"{field}.real_name", "要写真实姓名"))
    if who.factor_at is None or not timedelta(0) <= at - who.factor_at <= FACTOR_WITHIN:
        found.append((f"{field}.factor_at", "要在 5 分钟内通过第二重验证"))
    return found


def link(previous: str, fields: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and every field; instants in UTC, keys sorted."""
    body = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"no field of a record: {value!r}")
