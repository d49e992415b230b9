"""`flask distributor`, `flask rollup`."""

from __future__ import annotations

import click
import pytest
from sqlalchemy import text, update

from models.rollup import RollupSum
from services.terminal import iso
from tests.commands.conftest import Flask, commands_of, runner
from tests.support.counting import STEPS, awards
from tests.support.databases import Database
from tests.support.shop import Shop


@pytest.fixture
def shop(database: Database) -> Shop:
    shop = Shop(database.sessions, plan=STEPS)
    shop.joins("xiaowang")
    shop.joins("xiaoli", inviter="xiaowang")
    shop.later(days=1)
    return shop


def test_somebody_is_suspended_let_back_and_departs(flask: Flask, shop: Shop) -> None:
    code = shop.code("xiaowang")
    at = iso(shop.now)
    changed = flask("distributor", "suspend", code.lower(), "--json").data
    assert changed == {"code": code, "status": "suspended", "changed": True, "at": at}
    assert flask("distributor", "suspend", code, "--json").data["changed"] is False
    shop.sells("xiaoli", "100.00", no="O1")
    assert awards(shop) == {"O1": [("seller", "10.00")]}
    assert "正常" in flask("distributor", "resume", code).text
    assert "已离开" in flask("distributor", "depart", code).text
    refused = flask("distributor", "resume", code, "--json", code=1).data["error"]
    assert (refused["code"], refused["message"]) == (
        "distributor.wrong_status",
        f"{code} 现在是「已离开」，不能这样改",
    )


def test_a_suspension_from_a_past_moment_has_the_orders_since_decided_again(flask: Flask, shop: Shop) -> None:
    since = iso(shop.now)
    shop.later(hours=1)
    shop.sells("xiaoli", "100.00", no="O1")
    flask("distributor", "suspend", shop.code("xiaowang"), "--at", since)
    assert awards(shop) == {"O1": [("seller", "10.00")]}


def test_what_cannot_be_is_refused_with_the_field(flask: Flask, shop: Shop) -> None:
    shop.later(days=1)
    tomorrow = iso(shop.now)
    shop.later(days=-1)
    refused = flask("distributor", "suspend", shop.code("xiaoli"), "--at", tomorrow, "--json", code=1).data["error"]
    assert refused["fields"] == [{"field": "--at", "message": "不能晚于现在"}]
    assert "没有编号为" in flask("distributor", "suspend", "NOBODY1", code=1).result.stderr


def test_sums_that_differ_from_the_orders_are_named_and_made_anew(flask: Flask, shop: Shop) -> None:
    shop.sells("xiaoli", "100.00")
    assert flask("rollup", "verify", "--json").data == {"checked": 2, "differences": []}
    with shop.sessions.writing() as session:
        session.execute(update(RollupSum).where(RollupSum.basis == "paid").values({"orders": text("7")}))
    found = flask("rollup", "verify", "--json", code=1).data["differences"]
    assert found == [{"code": shop.code("xiaoli"), "what": "paid orders lifetime", "expected": "1", "found": "7"}]
    assert "应为 1，现为 7" in flask("rollup", "verify", code=1).text
    assert flask("rollup", "rebuild", "--json").data == {"rebuilt": 2}
    assert flask("rollup", "verify").text == "核对了 2 人，全部一致。\n"


def test_without_counts_there_is_nothing_to_check(database: Database) -> None:
    shop = Shop(database.sessions)
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00")
    root = click.Group("flask")
    for command in commands_of(shop):
        root.add_command(command)
    assert runner(root)("rollup", "verify", "--json").data == {"checked": 0, "differences": []}
