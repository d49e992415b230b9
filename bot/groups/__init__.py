"""Customer groups (客户群) at the platform: what it tells of them, and the codes by which customers join."""

from __future__ import annotations

from bot.groups.client import GroupCalls
from bot.groups.sync import GroupSync

__all__ = ["GroupCalls", "GroupSync"]
