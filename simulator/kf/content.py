"""What may stand in a message to a customer, type by type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..content import TEXT_BYTES, check_url, cut
from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..media import MediaShelf

MEDIA = ("image", "voice", "video", "file")
HEAD, MOST_ITEMS, MOST_BUTTONS, MOST_BY_EVENT = 1024, 50, 10, 10
ITEM = re.compile(r"[A-Za-z0-9_]{1,128}")


class Contents:
    def __init__(self, media: MediaShelf) -> None:
        self._media = media

    def check(self, call: Call, kind: str, *, by_event: bool = False) -> dict[str, Any]:
        """The content as the chat shows it; ApiError as the platform refuses it."""
        part = call.object(call.body, kind)
        if kind == "text":
            content = call.text(part, "content")
            if not content:
                raise ApiError(44004)
            return {"content": cut(content, TEXT_BYTES)}
        if kind in MEDIA:
            return self._media.reference(call.text(part, "media_id"), kind)
        if kind == "link":
            return self._link(call, part)
        if kind == "msgmenu":
            return self._menu(call, part, MOST_BY_EVENT if by_event else MOST_ITEMS)
        if kind == "location":
            return {"label": call.text(part, "name"), "address": call.text(part, "address")}
        raise ApiError(40008)

    def _link(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        title, url = call.text(part, "title"), call.text(part, "url")
        if not title:
            raise ApiError(41016)
        if not url:
            raise ApiError(41010)
        picture = self._media.reference(call.text(part, "thumb_media_id"), "image")
        return {
            "title": cut(title, 128), "desc": cut(call.text(part, "desc"), 512), "url": check_url(url, "link.url"),
            "media_id": picture["media_id"],
        }  # fmt: skip

    def _menu(self, call: Call, part: dict[str, Any], most: int) -> dict[str, Any]:
        head, tail, rows = call.text(part, "head_content"), call.text(part, "tail_content"), part.get("list")
        if len(head.encode()) > HEAD or len(tail.encode()) > HEAD:
            raise ApiError(40058, "msgmenu.head_content exceed max length 1024. invalid Request Parameter")
        if not isinstance(rows, list) or len(rows) > most or not all(isinstance(row, dict) for row in rows):
            raise ApiError(95008)
        if sum(row.get("type") != "text" for row in rows) > MOST_BUTTONS:
            raise ApiError(95008)
        return {"head_content": head, "list": [self._item(call, row) for row in rows], "tail_content": tail}

    def _item(self, call: Call, row: dict[str, Any]) -> dict[str, Any]:
        kind = row.get("type")
        if kind not in ("click", "view", "miniprogram", "text"):
            raise ApiError(95009)
        part = call.object(row, kind)
        content = call.text(part, "content")
        if kind == "click":
            if not ITEM.fullmatch(call.text(part, "id")) or not 0 < len(content.encode()) <= 128:
                raise ApiError(40058, "msgmenu.list.click invalid Request Parameter")
        elif kind == "view":
            check_url(call.text(part, "url"), "msgmenu.list.view.url")
        if len(content.encode()) > (256 if kind == "text" else 1024):
            raise ApiError(40058, f"msgmenu.list.{kind}.content invalid Request Parameter")
        return {"type": kind, kind: dict(part)}
