"""`flask distributor`: suspend somebody, let him back, note his departure, each from its own time on; his role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from domain.distributor import WrongStatus
from domain.errors import Invalid
from models.distributor import Distributor
from services import distributor, standing
from services import group as customer_groups
from services.terminal import INSTANT, Answer, Refusal, answering, clock_text, iso
from web.commands import CommandDeps

Change = Callable[..., bool]
ROLES = {"member": "普通分销员", "leader": "团长", "creator": "达人", "guide": "导购"}
STATUSES = {"active": "正常", "suspended": "已暂停", "departed": "已离开", "review": "待审核", "refused": "未通过"}


def group(deps: CommandDeps) -> click.Group:
    @click.group("distributor", help="分销员。")
    def commands() -> None: ...

    for name, change, meaning in (
        ("suspend", standing.suspend, "暂停一个分销员：从这一刻起付款的订单，他不再计佣；已有的佣金不动。"),
        ("resume", standing.resume, "恢复一个被暂停的分销员。"),
        ("depart", standing.depart, "分销员离开：不再计佣，也不再给他发消息。"),
    ):
        commands.add_command(_command(deps, name, change, meaning))
    commands.add_command(_role(deps))
    return commands


def _role(deps: CommandDeps) -> click.Command:
    @click.command("role", help="给分销员定角色；从现在起的订单按新角色计佣，已有的不动。")
    @click.argument("code")
    @click.argument("role", type=click.Choice(list(ROLES)))
    @answering
    def command(code: str, role: str) -> Answer:
        deps.ready()
        vault, now = deps.vault, deps.clock()
        assert vault is not None  # noqa: S101 - app.py gives every command one

        def work(session: Session) -> tuple[dict[str, object], str, list[str]]:
            who = distributor.find_by_code(session, code)
            if who is None:
                raise Refusal("distributor.unknown", f"没有编号为「{code}」的分销员")
            changed = customer_groups.set_role(session, vault, who, role, now=now)
            groups = [row.shown_name for row in customer_groups.led_by(session, who)]
            data = {"code": who.code, "role": who.role, "changed": changed, "groups": groups}
            return data, who.nickname, groups

        data, name, groups = deps.sessions.transact(work)
        said = f"{data['code']} {name}：{ROLES[role]}{'' if data['changed'] else '（没有变化）'}。"
        if role == "leader":
            said += f"\n名下的客户群：{'、'.join(groups) or '还没有；他做群主的群归他，也可以 flask group assign'}"
        return Answer(data, said)

    return command


def _command(deps: CommandDeps, name: str, change: Change, meaning: str) -> click.Command:
    @click.command(name, help=meaning)
    @click.argument("code")
    @click.option("--at", type=INSTANT, help="生效时间，默认现在；早于现在时，之后的订单会重新计佣。")
    @answering
    def command(code: str, at: datetime | None) -> Answer:
        deps.ready()
        now = deps.clock()

        def work(session: Session) -> tuple[dict[str, object], str, str]:
            who = distributor.find_by_code(session, code)
            if who is None:
                raise Refusal("distributor.unknown", f"没有编号为「{code}」的分销员")
            changed = _carry_out(change, session, who, at or now, now)
            data = {"code": who.code, "status": who.status, "changed": changed, "at": iso(at or now)}
            return data, who.nickname, STATUSES[who.status]

        data, name_, status = deps.sessions.transact(work)
        since = f"，{clock_text(at or now)} 起" if data["changed"] else "（没有变化）"
        return Answer(data, f"{data['code']} {name_}：{status}{since}。")

    return command


def _carry_out(change: Change, session: Session, who: Distributor, at: datetime, now: datetime) -> bool:
    try:
        return change(session, who, at=at, now=now)
    except Invalid as refusal:
        fields = [{"field": f"--{field}", "message": message} for field, message in refusal.faults]
        raise Refusal(refusal.code, "没有被接受：", fields) from None
    except WrongStatus as refusal:
        said = f"{refusal.facts['code']} 现在是「{STATUSES[refusal.facts['status']]}」，不能这样改"
        raise Refusal(refusal.code, said) from None
