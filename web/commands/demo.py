"""`flask demo`: the demo merchant."""

from __future__ import annotations

import click

from models import schema
from services import demo
from services.terminal import Answer, answering
from web.commands import CommandDeps


def group(deps: CommandDeps) -> click.Group:
    @click.group("demo", help="演示商家。")
    def commands() -> None: ...

    @commands.command("load", help="装入演示商家：商品、分销方案（没有任何方案时）、优惠券和操作员；重复执行无害。")
    @answering
    def load() -> Answer:
        deps.ready()
        with schema.locked(deps.sessions.engine, "load"), deps.sessions.writing() as session:
            done = demo.load(session, deps.assets, operators=deps.operators, now=deps.clock())
        data = {"products": done.products, "plan": done.plan, "operators": done.operators, "coupons": done.coupons}
        said = f"发布方案「{done.plan}」" if done.plan else "方案已有，未改动"
        new = f"新增商品 {done.products} 个、优惠券 {done.coupons} 种、操作员 {done.operators} 人"
        return Answer(data, f"演示商家已装好：{new}，{said}。")

    return commands
