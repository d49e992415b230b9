"""Copy: a text to send on, as a message of its own, and the poster that goes with it."""

from __future__ import annotations

from dataclasses import replace

from domain import copy as rules
from domain.conversation import Intent, Reply
from domain.copy import Wish
from domain.coupon import condition
from handlers import poster
from handlers.context import Context
from models.order import Product
from services import product, promotion
from services.copy import offer
from services.copy.offer import Coupon, Giver
from services.coupon import offering


def copy(ask: Intent, ctx: Context) -> Reply:
    """The text for what was asked: a product or none, and the kind that the words name."""
    me = ctx.me
    wish = _wish(ask, ctx)
    sku = ask.slots.get("product")
    last = None if sku else offer.latest(ctx.session, me, now=ctx.now)
    if last is not None and ask.slots.get("again"):
        sku = last.sku or None
        wish = wish if wish.said else Wish(last.kind, last.topic)  # type: ignore[arg-type]
    if wish.kind == "objection":
        return _objection(ctx, wish, product.find(ctx.session, sku) if sku else None)
    if sku is None:
        return _suggested(ctx, wish)
    item = product.find(ctx.session, sku)
    if item is None or not item.on_shelf:
        return Reply.of("poster.unknown_product", query=sku)
    return _given(ctx, wish, item, Reply.of(f"copy.{wish.kind}", name=promotion.short_name(item.name)))


def _wish(ask: Intent, ctx: Context) -> Wish:
    """By the slots where they say it (after a choice), else by the words."""
    if kind := ask.slots.get("kind"):
        return Wish(kind, ask.slots.get("topic", ""))
    usual = "group" if ctx.sender is not None and ctx.sender.role == "leader" else "moments"
    return rules.wishes(ctx.text, offer.texts_of(ctx.session, ctx.house.library), usual=usual)


def _suggested(ctx: Context, wish: Wish) -> Reply:
    """Without a product: the one to promote today, and why."""
    best = promotion.suggestion(ctx.session, ctx.me, now=ctx.now)
    item = product.find(ctx.session, best.sku) if best is not None else None
    if best is None or item is None:
        return Reply.of("copy.nothing")
    facts = {"name": best.short_name, "stock": best.stock, "earns": best.earns}
    intro = Reply.of("copy.suggest" if best.earns else "copy.suggest_stock", **facts)
    return _given(ctx, wish, item, intro.then(f"copy.{wish.kind}", name=best.short_name))


def _given(ctx: Context, wish: Wish, item: Product, intro: Reply) -> Reply:
    """The words, the text, the poster."""
    link = ctx.link(ctx.me.code, sku=item.sku, origin=wish.kind)
    found = _offer(ctx, wish, item, link)
    if found is None:
        return Reply.of("copy.none", name=promotion.short_name(item.name))
    drawn = poster.of_product(ctx, item)
    return replace(intro.then("copy.next"), copies=(found.text,), posters=drawn.posters)


def _objection(ctx: Context, wish: Wish, item: Product | None) -> Reply:
    sku = item.sku if item else None
    found = _offer(ctx, wish, item, ctx.link(ctx.me.code, sku=sku, origin="private")) if wish.topic else None
    if found is None:
        topics = "、".join(offer.topics(ctx.session, ctx.house.library))
        return Reply.of("copy.which_objection", topics=topics)
    return replace(Reply.of("copy.objection", topic=wish.topic).then("copy.next_objection"), copies=(found.text,))


def _offer(ctx: Context, wish: Wish, item: Product | None, link: str) -> offer.Offered | None:
    house = ctx.house
    giver = Giver(ctx.me, link, merchant=house.merchant, contact=house.contact)
    running = offering.best_for(ctx.session, ctx.me, item, now=ctx.now) if item is not None else None
    coupon = None
    if running is not None:
        terms, page = running
        coupon = Coupon(f"{terms.title}（{condition(terms)}）", ctx.coupon_link(page))
    return offer.offer(ctx.session, house.library, giver, wish, item=item, coupon=coupon, now=ctx.now)


def following(ask: Intent, ctx: Context) -> Intent:
    """「换一条」 and 「群里的呢」 after a text; the kind that the words name, as these are gone when 「2」 answers."""
    if ctx.sender is None:
        return ask
    if ctx.dialog is None and rules.again(ctx.text):
        return Intent("copy", {"again": True})
    if ask.name != "copy" or "products" not in ask.slots:
        return ask
    wish = _wish(ask, ctx)
    slots = {name: value for name, value in ask.slots.items() if name != "products" or wish.kind != "objection"}
    return Intent("copy", slots | {"kind": wish.kind, "topic": wish.topic}, ask.confidence)
