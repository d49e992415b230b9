"""The group robot (群机器人): a key is all it needs, 20 messages a minute is all it may."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from . import cardrules
from .content import ARTICLES, TEXT_BYTES, check_url, cut, markdown
from .counters import Blocker
from .errors import ApiError
from .media import MEGA, RULES, MediaShelf, sniff

if TYPE_CHECKING:
    from .api import Api, Call
    from .state import World

MARKDOWN_BYTES = 4096
PICTURE_BYTES = 2 * MEGA


class Robots:
    def __init__(self, world: World, api: Api, media: MediaShelf) -> None:
        self._world = world
        self._media = media
        self._minute = Blocker(60)
        api.add("webhook/send", self._send, token=False, counted=False)
        api.add("webhook/upload_media", self._upload, token=False, counted=False, form=True)

    def _group(self, call: Call) -> dict[str, Any]:
        key = call.query.get("key", "")
        group = next((item for item in self._world.groups if key and item["key"] == key), None)
        if group is None:
            raise ApiError(93000)
        call.note.update(group=group["id"])
        return group

    def _send(self, call: Call) -> dict[str, Any]:
        group = self._group(call)
        kind = call.text(call.body, "msgtype")
        call.note.update(msgtype=kind)
        checks = {
            "text": self._text,
            "markdown": lambda call, part, _: markdown(call, part, "markdown", MARKDOWN_BYTES),
            "markdown_v2": lambda call, part, _: markdown(call, part, "markdown_v2", MARKDOWN_BYTES),
            "image": self._image,
            "news": self._news,
            "file": self._file,
            "voice": self._voice,
            "template_card": self._card,
        }
        if kind not in checks:
            raise ApiError(40008)
        content = checks[kind](call, call.object(call.body, kind), group)
        # A refused message does not count; one too many closes the window for a minute.
        if not self._minute.admit(group["id"], self._world.now(), self._world.limits.robot_per_minute):
            raise ApiError(45009)
        self._world.add_entry(group["id"], "app", kind, content, "robot")
        return {}

    def _text(self, call: Call, part: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        content = call.text(part, "content")
        if not content:
            raise ApiError(93017)
        if len(content.encode()) > TEXT_BYTES:
            raise ApiError(40058, f"text.content exceed max length {TEXT_BYTES}. invalid Request Parameter")
        mentioned = part.get("mentioned_list") or []
        mobiles = part.get("mentioned_mobile_list") or []
        if not isinstance(mentioned, list) or not isinstance(mobiles, list):
            raise ApiError(40058, "text.mentioned_list: invalid Request Parameter")
        return {"content": content, "mentioned": [self._called(str(item)) for item in mentioned]}

    def _called(self, userid: str) -> str:
        member = self._world.member(userid)
        return "所有人" if userid == "@all" else member.name if member else userid

    def _image(self, call: Call, part: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        try:
            data = base64.b64decode(call.text(part, "base64"), validate=True)
        except (binascii.Error, ValueError):
            raise ApiError(40058, "image.base64: invalid Request Parameter") from None
        if len(data) > PICTURE_BYTES:
            raise ApiError(93018)
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != call.text(part, "md5"):
            raise ApiError(301019)
        if sniff(data) not in RULES["image"][2]:
            raise ApiError(40009)
        media = self._media.put(data, "image", "image.png", f"robot:{group['id']}")
        return {"media_id": media.media_id, "filename": media.filename, "size": media.size, "sha256": media.sha256}

    def _news(self, call: Call, part: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        rows = part.get("articles")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise ApiError(93017)
        if len(rows) > ARTICLES:
            raise ApiError(45008)
        articles = []
        for row in rows:
            title, url = call.text(row, "title"), call.text(row, "url")
            if not title or not url:
                raise ApiError(41016 if not title else 41010)
            articles.append(
                {
                    "title": cut(title, 128),
                    "description": cut(call.text(row, "description"), 512),
                    "url": check_url(url, "news.articles.url"),
                    "picurl": check_url(call.text(row, "picurl"), "news.articles.picurl"),
                }
            )
        return {"articles": articles}

    def _file(self, call: Call, part: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        return self._media.reference(call.text(part, "media_id"), "file", (f"robot:{group['id']}",))

    def _voice(self, call: Call, part: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        return self._media.reference(call.text(part, "media_id"), "voice", (f"robot:{group['id']}",))

    def _card(self, call: Call, part: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        cardrules.check(part, kinds=cardrules.NOTICES, interactive=False)
        if part["card_type"] == "news_notice" and not part.get("card_image"):
            raise ApiError(42044)
        return part

    def _upload(self, call: Call) -> dict[str, Any]:
        group = self._group(call)
        kind = call.query.get("type", "")
        if kind not in ("file", "voice"):
            raise ApiError(40005)
        media = self._media.accept(call, kind, f"robot:{group['id']}")
        return {"type": media.kind, "media_id": media.media_id, "created_at": str(int(media.created_at))}

    def forget(self) -> None:
        self._minute.clear()
