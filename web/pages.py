"""Pages that answers in the chat point to: the rules of the plan in force, and the privacy notice."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template
from flask.typing import ResponseReturnValue

from domain.money import rate_text
from services import plan
from web import Deps


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def home() -> ResponseReturnValue:
        """Whoever types the bare address finds the shop."""
        return redirect(f"{deps.base_url}/shop")

    @pages.get("/shop/rules")
    def rules() -> Response:
        with deps.sessions.reading() as session:
            version = plan.in_force(session, deps.clock())
            lines = plan.told(session, version.plan) if version else []
        return _page(
            deps,
            "shop/rules.html",
            plan=version.plan if version else None,
            lines=lines,
            max_share=rate_text(version.plan.terms.max_share_bp) if version else "",
        )

    @pages.get("/shop/privacy")
    def privacy() -> Response:
        return _page(deps, "shop/privacy.html")

    return pages


def _page(deps: Deps, template: str, **facts: object) -> Response:
    text = render_template(template, style=f"{deps.base_url}/shop/static/shop.css", **facts)
    return Response(text, mimetype="text/html", headers={"Cache-Control": "public, max-age=60"})
