"""「人工」: handing a chat over to a person, and being back when he is done. Only 微信客服 has such persons."""

from __future__ import annotations

from domain.conversation import Intent, Reply
from handlers.context import Context
from handlers.menu import with_menu

AFTER = ("help", "earnings", "rules")


def human(ask: Intent, ctx: Context) -> Reply:
    """The platform is asked outside this transaction; what he is told depends on what it says (bot.outbox.kf)."""
    if ctx.address.channel != "kf":
        return Reply.of("unknown.human")
    ctx.later(ctx.lane, "handover", {}, key=f"handover:{ctx.message_key}"[:160])
    who = ctx.sender.nickname if ctx.sender is not None else ""
    told = Reply.of("told.wants_human_by", nickname=who) if who else Reply.of("told.wants_human")
    ctx.tell_operators(told, key=f"handover:{ctx.message_key}:told"[:120])
    return Reply(())


def session(ask: Intent, ctx: Context) -> Reply:
    """A person has taken the chat, or is done with it."""
    if ctx.text == "taken":
        return Reply.of("handover.taken")
    return with_menu(ctx, Reply.of("handover.ended"), AFTER)
