"""What the 智能机器人 answers with: a stream, whole at once or, where pictures are to be drawn, in two steps.

Units    at most 20,480 bytes of words; pictures in base64 with the MD5 of their bytes
Source   reference/wecom.md §7.2, §7.3
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.robot.inbound import Refresh
from domain.conversation import Inbound
from domain.text import split_text
from models import Sessions
from services import stream

log = logging.getLogger(__name__)

MOST_BYTES = 20480
Draw = Callable[[str, dict[str, Any]], bytes]
Answer = dict[str, Any]


class Streams:
    """draw     a picture from its kind and facts; called outside of transactions
    unpainted   what is said where a picture could not be drawn
    """

    def __init__(self, sessions: Sessions, draw: Draw, clock: Callable[[], datetime], unpainted: str) -> None:
        self._sessions, self._draw, self._clock, self._unpainted = sessions, draw, clock, unpainted

    def first(self, inbound: Inbound, words: str) -> Answer:
        """The answer to a message or to somebody's coming in; whether more follows is asked of the database."""
        if inbound.kind == "greet":
            return {"msgtype": "text", "text": {"content": _fitting(words)}}
        with self._sessions.reading() as session:
            more = stream.has_more(session, inbound.key)
        return _stream(inbound.key, words, finish=not more)

    def rest(self, asked: Refresh) -> Answer | None:
        """The whole answer; None where it is nobody's."""
        with self._sessions.reading() as session:
            found = stream.rest(session, "robot", asked.key, asked.sender)
        if found is None:
            return None
        words, pictures = found.words, []
        for kind, facts in found.pictures:
            try:
                pictures.append(self._draw(kind, facts))
            except Exception as fault:  # of whatever kind: the words are worth more than the picture
                log.warning("a picture was not drawn", extra={"event": "stream.undrawn", "why": type(fault).__name__})
                words = f"{found.words}\n{self._unpainted}"
        with self._sessions.writing() as session:
            stream.shown(session, asked.key, now=self._clock())
        return _stream(asked.key, words, finish=True, pictures=pictures)


def _stream(key: str, words: str, *, finish: bool, pictures: list[bytes] | None = None) -> Answer:
    body: Answer = {"id": key, "finish": finish, "content": _fitting(words)}
    if pictures:
        body["msg_item"] = [{"msgtype": "image", "image": _image(picture)} for picture in pictures]
    return {"msgtype": "stream", "stream": body}


def _image(picture: bytes) -> dict[str, str]:
    digest = hashlib.md5(picture, usedforsecurity=False).hexdigest()
    return {"base64": base64.b64encode(picture).decode(), "md5": digest}


def _fitting(words: str) -> str:
    return (split_text(words, MOST_BYTES) or [""])[0]
