"""Everything that is known about a message when it arrives, in one statement: it is on the way of every message.

Was it here before, who writes, is he an operator, what was he asked. Each is found by a unique key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, literal, select
from sqlalchemy.orm import Session

from domain.conversation import Inbound
from models.base import held, table_of
from models.distributor import Distributor, Identity, Operator
from models.message import DialogRow, Inbox
from models.prepared import Prepared
from services.distributor import Address
from services.vault import Vault


@dataclass(frozen=True, slots=True)
class Arrival:
    """`answer` is the stored answer of a message that was here before (empty: it got none), None for a new one."""

    answer: str | None
    sender: Distributor | None
    operator: Operator | None
    dialog_row: DialogRow | None


def _statement() -> Select[Any]:
    inbox, identity, distributor, operator, dialog = (table_of(model) for model in (Inbox, Identity, *_FOUND))
    first = select(literal(1).label("id")).subquery()  # ids begin at 1: what each is compared with, to be joined at all
    channel: BindParameter[str] = bindparam("channel")
    key: BindParameter[str] = bindparam("key")
    sender: BindParameter[str] = bindparam("sender")
    return (
        select(inbox.c.id, inbox.c.answer, *distributor.c, *operator.c, *dialog.c)
        .select_from(first)
        .outerjoin(inbox, and_(inbox.c.id >= first.c.id, inbox.c.channel == channel, inbox.c.key == key))
        .outerjoin(
            identity,
            and_(
                identity.c.id >= first.c.id,
                identity.c.kind == bindparam("kind"),
                identity.c.digest == bindparam("digest"),
            ),
        )
        .outerjoin(distributor, distributor.c.id == identity.c.distributor_id)
        .outerjoin(operator, and_(operator.c.id >= first.c.id, operator.c.userid == bindparam("userid")))
        .outerjoin(dialog, and_(dialog.c.id >= first.c.id, dialog.c.channel == channel, dialog.c.sender == sender))
    )


_FOUND = (Distributor, Operator, DialogRow)
_LOOK = Prepared(_statement())


def look(session: Session, vault: Vault, inbound: Inbound) -> Arrival:
    address = Address(inbound.channel, inbound.sender)
    (found,) = _LOOK.all(
        session,
        {
            "channel": inbound.channel,
            "key": inbound.key,
            "sender": inbound.sender,
            "kind": address.kind,
            "digest": address.digest(vault),
            "userid": inbound.sender.lower() if address.kind == "wecom" else None,
        },
    )
    sender, operator, dialog_row = _objects(session, found[2:])
    return Arrival(
        answer=None if found[0] is None else (found[1] or ""),
        sender=sender,
        operator=operator,
        dialog_row=dialog_row,
    )


def _objects(session: Session, values: Sequence[Any]) -> Iterator[Any]:
    """The rows of `_FOUND` as the session's own objects, None where there is none."""
    for model in _FOUND:
        size = len(table_of(model).c)
        yield held(session, model, values[:size]) if values[0] is not None else None
        values = values[size:]
