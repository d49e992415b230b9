"""Working the tasks of 群发: ask for those that are drafts, find out about those without an answer, look at results.

A task is asked for once. Its row says so before the request goes out; whoever finds it like that later knows that
somebody may have asked, and looks for it among the platform's tasks by its words, its time and its member. Found once
and without a twin it is taken for ours; else it stays unknown and an operator is told, who says what became of it.

Everything is driven by rows, so it may be killed at any moment and run in several processes.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.broadcast import wording
from bot.broadcast.client import BroadcastCalls, instant
from bot.outbox.pictures import Pictures
from bot.wecom.client import encode
from bot.wecom.errors import Kind, Refused, TokenRejected, Unanswered, WeComFault
from domain import broadcast as rules
from domain.conversation import Reply
from models.base import Sessions
from models.broadcast import BroadcastTask
from services import broadcast, distributor, group, message
from services.broadcast import Ask, Outcome
from services.message import Catalogue
from services.vault import Vault

log = logging.getLogger(__name__)

SOON = timedelta(minutes=5)
DISPATCHING, CANCELLED, BUSY = 41063, 41093, -1
NAMED = 3  # groups, in what the member is told
_OF_THEM_ALL = (Kind.FIX, Kind.QUOTA, Kind.REFRESH)


@dataclass(frozen=True)
class House:
    """draw   a poster's kind and facts → its picture; called outside of transactions
    wake   the lanes in which somebody is told something
    """

    sessions: Sessions
    vault: Vault
    clock: Callable[[], datetime]
    catalogue: Catalogue
    draw: Callable[[str, dict[str, Any]], bytes]
    wake: Callable[[Iterable[str]], None]


class Broadcaster:
    """`job(as_of)` does what is due; `work(number)` what is due of one broadcast."""

    def __init__(self, house: House, calls: BroadcastCalls, pictures: Pictures) -> None:
        self.calls, self.pictures = calls, pictures
        self._house, self._sessions, self._clock = house, house.sessions, house.clock

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        counts = self.work(None)
        return dict(counts) | {"failed": counts["failed"] + counts["stopped"]}

    def work(self, broadcast_id: int | None) -> Counter[str]:
        """How many were asked for, are unknown, were looked at; `stopped` by a fault that concerns them all."""
        counts: Counter[str] = Counter()
        done: set[int] = set()
        while batch := [number for number in self._due(broadcast_id) if number not in done]:
            for task_id in batch:
                done.add(task_id)
                try:
                    counts[self._one(task_id)] += 1
                except WeComFault as fault:
                    ids = {"event": "broadcast.stopped", "task": task_id, "reason": fault.reason}
                    log.warning("mass messages wait", extra=ids)
                    counts["stopped"] += 1
                    return counts
                except Exception:  # the job loop: one task's failure leaves the others theirs
                    ids = {"event": "broadcast.failed", "task": task_id}
                    log.exception("a mass message failed", extra=ids)
                    self._put_off(task_id)
                    counts["failed"] += 1
        return counts

    def _put_off(self, task_id: int) -> None:
        """Something of ours is wrong (a poster cannot be drawn): others go first."""
        at = self._clock() + SOON
        self._sessions.transact(lambda session: broadcast.put_off(session, task_id, "it cannot be made", at))

    def _due(self, broadcast_id: int | None) -> list[int]:
        with self._sessions.reading() as session:
            return broadcast.due(session, now=self._clock(), broadcast_id=broadcast_id)

    def _one(self, task_id: int) -> str:
        """What came of one. Raises what concerns them all"""
        with self._sessions.reading() as session:
            task = broadcast.values(session.get_one(BroadcastTask, task_id))
        if task.state == "draft":
            return self._ask(task)
        if task.state == "asking":  # its asker has died
            self._sessions.transact(
                lambda session: broadcast.unknown(session, task_id, "no answer was kept", now=self._clock()) is not None
            )
            return "unknown"
        if task.state == "unknown":
            return self.find_out(task)
        return self.look(task)

    # asking

    def _ask(self, task: Ask) -> str:
        try:
            body = wording.request(task.audience, task.sender, task.content, self._media_id(task.content))
        except (Refused, Unanswered) as fault:
            self._later(task.id, fault)
            if fault.kind in _OF_THEM_ALL:
                raise
            return "later"

        def take(session: Session) -> list[str] | None:
            taken = broadcast.ask(session, task.id, wording.kept(body), now=self._clock())
            return broadcast.receivers(session, self._house.vault, task.id) if taken else None

        receivers = self._sessions.transact(take)
        if receivers is None:
            return "taken"
        try:
            msgid, failed = self.calls.add(wording.with_receivers(body, receivers))
        except WeComFault as fault:
            return self._not_created(task, fault, body)
        self.created(task.id, task.audience, msgid, failed)
        return "created"

    def _media_id(self, content: dict[str, Any]) -> str | None:
        if (poster := content.get("poster")) is not None:
            return self.pictures.media_id(self._house.draw(str(poster["kind"]), dict(poster["facts"])))
        return content.get("picture")

    def _not_created(self, task: Ask, fault: WeComFault, body: dict[str, Any]) -> str:
        """A refusal says that nothing was made, except that of a busy system; a missing answer says nothing at all."""
        certain = isinstance(fault, TokenRejected)
        certain = certain or (isinstance(fault, Refused) and fault.errcode != BUSY)
        certain = certain or (isinstance(fault, Unanswered) and fault.happened == "no")
        if not certain:
            now = self._clock()
            self._sessions.transact(
                lambda session: broadcast.unknown(session, task.id, fault.reason, now=now) is not None
            )
            ids = {"event": "broadcast.unknown", "task": task.id}
            log.warning("nobody knows what became of a mass message", extra=ids)
            return "unknown"
        if fault.kind is Kind.REUPLOAD and task.content.get("poster"):
            request = encode({"image": {"media_id": _picture(body)}})
            self._sessions.transact(lambda session: self.pictures.forget(session, request))
        if (
            isinstance(fault, Unanswered)
            or fault.kind in (*_OF_THEM_ALL, Kind.RETRY)
            or (fault.kind is Kind.REUPLOAD and task.content.get("poster"))
        ):
            self._later(task.id, fault)
            if fault.kind in _OF_THEM_ALL:
                raise fault
            return "later"
        self._sessions.transact(lambda session: broadcast.refused(session, task.id, fault.reason) is not None)
        log.warning("a mass message was refused", extra={"event": "broadcast.refused", "task": task.id})
        return "refused"

    def _later(self, task_id: int, fault: WeComFault) -> None:
        at = self._clock() + SOON
        self._sessions.transact(lambda session: broadcast.ask_later(session, task_id, fault.reason, at))

    def created(self, task_id: int, audience: str, msgid: str, failed: Iterable[str]) -> None:
        """Write down that the platform has it, and tell the member that it waits for him."""
        vault, now = self._house.vault, self._clock()
        refused = set(failed) if audience == "group" else {vault.digest("external_userid", one) for one in failed}

        def work(session: Session) -> str | None:
            row = broadcast.created(session, task_id, msgid, refused, now=now)
            if row is None or row.unsent == 0:
                return None
            lane = message.lane_of_member(row.sender)
            said = self._told(session, row)
            message.tell(session, self._house.catalogue, said, key=f"broadcast:{task_id}:confirm", lane=lane, now=now)
            return lane

        lane = self._sessions.transact(work)
        log.info("a mass message waits for its member", extra={"event": "broadcast.created", "task": task_id})
        if lane is not None:
            self._house.wake([lane])

    def _told(self, session: Session, row: BroadcastTask) -> Reply:
        if row.audience == "single":
            return Reply.of("broadcast.confirm_customers", count=row.unsent).then("broadcast.how")
        names = group.names(session, broadcast.receivers(session, self._house.vault, row.id)[:NAMED])
        several = "_more" if row.unsent > len(names) else ""
        reply = Reply.of(f"broadcast.confirm_groups{several}", count=row.unsent, names="、".join(names))
        return reply.then("broadcast.how")

    # finding out

    def find_out(self, task: Ask) -> str:
        """Look for a task of which no answer came. Raises what concerns them all"""
        found = self._candidates(task)
        with self._sessions.reading() as session:
            alone = not broadcast.twins(session, task)
        if len(found) == 1 and alone:
            self.created(task.id, task.audience, found[0], ())
            return "found"

        def still(session: Session) -> list[str]:
            if not broadcast.unknown_still(session, task.id, now=self._clock()):
                return []
            row = session.get_one(BroadcastTask, task.id)
            return self._tell_operators(session, row)

        self._house.wake(self._sessions.transact(still))
        return "unknown"

    def _candidates(self, task: Ask) -> list[str]:
        """The msgids of tasks that may be it: the same words, made at that time, for this member, and none of ours."""
        ours, asked_at = json.loads(task.request or "{}"), task.asked_at or self._clock()
        listed = list(self.calls.listed(task.audience, asked_at - rules.FIND_WITHIN, asked_at + rules.FIND_WITHIN))
        alike = [str(row["msgid"]) for row in listed if wording.is_same(ours, row)]
        with self._sessions.reading() as session:
            known = broadcast.known(session, alike)
        return [msgid for msgid in alike if msgid not in known and self._is_for(task, msgid)]

    def _is_for(self, task: Ask, msgid: str) -> bool:
        """For this member alone, and where the platform tells receivers, for ours alone."""
        if {str(row["userid"]).lower() for row in self.calls.members(msgid)} != {task.sender}:
            return False
        if task.audience == "group":
            return True
        with self._sessions.reading() as session:
            wanted = set(broadcast.receivers(session, self._house.vault, task.id))
        told = {str(row["external_userid"]) for row in self.calls.results(msgid, task.sender)}
        return bool(told) and told <= wanted

    def _tell_operators(self, session: Session, row: BroadcastTask) -> list[str]:
        lanes = []
        said = Reply.of("broadcast.unknown", number=row.broadcast_id, task=row.place, sender=row.sender)
        for operator in distributor.operators(session):
            lane = message.lane_of_member(operator.userid)
            key = f"broadcast:{row.id}:unknown:{row.tries}:{operator.userid}"
            message.tell(session, self._house.catalogue, said, key=key, lane=lane, now=self._clock())
            lanes.append(lane)
        return lanes

    # looking

    def look(self, task: Ask) -> str:
        """Whether the member has confirmed, and who got it. Raises what concerns them all"""
        assert task.msgid is not None  # noqa: S101 - only what the platform has is looked at
        now = self._clock()
        try:
            if task.state == "created" and not self._confirmed(task, task.msgid, now):
                return "waiting"
            found = {self._receiver(row): _outcome(row) for row in self.calls.results(task.msgid, task.sender)}
        except (Refused, Unanswered) as fault:
            return self._not_told(task, fault, now)
        self._sessions.transact(lambda session: broadcast.results(session, task.id, found, now=now).id)
        return "looked_at"

    def _confirmed(self, task: Ask, msgid: str, now: datetime) -> bool:
        rows = [row for row in self.calls.members(msgid) if str(row.get("userid")).lower() == task.sender]
        if not any(int(row.get("status") or 0) == 2 for row in rows):
            self._sessions.transact(lambda session: broadcast.look_later(session, task.id, now=now).id)
            return False
        at = next((found for row in rows if (found := instant(row.get("send_time")))), now)
        self._sessions.transact(lambda session: broadcast.confirmed(session, task.id, at, now=now))
        return True

    def _not_told(self, task: Ask, fault: Refused | Unanswered, now: datetime) -> str:
        if fault.kind in _OF_THEM_ALL:
            raise fault
        code = fault.errcode if isinstance(fault, Refused) else 0
        if code == CANCELLED and task.state == "cancelled":
            self._sessions.transact(lambda session: broadcast.results(session, task.id, {}, now=now).id)
            return "cancelled"
        if code == CANCELLED:
            self._sessions.transact(lambda session: broadcast.cancelled(session, task.id, now=now))
            return "cancelled"
        at = now + (rules.FIRST_LOOK if code == DISPATCHING else SOON)
        self._sessions.transact(lambda session: broadcast.look_later(session, task.id, now=now, at=at).id)
        return "later"

    def _receiver(self, row: dict[str, Any]) -> str:
        if row.get("chat_id"):
            return str(row["chat_id"])
        return self._house.vault.digest("external_userid", str(row.get("external_userid") or ""))


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(int(row.get("status") or 0), instant(row.get("send_time")))


def _picture(body: dict[str, Any]) -> str:
    images = [item["image"]["media_id"] for item in body.get("attachments", ()) if item["msgtype"] == "image"]
    return str(images[0]) if images else ""
