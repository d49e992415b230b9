"""`flask contact`: a distributor's way for customers, and a 获客链接 for the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from bot.contact.client import ContactClient
from bot.wecom.errors import WeComFault
from models.base import Sessions
from services import distributor
from services.customer import ways
from services.customer.terms import Terms
from services.terminal import Answer, Refusal, answering, iso

LONGEST_NAME = 30


@dataclass(frozen=True)
class ContactDeps:
    """client, terms   None without 客户联系"""

    sessions: Sessions
    client: ContactClient | None
    terms: Terms | None
    ready: Callable[[], None]


def group(deps: ContactDeps) -> click.Group:
    @click.group("contact", help="客户联系。")
    def commands() -> None: ...

    commands.add_command(_show(deps))
    commands.add_command(_link(deps))
    return commands


def _parts(deps: ContactDeps) -> tuple[ContactClient, Terms]:
    if deps.client is None or deps.terms is None:
        raise Refusal("contact.missing", "没有配置客户联系；在 .env 里填 WECOM_CONTACT_SECRET，flask doctor 会说明")
    return deps.client, deps.terms


def _show(deps: ContactDeps) -> click.Command:
    @click.command("show", help="顾客怎么加到一位分销员名下：他的 state，客服二维码或获客链接，带来了多少顾客。")
    @click.argument("code")
    @answering
    def show(code: str) -> Answer:
        _, terms = _parts(deps)
        deps.ready()
        with deps.sessions.reading() as session:
            who = distributor.find_by_code(session, code)
            if who is None:
                raise Refusal("person.unknown", f"没有邀请码是 {code} 的分销员")
            way = ways.find(session, who.id)
            brought = ways.brought(session, who.id)
        data = {"code": who.code, "customers": brought, "state": way.state if way else None}
        data |= {"config_id": way.config_id if way else None, "made_at": iso(way.made_at if way else None)}
        data["picture"] = way.picture if way else None
        data["link"] = terms.address(way.state) if way and terms.link else None
        by = data["link"] or data["picture"] or "还没有，他在聊天里发「我的链接」就会有"
        return Answer(data, f"{who.nickname}：{brought} 位顾客，state {data['state'] or '还没有'}\n  {by}")

    return show


def _link(deps: ContactDeps) -> click.Command:
    @click.command("link", help="用接口建一个获客链接，顾客加的是 WECOM_CONTACT_USERS；把它填进 WECOM_CONTACT_LINK。")
    @click.argument("name")
    @answering
    def create(name: str) -> Answer:
        client, terms = _parts(deps)
        if not 1 <= len(name) <= LONGEST_NAME:
            raise Refusal("contact.name", f"名字要有 1 到 {LONGEST_NAME} 个字")
        if not terms.users:
            raise Refusal("contact.nobody", "先在 WECOM_CONTACT_USERS 里写谁接待顾客")
        try:
            made = client.create_link(name, terms.users)
        except WeComFault as fault:
            said = f"企业微信没有接受：{fault.reason}；用 flask doctor 看是哪里不对"
            raise Refusal("contact.refused", said) from None
        return Answer(made, f"获客链接已建好，填进 .env 后重启：\n  WECOM_CONTACT_LINK={made['url']}")

    return create
