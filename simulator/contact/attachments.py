"""What a welcome message or a 群发 may hold: checked as the platform checks it, given as chat entries have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..media import MediaShelf

MOST, TEXT_BYTES = 9, 4000
TITLE_BYTES, DESCRIPTION_BYTES, APPLET_TITLE_BYTES = 128, 512, 64
Message = tuple[str, dict[str, Any]]


class Attachments:
    def __init__(self, media: MediaShelf) -> None:
        self._media = media

    def read(self, call: Call) -> list[Message]:
        """(type, content) of the text and of each attachment, each a message of its own; ApiError for what is wrong."""
        found: list[Message] = []
        if "text" in call.body:
            text = call.text(call.object(call.body, "text"), "content")
            if len(text.encode()) > TEXT_BYTES:
                raise ApiError(40058, f"text.content exceed max length {TEXT_BYTES}. invalid Request Parameter")
            if text:
                found.append(("text", {"content": text}))
        given = call.body.get("attachments") or []
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise ApiError(40058, "attachments: a list of objects. invalid Request Parameter")
        if len(given) > MOST:
            raise ApiError(41064)
        found += [self._one(call, item) for item in given]
        if not found:
            raise ApiError(41088)
        return found

    def _one(self, call: Call, item: dict[str, Any]) -> Message:
        kind = call.text(item, "msgtype")
        readers = {"image": self._image, "link": self._link, "miniprogram": self._applet}
        if kind in ("video", "file"):
            return kind, self._media.reference(call.text(call.object(item, kind), "media_id"), kind)
        if kind not in readers:
            raise ApiError(41065)
        return readers[kind](call, call.object(item, kind))

    def _image(self, call: Call, part: dict[str, Any]) -> Message:
        """By media_id, or else by an address that uploadimg gave."""
        if media_id := call.text(part, "media_id"):
            return "image", self._media.reference(media_id, "image")
        kept = self._media.find(call.text(part, "pic_url").rpartition("/sim/media/")[2])
        if kept is None or kept[0].owner != "uploadimg":
            _refuse("pic_url")
        media = kept[0]
        told = {"media_id": media.media_id, "filename": media.filename, "size": media.size, "sha256": media.sha256}
        return "image", told

    def _link(self, call: Call, part: dict[str, Any]) -> Message:
        title, url = call.text(part, "title"), call.text(part, "url")
        if not title:
            raise ApiError(41016)
        if not url:
            raise ApiError(41010)
        if not url.startswith(("http://", "https://")):
            raise ApiError(45034)
        for name, longest in (("title", TITLE_BYTES), ("desc", DESCRIPTION_BYTES)):
            if len(call.text(part, name).encode()) > longest:
                _refuse(f"link.{name}")
        return "link", {
            "title": title, "description": call.text(part, "desc"), "url": url, "picurl": call.text(part, "picurl"),
        }  # fmt: skip

    def _applet(self, call: Call, part: dict[str, Any]) -> Message:
        if len(call.text(part, "title").encode()) > APPLET_TITLE_BYTES:
            _refuse("miniprogram.title")
        if not call.text(part, "appid").startswith("wx"):
            raise ApiError(90207)
        picture = self._media.reference(call.text(part, "pic_media_id"), "image")
        return "miniprogram", {**picture, "title": part.get("title", ""), "page": call.text(part, "page")}


def _refuse(name: str) -> NoReturn:
    raise ApiError(40058, f"{name}: invalid Request Parameter")
