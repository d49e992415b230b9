"""The 公众号 looked over: the token, our address as WeChat sees it, the menu, the callback, the templates.

Source   reference/official-account.md §2.1, §15.3, §17; product.md §2
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import requests

from bot import look
from bot.official.callback import sign
from bot.official.client import OfficialClient
from bot.official.errors import NO_MENU, NOT_IN_LIST
from bot.wecom.errors import Refused, TokenRejected, WeComFault
from models.base import Sessions
from services.doctor import Check, Finding, require_database

VARIABLES = "OFFICIAL_APP_ID、OFFICIAL_SECRET、OFFICIAL_TOKEN、OFFICIAL_AES_KEY"
_BASIC = "设置与开发 → 基本配置"
_REMEDY = {
    40013: f"OFFICIAL_APP_ID 不对：到 {_BASIC} 查看 AppID，改 .env 后重启",
    40125: f"OFFICIAL_SECRET 不对或已重置：到 {_BASIC} 重置 AppSecret，改 .env 后重启",
    40164: f"本机出口 IP 不在白名单：到 {_BASIC} → IP白名单 加上它，几分钟生效",
    40243: f"AppSecret 被冻结：到 {_BASIC} 解冻",
    48001: "公众号没有这个接口的权限：需要认证的服务号，到 设置与开发 → 接口权限 查看",
    50002: "公众号被限制使用：登录 mp.weixin.qq.com 看通知",
    45009: "到了接口的每日上限：不用做什么，第二天自动继续",
}


@dataclass(frozen=True)
class OfficialHouse:
    """simulated   the simulator's own account; templates: the notices that have one"""

    sessions: Sessions
    client: OfficialClient = field(repr=False)
    token: str = field(repr=False)
    base_url: str
    api_base: str
    templates: Collection[str]
    simulated: bool


def checks(house: OfficialHouse | None) -> list[Check]:
    """What to look at; without a 公众号 one note that says how to have one."""
    if house is None:
        return [Check("official", "公众号", _missing)]
    return [
        Check("official.token", "公众号凭证", lambda: token(house)),
        Check("official.menu", "公众号菜单", lambda: menu(house)),
        Check("official.callback", "公众号回调地址", lambda: callback(house)),
        Check("official.templates", "公众号模板消息", lambda: templates(house)),
    ]


def _missing() -> Iterator[Finding]:
    do = f"要用公众号，在 .env 里填 {VARIABLES}，重启；它们在 mp.weixin.qq.com → {_BASIC}"
    yield Finding("official", "公众号", "note", "没有配置公众号，/callback/official 是 404", do)


def _platform(house: OfficialHouse) -> look.Platform:
    return look.Platform("微信", house.api_base, "OFFICIAL_API_BASE", house.simulated, _remedy)


def _remedy(errcode: int) -> str:
    return _REMEDY.get(errcode, f"在公众号开发文档里查错误码 {errcode}，改好后自动继续，不用重启")


def token(house: OfficialHouse) -> Iterator[Finding]:
    return look.token("official.token", "公众号凭证", _platform(house), house.sessions, house.client.check)


def menu(house: OfficialHouse) -> Iterator[Finding]:
    require_database(house.sessions)
    name, title, platform = "official.menu", "公众号菜单", _platform(house)
    try:
        house.client.menu_get()
    except Refused as fault:
        if fault.errcode == NO_MENU:
            yield Finding(name, title, "note", "还没有菜单", "flask official menu")
        elif fault.errcode == NOT_IN_LIST:
            seen = re.search(r"invalid ip *([0-9A-Fa-f.:]+)", fault.errmsg)
            ours = f"本机的出口 IP {seen[1]}" if seen else "本机的出口 IP"
            yield Finding(name, title, "wrong", f"{ours} 不在白名单：{fault.reason}", _REMEDY[NOT_IN_LIST])
        else:
            yield Finding(name, title, "wrong", platform.silent(fault), platform.do(fault))
    except TokenRejected:
        yield Finding(name, title, "skipped", "没有 access_token，问不了微信")
    except WeComFault as fault:
        yield Finding(name, title, "wrong", platform.silent(fault), platform.do(fault))
    else:
        yield Finding(name, title, "ok", "菜单已创建")


def callback(house: OfficialHouse) -> Iterator[Finding]:
    """WeChat's verification: a signed word must come back as it is."""
    word, timestamp, nonce = secrets.token_hex(8), str(int(time.time())), secrets.token_hex(5)
    query = {"timestamp": timestamp, "nonce": nonce, "echostr": word}
    query["signature"] = sign(house.token, timestamp, nonce)
    target, platform = f"{house.base_url}/callback/official", _platform(house)
    return look.callback(
        "official.callback", "公众号回调地址", target, query, word, platform=platform, how=_HOW, why=_why
    )


def _why(_: requests.Response) -> str:
    return "没有通过验证"


_HOW = "让 BASE_URL/callback/official 原样转到应用；应用和 flask doctor 要用同一份 OFFICIAL_TOKEN，改过要重启"


def templates(house: OfficialHouse) -> Iterator[Finding]:
    name, title = "official.templates", "公众号模板消息"
    if house.templates:
        yield Finding(name, title, "ok", f"有模板的通知：{'、'.join(sorted(house.templates))}")
        return
    said = "没有配置模板消息：超过 48 小时没说过话的人，结算和提现的通知要等他下次来才看到"
    yield Finding(name, title, "note", said, "在公众号后台选好模板，按 .env.example 的样子填 OFFICIAL_TEMPLATES")
