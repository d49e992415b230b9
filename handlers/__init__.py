"""What the assistant does: one short function per intent, and the table that finds it.

A handler reads as a script: it calls services and returns keys and facts; sentences stand in `assets/messages`.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.conversation import Intent, Reply
from handlers import (
    choice,
    commission,
    copy,
    coupon,
    distributor,
    group,
    help,
    human,
    level,
    person,
    poster,
    push,
    rank,
    task,
    today,
    withdrawal,
)
from handlers.context import Context, House, referral_link

Handler = Callable[[Intent, Context], Reply]

HANDLERS: dict[str, Handler] = {
    "help": help.help_,
    "join": distributor.join,
    "link": distributor.link,
    "poster": poster.poster,
    "copy": copy.copy,
    "products": poster.products,
    "coupon": coupon.coupon,
    "earnings": commission.earnings,
    "earnings_detail": commission.earnings_detail,
    "explain": commission.explain,
    "orders": commission.orders,
    "team": distributor.team,
    "rank": rank.rank,
    "level": level.level,
    "tasks": task.tasks,
    "withdraw": withdrawal.withdraw,
    "withdraw_status": withdrawal.withdraw_status,
    "rules": help.rules,
    "bind": distributor.bind,
    "profile": person.profile,
    "mute": push.mute,
    "unmute": push.unmute,
    "confirm": withdrawal.confirm,
    "cancel": withdrawal.cancel,
    "human": human.human,
    "session": human.session,
    "greet": help.greet,
    "thanks": help.thanks,
    "unsupported": help.unsupported,
    "private": help.private,
    "unknown": help.unknown,
    "choice_again": choice.again,
    "choice_over": choice.over,
}

FOR_OPERATORS: dict[str, Handler] = {
    "review": withdrawal.review,
    "approve": withdrawal.approve,
    "reject": withdrawal.reject,
    "paid": withdrawal.paid,
    "today": today.today,
    "alerts": today.alerts,
}

# What an intent is asked about in particular (handlers.group.about_groups); understanding never says it.
_ABOUT: dict[str, Handler] = {"groups": group.sales, "statement": group.last_statement}


def handle(ask: Intent, ctx: Context) -> Reply:
    """Do what is asked; an operator's word from somebody who is none is like any other unknown word."""
    if ask.name in choice.OF_A_PRODUCT and ask.name in HANDLERS and "products" in ask.slots:
        named = choice.product_named(ask, ctx)
        if isinstance(named, Reply):
            return named
        ask = named
    handler = _ABOUT.get(str(ask.slots.get("about"))) or HANDLERS.get(ask.name)
    if handler is None and ctx.operator is not None:
        handler = FOR_OPERATORS.get(ask.name)
    return (handler or help.unknown)(ask, ctx)


__all__ = ["FOR_OPERATORS", "HANDLERS", "Context", "Handler", "House", "handle", "referral_link"]
