"""What the pages for customers share: how one is shown, who is visiting, and what in an address may be believed.

A page is drawn for phones, runs no script, and loads nothing from elsewhere. Every address on it begins with BASE_URL.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from flask import Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from models.order import Product
from web import Deps

VISITOR_SECONDS = 365 * 24 * 3600
CACHED = "public, max-age=60"
_COOKIE = "tuike_visitor"
_VISITOR = re.compile(r"[A-Za-z0-9_-]{22}")
_ROBOT = re.compile(
    r"(?i)bot\b|bot[/;]|spider|crawl|slurp|preview|facebookexternalhit|headlesschrome-lighthouse|monitor"
)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Who sent the customer, as the pages show him and their links carry him on."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is visiting: the value of his cookie, a new one where he had none."""

    cookie: str
    is_new: bool

    @classmethod
    def of_request(cls) -> Guest:
        given = request.cookies.get(_COOKIE, "")
        return cls(given, False) if _VISITOR.fullmatch(given) else cls(secrets.token_urlsafe(16), True)

    def keep(self, deps: Deps, response: AnyResponse) -> None:
        """Give him the cookie, if he has not got it."""
        if self.is_new:
            set_cookie(deps, response, _COOKIE, self.cookie)


def set_cookie(deps: Deps, response: AnyResponse, name: str, value: str, *, path: str = "/") -> None:
    """One that scripts do not see and that another site's forms do not send."""
    response.set_cookie(
        name, value, max_age=VISITOR_SECONDS, path=path, httponly=True, samesite="Lax",
        secure=deps.base_url.startswith("https:"),
    )  # fmt: skip


def show(deps: Deps, template: str, *, cached: str = CACHED, forms: bool = False, **shown: object) -> Response:
    """A page. `forms`: it may send forms, to us."""
    address = urlsplit(deps.base_url)
    ours = f"'self' {address.scheme}://{address.netloc}"
    response = Response(
        render_template(
            template,
            picture=lambda article: f"{deps.base_url}/shop/images/{quote(article.picture)}",
            style=f"{deps.base_url}/shop/static/shop.css",
            **shown,
        ),
        mimetype="text/html",
    )
    response.headers["Cache-Control"] = cached
    policy = f"default-src 'none'; img-src {ours}; style-src {ours}; base-uri 'none'"
    targets = ours if forms else "'none'"
    response.headers["Content-Security-Policy"] = f"{policy}; form-action {targets}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def place(article: Product | None) -> str:
    return f"/shop/p/{quote(article.sku, safe='')}" if article else "/shop"


def query(code: str | None, origin: str | None) -> str:
    """Who recommends, and where, as the links of the pages carry it on."""
    given = {"r": code, "s": origin if code else None}
    text = urlencode({name: value for name, value in given.items() if value})
    return f"?{text}" if text else ""


def argument(name: str, limit: int) -> str | None:
    """An argument of the address, if it is something that is kept; anything else is as if it were not there."""
    value = request.args.get(name, "").strip()
    return value if 0 < len(value) <= limit and value.isprintable() and "\ufffd" not in value else None


def is_a_visit() -> bool:
    """A person opened it: no HEAD, no prefetching browser, no crawler."""
    purpose = " ".join(request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz", "X-Purpose"))
    if request.method != "GET" or re.search(r"(?i)prefetch|preview|prerender", purpose):
        return False
    return not _ROBOT.search(request.headers.get("User-Agent", ""))
