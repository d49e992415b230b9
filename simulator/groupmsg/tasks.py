"""群发 tasks: who has to confirm what, for whom, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..contact.attachments import Message
from ..errors import ApiError

if TYPE_CHECKING:
    from ..state import World

UNSENT, SENT, NO_FRIEND, OVER_CAP = 0, 1, 2, 3  # of a recipient
WAITING, CONFIRMED = 0, 2  # of a member
MISSING, UNKNOWN, CANCELLED, DISPATCHING = 41046, 41047, 41093, 41063


@dataclass
class Recipient:
    """`id` is an external_userid or a chat_id."""

    id: str
    status: int = UNSENT
    at: int = 0


@dataclass
class Share:
    """One member's part of a task. `chosen`: he has still to choose the groups."""

    userid: str
    status: int = WAITING
    at: int = 0
    chosen: bool = True
    recipients: list[Recipient] = field(default_factory=list)


@dataclass
class Task:
    """`body` is text and attachments as they were given, `messages` what of them stands in a chat."""

    msgid: str
    number: int
    group: bool
    created: float
    body: dict[str, Any]
    messages: list[Message]
    shares: dict[str, Share] = field(default_factory=dict)
    cancelled: bool = False
    reminded: list[float] = field(default_factory=list)


class Tasks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, Task] = {}

    def load(self) -> None:
        self._tasks = {row["msgid"]: _task(row) for row in self._world.store.load("groupmsg")}

    def keep(self, task: Task) -> None:
        self._tasks[task.msgid] = task
        self._world.store.save("groupmsg", task.msgid, asdict(task))
        self._world.publish({"type": "groupmsg"})

    def all(self) -> list[Task]:
        return sorted(self._tasks.values(), key=lambda task: task.number)

    def find(self, msgid: str) -> Task | None:
        return self._tasks.get(msgid)

    def known(self, msgid: str) -> Task:
        """For the API; 41046 without a msgid, 41047 for one of nobody's."""
        if not msgid:
            raise ApiError(MISSING)
        if msgid not in self._tasks:
            raise ApiError(UNKNOWN)
        return self._tasks[msgid]

    def dispatched(self, msgid: str) -> Task:
        """A task that may be asked about: for its first seconds it is still being handed out (41063)."""
        task = self.known(msgid)
        if 0 <= self._world.now() - task.created < self._world.limits.groupmsg_dispatch_seconds:
            raise ApiError(DISPATCHING)
        return task


def _task(row: dict[str, Any]) -> Task:
    shares = {
        userid: Share(**{**share, "recipients": [Recipient(**one) for one in share["recipients"]]})
        for userid, share in row["shares"].items()
    }
    messages = [(kind, content) for kind, content in row["messages"]]
    return Task(**{**row, "shares": shares, "messages": messages})
