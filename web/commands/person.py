"""`flask person`: in which chats a distributor is himself, and taking one of them away again."""

from __future__ import annotations

from typing import Literal

import click

from domain.errors import DomainError
from services import distributor, person
from services.terminal import Answer, Refusal, answering
from web.commands import CommandDeps

CHATS = {"wecom": "企业微信", "official": "公众号", "kf": "微信客服"}
CHANNELS: dict[str, Literal["wecom", "official", "kf"]] = {"wecom": "wecom", "official": "official", "kf": "kf"}
CHANGES = {"linked": "关联", "merged": "合并", "split": "拆开"}


def group(deps: CommandDeps) -> click.Group:
    @click.group("person", help="一个人的几个聊天。")
    def commands() -> None: ...

    commands.add_command(_show(deps))
    commands.add_command(_split(deps))
    return commands


def _show(deps: CommandDeps) -> click.Command:
    @click.command("show", help="一个分销员能用哪些聊天，关联和拆开的记录。")
    @click.argument("code")
    @answering
    def show(code: str) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            who = distributor.find_by_code(session, code)
            if who is None:
                raise Refusal("person.unknown", f"没有邀请码是 {code} 的分销员")
            chats = [{"chat": chat.channel, "since": chat.since.isoformat()} for chat in person.chats(session, who)]
            changes = [
                {"what": row.what, "identity": row.identity_kind, "proof": row.proof, "reason": row.reason,
                 "at": row.at.isoformat()}
                for row in person.changes(session, who)
            ]  # fmt: skip
        lines = [f"{who.nickname}（{who.code}）：{'、'.join(CHATS[chat['chat']] for chat in chats) or '没有聊天'}"]
        lines += [
            f"  {row['at']} {CHANGES[str(row['what'])]} {row['identity']}，凭据 {row['proof']}" for row in changes
        ]
        return Answer({"code": who.code, "status": who.status, "chats": chats, "changes": changes}, "\n".join(lines))

    return show


def _split(deps: CommandDeps) -> click.Command:
    @click.command("split", help="把一个聊天从分销员那里拿走：合并来的还给原来的分销员，关联来的重新成为没加入的人。")
    @click.argument("code")
    @click.option(
        "--chat", required=True, type=click.Choice(list(CHATS)), help="wecom 企业微信，official 公众号，kf 微信客服。"
    )
    @click.option("--operator", required=True, help="哪一个操作员决定的（userid）。")
    @click.option("--reason", required=True, help="为什么；会记下来。")
    @answering
    def split(code: str, chat: str, operator: str, reason: str) -> Answer:
        deps.ready()
        if not reason.strip() or len(reason) > 255:
            raise click.BadParameter("写 1 到 255 个字", param_hint="--reason")
        try:
            with deps.sessions.writing() as session:
                if distributor.find_operator(session, operator) is None:
                    raise Refusal("operator.unknown", f"没有操作员 {operator}；先用 flask operator create 添加")
                who, back = person.split(
                    session, code, CHANNELS[chat], operator=operator.lower(), reason=reason.strip(), now=deps.clock()
                )
                data = {"code": who.code, "chat": chat, "back_to": back.code if back else None}
        except DomainError as refusal:
            raise Refusal(refusal.code, _SAID[refusal.code].format(code=code, chat=CHATS[chat])) from None
        to = f"还给了 {data['back_to']}" if data["back_to"] else "那边的人要重新加入"
        return Answer(data, f"已把{CHATS[chat]}从 {data['code']} 拿走，{to}。")

    return split


_SAID = {
    "person.unknown": "没有邀请码是 {code} 的分销员",
    "person.no_such_address": "{code} 没有关联{chat}",
    "person.only_address": "{chat}是 {code} 唯一的聊天，拿走就联系不上他了",
}
