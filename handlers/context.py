"""What a handler is given: who writes, from where, when, and what was asked before; and how it asks and tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from domain import distributor as rules
from domain.conversation import Dialog, Reply, Sentence
from domain.push import Hours, Wish
from domain.withdrawal import Limits
from models.distributor import Distributor, Operator
from services import distributor, message, push
from services.copy import library
from services.copy.library import Library
from services.customer.terms import Terms
from services.distributor import Address, JoinMode
from services.message import Catalogue
from services.vault import Vault

ANSWER_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every message: the merchant's settings and the doors that handlers use.

    below(n) gives a uniform int from 0 to n - 1, for codes. `merchant` and `contact`: who sells and whom to turn to.
    customers: what the merchant chose for 客户联系; None without it. quiet: when he pushes nothing.
    """

    base_url: str
    join_mode: JoinMode
    limits: Limits
    vault: Vault
    catalogue: Catalogue
    below: Callable[[int], int]
    merchant: str = ""
    contact: str = ""
    library: Library = field(default_factory=library.shipped)
    customers: Terms | None = None
    quiet: Hours | None = None


@dataclass(slots=True)
class Context:
    """One message being handled. `dialog` is what was asked before; `ask` replaces it, `settled` ends it."""

    session: Session
    house: House
    now: datetime
    address: Address
    message_key: str
    sender: Distributor | None
    operator: Operator | None
    dialog: Dialog | None
    text: str = ""
    period: dict[str, str] | None = None  # the first that the text names, whatever was understood
    wish: Wish | None = None  # what the text wants of pushes, where it speaks of them
    task_id: str | None = None
    response_code: str | None = None
    scene: str | None = None  # of the QR that this message came by
    overheard: bool = False  # others read the answer
    lanes: list[str] = field(default_factory=list)

    @property
    def me(self) -> Distributor:
        """The distributor who writes; a refusal tells everybody else what to do."""
        if self.sender is None or self.sender.status == "refused":
            raise rules.NotJoined()
        if self.sender.status == "review":
            raise rules.InReview()
        if self.sender.status == "departed":
            raise rules.Departed()
        return self.sender

    @property
    def lane(self) -> str:
        return message.lane_of(self.address.channel, self.address.sender)

    def ask(self, state: str, **facts: Any) -> None:
        """Wait for an answer, ten minutes long."""
        self.dialog = Dialog(state, facts, self.now + ANSWER_WITHIN)

    def settled(self) -> None:
        self.dialog = None

    def close_card(self, task: str, said: Sentence) -> None:
        """Grey the card's buttons out; the click's own code first, else the one that sending it gave."""
        if not message.has_cards(self.lane):
            return
        body = {
            "userids": [self.address.sender],
            "task": task,
            "response_code": self.response_code,
            "replace_name": self.house.catalogue.render(said),
        }
        self.later(self.lane, "card_update", body, key=f"card:{task}:update")

    def tell(self, distributor_id: int, reply: Reply, *, key: str, about: str | None = None) -> None:
        """Send something to another person, if he can be written to; `about`: see services.push.tell."""
        catalogue = self.house.catalogue
        lane = push.tell(self.session, catalogue, reply, key=key, to=distributor_id, now=self.now, about=about)
        if lane is not None:
            self.lanes.append(lane)

    def tell_operators(self, reply: Reply, *, key: str) -> None:
        for row in distributor.operators(self.session):
            self.send(message.lane_of_member(row.userid), reply, key=f"{key}:{row.userid}")

    def send(self, lane: str, reply: Reply, *, key: str) -> None:
        message.tell(self.session, self.house.catalogue, reply, key=key, lane=lane, now=self.now)
        self.lanes.append(lane)

    def later(self, lane: str, kind: str, body: dict[str, Any], *, key: str) -> None:
        """Queue anything else that must happen outside this transaction."""
        message.queue(self.session, key=key, lane=lane, kind=kind, body=body, now=self.now)
        self.lanes.append(lane)

    def link(self, code: str, *, sku: str | None = None, origin: str | None = None) -> str:
        """`BASE_URL/r/CODE`, for a product with `?p=SKU`, with where it is shown as `s`."""
        return referral_link(self.house.base_url, code, sku=sku, origin=origin)

    def coupon_link(self, page: str) -> str:
        """`BASE_URL/shop/c/CODE`, of a coupon's page."""
        return f"{self.house.base_url}/shop/c/{page}"


def referral_link(base_url: str, code: str, *, sku: str | None = None, origin: str | None = None) -> str:
    query = urlencode({name: value for name, value in (("p", sku), ("s", origin)) if value})
    return f"{base_url}/r/{code}" + (f"?{query}" if query else "")
