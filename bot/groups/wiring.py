"""客户群 and 群发 put together, with the secret of 客户联系."""

from __future__ import annotations

from collections.abc import Callable

from bot.broadcast import BroadcastCalls, Broadcaster
from bot.broadcast.worker import House
from bot.groups.client import GroupCalls
from bot.groups.sync import GroupSync
from bot.outbox.pictures import Pictures
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire


def build(
    house: House, *, api_base: str, corp_id: str, secret: str, observe: Callable[[str, object], None]
) -> tuple[GroupSync, Broadcaster]:
    """`observe` is told of every call."""
    sessions, vault, clock = house.sessions, house.vault, house.clock
    wire = Wire(api_base, observe)
    tokens = TokenProvider(sessions, wire, corp_id, secret, seal=vault.seal, unseal=vault.open, clock=clock)
    calls = BroadcastCalls(wire, tokens)
    pictures = Pictures(sessions, calls, owner=f"contact:{corp_id}", clock=clock)
    return GroupSync(sessions, GroupCalls(wire, tokens), vault, clock), Broadcaster(house, calls, pictures)
