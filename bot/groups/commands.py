"""`flask group`: customer groups, whose each is, the codes by which customers join; and looking at them all now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from bot.groups.sync import GroupSync
from bot.wecom.errors import Unanswered, WeComFault
from domain.errors import Invalid
from models.base import Sessions
from models.distributor import Distributor
from models.group import CustomerGroup
from services import distributor
from services import group as groups
from services.group import NotALeader, UnknownGroup
from services.terminal import INSTANT, Answer, Refusal, answering, clock_text, columns, iso
from services.vault import Vault

BY = {"owner": "群主", "join_way": "入群码", "operator": "指定", None: ""}
LISTED = 100
MOST_CHATS = 5


@dataclass(frozen=True)
class GroupDeps:
    """sync    None without WECOM_CONTACT_SECRET
    below   a source of uniform ints, for the states of codes
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    vault: Vault
    sync: GroupSync | None
    below: Callable[[int], int]
    ready: Callable[[], None]


def group(deps: GroupDeps) -> click.Group:
    @click.group("group", help="客户群和它们的团长。")
    def commands() -> None: ...

    for command in (_list(deps), _show(deps), _assign(deps), _release(deps), _join_way(deps), _sync(deps)):
        commands.add_command(command)
    return commands


def _list(deps: GroupDeps) -> click.Command:
    @click.command("list", help=f"现有的客户群；一次最多 {LISTED} 个，下一页用 --after。")
    @click.option("--leader", help="只看这个邀请码的团长的。")
    @click.option("--after", type=click.IntRange(min=0), default=0, help="只列编号更大的。")
    @answering
    def list_(leader: str | None, after: int) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            who = _known(session, leader) if leader else None
            rows = groups.listed(session, leader=who, after=after, limit=LISTED)
        data = [_data(row, lead) for row, lead in rows]
        table = [("编号", "群", "人数", "群主", "团长", "依据", "chat_id")]
        table += [_line(row, lead) for row, lead in rows]
        text = columns(table, indent="") if rows else "没有客户群。flask group sync 从企业微信读一遍。"
        if len(rows) == LISTED:
            text += f"\n还有更多：--after {rows[-1][0].id}"
        return Answer({"groups": data}, text)

    return list_


def _show(deps: GroupDeps) -> click.Command:
    @click.command("show", help="一个客户群：是谁的，从什么时候起。")
    @click.argument("chat_id")
    @answering
    def show(chat_id: str) -> Answer:
        deps.ready()
        try:
            with deps.sessions.reading() as session:
                row = groups.find(session, chat_id)
                history = groups.history(session, row)
                leader = session.get(Distributor, row.leader_id) if row.leader_id else None
        except UnknownGroup:
            raise _unknown(chat_id) from None
        past = [{"since": iso(since), "leader": who.code if who else None, "by": by} for since, who, by in history]
        lines = [
            f"{row.shown_name}（{row.chat_id}），{row.members} 人，群主 {row.owner or '还不知道'}"
            + ("，已解散" if row.dismissed_at else ""),
            *(f"  {clock_text(since)} 起  {_name(who)}  {BY.get(by, by)}" for since, who, by in history),
        ]
        return Answer(_data(row, leader) | {"history": past}, "\n".join(lines))

    return show


def _assign(deps: GroupDeps) -> click.Command:
    @click.command("assign", help="把一个客户群交给一位团长；群主变化、入群码都不再改变它。")
    @click.argument("chat_id")
    @click.argument("code")
    @click.option("--at", type=INSTANT, help="从什么时候起，默认现在；不改变已经归属的订单。")
    @answering
    def assign(chat_id: str, code: str, at: datetime | None) -> Answer:
        deps.ready()

        def work(session: Session) -> tuple[CustomerGroup, bool, Distributor]:
            who = _known(session, code)
            row, changed = _assigned(session, chat_id, who, at, deps.clock())
            return row, changed, who

        row, changed, who = deps.sessions.transact(work)
        said = f"{row.shown_name}：{_name(who)}{'' if changed else '（没有变化）'}。"
        return Answer(_data(row, who) | {"changed": changed}, said)

    return assign


def _assigned(
    session: Session, chat_id: str, who: Distributor, at: datetime | None, now: datetime
) -> tuple[CustomerGroup, bool]:
    try:
        return groups.assign(session, chat_id, who, at=at, now=now)
    except UnknownGroup:
        raise _unknown(chat_id) from None
    except NotALeader:
        how = f"先执行 flask distributor role {who.code} leader"
        raise Refusal("group.not_a_leader", f"{_name(who)} 不是团长；{how}") from None
    except Invalid as refusal:
        fields = [{"field": f"--{field}", "message": message} for field, message in refusal.faults]
        raise Refusal(refusal.code, "没有被接受：", fields) from None


def _release(deps: GroupDeps) -> click.Command:
    @click.command("release", help="取消指定：重新按群主和入群码决定是谁的。")
    @click.argument("chat_id")
    @answering
    def release(chat_id: str) -> Answer:
        deps.ready()

        def work(session: Session) -> tuple[CustomerGroup, Distributor | None, bool]:
            row, changed = groups.release(session, deps.vault, chat_id, now=deps.clock())
            return row, session.get(Distributor, row.leader_id) if row.leader_id else None, changed

        try:
            row, leader, changed = deps.sessions.transact(work)
        except UnknownGroup:
            raise _unknown(chat_id) from None
        said = f"{row.shown_name}：{_name(leader)}{'' if changed else '（没有指定过，没有变化）'}。"
        return Answer(_data(row, leader) | {"changed": changed}, said)

    return release


def _join_way(deps: GroupDeps) -> click.Command:
    @click.command("join-way", help="给一位团长做入群码：扫它进群的客户，所在的群就是他的。")
    @click.argument("code")
    @click.option("--group", "chats", multiple=True, required=True, help=f"进哪些群（chat_id），最多 {MOST_CHATS} 个。")
    @click.option("--name", default="", help="群满后自动新建的群叫什么，后面加数字；不写就和原来的同名。")
    @answering
    def join_way(code: str, chats: tuple[str, ...], name: str) -> Answer:
        sync = _platform(deps)
        deps.ready()
        _check_way(chats, name)

        def work(session: Session) -> tuple[int, str, str]:
            who = _known(session, code)
            for chat_id in chats:
                _found(session, chat_id)
            try:
                row = groups.new_join_way(session, who, below=deps.below, now=deps.clock())
            except NotALeader:
                how = f"先执行 flask distributor role {who.code} leader"
                raise Refusal("group.not_a_leader", f"{_name(who)} 不是团长；{how}") from None
            return row.id, row.state, who.nickname

        number, state, nickname = deps.sessions.transact(work)
        try:
            config_id = sync.calls.add_join_way(state=state, remark=f"团长{nickname}"[:30], chats=chats, name=name)
            picture = str(sync.calls.join_way(config_id).get("qr_code") or "")
        except WeComFault as fault:
            raise _refused(fault) from None
        deps.sessions.transact(lambda session: groups.made(session, number, config_id, picture))
        data = {"state": state, "config_id": config_id, "qr_code": picture}
        return Answer(data, f"{nickname} 的入群码：\n  图片 {picture}\n  config_id {config_id}")

    return join_way


def _check_way(chats: tuple[str, ...], name: str) -> None:
    if len(chats) > MOST_CHATS:
        fields = [{"field": "--group", "message": f"最多 {MOST_CHATS} 个"}]
        raise Refusal("group.too_many", "没有被接受：", fields)
    if len(name) > 40:
        raise Refusal("group.name", "没有被接受：", [{"field": "--name", "message": "最多 40 个字"}])


def _sync(deps: GroupDeps) -> click.Command:
    @click.command("sync", help="现在从企业微信读一遍所有客户群；每天夜里会自动读。")
    @answering
    def sync() -> Answer:
        worker = _platform(deps)
        deps.ready()
        try:
            counts = worker.reconcile(deps.clock())
        except WeComFault as fault:
            raise _refused(fault) from None
        said = f"共 {counts['listed']} 个客户群，新的 {counts['new']} 个，归属变了 {counts['changed']} 个。"
        if counts["failed"]:
            said += f"\n{counts['failed']} 个没有读到，之后会再试。"
        return Answer(counts, said, found=bool(counts["failed"]))

    return sync


# ---------------------------------------------------------------------------------------------------------------


def _platform(deps: GroupDeps) -> GroupSync:
    if deps.sync is None:
        raise Refusal("contact.missing", "没有配置客户联系；在 .env 里填 WECOM_CONTACT_SECRET")
    return deps.sync


def _known(session: Session, code: str) -> Distributor:
    found = distributor.find_by_code(session, code)
    if found is None:
        raise Refusal("distributor.unknown", f"没有编号为「{code}」的分销员")
    return found


def _found(session: Session, chat_id: str) -> CustomerGroup:
    try:
        return groups.find(session, chat_id)
    except UnknownGroup:
        raise _unknown(chat_id) from None


def _unknown(chat_id: str) -> Refusal:
    return Refusal("group.unknown", f"没有 chat_id 为「{chat_id}」的客户群；flask group sync 从企业微信读一遍")


def _refused(fault: WeComFault) -> Refusal:
    if isinstance(fault, Unanswered):
        return Refusal("wecom.unanswered", f"企业微信没有回答（{fault.reason}）；稍后再试")
    return Refusal("wecom.refused", f"企业微信没有接受：{fault.reason}；用 flask doctor 看是哪里不对")


def _name(who: Distributor | None) -> str:
    return f"{who.nickname}（{who.code}）" if who else "没有团长"


def _data(row: CustomerGroup, leader: Distributor | None) -> dict[str, Any]:
    return {
        "number": row.id,
        "chat_id": row.chat_id,
        "name": row.name,
        "owner": row.owner,
        "members": row.members,
        "leader": leader.code if leader else None,
        "by": row.leads_by,
        "dismissed_at": iso(row.dismissed_at),
    }


def _line(row: CustomerGroup, leader: Distributor | None) -> tuple[str, ...]:
    by = BY.get(row.leads_by, "")
    return str(row.id), row.shown_name, str(row.members), row.owner or "", _name(leader), by, row.chat_id
