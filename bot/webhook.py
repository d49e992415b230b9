"""The callbacks of the channels: verify, decrypt, hand over, answer. Nothing of a body reaches a log.

Answers   403 signature, receiver or ciphertext wrong · 400 no XML (or no JSON), or XML with a DTD · 413 above 256 kB ·
          503 the database is down · 404 the channel is not configured · else 200, always with what the platform expects
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from flask import Blueprint, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import RequestEntityTooLarge

from bot.naming import Person
from bot.official import callback as official_callback
from bot.official import inbound as official_inbound
from bot.robot import envelope as robot_envelope
from bot.robot import inbound as robot_inbound
from bot.robot import streams as robot_streams
from bot.robot.inbound import Refresh
from bot.robot.streams import Streams
from bot.wecom import inbound, passive
from bot.wecom.crypto import Envelope
from bot.wecom.errors import NotForUs, NotJson, NotXml
from bot.worker import Assistant, DatabaseDown
from domain.conversation import Inbound

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
Clock: TypeAlias = Callable[[], datetime]


Query: TypeAlias = Mapping[str, str]
Sealing: TypeAlias = Callable[[str], str]
Knock: TypeAlias = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Received:
    """One message, and how the words of its answer are put into an envelope of the platform."""

    inbound: Inbound
    seal: Sealing = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What needs no assistant: the whole answer, sealed; empty where there is nothing to say."""

    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform's callback.

    name     of the address: /callback/{name}
    verify   the answer to the GET by which the platform checks the address, from its query; raises NotForUs
    read     the body and the query of a POST; raises NotForUs, NotXml, NotJson
    kind     the content type of what is answered
    """

    name: str
    verify: Callable[[Query], str] = field(repr=False)
    read: Callable[[bytes, Query], Received | Answered] = field(repr=False)
    kind: str = "application/xml; charset=utf-8"


def wecom(
    envelope: Envelope,
    corp_id: str,
    agent_id: int,
    clock: Clock,
    knock: Knock | None = None,
    outside: Person | None = None,
) -> Channel:
    """The app of an enterprise: the echo of its verification is encrypted, and the corp id answers.

    knock    takes a decrypted body that is no message but says that there are some elsewhere; False for others
    outside  how its customers are named inside; None without 客户联系
    """

    def verify(query: Query) -> str:
        return envelope.verify_url(*_signed(query), query.get("echostr", ""))

    def read(body: bytes, query: Query) -> Received | Answered:
        plain = envelope.open(body, *_signed(query))
        if knock is not None and knock(plain):
            return Answered("")
        found = inbound.parse(plain, agent_id, outside)
        return Received(found, lambda words: passive.sealed_text(envelope, found.sender, corp_id, words, clock()))

    return Channel("wecom", verify, read)


def official(envelope: Envelope, token: str, person: Person, clock: Clock) -> Channel:
    """A 公众号 in safe mode: the echo comes in the clear, and the account that was written to answers."""

    def verify(query: Query) -> str:
        names = ("signature", "timestamp", "nonce", "echostr")
        return official_callback.verify(token, *(query.get(name, "") for name in names))

    def read(body: bytes, query: Query) -> Received:
        found, openid, account = official_inbound.parse(envelope.open(body, *_signed(query)), person)
        return Received(found, lambda words: passive.sealed_text(envelope, openid, account, words, clock()))

    return Channel("official", verify, read)


def robot(envelope: Envelope, streams: Streams, clock: Clock) -> Channel:
    """The 智能机器人: JSON all the way, an empty receiver, and answers that come in two steps."""

    def verify(query: Query) -> str:
        return envelope.verify_url(*_signed(query), query.get("echostr", ""))

    def read(body: bytes, query: Query) -> Received | Answered:
        def sealed(answer: robot_streams.Answer) -> str:
            return robot_envelope.sealed(envelope, answer, query.get("nonce", ""), clock())

        found = robot_inbound.parse(robot_envelope.opened(envelope, body, *_signed(query)), clock())
        if isinstance(found, Refresh):
            rest = streams.rest(found)
            return Answered(sealed(rest) if rest is not None else "")
        return Received(found, lambda words: sealed(streams.first(found, words)))

    return Channel("robot", verify, read, "application/json; charset=utf-8")


def blueprint(assistant: Assistant, name: str, channel: Channel | None) -> Blueprint:
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
            received = channel.read(_body(), request.args)
            if isinstance(received, Answered):
                return _sealed(channel, received.sealed)
            answer = assistant.receive(received.inbound)
            return _sealed(channel, received.seal(answer) if answer else "")
        except RequestEntityTooLarge:
            return _refuse(413, "TooLarge")
        except NotForUs as fault:
            return _refuse(403, type(fault).__name__)
        except (NotXml, NotJson) as fault:
            return _refuse(400, type(fault).__name__)
        except (DatabaseDown, DBAPIError):
            return _refuse(503, "DatabaseDown")

    return routes


def _body() -> bytes:
    """The body, if it is not too large, whether or not its length was told."""
    request.max_content_length = LARGEST_BODY
    return request.get_data(cache=False)


def _sealed(channel: Channel, sealed: str) -> Response:
    return Response(sealed, 200, content_type=channel.kind) if sealed else _empty(200)


def _signed(query: Query) -> tuple[str, str, str]:
    return query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")


def _refuse(status: int, why: str) -> Response:
    log.warning("callback refused", extra={"event": "callback.refused", "status": status, "why": why})
    return _empty(status)


def _empty(status: int) -> Response:
    return Response(b"", status, content_type="text/plain; charset=utf-8")
