"""The API of 群发: make a task, look what became of it, remind, cancel."""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING, Any

from ..contact.reading import page
from ..errors import ApiError
from .tasks import CANCELLED, CONFIRMED, SENT, Recipient, Share, Task

if TYPE_CHECKING:
    from ..api import Call
    from ..contact.desk import Contact
    from ..groups.desk import CustomerGroups
    from ..state import World
    from .tasks import Tasks

MOST_CUSTOMERS, MOST_GROUPS = 10_000, 2000
MOST_LISTED, USUALLY_LISTED = 100, 50
MOST_RESULTS, USUAL_RESULTS = 1000, 500
LONGEST_SPAN = 31 * 86400
NOBODY, UNKNOWN_MEMBER, TOO_MANY_REMINDERS = 41048, 40003, 41094
REMIND_WINDOW = 86400


class Calls:
    def __init__(self, world: World, contact: Contact, groups: CustomerGroups, tasks: Tasks) -> None:
        self._world, self._contact, self._groups, self._tasks = world, contact, groups, tasks
        self._numbers = itertools.count(1)

    # making one

    def add(self, call: Call) -> dict[str, Any]:
        """POST externalcontact/add_msg_template: who would get nothing stands in fail_list."""
        kind = call.text(call.body, "chat_type") or "single"
        if kind not in ("single", "group"):
            raise ApiError(40058, "chat_type: single or group. invalid Request Parameter")
        messages = self._contact.attachments.read(call)
        shares, failed = self._group_shares(call) if kind == "group" else self._single_shares(call)
        if not shares:
            raise ApiError(NOBODY)
        number = next(self._numbers) + len(self._tasks.all())
        body = {name: call.body[name] for name in ("text", "attachments") if call.body.get(name)}
        task = Task(f"msgGC{secrets.token_urlsafe(24)}", number, kind == "group", self._world.now(), body, messages)
        task.shares = {share.userid: share for share in shares}
        self._tasks.keep(task)
        call.note.update(to=[share.userid for share in shares], count=sum(len(share.recipients) for share in shares))
        return {"fail_list": failed, "msgid": task.msgid}

    def _sender(self, call: Call) -> str:
        sender = call.text(call.body, "sender")
        if sender:
            member = self._world.member(sender)
            if member is None or not member.visible or not self._contact.members.standing(sender).permitted:
                raise ApiError(UNKNOWN_MEMBER)
        return sender.lower()

    def _single_shares(self, call: Call) -> tuple[list[Share], list[str]]:
        """The named customers, or all of the sender's; each goes to the sender, or to who chatted with him last."""
        sender, named = self._sender(call), _listed(call, "external_userid", MOST_CUSTOMERS)
        if call.body.get("tag_filter") and not named:
            raise ApiError(40058, "tag_filter: there are no tags here. invalid Request Parameter")
        if not sender and not named:
            raise ApiError(40058, "sender or external_userid is needed. invalid Request Parameter")
        if not named:
            rows = self._contact.relations.of_member(sender)
            named = [self._contact.customers.get(row.customer).external_userid for row in rows]
        shares: dict[str, Share] = {}
        failed = []
        for external in dict.fromkeys(named):
            userid = self._serving(external, sender)
            if userid is None:
                failed.append(external)
            else:
                shares.setdefault(userid, Share(userid)).recipients.append(Recipient(external))
        return list(shares.values()), failed

    def _serving(self, external: str, sender: str) -> str | None:
        who = self._contact.customers.find(external)
        rows = self._contact.relations.of_customer(who.id) if who else []
        if sender:
            return sender if any(row.userid == sender for row in rows) else None
        last = max(rows, key=lambda row: (row.chatted_at or 0.0, row.createtime, row.number), default=None)
        return last.userid if last else None

    def _group_shares(self, call: Call) -> tuple[list[Share], list[str]]:
        """Groups that the sender owns; without a list he chooses when he confirms."""
        sender, named = self._sender(call), _listed(call, "chat_id_list", MOST_GROUPS)
        if not sender:
            raise ApiError(40058, "missing field: sender. invalid Request Parameter")
        own = {room.chat_id for room in self._groups.rooms.owned_by(sender)}
        if not named:
            return ([Share(sender, chosen=False)] if own else []), []
        good = [chat_id for chat_id in dict.fromkeys(named) if chat_id in own]
        failed = [chat_id for chat_id in dict.fromkeys(named) if chat_id not in own]
        return ([Share(sender, recipients=[Recipient(chat_id) for chat_id in good])] if good else []), failed

    # looking

    def list(self, call: Call) -> dict[str, Any]:
        """POST get_groupmsg_list_v2: the tasks of at most a month; those made by the API have no creator."""
        kind = call.text(call.body, "chat_type")
        first, last = call.integer(call.body, "start_time"), call.integer(call.body, "end_time")
        if kind not in ("single", "group") or not first or last < first or last - first > LONGEST_SPAN:
            raise ApiError(40058, "chat_type, start_time, end_time. invalid Request Parameter")
        rows = [
            task for task in self._tasks.all() if task.group == (kind == "group") and first <= int(task.created) <= last
        ]
        if call.integer(call.body, "filter_type", 2) == 1 or call.text(call.body, "creator"):
            rows = []  # nobody makes one by hand here that the API would list
        shown, cursor = page(rows, call.text(call.body, "cursor"), _size(call, MOST_LISTED, USUALLY_LISTED))
        told = [
            {"msgid": task.msgid, "create_time": str(int(task.created)), "create_type": 0, **task.body}
            for task in shown
        ]
        return {"group_msg_list": told, **({"next_cursor": cursor} if cursor else {})}

    def task(self, call: Call) -> dict[str, Any]:
        task = self._tasks.dispatched(call.text(call.body, "msgid"))
        rows = [
            {"userid": self._name(share.userid), "status": share.status}
            | ({"send_time": share.at} if share.status == CONFIRMED else {})
            for share in task.shares.values()
        ]
        shown, cursor = page(rows, call.text(call.body, "cursor"), _size(call, MOST_RESULTS, USUAL_RESULTS))
        return {"task_list": shown, **({"next_cursor": cursor} if cursor else {})}

    def result(self, call: Call) -> dict[str, Any]:
        """For customers every one with his status, for groups only those that got it."""
        task = self._tasks.dispatched(call.text(call.body, "msgid"))
        share = task.shares.get(call.text(call.body, "userid").lower())
        if share is None:
            raise ApiError(UNKNOWN_MEMBER)
        name = "chat_id" if task.group else "external_userid"
        rows = [
            {name: one.id, "userid": self._name(share.userid), "status": one.status}
            | ({"send_time": one.at} if one.status == SENT else {})
            for one in share.recipients
            if not task.group or one.status == SENT
        ]
        shown, cursor = page(rows, call.text(call.body, "cursor"), _size(call, MOST_RESULTS, USUAL_RESULTS))
        return {"send_list": shown, **({"next_cursor": cursor} if cursor else {})}

    def _name(self, userid: str) -> str:
        return self._contact.members.known(userid).userid

    # after it was made

    def remind(self, call: Call) -> dict[str, Any]:
        """At most so many a day for one task (41094)."""
        task, now = self._tasks.known(call.text(call.body, "msgid")), self._world.now()
        if task.cancelled:
            raise ApiError(CANCELLED)
        task.reminded = [at for at in task.reminded if now - REMIND_WINDOW < at <= now]
        if len(task.reminded) >= self._world.limits.groupmsg_reminders:
            raise ApiError(TOO_MANY_REMINDERS)
        task.reminded.append(now)
        self._tasks.keep(task)
        return {}

    def cancel(self, call: Call) -> dict[str, Any]:
        """Stops what was not sent yet; what was sent stays."""
        task = self._tasks.known(call.text(call.body, "msgid"))
        if task.cancelled:
            raise ApiError(CANCELLED)
        task.cancelled = True
        self._tasks.keep(task)
        return {}


def _listed(call: Call, name: str, most: int) -> list[str]:
    given = call.body.get(name) or []
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given) or len(given) > most:
        raise ApiError(40058, f"{name}: a list of at most {most} texts. invalid Request Parameter")
    return list(given)


def _size(call: Call, most: int, usual: int) -> int:
    """A limit beyond the most silently becomes the usual one."""
    limit = call.integer(call.body, "limit", usual)
    return limit if 1 <= limit <= most else usual
