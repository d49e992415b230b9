"""The access token: fetched once for all threads and processes, refreshed in time, never in a loop."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bot.wecom.errors import Kind, TokenRejected, Unanswered
from bot.wecom.token import LEASE, TokenProvider
from bot.wecom.wire import Wire
from models.base import Sessions, new_engine
from models.message import AccessToken
from services.vault import Vault
from tests.channels.conftest import CORP, START, World, seal, unseal
from tests.channels.fake_wecom import Hold, Raw

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def row(world: World) -> AccessToken:
    with world.sessions.reading() as session:
        return session.scalars(select(AccessToken)).one()


def test_twenty_cold_threads_of_four_processes_fetch_one_token(world: World) -> None:
    providers = [world.tokens() for _ in range(4)]
    together = threading.Barrier(20)

    def ask(number: int) -> str:
        together.wait(10)
        return providers[number % 4].get()

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(ask, range(20)))
    assert len(tokens) == 1
    assert world.fake.count("gettoken") == 1


def test_a_lease_that_was_taken_and_given_back_since_the_look_is_not_taken_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, slow = world.tokens(), world.tokens()
    take = slow._take
    monkeypatch.setattr(slow, "_take", lambda row, me: bool(fast.get()) and take(row, me))
    assert slow.get() == fast.get()
    assert world.fake.count("gettoken") == 1


def test_twenty_threads_whose_token_died_fetch_one_new_token(world: World) -> None:
    providers = [world.tokens() for _ in range(4)]
    old = {provider.get() for provider in providers}.pop()
    together = threading.Barrier(20)

    def renew(number: int) -> str:
        together.wait(10)
        return providers[number % 4].renew(failed=old)

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(renew, range(20)))
    assert len(tokens) == 1
    assert tokens != {old}
    assert world.fake.count("gettoken") == 2


def test_a_token_that_another_process_has_renewed_is_not_renewed_again(world: World) -> None:
    one, other = world.tokens(), world.tokens()
    old = one.get()
    assert other.get() == old
    new = one.renew(failed=old)
    assert other.renew(failed=old) == new
    assert world.fake.count("gettoken") == 2


@ON_SQLITE
def test_a_token_is_renewed_five_minutes_before_it_ends(world: World) -> None:
    tokens = world.tokens()
    first = tokens.get()
    world.clock.move(seconds=7200 - 301)
    assert tokens.get() == first
    world.clock.move(seconds=1)
    assert tokens.get() != first


@ON_SQLITE
def test_a_restarted_process_takes_the_stored_token(world: World) -> None:
    first = world.tokens().get()
    assert world.tokens().get() == first
    assert world.fake.count("gettoken") == 1


@ON_SQLITE
def test_a_token_sealed_under_a_key_that_is_gone_is_fetched_anew(world: World) -> None:
    old, new = (Vault([Fernet.generate_key().decode()], "s" * 32) for _ in range(2))
    first = world.tokens(seal=old.seal, unseal=old.open).get()
    second = world.tokens(seal=new.seal, unseal=new.open).get()
    assert first != second
    assert world.tokens(seal=new.seal, unseal=new.open).get() == second
    assert world.fake.count("gettoken") == 2


def _die_while_fetching(url: str, base: str, secret: str) -> None:
    sessions = Sessions(new_engine(url))
    TokenProvider(
        sessions, Wire(base), CORP, secret, seal=seal, unseal=unseal, clock=lambda: START, wall=lambda: START
    ).get()


def test_a_process_that_is_killed_while_it_fetches_is_replaced_when_its_lease_ends(world: World, database: Any) -> None:
    hold = Hold()
    world.fake.script("gettoken", hold)
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_die_while_fetching, args=(database.url, world.fake.base, world.fake.secret))
    process.start()
    assert hold.arrived.wait(30)
    process.kill()
    process.join(30)
    hold.release.set()
    survivor = world.tokens(wait_seconds=0.2)
    with pytest.raises(Unanswered, match="another process"):
        survivor.get()
    world.wall.move(seconds=LEASE.total_seconds() + 1)
    assert survivor.get() in world.fake.tokens
    assert world.fake.count("gettoken") == 2


@ON_SQLITE
def test_a_loser_waits_for_the_winner_and_takes_his_token(world: World) -> None:
    hold = Hold()
    world.fake.script("gettoken", hold)
    winner, loser = world.tokens(), world.tokens()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(winner.get)
        assert hold.arrived.wait(10)
        second = pool.submit(loser.get)
        assert not second.done()
        hold.release.set()
        assert first.result(10) == second.result(10)
    assert world.fake.count("gettoken") == 1


@ON_SQLITE
def test_a_lease_from_before_the_machines_clock_was_set_back_does_not_block(world: World) -> None:
    tokens = world.tokens(wait_seconds=0.2)
    world.change(
        lambda session: session.add(
            AccessToken(name=tokens.name, holder="gone", held_until=world.wall() + timedelta(days=7))
        )
    )
    assert tokens.get() in world.fake.tokens


@ON_SQLITE
def test_a_gettoken_without_an_answer_frees_the_lease_at_once(world: World) -> None:
    world.fake.script("gettoken", Raw(502))
    tokens = world.tokens()
    with pytest.raises(Unanswered):
        tokens.get()
    assert row(world).holder is None
    assert tokens.get() in world.fake.tokens


@ON_SQLITE
def test_an_answer_without_a_token_is_no_token(world: World) -> None:
    world.fake.script("gettoken", {"errcode": 0, "access_token": "x"})
    with pytest.raises(Unanswered, match="no token"):
        world.tokens().get()
    assert row(world).holder is None


def test_a_wrong_secret_costs_one_gettoken_a_minute_however_many_ask(world: World) -> None:
    world.secret = "wrong" * 8 + "123"
    providers = [world.tokens() for _ in range(3)]
    for second in range(180):
        with pytest.raises(TokenRejected) as caught:
            providers[second % 3].get()
        assert (caught.value.errcode, caught.value.kind) == (40001, Kind.FIX)
        world.clock.move(seconds=1)
    assert world.fake.count("gettoken") == 3


@ON_SQLITE
def test_a_secret_that_is_right_again_works_after_a_minute(world: World) -> None:
    world.fake.script("gettoken", {"errcode": 40001, "errmsg": "invalid credential"})
    tokens = world.tokens()
    with pytest.raises(TokenRejected):
        tokens.get()
    world.clock.move(seconds=60)
    assert tokens.get() in world.fake.tokens


@ON_SQLITE
def test_an_address_that_is_banned_is_a_quota(world: World) -> None:
    world.fake.script("gettoken", {"errcode": 45009, "errmsg": "api freq out of limit"})
    with pytest.raises(TokenRejected) as caught:
        world.tokens().get()
    assert caught.value.kind is Kind.QUOTA


@ON_SQLITE
def test_a_refusal_from_before_the_clock_was_turned_back_does_not_block(world: World) -> None:
    world.fake.script("gettoken", {"errcode": 40001})
    tokens = world.tokens()
    with pytest.raises(TokenRejected):
        tokens.get()
    world.clock.move(days=-7)
    assert tokens.get() in world.fake.tokens
