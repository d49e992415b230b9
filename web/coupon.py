"""A coupon's page (/shop/c/CODE): what it is worth, who recommends it, and a button that takes it.

The button sends a form with a token made of the visitor's cookie, the page and the number of the click: another site
can neither know it nor send the cookie, and a click that comes twice is the same click. Who is known by a signed hint
(`h`) has it put into a cookie first; the address that he forwards says nothing of him.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from domain import coupon as rules
from domain.coupon import code as codes
from domain.coupon.worth import short
from domain.errors import DomainError
from models.order import Product
from services import attribution, product
from services.coupon import hint, offering, taking
from services.coupon.hint import Visitor
from services.coupon.share import Page, find_page
from services.coupon.taking import Mine
from web import Deps, in_transaction, phone
from web.phone import Guest, Recommendation

ORIGIN = "coupon"
_KNOWN, _PATH = "tuike_known", "/shop/c"
_LARGEST_FORM = 4096
_NEVER = "no-store"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A coupon that the visitor has: `state` is usable | used | over."""

    code: str
    state: str
    until: str | None


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("coupon", __name__)

    @pages.get("/shop/c/<code>")
    def look(code: str) -> ResponseReturnValue:
        if (given := request.args.get("h")) is not None:
            return _remember(deps, code, given)
        guest, now = Guest.of_request(), deps.clock()
        with deps.sessions.reading() as session:
            page = find_page(session, code, now=now)
            if page is None:
                return _missing(deps)
            response = _page(deps, session, page, guest, now)
        if page.by is not None and phone.is_a_visit():
            _record_visit(deps, page, guest, now)
        guest.keep(deps, response)
        return response

    @pages.post("/shop/c/<code>")
    def take(code: str) -> ResponseReturnValue:
        request.max_content_length = _LARGEST_FORM
        guest, number = Guest.of_request(), request.form.get("n", "")
        token = _token(deps, guest, code, number).encode()
        if guest.is_new or not hmac.compare_digest(token, request.form.get("t", "").encode()):
            return _back(deps, code, "?again=1")
        try:
            in_transaction(
                deps.sessions,
                lambda session: taking.take(session, code, _visitor(deps, guest), int(number), now=deps.clock()),
            )
        except DomainError:
            return _back(deps, code)  # the page says why: sold out, over, or that he has it
        return _back(deps, code)

    return pages


def _remember(deps: Deps, code: str, given: str) -> ResponseReturnValue:
    response = _back(deps, code)
    if hint.read(deps.vault, given) is not None:
        phone.set_cookie(deps, response, _KNOWN, given, path=_PATH)
    return response


def _back(deps: Deps, code: str, query: str = "") -> Response:
    """To the page itself, read anew."""
    plain = codes.normalise(code)
    to = f"{deps.base_url}{_PATH}/{plain}{query}" if plain else f"{deps.base_url}/shop"
    response = Response.force_type(redirect(to, 303))
    response.headers["Cache-Control"] = _NEVER
    return response


def _visitor(deps: Deps, guest: Guest) -> Visitor:
    return hint.visitor(deps.vault, guest.cookie, request.cookies.get(_KNOWN))


def _token(deps: Deps, guest: Guest, code: str, number: str) -> str:
    return deps.vault.digest("coupon form", f"{guest.cookie}:{codes.normalise(code)}:{number}")


def _record_visit(deps: Deps, page: Page, guest: Guest, now: datetime) -> None:
    by = page.by
    assert by is not None  # noqa: S101 - asked before
    in_transaction(
        deps.sessions,
        lambda session: attribution.visit(session, deps.vault, by, guest.cookie, sku=None, origin=ORIGIN, now=now),
    )


def _missing(deps: Deps) -> Response:
    page = phone.show(deps, "shop/coupon_missing.html", cached=_NEVER, shelf=f"{deps.base_url}/shop")
    page.status_code = 404
    return page


def _page(deps: Deps, session: Session, page: Page, guest: Guest, now: datetime) -> Response:
    terms = page.campaign.terms
    have = taking.mine(session, page, _visitor(deps, guest).holder)
    number = str(len(have) + 1)
    state = page.campaign.state(now)
    return phone.show(
        deps,
        "shop/coupon.html",
        cached=_NEVER,
        forms=True,
        title=terms.title,
        worth=_worth(terms),
        condition=rules.condition(terms),
        lasts=rules.lasts(terms),
        scope=offering.scope_said(session, terms),
        left=page.campaign.left,
        per_person=terms.per_person,
        state="" if _needs_referrer(page) else state,
        starts=rules.start(page.campaign.row.starts_at),
        tickets=[_ticket(row, now) for row in have],
        may_take=state == "open" and len(have) < terms.per_person and not _needs_referrer(page),
        again=request.args.get("again") == "1",
        action=f"{deps.base_url}{_PATH}/{page.share.code}",
        number=number,
        token=_token(deps, guest, page.share.code, number),
        recommendation=Recommendation(page.by.code, page.by.nickname) if page.by else None,
        shelf=deps.base_url
        + phone.place(_article(session, terms))
        + phone.query(page.by.code if page.by else None, ORIGIN),
    )


def _worth(terms: rules.Terms) -> tuple[str, str, str]:
    """What stands before, in and after the large number: 「¥20」, 「9 折」."""
    if isinstance(terms.worth, rules.SpendAndSave):
        return "¥", short(terms.worth.off), ""
    return "", terms.worth.said.removesuffix(" 折"), "折"


def _needs_referrer(page: Page) -> bool:
    """For the first order through a distributor, on a page of nobody's."""
    return page.campaign.terms.who == "first_order" and page.share.distributor_id is page.share.group_id is None


def _article(session: Session, terms: rules.Terms) -> Product | None:
    """Where the coupon is for one product alone, that product's page is where to go."""
    skus = terms.scope.skus
    found = product.find(session, next(iter(skus))) if len(skus) == 1 and not terms.scope.categories else None
    return found if found and found.on_shelf else None


def _ticket(row: Mine, now: datetime) -> Ticket:
    ends_at = row.claim.ends_at
    state = "used" if row.used else "over" if ends_at is not None and now >= ends_at else "usable"
    return Ticket(codes.spoken(row.claim.code), state, None if ends_at is None else rules.moment(ends_at))
