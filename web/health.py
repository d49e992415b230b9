"""Liveness, readiness and Prometheus, open on the same port: keep them behind the load balancer's own rules."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services import metrics
from web import Deps
from web.errors import reply

log = logging.getLogger(__name__)

Check = Callable[[], str | None]


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def alive() -> Response:
        return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    @pages.get("/readyz")
    def ready() -> Response:
        found = {"database": _database(deps), "redis": "ok", "migrations": "ok"}
        for name, check in deps.checks.items():
            found[name] = _ask(name, check)
        return reply(found, 200 if all(said == "ok" for said in found.values()) else 503)

    @pages.get("/metrics")
    def scrape() -> Response:
        try:
            with deps.sessions.reading() as session:
                waiting = metrics.outbox(session, now=deps.clock())
        except SQLAlchemyError as fault:  # the counters are worth most while something is down
            log.error("outbox not measured", extra={"event": "metrics.incomplete", "kind": type(fault).__name__})
            waiting = None
        body = metrics.exposition(waiting, shared_directory=deps.metrics_directory)
        return Response(body, content_type=metrics.CONTENT_TYPE)

    return pages


def _database(deps: Deps) -> str:
    try:
        with deps.sessions.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as fault:
        return f"does not answer ({type(fault).__name__})"
    return "ok"


def _ask(name: str, check: Check) -> str:
    """A check that fails is a finding too; its text may hold addresses and passwords and stays out."""
    try:
        return check() or "ok"
    except Exception as fault:  # whatever a client library raises, the answer is 503 and says which check it was
        log.error(
            "readiness check failed", extra={"event": "ready.failed", "check": name, "kind": type(fault).__name__}
        )
        return f"cannot be checked ({type(fault).__name__})"
