"""`flask plan draft`: keep a plan that is being worked on, and name it D3 where a command asks for a plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from models.plan import PlanDraft
from services import draft
from services.terminal import Answer, Refusal, answering, iso
from web.commands import CommandDeps
from web.commands.files import FILE, read_text

NUMBER = re.compile(r"[Dd](\d{1,9})")
STATES = {"draft": "草案", "checked": "已检查"}


class PlanSource(click.ParamType["Path | int"]):
    """A file, or the number of a draft: D3. A file of that name goes before."""

    name = "方案"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | int:
        found = NUMBER.fullmatch(value) if isinstance(value, str) else None
        if found is not None and not Path(value).exists():
            return int(found[1])
        path: Path = FILE.convert(value, param, ctx)
        return path


class DraftNumber(click.ParamType[int]):
    name = "草案编号"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if (found := NUMBER.fullmatch(value)) is None:
            self.fail(f"{value!r} 不是草案编号；编号像 D3，见 flask plan list", param, ctx)
        return int(found[1])


def text_of(deps: CommandDeps, source: Path | int) -> tuple[str, str | None]:
    """A plan's text and, of a draft, the context that is kept with it."""
    if isinstance(source, Path):
        return read_text(source), None
    deps.ready()
    with deps.sessions.reading() as session:
        row = refused(draft.find, session, source)
        return row.source, row.context


def refused(work: Any, *arguments: Any, **more: Any) -> Any:
    """What `work` gives; its refusals in words."""
    try:
        return work(*arguments, **more)
    except draft.Unknown as unknown:
        raise Refusal(unknown.code, f"没有草案 D{unknown.facts['number']}；flask plan list 列出全部") from None
    except draft.AlreadyPublished as gone:
        facts = gone.facts
        said = f"草案 D{facts['number']} 已经发布为第 {facts['version']} 版，不能再改；要改就另存一份草案"
        raise Refusal(gone.code, said) from None


def command(deps: CommandDeps) -> click.Command:
    @click.command("draft", help="把方案存成草案；之后用编号（像 D3）检查、试算、发布。")
    @click.argument("plan_file", metavar="PLAN.yaml", type=FILE)
    @click.option("--replace", "number", type=DraftNumber(), metavar="D3", help="改这份草案，而不是另存一份。")
    @click.option("--context", "context_file", type=FILE, help="合规检查的补充说明，和草案一起存。")
    @answering
    def draft_(plan_file: Path, number: int | None, context_file: Path | None) -> Answer:
        source = read_text(plan_file)
        context = None if context_file is None else read_text(context_file)
        deps.ready()
        with deps.sessions.writing() as session:
            row = refused(draft.save, session, source, context=context, number=number, now=deps.clock())
            answer = data(row)
        said = f"已存为草案 {answer['draft']}「{answer['name']}」。下一步：flask plan check {answer['draft']}"
        return Answer(answer, said)

    return draft_


def data(row: PlanDraft) -> dict[str, Any]:
    return {
        "draft": f"D{row.id}",
        "name": row.name,
        "digest": row.digest,
        "state": row.state,
        "saved_at": iso(row.saved_at),
        "checked_at": iso(row.checked_at),
        "ruleset": row.ruleset or None,
        "found": [finding["rule_id"] for finding in row.findings],
    }
