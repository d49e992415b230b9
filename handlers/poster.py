"""Posters and products: what can be sold and the picture that sells it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from domain.consent import naming_of
from domain.conversation import Intent, Poster, Reply, Sentence
from handlers.context import Context
from models.order import Product
from services import consent, product, promotion
from services.material import product as material


def poster(ask: Intent, ctx: Context) -> Reply:
    """A sentence at once; the picture is drawn and sent outside the transaction."""
    me = ctx.me
    if "name" in ask.slots:
        return _named(ctx, yes=ask.slots["name"])
    sku = ask.slots.get("product")
    if sku is None:
        if query := ask.slots.get("query"):
            return Reply.of("poster.unknown_product", query=query)
        picture = Poster("recruit", {"distributor_id": me.id, "link": ctx.link(me.code, origin="poster")})
        reply = asking(ctx, Reply.of("poster.recruit"))
        return replace(reply.then("poster.recruit_next"), posters=(picture,))
    item = product.find(ctx.session, sku)
    if item is None:
        return Reply.of("poster.unknown_product", query=sku)
    drawn = of_product(ctx, item)
    return drawn if not drawn.posters else asking(ctx, drawn)


def of_product(ctx: Context, item: Product) -> Reply:
    """The sentence and the picture; without a picture where the product's name may not stand on one."""
    judged = material.of(ctx.session, item)
    if judged.blocked or judged.left_out:
        _tell_operators(ctx, item, judged)
    if judged.blocked:
        return Reply.of("poster.blocked", name=promotion.short_name(item.name))
    link = ctx.link(ctx.me.code, sku=item.sku, origin="poster")
    picture = Poster("product", {"distributor_id": ctx.me.id, "sku": item.sku, "link": link})
    return replace(Reply.of("poster.product", name=item.name, price=item.price), posters=(picture,))


def _tell_operators(ctx: Context, item: Product, judged: material.Judged) -> None:
    """Once for each wording: what is wrong, and that it is not drawn, or is drawn without."""
    wording = hashlib.sha256(f"{item.name}\n{item.promise}".encode()).hexdigest()[:16]
    key = f"material:{item.sku}:{wording}"
    if judged.blocked:
        finding = judged.blocked[0]
        said = Reply.of("review.name_blocked", name=item.name, because=finding.title_zh, rule=finding.rule_id)
    else:
        points = "、".join(point for point, _ in judged.left_out)
        finding = judged.left_out[0][1]
        said = Reply.of(
            "review.point_left_out", name=item.name, points=points, because=finding.title_zh, rule=finding.rule_id
        )
    ctx.tell_operators(said, key=key)


# ---------------------------------------------------------------------------------------------------------------
# The person's name on it


def naming(ask: Intent, ctx: Context) -> Intent:
    """`poster` with `name` where the text says whether one's name may stand on posters; else what was understood."""
    yes = naming_of(ctx.text) if ctx.sender is not None else None
    return ask if yes is None else Intent("poster", {"name": yes})


def asking(ctx: Context, reply: Reply) -> Reply:
    """With the first poster somebody is told how his name comes onto it."""
    if consent.standing(ctx.session, ctx.me.id) is not None:
        return reply
    consent.record(ctx.session, ctx.me.id, "asked", channel=ctx.address.channel, now=ctx.now)
    return reply.then("poster.ask_name")


def _named(ctx: Context, *, yes: bool) -> Reply:
    me, what = ctx.me, "given" if yes else "withdrawn"
    consent.record(ctx.session, me.id, what, channel=ctx.address.channel, now=ctx.now)
    return Reply.of("poster.named", nickname=me.nickname) if yes else Reply.of("poster.unnamed")


def products(ask: Intent, ctx: Context) -> Reply:
    """What is on the shelf, with what the writer would earn from one of each, the best first."""
    found = promotion.offers(
        ctx.session, ctx.me, query=ask.slots.get("query"), sku=ask.slots.get("product"), now=ctx.now
    )
    if not found:
        return Reply.of("products.none")
    lines = [
        Sentence("products.line", {"name": offer.name, "price": offer.price, "earns": offer.earns}) for offer in found
    ]
    return (
        Reply.of("products.head", count=len(found))
        .then("products.lines", lines=lines)
        .then("products.next", name=found[0].short_name)
    )
