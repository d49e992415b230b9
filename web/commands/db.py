"""`flask db`: the schema of the database."""

from __future__ import annotations

import click

from models import schema
from services.terminal import Answer, answering
from web.commands import CommandDeps


def group(deps: CommandDeps) -> click.Group:
    @click.group("db", help="数据库的表结构。")
    def commands() -> None: ...

    @commands.command("upgrade", help="执行还没有执行的迁移；可以和应用同时运行，重复执行无害。")
    @answering
    def upgrade() -> Answer:
        engine = deps.sessions.engine
        pending = schema.pending(engine)
        schema.upgrade(engine)
        return Answer({"upgraded": pending}, "数据库已升级到最新版本。" if pending else "数据库已经是最新版本。")

    return commands
