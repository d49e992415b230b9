"""All parts of 客户群, wired together on top of 客户联系."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .acts import Acts
from .reading import Reading
from .rooms import Rooms
from .ways import JoinWays

if TYPE_CHECKING:
    from ..contact.desk import Contact
    from ..people import People
    from ..state import World


class CustomerGroups:
    def __init__(self, world: World, people: People, contact: Contact) -> None:
        self.rooms = Rooms(world)
        self.ways = JoinWays(world, self.rooms, contact.quota)
        self.acts = Acts(world, people, contact, self.rooms, self.ways)
        self.load()
        reading = Reading(world, contact, self.rooms)
        for name, function in (
            ("list", reading.list),
            ("get", reading.get),
            ("add_join_way", self.ways.add),
            ("get_join_way", self.ways.get),
            ("update_join_way", self.ways.update),
            ("del_join_way", self.ways.delete),
        ):
            contact.add(f"externalcontact/groupchat/{name}", function)

    def load(self) -> None:
        self.rooms.load()
        self.ways.load()

    def describe(self) -> dict[str, Any]:
        """What the page shows."""
        codes = [
            {"id": way.config_id, "key": way.key, "remark": way.remark, "state": way.state, "chats": way.chat_id_list}
            for way in self.ways.all()
        ]
        return {"rooms": self.rooms.described(), "codes": codes}
