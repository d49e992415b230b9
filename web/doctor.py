"""`flask doctor`: everything looked over, in words that say what to do.

    doctor.command([*doctor.checks(deps), *wecom_checks])

Exit     1 if anything is wrong; a note or a check that was skipped is no fault by itself
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from sqlalchemy.exc import SQLAlchemyError

from models.base import Sessions
from services.doctor import Check, Finding, NoDatabase, Status, machine, running, stored
from services.terminal import Answer, answering, width
from services.vault import Vault

log = logging.getLogger(__name__)

MARKS = {"ok": "✓", "note": "!", "wrong": "✗", "skipped": "–"}


@dataclass(frozen=True)
class DoctorDeps:
    """What the house's own checks need.

    clock_shift  how far CLOCK_FILE moves the clock
    redis        asks Redis: None is well, a text says what is wrong; None instead of a function: no REDIS_URL
    jobs         name, title and next moment of every job, as the scheduler lists them
    simulated    the enterprise is the simulator's; None: there is none
    """

    sessions: Sessions
    vault: Vault
    clock: Callable[[], datetime]
    clock_shift: Callable[[], timedelta]
    clock_file: Path | None
    assets: Path
    base_url: str
    demo: bool
    order_api: bool
    simulated: bool | None
    redis: Callable[[], str | None] | None
    jobs: Callable[[], Sequence[tuple[str, str, datetime]]]


def checks(deps: DoctorDeps) -> list[Check]:
    """The house's own checks, in the order in which faults are best mended."""
    sessions, now = deps.sessions, deps.clock
    return [
        Check("configuration", "配置", lambda: _configuration(deps)),
        Check("database", "数据库", lambda: stored.database(sessions)),
        Check("migrations", "数据库迁移", lambda: stored.migrations(sessions)),
        Check("crypto", "加密", lambda: stored.crypto(deps.vault, sessions)),
        Check("redis", "Redis", lambda: _redis(deps)),
        Check("clock", "时钟和时区", lambda: machine.clock(deps.clock_shift(), deps.clock_file)),
        Check("fonts", "字体和海报", lambda: machine.fonts(deps.assets, sessions)),
        Check("merchant", "商家", lambda: stored.merchant(sessions, now=now())),
        Check("plans", "方案合规", lambda: stored.plans(sessions, now=now())),
        Check("scheduler", "定时任务", lambda: running.scheduler(sessions, deps.jobs, now=now())),
        Check("outbox", "发件箱", lambda: running.outbox(sessions, now=now())),
        Check("pauses", "发送暂停", lambda: running.pauses(sessions)),
        Check("ledger", "账本", lambda: stored.books(sessions)),
    ]


def command(looks: Sequence[Check]) -> click.Command:
    @click.command("doctor", help="体检：逐项检查配置、数据库、企业微信和账本，每个问题都说怎么办。")
    @answering
    def doctor() -> Answer:
        findings = [finding for look in looks for finding in examine(look)]
        wrong = sum(finding.status == "wrong" for finding in findings)
        data = {"ok": not wrong, "findings": [finding.data() for finding in findings]}
        return Answer(data, "\n".join(_text(findings, wrong)), found=bool(wrong))

    return doctor


def examine(look: Check) -> list[Finding]:
    """The findings of one check, whatever happens in it."""
    try:
        return list(look.run())
    except NoDatabase:
        return [Finding(look.name, look.title, "skipped", "还没有数据库，查不了")]
    except SQLAlchemyError:
        return [Finding(look.name, look.title, "skipped", "数据库没有应答，或表结构不全，查不了")]
    except Exception as fault:  # one check that breaks must not hide what the others see
        log.exception("a check broke", extra={"event": "doctor.broken", "check": look.name})
        do = "把日志里 doctor.broken 的一行发给维护者"
        return [Finding(look.name, look.title, "wrong", f"检查时出错（{type(fault).__name__}）", do)]


def _text(findings: Sequence[Finding], wrong: int) -> Iterator[str]:
    widest = max(width(finding.title) for finding in findings)
    for finding in findings:
        yield f"{MARKS[finding.status]} {finding.title}{' ' * (widest - width(finding.title))}  {finding.said}"
        if finding.do:
            yield f"{' ' * (widest + 4)}→ {finding.do}"
    yield ""
    yield f"有 {wrong} 个问题要处理。" if wrong else "一切正常。"


def _configuration(deps: DoctorDeps) -> Iterator[Finding]:
    """What is allowed and may still be meant otherwise; values that are wrong keep every command from starting."""
    name, title = "configuration", "配置"
    found = list(_doubts(deps))
    yield from (Finding(name, title, status, said, do) for status, said, do in found)
    if not found:
        yield Finding(name, title, "ok", f"地址 {deps.base_url}" + ("，演示模式" if deps.demo else ""))


def _doubts(deps: DoctorDeps) -> Iterator[tuple[Status, str, str]]:
    real = deps.simulated is False
    if real and _is_private(deps.base_url):
        do = "把 BASE_URL 设成顾客能打开的公网地址，例如 https://tuike.example.com，重启"
        yield "wrong", f"BASE_URL 是 {deps.base_url}，推广链接和二维码别人打不开", do
    elif real and not deps.base_url.startswith("https://"):
        yield "note", "BASE_URL 不是 https", "给域名装上证书，把 BASE_URL 改成 https:// 开头"
    if real and deps.demo:
        do = "正式使用时去掉 DEMO（密钥要自己设，见 .env.example）"
        yield "note", "接的是真实企业，却开着 DEMO=1：时钟可以拨动，密钥是自动生成的", do
    if not deps.order_api:
        yield "note", "没有设 ORDER_API_SECRET，订单接口关闭", "要让商城推送订单，设一个密钥并同样填在商城里"


def _is_private(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host


def _redis(deps: DoctorDeps) -> Iterator[Finding]:
    if deps.redis is None:
        yield Finding("redis", "Redis", "ok", "没有用 Redis，后台任务在应用进程里做")
    elif fault := deps.redis():
        do = "启动 Redis，检查 REDIS_URL；在此之前消息由清扫补发，会慢几秒"
        yield Finding("redis", "Redis", "wrong", f"Redis 没有应答（{fault}）", do)
    else:
        yield Finding("redis", "Redis", "ok", "Redis 有应答")
