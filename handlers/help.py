"""Greeting, help, rules, thanks, and what was not understood."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from handlers.context import Context
from services import plan, promotion
from services.promotion import RuleLine


def greet(ask: Intent, ctx: Context) -> Reply:
    if ctx.sender is None:
        return Reply.of("greet.stranger").then("greet.stranger_next")
    return Reply.of("greet.known", nickname=ctx.sender.nickname).then("greet.known_next")


def help_(ask: Intent, ctx: Context) -> Reply:
    reply = Reply.of("help.stranger" if ctx.sender is None else "help.distributor")
    return reply.then("help.operator") if ctx.operator is not None else reply


def thanks(ask: Intent, ctx: Context) -> Reply:
    return Reply.of("thanks.welcome")


def rules(ask: Intent, ctx: Context) -> Reply:
    """The plan in force in plain words: what is paid, when it becomes available, what the least withdrawal is."""
    version = plan.in_force(ctx.session, ctx.now)
    if version is None:
        return Reply.of("rules.no_plan")
    limits, terms = ctx.house.limits, version.plan.terms
    reply = Reply.of("rules.head", name=version.plan.name)
    reply = reply.then("rules.lines", lines=[_rule(line) for line in promotion.rule_lines(version.plan)])
    reply = reply.then("rules.when", days=terms.hold_days)
    reply = reply.then("rules.withdraw", minimum=limits.minimum, limit=limits.daily_limit)
    return reply.then("rules.next", base=ctx.house.base_url)


def _rule(line: RuleLine) -> Sentence:
    facts = {
        "title": line.title,
        "of": Sentence("rules.of", {"names": "、".join(line.of)}) if line.of else Sentence("rules.of_all"),
        "who": Sentence("rules.who_seller") if line.up == 0 else Sentence("rules.who_upline", {"up": line.up}),
        "rate": line.rate,
        "amount": line.amount,
    }
    kind = "rate" if line.rate is not None else f"amount_{line.per}"
    return Sentence(f"rules.{kind}" + ("_profit" if line.rate is not None and line.base == "profit" else ""), facts)


def unknown(ask: Intent, ctx: Context) -> Reply:
    names = [Sentence(f"intent.{name}") for name in ask.nearest[:3]]
    if ctx.sender is None or not names:
        return Reply.of("unknown.stranger" if ctx.sender is None else "unknown.plain")
    marks = ("a", "b", "c")
    filled = dict(zip(marks, [*names, *names, *names][:3], strict=True))
    return Reply.of(f"unknown.nearest_{len(names)}", **filled)


def unsupported(ask: Intent, ctx: Context) -> Reply:
    """A picture, a voice, a place: nothing that is read here."""
    return Reply.of("unsupported.kind")
