"""客户联系 looked over: the secret, who may have customers, who is to serve them, codes that could not be made.

Source   reference/wecom.md §8.0, §8.1, §4.8
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot import look
from bot.contact.client import ContactClient
from bot.wecom.errors import Refused, TokenRejected, WeComFault
from models.base import Sessions
from services.customer import ways
from services.customer.terms import Terms
from services.doctor import Check, Finding, reading, require_database
from services.doctor.running import remedy

_NAMED = 5
_WHERE = "企业微信管理后台 → 客户联系"
_REMEDY = {
    40001: "WECOM_CONTACT_SECRET 不对或已重置：到那个应用的页面查看 Secret，改 .env 后重启",
    48002: f"应用没有客户联系权限：到 {_WHERE} → API → 可调用接口的应用 加上它",
    60011: f"应用没有客户联系权限：到 {_WHERE} → API → 可调用接口的应用 加上它",
    48011: "应用可见范围里的成员不够活跃，平台停了客户数据：让成员登录企业微信，恢复后自动继续",
}


@dataclass(frozen=True)
class ContactHouse:
    """simulated   the simulator's own enterprise"""

    sessions: Sessions
    client: ContactClient = field(repr=False)
    terms: Terms
    api_base: str
    simulated: bool


def checks(house: ContactHouse | None) -> list[Check]:
    """What to look at; without 客户联系 one note that says how to have it."""
    if house is None:
        return [Check("contact", "客户联系", _missing)]
    return [
        Check("contact.secret", "客户联系凭证", lambda: secret(house)),
        Check("contact.members", "客户联系成员", lambda: members(house)),
        Check("contact.codes", "客服二维码", lambda: codes(house)),
    ]


def _missing() -> Iterator[Finding]:
    do = "要把加了企业微信的顾客归到推荐人，在 .env 里填 WECOM_CONTACT_SECRET、WECOM_CONTACT_USERS，重启"
    yield Finding("contact", "客户联系", "note", "没有配置客户联系，不看顾客加了谁", do)


def _platform(house: ContactHouse) -> look.Platform:
    return look.Platform(
        "企业微信", house.api_base, "WECOM_API_BASE", house.simulated, lambda code: _REMEDY.get(code) or remedy(code)
    )


def secret(house: ContactHouse) -> Iterator[Finding]:
    return look.token("contact.secret", "客户联系凭证", _platform(house), house.sessions, house.client.check)


def members(house: ContactHouse) -> Iterator[Finding]:
    """Who has customer permission, and whether those who are to serve customers are among them."""
    require_database(house.sessions)
    name, title, platform = "contact.members", "客户联系成员", _platform(house)
    try:
        able = house.client.follow_users()
    except TokenRejected:
        yield Finding(name, title, "skipped", "没有 access_token，问不了企业微信")
        return
    except WeComFault as fault:
        said = platform.silent(fault) if isinstance(fault, Refused) else f"企业微信没有应答：{fault.reason}"
        yield Finding(name, title, "wrong", said, platform.do(fault))
        return
    without = [userid for userid in house.terms.users if userid not in {one.lower() for one in able}]
    told = "、".join(able[:_NAMED]) + ("…" if len(able) > _NAMED else "")
    if without:
        do = f"到 {_WHERE} → 权限配置 → 使用范围 加上他们，也要在应用的可见范围里；不用的从 WECOM_CONTACT_USERS 去掉"
        yield Finding(name, title, "wrong", f"{'、'.join(without)} 没有客户联系权限，码不会带到他们", do)
    if not able:
        yield Finding(name, title, "wrong", "没有成员有客户联系权限", f"到 {_WHERE} → 权限配置 → 使用范围 加上成员")
    elif not house.terms.open:
        do = "在 .env 里填 WECOM_CONTACT_USERS（或 WECOM_CONTACT_OWN、WECOM_CONTACT_LINK），分销员才有自己的客服二维码"
        yield Finding(name, title, "note", f"{len(able)} 位成员有权限（{told}），没有指定谁接待顾客", do)
    elif not without:
        yield Finding(name, title, "ok", f"{len(able)} 位成员有权限：{told}")


def codes(house: ContactHouse) -> Iterator[Finding]:
    """Distributors' codes that were ordered and could not be made."""
    name, title = "contact.codes", "客服二维码"
    if not house.terms.by_code:
        how = "获客链接" if house.terms.link else "没有开"
        yield Finding(name, title, "ok", f"不用建码：{how}")
        return
    with reading(house.sessions) as session:
        made, failed, why = ways.figures(session)
    if failed:
        do = "改好原因后，请他们再发一次「我的链接」，就会重新建"
        yield Finding(name, title, "note", f"{failed} 位分销员的码没建成，最近一次：{why}", do)
    else:
        yield Finding(name, title, "ok", f"已有 {made} 位分销员的码")
