"""All parts of 群发 wired together, and what a member does with a task: look at it, confirm it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..people import Refused
from .calls import Calls
from .caps import Caps
from .tasks import CONFIRMED, NO_FRIEND, OVER_CAP, SENT, UNSENT, WAITING, Recipient, Share, Task, Tasks

if TYPE_CHECKING:
    from ..contact.desk import Contact
    from ..groups.desk import CustomerGroups
    from ..state import World


class MassMessages:
    def __init__(self, world: World, contact: Contact, groups: CustomerGroups) -> None:
        self._world, self._contact, self._groups = world, contact, groups
        self.tasks, self.caps = Tasks(world), Caps(world)
        self.tasks.load()
        calls = Calls(world, contact, groups, self.tasks)
        for name, function in (
            ("add_msg_template", calls.add),
            ("get_groupmsg_list_v2", calls.list),
            ("get_groupmsg_task", calls.task),
            ("get_groupmsg_send_result", calls.result),
            ("remind_groupmsg_send", calls.remind),
            ("cancel_groupmsg_send", calls.cancel),
        ):
            contact.add(f"externalcontact/{name}", function)

    def load(self) -> None:
        self.tasks.load()
        self.caps.load()

    # what a member does

    def confirm(self, userid: str, msgid: str, chosen: list[str] | None = None) -> dict[str, int]:
        """Send what waits for him; how many got it and how many not, and why not. Only then anything is delivered."""
        task, share = self._waiting(userid, msgid)
        if not share.chosen:
            wanted = set(chosen or [])
            own = [room.chat_id for room in self._groups.rooms.owned_by(share.userid)]
            share.recipients = [Recipient(chat_id) for chat_id in own if not wanted or chat_id in wanted]
            share.chosen = True
        for one in share.recipients:
            one.status = self._deliver(task, share, one)
            one.at = int(self._world.now()) if one.status == SENT else 0
        share.status, share.at = CONFIRMED, int(self._world.now())
        self.tasks.keep(task)
        statuses = [one.status for one in share.recipients]
        return {"sent": statuses.count(SENT), "no_friend": statuses.count(NO_FRIEND), "over": statuses.count(OVER_CAP)}

    def send_own(self, recipient: str, count: int = 1) -> int:
        """A member's own 群发, which the API does not know and which counts against the cap; how many there was room
        for."""
        return sum(self.caps.take(recipient) for _ in range(count))

    def _waiting(self, userid: str, msgid: str) -> tuple[Task, Share]:
        task = self.tasks.find(msgid)
        share = task.shares.get(userid.lower()) if task else None
        if task is None or share is None:
            raise Refused(f"msgid: there is no such task for {userid}")
        if task.cancelled:
            raise Refused("msgid: the task was cancelled")
        if share.status != WAITING:
            raise Refused("msgid: it was sent before")
        return task, share

    def _deliver(self, task: Task, share: Share, one: Recipient) -> int:
        chat = self._chat(task, share, one)
        if chat is None:
            return UNSENT if task.group else NO_FRIEND
        if not self.caps.take(one.id):
            return OVER_CAP
        name = self._contact.members.known(share.userid).name
        for kind, content in task.messages:
            self._world.add_entry(chat, "app", kind, content, "groupmsg", by=name)
        return SENT

    def _chat(self, task: Task, share: Share, one: Recipient) -> str | None:
        """Where it is seen; None where he is no friend any more, or the group is not the member's."""
        if task.group:
            rooms = self._groups.rooms.owned_by(share.userid)
            return next((room.chat for room in rooms if room.chat_id == one.id), None)
        who = self._contact.customers.find(one.id)
        relation = self._contact.relations.alive(share.userid, who.id) if who else None
        return None if relation is None or relation.customer_left else relation.chat

    # what the page shows

    def describe(self) -> list[dict[str, Any]]:
        """What waits for a member and what he has sent, newest last."""
        return [
            {
                "msgid": task.msgid, "userid": share.userid, "group": task.group, "sent": share.status == CONFIRMED,
                "cancelled": task.cancelled, "reminded": len(task.reminded), "at": task.created,
                "recipients": [self._recipient(task, one) for one in share.recipients], "chosen": share.chosen,
                "messages": [{"type": kind, "content": content} for kind, content in task.messages],
            }
            for task in self.tasks.all()
            for share in task.shares.values()
        ]  # fmt: skip

    def _recipient(self, task: Task, one: Recipient) -> dict[str, Any]:
        if task.group:
            name = next((room.name for room in self._groups.rooms.all() if room.chat_id == one.id), one.id)
        else:
            who = self._contact.customers.find(one.id)
            name = who.name if who else one.id
        return {"name": name, "status": one.status}
