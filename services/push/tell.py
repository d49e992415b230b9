"""Telling a distributor of something that he did not just ask about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from domain.conversation import Reply
from domain.push import kind_of
from services import distributor, message
from services.distributor import Address
from services.message import Catalogue, Push


def tell(
    session: Session,
    catalogue: Catalogue,
    reply: Reply,
    *,
    key: str,
    to: int,
    now: datetime,
    about: str | None = None,
    at: Address | None = None,
) -> str | None:
    """Queue a reply to a distributor, once per `key`; its lane, or None where he cannot be written to.

    at      his address, where it has been looked up before
    about   what it is about: of several that nobody has seen yet only the newest is sent
    """
    address = at or distributor.address(session, to)
    if address is None:
        return None
    lane = message.lane_of(address.channel, address.sender)
    kind = kind_of(reply.sentences[0].key)
    push = Push(kind, to, about) if kind is not None else None
    message.tell(session, catalogue, reply, key=key, lane=lane, now=now, push=push)
    return lane
