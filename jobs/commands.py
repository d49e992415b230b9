"""`flask settle`, `flask job`: what the clock does, by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from jobs.scheduler import Job, Scheduler
from models.base import Sessions
from services.terminal import INSTANT, Answer, answering, clock_text, columns, iso

_WRONG = ("failed", "differences")  # counts of a job's summary that mean that somebody has to look


@dataclass(frozen=True)
class JobDeps:
    """jobs     those of the clock, by hand
    settle   settles everything due by a moment and returns its counts (SettlementJob, for the reason `command`)
    ready    brings the database up to date
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    jobs: Sequence[Job]
    settle: Callable[[datetime], dict[str, Any]]
    ready: Callable[[], None]


def settle(deps: JobDeps) -> click.Command:
    @click.command("settle", help="结算到期的佣金和奖励；--as-of 可以在将来，按那一刻到期的结算。重复执行无害。")
    @click.option("--as-of", type=INSTANT, help="按哪一刻结算；不写就是现在。")
    @answering
    def command(as_of: datetime | None) -> Answer:
        deps.ready()
        moment = as_of or deps.clock()
        counts = deps.settle(moment)
        failed = counts["failed"]
        text = f"结算到 {clock_text(moment)}：{counts['distributors']} 位分销员，共 {counts['amount']} 元转为可提现。"
        if not counts["distributors"] and not failed:
            text = f"结算到 {clock_text(moment)}：没有到期的佣金。"
        if counts["bonuses"] != "0.00" or counts["windows"]:
            text += (
                f"\n奖励发放 {counts['bonuses']} 元（收回的已扣除），算完 {counts['windows']} 个周期的团队和排行奖励。"
            )
        if failed:
            text += f"\n{failed} 位没有结成，原因在日志里；修好后再执行一次 flask settle，已结的不会重复。"
        return Answer({"as_of": iso(moment), **counts}, text, found=bool(failed))

    return command


def group(deps: JobDeps) -> click.Group:
    scheduler = Scheduler(deps.sessions, deps.jobs, deps.clock)  # never started: it runs and lists
    names = [job.name for job in deps.jobs]

    @click.group("job", help="定时任务。")
    def commands() -> None: ...

    @commands.command("run", help="现在执行一个定时任务，不影响它的时间表。")
    @click.argument("name", type=click.Choice(names))
    @click.option("--as-of", type=INSTANT, help="当作这一刻到期；不写就是现在。")
    @answering
    def run(name: str, as_of: datetime | None) -> Answer:
        deps.ready()
        moment = as_of or deps.clock()
        summary = scheduler.run(name, moment)
        wrong = isinstance(summary, dict) and any(summary.get(count) for count in _WRONG)
        counts = f"：{_counts(summary)}" if summary else ""
        data = {"job": name, "as_of": iso(moment), "summary": summary}
        return Answer(data, f"任务 {name} 已执行（{clock_text(moment)}）{counts}", found=wrong)

    @commands.command("list", help="有哪些定时任务，上次做到什么时候，下次什么时候。")
    @answering
    def list_() -> Answer:
        deps.ready()
        listed = scheduler.list()
        data = [
            {
                "name": job.name,
                "title": job.title,
                "cron": job.cron,
                "done_until": iso(job.done_until),
                "next_at": iso(job.next_at),
            }
            for job in listed
        ]
        table = [("名称", "做什么", "时间表", "做到", "下次")]
        table += [
            (job.name, job.title, job.cron, clock_text(job.done_until) or "还没有", clock_text(job.next_at))
            for job in listed
        ]
        return Answer({"jobs": data}, columns(table, indent=""))

    return commands


def _counts(summary: dict[str, Any] | str) -> str:
    if isinstance(summary, str):
        return summary
    return "，".join(f"{name} {value}" for name, value in summary.items())
