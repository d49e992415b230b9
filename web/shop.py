"""Referral links (/r/…) and the plain pages that they lead to (/shop/…), for phones first.

A link answers 302 to a page below BASE_URL and nowhere else, whatever is asked of it. The code travels on in the links
of the pages as `?r=CODE`, so that a customer who looks around stays with the one who sent him.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Blueprint, Response, abort, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from models.distributor import Distributor
from models.order import Product
from services import attribution, distributor, product
from web import AnyText, Deps, in_transaction, phone
from web.phone import Guest, Recommendation

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("shop", __name__, static_folder="static", static_url_path="/shop/static")
    pages.record_once(lambda state: state.app.url_map.converters.update(text=AnyText))

    @pages.get("/r/<text:code>", merge_slashes=False)
    def referral(code: str) -> ResponseReturnValue:
        sku, origin = phone.argument("p", 64), phone.argument("s", 32)
        counts, guest = phone.is_a_visit(), Guest.of_request()

        with deps.sessions.reading() as session:
            who, article = _promoter(session, code), _article(session, sku)
        if who and counts:
            _record_visit(deps, who, guest.cookie, article, origin)
        to = deps.base_url + phone.place(article) + phone.query(who.code if who else None, origin)
        response = redirect(to)
        response.headers["Cache-Control"] = "no-store"
        if who and counts:
            guest.keep(deps, response)
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
    query = phone.query(who.code if who else None, phone.argument("s", 32))
    return phone.show(
        deps,
        template,
        recommendation=Recommendation(who.code, who.nickname) if who else None,
        address=lambda article=None: deps.base_url + phone.place(article) + query,
        **shown,
    )


def _promoter(session: Session, code: str) -> Distributor | None:
    """The distributor of a code, if he may promote now; an address that no code can be asks nothing of the database."""
    if not 0 < len(code) <= 64:
        return None
    who = distributor.find_by_code(session, code)
    return who if who and who.status == "active" else None


def _article(session: Session, sku: str | None) -> Product | None:
    found = product.find(session, sku) if sku and len(sku) <= 64 and sku.isprintable() else None
    return found if found and found.on_shelf else None
