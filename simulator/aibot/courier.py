"""Callbacks of the 智能机器人: JSON in an envelope of JSON, and a stream that is asked for until it is whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..callbacks import Courier, Delivery
from .replies import BadReply, Streamed, read

if TYPE_CHECKING:
    from ..crypto import Crypto, Sealed
    from ..faults import Faults
    from ..options import RobotOptions
    from ..state import World
    from .bot import Bot

STREAM_SECONDS = 360.0  # after the member's message the platform asks no more


class BotCourier(Courier):
    FIRST_ID = 2_000_001  # so that one log can show all platforms' callbacks
    CONTENT_TYPE = "application/json"
    bot: Bot

    def __init__(self, world: World, faults: Faults, crypto: Crypto, options: RobotOptions) -> None:
        super().__init__(world, faults, crypto, None, None)  # type: ignore[arg-type]  # neither XML nor cards of the app
        self._options = options

    def _url(self) -> str:
        return self._options.callback_url

    def _envelope(self, sealed: Sealed, with_agent: bool) -> str:
        return json.dumps({"encrypt": sealed.encrypt})

    def _attempts(self) -> int:
        return 1  # the documents promise no repeat; `again` delivers one twice

    def _answered(self, delivery: Delivery, body: bytes) -> None:
        nonce = delivery.attempts[-1]["nonce"]
        try:
            reply = read(self._crypto, body, nonce, delivery.allowed)
            if reply is not None:
                self._put(delivery, reply)
        except BadReply as fault:
            delivery.problem = str(fault)
        self._finish(delivery, "answered")

    def _put(self, delivery: Delivery, reply: Streamed) -> None:
        """Show what has come by now; each time all of it. Unfinished, it is asked for again."""
        delivery.reply = {"msgtype": reply.kind, **reply.content}
        if delivery.repeats is not None:
            return  # what a copy is answered shows nowhere
        talk = self.bot.talk(delivery)
        if reply.stream_id is None:
            shown = self._world.add_entry(talk.chat, "app", "text", reply.content, "passive", callback=delivery.id)
            delivery.reply_entry = shown["id"]
            return
        if talk.stream_id not in (None, reply.stream_id):
            raise BadReply("stream.id: it is another than that of the first answer")
        if talk.over:
            raise BadReply("stream: it is finished already")
        talk.stream_id = reply.stream_id
        content = {"content": reply.content["content"], "finish": reply.finish, "to": talk.userid}
        entry = self._world.entries.get(talk.entry or 0)
        if entry is None:
            entry = self._world.add_entry(talk.chat, "app", "stream", content, "passive", callback=delivery.id)
            talk.entry = entry["id"]
        else:
            self._world.change_entry(entry, content=content)
        delivery.reply_entry = entry["id"]
        for picture in reply.pictures:
            media = self.bot.media.put(picture, "image", "poster.jpg", "aibot")
            shown = {"media_id": media.media_id, "filename": media.filename, "size": media.size}
            self._world.add_entry(talk.chat, "app", "image", {**shown, "sha256": media.sha256}, "passive")
        if reply.finish:
            talk.over = True
        elif self._world.now() - talk.since < STREAM_SECONDS:
            self.bot.ask_again(talk)

    def later(self, delivery: Delivery, seconds: float) -> None:
        """Send a callback some real seconds from now."""
        with self._world.changed:
            self._queue(delivery, seconds)

    def make(self, label: str, userid: str, plain: dict[str, Any], **more: Any) -> Delivery:
        """A callback that is not on its way yet."""
        with self._world.changed:
            return self._new(label, userid, json.dumps(plain, ensure_ascii=False).encode(), **more)
