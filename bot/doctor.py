"""WeChat Work looked over: the token, our address as the platform sees it, the menu, the callback, its clock.

The platform is asked with the calls of every day; what it says of our address (60020) is quoted word for word.

Source   reference/wecom.md §1.2, §6; product.md §2
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from bot import look
from bot.wecom import xml
from bot.wecom.client import Client
from bot.wecom.crypto import Envelope
from bot.wecom.errors import Refused, TokenRejected, WeComFault
from models.base import Sessions
from services.doctor import Check, Finding, require_database
from services.doctor.running import remedy

APART = timedelta(seconds=60)
NOT_IN_LIST, NO_MENU = 60020, 46003
VARIABLES = "WECOM_CORP_ID、WECOM_AGENT_ID、WECOM_SECRET、WECOM_TOKEN、WECOM_AES_KEY"


@dataclass(frozen=True)
class WecomHouse:
    """simulated   the simulator's own enterprise: what does not answer is started with `make run`"""

    sessions: Sessions
    client: Client = field(repr=False)
    envelope: Envelope = field(repr=False)
    agent_id: int
    base_url: str
    api_base: str
    simulated: bool


def checks(house: WecomHouse | None) -> list[Check]:
    """What to look at; without an enterprise one finding that says what is missing."""
    if house is None:
        return [Check("wecom", "企业微信", _missing)]
    return [
        Check("wecom.token", "企业微信凭证", lambda: token(house)),
        Check("wecom.ip", "出口 IP", lambda: address(house)),
        Check("wecom.callback", "回调地址", lambda: callback(house)),
        Check("wecom.clock", "平台时间", lambda: platform_clock(house)),
    ]


def _missing() -> Iterator[Finding]:
    do = f"在 .env 里填 {VARIABLES}，重启；它们在企业微信管理后台 → 应用管理 → 应用里。要先试用，设 DEMO=1"
    said = "没有配置企业微信应用，回调是 404，收不到也发不出消息"
    yield Finding("wecom", "企业微信", "wrong", said, do)


def _platform(house: WecomHouse) -> look.Platform:
    return look.Platform("平台", house.api_base, "WECOM_API_BASE", house.simulated, remedy)


def token(house: WecomHouse) -> Iterator[Finding]:
    return look.token("wecom.token", "企业微信凭证", _platform(house), house.sessions, house.client.check)


def address(house: WecomHouse) -> Iterator[Finding]:
    """Business calls are refused from addresses that are not in the app's list; gettoken usually is not."""
    require_database(house.sessions)
    name, title, platform = "wecom.ip", "出口 IP", _platform(house)
    try:
        house.client.menu_get(house.agent_id)
    except Refused as fault:
        if fault.errcode == NO_MENU:
            yield Finding(name, title, "ok", "平台接受本机的出口 IP")
            yield Finding("wecom.menu", "应用菜单", "note", "还没有菜单", "flask bot menu")
        elif fault.errcode == NOT_IN_LIST:
            seen = re.search(r"from ip: *([0-9A-Fa-f.:]+)", fault.errmsg)
            ours = f"本机的出口 IP {seen[1]}" if seen else "本机的出口 IP"
            yield Finding(name, title, "wrong", f"{ours} 不在可信名单：{fault.reason}", remedy(NOT_IN_LIST))
        else:
            yield Finding(name, title, "wrong", platform.silent(fault), platform.do(fault))
    except TokenRejected:
        yield Finding(name, title, "skipped", "没有 access_token，问不了平台")
    except WeComFault as fault:
        yield Finding(name, title, "wrong", platform.silent(fault), platform.do(fault))
    else:
        yield Finding(name, title, "ok", "平台接受本机的出口 IP，应用菜单已创建")


def callback(house: WecomHouse) -> Iterator[Finding]:
    """The platform's verification: a signed and sealed word must come back in the clear."""
    word, timestamp, nonce = secrets.token_hex(8), str(int(time.time())), secrets.token_hex(5)
    sealed = xml.read(house.envelope.seal(word, nonce, timestamp).encode()).fields
    query = {"timestamp": timestamp, "nonce": nonce, "echostr": sealed["Encrypt"]}
    query["msg_signature"] = sealed["MsgSignature"]
    target = f"{house.base_url}/callback/wecom"
    return look.callback(
        "wecom.callback", "回调地址", target, query, word, platform=_platform(house), how=_HOW, why=_why
    )


_HOW = "让 BASE_URL/callback/wecom 原样转到应用；应用和 flask doctor 要用同一份 WECOM_TOKEN、WECOM_AES_KEY，改过要重启"


def _why(response: requests.Response) -> str:
    if response.status_code == 200:
        return "内容不是解密后的明文"
    return {403: "签名或密文没有通过", 404: "那里没有回调，或应用没有配置企业微信"}.get(
        response.status_code, "不是预期的 200"
    )


def platform_clock(house: WecomHouse) -> Iterator[Finding]:
    """Signatures and tokens go by time; the Date of any answer, whatever else it says, is the platform's clock."""
    name, title = "wecom.clock", "平台时间"
    try:
        with look.loopback_session(house.api_base) as session:
            began = datetime.now(UTC)
            response = session.get(house.api_base, timeout=look.TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as fault:
        yield Finding(name, title, "skipped", f"平台没有应答（{type(fault).__name__}），比不了时间")
        return
    date = _read_date(response.headers.get("Date"))
    if date is None:
        yield Finding(name, title, "skipped", "平台没有说它的时间")
        return
    apart = began + (datetime.now(UTC) - began) / 2 - date
    if abs(apart) > APART:
        said = f"本机时间比平台{'快' if apart > timedelta() else '慢'} {abs(apart).total_seconds():.0f} 秒"
        yield Finding(name, title, "wrong", said, "打开系统的时间同步（NTP），例如 timedatectl set-ntp true")
    else:
        yield Finding(name, title, "ok", "本机时间和平台一致")


def _read_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return date if date and date.tzinfo else None
