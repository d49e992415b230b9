"""`flask operator`: the merchant's staff who decide in the chat."""

from __future__ import annotations

import re

import click

from services import distributor
from services.terminal import Answer, answering
from web.commands import CommandDeps

ROLES = {"owner": "店主", "finance": "财务", "service": "客服"}
_USERID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}")  # reference/wecom.md: what a member's userid may hold


def group(deps: CommandDeps) -> click.Group:
    @click.group("operator", help="商家的操作员。")
    def commands() -> None: ...

    @commands.command("create", help="添加一个操作员；USERID 是他在企业微信通讯录里的账号，已有的改名字和角色。")
    @click.argument("userid", callback=_read_userid)
    @click.option("--name", required=True, callback=_read_name, help="在聊天和后台里显示的名字。")
    @click.option(
        "--role", required=True, type=click.Choice(list(ROLES)), help="owner 店主，finance 财务，service 客服。"
    )
    @answering
    def create(userid: str, name: str, role: str) -> Answer:
        deps.ready()
        with deps.sessions.writing() as session:
            row, new = distributor.add_operator(session, userid, name=name, role=role, now=deps.clock())
            data = {"userid": row.userid, "name": row.name, "role": row.role, "created": new}
        done = "已添加" if new else "已更新"
        return Answer(data, f"{done}操作员 {data['userid']}：{name}（{ROLES[role]}）。")

    return commands


def _read_userid(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _USERID.fullmatch(value):
        raise click.BadParameter("账号由字母、数字和 _ - . @ 组成，以字母或数字开头，最多 64 个字符")
    return value


def _read_name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    name = value.strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise click.BadParameter("名字要 1 到 64 个可见字符")
    return name
