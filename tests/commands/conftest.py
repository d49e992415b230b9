"""The commands on a merchant's shop, as a person types them.

flask("plan", "list", "--json").data          what --json printed
flask("settle").text                          what a person reads
flask("ledger", "verify", code=1).text        …and it must end with 1
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bot import commands as bot_commands
from bot.kf import commands as kf_commands
from bot.official import commands as official_commands
from domain.cron import Cron
from jobs import commands as job_commands
from jobs.reconcile import ReconcileJob
from jobs.scheduler import Job
from jobs.settlement import SettlementJob
from models import Sessions, new_engine, schema
from tests.support.databases import Database
from tests.support.shop import START, Shop, catalogue, understanding
from web.commands import (
    CommandDeps,
    copy,
    coupon,
    db,
    demo,
    distributor,
    entitlement,
    explain,
    ledger,
    operator,
    person,
    plan,
    push,
    rollup,
    words,
)

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "assets"


@dataclass(frozen=True)
class Printed:
    result: Result

    @property
    def text(self) -> str:
        return self.result.stdout

    @property
    def said(self) -> str:
        """Standard error."""
        return self.result.stderr

    @property
    def data(self) -> Any:
        """The one JSON value of standard output; anything beside it fails."""
        return json.loads(self.result.stdout)


Flask = Callable[..., Printed]


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database.sessions)


@pytest.fixture
def flask(shop: Shop) -> Flask:
    """Every command on the shop's database."""
    root = click.Group("flask")
    for command in commands_of(shop):
        root.add_command(command)
    return runner(root)


def commands_of(shop: Shop) -> list[click.Command]:
    sessions, clock = shop.sessions, shop.clock

    def ready() -> None:
        schema.upgrade(sessions.engine)

    settlement = SettlementJob(sessions, clock, catalogue(), shop.wake)
    deps = CommandDeps(sessions, clock, ASSETS, ("Boss", "cashier"), ready, shop.vault, catalogue(), "http://shop.test")
    jobs = job_commands.JobDeps(
        sessions,
        clock,
        [
            Job("settlement", "结算到期的佣金", Cron.parse("0 3 * * *"), settlement),
            Job("reconcile", "核对账本", Cron.parse("40 4 * * *"), ReconcileJob(sessions)),
        ],
        lambda as_of: settlement(as_of, reason="command"),
        ready,
    )
    bot = bot_commands.BotDeps(sessions, clock, ASSETS, catalogue(), understanding, None, None)
    return [
        plan.group(deps),
        ledger.group(deps),
        entitlement.group(deps),
        coupon.group(deps),
        explain.command(deps),
        operator.group(deps),
        distributor.group(deps),
        rollup.group(deps),
        demo.group(deps),
        copy.group(deps),
        words.group(deps),
        db.group(deps),
        job_commands.settle(jobs),
        job_commands.group(jobs),
        bot_commands.group(bot),
        official_commands.group(official_commands.OfficialDeps(sessions, clock, catalogue(), None, ready)),
        kf_commands.group(kf_commands.KfDeps(sessions, None, ready)),
        person.group(deps),
        push.group(deps),
    ]


def runner(root: click.Group) -> Flask:
    def run(*arguments: str | Path, code: int = 0, stdin: str | bytes | None = None) -> Printed:
        result = CliRunner().invoke(root, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"ended with {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return Printed(result)

    return run


@pytest.fixture
def alone(tmp_path: Path) -> Flask:
    """The plan commands where there is no database and nothing may ask for one."""

    def ready() -> None:
        raise AssertionError("the database was asked for")

    sessions = Sessions(new_engine(f"sqlite:///{tmp_path / 'none' / 'tuike.db'}"))
    root = click.Group("flask")
    root.add_command(plan.group(CommandDeps(sessions, lambda: START, ASSETS, (), ready)))
    return runner(root)
