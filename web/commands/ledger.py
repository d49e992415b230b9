"""`flask ledger`: the books."""

from __future__ import annotations

import click
from sqlalchemy import func, select

from models.ledger import LedgerAccount, LedgerEntry
from services import ledger
from services.terminal import Answer, answering, columns
from web.commands import CommandDeps


def group(deps: CommandDeps) -> click.Group:
    @click.group("ledger", help="账本。")
    def commands() -> None: ...

    @commands.command(
        "verify", help="核对账本：每笔凭证合计为零，每个账户的余额等于它的分录；对不上时列出并以 1 退出。"
    )
    @answering
    def verify() -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            found = ledger.verify(session)
            accounts = session.scalar(select(func.count()).select_from(LedgerAccount)) or 0
            entries = session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
        data = {
            "ok": not found,
            "accounts": accounts,
            "entries": entries,
            "differences": [_difference(item) for item in found],
        }
        if not found:
            return Answer(data, f"账本无误：{accounts} 个账户、{entries} 笔凭证都对得上。")
        rows = [("哪里", "应为", "实为")]
        rows += [(item.what, item.said(item.expected), item.said(item.found)) for item in found]
        text = f"账本有 {len(found)} 处对不上。先停止审核提现，再查这些账户和凭证：\n{columns(rows, right=(1, 2))}"
        return Answer(data, text, found=True)

    return commands


def _difference(item: ledger.Difference) -> dict[str, str]:
    unit = {"unit": item.unit} if item.unit == "points" else {}
    return {"what": item.what, "expected": item.said(item.expected), "found": item.said(item.found), **unit}
