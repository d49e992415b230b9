"""Withdrawing: ask, confirm, cancel, follow; for operators: review, approve, reject, paid.

Dialogue   withdraw.confirm {task, amount_fen}: the question was asked and waits ten minutes for a yes. The task is the
           request's key as well, so that a yes in words and the card's button, or either twice, open one request.
"""

from __future__ import annotations

import hashlib
import re

from domain.conversation import Button, Card, Intent, Reply, Sentence
from domain.errors import DomainError
from domain.money import ZERO, Money
from domain.withdrawal import State
from handlers import task
from handlers.context import Context
from models.distributor import Distributor
from models.withdrawal import Withdrawal
from services import distributor, ledger, withdrawal
from services.bonus import tasks

CONFIRM = "withdraw.confirm"


def withdraw(ask: Intent, ctx: Context) -> Reply:
    """Say what confirming will do, and wait for it. Nothing has moved yet."""
    me = ctx.me
    available = ledger.balances(ctx.session, me.id).available
    asked = ask.slots.get("amount")
    amount = Money.of_yuan(asked) if asked else max(available, ZERO)
    withdrawal.check(ctx.session, me, amount, ctx.house.limits, now=ctx.now)
    task = "wd-" + hashlib.sha256(f"{ctx.address.channel}:{ctx.message_key}".encode()).hexdigest()[:32]
    ctx.ask(CONFIRM, task=task, amount_fen=amount.fen)
    reply = Reply.of("withdraw.ask", amount=amount, left=available - amount).then("withdraw.ask_next")
    card = Card(
        task=task,
        title=Sentence("withdraw.card_title", {"amount": amount}),
        rows=(
            (Sentence("withdraw.card_amount"), Sentence("withdraw.card_amount_value", {"amount": amount})),
            (Sentence("withdraw.card_arrives"), Sentence("withdraw.card_arrives_value")),
        ),
        buttons=(
            Button("confirm", Sentence("withdraw.card_confirm"), 1),
            Button("cancel", Sentence("withdraw.card_cancel"), 2),
        ),
    )
    return Reply(reply.sentences, cards=(card,))


def confirm(ask: Intent, ctx: Context) -> Reply:
    """The yes to a question; to none, nothing happens and that is said."""
    dialog = ctx.dialog
    if ctx.task_id is not None and (dialog is None or dialog.facts.get("task") != ctx.task_id):
        return _already(ctx, ctx.task_id)
    if dialog is None or dialog.state != CONFIRM:
        return Reply.of("confirm.nothing")
    me, amount, task = ctx.me, Money(dialog.facts["amount_fen"]), dialog.facts["task"]
    try:
        row, is_new = withdrawal.request(ctx.session, me, amount, ctx.house.limits, key=f"chat:{task}", now=ctx.now)
    except DomainError:
        ctx.settled()
        raise
    ctx.settled()
    if is_new:
        told = Reply.of("review.requested", number=row.id, nickname=me.nickname, amount=amount, date=row.requested_at)
        ctx.tell_operators(told, key=f"withdrawal:{row.id}:requested")
    ctx.close_card(task, Sentence("withdraw.card_confirmed"))
    left = ledger.balances(ctx.session, me.id).available
    return Reply.of("withdraw.accepted", amount=amount, number=row.id, available=left).then("withdraw.accepted_next")


def _already(ctx: Context, task: str) -> Reply:
    """The button of a question that is over: tell what became of it."""
    row = withdrawal.find_by_key(ctx.session, f"chat:{task}")
    if row is None or row.distributor_id != ctx.me.id:
        return Reply.of("confirm.expired")
    return Reply.of("withdraw.accepted_before", amount=row.amount, state=_state(row))


def cancel(ask: Intent, ctx: Context) -> Reply:
    dialog = ctx.dialog
    if ctx.task_id is not None and (dialog is None or dialog.facts.get("task") != ctx.task_id):
        return _already(ctx, ctx.task_id)
    if dialog is None:
        return Reply.of("cancel.nothing")
    ctx.settled()
    if dialog.state == CONFIRM:
        ctx.close_card(dialog.facts["task"], Sentence("withdraw.card_cancelled"))
        return Reply.of("cancel.withdrawal", amount=Money(dialog.facts["amount_fen"]))
    if "task" in dialog.facts:
        ctx.close_card(dialog.facts["task"], Sentence("withdraw.card_cancelled"))
    return Reply.of("cancel.done")


def withdraw_status(ask: Intent, ctx: Context) -> Reply:
    rows = withdrawal.latest(ctx.session, ctx.me)
    if not rows:
        return Reply.of("withdraw_status.none")
    lines = [_status_line(row) for row in rows]
    return Reply.of("withdraw_status.some", lines=lines)


def _status_line(row: Withdrawal) -> Sentence:
    facts = {"number": row.id, "amount": row.amount, "date": row.requested_at, "state": _state(row)}
    return Sentence("withdraw_status.line", facts)


def _state(row: Withdrawal) -> Sentence:
    facts = {"because": row.refused_because, "reference": row.paid_reference, "date": row.paid_at or row.decided_at}
    return Sentence(f"withdrawal_state.{row.state}", facts)


# ---------------------------------------------------------------------------------------------------------------
# Operators


def review(ask: Intent, ctx: Context) -> Reply:
    """What waits for an operator: applications, withdrawals and tasks, each with the number that never changes."""
    applications = distributor.applications(ctx.session)
    requests = withdrawal.open_requests(ctx.session)
    lines = [
        Sentence("review.application_line", {"number": row.id, "nickname": row.nickname, "date": row.created_at})
        for row in applications
    ]
    lines += [_request_line(row, who) for row, who in requests] + task.review_lines(ctx)
    if not lines:
        return Reply.of("review.empty")
    count = distributor.count_applications(ctx.session) + withdrawal.count_open(ctx.session)
    count += tasks.count_waiting(ctx.session)
    reply = Reply.of("review.some", count=count, lines=lines)
    if count > len(lines):
        reply = reply.then("review.more", count=count - len(lines))
    return reply.then("review.next")


def _request_line(row: Withdrawal, who: Distributor) -> Sentence:
    key = "review.line" if row.state == State.REQUESTED else "review.line_to_pay"
    return Sentence(key, {"number": row.id, "nickname": who.nickname, "amount": row.amount, "date": row.requested_at})


def approve(ask: Intent, ctx: Context) -> Reply:
    if (number := _application(ask)) is not None:
        return _approve_application(ctx, number)
    if (number := task.submission_of(ask)) is not None:
        return task.approve(ctx, number)
    if (number := _number(ask)) is None:
        return Reply.of("approve.which")
    row, changed = withdrawal.approve(ctx.session, number, operator=_operator(ctx), now=ctx.now)
    who = _whose(ctx, row)
    if not changed:
        return Reply.of("approve.before", number=row.id, nickname=who.nickname, amount=row.amount)
    _tell(ctx, row, Reply.of("told.approved", amount=row.amount))
    return Reply.of("approve.done", number=row.id, nickname=who.nickname, amount=row.amount).then(
        "approve.next", number=row.id
    )


def reject(ask: Intent, ctx: Context) -> Reply:
    because = ask.slots.get("reason")
    if (number := _application(ask)) is not None:
        return _refuse_application(ctx, number, because)
    if (number := task.submission_of(ask)) is not None:
        return task.reject(ctx, number, because)
    if (number := _number(ask)) is None:
        return Reply.of("reject.which")
    if not because:
        return Reply.of("reject.reason_missing", number=number)
    row, changed = withdrawal.reject(ctx.session, number, operator=_operator(ctx), because=because[:255], now=ctx.now)
    who = _whose(ctx, row)
    if not changed:
        return Reply.of("reject.before", number=row.id, nickname=who.nickname, amount=row.amount)
    told = Reply.of("told.rejected", amount=row.amount, because=because)
    _tell(ctx, row, told)
    return Reply.of("reject.done", number=row.id, nickname=who.nickname, amount=row.amount)


def paid(ask: Intent, ctx: Context) -> Reply:
    """The money has been sent by hand; the payout's reference closes the request."""
    if (number := _number(ask)) is None:
        return Reply.of("paid.which")
    reference = ask.slots.get("reference") or f"#{number}"
    row, changed = withdrawal.record_paid(ctx.session, number, reference=reference[:64], now=ctx.now)
    who = _whose(ctx, row)
    if not changed:
        return Reply.of("paid.before", number=row.id, nickname=who.nickname, amount=row.amount)
    told = Reply.of("told.paid", amount=row.amount, reference=reference)
    _tell(ctx, row, told)
    return Reply.of("paid.done", number=row.id, nickname=who.nickname, amount=row.amount, reference=reference)


def _tell(ctx: Context, row: Withdrawal, told: Reply) -> None:
    """Tell him what became of his withdrawal; what he has not seen yet of an earlier state is not said any more."""
    about = f"withdrawal:{row.id}"
    ctx.tell(row.distributor_id, told, key=f"{about}:{row.state}", about=about)


def _approve_application(ctx: Context, number: int) -> Reply:
    who, changed = distributor.decide_application(ctx.session, number, accept=True, now=ctx.now)
    if changed:
        welcome = Reply.of("join.approved", code=who.code, link=ctx.link(who.code))
        ctx.tell(who.id, welcome.then("join.first_steps", base=ctx.house.base_url), key=f"apply:{who.id}:approved")
    return Reply.of("approve.application" if changed else "approve.application_before", nickname=who.nickname)


def _refuse_application(ctx: Context, number: int, because: str | None) -> Reply:
    if not because:
        return Reply.of("reject.reason_missing", number=f"J{number}")
    who, changed = distributor.decide_application(ctx.session, number, accept=False, now=ctx.now)
    if changed:
        ctx.tell(who.id, Reply.of("join.refused", because=because), key=f"apply:{who.id}:refused")
    return Reply.of("reject.application" if changed else "reject.application_before", nickname=who.nickname)


def _number(ask: Intent) -> int | None:
    found = re.fullmatch(r"#?(\d{1,12})", str(ask.slots.get("who") or ""))
    return int(found[1]) if found else None


def _application(ask: Intent) -> int | None:
    found = re.fullmatch(r"[Jj](\d{1,12})", str(ask.slots.get("who") or ""))
    return int(found[1]) if found else None


def _operator(ctx: Context) -> str:
    assert ctx.operator is not None  # noqa: S101 - the table of handlers lets only operators here
    return ctx.operator.userid


def _whose(ctx: Context, row: Withdrawal) -> Distributor:
    return ctx.session.get_one(Distributor, row.distributor_id)
