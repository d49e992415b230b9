"""客户联系 in the outbox: welcome messages, codes, look-ups. None of them is a message of ours to a member.

welcome          sent within its twenty seconds or not at all; again is harmless, the platform takes one for each code
lookup_customer  who a customer is; what comes of it is kept sealed, nothing of it in the row
contact_way      a distributor's code. Its config_id is told once: a try whose answer was lost is repeated by looking
                 first for a code with his state among those that nobody here knows
contact_users    a code leads to other members from now on

Source   reference/wecom.md §8.1, §8.3, §8.5
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.contact.client import ContactClient
from bot.outbox.verdict import Attempt, GivenUp, Sent, Verdict, judge
from bot.outbox.wording import Unsayable, clean
from bot.wecom.errors import Refused
from models.base import Sessions
from models.customer import ContactWay, Customer, CustomerRelation
from models.distributor import Distributor
from models.message import Outbox
from services import distributor, message
from services.customer import learned, ways, welcome
from services.customer.terms import Terms
from services.vault import Vault

log = logging.getLogger(__name__)

KINDS = ("welcome", "lookup_customer", "contact_way", "contact_users")
NO_QUOTA = 41045
LONGEST_REMARK = 30


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A code to be made, as values."""

    state: str
    code: str
    nickname: str
    member: str | None
    ordered_at: datetime


class Contacts:
    """remark   what stands beside a distributor's code, for his code and nickname; the merchant alone sees it"""

    def __init__(self, client: ContactClient, vault: Vault, terms: Terms, remark: Callable[[str, str], str]) -> None:
        self.client = client
        self._vault, self._terms, self._remark = vault, terms, remark

    # before

    def refusal(self, session: Session, row: Outbox, now: datetime) -> GivenUp | None:
        """A welcome that would be late, or a second one."""
        if row.kind != "welcome":
            return None
        if self.is_late(row, now):
            return GivenUp("its twenty seconds are over", unclear=row.state == "sending")
        if welcome.is_welcomed(session.get_one(CustomerRelation, row.body["relation"]), now):
            return GivenUp("he is welcomed already")
        return None

    def is_late(self, row: Outbox, now: datetime) -> bool:
        return row.kind == "welcome" and now >= datetime.fromisoformat(row.body["until"])

    # the call

    def call(self, sessions: Sessions, kind: str, body: dict[str, Any], *, repeat: bool, asked_at: datetime) -> Sent:
        if kind == "welcome":
            said = {name: body[name] for name in ("welcome_code", "text", "attachments")}
            self.client.welcome({**said, "text": {"content": clean(said["text"]["content"])}})
            return Sent()
        if kind == "lookup_customer":
            with sessions.reading() as session:
                sealed = session.get_one(Customer, body["customer"]).sealed
            return Sent({"told": self.client.customer(self._vault.open(sealed)), "asked_at": asked_at})
        if kind == "contact_users":
            with sessions.reading() as session:
                way = session.get_one(ContactWay, body["way"])
            self.client.change_way(str(way.config_id), body["users"])
            return Sent()
        return self._make(sessions, int(body["way"]), repeat=repeat)

    def _make(self, sessions: Sessions, number: int, *, repeat: bool) -> Sent:
        with sessions.reading() as session:
            wanted = _wanted(session, number)
        if repeat and (found := self._made_before(sessions, wanted)) is not None:
            return Sent(found)
        users = self._users(wanted.member)
        if not users:
            raise Unsayable("nobody serves: neither WECOM_CONTACT_USERS nor the distributor himself")
        remark = self._remark(wanted.code, wanted.nickname)[:LONGEST_REMARK]
        config_id, picture = self.client.add_way(wanted.state, remark, users)
        return Sent({"config_id": config_id, "picture": picture, "users": users})

    def _users(self, member: str | None) -> list[str]:
        """Himself, where he may; else the merchant's."""
        if self._terms.own and member is not None:
            able = {userid.lower() for userid in self.client.follow_users()}
            if member.lower() in able:
                return [member]
        return list(self._terms.users)

    def _made_before(self, sessions: Sessions, wanted: _Wanted) -> dict[str, Any] | None:
        """The code that an earlier try made, whose answer was lost."""
        listed = list(self.client.ways_since(wanted.ordered_at))
        with sessions.reading() as session:
            known = ways.known(session, listed)
        for config_id in listed:
            if config_id in known:
                continue
            told = self.client.way(config_id)
            if told.get("state") == wanted.state:
                users = [str(userid) for userid in told.get("user") or []]
                return {"config_id": config_id, "picture": str(told.get("qr_code") or ""), "users": users}
        return None

    # after

    def judge(self, fault: Exception, tried: Attempt) -> Verdict:
        if isinstance(fault, Refused) and fault.errcode == NO_QUOTA:
            return GivenUp(fault.reason, loud=True)
        return judge(fault, tried)

    def sent(self, session: Session, row: Outbox, told: dict[str, Any], now: datetime) -> None:
        """Keep what came of it, in the transaction that records it."""
        row.result = None
        if row.kind == "welcome":
            welcome.delivered(session, int(row.body["relation"]), now=now)
        elif row.kind == "lookup_customer" and "told" in told:
            found = learned.looked_up(
                session, self._vault, row.body["customer"], told["told"], asked_at=told["asked_at"], now=now
            )
            row.result = {name: count for name, count in found.items() if count}
        elif row.kind == "contact_users":
            ways.changed(session, row.body["way"], row.body["users"])
        elif row.kind == "contact_way" and "config_id" in told:
            self._keep(session, int(row.body["way"]), told, now)

    def _keep(self, session: Session, number: int, told: dict[str, Any], now: datetime) -> None:
        way = session.get_one(ContactWay, number, with_for_update=True)
        if way.config_id not in (None, told["config_id"]):
            log.error("a code too many", extra={"event": "contact.spare_code", "config_id": told["config_id"]})
            return
        way = ways.made(
            session, number, config_id=told["config_id"], picture=told["picture"], users=told["users"], now=now
        )
        if way.waiting is not None:
            body = message.poster_body(ways.poster(way.distributor_id))
            message.queue(session, key=f"contact-code:{way.id}", lane=way.waiting, kind="poster", body=body, now=now)


def _wanted(session: Session, number: int) -> _Wanted:
    way = session.get_one(ContactWay, number)
    who = session.get_one(Distributor, way.distributor_id)
    member = distributor.wecom_userid(session, who.id)
    return _Wanted(way.state, who.code, who.nickname, member, way.created_at)
