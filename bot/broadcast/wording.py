"""A task as the platform takes it, and how it is recognised among the platform's own."""

from __future__ import annotations

import json
from typing import Any

from domain import broadcast as rules


def request(audience: str, sender: str, content: dict[str, Any], media_id: str | None) -> dict[str, Any]:
    """The body without its receivers: first the words, then the picture, then the link."""
    attachments: list[dict[str, Any]] = []
    if media_id is not None:
        attachments.append({"msgtype": "image", "image": {"media_id": media_id}})
    if (link := content.get("link")) is not None:
        attachments.append({"msgtype": "link", "link": _link(link)})
    body: dict[str, Any] = {"chat_type": audience, "sender": sender}
    if content.get("text"):
        body["text"] = {"content": content["text"]}
    return body | ({"attachments": attachments} if attachments else {})


def with_receivers(body: dict[str, Any], receivers: list[str]) -> dict[str, Any]:
    name = "chat_id_list" if body["chat_type"] == "group" else "external_userid"
    return {**body, name: receivers}


def kept(body: dict[str, Any]) -> str:
    """As it is stored: it holds no receiver."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


def is_same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether a task of the platform's says what ours says. Ids of pictures are not compared: they may be others."""
    return _essence(ours) == _essence(theirs)


def _essence(body: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    text = str((body.get("text") or {}).get("content") or "")
    attached = [
        (str(item.get("msgtype")), str((item.get("link") or {}).get("url") or ""))
        for item in body.get("attachments") or ()
    ]
    return text, attached


def _link(link: dict[str, str]) -> dict[str, str]:
    cut = {"title": rules.TITLE_BYTES, "desc": rules.DESCRIPTION_BYTES}
    given = {name: link[name] for name in ("title", "url", "desc", "picurl") if link.get(name)}
    return {name: _cut(text, cut[name]) if name in cut else text for name, text in given.items()}


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
