"""A process that reads the log of the 微信客服 and is killed on the way. It imports this file: keep it small."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Any

from bot.kf import errors
from bot.kf.client import KfClient
from bot.kf.puller import Puller
from bot.naming import Person
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from models.base import Sessions, new_engine
from services.vault import Vault


def kill(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def pull(url: str, base: str, names: tuple[str, str, str], keys: tuple[str, str], instant: str, where: str) -> None:
    """Dies before it stores a page, or before it answers what it has stored.

    names   the enterprise's id, the account's, its secret;  keys   of the vault: encryption, digests
    """
    now = datetime.fromisoformat(instant).astimezone(UTC)
    vault, sessions = Vault([keys[0]], keys[1]), Sessions(new_engine(url))
    wire = Wire(f"{base}/cgi-bin", kinds=errors.KINDS)
    corp, account, secret = names
    tokens = TokenProvider(sessions, wire, corp, secret, seal=vault.seal, unseal=vault.open, clock=lambda: now)
    naming = Person(lambda userid: vault.digest("external_userid", userid), vault.seal)
    puller = Puller(
        sessions,
        KfClient(wire, tokens, account),
        Person(kill, vault.seal) if where == "before storing" else naming,
        clock=lambda: now,
        wall=lambda: now,
        handle=kill,
        wake=lambda: None,
        operators=lambda _: [],
        say=lambda _: "",
    )
    puller.pull()
