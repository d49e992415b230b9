"""Ids of people in WeChat, the same after every restart."""

from __future__ import annotations

import base64
import hashlib


def wechat_id(account: str, person: str, begin: str, length: int = 28) -> str:
    """What `account` calls this person."""
    digest = hashlib.sha256(f"{account}\0{person}".encode()).digest()
    return begin + base64.urlsafe_b64encode(digest).decode()[: length - len(begin)]


def unionid(person: str) -> str:
    """What every account of the same owner calls this person."""
    return wechat_id("open-platform", person, "oU")


def external_userid(corp_id: str, person: str, begin: str = "wm") -> str:
    """What an enterprise calls a customer, in 客户联系 and 微信客服 alike; `wo`: a member of another enterprise."""
    return wechat_id(corp_id, person, begin, 32)
