"""Which members may have customers (客户联系's usage range), and what would keep a code from naming them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..people import Refused

if TYPE_CHECKING:
    from ..options import Member
    from ..state import World

UNKNOWN, OUTSIDE, NOT_ACTIVE, NOT_VERIFIED = 40031, 84074, 41054, 40098


@dataclass(frozen=True)
class Standing:
    """`welcome`: a welcome message of his own in the admin console; then no event brings a WelcomeCode."""

    userid: str
    permitted: bool = False
    activated: bool = True
    verified: bool = True
    welcome: bool = False


class Members:
    def __init__(self, world: World) -> None:
        self._world = world
        self.load()

    def load(self) -> None:
        options = self._world.options.contact
        chosen = options.members if options else ()
        self._known = {userid.lower(): Standing(userid.lower(), permitted=True) for userid in chosen}
        for row in self._world.store.load("contact-member"):
            self._known[row["userid"]] = Standing(**row)

    def change(self, userid: str, **fields: bool) -> Standing:
        changed = replace(self.standing(userid), **fields)
        self._known[changed.userid] = changed
        self._world.store.save("contact-member", changed.userid, asdict(changed))
        self._world.publish({"type": "contact"})
        return changed

    def standing(self, userid: str) -> Standing:
        return self._known.get(userid.lower(), Standing(userid.lower()))

    def known(self, userid: str) -> Member:
        """Refused for nobody's userid."""
        found = self._world.member(userid)
        if found is None:
            raise Refused(f"userid: nobody is called {userid!r}")
        return found

    def serving(self) -> list[str]:
        """Who may have customers and is visible to the app, in the order of the enterprise."""
        return [
            member.userid
            for member in self._world.members.values()
            if member.visible and self.standing(member.userid).permitted
        ]

    def check(self, userids: list[str]) -> None:
        """ApiError for the first of them who cannot stand in a code."""
        for userid in userids:
            member = self._world.member(userid)
            standing = self.standing(userid)
            if member is None or not member.visible:
                raise ApiError(UNKNOWN)
            for good, code in (
                (standing.permitted, OUTSIDE),
                (standing.activated, NOT_ACTIVE),
                (standing.verified, NOT_VERIFIED),
            ):
                if not good:
                    raise ApiError(code)

    def of_parties(self, parties: list[int]) -> list[str]:
        return [userid for userid in self.serving() if set(self.known(userid).departments) & set(parties)]

    def describe(self) -> list[dict[str, Any]]:
        return [asdict(self.standing(member.userid)) for member in self._world.members.values()]
