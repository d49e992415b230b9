"""A 公众号 (认证服务号) on your desk: its API under `/official/cgi-bin/`, its callbacks, its followers' chats."""

from __future__ import annotations

from .account import Account

__all__ = ["Account"]
