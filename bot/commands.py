"""`flask bot`: what a sentence is understood as, what was not understood, and the app's menu."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from bot.understanding import (
    ALL_INTENTS,
    ALL_OPERATOR_INTENTS,
    EXACT_ONLY,
    ProductName,
    Understanding,
    as_json,
    json_line,
    phrases,
)
from bot.wecom import menu
from bot.wecom.client import Client
from bot.wecom.errors import WeComFault
from domain.conversation import Intent, Sentence
from models.base import Sessions
from models.unknown import UnknownPhrase
from services import demo, product, unknown
from services.message import Catalogue
from services.terminal import INSTANT, Answer, Refusal, answering, iso

_OPERATORS = frozenset((*ALL_OPERATOR_INTENTS, "paid"))
_DECISIONS = frozenset({"approve", "reject", "paid"})  # 「驳回 5 金额不对」 is nobody else's word
_GROUPS = {"mine": "menu.mine", "promote": "menu.promote", "help": "menu.more"}


@dataclass(frozen=True)
class BotDeps:
    """client, agent_id   None without an enterprise
    understanding      loads the phrases; called by the command that needs them and by no other
    catalogue          the sentences of assets/messages
    own_phrases        the merchant's own phrases, a file that `unknown label` writes to
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    assets: Path
    catalogue: Catalogue
    understanding: Callable[[], Understanding]
    client: Client | None
    agent_id: int | None
    own_phrases: Path = Path("var") / "phrases.toml"


def group(deps: BotDeps) -> click.Group:
    @click.group("bot", help="聊天助手。")
    def commands() -> None: ...

    commands.add_command(_understand(deps))
    commands.add_command(_unknown(deps))
    commands.add_command(_menu(deps))
    return commands


# ---------------------------------------------------------------------------------------------------------------
# understand


def _understand(deps: BotDeps) -> click.Command:
    @click.command("understand", help="一句话听成什么：意图、内容和把握。不需要数据库。")
    @click.argument("text", required=False)
    @click.option("--now", type=INSTANT, help="当作这一刻说的（今天、上周由它来定）；不写就是现在。")
    @click.option("--stdin", "lines", is_flag=True, help="从标准输入读，一行一句；每句输出一行 JSON。")
    @click.option(
        "--as",
        "writer",
        type=click.Choice(["anyone", "distributor", "operator"]),
        default="anyone",
        help="谁说的。anyone：先当作分销员说的，听不懂再看是不是操作员的话。",
    )
    @click.option("--pending", metavar="STATE", help="正在等的回答，例如 withdraw.confirm。")
    @answering
    def understand(text: str | None, now: datetime | None, lines: bool, writer: str, pending: str | None) -> Any:
        if lines == (text is not None):
            raise click.UsageError("写一句话，或者写 --stdin，二选一")
        reader = _Reader(deps, now or deps.clock(), writer, pending)
        if lines:
            for line in sys.stdin.buffer:
                click.echo(json_line(reader.read(line.decode(errors="replace").rstrip("\r\n"))))
            return None
        intent = reader.read((text or "").encode(errors="replace").decode())
        return Answer(as_json(intent), _intent_text(intent))

    return understand


class _Reader:
    """Reads sentences of one writer at one moment."""

    def __init__(self, deps: BotDeps, now: datetime, writer: str, pending: str | None) -> None:
        self._understanding, self._names = deps.understanding(), product_names(deps.sessions, deps.assets)
        self._now, self._writer, self._pending = now, writer, pending

    def read(self, text: str) -> Intent:
        if self._writer != "anyone":
            return self._as(text, operator=self._writer == "operator")
        found = self._as(text, operator=False)
        decided = self._as(text, operator=True)
        if decided.name in _DECISIONS and decided.slots:
            return decided
        if found.name == "unknown" and decided.name in _OPERATORS:
            return decided
        return found

    def _as(self, text: str, *, operator: bool) -> Intent:
        return self._understanding.understand(
            text, now=self._now, catalogue=self._names, operator=operator, pending=self._pending
        )


def product_names(sessions: Sessions, assets: Path) -> tuple[ProductName, ...]:
    """What the database sells; the demo merchant's products where no database answers."""
    file = sessions.engine.url.database
    if sessions.engine.dialect.name != "sqlite" or (file and Path(file).exists()):  # asking would make the file
        try:
            with sessions.reading() as session:
                return tuple(ProductName(row.sku, row.name, row.category) for row in product.on_shelf(session))
        except SQLAlchemyError:
            return _demo_names(assets)
    return _demo_names(assets)


def _demo_names(assets: Path) -> tuple[ProductName, ...]:
    return tuple(ProductName(row.sku, row.name, row.category) for row in demo.read(assets).products)


def _intent_text(intent: Intent) -> str:
    lines = [f"意图 {intent.name}，把握 {intent.confidence:.0%}"]
    lines += [f"  {name} {_slot_text(value)}" for name, value in intent.slots.items()]
    if intent.name == "unknown" and intent.nearest:
        lines.append(f"  最接近 {'、'.join(intent.nearest)}")
    return "\n".join(lines)


def _slot_text(value: Any) -> str:
    if isinstance(value, dict) and "from" in value:
        return f"{value.get('label', '')}（{value['from']} 起，{value['to']} 止，不含止日）"
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# ---------------------------------------------------------------------------------------------------------------
# unknown


def _unknown(deps: BotDeps) -> click.Group:
    @click.group("unknown", help="没听懂的话：列出来，告诉助手是什么意思。不记录是谁说的。")
    def commands() -> None: ...

    @commands.command("list", help="没听懂的话，问得多的在前；数字、编号和称呼都已换成记号。")
    @click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="最多几条。")
    @click.option("--labelled", is_flag=True, help="改列已经标过意图的。")
    @answering
    def list_(limit: int, labelled: bool) -> Answer:
        with deps.sessions.reading() as session:
            rows = [_phrase_data(row) for row in unknown.often(session, limit=limit, labelled=labelled)]
        return Answer({"phrases": rows}, "\n".join(map(_phrase_text, rows)) or "没有。")

    @commands.command("label", help="告诉助手第 NUMBER 条是什么意图；写进商家自己的说法，重启后生效。")
    @click.argument("number", type=click.IntRange(1))
    @click.argument("intent")
    @answering
    def label(number: int, intent: str) -> Answer:
        if intent not in _LABELS:
            raise Refusal("unknown.intent", _no_label(intent), [{"field": "INTENT", "message": "、".join(_LABELS)}])
        try:
            with deps.sessions.writing() as session:
                data = _phrase_data(unknown.label(session, number, intent))
                is_new = phrases.add(deps.own_phrases, data["text"], intent)
        except unknown.NoSuchPhrase:
            raise Refusal("unknown.no_such_phrase", f"没有第 {number} 条；用 flask bot unknown list 看编号") from None
        said = f"「{data['text']}」以后就是 {intent}"
        return Answer(data, f"{said}，重启后生效。" if is_new else f"{said}：早已写在 {deps.own_phrases.name} 里。")

    return commands


_LABELS = tuple(
    intent for intent in (*ALL_INTENTS, *ALL_OPERATOR_INTENTS) if intent not in EXACT_ONLY and intent != "unknown"
)


def _no_label(intent: str) -> str:
    if intent in EXACT_ONLY:
        return f"{intent} 动钱或收尾，只认严格的说法，不能这样教"
    return f"没有意图 {intent}；可以用的见下"


def _phrase_data(row: UnknownPhrase) -> dict[str, Any]:
    seen = {"first_at": iso(row.first_at), "last_at": iso(row.last_at)}
    return {"number": row.id, "text": row.text, "count": row.count, "intent": row.intent} | seen


def _phrase_text(data: dict[str, Any]) -> str:
    meant = f" → {data['intent']}" if data["intent"] else ""
    return f"{data['number']:>5}  {data['count']} 次  {data['text']}{meant}"


# ---------------------------------------------------------------------------------------------------------------
# menu


def menu_body(catalogue: Catalogue) -> dict[str, Any]:
    """The app's menu in the words of the catalogue, as menu/create takes it."""
    intents = {intent for _, entries in menu.MENU for intent in entries}
    return menu.build(
        {name: catalogue.render(Sentence(key)) for name, key in _GROUPS.items()},
        {intent: catalogue.render(Sentence(f"intent.{intent}")) for intent in intents},
    )


def _menu(deps: BotDeps) -> click.Command:
    @click.command("menu", help="创建应用的菜单；已有的整个换掉，几分钟后所有人看到新的。")
    @answering
    def create() -> Answer:
        if deps.client is None or deps.agent_id is None:
            raise Refusal(
                "wecom.missing", "没有配置企业微信应用；在 .env 里填 WECOM_CORP_ID 等，flask doctor 会逐项说明"
            )
        body = menu_body(deps.catalogue)
        try:
            deps.client.menu_create(deps.agent_id, body)
        except WeComFault as fault:
            said = f"企业微信没有接受菜单：{fault.reason}；用 flask doctor 看是哪里不对"
            raise Refusal("wecom.refused", said) from None
        return Answer(body, "\n".join(["菜单已创建，几分钟后生效：", *_menu_text(body["button"])]))

    return create


def _menu_text(buttons: Iterable[dict[str, Any]]) -> Iterator[str]:
    for button in buttons:
        yield f"  {button['name']}：{' · '.join(entry['name'] for entry in button['sub_button'])}"
