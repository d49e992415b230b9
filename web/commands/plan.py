"""`flask plan`: try a plan on a scenario or on past orders, compare two, publish, list; check and override.

`evaluate` needs no database; `diff` counts whom a change concerns where one answers, and does without where none does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from domain.compliance import parse_context
from domain.document import Refused
from domain.evaluation import END_OF_TIME, Evaluation, evaluate, evaluate_files
from domain.money import Money
from domain.plan import Difference, Plan, changes, parse
from domain.scenario import parse_scenario
from models.plan import PlanVersion
from services import compliance, distributor, plan
from services import draft as drafts
from services.explanation import SKIPPED, STATES, seat
from services.terminal import INSTANT, Answer, Refusal, answering, clock_text, columns, iso, json_text, refusal_of
from web.commands import CommandDeps, check, draft, override, simulate
from web.commands.check import read_context
from web.commands.files import FILE, read_text

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
IN_FORCE, SCHEDULED, SUPERSEDED = "in_force", "scheduled", "superseded"
VERSION_STATES = {IN_FORCE: "生效中", SCHEDULED: "未生效", SUPERSEDED: "已被取代"}


def group(deps: CommandDeps) -> click.Group:
    @click.group("plan", help="分销方案：试算、比较、发布、查看版本。")
    def commands() -> None: ...

    commands.add_command(_evaluate())
    commands.add_command(check.command(deps))
    commands.add_command(override.group(deps))
    commands.add_command(_diff(deps))
    commands.add_command(simulate.command(deps))
    commands.add_command(draft.command(deps))
    commands.add_command(_publish(deps))
    commands.add_command(_list(deps))
    return commands


# ---------------------------------------------------------------------------------------------------------------
# evaluate


def _evaluate() -> click.Command:
    @click.command("evaluate", help="把方案用在一个场景上：每一笔佣金和每一个没有拿到的原因。不需要数据库。")
    @click.argument("plan_file", metavar="PLAN.yaml", type=FILE, required=False)
    @click.argument("scenario_file", metavar="SCENARIO.json", type=FILE, required=False)
    @click.option("--as-of", type=INSTANT, help="算到这个时刻为止；不写时一切都已发生。")
    @click.option("--batch", type=FOLDER, help="文件夹里每一组 NAME.plan.yaml 等三个文件，结果写到 NAME.result.json。")
    @answering
    def evaluate_(
        plan_file: Path | None, scenario_file: Path | None, as_of: datetime | None, batch: Path | None
    ) -> Answer:
        if batch is not None:
            if plan_file is not None or as_of is not None:
                raise click.UsageError("--batch 自己读文件夹里的文件，不能再写 PLAN、SCENARIO 或 --as-of")
            return _evaluate_folder(batch)
        if plan_file is None or scenario_file is None:
            raise click.UsageError("要写两个文件：PLAN.yaml 和 SCENARIO.json；或者写 --batch 文件夹")
        document = parse(read_text(plan_file))
        found = evaluate(document, parse_scenario(read_text(scenario_file)), as_of or END_OF_TIME)
        return Answer(found.data(), "\n".join(_evaluation_text(document, found)))

    return evaluate_


def _evaluate_folder(folder: Path) -> Answer:
    """Every case of a folder; what is refused is a result too, `{"error"}`."""
    names = sorted(path.name.removesuffix(".plan.yaml") for path in folder.glob("*.plan.yaml"))
    refused = 0
    for name in names:
        result = _evaluate_case(folder, name)
        refused += "error" in result
        (folder / f"{name}.result.json").write_text(json_text(result) + "\n", encoding="utf-8")
    text = f"算了 {len(names)} 组，其中 {refused} 组的方案或场景没有被接受；结果在 {folder}/NAME.result.json。"
    return Answer({"cases": len(names), "refused": refused}, text)


def _evaluate_case(folder: Path, name: str) -> dict[str, Any]:
    try:
        as_of = folder / f"{name}.as_of"
        return evaluate_files(
            read_text(folder / f"{name}.plan.yaml"),
            read_text(folder / f"{name}.scenario.json"),
            read_text(as_of).strip() if as_of.exists() else None,
        )
    except (Refused, Refusal) as fault:
        return refusal_of(fault).data()


def _evaluation_text(document: Plan, found: Evaluation) -> Iterator[str]:
    data = found.data()
    yield f"方案「{document.name}」：{len(data['awards'])} 笔佣金，{len(data['skips'])} 笔没有拿到或没有拿足"
    heading = None
    for award in data["awards"]:
        if _heading(document, award) != heading:
            heading = _heading(document, award)
            yield f"\n{heading}"
        given = "非现金奖励" if award["reward"] else f"{Money(award['amount_fen']).spoken} 元"
        yield f"  {award['to']}（{seat(award['as'])}）{given}，{STATES[award['state']]}"
        yield f"    {award['why']}"
    if data["skips"]:
        yield "\n没有拿到或没有拿足的："
        yield columns(
            (_occasion(skip), skip["to"] or "—", seat(skip["as"]), skip["rule"], SKIPPED[skip["reason"]])
            for skip in data["skips"]
        )
    sums = {state: Money(sum(a["amount_fen"] for a in data["awards"] if a["state"] == state)) for state in STATES}
    yield f"\n合计：待结算 {sums['pending'].spoken} 元，可提现 {sums['available'].spoken} 元"


def _heading(document: Plan, award: dict[str, Any]) -> str:
    """The order, or the rule, under which an award is shown."""
    if award["as"] not in ("milestone", "team", "ranking"):
        return f"订单 {award['order']}"
    return next(rule.title for rule in document.rules if rule.id == award["rule"])


def _occasion(skip: dict[str, Any]) -> str:
    return f"订单 {skip['order']}" if skip["order"] is not None else skip["window"] or "加入时"


# ---------------------------------------------------------------------------------------------------------------
# diff


def _diff(deps: CommandDeps) -> click.Command:
    @click.command("diff", help="两份方案差在哪里，影响多少分销员。数据库没有应答时不数人。")
    @click.argument("old_file", metavar="OLD.yaml", type=FILE)
    @click.argument("new_file", metavar="NEW.yaml", type=FILE)
    @answering
    def diff(old_file: Path, new_file: Path) -> Answer:
        found = changes(parse(read_text(old_file)), parse(read_text(new_file)))
        counted = _affected(deps, found)
        data = [{"text": it.text, "affected": count} for it, count in zip(found, counted, strict=True)]
        lines = [
            it.text if count is None else f"{it.text}，影响 {count} 人"
            for it, count in zip(found, counted, strict=True)
        ]
        return Answer({"changes": data}, "\n".join(lines) or "两份方案的意思完全一样。")

    return diff


def _affected(deps: CommandDeps, found: list[Difference]) -> list[int | None]:
    """How many distributors each change concerns; None where no database answers, or it has no tables yet."""
    try:
        with deps.sessions.reading() as session:
            return [plan.affected(session, difference) for difference in found]
    except (OperationalError, ProgrammingError, InterfaceError):
        return [None] * len(found)


# ---------------------------------------------------------------------------------------------------------------
# publish and list


def _publish(deps: CommandDeps) -> click.Command:
    @click.command("publish", help="发布为下一个版本，从 --from 起生效；发布后的版本永远不变。")
    @click.argument("given", metavar="PLAN.yaml|D3", type=draft.PlanSource())
    @click.option("--from", "starts_at", type=INSTANT, help="从什么时候起生效，最早一分钟之前；不写就是现在。")
    @click.option("--operator", help="由哪个操作员发布（企业微信账号）。")
    @click.option("--tick", "ticks", multiple=True, metavar="RULE_ID", help="合规检查里已知悉的提醒，每条写一次。")
    @click.option("--context", "context_file", type=FILE, help="合规检查的补充说明，见 flask plan check。")
    @answering
    def publish(
        given: Path | int,
        starts_at: datetime | None,
        operator: str | None,
        ticks: tuple[str, ...],
        context_file: Path | None,
    ) -> Answer:
        source, kept = draft.text_of(deps, given)
        parse(source)  # what is wrong with the file itself is said whether or not a database answers
        context = read_context(context_file) if context_file is not None else kept and parse_context(kept)
        deps.ready()
        now = deps.clock()
        # From the whole second on: an order's time may have no finer grain.
        starts_at = starts_at or now.replace(microsecond=0)
        with deps.sessions.writing() as session:
            if operator is not None and distributor.find_operator(session, operator) is None:
                how = f"flask operator create {operator} --name 名字 --role owner"
                raise Refusal("operator.unknown", f"没有账号为 {operator} 的操作员；先添加：{how}")
            if isinstance(given, int):
                draft.refused(drafts.open_, session, given)
            try:
                row = plan.publish(
                    session,
                    source,
                    starts_at=starts_at,
                    operator=operator.lower() if operator else None,
                    ticks=list(dict.fromkeys(ticks)),
                    context=context,
                    now=now,
                )
            except compliance.NotPublishable as hindered:
                raise check.refusal(hindered) from None
            except plan.StartsInThePast:
                earliest = clock_text(now - plan.EARLIEST)
                said = f"生效时间 {clock_text(starts_at)} 已经过去；最早是 {earliest}（上海时间），已付款的订单不改方案"
                raise Refusal("plan.starts_in_the_past", said) from None
            if isinstance(given, int):
                drafts.published(session, given, row)
            data = _version_data(row, IN_FORCE if starts_at <= now else SCHEDULED)
        when = f"从 {clock_text(starts_at)} 起生效" if starts_at > now else "已经生效"
        return Answer(data, f"已发布第 {data['version']} 版「{data['name']}」，{when}。")

    return publish


def _list(deps: CommandDeps) -> click.Command:
    @click.command("list", help="所有版本，以及现在生效的是哪一个。")
    @answering
    def list_() -> Answer:
        deps.ready()
        now = deps.clock()
        with deps.sessions.reading() as session:
            in_force = plan.in_force(session, now)
            rows = plan.versions(session)
            standing = _standing(rows, in_force.version_id if in_force else None, now)
            data = [_version_data(row, standing[row.id]) for row in rows]
            waiting = [draft.data(row) for row in drafts.listed(session)]
        answer, kept = {"versions": data, "drafts": waiting}, _drafts_text(waiting)
        if not data:
            none = "还没有发布过方案。发布：flask plan publish assets/plans/fruit.yaml --tick TP-1"
            return Answer(answer, none + kept)
        table = [("版本", "状态", "从何时起（上海时间）", "摘要", "名称")]
        table += [
            (str(row.id), VERSION_STATES[standing[row.id]], clock_text(row.starts_at), row.digest[:12], row.name)
            for row in rows
        ]
        return Answer(answer, columns(table, indent="") + kept)

    return list_


def _drafts_text(drafts_: list[dict[str, Any]]) -> str:
    if not drafts_:
        return ""
    table = [("草案", "状态", "检查发现", "摘要", "名称")]
    for row in drafts_:
        found = "、".join(row["found"]) or ("没有" if row["state"] == "checked" else "—")
        table.append((row["draft"], draft.STATES[row["state"]], found, row["digest"][:12], row["name"]))
    return "\n\n" + columns(table, indent="")


def _standing(rows: list[PlanVersion], in_force: int | None, now: datetime) -> dict[int, str]:
    """In force, still to come, or superseded: of two versions with one start the later published counts."""
    last_of = {row.starts_at: row.id for row in rows}  # rows come by start and id
    return {
        row.id: IN_FORCE
        if row.id == in_force
        else SCHEDULED
        if row.starts_at > now and last_of[row.starts_at] == row.id
        else SUPERSEDED
        for row in rows
    }


def _version_data(row: PlanVersion, state: str) -> dict[str, Any]:
    return {
        "version": row.id,
        "name": row.name,
        "digest": row.digest,
        "state": state,
        "starts_at": iso(row.starts_at),
        "published_at": iso(row.published_at),
        "published_by": row.published_by,
        "ticks": row.ticks,
        "ruleset": row.ruleset,
        "found": [finding["rule_id"] for finding in row.findings],
        "overrides": row.overrides,
        "good_until": iso(row.good_until),
    }
