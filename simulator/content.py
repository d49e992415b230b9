"""What may stand in a message, type by type: checked, cut to length and given back as the chat shows it.

"bytes" are UTF-8 bytes and are cut without splitting a character; "chars" are characters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import ApiError

if TYPE_CHECKING:
    from .api import Call
    from .media import MediaShelf

TEXT_BYTES = 2048
URL_BYTES = 2048
ARTICLES = 8


def cut(text: str, size: int) -> str:
    """The longest beginning of at most `size` UTF-8 bytes."""
    return text.encode()[:size].decode(errors="ignore")


def check_url(url: str, name: str, *, size: int = URL_BYTES) -> str:
    if len(url.encode()) > size:
        raise ApiError(40058, f"{name} exceed max length {size}. invalid Request Parameter")
    if url and not urlsplit(url).scheme:
        raise ApiError(45034)
    return url


class Contents:
    """Checks the content of message/send; every method is named for its msgtype."""

    def __init__(self, media: MediaShelf) -> None:
        self._media = media
        self._checks: dict[str, Callable[[Call, dict[str, Any]], dict[str, Any]]] = {
            "text": self._text,
            "image": self._image,
            "voice": self._voice,
            "video": self._video,
            "file": self._file,
            "textcard": self._textcard,
            "news": self._news,
            "mpnews": self._mpnews,
            "markdown": self._markdown,
        }

    def check(self, call: Call, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """The content of a message of that type; ApiError as the platform refuses it."""
        if kind == "miniprogram_notice":
            raise ApiError(48002)  # only mini programs may send it, and this app is none
        if kind not in self._checks:
            raise ApiError(40008)
        return self._checks[kind](call, call.object(body, kind))

    def _text(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        content = call.text(part, "content")
        if not content:
            raise ApiError(44004)
        return {"content": cut(content, TEXT_BYTES)}

    def _image(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return self._media.reference(call.text(part, "media_id"), "image")

    def _voice(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return self._media.reference(call.text(part, "media_id"), "voice")

    def _file(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return self._media.reference(call.text(part, "media_id"), None)

    def _video(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return {
            **self._media.reference(call.text(part, "media_id"), "video"),
            "title": cut(call.text(part, "title"), 128),
            "description": cut(call.text(part, "description"), 512),
        }

    def _textcard(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        title, description = call.text(part, "title"), call.text(part, "description")
        url = call.text(part, "url")
        for value, code in ((title, 41016), (description, 41033), (url, 41010)):
            if not value:
                raise ApiError(code)
        return {
            "title": title[:128],
            "description": description[:512],
            "url": check_url(url, "textcard.url"),
            "btntxt": call.text(part, "btntxt")[:4] or "详情",
        }

    def _news(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return {"articles": [self._article(call, row) for row in articles_of(part)]}

    def _article(self, call: Call, row: dict[str, Any]) -> dict[str, Any]:
        title, url = call.text(row, "title"), call.text(row, "url")
        appid, page = call.text(row, "appid"), call.text(row, "pagepath")
        if not title:
            raise ApiError(41016)
        if not url and not (appid and page):
            raise ApiError(41010)
        return {
            "title": cut(title, 128),
            "description": cut(call.text(row, "description"), 512),
            "url": check_url(url, "news.articles.url"),
            "picurl": check_url(call.text(row, "picurl"), "news.articles.picurl"),
        }

    def _mpnews(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return {"articles": [self._mp_article(call, row) for row in articles_of(part)]}

    def _mp_article(self, call: Call, row: dict[str, Any]) -> dict[str, Any]:
        title, content = call.text(row, "title"), call.text(row, "content")
        if not title:
            raise ApiError(41016)
        if not content:
            raise ApiError(44004)
        if len(content.encode()) > 666 * 1024:
            raise ApiError(45002, "content size out of limit")
        picture = self._media.reference(call.text(row, "thumb_media_id"), "image")
        return {
            "title": cut(title, 128),
            "author": cut(call.text(row, "author"), 64),
            "digest": cut(call.text(row, "digest"), 512),
            "content": content,
            "url": check_url(call.text(row, "content_source_url"), "mpnews.articles.content_source_url"),
            "media_id": picture["media_id"],
        }

    def _markdown(self, call: Call, part: dict[str, Any]) -> dict[str, Any]:
        return markdown(call, part, "markdown", TEXT_BYTES)


def markdown(call: Call, part: dict[str, Any], name: str, size: int) -> dict[str, Any]:
    content = call.text(part, "content")
    if not content:
        raise ApiError(44004)
    if len(content.encode()) > size:
        raise ApiError(40058, f"{name}.content exceed max length {size}. invalid Request Parameter")
    return {"content": content}


def articles_of(part: dict[str, Any]) -> list[dict[str, Any]]:
    rows = part.get("articles")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ApiError(40058, "missing field: articles. invalid Request Parameter")
    if len(rows) > ARTICLES:
        raise ApiError(45008)
    return rows
