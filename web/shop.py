"""Referral links (/r/…) and the plain pages that they lead to (/shop/…), for phones first.

A link answers 302 to a page below BASE_URL and nowhere else, whatever is asked of it. The code travels on in the links
of the pages as `?r=CODE`, so that a customer who looks around stays with the one who sent him.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, urlencode, urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from models.distributor import Distributor
from models.order import Product
from services import attribution, distributor, product
from web import AnyText, Deps, in_transaction

VISITOR = "tuike_visitor"
VISITOR_SECONDS = 365 * 24 * 3600
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}

_VISITOR = re.compile(r"[A-Za-z0-9_-]{22}")
_ROBOT = re.compile(
    r"(?i)bot\b|bot[/;]|spider|crawl|slurp|preview|facebookexternalhit|headlesschrome-lighthouse|monitor"
)
_CACHED = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Who sent the customer, as the pages show him and their links carry him on."""

    code: str
    name: str


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("shop", __name__, static_folder="static", static_url_path="/shop/static")
    pages.record_once(lambda state: state.app.url_map.converters.update(text=AnyText))

    @pages.get("/r/<text:code>", merge_slashes=False)
    def referral(code: str) -> ResponseReturnValue:
        sku, origin = _argument("p", 64), _argument("s", 32)
        counts = _is_a_visit()
        visitor = request.cookies.get(VISITOR, "")
        known = bool(_VISITOR.fullmatch(visitor))
        visitor = visitor if known else secrets.token_urlsafe(16)

        with deps.sessions.reading() as session:
            who, article = _promoter(session, code), _article(session, sku)
        if who and counts:
            _record_visit(deps, who, visitor, article, origin)
        response = redirect(deps.base_url + _place(article) + _query(who.code if who else None, origin))
        response.headers["Cache-Control"] = "no-store"
        if who and counts and not known:
            response.set_cookie(
                VISITOR, visitor, max_age=VISITOR_SECONDS, path="/", httponly=True, samesite="Lax",
                secure=deps.base_url.startswith("https:"),
            )  # fmt: skip
        return response

    @pages.get("/shop")
    @pages.get("/shop/")
    def shelf() -> Response:
        with deps.sessions.reading() as session:
            return _shelf(deps, session)

    @pages.get("/shop/p/<text:sku>", merge_slashes=False)
    def article(sku: str) -> Response:
        with deps.sessions.reading() as session:
            found = _article(session, sku)
            if found is None:
                return _shelf(deps, session, missing=True)
            others = [row for row in product.on_shelf(session, limit=5) if row.id != found.id][:4]
            return _page(deps, session, "shop/product.html", product=found, others=others)

    @pages.get("/shop/images/<path:name>")
    def picture(name: str) -> Response:
        if PurePosixPath(name).suffix.lower() not in PICTURES:
            abort(404)
        return send_from_directory(deps.images, name, max_age=24 * 3600)

    return pages


def _record_visit(deps: Deps, who: Distributor, visitor: str, article: Product | None, origin: str | None) -> None:
    sku, now = article.sku if article else None, deps.clock()
    in_transaction(
        deps.sessions,
        lambda session: attribution.visit(session, deps.vault, who, visitor, sku=sku, origin=origin, now=now),
    )


def _shelf(deps: Deps, session: Session, *, missing: bool = False) -> Response:
    page = _page(deps, session, "shop/shelf.html", products=product.on_shelf(session), missing=missing)
    page.status_code = 404 if missing else 200
    return page


def _page(deps: Deps, session: Session, template: str, **shown: object) -> Response:
    """A page with who recommended it; every link on it begins with BASE_URL and carries his code."""
    who = _promoter(session, request.args.get("r", ""))
    query = _query(who.code if who else None, _argument("s", 32))
    text = render_template(
        template,
        recommendation=Recommendation(who.code, who.nickname) if who else None,
        address=lambda article=None: deps.base_url + _place(article) + query,
        picture=lambda article: f"{deps.base_url}/shop/images/{quote(article.picture)}",
        style=f"{deps.base_url}/shop/static/shop.css",
        **shown,
    )
    response = Response(text, mimetype="text/html")
    response.headers["Cache-Control"] = _CACHED
    ours = f"'self' {urlsplit(deps.base_url).scheme}://{urlsplit(deps.base_url).netloc}"
    policy = f"default-src 'none'; img-src {ours}; style-src {ours}; base-uri 'none'; form-action 'none'"
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _promoter(session: Session, code: str) -> Distributor | None:
    """The distributor of a code, if he may promote now; an address that no code can be asks nothing of the database."""
    if not 0 < len(code) <= 64:
        return None
    who = distributor.find_by_code(session, code)
    return who if who and who.status == "active" else None


def _article(session: Session, sku: str | None) -> Product | None:
    found = product.find(session, sku) if sku and len(sku) <= 64 and sku.isprintable() else None
    return found if found and found.on_shelf else None


def _place(article: Product | None) -> str:
    return f"/shop/p/{quote(article.sku, safe='')}" if article else "/shop"


def _query(code: str | None, origin: str | None) -> str:
    given = {"r": code, "s": origin if code else None}
    text = urlencode({name: value for name, value in given.items() if value})
    return f"?{text}" if text else ""


def _argument(name: str, limit: int) -> str | None:
    """An argument of the address, if it is something that is kept; anything else is as if it were not there."""
    value = request.args.get(name, "").strip()
    return value if 0 < len(value) <= limit and value.isprintable() and "\ufffd" not in value else None


def _is_a_visit() -> bool:
    """A person opened it: no HEAD, no prefetching browser, no crawler."""
    purpose = " ".join(request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz", "X-Purpose"))
    if request.method != "GET" or re.search(r"(?i)prefetch|preview|prerender", purpose):
        return False
    return not _ROBOT.search(request.headers.get("User-Agent", ""))
