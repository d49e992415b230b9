"""People with WeChat (or with another enterprise's WeCom) who may become a member's customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..ids import external_userid, unionid
from ..people import Refused

if TYPE_CHECKING:
    from ..options import Customer
    from ..state import World

WECHAT, OTHER_ENTERPRISE = 1, 2


@dataclass(frozen=True)
class Stranger:
    """`external_userid` is the same for ever; `unionid` exists for WeChat's own people only."""

    id: str
    name: str
    kind: int
    external_userid: str
    unionid: str

    def described(self) -> dict[str, Any]:
        """`external_contact` as the API tells it."""
        told: dict[str, Any] = {
            "external_userid": self.external_userid,
            "name": self.name,
            "avatar": "https://wx.qlogo.cn/mmhead/0",
            "type": self.kind,
            "gender": 0,
        }
        if self.kind == WECHAT:
            return told | ({"unionid": self.unionid} if self.unionid else {})
        corp = {"corp_name": "隔壁公司", "corp_full_name": "隔壁公司有限公司", "position": "采购"}
        return told | corp | {"external_profile": {"external_attr": []}}


class Customers:
    """By id (on the page and in the control API) and by external_userid."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.load()

    def load(self) -> None:
        self._by_id: dict[str, Stranger] = {}
        self._by_external: dict[str, Stranger] = {}
        options = self._world.options.contact
        for person in options.customers if options else ():
            self._take(person.id, person.name, person.kind)
        for row in self._world.store.load("customer"):
            self._take(row["id"], row["name"], row["kind"])

    def add(self, person: Customer) -> Stranger:
        """Somebody new, or a new name for one who is there."""
        row = {"id": person.id, "name": person.name, "kind": person.kind}
        self._world.store.save("customer", person.id, row)
        return self._take(person.id, person.name, person.kind)

    def _take(self, number: str, name: str, kind: int) -> Stranger:
        begin = "wm" if kind == WECHAT else "wo"
        corp = self._world.options.corp_id
        union = unionid(number) if self._world.limits.contact_unionid else ""
        who = Stranger(number, name, kind, external_userid(corp, number, begin), union if kind == WECHAT else "")
        self._by_id[number] = self._by_external[who.external_userid] = who
        return who

    def all(self) -> list[Stranger]:
        return list(self._by_id.values())

    def get(self, number: str) -> Stranger:
        """Refused for nobody's id."""
        if number not in self._by_id:
            raise Refused(f"customer: nobody is called {number!r}")
        return self._by_id[number]

    def find(self, external_userid: str) -> Stranger | None:
        return self._by_external.get(external_userid)
