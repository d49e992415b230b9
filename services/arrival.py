"""Everything that is known about a message when it arrives, in one statement: it is on the way of every message.

Was it here before, who writes, is he an operator, what was he asked. Each is found by a unique key.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, literal, select
from sqlalchemy.orm import Session

from domain.conversation import Inbound
from models.distributor import Distributor, Identity, Operator
from models.message import DialogRow, Inbox
from services.distributor import Address
from services.vault import Vault


@dataclass(frozen=True, slots=True)
class Arrival:
    """`answer` is the stored answer of a message that was here before (empty: it got none), None for a new one."""

    answer: str | None
    sender: Distributor | None
    operator: Operator | None
    dialog_row: DialogRow | None


def look(session: Session, vault: Vault, inbound: Inbound) -> Arrival:
    kind, value = Address(inbound.channel, inbound.sender).identity
    userid = inbound.sender.lower() if inbound.channel == "wecom" else None
    first = select(literal(1).label("id")).subquery()  # ids begin at 1: what each is compared with, to be joined at all
    found = session.execute(
        select(Inbox.id, Inbox.answer, Distributor, Operator, DialogRow)
        .select_from(first)
        .outerjoin(Inbox, and_(Inbox.id >= first.c.id, Inbox.channel == inbound.channel, Inbox.key == inbound.key))
        .outerjoin(
            Identity,
            and_(Identity.id >= first.c.id, Identity.kind == kind, Identity.digest == vault.digest(kind, value)),
        )
        .outerjoin(Distributor, Distributor.id == Identity.distributor_id)
        .outerjoin(Operator, and_(Operator.id >= first.c.id, Operator.userid == userid))
        .outerjoin(
            DialogRow,
            and_(
                DialogRow.id >= first.c.id,
                DialogRow.channel == inbound.channel,
                DialogRow.sender == inbound.sender,
            ),
        )
    ).one()
    return Arrival(
        answer=None if found.id is None else (found.answer or ""),
        sender=found.Distributor,
        operator=found.Operator,
        dialog_row=found.DialogRow,
    )
