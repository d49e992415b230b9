"""Who is whose customer. A relation belongs to one member and one customer, and either side may leave it.

The customer who deletes the member leaves a relation that the member still sees (one-way); the member who deletes the
customer ends it for the API. Whoever scans again is added again, with another time and the new code's state.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..state import World
    from .customers import Stranger

Key = tuple[str, str]


@dataclass
class Relation:
    """`number` orders the relations for paging; `half`: the member has not confirmed yet.

    chatted_at   when the two last wrote to each other (the member who wrote last gets a 群发)
    welcomed     somebody has delivered the welcome message of this adding
    """

    number: int
    userid: str
    customer: str
    createtime: int
    state: str
    add_way: int
    oper_userid: str
    half: bool = False
    customer_left: bool = False
    member_left: bool = False
    chatted_at: float | None = None
    welcomed: bool = False
    link_id: str = ""
    remark: str = ""
    description: str = ""
    remark_corp_name: str = ""
    remark_mobiles: list[str] = field(default_factory=list)

    @property
    def chat(self) -> str:
        return chat_of(self.customer, self.userid)

    def described(self) -> dict[str, Any]:
        """`follow_user[]` as externalcontact/get tells it, without tags."""
        return {
            "userid": self.userid,
            "remark": self.remark,
            "description": self.description,
            "createtime": self.createtime,
            "remark_mobiles": list(self.remark_mobiles),
            "remark_corp_name": self.remark_corp_name,
            "oper_userid": self.oper_userid,
            "add_way": self.add_way,
            "state": self.state,
        }


def chat_of(customer: str, userid: str) -> str:
    """The chat of the two, as the world keeps it."""
    return f"contact:{customer}:{userid}".lower()


class Relations:
    def __init__(self, world: World) -> None:
        self._world = world
        self.load()

    def load(self) -> None:
        rows = [Relation(**row) for row in self._world.store.load("relation")]
        self._by_key: dict[Key, Relation] = {(row.userid, row.customer): row for row in rows}
        self._numbers = itertools.count(max((row.number for row in rows), default=0) + 1)

    def keep(self, relation: Relation) -> None:
        self._by_key[relation.userid, relation.customer] = relation
        self._world.store.save("relation", f"{relation.userid}\0{relation.customer}", asdict(relation))
        self._world.publish({"type": "contact"})

    def begin(self, userid: str, customer: Stranger, **more: Any) -> Relation:
        """A new relation, or the old one begun again: then with nothing of before but its remarks."""
        before = self.find(userid, customer.id)
        number = before.number if before else next(self._numbers)
        kept = {name: getattr(before, name) for name in ("remark", "description", "remark_mobiles")} if before else {}
        relation = Relation(number, userid.lower(), customer.id, **{**kept, **more})
        self.keep(relation)
        return relation

    def find(self, userid: str, customer: str) -> Relation | None:
        return self._by_key.get((userid.lower(), customer))

    def alive(self, userid: str, customer: str) -> Relation | None:
        """As the API sees it: also one that the customer has left, not one that the member has ended."""
        found = self.find(userid, customer)
        return None if found is None or found.member_left else found

    def of_member(self, userid: str) -> list[Relation]:
        mine = (row for (owner, _), row in self._by_key.items() if owner == userid.lower() and not row.member_left)
        return sorted(mine, key=lambda row: row.number)

    def of_customer(self, customer: str) -> list[Relation]:
        mine = (row for (_, one), row in self._by_key.items() if one == customer and not row.member_left)
        return sorted(mine, key=lambda row: row.number)

    def all(self) -> list[Relation]:
        return sorted(self._by_key.values(), key=lambda row: row.number)
