"""客户联系 plugged together from a process's parts (app.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.contact.client import ContactClient
from bot.drawing import Code, UnknownPoster
from domain.conversation import Sentence
from handlers import referral_link
from models.customer import Customer
from models.distributor import Distributor
from services.customer import ways, welcome
from services.customer.desk import CustomerDesk
from services.customer.terms import Terms
from services.message import Catalogue
from services.vault import Vault

CodeOf = Callable[[Session, int], Callable[[], Code]]


def desk(vault: Vault, catalogue: Catalogue, terms: Terms, *, merchant: str, base_url: str) -> CustomerDesk:
    """What takes callbacks about customers."""

    def link_of(who: Distributor | None) -> str:
        return f"{base_url}/shop" if who is None else referral_link(base_url, who.code, origin="welcome")

    def coupon_of(session: Session, inviter: Distributor | None, who: Customer, now: datetime) -> str | None:
        page = welcome.coupon(session, vault, inviter, who, now=now)
        return None if page is None else base_url + page

    return CustomerDesk(vault, catalogue, terms, merchant, link_of, coupon_of)


def remark(catalogue: Catalogue) -> Callable[[str, str], str]:
    """What stands beside a distributor's code."""
    return lambda code, nickname: catalogue.render(Sentence("contact.remark", {"code": code, "nickname": nickname}))


def code_of(client: ContactClient, terms: Terms) -> CodeOf:
    """By what customers come to a distributor, for drawing: his link, or the picture of his code."""

    def read(session: Session, distributor_id: int) -> Callable[[], Code]:
        way = ways.find(session, distributor_id)
        if way is None or (terms.link is None and not way.picture):
            raise UnknownPoster("contact")
        if terms.link is not None:
            address = terms.address(way.state)
            return lambda: (address, None)
        picture = str(way.picture)
        return lambda: ("", client.picture(picture))

    return read
