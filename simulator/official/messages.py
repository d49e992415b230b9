"""What the account sends: customer-service messages within their grants, template messages to followers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..counters import Window
from ..errors import ApiError
from ..options import DAY

if TYPE_CHECKING:
    from ..api import Api, Call
    from ..media import MediaShelf
    from ..state import World
    from .fans import Fans
    from .grants import Grants

TEXT_BYTES = 2048
OWNERS = ("official", "user")
REMEMBERED = 600  # seconds for a client_msg_id
# What a field of a template may hold, by the letters its name begins with.
FIELDS = {
    "thing": r".{1,20}",
    "character_string": r"[!-~ ]{1,32}",
    "number": r"[0-9.]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "name": r".{1,20}",
    "amount": r"[¥￥$]?[0-9]{1,10}(\.[0-9]{1,2})?元?",
    "phone_number": r"[0-9+\-]{1,17}",
    "time": r"(\d{4}[-年]\d{1,2}[-月]\d{1,2}日? )?\d{1,2}:\d{2}(:\d{2})?",
    "date": r"\d{4}[-年]\d{1,2}[-月]\d{1,2}日?( \d{1,2}:\d{2})?",
    "const": r".{1,20}",
}


class Messages:
    def __init__(self, world: World, api: Api, fans: Fans, grants: Grants, media: MediaShelf) -> None:
        self._world, self._fans, self._grants, self._media = world, fans, grants, media
        self.templates: dict[str, dict[str, Any]] = {}
        self.clear()
        api.add("message/custom/send", self._send)
        api.add("message/custom/typing", self._typing)
        api.add("message/template/send", self._send_template)

    def clear(self) -> None:
        self.templates.clear()
        self._day = Window(DAY)
        self._client_ids: dict[tuple[str, str], tuple[float, int]] = {}
        self._number = 2_005_000_000

    # customer service

    def _send(self, call: Call) -> dict[str, Any]:
        who = self._fans.by_openid(call.text(call.body, "touser"))
        kind = call.text(call.body, "msgtype")
        call.note.update(to=[who.id], msgtype=kind)
        content = self._content(call, kind)
        if not who.follows:
            raise ApiError(45015 if who.since else 43004)
        self._grants.take(who.id)
        self._world.add_entry(who.id, "app", kind, content, "send")
        return {}

    def _content(self, call: Call, kind: str) -> dict[str, Any]:
        part = call.object(call.body, kind)
        if kind == "text":
            text = call.text(part, "content")
            if not text.strip():
                raise ApiError(44004)
            if len(text.encode()) > TEXT_BYTES:
                raise ApiError(45002)
            return {"content": text}
        if kind == "image":
            return self._media.reference(call.text(part, "media_id"), "image", OWNERS)
        if kind == "msgmenu":
            rows = part.get("list")
            if not isinstance(rows, list) or not rows:
                raise ApiError(40058)
            return {
                "head_content": part.get("head_content", ""),
                "list": rows,
                "tail_content": part.get("tail_content", ""),
            }
        if kind == "news":
            articles = part.get("articles")
            if not isinstance(articles, list) or len(articles) != 1:
                raise ApiError(45008)
            return {"articles": articles}
        raise ApiError(40008)

    def _typing(self, call: Call) -> dict[str, Any]:
        self._fans.by_openid(call.text(call.body, "touser"))
        if call.text(call.body, "command") not in ("Typing", "CancelTyping"):
            raise ApiError(40058)
        return {}

    # template messages

    def put_template(self, template_id: str, title: str, fields: dict[str, str]) -> None:
        """A template of the account's category: its fields and what stands before each."""
        for name in fields:
            if _pattern(name) is None:
                raise ValueError(f"fields: {name!r} begins with none of {', '.join(FIELDS)}")
        self.templates[template_id] = {"title": title, "fields": fields}

    def _send_template(self, call: Call) -> dict[str, Any]:
        body, now = call.body, self._world.now()
        who = self._fans.by_openid(call.text(body, "touser"))
        template = self.templates.get(call.text(body, "template_id"))
        if template is None:
            raise ApiError(40037)
        call.note.update(to=[who.id], msgtype="template")
        if not who.follows:
            raise ApiError(43004)
        rows = self._rows(template, call.object(body, "data"))
        client_id = call.text(body, "client_msg_id")
        at, number = self._client_ids.get((who.id, client_id), (float("-inf"), 0))
        if client_id and at <= now < at + REMEMBERED:
            return {"errcode": 0, "errmsg": "ok", "msgid": number}
        if self._day.count("template", now) >= self._world.limits.official_templates_per_day:
            raise ApiError(45009)
        self._day.take("template", now)
        self._number += 1
        self._client_ids[(who.id, client_id)] = (now, self._number)
        content = {"title": template["title"], "rows": rows, "url": call.text(body, "url")}
        self._world.add_entry(who.id, "app", "template", content, "send", msgid=str(self._number))
        self._fans.event(who.id, "TEMPLATESENDJOBFINISH", {"MsgID": self._number, "Status": "success"})
        return {"errcode": 0, "errmsg": "ok", "msgid": self._number}

    def _rows(self, template: dict[str, Any], data: dict[str, Any]) -> list[list[str]]:
        rows = []
        for name, label in template["fields"].items():
            given = data.get(name)
            value = str(given.get("value", "")) if isinstance(given, dict) else ""
            if not re.fullmatch(_pattern(name) or "", value):
                raise ApiError(47003, f"argument invalid! data.{name}.value is invalid")
            rows.append([label, value])
        return rows


def _pattern(name: str) -> str | None:
    found = re.fullmatch(r"([a-z_]+?)\d+", name)
    return FIELDS.get(found[1]) if found else None
