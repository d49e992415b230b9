"""Pages that answers in the chat point to: the rules of the plan in force, and the privacy notice."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from services import plan, promotion
from web import Deps


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.get("/shop/rules")
    def rules() -> Response:
        with deps.sessions.reading() as session:
            version = plan.in_force(session, deps.clock())
        lines = promotion.rule_lines(version.plan) if version else []
        return _page("rules.html", plan=version.plan if version else None, lines=lines)

    @pages.get("/shop/privacy")
    def privacy() -> Response:
        return _page("privacy.html")

    return pages


def _page(template: str, **facts: object) -> Response:
    return Response(render_template(template, **facts), headers={"Cache-Control": "public, max-age=60"})
