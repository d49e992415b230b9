"""What the merchant chose for 客户联系."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Terms:
    """users    the members who serve customers
    own      a distributor who is a member with customer permission serves his customers himself
    link     a 获客链接; where there is one, customers come by it, with the state as its channel
    welcome  the text for new customers; None: that of assets/messages; empty: nobody is welcomed
    """

    users: tuple[str, ...] = ()
    own: bool = False
    link: str | None = None
    welcome: str | None = None

    @property
    def by_code(self) -> bool:
        """Customers come by codes that have to be made."""
        return self.link is None and bool(self.users or self.own)

    @property
    def open(self) -> bool:
        """There is any way by which customers can come to a distributor."""
        return self.link is not None or self.by_code

    def address(self, state: str) -> str:
        """The 获客链接 of one state. It must have one."""
        assert self.link is not None  # noqa: S101
        return f"{self.link}{'&' if '?' in self.link else '?'}customer_channel={quote(state, safe='')}"
