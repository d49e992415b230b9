"""Coupons: the links that a distributor shares and what they brought, what a customer can take, how one is used."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from domain import coupon as rules
from domain.conversation import Intent, Poster, Reply, Sentence
from handlers import poster
from handlers.context import Context
from models.distributor import Distributor
from services import chat
from services.coupon import offering
from services.coupon.hint import hint
from services.coupon.offering import Offer, Own

_ASKS_HOW = re.compile(
    "怎么(?:用|使|填|抵|没减)|如何用|咋用|在哪(?:用|填|输)|用不了|用不上|不能用|没法用|不管用|无效|失效|过期|"
    "能不能用|能用[吗么不]|叠加|一起用|几张|门槛|退款.{0,4}券|券.{0,4}退"
)


def coupon(ask: Intent, ctx: Context) -> Reply:
    """One that is named by its code, how coupons are used, or what there is."""
    if (own := offering.find_taken(ctx.session, ctx.text, now=ctx.now)) is not None:
        return _about(own, ctx)
    if _ASKS_HOW.search(ctx.text):
        return Reply.of("coupon.how").then("coupon.refused_when").then("coupon.how_next")
    if ctx.sender is not None and ctx.sender.status in ("active", "suspended"):
        return _to_share(ask, ctx, ctx.sender)
    return _to_take(ask, ctx)


def _to_share(ask: Intent, ctx: Context, me: Distributor) -> Reply:
    """His own links, with what each has brought; where it is one, its picture with the code comes too.

    Where others read it, neither what he has sold nor the codes of his own coupons.
    """
    if me.status == "suspended":
        return Reply.of("coupon.suspended")
    found = _offers(ask, ctx, me)
    mine = [] if ctx.overheard else offering.given_by_plans(ctx.session, me.id, now=ctx.now)
    own = [_own(one) for one in mine]
    if not found:
        none = Reply.of("coupon.none_for_product" if _products(ask) else "coupon.none")
        return Reply.of("coupon.mine", count=len(own), lines=own) if own else none
    if len(found) == 1:
        (offer,) = found
        reply = Reply.of("coupon.one", **_facts(offer)).then("coupon.one_next", link=_link(ctx, offer))
        if not ctx.overheard:
            reply = Reply((Sentence("coupon.brought", _brought(offer)), *reply.sentences))
        reply = poster.asking(ctx, replace(reply, posters=(_poster(ctx, offer, me),)))
    else:
        reply = Reply.of("coupon.some", count=len(found), lines=[_line(ctx, offer) for offer in found])
        reply = reply.then("coupon.some_next", title=found[0].campaign.terms.title)
    return reply.then("coupon.mine", count=len(own), lines=own) if own else reply


def _to_take(ask: Intent, ctx: Context) -> Reply:
    """For a customer: by whose code he came, in that one's name; else the merchant's own."""
    by = chat.inviter(ctx.session, ctx.address)
    by = by if by is not None and by.status == "active" else None
    found = _offers(ask, ctx, by)
    if not found:
        return Reply.of("coupon.none_to_take", base=ctx.house.base_url)
    lines = [Sentence("coupon.line", {**_facts(offer), "link": _link(ctx, offer, known=True)}) for offer in found]
    return Reply.of("coupon.to_take", count=len(found), lines=lines).then("coupon.to_take_next")


def _about(own: Own, ctx: Context) -> Reply:
    """What became of a coupon, and what it is good for."""
    facts = {
        "title": own.terms.title,
        "condition": rules.condition(own.terms),
        "scope": offering.scope_said(ctx.session, own.terms),
    }
    return Reply.of(f"coupon.is_{own.state}", **facts, until=_until(own))


def _offers(ask: Intent, ctx: Context, who: Distributor | None) -> list[Offer]:
    return offering.offers(ctx.session, who, said=ctx.text, skus=_products(ask), now=ctx.now)


def _products(ask: Intent) -> list[str]:
    """What was named; of several nobody need choose: a coupon is shown that can be used on any."""
    one = ask.slots.get("product")
    return [one] if one else list(ask.slots.get("products", ()))


def _link(ctx: Context, offer: Offer, *, known: bool = False) -> str:
    """The page's address; for a customer whom the channel knows with a hint of who he is."""
    address = ctx.coupon_link(offer.page)
    if not known or ctx.address.kind not in ("openid", "external_userid"):
        return address
    return f"{address}?h={hint(ctx.house.vault, ctx.address.kind, ctx.address.digest(ctx.house.vault))}"


def _line(ctx: Context, offer: Offer) -> Sentence:
    """For him who shares it, with what it has brought."""
    if ctx.overheard or not offer.figures.claimed:
        return Sentence("coupon.line", {**_facts(offer), "link": _link(ctx, offer)})
    return Sentence("coupon.line_brought", {**_facts(offer), **_brought(offer), "link": _link(ctx, offer)})


def _facts(offer: Offer) -> dict[str, Any]:
    terms, left = offer.campaign.terms, offer.campaign.left
    return {
        "title": terms.title,
        "condition": rules.condition(terms),
        "lasts": rules.lasts(terms),
        "left": Sentence("coupon.unlimited") if left is None else Sentence("coupon.left", {"left": left}),
    }


def _brought(offer: Offer) -> dict[str, Any]:
    return {"claimed": offer.figures.claimed, "used": offer.figures.used, "sales": offer.figures.sales}


def _own(own: Own) -> Sentence:
    return Sentence("coupon.own", {"title": own.terms.title, "code": own.code, "until": _until(own)})


def _until(own: Own) -> Sentence:
    if own.ends_at is None:
        return Sentence("coupon.for_ever")
    return Sentence("coupon.until", {"end": rules.moment(own.ends_at)})


def _poster(ctx: Context, offer: Offer, me: Distributor) -> Poster:
    terms = offer.campaign.terms
    said = {
        "title": terms.title,
        "worth": terms.worth.said,
        "condition": rules.condition(terms),
        "lasts": rules.lasts(terms),
        "scope": offering.scope_said(ctx.session, terms),
    }
    return Poster("coupon", {"distributor_id": me.id, "link": _link(ctx, offer), **said})
