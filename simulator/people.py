"""What people do in their clients: they write, open the app, tap its menu and its cards, come and go.

Each act leaves its trace in the chat and sends the callback that the platform sends for it. `Refused` means that the
client would not let him: he is outside the visible range, the card is dead, the key stands on no button.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from . import xml
from .replies import BY_EVENT, MESSAGES, NOTHING

if TYPE_CHECKING:
    from .callbacks import Courier, Delivery
    from .cards import Cards
    from .media import MediaShelf
    from .menu import Menu
    from .options import Member
    from .state import Entry, World

OPENED_AGAIN_SECONDS = 3600


class Refused(Exception):
    """The client does not offer this; the text says why."""


class People:
    def __init__(self, world: World, courier: Courier, menu: Menu, cards: Cards, media: MediaShelf) -> None:
        self._world = world
        self._courier = courier
        self._menu = menu
        self._cards = cards
        self._media = media
        self._numbers = itertools.count(int(time.time() * 1000) << 20)
        self._opened: dict[str, float] = {}

    # messages

    def say(self, userid: str, text: str, *, msg_id: int | None = None) -> tuple[Entry, Delivery]:
        """A text message; a given `msg_id` makes it a repeat in the eyes of the app."""
        if not text:
            raise Refused("text: there is nothing to send")
        return self._message(userid, "text", {"content": text}, {"Content": text}, msg_id)

    def show_picture(self, userid: str, data: bytes, filename: str, host: str) -> tuple[Entry, Delivery]:
        media = self._media.put(data, "image", filename, "user")
        content = {"media_id": media.media_id, "filename": filename, "size": media.size, "sha256": media.sha256}
        fields = {"PicUrl": f"{host}sim/media/{media.media_id}", "MediaId": media.media_id}
        return self._message(userid, "image", content, fields, None)

    def speak(self, userid: str, seconds: int) -> tuple[Entry, Delivery]:
        media = self._media.put(b"#!AMR\n" + bytes(seconds * 100), "voice", "voice.amr", "user")
        content = {"media_id": media.media_id, "seconds": seconds}
        return self._message(userid, "voice", content, {"MediaId": media.media_id, "Format": "amr"}, None)

    def locate(self, userid: str, latitude: float, longitude: float, label: str) -> tuple[Entry, Delivery]:
        fields = {
            "Location_X": latitude,
            "Location_Y": longitude,
            "Scale": 16,
            "Label": label,
            "AppType": "wxwork",
        }
        content = {"latitude": latitude, "longitude": longitude, "label": label}
        return self._message(userid, "location", content, fields, None)

    def other(self, userid: str, kind: str, fields: dict[str, Any]) -> tuple[Entry, Delivery]:
        """A message of any other type, known to the app or not."""
        return self._message(userid, kind, {"fields": fields}, fields, None)

    def _message(
        self, userid: str, kind: str, content: dict[str, Any], fields: dict[str, Any], msg_id: int | None
    ) -> tuple[Entry, Delivery]:
        member = self._inside(userid)
        number = msg_id if msg_id is not None else next(self._numbers)
        with self._world.lock:
            entry = self._world.add_entry(member.userid, "me", kind, content, "user", msg_id=str(number))
            plaintext = self._xml(member, kind, {**fields, "MsgId": number})
            delivery = self._courier.submit(kind, member.userid, plaintext, allowed=MESSAGES, entry=entry["id"])
            self._world.change_entry(entry, callback=delivery.id)
        return entry, delivery

    # events

    def enter(self, userid: str, *, once: bool = False) -> Delivery | None:
        """Open the app's conversation; `once` keeps a page that is only reloaded from repeating it."""
        member, now = self._inside(userid), self._world.now()
        last = self._opened.get(member.userid.lower(), float("-inf"))
        if once and last <= now < last + OPENED_AGAIN_SECONDS:
            return None
        self._opened[member.userid.lower()] = now
        return self.event(member.userid, "enter_agent", {"EventKey": ""})

    def subscribe(self, userid: str) -> Delivery:
        member = self._known(userid)
        self._world.set_visible(member, True)
        self._world.note(member.userid, f"{member.name} 加入了应用的可见范围")
        return self.event(member.userid, "subscribe", {"EventKey": ""})

    def unsubscribe(self, userid: str) -> Delivery:
        member = self._inside(userid)
        delivery = self.event(member.userid, "unsubscribe", {"EventKey": ""})
        self._world.note(member.userid, f"{member.name} 离开了应用的可见范围")
        self._world.set_visible(member, False)
        return delivery

    def click(self, userid: str, key: str) -> Delivery:
        """Tap a button of the menu: a key gives `click` (or what its type gives), an address `view`."""
        member = self._inside(userid)
        button = self._menu.find(key)
        if button is None:
            raise Refused(f"key: no button of the menu sends {key!r}")
        kind = button["type"]
        self._world.note(member.userid, f"点击菜单「{button['name']}」")
        return self.event(member.userid, kind, {"EventKey": button.get("key") or button.get("url") or ""})

    def press(self, userid: str, entry_id: int, key: str, chosen: dict[str, list[str]]) -> Delivery:
        """Tap a button (or an entry of the menu) of a card; every tap carries a response code of its own."""
        member = self._inside(userid)
        entry = self._world.entries.get(entry_id)
        if entry is None or entry["chat"] != member.userid.lower() or entry["type"] != "template_card":
            raise Refused("entry: there is no such card in this chat")
        card, kind = entry["content"], "template_card_event"
        if key in {row.get("key") for row in (card.get("action_menu") or {}).get("action_list", [])}:
            kind = "template_card_menu_event"
        elif entry["card"]["off"]:
            raise Refused("card: its buttons are dead")
        elif key not in _button_keys(card):
            raise Refused(f"key: no button of the card sends {key!r}")
        fields: dict[str, Any] = {
            "EventKey": key,
            "TaskId": card.get("task_id", ""),
            "CardType": card["card_type"],
            "ResponseCode": self._cards.click_code(entry),
        }
        if chosen:
            fields["SelectedItems"] = {"SelectedItem": self._selected(chosen)}
        self._world.publish({"type": "pressed", "entry": entry_id, "key": key})
        return self.event(member.userid, kind, fields, entry=entry_id)

    def _selected(self, chosen: dict[str, list[str]]) -> list[dict[str, Any]]:
        outer, inner = (
            ("OpitonIds", "OpitonId") if self._world.limits.misspelt_option_ids else ("OptionIds", "OptionId")
        )
        return [{"QuestionKey": key, outer: {inner: list(values)}} for key, values in chosen.items()]

    def event(
        self, userid: str, name: str, fields: dict[str, Any], *, sender: str | None = None,
        created_at: int | None = None, with_agent: bool = True, entry: int | None = None,
    ) -> Delivery:  # fmt: skip
        """Any event, also one that the app has never heard of; the seam for the later parts of the platform."""
        member = self._world.member(userid)
        source = sender or (member.userid if member else userid)
        plaintext = self._event_xml(source, name, fields, created_at, with_agent)
        allowed = BY_EVENT.get(name, NOTHING)
        return self._courier.submit(name, source, plaintext, allowed=allowed, with_agent=with_agent, entry=entry)

    # XML

    def _xml(self, member: Member, kind: str, fields: dict[str, Any]) -> str:
        return xml.element(
            "xml",
            {
                "ToUserName": self._world.options.corp_id,
                "FromUserName": member.userid,
                "CreateTime": int(self._world.now()),
                "MsgType": kind,
                **fields,
                "AgentID": self._world.options.agent_id,
            },
        )

    def _event_xml(
        self, sender: str, name: str, fields: dict[str, Any], created_at: int | None, with_agent: bool
    ) -> str:
        body: dict[str, Any] = {
            "ToUserName": self._world.options.corp_id,
            "FromUserName": sender,
            "CreateTime": created_at if created_at is not None else int(self._world.now()),
            "MsgType": "event",
            "Event": name,
            **fields,
        }
        if with_agent:
            body["AgentID"] = self._world.options.agent_id
        return xml.element("xml", body)

    def _known(self, userid: str) -> Member:
        member = self._world.member(userid)
        if member is None:
            raise Refused(f"userid: nobody is called {userid!r}")
        return member

    def _inside(self, userid: str) -> Member:
        member = self._known(userid)
        if not member.visible:
            raise Refused(f"userid: {member.name} is outside the app's visible range")
        return member

    def forget(self) -> None:
        self._opened.clear()


def _button_keys(card: dict[str, Any]) -> set[str]:
    keys = {row.get("key", "") for row in card.get("button_list", []) if row.get("type", 0) == 0}
    if card.get("submit_button"):
        keys.add(card["submit_button"].get("key", ""))
    return keys - {""}
