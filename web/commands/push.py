"""`flask push`: the merchant's own message to distributors, how far it has come, and stopping it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from models.push import Announcement
from services.push import announcement
from services.push.announcement import NobodyIsThat, UnknownPush
from services.terminal import Answer, Refusal, answering, clock_text, columns, iso
from web.commands import CommandDeps
from web.commands.files import FILE, read_text

STATES = {"open": "发送中", "done": "已发完", "stopped": "已停止"}


def group(deps: CommandDeps) -> click.Group:
    @click.group("push", help="给分销员群发一条消息：创建、进度、停止。在运行的应用里发送。")
    def commands() -> None: ...

    @commands.command("create", help="群发一段文字。不想收商家通知的人不发，安静时间里等到早上。")
    @click.option("--text", help="内容，最多 2048 字节。")
    @click.option("--file", type=FILE, help="内容在这个文件里（UTF-8）。")
    @click.option("--role", help="只发给这个角色的分销员，例如 leader。")
    @click.option("--level", help="只发给这个等级的分销员，写等级的 id 或名称。")
    @answering
    def create(text: str | None, file: Path | None, role: str | None, level: str | None) -> Answer:
        if (text is None) == (file is None):
            raise click.UsageError("--text 和 --file 写一个")
        deps.ready()
        content = text if text is not None else read_text(file) if file is not None else ""
        try:
            with deps.sessions.writing() as session:
                row, count = announcement.create(session, content, role=role, level=level, now=deps.clock())
        except NobodyIsThat:
            raise Refusal("push.nobody", "没有符合条件的分销员；去掉 --role、--level，或换一个") from None
        return Answer(
            _data(row) | {"people": count}, f"编号 {row.id}：将发给 {count} 位分销员。进度：flask push show {row.id}"
        )

    @commands.command("list", help="最近的群发，新的在前。")
    @answering
    def list_() -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            rows = announcement.listed(session)
        table = [("编号", "状态", "创建", "已发", "单独发", "不想收", "没送到", "内容"), *map(_line, rows)]
        text = columns(table, indent="") if rows else "还没有群发过。"
        return Answer({"pushes": [_data(row) for row in rows]}, text)

    @commands.command("show", help="一次群发到了哪里。")
    @click.argument("number", type=click.IntRange(min=1))
    @answering
    def show(number: int) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            row = _known(number, lambda: announcement.get(session, number))
        return Answer(_data(row), _told(row))

    @commands.command("stop", help="停止一次群发；已经发出的收不回。")
    @click.argument("number", type=click.IntRange(min=1))
    @answering
    def stop(number: int) -> Answer:
        deps.ready()
        with deps.sessions.writing() as session:
            row, changed = _known(number, lambda: announcement.stop(session, number, now=deps.clock()))
        said = "已停止。" if changed else f"之前就{STATES[row.state]}，没有变化。"
        return Answer(_data(row) | {"changed": changed}, f"编号 {row.id}：{said}\n{_told(row)}")

    return commands


T = TypeVar("T")


def _known(number: int, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except UnknownPush:
        raise Refusal("push.unknown", f"没有编号为 {number} 的群发；用 flask push list 查看") from None


def _told(row: Announcement) -> str:
    counts = f"已发 {row.sent} 人，单独发 {row.alone} 人，不想收 {row.muted} 人，没送到 {row.unreached} 人"
    return f"编号 {row.id}：{STATES[row.state]}，{counts}。"


def _line(row: Announcement) -> tuple[str, ...]:
    counts = (str(number) for number in (row.sent, row.alone, row.muted, row.unreached))
    short = " ".join(row.text.split())
    return str(row.id), STATES[row.state], clock_text(row.created_at), *counts, short[:30] + "…" * (len(short) > 30)


def _data(row: Announcement) -> dict[str, Any]:
    return {
        "number": row.id,
        "state": row.state,
        "text": row.text,
        "role": row.role,
        "level": row.level,
        "sent": row.sent,
        "alone": row.alone,
        "muted": row.muted,
        "unreached": row.unreached,
        "created_at": iso(row.created_at),
        "due_at": iso(row.due_at) if row.state == "open" else None,
        "closed_at": iso(row.closed_at),
    }
