"""The callback of the WeCom app: verify, decrypt, hand over, answer. Nothing of a body reaches a log.

Answers   403 signature, receiver or ciphertext wrong · 400 no XML, or XML with a DTD · 413 above 256 kB ·
          503 the database is down · 404 the app is not configured · else 200, always with what the platform expects
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from bot.wecom import inbound, passive
from bot.wecom.crypto import Envelope
from bot.wecom.errors import NotForUs, NotXml
from bot.worker import Assistant, DatabaseDown

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024


def blueprint(
    assistant: Assistant, envelope: Envelope | None, corp_id: str, agent_id: int, clock: Callable[[], datetime]
) -> Blueprint:
    """`/callback/wecom`; without an envelope (no credentials) it is 404."""
    routes = Blueprint("wecom", __name__)

    @routes.get("/callback/wecom")
    def verify() -> Response:
        if envelope is None:
            return _empty(404)
        try:
            plain = envelope.verify_url(*_signed(), request.args.get("echostr", ""))
        except NotForUs as fault:
            return _refuse(403, type(fault).__name__)
        return Response(plain, 200, content_type="text/plain; charset=utf-8")

    @routes.post("/callback/wecom")
    def receive() -> Response:
        if envelope is None:
            return _empty(404)
        try:
            received = inbound.parse(envelope.open(_body(), *_signed()), agent_id)
            answer = assistant.receive(received)
        except RequestEntityTooLarge:
            return _refuse(413, "TooLarge")
        except NotForUs as fault:
            return _refuse(403, type(fault).__name__)
        except NotXml as fault:
            return _refuse(400, type(fault).__name__)
        except DatabaseDown:
            return _refuse(503, "DatabaseDown")
        if not answer:
            return _empty(200)
        sealed = passive.sealed_text(envelope, received.sender, corp_id, answer, clock())
        return Response(sealed, 200, content_type="application/xml; charset=utf-8")

    return routes


def _body() -> bytes:
    """The body, if it is not too large, whether or not its length was told."""
    request.max_content_length = LARGEST_BODY
    return request.get_data(cache=False)


def _signed() -> tuple[str, str, str]:
    query = request.args
    return query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")


def _refuse(status: int, why: str) -> Response:
    log.warning("callback refused", extra={"event": "callback.refused", "status": status, "why": why})
    return _empty(status)


def _empty(status: int) -> Response:
    return Response(b"", status, content_type="text/plain; charset=utf-8")
