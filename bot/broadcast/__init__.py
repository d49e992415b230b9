"""Mass messages (群发) at the platform: asking for tasks, finding out, looking at results."""

from __future__ import annotations

from bot.broadcast.client import BroadcastCalls
from bot.broadcast.worker import Broadcaster

__all__ = ["BroadcastCalls", "Broadcaster"]
