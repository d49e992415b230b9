"""All parts of the simulated service account, wired together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .door import Door
from .guests import Guests
from .links import Links
from .log import Log
from .messages import Messages
from .servicers import Servicers
from .sessions import Sessions

if TYPE_CHECKING:
    from ..api import Api, Call
    from ..callbacks import Courier
    from ..media import MediaShelf
    from ..state import World
    from ..tokens import Tokens

AGENT = 3010046  # what the token of its secret acts as; nobody sends app messages by it


class Service:
    def __init__(self, world: World, api: Api, tokens: Tokens, courier: Courier, media: MediaShelf) -> None:
        options = world.options.kf
        if options is None:
            raise ValueError("there is no 微信客服 among the options")
        self.world, self.options = world, options
        tokens.secrets.setdefault(options.secret, AGENT)
        door = Door(api, tokens.secrets[options.secret])
        self.sessions = Sessions(world)
        self.links = Links(door, options.account)
        self.log = Log(world, door, courier, options.account)
        self.guests = Guests(world, door, options, self.log, self.sessions, self.links, media)
        self.servicers = Servicers(world, door, options, self.log, self.sessions, self.guests)
        self.messages = Messages(world, door, self.sessions, self.log, self.guests, media, options.account)
        door.add("kf/account/list", self._accounts)

    def _accounts(self, call: Call) -> dict[str, Any]:
        row = {"open_kfid": self.options.account, "name": self.options.name, "avatar": "", "manage_privilege": True}
        return {"account_list": [row] if call.integer(call.body, "offset") == 0 else []}

    def describe(self) -> dict[str, Any]:
        """What the page shows; no secret."""
        servicers = [{"userid": userid, "status": status} for userid, status in self.servicers.status.items()]
        return {"name": self.options.name, "guests": self.guests.describe(), "servicers": servicers}

    def forget(self) -> None:
        for part in (self.sessions, self.log, self.guests, self.servicers, self.messages):
            part.clear()
