"""`flask broadcast`: send something to leaders' groups or to members' customers, and see what came of it.

Nothing reaches anybody before each member has confirmed it in his own WeCom; the commands say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from bot.broadcast import show
from bot.broadcast.prepare import Audience, Prepare, Words
from bot.broadcast.worker import Broadcaster
from bot.wecom.errors import Kind, Refused, Unanswered, WeComFault
from domain import broadcast as rules
from domain.conversation import Reply
from models.base import Sessions
from models.broadcast import Broadcast, BroadcastTask
from services import broadcast, distributor, message
from services.message import Catalogue
from services.terminal import Answer, Refusal, answering, clock_text

REMINDED_OUT, CANCELLED = 41094, 41093


@dataclass(frozen=True)
class BroadcastDeps:
    """broadcaster  None without WECOM_CONTACT_SECRET
    prepare      who gets it and what it says (bot/broadcast/prepare.py)
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    catalogue: Catalogue
    broadcaster: Broadcaster | None
    prepare: Prepare
    wake: Callable[[list[str]], None]
    ready: Callable[[], None]


def group(deps: BroadcastDeps) -> click.Group:
    @click.group("broadcast", help="群发：发到团长的客户群，或成员的客户；每位成员在企业微信里确认后才会发出。")
    def commands() -> None: ...

    for command in (_create(deps), _list(deps), _show(deps), _remind(deps), _cancel(deps), _resolve(deps)):
        commands.add_command(command)
    return commands


def _create(deps: BroadcastDeps) -> click.Command:
    @click.command("create", help="建一个群发。--dry-run 只看会发给谁、谁不会收到。")
    @click.option("--text", default="", help="文字，最多 4000 字节。")
    @click.option("--picture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="图片，JPEG 或 PNG。")
    @click.option("--product", "sku", help="商品 SKU：每位团长发自己名义的海报和链接。")
    @click.option("--coupon", help="优惠券的 KEY：每个群、每位分销员发自己的领券链接。")
    @click.option("--link", help="所有人都发的链接。")
    @click.option("--title", help="链接的标题。")
    @click.option("--desc", default="", help="链接的说明。")
    @click.option("--groups-of", multiple=True, help="发到这位团长（邀请码）的客户群；all 是所有团长。")
    @click.option("--group", "chats", multiple=True, help="发到这个客户群（chat_id）。")
    @click.option("--customers-of", multiple=True, help="发给这位分销员（邀请码）的客户；all 是所有有客户的分销员。")
    @click.option("--operator", required=True, help="谁建的：操作员的账号。")
    @click.option("--tick", "ticks", multiple=True, metavar="RULE_ID", help="看过并接受的合规提醒；可以写多个。")
    @click.option("--dry-run", is_flag=True, help="不建，只看。")
    @answering
    def create(operator: str, dry_run: bool, groups_of: tuple[str, ...], **given: Any) -> Answer:
        worker = _platform(deps)
        deps.ready()
        _operator(deps, operator)
        words = Words(
            given["text"], given["picture"], given["sku"], given["coupon"], given["link"], given["title"],
            given["desc"], given["ticks"],
        )  # fmt: skip
        audience = Audience(groups_of, given["chats"], given["customers_of"])
        try:
            draft = deps.prepare.draft(words, audience, worker, dry=dry_run)
            if dry_run:
                return Answer(show.draft_data(draft), show.draft_text(draft))
            number = deps.sessions.transact(
                lambda session: broadcast.write(session, draft, operator=operator.lower(), now=deps.clock()).id
            )
        except rules.NothingToSend:
            raise Refusal("broadcast.nothing", "没有人能收到：", show.left_out_fields(draft)) from None
        except WeComFault as fault:
            raise refused(fault) from None
        worker.work(number)
        left_out = show.left_out_lines(draft)
        return _shown(deps, number, [*left_out, ""] if left_out else [])

    return create


def _list(deps: BroadcastDeps) -> click.Command:
    @click.command("list", help="最近的群发，新的在前。")
    @click.option("--before", type=click.IntRange(min=1), help="只列编号更小的。")
    @answering
    def list_(before: int | None) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            rows = broadcast.recent(session, before=before)
            tasks = {row.id: [task for task, _ in broadcast.tasks_of(session, row.id)] for row in rows}
        data = [show.broadcast_data(row, tasks[row.id]) for row in rows]
        return Answer({"broadcasts": data}, show.list_text(rows, tasks))

    return list_


def _show(deps: BroadcastDeps) -> click.Command:
    @click.command("show", help="一个群发：每位成员确认了没有，发到了多少，没发到的为什么。")
    @click.argument("number", type=click.IntRange(min=1))
    @click.option("--now", "look", is_flag=True, help="先去企业微信看一遍最新的结果。")
    @answering
    def show_(number: int, look: bool) -> Answer:
        deps.ready()
        _found(deps, number)
        if look:
            worker = _platform(deps)
            deps.sessions.transact(lambda session: broadcast.look_now(session, number, now=deps.clock()))
            worker.work(number)
        return _shown(deps, number, [])

    return show_


def _remind(deps: BroadcastDeps) -> click.Command:
    @click.command("remind", help="提醒还没有确认的成员；每条 24 小时内最多提醒 3 次。")
    @click.argument("number", type=click.IntRange(min=1))
    @answering
    def remind(number: int) -> Answer:
        worker = _platform(deps)
        deps.ready()
        waiting = [task for task in _tasks(deps, number) if task.state == "created"]
        if not waiting:
            raise Refusal("broadcast.nobody_waits", "没有人需要提醒：都已经确认、取消，或者还没有建好。")
        lines = [_reminded(deps, worker, task) for task in waiting]
        data = [
            {"task": task.place, "sender": task.sender, "reminded": done}
            for task, (done, _) in zip(waiting, lines, strict=True)
        ]
        return Answer(
            {"number": number, "tasks": data}, "\n".join(line for _, line in lines), found=not any(d for d, _ in lines)
        )

    return remind


def _reminded(deps: BroadcastDeps, worker: Broadcaster, task: BroadcastTask) -> tuple[bool, str]:
    now, before = deps.clock(), [datetime.fromisoformat(at) for at in task.reminded]
    if (since := rules.may_remind(before, now)) is not None:
        return False, f"{task.sender}：24 小时内已提醒 {rules.REMINDERS} 次，{clock_text(since)} 以后才能再提醒。"
    try:
        worker.calls.remind(task.msgid or "")
    except Refused as fault:
        if fault.errcode == REMINDED_OUT:
            return False, f"{task.sender}：企业微信说 24 小时内已提醒过 {rules.REMINDERS} 次，明天再试。"
        if fault.kind is Kind.DONE:
            return False, f"{task.sender}：这一条已经取消了。"
        raise refused(fault) from None
    except WeComFault as fault:
        raise refused(fault) from None

    def work(session: Session) -> str:
        count = broadcast.reminded(session, task.id, now=now)
        lane = message.lane_of_member(task.sender)
        said = Reply.of("broadcast.remind").then("broadcast.how")
        message.tell(session, deps.catalogue, said, key=f"broadcast:{task.id}:remind:{count}", lane=lane, now=now)
        return lane

    deps.wake([deps.sessions.transact(work)])
    return True, f"{task.sender}：已提醒。"


def _cancel(deps: BroadcastDeps) -> click.Command:
    @click.command("cancel", help="取消：还没有发出的不再发；已经发出的收不回来。")
    @click.argument("number", type=click.IntRange(min=1))
    @answering
    def cancel(number: int) -> Answer:
        worker = _platform(deps)
        deps.ready()
        tasks = _tasks(deps, number)
        for task in tasks:
            if task.msgid is not None and task.state in rules.LOOKED_AT:
                _call_off(worker, task)
            deps.sessions.transact(lambda session, task=task: broadcast.cancelled(session, task.id, now=deps.clock()))
        worker.work(number)
        left = [task.place for task in _tasks(deps, number) if task.state in ("asking", "unknown")]
        notes = (
            [f"第 {'、'.join(map(str, left))} 条还不知道有没有建成，不能取消；先用 resolve 说清楚。", ""]
            if left
            else []
        )
        return _shown(deps, number, notes, found=bool(left))

    return cancel


def _call_off(worker: Broadcaster, task: BroadcastTask) -> None:
    try:
        worker.calls.cancel(task.msgid or "")
    except Refused as fault:
        if fault.errcode != CANCELLED:
            raise refused(fault) from None
    except WeComFault as fault:
        raise refused(fault) from None


def _resolve(deps: BroadcastDeps) -> click.Command:
    @click.command("resolve", help="不知道有没有建成的一条：在企业微信后台看过以后，说它有没有。说没有，会重新去建。")
    @click.argument("number", type=click.IntRange(min=1))
    @click.option("--task", "place", type=click.IntRange(min=1), required=True, help="第几条。")
    @click.option("--missing", is_flag=True, help="后台没有这一条。")
    @click.option("--msgid", help="后台有这一条，它的 msgid。")
    @answering
    def resolve(number: int, place: int, missing: bool, msgid: str | None) -> Answer:
        if missing == (msgid is not None):
            raise click.UsageError("写 --missing 或 --msgid，二选一")
        worker = _platform(deps)
        deps.ready()
        task = next((task for task in _tasks(deps, number) if task.place == place), None)
        if task is None or task.state != "unknown":
            raise Refusal("broadcast.not_unknown", f"群发 {number} 的第 {place} 条没有这个问题")
        if msgid is not None:
            worker.created(task.id, task.audience, msgid, ())
        else:
            deps.sessions.transact(lambda session: broadcast.missing(session, task.id, now=deps.clock()))
            worker.work(number)
        return _shown(deps, number, [])

    return resolve


# ---------------------------------------------------------------------------------------------------------------


def _platform(deps: BroadcastDeps) -> Broadcaster:
    if deps.broadcaster is None:
        raise Refusal("contact.missing", "没有配置客户联系；在 .env 里填 WECOM_CONTACT_SECRET")
    return deps.broadcaster


def _operator(deps: BroadcastDeps, userid: str) -> None:
    with deps.sessions.reading() as session:
        if distributor.find_operator(session, userid) is None:
            raise Refusal("operator.unknown", f"没有操作员 {userid}；flask operator create {userid} --name …")


def _found(deps: BroadcastDeps, number: int) -> Broadcast:
    with deps.sessions.reading() as session:
        row = broadcast.find(session, number)
    if row is None:
        raise Refusal("broadcast.unknown", f"没有编号为 {number} 的群发；flask broadcast list 看有哪些")
    return row


def _tasks(deps: BroadcastDeps, number: int) -> list[BroadcastTask]:
    _found(deps, number)
    with deps.sessions.reading() as session:
        return [task for task, _ in broadcast.tasks_of(session, number)]


def _shown(deps: BroadcastDeps, number: int, before: list[str], *, found: bool = False) -> Answer:
    row = _found(deps, number)
    with deps.sessions.reading() as session:
        tasks = broadcast.tasks_of(session, number)
    data = show.broadcast_data(row, [task for task, _ in tasks]) | {"parts": [show.task_data(*one) for one in tasks]}
    text = "\n".join([*before, show.broadcast_text(row, tasks)])
    return Answer(data, text, found=found or any(task.state in ("unknown", "refused") for task, _ in tasks))


def refused(fault: WeComFault) -> Refusal:
    if isinstance(fault, Unanswered):
        return Refusal("wecom.unanswered", f"企业微信没有回答（{fault.reason}）；稍后再试")
    return Refusal("wecom.refused", f"企业微信没有接受：{fault.reason}；用 flask doctor 看是哪里不对")
