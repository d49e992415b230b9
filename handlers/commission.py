"""What was earned, from which orders, and why."""

from __future__ import annotations

import re

from domain.conversation import Intent, Reply, Sentence
from domain.money import ZERO, Money
from domain.plan.reward import reward_of
from domain.plan.words import number
from handlers import choice
from handlers.context import Context
from handlers.periods import asked_period, of_slot, this_month
from models.order import Order
from services import earnings as earned
from services import level as levels
from services.earnings import AwardLine, OrderLine, Reason

# What a sentence with an order's number in it may be taken for: "O1怎么算的" looks like a question about the rules.
_MAY_NAME_AN_ORDER = frozenset({"rules", "earnings", "earnings_detail", "orders", "unknown"})
# A word with a letter in it, or a long number: 5 in "最近5单" is no order even where one has that number.
_ORDER_WORD = re.compile(r"[0-9_\-./:#]*[A-Za-z][0-9A-Za-z_\-./:#]*|[0-9]{5,}")

_LATEST = re.compile(r"刚|上一[单笔]|上[单笔]|最后|最近一|最新")  # of several he means this one


def naming_an_order(ask: Intent, ctx: Context) -> Intent:
    """`explain` where a word of the sentence is the number of one of the writer's own orders, else what was asked."""
    if ask.name not in _MAY_NAME_AN_ORDER or ctx.sender is None:
        return ask
    words = _ORDER_WORD.findall(ctx.text)
    if not words:
        return ask
    either_case = " ".join([*words, *(word.upper() for word in words)])
    found = earned.by_number(ctx.session, ctx.me.id, words=either_case)
    return ask if found is None else Intent("explain", {"order": found.no})


def earnings(ask: Intent, ctx: Context) -> Reply:
    period = asked_period(ask) or this_month(ctx.now)
    me = ctx.me
    found = earned.overview(ctx.session, me.id, period, ctx.now)
    amount, have = found.amount, found.have
    key = "earnings.now_withdrawing" if have.withdrawing else "earnings.now"
    reply = Reply.of(
        key,
        period=period.label,
        amount=amount,
        pending=have.pending,
        available=have.available,
        withdrawing=have.withdrawing,
    )
    if found.plan is not None and (stands := levels.standing_in(ctx.session, me, found.plan, now=ctx.now)):
        reply = _level(reply, stands)
    if have.available < ZERO:
        return reply.then("earnings.negative")
    missing = ctx.house.limits.minimum - have.available
    if missing > ZERO:
        nothing_yet = not (amount or have.available or have.withdrawing)
        key = "_pending" if have.pending > ZERO else "_nothing" if nothing_yet else ""
        return reply.then(f"earnings.below_minimum{key}", missing=missing, minimum=ctx.house.limits.minimum)
    return reply.then("earnings.next")


def _level(reply: Reply, stands: levels.Standing) -> Reply:
    """「还差 3 单升「银牌」。」"""
    if (missing := stands.next) is None:
        return reply
    count = number(missing.of, missing.at_least - missing.have)
    said = Sentence(f"tasks.missing_{missing.of}", {"count": count})
    return reply.then(
        "earnings.level", window=Sentence(f"tasks.window_{missing.window}"), missing=said, title=missing.title
    )


def earnings_detail(ask: Intent, ctx: Context) -> Reply:
    period = asked_period(ask) or this_month(ctx.now)
    lines = earned.lines(ctx.session, ctx.me.id, period)
    if not lines:
        return Reply.of("earnings.no_lines", period=period.label)
    amount = earned.in_period(ctx.session, ctx.me.id, period)
    reply = Reply.of("earnings.lines", period=period.label, amount=amount, lines=[_line(line) for line in lines])
    named = next((line.order_no for line in lines if line.title is None), None)
    return reply if named is None else reply.then("earnings.lines_next", order=named)


def orders(ask: Intent, ctx: Context) -> Reply:
    period = asked_period(ask)
    found = earned.orders(ctx.session, ctx.me.id, period, status=ask.slots.get("status"))
    label = period.label if period else "最近"
    if not found.total and (status := ask.slots.get("status")):
        return Reply.of(f"orders.none_{status}", period=label)
    if not found.total:
        return Reply.of("orders.none", period=label).then("orders.none_next", link=ctx.link(ctx.me.code))
    reply = Reply.of("orders.some", period=label, count=found.total, sales=found.sales)
    reply = reply.then("orders.lines", lines=[order_line(line) for line in found.lines])
    return reply.then("orders.next", order=found.lines[0].no)


def explain(ask: Intent, ctx: Context) -> Reply:
    """Why an order earned what it earned: the asked one, the one of that amount or day, or the latest.

    Where the amount or the day fits several, it is asked which.
    """
    me = ctx.me
    named, amount, period = ask.slots.get("order"), ask.slots.get("amount"), of_slot(ctx.period)
    order = earned.by_number(ctx.session, me.id, words=ctx.text, named=named)
    if order is None and named is None:
        is_latest = not (amount or period) or _LATEST.search(ctx.text) is not None
        found = earned.matching(
            ctx.session,
            me.id,
            amount=Money.of_yuan(amount) if amount else None,
            period=period,
            limit=1 if is_latest else len(choice.PICKS) + 1,
        )
        if len(found) > 1:
            return choice.which_order(ask, ctx, earned.order_lines(ctx.session, me.id, found))
        order = found[0] if found else None
    if order is None:
        return Reply.of("explain.not_found" if named or amount else "explain.nothing_yet")
    return _explanation(ctx, order)


def _explanation(ctx: Context, order: Order) -> Reply:
    found = earned.explain(ctx.session, order, ctx.me.id, now=ctx.now)
    if not found.awards:
        reply = Reply.of("explain.no_award", order=order.no, paid=order.paid)
        reply = reply.then("explain.reasons", lines=[_reason(reason) for reason in found.reasons])
        return reply.then("explain.level") if found.asks_for_counts else reply
    reply = Reply.of("explain.head", order=order.no, amount=found.amount)
    reply = reply.then("explain.why", lines=[award.why for award in found.awards])
    if found.taken_back:
        reply = reply.then("explain.taken_back", amount=found.taken_back)
    if found.reasons:
        reply = reply.then("explain.reasons", lines=[_reason(reason) for reason in found.reasons])
    return reply.then(f"explain.when_{found.standing.code}", date=found.standing.available_at)


def _line(line: AwardLine) -> Sentence:
    if line.title is not None:
        facts = {"date": line.paid_at, "title": line.title, "state": Sentence(f"bonus_state.{line.state}")}
        if line.reward is not None:
            return Sentence("earnings.line_in_kind", facts | {"reward": reward_of(line.reward)})
        return Sentence("earnings.line_bonus", facts | {"amount": line.amount})
    return Sentence(
        "earnings.line",
        {
            "date": line.paid_at,
            "order": line.order_no,
            "amount": line.amount,
            "state": Sentence(f"state.{line.state}", {}),
        },
    )


def order_line(line: OrderLine) -> Sentence:
    """One order as a distributor sees it: number, state, amount, what he has of it."""
    return Sentence(
        "orders.line",
        {
            "order": line.no,
            "date": line.paid_at,
            "net": line.net,
            "commission": line.commission,
            "state": Sentence(f"order_state.{line.state}", {}),
        },
    )


def _reason(reason: Reason) -> Sentence:
    return Sentence(f"skip.{reason.code}", {"title": reason.title})
