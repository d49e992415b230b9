"""`flask kf`: the links by which customers come to the 微信客服, and which accounts there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import click

from bot.kf.client import KfClient
from bot.wecom.errors import WeComFault
from models.base import Sessions
from services import distributor
from services.terminal import Answer, Refusal, answering

SCENE = "tuike"  # without one of its own a link delivers no scene_param
LONGEST_PARAM = 128


@dataclass(frozen=True)
class KfDeps:
    """client   None without a service account"""

    sessions: Sessions
    client: KfClient | None
    ready: Callable[[], None]


def group(deps: KfDeps) -> click.Group:
    @click.group("kf", help="微信客服。")
    def commands() -> None: ...

    commands.add_command(_link(deps))
    commands.add_command(_accounts(deps))
    return commands


def _client(deps: KfDeps) -> KfClient:
    if deps.client is None:
        raise Refusal("kf.missing", "没有配置微信客服；在 .env 里填 KF_ACCOUNT，flask doctor 会逐项说明")
    return deps.client


def _link(deps: KfDeps) -> click.Command:
    @click.command("link", help="微信客服的链接：放进公众号菜单、网页或做成二维码，顾客点开就能聊。")
    @click.option("--distributor", "code", help="分销员的邀请码：从这个链接来的人，加入时邀请人就是他。")
    @answering
    def link(code: str | None) -> Answer:
        client, who = _client(deps), None
        if code is not None:
            deps.ready()
            with deps.sessions.reading() as session:
                who = distributor.find_by_code(session, code)
            if who is None:
                raise Refusal("person.unknown", f"没有邀请码是 {code} 的分销员")
        try:
            address = client.contact_way(SCENE)
        except WeComFault as fault:
            raise _refused(fault) from None
        if who is not None:
            address = with_param(address, who.code)
        data = {"url": address, "scene": SCENE, "code": who.code if who else None}
        whose = f"{who.nickname} 的微信客服链接" if who else "微信客服链接"
        return Answer(data, f"{whose}（二维码自己生成，链接别的部分不要改）：\n  {address}")

    return link


def with_param(address: str, param: str) -> str:
    """The link with whom it is from. Raises ValueError beyond 128 bytes"""
    if len(param.encode()) > LONGEST_PARAM:
        raise ValueError("a scene_param has at most 128 bytes")
    return f"{address}{'&' if '?' in address else '?'}scene_param={quote(param, safe='')}"


def _accounts(deps: KfDeps) -> click.Command:
    @click.command("accounts", help="企业有哪些微信客服账号；KF_ACCOUNT 填其中一个的编号。")
    @answering
    def accounts() -> Answer:
        try:
            rows = _client(deps).accounts()
        except WeComFault as fault:
            raise _refused(fault) from None
        data = [{"account": str(row.get("open_kfid")), "name": str(row.get("name") or "")} for row in rows]
        lines = [f"  {row['account']}  {row['name']}" for row in data]
        return Answer({"accounts": data}, "\n".join(lines) or "还没有账号，到企业微信管理后台 → 微信客服 添加。")

    return accounts


def _refused(fault: WeComFault) -> Refusal:
    return Refusal("kf.refused", f"企业微信没有接受：{fault.reason}；用 flask doctor 看是哪里不对")
