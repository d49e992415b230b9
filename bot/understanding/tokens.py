"""Words that stand for a thing: order numbers and distributor codes in what was typed."""

from __future__ import annotations

import re

from domain import code

# A word is what stands between two characters that no number of a mall contains.
_WORD = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?(?![0-9A-Za-z])")
_MONEY_AFTER = re.compile(r"\s*(?:块|元|圆|毛|角|rmb|万|千|百|天|个|号|月|年|日|人|名|单|件|斤|次|点|%)", re.IGNORECASE)
_ORDER_BEFORE = re.compile(r"(?:订单号?|定单号?|单号|编号|单子|这单|那单|单|no)[\s:：是为#.]*$", re.IGNORECASE)
_DATE = re.compile(r"20\d\d[-/.]\d{1,2}[-/.]\d{1,2}")
_SPACED_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{1,7}(?:[ \u3000-][0-9A-Za-z]{1,7}){1,5}(?![0-9A-Za-z])")


def order_candidates(text: str) -> list[str]:
    """The words of half-width `text` that may be the number of an order, the likeliest first, as they were typed.

    Anything with a digit counts: the caller knows which orders the writer has, and no other way of telling is right.
    """
    ranked: list[tuple[int, int, str]] = []
    for match in _WORD.finditer(text):
        word = match[0]
        if not any(c.isdigit() for c in word) or _DATE.fullmatch(word):
            continue
        ranked.append((-_likeness(text, match), match.start(), word))
    return list(dict.fromkeys(word for _, _, word in sorted(ranked)))


def best_order(text: str) -> str | None:
    """The word that looks like an order number by itself, or None when none does.

    Letters of a short prefix are written large, as they are printed: o1001 is O1001.
    """
    for match in sorted(_WORD.finditer(text), key=lambda m: (-_likeness(text, m), m.start())):
        word = match[0]
        if any(c.isdigit() for c in word) and not _DATE.fullmatch(word) and _likeness(text, match) >= 2:
            return word.upper() if re.fullmatch(r"[a-z]{1,4}[\d-]{3,}", word) else word
        break
    return None


def find_code(text: str) -> str | None:
    """The distributor's code in half-width `text`, in canonical form. Its check character is the caller's matter."""
    for match in _WORD.finditer(text):
        found = code.normalise(match[0])
        if found and not _looks_like_order(found, text, match):
            return found
    for match in _SPACED_CODE.finditer(text):
        found = code.normalise(match[0])
        if found:
            return found
    return None


def _looks_like_order(found: str, text: str, match: re.Match[str]) -> bool:
    return bool(_ORDER_BEFORE.search(text[: match.start()])) or bool(re.fullmatch(r"[A-Z]{1,3}\d{4,}", found))


def _likeness(text: str, match: re.Match[str]) -> int:
    """0 an amount or a count, 1 a bare number, 2 and 3 what looks like an order."""
    word = match[0]
    if _ORDER_BEFORE.search(text[: match.start()]):
        return 3
    if word.isdigit():
        if _MONEY_AFTER.match(text[match.end() :]):
            return 0
        return 2 if len(word) >= 8 else 1
    return 2 if re.search(r"\d{3,}", word) or len(word) >= 6 else 0


def mask_code(text: str, found: str, mark: str) -> str:
    """`text` with the word or words that gave the code `found` replaced by `mark`."""
    for pattern in (_WORD, _SPACED_CODE):
        for match in pattern.finditer(text):
            if code.normalise(match[0]) == found:
                return text[: match.start()] + mark + text[match.end() :]
    return text
