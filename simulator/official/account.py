"""All parts of the simulated 公众号, wired together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..crypto import Crypto
from ..replies import Replies
from .api import OfficialApi
from .codes import Codes
from .courier import OfficialCourier
from .fans import Fans
from .grants import Grants
from .menu import OfficialMenu
from .messages import Messages
from .tokens import StableTokens

if TYPE_CHECKING:
    from ..faults import Faults
    from ..media import MediaShelf
    from ..state import World

OWNER = "official"


class Account:
    def __init__(self, world: World, faults: Faults, media: MediaShelf) -> None:
        options = world.options.official
        if options is None:
            raise ValueError("there is no 公众号 among the options")
        self.world, self.options = world, options
        self.tokens = StableTokens(world, options)
        self.api = OfficialApi(world, faults, self.tokens)
        self.api.add("stable_token", self.tokens.stable, token=False)
        self.api.add("token", self.tokens.legacy, method="GET", token=False)
        crypto = Crypto(options.token, options.aes_key, options.app_id)
        self.grants = Grants(world)
        self.menu = OfficialMenu(world, self.api)
        self.codes = Codes(world, self.api)
        replies = Replies(crypto, options.original_id, media)
        self.courier = OfficialCourier(world, faults, crypto, replies, options)
        self.fans = Fans(world, self.courier, self.menu, self.codes, self.grants, media)
        self.courier.fans = self.fans
        self.messages = Messages(world, self.api, self.fans, self.grants, media)
        self.api.add("media/upload", lambda call: self._upload(media, call), form=True)
        self.api.add("user/info", self.fans.info, method="GET")

    def _upload(self, media: MediaShelf, call: Any) -> dict[str, Any]:
        kept = media.accept(call, call.query.get("type", ""), OWNER)
        return {"type": kept.kind, "media_id": kept.media_id, "created_at": int(kept.created_at)}

    def describe(self) -> dict[str, Any]:
        """What the page shows; no key and no secret."""
        return {"name": self.options.name, "fans": self.fans.describe(), "menu": self.menu.buttons}

    def forget(self) -> None:
        for part in (self.tokens, self.api, self.grants, self.codes, self.fans, self.messages):
            part.clear()
        self.menu.load()
