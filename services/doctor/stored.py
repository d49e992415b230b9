"""What the database holds: that it answers and fits, that today's keys open it, that the books add up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from domain.compliance import RULESET
from models import schema
from models.base import Sessions
from models.distributor import Identity, Operator
from models.order import Product
from models.plan import PlanVersion
from services import lawful, ledger, report
from services.doctor import Finding, NoDatabase, reading, require_database
from services.terminal import refusal_of
from services.vault import CannotOpen, Vault

OLDEST_SQLITE, OLDEST_POSTGRES, OLDEST_MARIADB, OLDEST_MYSQL = (3, 35), (13,), (10, 6), (8, 0)
SAMPLE = 20


def database(sessions: Sessions) -> Iterator[Finding]:
    """It answers, and is new enough."""
    name, title, engine = "database", "数据库", sessions.engine
    try:
        require_database(sessions)
    except NoDatabase:
        yield Finding(name, title, "wrong", "SQLite 文件还不存在", "启动应用，或执行 flask db upgrade，会自动建立")
        return
    try:
        with engine.connect() as connection:
            dialect = connection.dialect
    except SQLAlchemyError as fault:
        yield Finding(name, title, "wrong", *refusal_of(fault).message.split("；", 1))
        return
    product, version, oldest = _version(dialect.name, getattr(dialect, "is_mariadb", False))
    version = version or tuple(part for part in getattr(dialect, "server_version_info", ()) if isinstance(part, int))
    said = f"{product} {'.'.join(map(str, version[:3]))} 有应答"
    if version < oldest:
        wanted = ".".join(map(str, oldest))
        yield Finding(name, title, "wrong", f"{said}，但太旧", f"升级到 {product} {wanted} 或更新的版本")
    else:
        yield Finding(name, title, "ok", said)


def _version(dialect: str, is_mariadb: bool) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Product, version where it is a library's, and the oldest that serves."""
    if dialect == "sqlite":
        return "SQLite", sqlite3.sqlite_version_info, OLDEST_SQLITE
    if dialect == "postgresql":
        return "PostgreSQL", (), OLDEST_POSTGRES
    return ("MariaDB", (), OLDEST_MARIADB) if is_mariadb else ("MySQL", (), OLDEST_MYSQL)


def migrations(sessions: Sessions) -> Iterator[Finding]:
    require_database(sessions)
    if schema.pending(sessions.engine):
        yield Finding(
            "migrations", "数据库迁移", "wrong", "表结构比程序旧", "执行 flask db upgrade（可以和应用同时运行）"
        )
    else:
        yield Finding("migrations", "数据库迁移", "ok", "表结构是最新的")


def merchant(sessions: Sessions, *, now: datetime) -> Iterator[Finding]:
    """Without a plan nobody earns, without an operator nobody approves, without products nothing is sold."""
    with reading(sessions) as session:
        plans = session.scalar(select(func.count()).select_from(PlanVersion).where(PlanVersion.starts_at <= now)) or 0
        operators = session.scalar(select(func.count()).select_from(Operator)) or 0
        products = session.scalar(select(func.count()).select_from(Product).where(Product.on_shelf)) or 0
        misfits = report.misfits(session, now)
    title = "商家"
    if not plans:
        do = "flask plan publish assets/plans/fruit.yaml --tick TP-1，或发布自己的方案"
        yield Finding("merchant", title, "wrong", "没有生效的分销方案，所有订单都不计佣金", do)
    if not operators:
        do = "flask operator create USERID --name 名字 --role owner"
        yield Finding("merchant", title, "wrong", "没有操作员，没有人能审核提现", do)
    if not products:
        do = "在演示里执行 flask demo load；自己的商品随订单接口或后台录入"
        yield Finding("merchant", title, "note", "没有在售商品", do)
    if misfits:
        do = "在商城里核对这些退款、完成或发货：它们先于订单到达，内容和订单对不上"
        yield Finding("merchant", title, "note", f"最近一天有 {misfits} 条先到的通知和订单对不上", do)
    if plans and operators and products:
        said = f"有生效的方案，操作员 {operators} 人，在售商品 {products} 个"
        yield Finding("merchant", title, "ok", said)


def plans(sessions: Sessions, *, now: datetime) -> Iterator[Finding]:
    """What is in force, or will be, could be published under the rule set of today."""
    name, title = "plans", "方案合规"
    with reading(sessions) as session:
        found = lawful.unlawful(session, now)
    for one in found:
        do = "改好后 flask plan check 新方案，再 flask plan publish；在那之前它还在计佣，已计的佣金照付"
        yield Finding(name, title, "wrong", f"方案「{one.name}」按规则集 {RULESET} 不能发布：{one.rules}", do)
    if not found:
        yield Finding(name, title, "ok", f"生效的和将要生效的方案都符合规则集 {RULESET}")


def books(sessions: Sessions) -> Iterator[Finding]:
    with reading(sessions) as session:
        found = ledger.verify(session)
    if found:
        places = "、".join(item.what for item in found[:3]) + ("……" if len(found) > 3 else "")
        do = "先停止审核提现；flask ledger verify 列出全部差额，按凭证号查清后用调账改正"
        yield Finding("ledger", "账本", "wrong", f"{len(found)} 处对不上：{places}", do)
    else:
        yield Finding("ledger", "账本", "ok", "每笔凭证合计为零，每个余额等于它的分录")


def crypto(vault: Vault, sessions: Sessions) -> Iterator[Finding]:
    """Seal and open; and what is stored opens under today's keys and is found under today's SECRET_KEY."""
    name, title = "crypto", "加密"
    probe = "往返 round trip 13800000000"
    if vault.open(vault.seal(probe)) != probe:
        yield Finding(name, title, "wrong", "加密后解不回原文", "重新生成 ENCRYPTION_KEYS，并恢复用旧密钥的备份")
        return
    with reading(sessions) as session:
        rows = [
            row
            for order in (Identity.id, Identity.id.desc())
            for row in session.execute(
                select(Identity.kind, Identity.digest, Identity.sealed, Identity.plain).order_by(order).limit(SAMPLE)
            )
        ]
    unread = unfound = 0
    for row in rows:
        try:
            value = row.plain if row.sealed is None else vault.open(row.sealed)
        except CannotOpen:
            unread += 1
            continue
        unfound += vault.digest(row.kind, value) != row.digest
    if unread:
        do = "把以前用过的密钥接在 ENCRYPTION_KEYS 后面（新的在前，逗号分开），再重启"
        yield Finding(name, title, "wrong", f"抽查的 {len(rows)} 条身份数据有 {unread} 条解不开", do)
    if unfound:
        do = "SECRET_KEY 换过了，老分销员会认不出来：恢复原来的 SECRET_KEY，再重启"
        yield Finding(name, title, "wrong", f"抽查的 {len(rows)} 条身份数据有 {unfound} 条对不上索引", do)
    if not unread and not unfound:
        yield Finding(name, title, "ok", f"加密、解密往返正常，已存的身份数据抽查 {len(rows)} 条都读得出来")
