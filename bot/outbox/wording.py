"""A row's body → the bytes that WeCom is sent. Made once per row and kept: a repeat must be identical.

Source   reference/wecom.md §4.2–4.4, §6
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from bot.wecom.client import encode

LARGEST_ROBOT_IMAGE = 2 << 20
MOST_ROWS, MOST_BUTTONS = 6, 6
MOST_RECEIVERS = 1000
# The duplicate check compares whole requests, so two equal texts that are both meant must differ in a byte: in the
# check's own interval, which nobody sees. A lane sends at most 950 an hour, 3,800 in the longest interval: no two that
# the check still remembers have the same one, and the shortest is 9,401 s, beyond any usual outage.
LONGEST_INTERVAL, INTERVALS = 14400, 5000

_TASK = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
# JSON can write them only as \u forms, which WeCom refuses (40033).
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000)))


class Unsayable(ValueError):
    """The row's body cannot become a request: a mistake of whoever wrote it."""


def message(
    kind: str, body: dict[str, Any], userid: str, agent_id: int, number: int, home: str, media_id: str
) -> bytes:
    """The body of message/send for one member.

    kind   text {"content"} · card {"task", "title", "rows", "buttons", "url"?} · poster (`media_id` is what to show)
    home   where a card without buttons leads that names no `url`
    """
    if not _is_userid(userid):
        raise Unsayable("no single receiver")
    try:
        if kind == "text":
            content: dict[str, Any] = {"msgtype": "text", "text": {"content": clean(body["content"])}}
        elif kind == "poster":
            content = {"msgtype": "image", "image": {"media_id": media_id}}
        else:
            content = {"msgtype": "template_card", "template_card": _card(body, home)}
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Unsayable(f"{kind}: {type(fault).__name__} {fault}") from fault
    return _sent_once({"touser": userid, "agentid": agent_id, **content}, number)


def to_many(body: dict[str, Any], agent_id: int, number: int) -> bytes:
    """The body of message/send of one text to up to a thousand members: {"content", "to": userids}."""
    try:
        userids, content = list(body["to"]), clean(body["content"])
    except (KeyError, TypeError, AttributeError) as fault:
        raise Unsayable(f"announcement: {type(fault).__name__} {fault}") from fault
    if not 0 < len(userids) <= MOST_RECEIVERS or any(not _is_userid(userid) for userid in userids):
        raise Unsayable(f"a message goes to 1 to {MOST_RECEIVERS:,} members")
    receivers = {"touser": "|".join(userids), "agentid": agent_id}
    return _sent_once({**receivers, "msgtype": "text", "text": {"content": content}}, number)


def _is_userid(userid: str) -> bool:
    return bool(userid) and "|" not in userid and not userid.startswith("@")


def _sent_once(body: dict[str, Any], number: int) -> bytes:
    check = {"enable_duplicate_check": 1, "duplicate_check_interval": LONGEST_INTERVAL - number % INTERVALS}
    return encode({**body, **check})


def card_update(body: dict[str, Any], agent_id: int) -> dict[str, Any]:
    """The body of message/update_template_card: the buttons become one grey one."""
    try:
        button = {"replace_name": clean(body["replace_name"])}
        return {
            "userids": list(body["userids"]),
            "agentid": agent_id,
            "response_code": body["response_code"],
            "button": button,
        }
    except (KeyError, TypeError, AttributeError) as fault:
        raise Unsayable(f"card_update: {type(fault).__name__} {fault}") from fault


def robot_text(body: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"msgtype": "text", "text": {"content": clean(body["content"])}}
    except (KeyError, TypeError, AttributeError) as fault:
        raise Unsayable(f"robot_text: {type(fault).__name__} {fault}") from fault


def robot_image(picture: bytes) -> dict[str, Any]:
    if len(picture) > LARGEST_ROBOT_IMAGE:
        raise Unsayable(f"a robot's picture has at most 2 MB: {len(picture)} bytes")
    digest = hashlib.md5(picture, usedforsecurity=False).hexdigest()
    return {"msgtype": "image", "image": {"base64": base64.b64encode(picture).decode(), "md5": digest}}


def picture_type(picture: bytes) -> tuple[str, str]:
    """File name and media type of what `draw` gave."""
    if picture.startswith(b"\xff\xd8\xff"):
        return "poster.jpg", "image/jpeg"
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "poster.png", "image/png"
    raise Unsayable("a picture is JPEG or PNG")


def _card(body: dict[str, Any], home: str) -> dict[str, Any]:
    """button_interaction with buttons, else text_notice. Rows beyond six stand below as text: the list is full."""
    rows = [(clean(label), clean(value)) for label, value in body.get("rows") or ()]
    buttons = body.get("buttons") or []
    card: dict[str, Any] = {
        "card_type": "button_interaction" if buttons else "text_notice",
        "main_title": {"title": clean(body["title"])},
    }
    if rows:
        card["horizontal_content_list"] = [{"keyname": label, "value": value} for label, value in rows[:MOST_ROWS]]
    if rows[MOST_ROWS:]:
        card["sub_title_text"] = "\n".join(f"{label} {value}" for label, value in rows[MOST_ROWS:])
    if not buttons:
        return card | {"card_action": {"type": 1, "url": body.get("url") or home}}
    if not _TASK.fullmatch(body["task"]):
        raise Unsayable(f"a task is 1 to 128 of 0-9 A-Z a-z _ - @: {body['task']!r}")
    keys = [button["key"] for button in buttons]
    if (
        len(buttons) > MOST_BUTTONS
        or len(set(keys)) < len(keys)
        or any(not 0 < len(key.encode()) <= 1024 for key in keys)
    ):
        raise Unsayable("a card has at most six buttons, each with a key of its own of at most 1,024 bytes")
    card["task_id"] = body["task"]
    card["button_list"] = [
        {"text": clean(button["text"]), "style": int(button.get("style", 1)), "key": button["key"]}
        for button in buttons
    ]
    return card


def clean(text: str) -> str:
    return text.translate(_CONTROLS)


def media_id_of(request: bytes) -> str | None:
    """The picture in a frozen request."""
    found = json.loads(request)
    image = found.get("body", found).get("image")
    return str(image["media_id"]) if image else None
