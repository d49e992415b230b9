"""What members do with the 智能机器人: write to it alone, or with @ in a group; what it is asked, and how often."""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..crypto import Crypto
from ..errors import ApiError
from ..people import Refused
from ..replies import NOTHING
from .courier import BotCourier
from .replies import MOST_BYTES, ON_ENTERING, ON_MESSAGES

if TYPE_CHECKING:
    from ..api import Api, Call
    from ..callbacks import Delivery
    from ..faults import Faults
    from ..media import MediaShelf
    from ..state import Entry, World

AT_ONCE = 3  # interactions in progress, for one member
RESPONSE_SECONDS = 3600.0


@dataclass
class Talk:
    """One question and what came of it."""

    userid: str
    chat: str  # where it stands: ai-USERID, or the group's id
    group: str | None
    since: float
    stream_id: str | None = None
    entry: int | None = None
    over: bool = False


class Bot:
    def __init__(self, world: World, api: Api, faults: Faults, media: MediaShelf) -> None:
        options = world.options.robot
        if options is None:
            raise ValueError("there is no 智能机器人 among the options")
        self.options, self.media, self._world = options, media, world
        self.courier = BotCourier(world, faults, Crypto(options.token, options.aes_key, ""), options)
        self.courier.bot = self
        self._numbers = itertools.count(1)
        api.add("aibot/response", self._respond, token=False, counted=False)
        self.clear()

    def clear(self) -> None:
        self._talks: dict[int, Talk] = {}  # by the number of the callback that asked first
        self._entered: dict[str, int] = {}
        self._responses: dict[str, tuple[Talk, float]] = {}

    @property
    def key(self) -> bytes:
        """Of the callbacks, and of the files in them."""
        return base64.b64decode(self.options.aes_key + "=")

    def describe(self) -> dict[str, Any]:
        """What the page shows; no key."""
        return {"name": self.options.name, "groups": [group["id"] for group in self._world.groups]}

    # what members do

    def say(self, userid: str, text: str, *, group: str = "", msgid: str = "") -> tuple[Entry, Delivery]:
        """A text; in a group the robot is named, or it does not hear it."""
        words = f"@{self.options.name} {text}" if group else text
        return self._message(userid, group, "text", {"content": words}, {"text": {"content": words}}, msgid)

    def speak(self, userid: str, words: str) -> tuple[Entry, Delivery]:
        """A voice, as the words that were recognised; only alone."""
        return self._message(userid, "", "voice", {"seconds": 4}, {"voice": {"content": words}})

    def show_picture(self, userid: str, data: bytes) -> tuple[Entry, Delivery]:
        """A picture; its address is good for five minutes and the bytes there are encrypted."""
        kept = self.media.put(data, "image", "photo.png", "user")
        content = {"media_id": kept.media_id, "filename": kept.filename, "size": kept.size, "sha256": kept.sha256}
        address = f"{self.options.media_base}/sim/aibot/media/{kept.media_id}"
        return self._message(userid, "", "image", content, {"image": {"url": address}})

    def enter(self, userid: str) -> Delivery | None:
        """Open the single chat: told once a day, also where nothing was answered."""
        who = self._member(userid)
        today = int((self._world.now() + 8 * 3600) // 86400)
        if self._entered.get(who) == today:
            return None
        self._entered[who] = today
        talk = Talk(who, f"ai-{who}", None, self._world.now())
        return self._event(talk, "enter_chat", {}, ON_ENTERING)

    def feedback(self, userid: str, kind: int) -> Delivery:
        who = self._member(userid)
        talk = Talk(who, f"ai-{who}", None, self._world.now())
        return self._event(talk, "feedback_event", {"id": "f1", "type": kind, "content": ""}, NOTHING)

    def _event(self, talk: Talk, name: str, fields: dict[str, Any], allowed: frozenset[str]) -> Delivery:
        event = {"eventtype": name, name: fields}
        plain = self._plain(talk, "event", {"event": event, "create_time": int(self._world.now())}, "")
        return self._send(talk, name, plain, allowed)

    def _message(
        self, userid: str, group: str, kind: str, content: dict[str, Any], fields: dict[str, Any], msgid: str = ""
    ) -> tuple[Entry, Delivery]:
        who = self._member(userid)
        if group and self._world.group_of(group) is None:
            raise Refused(f"group: there is no group {group!r}")
        with self._world.lock:
            if sum(talk.userid == who and not talk.over for talk in self._talks.values()) >= AT_ONCE:
                raise Refused(f"userid: {AT_ONCE} answers are still awaited; no more is taken")
            talk = Talk(who, group or f"ai-{who}", group or None, self._world.now())
            plain = self._plain(talk, kind, fields, msgid)
            plain["response_url"] = self._response_url(talk)
            entry = self._world.add_entry(talk.chat, "me", kind, content, "user", msg_id=plain["msgid"], by=self._name(who))
            delivery = self._send(talk, kind, plain, ON_MESSAGES, entry["id"])
        return entry, delivery

    def ask_again(self, talk: Talk) -> None:
        """Ask for the rest of an answer, a second after the last of it came."""
        plain = self._plain(talk, "stream", {"stream": {"id": talk.stream_id}}, "")
        delivery = self._make(talk, "stream", plain, ON_MESSAGES, None)
        self.courier.later(delivery, self._world.limits.stream_interval)

    def talk(self, delivery: Delivery) -> Talk:
        """What a callback is about; a copy of it is about the same."""
        return self._talks[delivery.repeats or delivery.id]

    # out

    def _send(
        self, talk: Talk, label: str, plain: dict[str, Any], allowed: frozenset[str], entry: int | None = None
    ) -> Delivery:
        delivery = self._make(talk, label, plain, allowed, entry)
        self.courier.later(delivery, 0.0)
        return delivery

    def _make(
        self, talk: Talk, label: str, plain: dict[str, Any], allowed: frozenset[str], entry: int | None
    ) -> Delivery:
        delivery = self.courier.make(label, talk.chat, plain, allowed=allowed, entry=entry)
        self._talks[delivery.id] = talk
        return delivery

    def _plain(self, talk: Talk, kind: str, fields: dict[str, Any], msgid: str) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "msgid": msgid or f"CAIQ{next(self._numbers):012d}{secrets.token_hex(4)}",
            "aibotid": self.options.bot_id,
            "chattype": "group" if talk.group else "single",
            "from": {"userid": self._shown(talk.userid)},
            "msgtype": kind,
            **fields,
        }
        return plain | ({"chatid": talk.group} if talk.group else {})

    def _shown(self, userid: str) -> str:
        """In the clear only where a super admin made the robot."""
        if not self._world.limits.robot_hides_userids:
            return userid
        return "wo" + hashlib.sha256(f"{self.options.bot_id}\0{userid}".encode()).hexdigest()[:30]

    def _member(self, userid: str) -> str:
        found = self._world.member(userid)
        if found is None:
            raise Refused(f"userid: nobody is called {userid!r}")
        return found.userid.lower()

    def _name(self, userid: str) -> str:
        found = self._world.member(userid)
        return found.name if found else userid

    # the second way to answer

    def _response_url(self, talk: Talk) -> str:
        code = secrets.token_urlsafe(24)
        self._responses[code] = (talk, self._world.now() + RESPONSE_SECONDS)
        return f"{self.options.media_base}/cgi-bin/aibot/response?response_code={code}"

    def _respond(self, call: Call) -> dict[str, Any]:
        """POST to a response_url: once, for an hour, without a token"""
        talk, until = self._responses.pop(call.query.get("response_code", ""), (None, 0.0))
        if talk is None or until < self._world.now():
            raise ApiError(93000)
        if call.text(call.body, "msgtype") != "markdown":
            raise ApiError(40008)
        words = call.text(call.object(call.body, "markdown"), "content")
        if len(words.encode()) > MOST_BYTES:
            raise ApiError(40058)
        talk.over = True
        self._world.add_entry(talk.chat, "app", "markdown", {"content": words, "to": talk.userid}, "response_url")
        return {}
