"""Codes of coupons: of a page that shares one, and of one that somebody took.

Shape    characters of a distributor's code, but longer: 10 for a claim, 12 for a share, so that none is taken for
         another. 31 ** 10 codes are too many to guess one that is in somebody's pocket.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from domain.code import ALPHABET, bare

CLAIM_LENGTH, SHARE_LENGTH = 10, 12
_CLAIM = re.compile(rf"(?<![0-9A-Z])([{ALPHABET}]{{5}})[- ]?([{ALPHABET}]{{5}})(?![0-9A-Z])")


def new_claim(below: Callable[[int], int]) -> str:
    """`below(n)` gives a uniform int in [0, n). Whether the code is taken is the caller's question."""
    return _new(below, CLAIM_LENGTH)


def new_share(below: Callable[[int], int]) -> str:
    return _new(below, SHARE_LENGTH)


def normalise(text: str) -> str | None:
    """The canonical form of what was typed, or None: spaces, hyphens, case and full-width forms do not matter."""
    typed = bare(text)
    return typed if len(typed) in (CLAIM_LENGTH, SHARE_LENGTH) and set(typed) <= set(ALPHABET) else None


def claims_in(text: str) -> list[str]:
    """The words of a text that may be a claim's code, in canonical form."""
    found = [normalise("".join(parts)) for parts in _CLAIM.findall(text.upper())]
    return [code for code in found if code is not None]


def is_claim(code: str) -> bool:
    return len(code) == CLAIM_LENGTH


def spoken(code: str) -> str:
    """In parts that can be read aloud: `K7M2Q-9XP3T`."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"


def _new(below: Callable[[int], int], length: int) -> str:
    return "".join(ALPHABET[below(len(ALPHABET))] for _ in range(length))
