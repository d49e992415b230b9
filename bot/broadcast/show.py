"""群发 as the commands show them: in words, and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.broadcast import Broadcast, BroadcastTask
from models.distributor import Distributor
from services import broadcast
from services.broadcast import Draft, LeftOut
from services.terminal import clock_text, columns, iso

STATES = {
    "draft": "待建",
    "asking": "正在建",
    "unknown": "不知道有没有建成",
    "created": "等成员确认",
    "confirmed": "已确认，正在发",
    "done": "已发完",
    "lapsed": "一直没有确认",
    "refused": "企业微信没有接受",
    "cancelled": "已取消",
}
WHY = {
    "over_cap": "这个周期的群发次数用完了",
    "no_owner": "还不知道群主是谁，flask group sync 后再试",
    "no_leader": "没有团长，不能用谁的名义发",
    "not_active": "团长或分销员已停止推广",
    "no_customers": "没有客户",
}
UNITS = {"group": "个群", "single": "位客户"}


def left_out_lines(draft: Draft) -> list[str]:
    return [f"不会收到：{_whom(draft, one)}，{WHY[one.why]}。" for one in draft.left_out]


def left_out_fields(draft: Draft) -> list[dict[str, str]]:
    return [{"field": _whom(draft, one), "message": WHY[one.why]} for one in draft.left_out]


def _whom(draft: Draft, one: LeftOut) -> str:
    return f"「{one.name}」" if draft.audience == "group" else f"{one.name} 的 {one.count} {UNITS['single']}"


def draft_data(draft: Draft) -> dict[str, Any]:
    parts = [
        {"sender": part.sender, "leader": part.who.code if part.who else None, "receivers": len(part.receivers)}
        for part in draft.parts
    ]
    left_out = [{"name": one.name, "why": one.why, "count": one.count} for one in draft.left_out]
    return {"audience": draft.audience, "receivers": draft.receivers, "parts": parts, "left_out": left_out}


def draft_text(draft: Draft) -> str:
    unit = UNITS[draft.audience]
    lines = [f"会发给 {draft.receivers} {unit}，由 {len({part.sender for part in draft.parts})} 位成员确认后发出："]
    lines += [f"  {part.sender} 确认，{len(part.receivers)} {unit}{_names(part.receivers)}" for part in draft.parts]
    return "\n".join([*lines, *left_out_lines(draft)])


def _names(receivers: Sequence[broadcast.Receiver]) -> str:
    named = [one.name for one in receivers[:5] if one.name]
    return f"：{'、'.join(named)}{' 等' if len(receivers) > len(named) else ''}" if named else ""


def broadcast_data(row: Broadcast, tasks: Sequence[BroadcastTask]) -> dict[str, Any]:
    sums = broadcast.counts(tasks)
    return {
        "number": row.id,
        "audience": row.audience,
        "text": row.text,
        "created_at": iso(row.created_at),
        "operator": row.operator,
        "tasks": sums.tasks,
        "waiting": sums.waiting,
        "unknown": sums.unknown,
        "targets": sums.targets,
        "sent": sums.sent,
        "unsent": sums.unsent,
        "no_friend": sums.no_friend,
        "over_cap": sums.over_cap,
        "failed": sums.failed,
    }


def task_data(task: BroadcastTask, who: Distributor | None) -> dict[str, Any]:
    return {
        "task": task.place,
        "sender": task.sender,
        "leader": who.code if who else None,
        "state": task.state,
        "msgid": task.msgid,
        "targets": task.targets,
        "sent": task.sent,
        "unsent": task.unsent,
        "no_friend": task.no_friend,
        "over_cap": task.over_cap,
        "failed": task.failed,
        "confirmed_at": iso(task.confirmed_at),
        "looked_at": iso(task.looked_at),
        "reminded": len(task.reminded),
        "fault": task.fault,
    }


def list_text(rows: Sequence[Broadcast], tasks: Mapping[int, Sequence[BroadcastTask]]) -> str:
    if not rows:
        return "没有群发。"
    table = [("编号", "建于", "发给", "发到", "等确认", "文字")]
    for row in rows:
        sums = broadcast.counts(tasks[row.id])
        first = row.text.splitlines()[0][:20] if row.text else ""
        sent = f"{sums.sent}/{sums.targets} {UNITS[row.audience]}"
        table.append((str(row.id), clock_text(row.created_at), UNITS[row.audience][1:], sent, str(sums.waiting), first))
    return columns(table, indent="")


def broadcast_text(row: Broadcast, tasks: Sequence[tuple[BroadcastTask, Distributor | None]]) -> str:
    sums, unit = broadcast.counts([task for task, _ in tasks]), UNITS[row.audience]
    head = f"群发 {row.id}：发到 {sums.sent}/{sums.targets} {unit}，{sums.waiting} 位成员还没有确认。"
    table = [("条", "确认人", "团长", "状态", "发到", "没发", "非好友", "次数用完", "无效")]
    table += [
        (
            str(task.place), task.sender, who.nickname if who else "", STATES[task.state],
            f"{task.sent}/{task.targets}", str(task.unsent), str(task.no_friend), str(task.over_cap), str(task.failed),
        )
        for task, who in tasks
    ]  # fmt: skip
    lines = [head, columns(table)]
    lines += [f"第 {task.place} 条：{task.fault}" for task, _ in tasks if task.fault and task.state != "created"]
    if any(task.state == "unknown" for task, _ in tasks):
        how = f"flask broadcast resolve {row.id} --task 条 --missing（没有）或 --msgid …（有）"
        lines.append(f"「{STATES['unknown']}」的，系统会自己去找；一直找不到时，到管理后台看有没有，再执行 {how}")
    if sums.waiting:
        lines.append(f"确认人在企业微信里点「发送」才会发出；提醒他们：flask broadcast remind {row.id}")
    return "\n".join(lines)
