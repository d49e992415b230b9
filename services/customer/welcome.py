"""What a new customer is told: who sent him, where to look, and his coupon where there is one.

Source   reference/wecom.md §8.5: text ≤ 4,000 bytes, link title ≤ 128 and description ≤ 512 bytes
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from domain.conversation import Sentence
from domain.customer import WELCOME_WITHIN
from models.customer import Customer, CustomerRelation
from models.distributor import Distributor
from services import message
from services.coupon import campaign
from services.coupon.hint import hint
from services.coupon.share import share_code
from services.customer.terms import Terms
from services.message import Catalogue
from services.vault import Vault

LANE = "contact:welcome:"
SAME_ADDING = timedelta(minutes=1)
TEXT_BYTES, TITLE_BYTES, DESCRIPTION_BYTES = 4000, 128, 512


def compose(
    catalogue: Catalogue,
    terms: Terms,
    *,
    inviter: str | None,
    merchant: str,
    shop_address: str,
    coupon_address: str | None,
) -> dict[str, Any] | None:
    """text and attachments of a welcome message; None where the merchant wants none.

    inviter       the nickname of the distributor by whose state he came
    shop_address  the distributor's link, or the shop
    """
    if terms.welcome == "":
        return None
    if terms.welcome is not None:
        text = terms.welcome.format(inviter=inviter or merchant or catalogue.render(Sentence("welcome.us")))
    elif inviter is not None:
        text = catalogue.render(Sentence("welcome.invited", {"inviter": inviter}))
    else:
        text = catalogue.render(Sentence("welcome.plain"))
    links = [_link(catalogue, "coupon", coupon_address)] if coupon_address else []
    return {
        "text": {"content": _cut(text, TEXT_BYTES)},
        "attachments": [*links, _link(catalogue, "shop", shop_address)],
    }


def coupon(session: Session, vault: Vault, inviter: Distributor | None, who: Customer, *, now: datetime) -> str | None:
    """The page of the coupon that suits a new customer best, in the distributor's name, with a hint of who opens it.

    One for new customers goes before one for everybody; one for a first order through a distributor needs one.
    """
    found = [
        row for row in campaign.open_now(session, now=now) if inviter is not None or row.terms.who != "first_order"
    ]
    if not found:
        return None
    best = next((row for row in found if row.terms.who != "everyone"), found[0])
    owner = inviter.id if inviter is not None else None
    page = share_code(session, best.row.id, distributor_id=owner, group_id=None, now=now)
    return f"/shop/c/{page}?h={hint(vault, 'external_userid', who.digest)}"


def queue(session: Session, relation: CustomerRelation, code: str, said: dict[str, Any], *, now: datetime) -> list[str]:
    """Have it sent within its twenty seconds; the lanes to wake. One code is one message.

    All of one relation go one after the other, so that of two codes for one adding the second finds it welcomed.
    """
    lane = f"{LANE}{relation.id}"
    body = {"relation": relation.id, "until": (now + WELCOME_WITHIN).isoformat(), "welcome_code": code, **said}
    key = f"welcome:{sha256(code.encode()).hexdigest()}"
    return [lane] if message.queue(session, key=key, lane=lane, kind="welcome", body=body, now=now) else []


def is_welcomed(relation: CustomerRelation, now: datetime) -> bool:
    """Whether this adding has had its message. A code that comes later is another adding's, whatever else was heard."""
    return relation.welcomed_at is not None and now - relation.welcomed_at < SAME_ADDING


def delivered(session: Session, relation_id: int, *, now: datetime) -> None:
    session.get_one(CustomerRelation, relation_id, with_for_update=True).welcomed_at = now


def _link(catalogue: Catalogue, what: str, address: str) -> dict[str, Any]:
    title, told = (catalogue.render(Sentence(f"welcome.{what}_{part}")) for part in ("title", "about"))
    link = {"title": _cut(title, TITLE_BYTES), "desc": _cut(told, DESCRIPTION_BYTES), "url": address}
    return {"msgtype": "link", "link": link}


def _cut(text: str, most: int) -> str:
    """At most so many bytes, whole characters."""
    return text.encode()[:most].decode(errors="ignore")


def inviter_of(session: Session, relation: CustomerRelation) -> Distributor | None:
    """By whom this adding was brought about."""
    return None if relation.distributor_id is None else session.get_one(Distributor, relation.distributor_id)
