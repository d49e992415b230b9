"""`flask plan override`: somebody answers with his name for a plan that needs it; the records, and their chain.

    flask plan override PLAN.yaml --operator boss --second partner      asks for everything at the terminal
    flask plan override list
    flask plan override verify

The statement and the reason are typed by hand at a terminal: no option, file or pipe gives them, so that no script
and no import can. The second factor is a code in each person's own WeCom chat, sent by the running app; who cannot
read both chats cannot make a record alone.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from domain import compliance as rules
from domain.compliance import override as records
from domain.compliance.override import EXPLAINED_ZH, FACTOR_WITHIN, LONGEST, STATEMENT, Person, Request
from domain.errors import Invalid
from domain.plan import check_against, digest, parse
from models import schema
from services import compliance, distributor, override, plan
from services.message import Catalogue
from services.override import Code
from services.terminal import Answer, Refusal, answering, clock_text, columns, iso
from services.vault import Vault
from web.commands import CommandDeps
from web.commands.check import finding_text, read_context
from web.commands.files import FILE, read_text

TRIES = 3


class _RecordByDefault(click.Group):
    """What is no subcommand is the plan to make a record for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if known else ["record", *args])


def group(deps: CommandDeps) -> click.Group:
    @click.group("override", cls=_RecordByDefault, help="合规特批：对 PLAN.yaml 逐项填写；或 list、verify。")
    def commands() -> None: ...

    commands.add_command(_record(deps))
    commands.add_command(_list(deps))
    commands.add_command(_verify(deps))
    return commands


# ---------------------------------------------------------------------------------------------------------------
# record


def _record(deps: CommandDeps) -> click.Command:
    @click.command("record", help="在终端逐项填写一条合规特批记录。")
    @click.argument("plan_file", metavar="PLAN.yaml", type=FILE)
    @click.option("--context", "context_file", type=FILE, help="与检查、发布时相同的补充说明文件。")
    @click.option("--operator", "userid", required=True, help="承担责任的店主（企业微信账号）。")
    @click.option("--second", help="第二位审批人（企业微信账号），TP-2 以上必须有。")
    @click.option("--opinion", "opinion_file", type=FILE, help="律师的书面意见文件，TP-3 必须有；只记录它的 SHA-256。")
    @click.option(
        "--days", type=click.IntRange(1, LONGEST.days), default=LONGEST.days, show_default=True, help="有效天数。"
    )
    @answering
    def record(
        plan_file: Path,
        context_file: Path | None,
        userid: str,
        second: str | None,
        opinion_file: Path | None,
        days: int,
    ) -> Answer:
        if not at_a_terminal():
            raise Refusal("override.no_terminal", "合规特批必须由本人在终端逐字输入，不能用管道、脚本或导入代替")
        document, context = parse(read_text(plan_file)), read_context(context_file)
        opinion = None if opinion_file is None else hashlib.sha256(opinion_file.read_bytes()).hexdigest()
        deps.ready()
        if deps.vault is None or deps.catalogue is None:
            raise Refusal("override.not_configured", "没有配置密钥或消息文本；用 flask doctor 查看")
        with deps.sessions.reading() as session:
            check_against(document, plan.catalogue(session))
            findings = compliance.check(document, compliance.live(session, context))
            people = [_operator(session, name) for name in (userid, second) if name]
            version = override.next_version(session)
        needed = records.evidence_of(findings)
        if blocked := rules.of_severity(findings, "BLOCK"):
            names = "、".join(finding.rule_id for finding in blocked)
            raise Refusal("plan.blocked", f"{names} 禁止发布，特批也不能放行；先改方案")
        if not needed:
            raise Refusal("override.not_needed", "这份方案没有需要特批的问题")
        lacking = [it for it in needed if it in records.SECOND_NEEDED and second is None]
        if lacking:
            raise Refusal("override.second_missing", f"{'、'.join(lacking)} 需要第二位审批人：加上 --second 账号")
        if opinion is None and needed.keys() & records.OPINION_NEEDED:
            raise Refusal("override.opinion_missing", "TP-3 需要律师的书面意见：加上 --opinion 文件")
        _explain(document.name, findings)
        told = _Told.ask(len(people))
        codes = _send_codes(deps, deps.catalogue, people, document.name)
        used = [_wait_for(code, deps.clock) for code in codes]
        now = deps.clock()
        answering_for = [Person(who, name, at) for who, name, at in zip(people, told.names, used, strict=True)]
        request = Request(
            plan_name=document.name,
            plan_version=version,
            digest=digest(document),
            ruleset=rules.RULESET,
            evidence=needed,
            operator=answering_for[0],
            title=told.title,
            statement=told.statement,
            reason=told.reason,
            at=now,
            valid_until=now + timedelta(days=days),
            ip=_address(),
            session_id=_session(),
            second=answering_for[1] if len(answering_for) > 1 else None,
            opinion=opinion,
        )
        number = _write(deps, deps.vault, request, findings, now)
        said = (
            f"已记录第 {number} 号合规特批，有效到 {clock_text(request.valid_until)}（上海时间）。可以发布这份方案了。"
        )
        return Answer({"id": number, "rules": sorted(needed), "valid_until": iso(request.valid_until)}, said)

    return record


def at_a_terminal() -> bool:
    """Whether a person sits in front: what is typed comes from a keyboard, and the questions go to a screen."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _operator(session: Any, userid: str) -> str:
    found = distributor.find_operator(session, userid)
    if found is None:
        raise Refusal("operator.unknown", f"没有账号为 {userid} 的操作员；先添加：flask operator create {userid} …")
    return found.userid


def _explain(name: str, findings: list[rules.Finding]) -> None:
    click.echo(rules.DISCLAIMER, err=True)
    click.echo(f"\n方案「{name}」需要特批的问题：", err=True)
    for finding in rules.of_severity(findings, "OVERRIDE"):
        click.echo("\n".join(finding_text(finding)), err=True)
    click.echo("\n请先读完：", err=True)
    for line in EXPLAINED_ZH:
        click.echo(f"  · {line}", err=True)


class _Told:
    """What was typed."""

    def __init__(self, names: list[str], title: str, reason: str, statement: str) -> None:
        self.names, self.title, self.reason, self.statement = names, title, reason, statement

    @classmethod
    def ask(cls, people: int) -> _Told:
        names = [click.prompt(f"{who}的真实姓名", err=True).strip() for who in ("承担责任人", "第二位审批人")[:people]]
        title = click.prompt("承担责任人的职务", err=True).strip()
        reason = click.prompt("理由（至少 50 个字，写明业务背景和已采取的措施）", err=True).strip()
        statement = click.prompt(f"请逐字输入：{STATEMENT}\n", err=True).strip()
        return cls(names, title, reason, statement)


def _send_codes(deps: CommandDeps, catalogue: Catalogue, people: list[str], name: str) -> list[Code]:
    with deps.sessions.writing() as session:
        codes = [override.send_code(session, catalogue, who, name, now=deps.clock()) for who in people]
    click.echo(f"\n验证码已发到 {'、'.join(people)} 的企业微信（由正在运行的服务发送），5 分钟内有效。", err=True)
    return codes


def _wait_for(code: Code, clock: Callable[[], datetime]) -> datetime:
    """When the right code was typed."""
    since = clock()
    for _ in range(TRIES):
        typed = click.prompt(f"{code.userid} 收到的验证码", err=True)
        if clock() - since > FACTOR_WITHIN:
            raise Refusal("override.code_expired", "验证码已过期，请重新开始")
        if code.is_typed(typed):
            return clock()
    raise Refusal("override.code_wrong", "验证码不对，没有记录任何内容")


def _write(deps: CommandDeps, vault: Vault, request: Request, findings: list[rules.Finding], now: datetime) -> int:
    try:
        with schema.locked(deps.sessions.engine, override.CHAIN), deps.sessions.writing() as session:
            return override.record(session, vault, request, digest=request.digest, findings=findings, now=now)
    except Invalid as invalid:
        fields = [{"field": field, "message": said} for field, said in invalid.faults]
        raise Refusal("override.refused", "没有记录，请改正后重新开始：", fields) from None


def _address() -> str:
    """Where the terminal is: the other end of SSH, or this machine."""
    return (os.environ.get("SSH_CONNECTION") or "127.0.0.1").split()[0]


def _session() -> str:
    try:
        name = os.ttyname(sys.stdin.fileno())
    except (OSError, ValueError):
        name = "tty"
    return f"{name} {os.getsid(0)}"


# ---------------------------------------------------------------------------------------------------------------
# list and verify


def _list(deps: CommandDeps) -> click.Command:
    @click.command("list", help="所有合规特批记录。")
    @answering
    def list_() -> Answer:
        deps.ready()
        now = deps.clock()
        with deps.sessions.reading() as session:
            rows = override.everything(session)
            data = [
                {
                    "id": row.id,
                    "plan": row.plan_name,
                    "version": row.plan_version,
                    "digest": row.digest,
                    "ruleset": row.ruleset,
                    "rules": sorted(row.evidence),
                    "operator": row.operator,
                    "second": row.second,
                    "opinion": row.opinion,
                    "reason": row.reason,
                    "recorded_at": iso(row.recorded_at),
                    "valid_until": iso(row.valid_until),
                    "expired": row.valid_until <= now or row.ruleset != rules.RULESET,
                    "hash": row.hash,
                }
                for row in rows
            ]
        if not data:
            return Answer({"records": []}, "没有合规特批记录。")
        table = [("编号", "状态", "方案", "规则", "承担责任", "第二审批", "有效到（上海时间）", "摘要")]
        table += [
            (
                str(row.id),
                "已失效" if it["expired"] else "有效期内",
                row.plan_name,
                "、".join(it["rules"]),
                row.operator,
                row.second or "—",
                clock_text(row.valid_until),
                row.hash[:12],
            )
            for row, it in zip(rows, data, strict=True)
        ]
        return Answer({"records": data}, columns(table, indent=""))

    return list_


def _verify(deps: CommandDeps) -> click.Command:
    @click.command("verify", help="核对特批记录的哈希链：有没有被改过、删过或插入过；对不上时以 1 退出。")
    @answering
    def verify() -> Answer:
        deps.ready()
        try:
            with deps.sessions.reading() as session:
                count = override.verify(session)
        except override.ChainBroken as broken:
            number = broken.facts["id"]
            said = f"第 {number} 号记录对不上：它或它前面的记录被改过、删过或插入过。保留现场，从备份核对。"
            return Answer({"ok": False, "first_wrong": number}, said, found=True)
        return Answer({"ok": True, "records": count}, f"特批记录无误：{count} 条都对得上。")

    return verify
