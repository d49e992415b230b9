"""Personal data: sealed for storage, and found again by a keyed hash.

Seal     Fernet under ENCRYPTION_KEYS; the newest key seals, all of them open, so a key is changed by putting a new one
         in front
Digest   HMAC-SHA256 under a key that HKDF derives from SECRET_KEY: a stolen table can neither be read nor searched by
         trying all phone numbers. Whoever changes SECRET_KEY makes every stored digest unfindable: distributors are no
         longer recognised and repeated orders look new in content.
Raises   CannotOpen for a token that none of the keys opens
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.fields import plain_phone

_PURPOSE = b"tuike: digests of identities, v1"


class CannotOpen(Exception):
    """What was sealed under a key that is no longer among ENCRYPTION_KEYS. The text is not shown."""


class Vault:
    """The keys of one merchant. `repr` shows none of them."""

    def __init__(self, encryption_keys: Sequence[str], secret_key: str) -> None:
        """`encryption_keys` are Fernet keys, newest first; `secret_key` is SECRET_KEY. ValueError for a bad one."""
        if not encryption_keys or not secret_key:
            raise ValueError("the vault needs at least one encryption key and a secret key")
        self._fernet = MultiFernet([Fernet(key) for key in encryption_keys])
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())

    def seal(self, text: str) -> str:
        """An ASCII token, different each time; 12 characters of text take 100, 300 take 500."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, token: str) -> str:
        try:
            return self._fernet.decrypt(token.encode("ascii")).decode()
        except (InvalidToken, UnicodeError) as fault:
            raise CannotOpen("sealed under none of ENCRYPTION_KEYS") from fault

    def digest(self, kind: str, value: str) -> str:
        """64 hex digits by which `value` is found; the same value of another kind has another.

        What people write in several ways is brought to one first: a phone loses spaces, hyphens and +86, a member's
        userid of WeCom its case.
        """
        if kind == "phone":
            value = plain_phone(value)
        elif kind == "wecom":
            value = value.lower()
        return hmac.new(self._key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()
