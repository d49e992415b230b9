"""`flask entitlement`: rewards in kind, what the merchant has to give and what became of it."""

from __future__ import annotations

from typing import Any

import click

from domain.entitlement import CannotBe, State
from domain.plan.reward import reward_of
from services import entitlement
from services.entitlement import Held, Unknown
from services.terminal import Answer, Refusal, answering, clock_text, columns, iso
from web.commands import CommandDeps

STATES: dict[State, str] = {
    "issued": "待使用或寄出",
    "used": "已使用",
    "sent": "已寄出",
    "expired": "已过期",
    "reversed": "已收回",
}
KINDS = {"coupon": "优惠券", "points": "积分", "gift": "赠品", "title": "荣誉称号"}
LISTED = 100
MOVES: dict[str, tuple[State, str, str]] = {
    "use": ("used", "标记一张优惠券已使用。", "备注，例如订单号。"),
    "send": ("sent", "标记一份赠品已寄出。", "备注，例如快递单号。"),
    "expire": ("expired", "标记一份还没有使用或寄出的奖励已过期。", "备注。"),
}


def group(deps: CommandDeps) -> click.Group:
    @click.group("entitlement", help="实物和权益奖励：优惠券、积分、赠品、荣誉称号。")
    def commands() -> None: ...

    @commands.command("list", help=f"谁有什么奖励；一次最多 {LISTED} 份，下一页用 --after。")
    @click.option("--state", type=click.Choice([*STATES, "all"]), default="issued", show_default=True)
    @click.option("--code", help="只看这个推广码的分销员。")
    @click.option("--after", type=click.IntRange(min=0), default=0, help="只列编号更大的。")
    @answering
    def list_(state: str, code: str | None, after: int) -> Answer:
        deps.ready()
        wanted = _STATE.get(state)  # None of them: all
        with deps.sessions.reading() as session:
            found = entitlement.listed(session, state=wanted, code=code, after=after, limit=LISTED)
        table = [("编号", "分销员", "奖励", "因为", "状态", "发放", "备注"), *(_line(held) for held in found)]
        text = columns(table, indent="") if found else "没有这样的奖励。"
        if len(found) == LISTED:
            text += f"\n还有更多：--after {found[-1].row.id}"
        return Answer({"entitlements": [_data(held) for held in found]}, text)

    for name, (to, help_, note) in MOVES.items():
        commands.add_command(_moving(deps, name, to, help_, note))
    return commands


def _moving(deps: CommandDeps, name: str, to: State, help_: str, note_help: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("number", type=click.IntRange(min=1))
    @click.option("--note", help=note_help)
    @answering
    def command(number: int, note: str | None) -> Answer:
        return _move(deps, number, to, note)

    return command


def _move(deps: CommandDeps, number: int, to: State, note: str | None) -> Answer:
    deps.ready()
    try:
        with deps.sessions.writing() as session:
            row, changed = entitlement.move(session, number, to, note=note and note[:255], now=deps.clock())
    except Unknown:
        raise Refusal("entitlement.unknown", f"没有编号为 {number} 的奖励；用 flask entitlement list 查看") from None
    except CannotBe as fault:
        kind, state = KINDS[fault.facts["kind"]], _told(fault.facts["state"])
        raise Refusal("entitlement.cannot_be", f"编号 {number} 是{kind}，{state}，不能标记为{STATES[to]}") from None
    data = {"number": row.id, "kind": row.kind, "state": row.state, "changed": changed, "note": row.note}
    said = f"编号 {row.id}：{STATES[to]}。" if changed else f"编号 {row.id} 之前就已标记为{STATES[to]}，没有变化。"
    return Answer(data, said)


def _data(held: Held) -> dict[str, Any]:
    row = held.row
    return {
        "number": row.id,
        "code": held.who.code,
        "name": held.who.nickname,
        "kind": row.kind,
        "content": row.content,
        "worth": row.worth.yuan if row.worth is not None else None,
        "for": held.title,
        "state": row.state,
        "issued_at": iso(row.issued_at),
        "changed_at": iso(row.changed_at),
        "note": row.note,
    }


def _line(held: Held) -> tuple[str, ...]:
    row = held.row
    reward = reward_of({row.kind: row.content} | ({} if row.worth is None else {"value": row.worth.yuan}))
    who = f"{held.who.nickname}（{held.who.code}）"
    return str(row.id), who, reward, held.title, _told(row.state), clock_text(row.issued_at) or "", row.note or ""


def _told(state: str) -> str:
    return STATES[_STATE[state]]


_STATE = {str(state): state for state in STATES}
