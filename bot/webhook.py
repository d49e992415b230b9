"""The callbacks of the channels: verify, decrypt, hand over, answer. Nothing of a body reaches a log.

Answers   403 signature, receiver or ciphertext wrong · 400 no XML, or XML with a DTD · 413 above 256 kB ·
          503 the database is down · 404 the channel is not configured · else 200, always with what the platform expects
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import RequestEntityTooLarge

from bot.naming import Person
from bot.official import callback as official_callback
from bot.official import inbound as official_inbound
from bot.wecom import inbound, passive
from bot.wecom.crypto import Envelope
from bot.wecom.errors import NotForUs, NotXml
from bot.worker import Assistant, DatabaseDown
from domain.conversation import Inbound

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """One message, and whose names its passive answer bears: to whom, and from whom."""

    inbound: Inbound
    to: str
    account: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform's callback.

    name     of the address: /callback/{name}
    knock    takes a decrypted body that is no message but says that there is one somewhere else; False for others
    verify   the answer to the GET by which the platform checks the address, from its query; raises NotForUs
    read     a decrypted body; raises NotXml
    """

    name: str
    envelope: Envelope = field(repr=False)
    verify: Callable[[Mapping[str, str]], str] = field(repr=False)
    read: Callable[[bytes], Received] = field(repr=False)
    knock: Callable[[bytes], bool] | None = field(default=None, repr=False)


def wecom(envelope: Envelope, corp_id: str, agent_id: int, knock: Callable[[bytes], bool] | None = None) -> Channel:
    """The app of an enterprise: the echo of its verification is encrypted, and the corp id answers.

    knock   for 微信客服, whose events come to the app's address too
    """

    def verify(query: Mapping[str, str]) -> str:
        return envelope.verify_url(*_signed(query), query.get("echostr", ""))

    def read(plain: bytes) -> Received:
        found = inbound.parse(plain, agent_id)
        return Received(found, found.sender, corp_id)

    return Channel("wecom", envelope, verify, read, knock)


def official(envelope: Envelope, token: str, person: Person) -> Channel:
    """A 公众号 in safe mode: the echo comes in the clear, and the account that was written to answers."""

    def verify(query: Mapping[str, str]) -> str:
        names = ("signature", "timestamp", "nonce", "echostr")
        return official_callback.verify(token, *(query.get(name, "") for name in names))

    def read(plain: bytes) -> Received:
        return Received(*official_inbound.parse(plain, person))

    return Channel("official", envelope, verify, read)


def blueprint(assistant: Assistant, name: str, channel: Channel | None, clock: Callable[[], datetime]) -> Blueprint:
    """`/callback/{name}`; without a channel (no credentials) it is 404."""
    routes = Blueprint(name, __name__)

    @routes.get(f"/callback/{name}")
    def verify() -> Response:
        if channel is None:
            return _empty(404)
        try:
            plain = channel.verify(request.args)
        except NotForUs as fault:
            return _refuse(403, type(fault).__name__)
        return Response(plain, 200, content_type="text/plain; charset=utf-8")

    @routes.post(f"/callback/{name}")
    def receive() -> Response:
        if channel is None:
            return _empty(404)
        try:
            plain = channel.envelope.open(_body(), *_signed(request.args))
            if channel.knock is not None and _knocks(channel.knock, plain):
                return _empty(200)
            received = channel.read(plain)
            answer = assistant.receive(received.inbound)
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
        sealed = passive.sealed_text(channel.envelope, received.to, received.account, answer, clock())
        return Response(sealed, 200, content_type="application/xml; charset=utf-8")

    return routes


def _knocks(knock: Callable[[bytes], bool], plain: bytes) -> bool:
    """Raises NotXml, DatabaseDown"""
    try:
        return knock(plain)
    except DBAPIError as fault:
        raise DatabaseDown from fault


def _body() -> bytes:
    """The body, if it is not too large, whether or not its length was told."""
    request.max_content_length = LARGEST_BODY
    return request.get_data(cache=False)


def _signed(query: Mapping[str, str]) -> tuple[str, str, str]:
    return query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")


def _refuse(status: int, why: str) -> Response:
    log.warning("callback refused", extra={"event": "callback.refused", "status": status, "why": why})
    return _empty(status)


def _empty(status: int) -> Response:
    return Response(b"", status, content_type="text/plain; charset=utf-8")
