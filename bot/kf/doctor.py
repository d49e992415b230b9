"""The 微信客服 looked over: the secret, the account, who receives, and whether its log is being read.

Source   reference/wecom.md §9.0, §9.1, §9.9; product.md §2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.kf.client import KfClient
from bot.wecom.errors import Refused, TokenRejected, WeComFault
from models.base import Sessions
from models.kf import KfLog
from services.doctor import LATE, Check, Finding, reading, require_database
from services.doctor.running import KF, remedy

# What the app's own errcodes mean where the secret is another one.
_REMEDY = {
    40001: f"KF_SECRET 不对或已重置：到 {KF} → 可调用接口的应用 查看是哪个应用，填它的 Secret，改 .env 后重启",
    48002: f"应用没有微信客服的接口权限：到 {KF} → 可调用接口的应用 加上它",
}


@dataclass(frozen=True)
class KfHouse:
    """simulated   the simulator's own account"""

    sessions: Sessions
    client: KfClient = field(repr=False)
    clock: Callable[[], datetime]
    simulated: bool


def checks(house: KfHouse | None) -> list[Check]:
    """What to look at; without an account one note that says how to have one."""
    if house is None:
        return [Check("kf", "微信客服", _missing)]
    return [
        Check("kf.token", "微信客服凭证", lambda: token(house)),
        Check("kf.account", "微信客服账号", lambda: account(house)),
        Check("kf.servicers", "接待人员", lambda: servicers(house)),
        Check("kf.log", "微信客服收消息", lambda: read(house)),
    ]


def _missing() -> Iterator[Finding]:
    do = f"要用微信客服，在 .env 里填 KF_ACCOUNT（wk 开头）和 KF_SECRET，重启；它们在 {KF}"
    yield Finding("kf", "微信客服", "note", "没有配置微信客服", do)


def token(house: KfHouse) -> Iterator[Finding]:
    require_database(house.sessions)
    name, title = "kf.token", "微信客服凭证"
    try:
        house.client.check()
    except WeComFault as fault:
        yield Finding(name, title, "wrong", f"取不到 access_token：{fault.reason}", _do(house, fault))
        return
    yield Finding(name, title, "ok", "有 access_token 可用")


def account(house: KfHouse) -> Iterator[Finding]:
    """The account is the enterprise's, and the API may manage it."""
    require_database(house.sessions)
    name, title = "kf.account", "微信客服账号"
    try:
        rows = house.client.accounts()
    except TokenRejected:
        yield Finding(name, title, "skipped", "没有 access_token，问不了平台")
        return
    except WeComFault as fault:
        yield Finding(name, title, "wrong", f"平台没有给出账号：{fault.reason}", _do(house, fault))
        return
    mine = next((row for row in rows if row.get("open_kfid") == house.client.account), None)
    if mine is None:
        yield Finding(name, title, "wrong", f"企业的 {len(rows)} 个客服账号里没有 KF_ACCOUNT 这一个", remedy(95004))
    elif mine.get("manage_privilege") is False:
        yield Finding(name, title, "wrong", f"「{mine.get('name')}」不由接口管理，收发都会被拒绝", remedy(95017))
    else:
        yield Finding(name, title, "ok", f"账号「{mine.get('name')}」可用")


def servicers(house: KfHouse) -> Iterator[Finding]:
    require_database(house.sessions)
    name, title = "kf.servicers", "接待人员"
    try:
        count = house.client.receiving()
    except TokenRejected:
        yield Finding(name, title, "skipped", "没有 access_token，问不了平台")
    except WeComFault as fault:
        yield Finding(name, title, "wrong", f"平台没有给出接待人员：{fault.reason}", _do(house, fault))
    else:
        if count:
            yield Finding(name, title, "ok", f"{count} 人正在接待，「人工」可以转给他们")
        else:
            do = f"到 {KF} 给账号加接待人员，并让他们打开接待"
            yield Finding(name, title, "note", "没有人在接待，顾客要「人工」时转不出去", do)


def read(house: KfHouse) -> Iterator[Finding]:
    """The log is read every few minutes even where nobody knocks."""
    name, title, now = "kf.log", "微信客服收消息", house.clock()
    with reading(house.sessions) as session:
        row = session.scalar(select(KfLog).where(KfLog.open_kfid == house.client.account))
    do = "看应用（用 Redis 时还有 dramatiq app）是否在运行，再看日志里 event 为 kf.unread 的行"
    if row is None or row.asked_at is None:
        yield Finding(name, title, "wrong", "还没有收过消息", do)
    elif row.failures or now - row.asked_at > LATE + timedelta(minutes=1):
        said = f"连续 {row.failures} 次没有收成" if row.failures else "很久没有去收了"
        yield Finding(name, title, "wrong", said, do)
    else:
        yield Finding(name, title, "ok", "在正常收消息")


def _do(house: KfHouse, fault: WeComFault) -> str:
    if isinstance(fault, Refused | TokenRejected):
        return _REMEDY.get(fault.errcode) or remedy(fault.errcode)
    if house.simulated:
        return "模拟器没有应答：用 make run 启动"
    return "检查本机能否访问企业微信（防火墙、代理、DNS），再看 WECOM_API_BASE"
