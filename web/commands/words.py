"""`flask words`: the word lists of the compliance check: look, add, allow with a reason, check a text or everything.

Words are added and never removed; an absolute word may stand within a phrase for a written reason.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from domain.compliance import DISCLAIMER, Finding, outcome_of
from domain.compliance.material import LISTS, Material, check_material
from domain.compliance.wordlists import GROUNDS, RECORDED, WordLists
from domain.errors import Invalid
from domain.notice import Template
from services import distributor, product, words
from services.material import everything as material
from services.material.everything import Checked
from services.terminal import Answer, Refusal, answering
from web.commands import CommandDeps
from web.commands.check import SEVERITY

MOST_READ = 100_000  # characters of a text
_GROUND_OF = {title: ground for ground, title in GROUNDS.items()}


def group(deps: CommandDeps, templates: Mapping[str, Template] | None = None) -> click.Group:
    @click.group("words", help="词表：文案、海报、消息和商品名里不能写的词。只能加，不能删。")
    def commands() -> None: ...

    commands.add_command(_list(deps))
    commands.add_command(_add(deps))
    commands.add_command(_allow(deps))
    commands.add_command(_check(deps, templates or {}))
    return commands


def _list(deps: CommandDeps) -> click.Command:
    @click.command("list", help="有哪些词表、各有多少词；写上词表的名字就列出它的词，* 是店里自己加的。")
    @click.argument("name", required=False, type=click.Choice(list(LISTS)))
    @answering
    def list_(name: str | None) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            every = words.lists(session).words
            allowed = [
                {"phrase": row.phrase, "word": row.word, "kind": GROUNDS[row.ground], "reason": row.reason}
                for row in words.exceptions(session)
            ]
        shown = [it for it in every if name is None or it.list == name]
        if name is not None:
            data = {"list": name, "words": [{"word": it.text, "own": it.own} for it in shown], "allowed": allowed}
            return Answer(data, " ".join(f"{it.text}{'*' if it.own else ''}" for it in shown))
        rows = [_list_data(key, [it for it in shown if it.list == key]) for key in LISTS]
        lines = [f"{row['list']:<11}{row['title']}：{row['words']} 个，其中自己加的 {row['own']} 个" for row in rows]
        lines += [f"可以写「{it['phrase']}」：{it['kind']}，{it['reason']}" for it in allowed]
        return Answer({"lists": rows, "allowed": allowed}, "\n".join(lines))

    return list_


def _list_data(name: str, listed: Sequence[Any]) -> dict[str, Any]:
    told = LISTS[name]
    own = sum(it.own for it in listed)
    return {"list": name, "title": told.title, "rule_id": told.rule_id or None, "words": len(listed), "own": own}


def operator_of(session: Any, userid: str) -> str:
    """The operator's userid as it is kept. Raises Refusal where there is no such operator."""
    if distributor.find_operator(session, userid) is None:
        raise Refusal("operator.unknown", f"没有操作员 {userid}；先用 flask operator create 添加")
    return userid.lower()


def _add(deps: CommandDeps) -> click.Command:
    @click.command("add", help="往词表里加词；「…」代表中间最多八个字。加了就不能删。")
    @click.argument("name", type=click.Choice(list(LISTS)))
    @click.argument("told", nargs=-1, required=True, metavar="词…")
    @click.option("--operator", required=True, help="哪一个操作员加的（userid）。")
    @answering
    def add(name: str, told: tuple[str, ...], operator: str) -> Answer:
        deps.ready()
        with deps.sessions.writing() as session:
            who = operator_of(session, operator)
            added = words.add(session, name, told, operator=who, now=deps.clock())
        said = f"已加到{LISTS[name].title}：{'、'.join(added)}。" if added else "这些词早就在词表里了。"
        return Answer({"list": name, "added": added}, said)

    return add


def _allow(deps: CommandDeps) -> click.Command:
    @click.command("allow", help="写明理由，让一个说法里的绝对化用语可以用，例如注册的商品名。")
    @click.argument("phrase", metavar="说法")
    @click.option("--kind", required=True, type=click.Choice(list(RECORDED)), help="属于哪一种。")
    @click.option("--reason", required=True, help="理由，10 到 255 个字，会记下来。")
    @click.option("--operator", required=True, help="哪一个操作员决定的（userid）。")
    @answering
    def allow(phrase: str, kind: str, reason: str, operator: str) -> Answer:
        deps.ready()
        try:
            with deps.sessions.writing() as session:
                who = operator_of(session, operator)
                found = words.allow(
                    session, phrase, ground=_GROUND_OF[kind], reason=reason, operator=who, now=deps.clock()
                )
        except Invalid as invalid:
            fields = [{"field": name, "message": said} for name, said in invalid.faults]
            raise Refusal("words.invalid", "没有记下，共 " + str(len(fields)) + " 处：", fields) from None
        except words.NothingToAllow:
            raise Refusal("words.nothing_to_allow", f"「{phrase}」里没有绝对化用语，不用写理由") from None
        data = {"phrase": phrase, "words": found, "kind": kind, "reason": reason}
        return Answer(data, f"「{phrase}」里的{'、'.join(found)}以后可以用（{kind}）。")

    return allow


# ---------------------------------------------------------------------------------------------------------------
# check


def _check(deps: CommandDeps, templates: Mapping[str, Template]) -> click.Command:
    @click.command(
        "check",
        help="检查一段文字；不写就检查所有的素材：消息、文案、海报、商品名和卖点、公众号模板。有问题时以 1 退出。",
    )
    @click.argument("text", required=False)
    @click.option("--category", default="", help="商品的分类（药品、保健食品等要批准文号）。")
    @answering
    def check(text: str | None, category: str) -> Answer:
        deps.ready()
        if text is not None:
            told = sys.stdin.read(MOST_READ + 1) if text == "-" else text
            if len(told) > MOST_READ:
                raise Refusal("words.too_long", f"一次最多检查 {MOST_READ:,} 个字")
            with deps.sessions.reading() as session:
                lists = words.lists(session)
            has_link = "http" in told or "{链接}" in told
            told_as = Material(told, "copy", category=category, has_link=has_link)
            return report([Checked("文字", tuple(check_material(told_as, lists)))], 1)
        with deps.sessions.reading() as session:
            lists = words.lists(session)
            everything = list(_everything(deps, session, lists, templates))
        return report([it for it in everything if it.findings], len(everything))

    return check


def _everything(
    deps: CommandDeps, session: Any, lists: WordLists, templates: Mapping[str, Template]
) -> Iterator[Checked]:
    sentences = tomllib.loads((deps.assets / "messages" / "zh_CN.toml").read_text(encoding="utf-8"))
    yield from material.sentences(sentences, lists)
    yield from material.templates(templates, lists)
    yield from material.layouts(deps.assets / "posters", lists)
    yield from material.copies(session, deps.library, lists)
    yield from material.products(product.every(session), lists)


def report(found: Sequence[Checked], count: int) -> Answer:
    """What was found, in the words of the check of plans."""
    findings = [finding for it in found for finding in it.findings]
    data = {
        "checked": count,
        "outcome": outcome_of(findings),
        "findings": [{"where": it.where} | finding.data() for it in found for finding in it.findings],
        "disclaimer": DISCLAIMER,
    }
    lines = [f"检查了 {count} 处，" + (f"{len(findings)} 处有问题：" if findings else "没有发现问题。")]
    for it in found:
        for finding in it.findings:
            lines += ["", *finding_lines(it.where, finding)]
    return Answer(data, "\n".join(lines), bool(findings))


def finding_lines(where: str, finding: Finding) -> list[str]:
    said = finding.evidence.said
    shown = said if said.startswith(where) else f"{where}：{said}"
    return [
        f"[{SEVERITY[finding.severity]}] {finding.rule_id} {finding.title_zh}",
        f"  {shown}",
        f"  建议：{finding.remedy_zh}",
    ]
