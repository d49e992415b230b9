"""Tasks, milestones on the way and rewards in kind; handing in evidence; for operators: deciding it.

「交任务 1 说明」 hands in evidence for the first task of the list. It is known by its first words, whatever else stands
in it: evidence may speak of anything.
"""

from __future__ import annotations

import re

from domain.conversation import Intent, Reply, Sentence
from domain.plan import say
from domain.plan.reward import reward_of
from domain.plan.words import number as spoken
from domain.why import why
from handlers.context import Context
from models.bonus import Entitlement, Submission
from models.distributor import Distributor
from services import entitlement, ledger
from services.bonus import tasks as service
from services.bonus import told
from services.bonus.tasks import OpenTask
from services.bonus.told import BelowFirstStep, OnTheWay

_SUBMITS = re.compile(
    r"\s*(?:我?要?)(?:交|提交|完成)(?:了)?任务\s*(?:第|#|＃)?\s*([0-9０-９]{1,3})(?![0-9０-９])(.*)", re.DOTALL
)
_AROUND = " \t\n\r,，:：。.、;；-"
SHOWN_EVIDENCE = 200


def submitting(ask: Intent, ctx: Context) -> Intent:
    """`tasks` where the text begins like evidence that is handed in, else what was understood."""
    return Intent("tasks") if ctx.sender is not None and _SUBMITS.match(ctx.text) else ask


def tasks(ask: Intent, ctx: Context) -> Reply:
    """What there is to do, what is on the way, what he has in kind; or take what he hands in."""
    if (found := _SUBMITS.match(ctx.text)) is not None:
        return _submit(ctx, int(found[1]), found[2].strip(_AROUND))
    me = ctx.me
    open_tasks = service.of(ctx.session, me, ctx.now)
    ways = told.on_the_way(ctx.session, me, ctx.now)
    reply = Reply(())
    if open_tasks:
        reply = reply.then("tasks.open", lines=[_task(task) for task in open_tasks])
    if ways:
        reply = reply.then("tasks.on_the_way", lines=[_way(way) for way in ways])
    if missed := told.below_first_step(ctx.session, me.id):
        reply = reply.then("tasks.missed", lines=[_missed(one) for one in missed])
    if not reply.sentences:
        reply = reply.then("tasks.none")
    reply = _have(ctx, reply)
    if any(task.left != 0 for task in open_tasks):
        first = next(task for task in open_tasks if task.left != 0)
        return reply.then("tasks.next_task", number=first.number)
    return reply.then("tasks.next_link", link=ctx.link(me.code))


def _have(ctx: Context, reply: Reply) -> Reply:
    """Rewards in kind that he has, and his points."""
    held = entitlement.of_distributor(ctx.session, ctx.me.id)
    if held:
        reply = reply.then("tasks.have", lines=[_held(row) for row in held])
    if points := ledger.points(ctx.session, ctx.me.id):
        reply = reply.then("tasks.points", points=points)
    return reply


def _task(task: OpenTask) -> Sentence:
    rule = task.rule
    facts = {"number": task.number, "title": rule.title, "reward": say.reward(rule.reward), "state": _state(task)}
    return Sentence("tasks.task", facts)


def _state(task: OpenTask) -> Sentence:
    if task.left == 0:
        return Sentence("tasks.state_waiting" if task.waiting else "tasks.state_done")
    if task.left is None:
        return Sentence("tasks.state_open")
    return Sentence(f"tasks.state_left_{task.rule.window}", {"left": task.left})


def _way(way: OnTheWay) -> Sentence:
    count = way.rule.count
    missing = Sentence(f"tasks.missing_{count.of}", {"count": spoken(count.of, way.missing)})
    window = Sentence(f"tasks.window_{count.window}")
    facts = {"title": way.rule.title, "window": window, "missing": missing, "reward": say.reward(way.rule.reward)}
    return Sentence("tasks.way", facts)


def _missed(one: BelowFirstStep) -> Sentence:
    facts = {"title": one.rule.title, "window": one.window, "sales": one.sales, "needed": one.needed}
    return Sentence("tasks.missed_team", facts | {"missing": one.needed - one.sales})


def _held(row: Entitlement) -> Sentence:
    reward = reward_of({row.kind: row.content} | ({} if row.worth is None else {"value": row.worth.yuan}))
    return Sentence("tasks.held", {"reward": reward, "date": row.issued_at})


def _submit(ctx: Context, number: int, evidence: str) -> Reply:
    me = ctx.me
    if not evidence:
        return Reply.of("task.evidence_missing", number=number)
    key = f"task:{ctx.address.channel}:{ctx.message_key}"
    row, is_new = service.submit(ctx.session, me, number, evidence, key=key, now=ctx.now)
    if is_new:
        request = Reply.of("review.task", nickname=me.nickname, title=row.title, number=row.id, evidence=_short(row))
        ctx.tell_operators(request, key=f"submission:{row.id}:requested")
    reply = Reply.of("task.submitted", title=row.title, number=row.id)
    rule = next(task.rule for task in service.of(ctx.session, me, ctx.now) if task.number == number)
    return reply.then("task.screenshot_later") if rule.evidence == "screenshot" else reply


def _short(row: Submission) -> str:
    line = " ".join(row.evidence.split())
    return line if len(line) <= SHOWN_EVIDENCE else f"{line[:SHOWN_EVIDENCE]}…"


# ---------------------------------------------------------------------------------------------------------------
# Operators


def review_lines(ctx: Context) -> list[Sentence]:
    """What was handed in and waits."""
    return [
        Sentence(
            "review.task_line",
            {
                "number": row.id,
                "nickname": who.nickname,
                "title": row.title,
                "evidence": _short(row),
                "date": row.submitted_at,
            },
        )
        for row, who in service.waiting(ctx.session)
    ]


def submission_of(ask: Intent) -> int | None:
    """The number of a submission, as it is listed: T12."""
    found = re.fullmatch(r"[Tt](\d{1,12})", str(ask.slots.get("who") or ""))
    return int(found[1]) if found else None


def approve(ctx: Context, number: int) -> Reply:
    row, bonus, changed = service.approve(ctx.session, number, operator=_operator(ctx), now=ctx.now)
    who = ctx.session.get_one(Distributor, row.distributor_id)
    if not changed:
        return Reply.of("approve.task_before", nickname=who.nickname, title=row.title)
    said = Reply.of("told.task_approved", why=why(bonus.facts))
    if bonus.amount:
        said = said.then("told.available_now", available=ledger.balances(ctx.session, who.id).available)
    ctx.tell(who.id, said, key=f"submission:{row.id}:approved")
    return Reply.of("approve.task", nickname=who.nickname, why=why(bonus.facts))


def reject(ctx: Context, number: int, because: str | None) -> Reply:
    if not because:
        return Reply.of("reject.reason_missing", number=f"T{number}")
    row, changed = service.reject(ctx.session, number, operator=_operator(ctx), because=because[:255], now=ctx.now)
    who = ctx.session.get_one(Distributor, row.distributor_id)
    if not changed:
        return Reply.of("reject.task_before", nickname=who.nickname, title=row.title)
    ctx.tell(
        who.id, Reply.of("told.task_rejected", title=row.title, because=because), key=f"submission:{row.id}:rejected"
    )
    return Reply.of("reject.task", nickname=who.nickname, title=row.title)


def _operator(ctx: Context) -> str:
    assert ctx.operator is not None  # noqa: S101 - the table of handlers lets only operators here
    return ctx.operator.userid
