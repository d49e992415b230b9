"""The chats in which people who are no members write: 公众号 and 微信客服. What is asked of either is asked here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from domain.conversation import Inbound
from models.distributor import Distributor
from services import distributor, follower, guest
from services.distributor import Address
from services.guest import Seen


def seen(session: Session, inbound: Inbound, *, now: datetime) -> Seen:
    """Note what somebody did: what he may be sent, and what becomes due by it."""
    if inbound.channel == "official":
        return Seen(follower.seen(session, inbound, now=now))
    return guest.seen(session, inbound, now=now) if inbound.channel == "kf" else Seen()


def inviter(session: Session, address: Address) -> Distributor | None:
    """The distributor by whose QR or link the writer came last, if he may invite."""
    scene = _scene(session, address)
    found = distributor.find_by_code(session, scene) if scene else None
    return found if found is not None and found.status == "active" else None


def _scene(session: Session, address: Address) -> str | None:
    if address.channel == "official":
        follows = follower.find(session, address.sender)
        return follows.scene if follows is not None else None
    came = guest.find(session, address.sender) if address.channel == "kf" else None
    return came.scene if came is not None else None


def lookup(address: Address) -> str | None:
    """The lane in which the platform is asked for his unionid; None where it tells none."""
    if address.channel == "official":
        return f"follower:{address.sender}"
    return guest.lookup_lane(address.sender) if address.channel == "kf" else None
