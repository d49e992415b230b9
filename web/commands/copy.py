"""`flask copy`: the library of texts, and the merchant's own: list, add, check, remove."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from domain.copy import KINDS, CopyText, parse
from domain.errors import DomainError
from services import words
from services.copy import own
from services.copy.library import check as check_text
from services.material import everything as material
from services.material.everything import Checked
from services.terminal import Answer, Refusal, answering, columns
from web.commands import CommandDeps
from web.commands.files import FILE, read_text
from web.commands.words import operator_of, report


def group(deps: CommandDeps) -> click.Group:
    @click.group("copy", help="文案：自带的和店里自己的。写法见 docs/copy.zh-CN.md。")
    def commands() -> None: ...

    commands.add_command(_list(deps))
    commands.add_command(_add(deps))
    commands.add_command(_check(deps))
    commands.add_command(_remove(deps))
    return commands


def _list(deps: CommandDeps) -> click.Command:
    @click.command("list", help="有哪些文案；* 是店里自己的。")
    @click.option("--sku", help="只看给这件商品的。")
    @click.option("--kind", type=click.Choice(list(KINDS.values())), help="只看这一种。")
    @answering
    def list_(sku: str | None, kind: str | None) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            listed = _every(deps, session)
        shown = [it for it in listed if (sku is None or it.sku == sku) and (kind is None or KINDS[it.kind] == kind)]
        rows = [[it.name + ("*" if it.own else ""), KINDS[it.kind], _scope(it), _first_line(it)] for it in shown]
        counts = Counter(KINDS[it.kind] for it in shown)
        head = f"共 {len(shown)} 条" + "".join(f"，{name} {counts[name]}" for name in KINDS.values() if counts[name])
        data = {"texts": [it.data() | {"own": it.own} for it in shown]}
        return Answer(data, "\n".join([head, columns(rows)]) if rows else "没有。")

    return list_


def _every(deps: CommandDeps, session: Any) -> list[CopyText]:
    library = deps.library
    mine = [text for row in own.every(session) if (text := own.text_of(row, library)) is not None]
    return [*library.texts, *mine]


def _scope(text: CopyText) -> str:
    return text.sku or text.category or (f"异议 {text.topic}" if text.topic else "通用")


def _first_line(text: CopyText) -> str:
    line = text.text.splitlines()[0]
    return line if len(line) <= 30 else f"{line[:30]}…"


def _add(deps: CommandDeps) -> click.Command:
    @click.command("add", help="加上文件里的文案，name 相同的换掉；有一条不行就一条都不加。")
    @click.argument("file", metavar="FILE.yaml", type=FILE)
    @click.option("--operator", required=True, help="哪一个操作员加的（userid）。")
    @click.option("--tick", "ticks", multiple=True, metavar="RULE_ID", help="看过并接受的提醒，例如 AD-7；可以写多个。")
    @answering
    def add(file: Path, operator: str, ticks: tuple[str, ...]) -> Answer:
        deps.ready()
        source = read_text(file)
        try:
            with deps.sessions.writing() as session:
                who = operator_of(session, operator)
                added = own.add(session, deps.library, source, ticks=ticks, operator=who, now=deps.clock())
        except own.CopyBlocked as refused:
            raise _refusal(refused) from None
        names = [text.name for text in added]
        return Answer({"added": names}, f"已加上 {len(names)} 条：{'、'.join(names)}。马上就能用。")

    return add


def _refusal(refused: own.CopyBlocked) -> Refusal:
    """Why texts are not kept, with where it stands and what to do."""
    rules = list(dict.fromkeys(finding.rule_id for _, finding in refused.found))
    how = "先改文案，没有任何办法放行"
    if isinstance(refused, own.CopyTicksNeeded):
        how = f"先看完再逐条确认：加上 {' '.join(f'--tick {rule}' for rule in rules)}"
    fields = [
        {"field": text.name, "message": f"{finding.rule_id} {finding.evidence.said}。{finding.remedy_zh}"}
        for text, finding in refused.found
    ]
    return Refusal(refused.code, f"没有加上，{how}。", fields)


def _check(deps: CommandDeps) -> click.Command:
    @click.command("check", help="检查一个还没加的文件；不写就检查所有的文案。有问题时以 1 退出。")
    @click.argument("file", metavar="FILE.yaml", type=FILE, required=False)
    @answering
    def check(file: Path | None) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            lists = words.lists(session)
            if file is None:
                found = list(material.copies(session, deps.library, lists))
            else:
                texts = parse(read_text(file), festivals=deps.library.festival_names, lists=lists)
                found = [Checked(text.name, tuple(check_text(text, lists))) for text in texts]
        return report([it for it in found if it.findings], len(found))

    return check


def _remove(deps: CommandDeps) -> click.Command:
    @click.command("remove", help="去掉店里自己的一条文案；自带的去不掉。")
    @click.argument("name")
    @answering
    def remove(name: str) -> Answer:
        deps.ready()
        try:
            with deps.sessions.writing() as session:
                own.remove(session, name)
        except DomainError:
            raise Refusal("copy.no_such", f"没有自己的文案 {name}；用 flask copy list 看有哪些") from None
        return Answer({"removed": name}, f"已去掉 {name}。")

    return remove
