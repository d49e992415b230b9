"""One callback of 客户联系: the relation, then what has to be said and asked because of it.

Nothing is looked up here: who the customer is, the platform is asked by the outbox. A state that the event left out
comes with that answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.conversation import Inbound
from models.customer import Customer, CustomerRelation
from models.distributor import Distributor
from services import message
from services.customer import book, told, welcome
from services.customer.book import Change, Heard
from services.customer.terms import Terms
from services.message import Catalogue
from services.vault import Vault

log = logging.getLogger(__name__)

LOOK = "contact:look:"
ADDING = {"add_external_contact": False, "add_half_external_contact": True}  # whether it is half
ENDING = {"del_external_contact": True, "del_follow_user": False}  # whether the member did it
TRANSFER_FAILED = "transfer_fail"

CouponOf = Callable[[Session, Distributor | None, Customer, datetime], str | None]


@dataclass(frozen=True, slots=True)
class CustomerDesk:
    """link_of     a distributor's link, or the shop for None (who came by himself)
    coupon_of   the address of a coupon for this customer of a distributor; None where there is none
    """

    vault: Vault
    catalogue: Catalogue
    terms: Terms
    merchant: str
    link_of: Callable[[Distributor | None], str]
    coupon_of: CouponOf

    def take(self, session: Session, inbound: Inbound, now: datetime) -> list[str]:
        """Put down what the event tells; the lanes in which there is something to do."""
        facts = inbound.facts
        change, userid = facts["change"], facts["userid"]
        if change not in ADDING and change not in ENDING and change != TRANSFER_FAILED:
            return []
        who = book.customer(session, facts["external"], facts["sealed"], now=now)
        heard = Heard(change, inbound.sent_at, "event", told.state_of(facts.get("state")), facts.get("detail"))
        if change == TRANSFER_FAILED:
            book.noted(session, who, userid, heard, now=now)
            return []
        if change in ENDING:
            done = book.ended(session, who, userid, heard, by_member=ENDING[change], now=now)
            _log(change, done)
            return []
        done = book.added(session, who, userid, heard, half=ADDING[change], now=now)
        _log(change, done)
        lanes = self._welcome(session, who, done.relation, facts.get("welcome_code", ""), now)
        return [*lanes, *look_up(session, who.id, f"{done.relation.id}:{int(heard.at.timestamp())}", now=now)]

    def _welcome(
        self, session: Session, who: Customer, relation: CustomerRelation, code: str, now: datetime
    ) -> list[str]:
        if not code or welcome.is_welcomed(relation, now):
            return []
        inviter = welcome.inviter_of(session, relation)
        said = welcome.compose(
            self.catalogue,
            self.terms,
            inviter=inviter.nickname if inviter else None,
            merchant=self.merchant,
            shop_address=self.link_of(inviter),
            coupon_address=self.coupon_of(session, inviter, who, now),
        )
        return welcome.queue(session, relation, code, said, now=now) if said else []


def look_up(session: Session, customer_id: int, why: str, *, now: datetime) -> list[str]:
    """Ask the platform who he is and whose; once for each `why`."""
    lane = f"{LOOK}{customer_id}"
    key, body = f"customer:{customer_id}:{why}", {"customer": customer_id}
    is_new = message.queue(session, key=key, lane=lane, kind="lookup_customer", body=body, now=now)
    return [lane] if is_new else []


def _log(change: str, done: Change) -> None:
    ids = {"event": f"customer.{change}", "relation": done.relation.id, "new": done.is_new}
    log.info("a customer", extra=ids | {"distributor": done.bound.id if done.bound else None})
