"""`flask rollup`: whether the sums behind levels and tiers are what the orders say, and making them anew."""

from __future__ import annotations

from collections.abc import Iterator

import click

from services import recount
from services.recount import Difference
from services.terminal import Answer, answering
from web.commands import CommandDeps


def group(deps: CommandDeps) -> click.Group:
    @click.group("rollup", help="等级和阶梯用到的累计数。")
    def commands() -> None: ...

    @commands.command("verify", help="和订单逐人核对；有不一致时退出码是 1。")
    @answering
    def verify() -> Answer:
        deps.ready()
        checked, found = 0, []
        for who in _everybody(deps):
            checked += 1
            found += deps.sessions.transact(lambda session, who=who: recount.verify(session, who))
        data = {"checked": checked, "differences": [_data(difference) for difference in found]}
        return Answer(data, "\n".join(_text(checked, found)), found=bool(found))

    @commands.command("rebuild", help="按订单重新累计，一人一个事务，可以在营业时做。")
    @answering
    def rebuild() -> Answer:
        deps.ready()
        rebuilt = 0
        for who in _everybody(deps):
            deps.sessions.transact(lambda session, who=who: recount.rebuild(session, who))
            rebuilt += 1
        return Answer({"rebuilt": rebuilt}, f"已重新累计 {rebuilt} 人。")

    return commands


def _everybody(deps: CommandDeps) -> Iterator[int]:
    after = 0
    while True:
        with deps.sessions.reading() as session:
            batch = recount.people(session, after)
        if not batch:
            return
        yield from batch
        after = batch[-1]


def _data(found: Difference) -> dict[str, str]:
    return {"code": found.code, "what": found.what, "expected": found.expected, "found": found.found}


def _text(checked: int, found: list[Difference]) -> Iterator[str]:
    yield f"核对了 {checked} 人，" + (f"{len(found)} 处不一致：" if found else "全部一致。")
    for one in found:
        yield f"  {one.code} {one.what}：应为 {one.expected}，现为 {one.found}"
    if found:
        yield "用 flask rollup rebuild 重新累计。"
