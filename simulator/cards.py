"""Template cards: sent, clicked, and changed once by each response code.

A send gives one response code, every click another; each changes the card once within 72 hours. Until then the card
stays clickable. What is seen of a change stands in the entry: new `content`, and `card` with
    off       buttons are grey and dead
    replace   the words on them then
"""

from __future__ import annotations

import copy
import re
import secrets
from typing import TYPE_CHECKING, Any

from . import cardrules
from .errors import ApiError

if TYPE_CHECKING:
    from .api import Api, Call
    from .options import Member
    from .state import Entry, World

MOST_UPDATED_USERS = 1000


class Cards:
    def __init__(self, world: World, api: Api) -> None:
        self._world = world
        self._api = api
        self.load()
        api.add("message/update_template_card", self._update)

    def load(self) -> None:
        self._tasks: set[str] = set(self._world.store.load("task"))
        self._codes: dict[str, dict[str, Any]] = {row["code"]: row for row in self._world.store.load("code")}

    # sending

    def check_new(self, card: dict[str, Any]) -> dict[str, Any]:
        """A card that is to be sent; ApiError when it breaks a rule or its task_id was used before."""
        cardrules.check(card)
        if cardrules.needs_task(card):
            if not self._world.options.callback_url:
                raise ApiError(43012)
            if cardrules.check_task_id(card) in self._tasks:
                raise ApiError(42014, "task_id duplicate")
        return card

    def sent(self, card: dict[str, Any], msgid: str, entries: list[Entry], receivers: list[Member]) -> str | None:
        """Book a card that was sent; its response code if it is of a kind that can be changed."""
        for entry in entries:
            self._world.change_entry(entry, content=copy.deepcopy(card), card={"off": False, "replace": ""})
        if not cardrules.needs_task(card):
            return None
        self._tasks.add(card["task_id"])
        self._world.store.save("task", card["task_id"], card["task_id"])
        return self._new_code(msgid, [item.userid.lower() for item in receivers])

    def _new_code(self, msgid: str, userids: list[str]) -> str:
        row = {
            "code": secrets.token_urlsafe(32),
            "msgid": msgid,
            "userids": userids,
            "at": self._world.now(),
            "used": False,
        }
        self._keep(row)
        return str(row["code"])

    def _keep(self, row: dict[str, Any]) -> None:
        self._codes[row["code"]] = row
        self._world.store.save("code", row["code"], row)

    # clicking

    def click_code(self, entry: Entry) -> str:
        """A fresh code for one click on this card."""
        receivers = [item["chat"] for item in self._world.sent_as(entry["msgid"])]
        return self._new_code(entry["msgid"], receivers)

    # changing

    def _update(self, call: Call) -> dict[str, Any]:
        body = call.body
        self._api.check_agent(call, call.integer(body, "agentid"))
        code = self._code(call.text(body, "response_code"))
        button, card = body.get("button"), body.get("template_card")
        if (button is None) == (card is None):
            raise ApiError(40058, "button or template_card. invalid Request Parameter")
        if button is not None:
            self._check_button(call.object(body, "button"))
        else:
            cardrules.check(call.object(body, "template_card"))
        wanted, invalid = self._selected(call, code)
        for entry in self._world.sent_as(code["msgid"]):
            if entry["chat"] in wanted:
                self.change(entry, button=button, card=card)
        self._keep({**code, "used": True})
        call.note.update(to=sorted(wanted), msgtype="update_template_card")
        return {"invaliduser": invalid}

    def _check_button(self, button: dict[str, Any]) -> None:
        name = button.get("replace_name")
        if not isinstance(name, str) or not name:
            raise ApiError(42038, "replace_name missing")

    def _code(self, code: str) -> dict[str, Any]:
        row = self._codes.get(code)
        age = self._world.now() - row["at"] if row else 0
        if row is None or row["used"] or age >= self._world.limits.response_code_seconds:
            raise ApiError(60140)
        return row

    def _selected(self, call: Call, code: dict[str, Any]) -> tuple[set[str], list[str]]:
        """Which receivers change, and who was named without being one."""
        body, receivers = call.body, set(code["userids"])
        users = body.get("userids") or []
        parties = body.get("partyids") or []
        tags = body.get("tagids") or []
        if not all(isinstance(part, list) for part in (users, parties, tags)):
            raise ApiError(40035, "invalid Request Parameter")
        if len(users) > MOST_UPDATED_USERS:
            raise ApiError(40032)
        if call.integer(body, "atall"):
            return receivers, []
        if not (users or parties or tags):
            raise ApiError(40058, "userids, partyids, tagids or atall. invalid Request Parameter")
        names = {str(user).lower() for user in users}
        inside = {key for key, member in self._world.members.items() if set(member.departments) & set(parties)}
        return (names | inside) & receivers, sorted(names - receivers)

    def change(self, entry: Entry, *, button: dict[str, Any] | None, card: dict[str, Any] | None) -> None:
        """Show a card as changed: dead buttons with other words, or another card in its place."""
        if button is not None:
            self._world.change_entry(entry, card={"off": True, "replace": button["replace_name"]})
            return
        fresh = copy.deepcopy(card or {})
        fresh.setdefault("task_id", entry["content"].get("task_id", ""))
        words = str(fresh.get("replace_text") or "")
        self._world.change_entry(entry, content=fresh, card={"off": bool(words), "replace": words})


# Passive replies carry the same card as XML: PascalCase names, list items as repeated siblings.

LISTS = {
    "horizontal_content_list", "vertical_content_list", "jump_list", "button_list", "option_list", "select_list",
    "action_list",
}  # fmt: skip
NUMBERS = {"type", "desc_color", "style", "mode"}
BOOLEANS = {"disable", "is_checked"}
NAMES = {"KeyName": "keyname", "AppId": "appid", "PagePath": "pagepath", "Userid": "userid", "UserId": "userid",
         "CheckBox": "checkbox"}  # fmt: skip


def from_xml(node: dict[str, Any]) -> dict[str, Any]:
    """The JSON form of a `<TemplateCard>`; ValueError when a number is none."""
    return {name: _json_value(name, value) for name, value in ((_snake(key), item) for key, item in node.items())}


def _snake(name: str) -> str:
    return NAMES.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _json_value(name: str, value: Any) -> Any:
    if name in LISTS:
        rows = value if isinstance(value, list) else [value]
        return [from_xml(row) for row in rows if isinstance(row, dict)]
    if isinstance(value, dict):
        return from_xml(value)
    if isinstance(value, list):
        raise ValueError(f"{name} stands there more than once")
    if name in NUMBERS:
        return int(value)
    if name == "aspect_ratio":
        return float(value)
    if name in BOOLEANS:
        return str(value).lower() in ("1", "true")
    return value
