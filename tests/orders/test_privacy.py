"""What the order API learns of a buyer is found again and never read again: not in the database, not in the logs."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import inspect, text

from services.vault import CannotOpen, Vault
from tests.orders.mall import KEYS, Mall, order

SECRETS = {
    "id": "buyer-4711",
    "phone": "13800138000",
    "unionid": "oUnionUnionUnionUnionUnion00",
    "openid": "oOpenOpenOpenOpenOpenOpen000",
    "external_userid": "wmExternalExternalExternal0000",
}
OTHER_KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="


def test_no_identity_stands_in_any_table(mall: Mall) -> None:
    seller = mall.distributor("小李")
    mall.push(order(code=seller.code, buyer=SECRETS))
    mall.refund("O1", "R1", (0, 1, "1.00"))
    with mall.sessions.reading() as session:
        rows = [
            str(row)
            for table in inspect(session.get_bind()).get_table_names()
            for row in session.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(rows) > 10
    assert [secret for secret in SECRETS.values() if any(secret in row for row in rows)] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_identity_and_no_secret_stands_in_the_logs(mall: Mall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mall.push(order(buyer=SECRETS, freight="x"))
    mall.refund("O1", "R1", (0, 1, "1000.00"))
    mall.push(order(code=mall.distributor("小李").code, buyer=SECRETS))
    mall.push(order(buyer=SECRETS), X_Signature="0" * 64)
    said = "\n".join(str(vars(record)) for record in caplog.records)
    assert "order.recorded" in said
    assert "early_fact.refused" in said
    assert [secret for secret in [*SECRETS.values(), mall.deps.order_api_secret] if secret in said] == []


def test_the_deps_do_not_show_the_secret() -> None:
    from web import Deps

    shown = repr(Deps(None, None, None, "http://x", None, order_api_secret="hush"))  # type: ignore[arg-type]
    assert "hush" not in shown


# The vault


def test_what_is_sealed_is_opened_and_looks_different_each_time() -> None:
    vault = Vault(KEYS, "s")
    tokens = {vault.seal("13800138000") for _ in range(3)}
    assert len(tokens) == 3
    assert {vault.open(token) for token in tokens} == {"13800138000"}
    assert not any("1380" in token for token in tokens)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    old = Vault(KEYS, "s").seal("x")
    both = Vault([OTHER_KEY, *KEYS], "s")
    assert both.open(old) == "x"
    with pytest.raises(CannotOpen):
        Vault(KEYS, "s").open(both.seal("x"))


@pytest.mark.parametrize("token", ["", "gAAAAA", "不是", "gAAAAABnotatoken=="])
def test_what_was_never_sealed_is_not_opened(token: str) -> None:
    with pytest.raises(CannotOpen):
        Vault(KEYS, "s").open(token)


def test_a_digest_is_the_same_for_one_value_of_one_kind_under_one_key() -> None:
    vault, again, other = Vault(KEYS, "s"), Vault([OTHER_KEY], "s"), Vault(KEYS, "t")
    digest = vault.digest("phone", "13800138000")
    assert len(digest) == 64
    assert digest == again.digest("phone", "+86 138-0013-8000")
    assert digest != vault.digest("buyer", "13800138000")
    assert digest != other.digest("phone", "13800138000")


def test_a_members_userid_has_no_case_and_an_openid_has() -> None:
    vault = Vault(KEYS, "s")
    assert vault.digest("wecom", "ZhangSan") == vault.digest("wecom", "zhangsan")
    assert vault.digest("openid", "oA") != vault.digest("openid", "oa")


def test_an_orders_digest_cannot_be_made_without_the_key(mall: Mall) -> None:
    import hashlib

    from domain.order import OrderFacts
    from models.order import Order
    from tests.orders.mall import NOW

    mall.push(order(buyer=SECRETS))
    facts = OrderFacts.parse(json.dumps(order(buyer=SECRETS)), now=NOW)
    row = mall.read(lambda session: session.get(Order, 1))
    assert row.digest != hashlib.sha256(facts.canonical().encode()).hexdigest()
    assert row.digest == mall.vault.digest("order", facts.canonical())
