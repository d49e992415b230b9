"""The operator's day."""

from __future__ import annotations

from domain.conversation import Intent, Reply
from handlers.context import Context
from services import lawful, report


def today(ask: Intent, ctx: Context) -> Reply:
    day = report.today(ctx.session, ctx.now)
    reply = Reply.of("today.sales", orders=day.orders, sales=day.sales, commission=day.commission)
    reply = reply.then("today.people", joined=day.joined)
    if day.waiting:
        return reply.then("today.waiting", count=day.waiting, amount=day.waiting_amount)
    return reply.then("today.nothing_waiting")


def alerts(ask: Intent, ctx: Context) -> Reply:
    """What is not as it should be: a plan in force that today's rules forbid, pushes that fit no order."""
    reply = Reply(())
    for one in lawful.unlawful(ctx.session, ctx.now):
        reply = reply.then("alerts.unlawful", plan=one.name, rules=one.rules).then("alerts.unlawful_next")
    if misfits := report.misfits(ctx.session, ctx.now):
        reply = reply.then("alerts.misfits", count=misfits)
    return reply if reply.sentences else Reply.of("alerts.none")
