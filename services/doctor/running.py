"""What runs by the clock, and what waits to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.base import Sessions
from models.message import Inbox, JobState, Outbox, Pause
from services.doctor import LATE, RECENT, Finding, reading
from services.terminal import clock_text

Jobs = Callable[[], Sequence[tuple[str, str, datetime]]]


def scheduler(sessions: Sessions, jobs: Jobs, *, now: datetime) -> Iterator[Finding]:
    """`jobs()` lists name, title and the moment at which it is due next, as the scheduler does."""
    title = "定时任务"
    wall = datetime.now(UTC)
    with reading(sessions) as session:
        row = session.scalar(select(JobState).where(JobState.name == "scheduler"))
    do = "启动应用（python app.py），分开部署时启动 python -m jobs.scheduler"
    if row is None or row.beat_at is None:
        yield Finding("scheduler", title, "wrong", "调度进程还没有运行过", do)
        return
    if row.holder is None or row.held_until is None or row.held_until < wall:
        yield Finding("scheduler", title, "wrong", f"调度进程没有在运行，最后一次心跳 {clock_text(row.beat_at)}", do)
        return
    listed = jobs()
    late = [(name, said, due) for name, said, due in listed if due < now - LATE]
    for name, said, due in late:
        how = f"看日志里 event 为 job.failed、job 为 {name} 的一行；改好后执行 flask job run {name}"
        yield Finding("scheduler", title, "wrong", f"「{said}」该在 {clock_text(due)} 做，到现在没有做成", how)
    if not late:
        yield Finding("scheduler", title, "ok", f"调度进程在运行，{len(listed)} 个任务都按时")


def outbox(sessions: Sessions, *, now: datetime) -> Iterator[Finding]:
    """Messages that should have been sent, that were given up, and messages of people that could not be handled."""
    title, overdue = "发件箱", now - LATE
    with reading(sessions) as session:
        waiting = (Outbox.state.in_(("waiting", "sending")), Outbox.due_at < overdue)
        late, oldest = session.execute(select(func.count(), func.min(Outbox.due_at)).where(*waiting)).one()
        given_up = _count(session, Outbox.state == "given_up", Outbox.created_at > now - RECENT)
        unhandled = _count(session, Inbox.state.in_(("waiting", "pulled")), Inbox.due_at < overdue)
        failed = _count(session, Inbox.state == "failed", Inbox.received_at > now - RECENT)
    if late:
        do = "先看「发送暂停」和企业微信各项；都正常时，看应用（用 Redis 时还有 dramatiq app）是否在运行"
        yield Finding("outbox", title, "wrong", f"{late} 条消息该发没发，最早的从 {clock_text(oldest)} 起", do)
    if unhandled:
        do = "看应用是否在运行，再看日志里 event 为 message.failed 的行"
        yield Finding("inbox", "收件箱", "wrong", f"{unhandled} 条收到的消息没有处理", do)
    if given_up:
        do = "看日志里放弃的原因；收件人不在应用可见范围时，在企业微信后台把他加进去"
        yield Finding("outbox", title, "note", f"最近一天有 {given_up} 条消息放弃发送", do)
    if failed:
        yield Finding("inbox", "收件箱", "note", f"最近一天有 {failed} 条消息处理失败", "看日志里 message.failed 的行")
    if not late and not unhandled:
        yield Finding("outbox", title, "ok", "没有积压的消息")


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


KF = "企业微信管理后台 → 应用管理 → 微信客服"
_REMEDY = {
    40001: "WECOM_SECRET 不对或已重置：到 应用管理 → 应用 → Secret 查看，改 .env 后重启",
    40013: "WECOM_CORP_ID 不对：到 我的企业 → 企业ID 查看，改 .env 后重启",
    48002: "应用没有这个接口的权限：到 应用管理 → 应用 打开相应权限",
    60020: "本机出口 IP 不在可信名单：到 应用管理 → 应用 → 企业可信IP 加上它，约一分钟生效",
    45009: "到了接口的频率上限：不用做什么，额度恢复后自动继续",
    48007: "企业还没有开通微信客服的接口：完成企业认证后到管理后台开通",
    60030: "接待人员不在应用可见范围：到 应用管理 → 应用 → 可见范围 加上他们",
    95000: f"KF_ACCOUNT 不对：flask kf accounts 列出有哪些，或到 {KF} 查看，改 .env 后重启",
    95003: "未认证的企业能接待的顾客有限，已经满了：完成企业认证",
    95004: f"KF_ACCOUNT 不是这个企业的：flask kf accounts 列出有哪些，或到 {KF} 查看，改 .env 后重启",
    95017: f"没有打开接口开关：到 {KF} → 通过API管理微信客服账号 选上这个账号",
    95026: f"客服账号用得太少被停用：到 {KF} 重新启用",
    93000: "群机器人的地址失效：在群里重新添加机器人，改 WECOM_ROBOT_KEYS 后重启",
}


_SCOPES = {
    "wecom": "应用的消息",
    "official": "公众号的消息",
    "kf": "微信客服的消息",
    "kflog": "接收微信客服的消息",
    "contact": "客户联系（欢迎语、建码、查顾客）",
}


def remedy(errcode: int) -> str:
    """What to do about an errcode of WeChat Work that stops the sending."""
    return _REMEDY.get(errcode, f"在企业微信开发者文档里查错误码 {errcode}，改好后自动继续，不用重启")


def pauses(sessions: Sessions) -> Iterator[Finding]:
    title = "发送暂停"
    with reading(sessions) as session:
        rows = session.scalars(select(Pause).order_by(Pause.scope)).all()
    for row in rows:
        what = _SCOPES.get(row.scope, "一个群机器人的消息")
        platform = "微信" if row.scope == "official" else "企业微信"
        said = f"{what}从 {clock_text(row.since)} 起暂停，{platform}返回 {row.errcode}"
        yield Finding("pauses", title, "wrong", said, remedy(row.errcode))
    if not rows:
        yield Finding("pauses", title, "ok", "没有暂停")
