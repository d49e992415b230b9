"""Posters and products: what can be sold and the picture that sells it."""

from __future__ import annotations

from domain.conversation import Intent, Poster, Reply, Sentence
from handlers.context import Context
from services import product, promotion


def poster(ask: Intent, ctx: Context) -> Reply:
    """A sentence at once; the picture is drawn and sent outside the transaction."""
    me = ctx.me
    sku = ask.slots.get("product")
    if sku is None:
        if query := ask.slots.get("query"):
            return Reply.of("poster.unknown_product", query=query)
        picture = Poster("recruit", {"distributor_id": me.id, "link": ctx.link(me.code, origin="poster")})
        return Reply(Reply.of("poster.recruit").then("poster.recruit_next").sentences, posters=(picture,))
    item = product.find(ctx.session, sku)
    if item is None:
        return Reply.of("poster.unknown_product", query=sku)
    link = ctx.link(me.code, sku=item.sku, origin="poster")
    picture = Poster("product", {"distributor_id": me.id, "sku": item.sku, "link": link})
    return Reply(Reply.of("poster.product", name=item.name, price=item.price).sentences, posters=(picture,))


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
