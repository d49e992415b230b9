"""Distributor codes: short, said over the phone, typed with thumbs, and checked before anybody is asked about them.

Shape    6 to 8 characters of `ALPHABET`, at least one letter and one digit; the last is the check character
Check    Σ (position + 1) × value ≡ 0 modulo 31. The alphabet has 31 characters and 31 is prime, so every single wrong
         character and every swap of two neighbours is noticed.
Source   the alphabet leaves out 0 O 1 I L, which people confuse; a word that means something ("RANK", "THANKS") has
         no digit and is therefore never a code, nor is a number (an amount, an order)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import product

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MIN_LENGTH, MAX_LENGTH = 6, 8

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
# What a person may have seen when he typed a character that no code has.
_SEEN_AS = {"0": "QD", "O": "QD", "1": "7J", "I": "J7", "L": "7E"}
_MARKS = " \t\r\n\u3000-_·.,。，、!！?？;；:：~～'\"“”‘’「」『』()（）[]【】<>《》*#"


def check_character(body: str) -> str:
    """The character that completes `body`; ValueError for characters outside the alphabet.

    The check character's own weight is len(body) + 1, between 1 and 30 and therefore invertible modulo 31.
    """
    if not MIN_LENGTH <= len(body) + 1 <= MAX_LENGTH or any(character not in _VALUE for character in body):
        raise ValueError(f"a code's body is {MIN_LENGTH - 1} to {MAX_LENGTH - 1} characters of {ALPHABET}: {body!r}")
    weight = len(body) + 1
    return ALPHABET[-_weighted(body) * pow(weight, -1, len(ALPHABET)) % len(ALPHABET)]


def new(below: Callable[[int], int], length: int = MIN_LENGTH) -> str:
    """A fresh code of `length` characters. `below(n)` gives a uniform int in [0, n), e.g. `secrets.randbelow`.

    At least two letters and two digits, so that no code reads as a word or an amount. Whether it is taken is the
    caller's question.
    """
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise ValueError(f"a code has {MIN_LENGTH} to {MAX_LENGTH} characters, not {length}")
    while True:
        body = "".join(ALPHABET[below(len(ALPHABET))] for _ in range(length - 1))
        code = body + check_character(body)
        digits = sum(character.isdigit() for character in code)
        if 2 <= digits <= length - 2:
            return code


def is_valid(code: str) -> bool:
    """Whether `code` is in canonical form and its check character is right."""
    return has_shape(code) and _weighted(code) % len(ALPHABET) == 0


def has_shape(text: str) -> bool:
    """Whether `text` could be a code in canonical form; the check character is not looked at."""
    return (
        MIN_LENGTH <= len(text) <= MAX_LENGTH
        and all(character in _VALUE for character in text)
        and any(character.isdigit() for character in text)
        and not text.isdigit()
    )


def normalise(text: str) -> str | None:
    """The canonical form of what was typed, or None when it is no code.

    Spaces, hyphens, marks around it, case and full-width forms do not matter: `normalise("８k3m 2q。")` is "8K3M2Q".
    The check character is not demanded here, so that the caller can tell "unknown code" from "no code". Only where one
    or two of 0 O 1 I L were typed does it decide: exactly one reading with a right check character is taken.
    """
    typed = bare(text)
    if has_shape(typed):
        return typed
    confused = sum(character in _SEEN_AS for character in typed)
    if not MIN_LENGTH <= len(typed) <= MAX_LENGTH or not 1 <= confused <= 2:
        return None
    readings = {"".join(reading) for reading in product(*(_SEEN_AS.get(c, c) for c in typed))}
    valid = [reading for reading in readings if is_valid(reading)]
    return valid[0] if len(valid) == 1 else None


def bare(text: str) -> str:
    """What was typed in capitals and half-width, without spaces, hyphens and marks."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c not in _MARKS)


def _weighted(text: str) -> int:
    return sum(weight * _VALUE[character] for weight, character in enumerate(text, start=1))
