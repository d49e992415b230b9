"""The page at `/`: the desk on which the people sit side by side. Its words are in templates and static files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template

HERE = Path(__file__).parent
POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; frame-src http: https:; object-src 'none'; "
    "base-uri 'none'; style-src 'self' 'unsafe-inline'"
)


@cache
def version() -> str:
    """Changes with the static files, so that a browser never mixes an old script with a new page."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "static").rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def create_page(title: str) -> Blueprint:
    page = Blueprint("page", __name__)

    @page.get("/")
    def desk() -> Response:
        response = make_response(render_template("desk.html", title=title, version=version()))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    @page.get("/favicon.ico")
    def icon() -> Response:
        response = make_response((HERE / "static" / "icon.svg").read_bytes())
        response.mimetype = "image/svg+xml"
        return response

    return page
