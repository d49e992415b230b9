"""Who opens a coupon's page: a visitor by his cookie, or a person whom the link names by a signed hint.

A hint is `kind` and the keyed digest of somebody's openid, unionid or external_userid, signed with the vault's key: it
says nothing to whoever reads it, and nobody else can make one. The page takes it into a cookie and out of the address,
so that who forwards the page forwards no hint.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from services.vault import Vault

KINDS = {"o": "openid", "u": "unionid", "w": "external_userid"}
_HINT = re.compile(r"([ouw])([0-9a-f]{64})([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Visitor:
    """`holder` is who he is for the limits; `identities` are the digests by which an order may know him."""

    holder: str
    identities: tuple[str, ...]


def hint(vault: Vault, kind: str, digest: str) -> str:
    """For the link's `h`: `digest` is `vault.digest(kind, value)`."""
    letter = next(letter for letter, known in KINDS.items() if known == kind)
    return letter + digest + _signature(vault, letter + digest)


def visitor(vault: Vault, cookie: str, given: str | None) -> Visitor:
    """The person of a hint, else the visitor of the cookie; a hint that is not ours is as if it were not there."""
    own = vault.digest("visitor", cookie)
    digest = read(vault, given)
    return Visitor(own, (own,)) if digest is None else Visitor(digest, (digest, own))


def read(vault: Vault, given: str | None) -> str | None:
    """The digest in a hint of ours."""
    found = _HINT.fullmatch(given or "")
    if found is None or not hmac.compare_digest(found[3], _signature(vault, found[1] + found[2])):
        return None
    return found[2]


def _signature(vault: Vault, text: str) -> str:
    return vault.digest("coupon hint", text)[:32]
