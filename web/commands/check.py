"""`flask plan check`: the compliance check of a plan, in words and as JSON.

Prices and costs come from the database where one answers; without one usual prices are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from domain.compliance import (
    CHECKED_ON,
    CLEAN,
    DISCLAIMER,
    FAMILIES,
    NOT_CHECKED,
    REVIEW_BY,
    RULES,
    RULESET,
    SEVERITIES,
    Context,
    Finding,
    family,
    outcome_of,
    parse_context,
)
from domain.periods import shanghai_date
from domain.plan import Plan, digest, parse
from services import compliance
from services import draft as drafts
from services.terminal import Answer, Refusal, answering
from web.commands import CommandDeps, draft
from web.commands.files import FILE, read_text

SEVERITY = {"BLOCK": "禁止发布", "OVERRIDE": "需要特批", "WARN": "需要确认", "INFO": "仅供了解"}
OUTCOME = {
    "BLOCK": "不能发布：有禁止的内容，没有任何办法放行。",
    "OVERRIDE": "不能直接发布：每一条「需要特批」都要有合规特批记录（flask plan override {files} …）。",
    "WARN": "发布前要逐条确认：flask plan publish {files} {ticks}",
    "INFO": "可以发布。",
    CLEAN: "没有发现问题，可以发布。",
}


def command(deps: CommandDeps) -> click.Command:
    @click.command("check", help="合规检查：方案里有哪些法律和平台风险。发现需要处理的问题时以 1 退出。")
    @click.argument("source", metavar="PLAN.yaml|D3", type=draft.PlanSource())
    @click.option("--context", "context_file", type=FILE, help="方案里写不下的情况：加入途径、方案之外的奖励等。")
    @answering
    def check(source: Path | int, context_file: Path | None) -> Answer:
        text, kept = draft.text_of(deps, source)
        plan = parse(text)
        context = read_context(context_file) if context_file is not None or kept is None else parse_context(kept)
        known = with_live_prices(deps, context)
        findings = compliance.check(plan, known)
        if isinstance(source, int):
            with deps.sessions.writing() as session:
                drafts.checked(session, source, digest(plan), findings, now=deps.clock())
        late = shanghai_date(deps.clock()) > REVIEW_BY
        data = report_data(plan, findings, overdue=late)
        named = f"D{source}" if isinstance(source, int) else str(source)
        files = named if context_file is None else f"{named} --context {context_file}"
        return Answer(data, "\n".join(report_text(plan, known, findings, files, overdue=late)), hinders(findings))

    return check


def read_context(file: Path | None) -> Context:
    return Context() if file is None else parse_context(read_text(file))


def with_live_prices(deps: CommandDeps, context: Context) -> Context:
    """The catalogue's prices where a database answers and has tables."""
    url = deps.sessions.engine.url
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return context  # asking would make the file
    try:
        with deps.sessions.reading() as session:
            return compliance.live(session, context)
    except (OperationalError, ProgrammingError, InterfaceError):
        return context


def hinders(findings: Sequence[Finding]) -> bool:
    return outcome_of(findings) not in ("INFO", CLEAN)


# ---------------------------------------------------------------------------------------------------------------
# The report


def report_data(plan: Plan, findings: Sequence[Finding], *, overdue: bool) -> dict[str, Any]:
    return {
        "plan": plan.name,
        "outcome": outcome_of(findings),
        "findings": [finding.data() for finding in findings],
        "checked_on_material": {rule_id: list(where) for rule_id, where in CHECKED_ON.items()},
        "not_checked": list(NOT_CHECKED),
        "ruleset_version": RULESET,
        "review_by": REVIEW_BY.isoformat(),
        "review_overdue": overdue,
        "disclaimer": DISCLAIMER,
    }


def report_text(
    plan: Plan, context: Context, findings: Sequence[Finding], files: str, *, overdue: bool
) -> Iterator[str]:
    """For people; `files` is how the commands that come next name the plan."""
    yield DISCLAIMER
    yield f"\n方案「{plan.name}」，规则集 {RULESET}（应在 {REVIEW_BY} 前复核）"
    if overdue:
        yield "注意：规则集已过复核日期，法规可能已经变化，请先升级或请律师核对。"
    priced = sum(1 for goods in context.products if goods.price)
    yield f"用到 {priced} 件商品的价格。" if priced else f"没有商品价格，按一单 {context.order_value.spoken} 元估算。"
    for finding in findings:
        yield ""
        yield from finding_text(finding)
    ticks = " ".join(f"--tick {it.rule_id}" for it in findings if it.severity == "WARN")
    yield f"\n结论：{OUTCOME[outcome_of(findings)].format(files=files, ticks=ticks)}"
    if findings:
        yield "依据后面的 ✔ 表示已对照原文或官方报道，◇ 表示待律师核实。"
    yield "\n不在方案里、在素材上检查（存文案、画海报时，以及 flask words check）："
    for name, title in FAMILIES.items():
        if rules := [rule_id for rule_id in CHECKED_ON if family(rule_id) == name]:
            yield f"  {title}："
            yield from (f"    {it} {RULES[it].title_zh}：{'、'.join(CHECKED_ON[it])}" for it in rules)
    yield "\n尚未检查（相关功能还没有建成）："
    for name, title in FAMILIES.items():
        if ids := [rule_id for rule_id in NOT_CHECKED if family(rule_id) == name]:
            yield f"  {title}：{'、'.join(ids)}"


def finding_text(finding: Finding) -> Iterator[str]:
    title = FAMILIES[family(finding.rule_id)]
    yield f"[{SEVERITY[finding.severity]}] {finding.rule_id} {title}｜{finding.title_zh}"
    yield f"  发现：{finding.evidence.said}"
    yield f"  原因：{finding.reason_zh}"
    yield f"  建议：{finding.remedy_zh}"
    yield f"  依据：{'；'.join(finding.sources)}"


def refusal(fault: compliance.NotPublishable) -> Refusal:
    """Why a plan is not published, with what was found and how to go on."""
    names = "、".join(fault.rule_ids)
    counts = "、".join(
        f"{SEVERITY[severity]} {count} 条"
        for severity in SEVERITIES
        if (count := sum(it.severity == severity for it in fault.findings))
    )
    how = {
        "plan.blocked": f"{names} 禁止发布，没有任何办法放行；先改方案",
        "plan.override_needed": (
            f"{names} 需要合规特批：由店主在终端运行 flask plan override PLAN.yaml --operator 账号 --second 账号，"
            "逐项填写后再发布；不能由接口、聊天或导入代办"
        ),
        "plan.ticks_needed": f"先看完再逐条确认：加上 {' '.join(f'--tick {it}' for it in fault.rule_ids)}",
    }[fault.code]
    fields = [{"field": it.rule_id, "message": f"{it.title_zh}。{it.evidence.said}"} for it in fault.hindering]
    return Refusal(fault.code, f"合规检查没有通过（{counts}）。{how}。", fields)
