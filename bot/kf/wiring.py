"""The channel 微信客服 put together, from the values of the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.kf import errors
from bot.kf.client import LARGEST_PAGE, KfClient
from bot.kf.puller import Puller
from bot.naming import Person
from bot.outbox.kf import KfChats
from bot.outbox.pauses import Stopped
from bot.wecom.token import TokenProvider, machine_time
from bot.wecom.wire import Observe, Wire
from bot.worker import Assistant
from domain.conversation import Reply
from models.base import Sessions
from services import distributor, person
from services.message import Catalogue
from services.vault import Vault

Clock = Callable[[], datetime]
KIND = "external_userid"


def client(
    sessions: Sessions,
    vault: Vault,
    clock: Clock,
    *,
    api_base: str,
    corp_id: str,
    account: str,
    secret: str,
    observe: Observe | None = None,
) -> KfClient:
    wire = Wire(api_base, observe, kinds=errors.KINDS, largest=LARGEST_PAGE)
    tokens = TokenProvider(sessions, wire, corp_id, secret, seal=vault.seal, unseal=vault.open, clock=clock)
    return KfClient(wire, tokens, account)


def chats(made: KfClient, vault: Vault, clock: Clock, catalogue: Catalogue) -> KfChats:
    return KfChats(
        made,
        unseal=vault.open,
        render=catalogue.render,
        on_union=lambda session, digest, sealed, unionid: person.learn_union(
            session, vault, KIND, digest, sealed, unionid, now=clock()
        ),
    )


def puller(
    made: KfClient,
    sessions: Sessions,
    vault: Vault,
    clock: Clock,
    catalogue: Catalogue,
    *,
    assistant: Assistant,
    wake: Callable[[], object],
    wall: Clock = machine_time,
) -> Puller:
    def say(stopped: Stopped) -> str:
        facts = {"errcode": stopped.errcode, "reason": stopped.reason, "date": stopped.since}
        return catalogue.text(Reply.of("failure.kf_unread", **facts))

    return Puller(
        sessions,
        made,
        Person(lambda userid: vault.digest(KIND, userid), vault.seal),
        clock=clock,
        handle=assistant.retry,
        wake=wake,
        operators=lambda session: [row.userid for row in distributor.operators(session)],
        say=say,
        wall=wall,
    )
