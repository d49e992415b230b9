"""Callbacks of the 公众号: the same bytes each time, three times altogether, and a banner where nothing came of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .. import xml
from ..callbacks import Courier, Delivery

if TYPE_CHECKING:
    from ..crypto import Crypto, Sealed
    from ..faults import Faults
    from ..options import OfficialOptions
    from ..replies import Replies
    from ..state import World
    from .fans import Fans

BANNER = "该公众号提供的服务出现故障，请稍后再试"


class OfficialCourier(Courier):
    FIRST_ID = 1_000_001  # so that one log can show both platforms' callbacks
    fans: Fans

    def __init__(
        self, world: World, faults: Faults, crypto: Crypto, replies: Replies, options: OfficialOptions
    ) -> None:
        super().__init__(world, faults, crypto, replies, None)  # type: ignore[arg-type]  # there are no cards
        self._options = options

    def _url(self) -> str:
        return self._options.callback_url

    def _seal(self, delivery: Delivery) -> Sealed:
        if delivery.sealed is None:
            delivery.sealed = self._crypto.seal(delivery.plaintext, self._world.now())
        return delivery.sealed

    def _query(self, delivery: Delivery, sealed: Sealed) -> dict[str, str]:
        parts = sorted((self._options.token, sealed.timestamp, sealed.nonce))
        signature = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
        return {"signature": signature, "openid": self._person(delivery), "encrypt_type": "aes"}

    def _attempts(self) -> int:
        return self._world.limits.official_deliveries

    def _person(self, delivery: Delivery) -> str:
        return self.fans.openid(delivery.userid)

    def _envelope(self, sealed: Sealed, with_agent: bool) -> str:
        return xml.element("xml", {"ToUserName": self._options.original_id, "Encrypt": sealed.encrypt})

    def _finish(self, delivery: Delivery, state: str) -> None:
        super()._finish(delivery, state)
        if state == "failed" or delivery.problem:
            self._world.note(delivery.userid, BANNER)
