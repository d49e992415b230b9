"""A chat of the 公众号: when it may be written to, how, and what the platform's answers mean there.

A customer-service message needs an act of the person not long ago (services.follower). Without one a notice goes as a
template message, if the merchant has one for it; everything else is parked until his next contact. Where more waits
than may be sent, texts are said in one.

There is no duplicate check and no delivery receipt. What was taken in and not answered is therefore not repeated; only
a template message is, which carries a `client_msg_id` for ten minutes.

Source   reference/official-account.md §6, §7, §17
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.official.client import OfficialClient
from bot.outbox import lanes
from bot.outbox.chats import Chats, OnUnion, path_of, say_together
from bot.outbox.verdict import Attempt, GivenUp, Later, Park, Sent, Verdict, judge
from bot.outbox.wording import Unsayable, clean
from bot.wecom.errors import Kind, Refused, WeComFault
from domain.notice import Template, fill
from models.message import Outbox
from models.person import Follower
from services import follower

CUSTOM, TEMPLATE = "message/custom/send", "message/template/send"
REPEATABLE = timedelta(minutes=9)  # the platform remembers a client_msg_id for about ten
NOT_FOLLOWING = (43004, 50005)


class Official(Chats):
    """app_id     whose media_ids the pictures are
    unseal     a follower's openid
    templates  notice → the merchant's template
    home       where a template message leads
    on_union   told of a follower's unionid, in the transaction that records the look-up
    """

    prefix = lanes.OFFICIAL

    def __init__(
        self,
        client: OfficialClient,
        *,
        app_id: str,
        unseal: Callable[[str], str],
        templates: Mapping[str, Template],
        home: str,
        on_union: OnUnion,
    ) -> None:
        self.client, self._account, self._on_union = client, client, on_union
        self.owner = f"official:{app_id}"
        self._unseal, self._templates, self._home = unseal, templates, home

    # before

    def parking(self, session: Session, row: Outbox, now: datetime) -> str | None:
        who = _follower(session, row.lane)
        if who is None or not who.follows:
            return "he does not follow the account"
        left = follower.allowed(who, now)
        if left == 0:
            return None if self._template(row) else "no contact that allows a message"
        if row.kind == "text" and row.request is None:
            say_together(session, row, left, now)
        return None

    def request(self, session: Session, row: Outbox, now: datetime, media_id: str) -> str:
        who = _follower(session, row.lane)
        if who is None:
            raise Unsayable("a follower that nobody knows")
        if follower.allowed(who, now) == 0 and (template := self._template(row)) is not None:
            return json.dumps({"path": TEMPLATE, "body": self._notice(row, template)}, ensure_ascii=False)
        try:
            body: dict[str, Any] = {"msgtype": "text", "text": {"content": clean(row.body["content"])}}
        except KeyError:
            body = {"msgtype": "image", "image": {"media_id": media_id}}
        if row.kind not in ("text", "poster") or (row.kind == "poster") != (body["msgtype"] == "image"):
            raise Unsayable(f"{row.kind} without its content")
        follower.count(who, now)
        return json.dumps({"path": CUSTOM, "body": body}, ensure_ascii=False)

    def _template(self, row: Outbox) -> Template | None:
        return self._templates.get(str(row.body.get("notice", {}).get("name"))) if row.kind == "text" else None

    def _notice(self, row: Outbox, template: Template) -> dict[str, Any]:
        try:
            data = fill(template, row.body["notice"]["values"])
        except KeyError as missing:
            raise Unsayable(f"the template needs {missing}") from None
        return {"template_id": template.id, "url": self._home, "client_msg_id": f"n{row.id}", "data": data}

    # the call

    def call(self, kind: str, whom: str, request: bytes) -> Sent:
        if kind == "lookup_union":
            return Sent({"union": str(self._account.user_info(whom).get("unionid") or "")})
        found = json.loads(request)
        answer = self._account.send(found["path"], {"touser": whom, **found["body"]})
        return Sent({"path": found["path"]} | ({"msgid": answer["msgid"]} if "msgid" in answer else {}))

    def whom(self, session: Session, lane: str) -> str:
        who = follower.find(session, lane.partition(":")[2])
        if who is None:
            raise Unsayable("a follower that nobody knows")
        return self._unseal(who.sealed)

    def repeats(self, row: Outbox, now: datetime) -> bool:
        return is_template((row.request or "").encode()) and now - row.created_at < REPEATABLE

    # after

    def judge(self, fault: Exception, tried: Attempt, request: bytes | None) -> Verdict:
        by_template = is_template(request)
        if isinstance(fault, Refused) and fault.path in (CUSTOM, TEMPLATE):
            if fault.kind is Kind.WINDOW:
                return Park(fault.reason, fault.errcode)
            if by_template and fault.kind in (Kind.CONTENT, Kind.QUOTA, Kind.UNKNOWN):
                return Park(fault.reason, fault.errcode, without_template=True)
        if by_template and isinstance(fault, WeComFault) and tried.age < REPEATABLE:
            tried = replace(tried, lane=lanes.MEMBER)  # it may be repeated as one to a member may
        verdict = judge(fault, tried)
        if by_template and isinstance(verdict, Later) and verdict.unclear and tried.age >= REPEATABLE:
            return GivenUp(f"{verdict.reason}; not repeated, it would be seen twice", unclear=True)
        return verdict

    def park(self, session: Session, row: Outbox, verdict: Park, now: datetime) -> None:
        who = _follower(session, row.lane)
        tried_at = row.sent_at or now
        came = who is not None and any(at is not None and at > tried_at for at in (who.wrote_at, who.tapped_at))
        row.request, row.sent_at, row.result = None, None, None
        if verdict.without_template:
            row.body = {name: value for name, value in row.body.items() if name != "notice"}
        elif who is not None and not came:
            follower.close(who)
            who.follows = who.follows and verdict.errcode not in NOT_FOLLOWING
        row.state, row.due_at = ("waiting", now) if came or verdict.without_template else ("parked", row.due_at)

    def give_back(self, session: Session, row: Outbox, now: datetime) -> None:
        who = _follower(session, row.lane)
        if who is not None and not is_template((row.request or "").encode()):
            follower.count(who, now, by=-1)

    def recorded(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        unionid = str(verdict.result.get("union") or "") if isinstance(verdict, Sent) else ""
        who = follower.find(session, row.lane.partition(":")[2])
        if unionid and who is not None:
            self._on_union(session, who.digest, who.sealed, unionid)


def is_template(request: bytes | None) -> bool:
    return path_of(request) == TEMPLATE


def _follower(session: Session, lane: str) -> Follower | None:
    return follower.find(session, lane.partition(":")[2], lock=True)
