"""What the daily walk asks the platform, in the job's own words (jobs.contacts.Listing)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.contact.client import ContactClient
from bot.wecom.errors import Kind, Refused, TokenRejected, WeComFault
from services.customer.told import Page

BAD_CURSOR = 50100


class Listing:
    """refused      raised for what a person has to mend
    cursor_gone  raised where the cursor does not serve any more
    """

    def __init__(self, client: ContactClient, *, refused: type[Exception], cursor_gone: type[Exception]) -> None:
        self._client, self._refused, self._cursor_gone = client, refused, cursor_gone

    def members(self) -> list[str]:
        try:
            return self._client.follow_users()
        except WeComFault as fault:
            raise self._told(fault) from None

    def page(self, members: Sequence[str], cursor: str) -> Page:
        try:
            return self._client.listed(members, cursor)
        except WeComFault as fault:
            raise self._told(fault) from None

    def _told(self, fault: WeComFault) -> Exception:
        if isinstance(fault, Refused) and fault.errcode == BAD_CURSOR:
            return self._cursor_gone()
        lasting = isinstance(fault, Refused | TokenRejected) and fault.kind not in (Kind.RETRY, Kind.QUOTA)
        return self._refused(fault.reason) if lasting else fault
