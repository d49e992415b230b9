"""`flask official`: the 公众号's menu, and the QR codes by which people come to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import click

from bot.commands import menu_body
from bot.official.client import OfficialClient
from bot.wecom.errors import WeComFault
from models.base import Sessions
from services import distributor
from services.message import Catalogue
from services.terminal import Answer, Refusal, answering

SHOWS = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="
LONGEST_DAYS = 30


@dataclass(frozen=True)
class OfficialDeps:
    """client   None without a 公众号"""

    sessions: Sessions
    clock: Callable[[], datetime]
    catalogue: Catalogue
    client: OfficialClient | None
    ready: Callable[[], None]


def group(deps: OfficialDeps) -> click.Group:
    @click.group("official", help="公众号。")
    def commands() -> None: ...

    commands.add_command(_menu(deps))
    commands.add_command(_qrcode(deps))
    return commands


def _client(deps: OfficialDeps) -> OfficialClient:
    if deps.client is None:
        raise Refusal("official.missing", "没有配置公众号；在 .env 里填 OFFICIAL_APP_ID 等，flask doctor 会逐项说明")
    return deps.client


def _menu(deps: OfficialDeps) -> click.Command:
    @click.command("menu", help="创建公众号的菜单；已有的整个换掉，几分钟到一天内所有人看到新的。")
    @answering
    def create() -> Answer:
        client, body = _client(deps), menu_body(deps.catalogue)
        try:
            client.menu_create(body)
        except WeComFault as fault:
            raise _refused(fault) from None
        lines = [
            f"  {row['name']}：{' · '.join(entry['name'] for entry in row['sub_button'])}" for row in body["button"]
        ]
        return Answer(body, "\n".join(["菜单已创建，几分钟到一天内生效：", *lines]))

    return create


def _qrcode(deps: OfficialDeps) -> click.Command:
    @click.command("qrcode", help="分销员的公众号二维码：扫了关注公众号的人，加入时邀请人就是他。")
    @click.argument("code")
    @click.option(
        "--days", type=click.IntRange(1, LONGEST_DAYS), default=LONGEST_DAYS, show_default=True, help="有效天数。"
    )
    @click.option("--permanent", is_flag=True, help="永久有效；一个公众号一共十万个，用掉不能收回，只给印刷品用。")
    @answering
    def create(code: str, days: int, permanent: bool) -> Answer:
        client = _client(deps)
        deps.ready()
        with deps.sessions.reading() as session:
            who = distributor.find_by_code(session, code)
        if who is None:
            raise Refusal("person.unknown", f"没有邀请码是 {code} 的分销员")
        try:
            made = client.qrcode(who.code, None if permanent else days * 86400)
        except WeComFault as fault:
            raise _refused(fault) from None
        picture = SHOWS + quote(str(made["ticket"]), safe="")
        data = {"code": who.code, "url": made.get("url"), "picture": picture, "days": None if permanent else days}
        lasts = "永久有效" if permanent else f"{days} 天内有效"
        return Answer(data, f"{who.nickname} 的公众号二维码，{lasts}：\n  内容 {data['url']}\n  图片 {picture}")

    return create


def _refused(fault: WeComFault) -> Refusal:
    return Refusal("official.refused", f"微信没有接受：{fault.reason}；用 flask doctor 看是哪里不对")
