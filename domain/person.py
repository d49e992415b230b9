"""One person in several chats: how he says that they are his, and whose books the joined person keeps.

Raises   TooManyCodes, SameChat, TwoBooks, NotActive
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from domain.conversation import Intent
from domain.errors import DomainError

CODE_LENGTH = 8
GOOD_FOR = timedelta(minutes=10)
MOST_WRONG, WRONG_WITHIN = 5, timedelta(minutes=10)  # codes of one chat

_ASKED = re.compile(
    r"(?:(?:我要|我想|帮我|请)?(?:关联|關聯)(?:一下)?(?:我的)?(?:账号|帐号|聊天|公众号|企业微信|微信)?(?:码)?)"
    r"(?:[:,，。\s]*([0-9A-Za-z][0-9A-Za-z\s-]{2,14}))?[。.!！~]*"
)


class TooManyCodes(DomainError):
    """This chat has said too many wrong codes; `minutes` until it may say another."""

    code = "profile.too_many_codes"


class SameChat(DomainError):
    """The code was said by the person to whom it was given."""

    code = "profile.same_chat"


class TwoBooks(DomainError):
    """Both are distributors with orders, commission or a team: no code of one person joins those."""

    code = "profile.two_books"


class NotActive(DomainError):
    """One of the two is suspended or has left: joining would undo that."""

    code = "profile.not_active"


def linking_of(text: str) -> Intent | None:
    """「关联」 asks for a code, 「关联 7K3M2QAB」 says one: `profile` with `link`, empty where a code is asked for."""
    found = _ASKED.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return None if found is None else Intent("profile", {"link": (found[1] or "").strip()})


def keeps_books(giver: bool, sayer: bool) -> bool:
    """Of two distributors who are one person: whether the one who gave the code goes on (else the one who said it).

    Whoever has books goes on; where neither has, the one who gave it. Raises TwoBooks
    """
    if giver and sayer:
        raise TwoBooks()
    return not sayer
