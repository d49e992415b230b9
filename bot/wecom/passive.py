"""The passive reply: what a callback is answered with.

Source   reference/wecom.md §3.1
"""

from __future__ import annotations

import secrets
from datetime import datetime

from bot.wecom.crypto import Envelope
from bot.wecom.xml import cdata


def text_reply(to: str, corp_id: str, content: str, now: datetime) -> str:
    """The XML of a text reply, before it is sealed. `content` has at most 2,048 bytes of UTF-8 (domain.text)."""
    return (
        f"<xml><ToUserName>{cdata(to)}</ToUserName><FromUserName>{cdata(corp_id)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{cdata(content)}</Content></xml>"
    )


def sealed_text(envelope: Envelope, to: str, corp_id: str, content: str, now: datetime) -> str:
    """The whole body of the answer: a text reply in its envelope, under a nonce of our own."""
    reply = text_reply(to, corp_id, content, now)
    return envelope.seal(reply, secrets.token_hex(8), int(now.timestamp()))
