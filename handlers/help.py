"""Greeting, help, rules, thanks, and what was not understood."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from handlers.context import Context
from services import plan, promotion
from services.promotion import RuleLine

# What is understood and cannot be done yet: the nearest that can.
INSTEAD = {
    "copy": ("poster", "link", "products"),
    "parcel": ("orders", "explain", "rules"),
    "coupon": ("products", "poster", "link"),
    "profile": ("link", "team", "earnings"),
    "mute": ("earnings", "orders", "rules"),
    "unmute": ("earnings", "orders", "rules"),
    "appeal": ("explain", "earnings_detail", "orders"),
}

USUAL = ("earnings", "poster", "rules")  # where nothing is near


def greet(ask: Intent, ctx: Context) -> Reply:
    if ctx.sender is None and ctx.operator is not None:
        return Reply.of("greet.operator")
    if ctx.sender is None:
        return Reply.of("greet.stranger").then("greet.stranger_next")
    return Reply.of("greet.known", nickname=ctx.sender.nickname).then("greet.known_next")


def help_(ask: Intent, ctx: Context) -> Reply:
    if ctx.sender is None and ctx.operator is not None:
        return Reply.of("help.operator")
    reply = Reply.of("help.stranger" if ctx.sender is None else "help.distributor")
    return reply.then("help.operator") if ctx.operator is not None else reply


def thanks(ask: Intent, ctx: Context) -> Reply:
    return Reply.of("thanks.welcome")


def rules(ask: Intent, ctx: Context) -> Reply:
    """The plan in force in plain words; a question about one thing is answered with that one."""
    version = plan.in_force(ctx.session, ctx.now)
    if version is None:
        return Reply.of("rules.no_plan")
    limits, terms = ctx.house.limits, version.plan.terms
    pays = Sentence("rules.lines", {"lines": [_rule(line) for line in promotion.rule_lines(version.plan)]})
    when = Sentence("rules.when", {"days": terms.hold_days})
    arrives = Sentence("rules.arrives")
    withdraw = Sentence("rules.withdraw", {"minimum": limits.minimum, "limit": limits.daily_limit})
    own = (Sentence("rules.own_none"),) if terms.own_orders == "none" else ()
    parts: dict[str, tuple[Sentence, ...]] = {
        "arrival": (when, arrives),
        "refund": (when,),
        "self": own,
        **dict.fromkeys(("fee", "tax", "minimum", "limit", "withdraw"), (withdraw, arrives)),
    }
    everything = (Sentence("rules.head", {"name": version.plan.name}), pays, when, withdraw)
    said = parts.get(str(ask.slots.get("topic"))) or everything
    return Reply(said).then("rules.next", base=ctx.house.base_url)


def _rule(line: RuleLine) -> Sentence:
    facts = {
        "title": line.title,
        "of": Sentence("rules.of", {"names": "、".join(line.of)}) if line.of else Sentence("rules.of_all"),
        "who": _who(line),
        "rate": line.rate,
        "amount": line.amount,
        "said": line.said,
    }
    if line.said is not None:
        of = "table" if line.is_rate else "table_amount"
        return Sentence(f"rules.{of}" + ("_profit" if line.is_rate and line.base == "profit" else ""), facts)
    kind = "rate" if line.rate is not None else f"amount_{line.per}"
    return Sentence(f"rules.{kind}" + ("_profit" if line.rate is not None and line.base == "profit" else ""), facts)


def _who(line: RuleLine) -> Sentence:
    if line.up > 1:
        return Sentence("rules.who_upline", {"up": line.up})
    return Sentence("rules.who_inviter" if line.up else "rules.who_seller")


def unknown(ask: Intent, ctx: Context) -> Reply:
    """Say that it was not understood, or that it cannot be done yet, and what is nearest."""
    if ask.name in ("human", "privacy"):
        return Reply.of(f"unknown.{ask.name}", base=ctx.house.base_url)
    names = [Sentence(f"intent.{name}") for name in (INSTEAD.get(ask.name) or ask.nearest or USUAL)[:3]]
    filled = dict(zip(("a", "b", "c"), [*names, *names, *names][:3], strict=True))
    reply = Reply.of("unknown.not_yet" if ask.name in INSTEAD else f"unknown.nearest_{len(names)}", **filled)
    if ctx.operator is not None:
        return reply.then("unknown.operator")
    return reply.then("unknown.stranger") if ctx.sender is None else reply


def unsupported(ask: Intent, ctx: Context) -> Reply:
    """A picture, a voice, a place: nothing that is read here."""
    return Reply.of("unsupported.kind")
