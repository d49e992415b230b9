"""The app's answer to a callback: nothing, `success`, or an encrypted envelope with a passive reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import cardrules, xml
from .cards import from_xml
from .content import TEXT_BYTES, cut
from .crypto import Crypto, CryptoError, Sealed
from .errors import ApiError

if TYPE_CHECKING:
    from .media import MediaShelf

MESSAGES = frozenset({"text", "image", "voice", "video", "news"})
UPDATES = frozenset({"update_button", "update_template_card"})
NOTHING: frozenset[str] = frozenset()
# Which passive replies an event may have; an event that is not here gets none.
BY_EVENT = {
    **dict.fromkeys(
        ("subscribe", "enter_agent", "LOCATION", "click", "view", "view_miniprogram", "scancode_waitmsg"), MESSAGES
    ),
    "template_card_menu_event": MESSAGES | UPDATES,
    "template_card_event": UPDATES,
}


class BadReply(Exception):
    """A 200 whose body is neither empty nor a passive reply: the person sees nothing. The text says why."""


@dataclass(frozen=True)
class Reply:
    """A passive reply that was understood: its msgtype and its content as a chat entry has it."""

    kind: str
    content: dict[str, Any]


class Replies:
    def __init__(self, crypto: Crypto, corp_id: str, media: MediaShelf) -> None:
        self._crypto = crypto
        self._corp_id = corp_id
        self._media = media
        self._contents: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "text": self._text,
            "image": lambda node: self._medium(node, "Image", "image"),
            "voice": lambda node: self._medium(node, "Voice", "voice"),
            "video": self._video,
            "news": self._news,
            "update_button": self._button,
            "update_template_card": self._card,
        }

    def read(self, body: bytes, userid: str, allowed: frozenset[str]) -> Reply | None:
        """The reply to `userid`, None for an empty one; BadReply says what is wrong with it."""
        text = body.strip()
        if text in (b"", b"success"):
            return None
        node = self._open(text)
        kind = str(node.get("MsgType", ""))
        if str(node.get("ToUserName", "")).lower() != userid.lower():
            raise BadReply("ToUserName is not the person who wrote")
        if node.get("FromUserName") != self._corp_id:
            raise BadReply("FromUserName is not the corp id")
        if not str(node.get("CreateTime", "")).isdigit():
            raise BadReply("CreateTime is not a number")
        if kind not in self._contents:
            raise BadReply(f"MsgType {kind!r} cannot be a passive reply")
        if kind not in allowed:
            raise BadReply(f"MsgType {kind!r} is not allowed as the answer to this callback")
        try:
            return Reply(kind, self._contents[kind](node))
        except ApiError as error:
            raise BadReply(f"{kind}: {error}") from None
        except ValueError as error:
            raise BadReply(f"{kind}: {error}") from None

    def _open(self, text: bytes) -> dict[str, Any]:
        try:
            envelope = xml.read(text)
            sealed = Sealed(
                encrypt=str(envelope["Encrypt"]),
                signature=str(envelope["MsgSignature"]),
                timestamp=str(envelope["TimeStamp"]),
                nonce=str(envelope["Nonce"]),
            )
            return xml.read(self._crypto.open(sealed))
        except xml.XmlError as error:
            raise BadReply(str(error)) from None
        except KeyError as error:
            raise BadReply(f"the envelope has no {error.args[0]}") from None
        except CryptoError as error:
            raise BadReply(f"the envelope does not open: {error}") from None

    def _text(self, node: dict[str, Any]) -> dict[str, Any]:
        content = str(node.get("Content", ""))
        if not content:
            raise ValueError("Content is empty")
        return {"content": cut(content, TEXT_BYTES)}

    def _medium(self, node: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
        part = node.get(name)
        return self._media.reference(str(part.get("MediaId", "")) if isinstance(part, dict) else "", kind)

    def _video(self, node: dict[str, Any]) -> dict[str, Any]:
        medium, part = self._medium(node, "Video", "video"), node["Video"]
        return {
            **medium,
            "title": cut(str(part.get("Title", "")), 128),
            "description": cut(str(part.get("Description", "")), 512),
        }

    def _news(self, node: dict[str, Any]) -> dict[str, Any]:
        articles = node.get("Articles")
        items = articles.get("item") if isinstance(articles, dict) else None
        rows = [row for row in (items if isinstance(items, list) else [items]) if isinstance(row, dict)]
        if not 1 <= len(rows) <= 8:
            raise ValueError("Articles must hold 1 to 8 items")
        if str(node.get("ArticleCount")) != str(len(rows)):
            raise ValueError("ArticleCount is not the number of items")
        sizes = {"title": 128, "description": 512, "picurl": 2048, "url": 2048}
        names = {"title": "Title", "description": "Description", "picurl": "PicUrl", "url": "Url"}
        return {
            "articles": [{key: cut(str(row.get(names[key], "")), size) for key, size in sizes.items()} for row in rows]
        }

    def _button(self, node: dict[str, Any]) -> dict[str, Any]:
        part = node.get("Button")
        name = part.get("ReplaceName", "") if isinstance(part, dict) else ""
        if not name:
            raise ValueError("Button has no ReplaceName")
        return {"replace_name": name}

    def _card(self, node: dict[str, Any]) -> dict[str, Any]:
        part = node.get("TemplateCard")
        if not isinstance(part, dict):
            raise ValueError("there is no TemplateCard")
        card = from_xml(part)
        cardrules.check(card)
        return card
