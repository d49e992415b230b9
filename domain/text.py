"""Long answers in parts that a chat takes.

Units    bytes of UTF-8
"""

from __future__ import annotations

import unicodedata

LIMIT = 2048  # of one text message in WeChat Work, passive or active
LONGEST_WORD = 256
_JOINER = "\u200d"  # holds the parts of one emoji together


def split_text(text: str, limit: int = LIMIT) -> list[str]:
    """`text` in parts of at most `limit` bytes, cut on line ends and in order; blank parts are left out.

    A line that is longer than the limit is cut between characters: not inside a number, a word or an address of Latin
    letters unless that is longer than a part or 256 characters, and not between a character and what combines with it.
    Only the line ends at which a cut is made are left out: split_text("ab\\ncd", 4) == ["ab", "cd"].

    Raises   ValueError for a limit below 4, the longest character
    """
    if limit < 4:
        raise ValueError(f"a part must hold a character: {limit}")
    parts: list[str] = []
    lines: list[str] = []
    used = 0
    for line in text.split("\n"):
        *whole, rest = _pieces(line, limit)
        size = len(rest.encode())
        if whole:
            parts.append("\n".join(lines))
            parts.extend(whole)
            lines, used = [rest], size
        elif lines and used + 1 + size > limit:
            parts.append("\n".join(lines))
            lines, used = [rest], size
        else:
            used += size + (1 if lines else 0)
            lines.append(rest)
    parts.append("\n".join(lines))
    return [part for part in parts if part.strip()]


def _pieces(line: str, limit: int) -> list[str]:
    """One line in pieces of at most `limit` bytes; a single piece in the ordinary case."""
    pieces: list[str] = []
    while len(line.encode()) > limit:
        end = len(line.encode()[:limit].decode(errors="ignore"))
        end = _before_word(line, _before_cluster(line, end))
        pieces.append(line[:end])
        line = line[end:]
    return [*pieces, line]


def _before_word(line: str, end: int) -> int:
    """The start of the number, word or address that a cut at `end` would break, unless that is too far back."""
    start, first = end, max(0, end - LONGEST_WORD)
    while start > first and _holds(line[start - 1]) and _holds(line[start]):
        start -= 1
    return start if start > first else end


def _holds(character: str) -> bool:
    """Part of a number or of a word of Latin letters: 1,234.50, -3.20, https://…?a=b"""
    return character.isascii() and not character.isspace()


def _before_cluster(line: str, end: int) -> int:
    """The start of the cluster that a cut at `end` would break; one of more than 32 characters is broken."""
    for start in range(end, max(end - 32, 0), -1):
        if not _clings(line[start]) and line[start - 1] != _JOINER:
            return start
    return end


def _clings(character: str) -> bool:
    """Drawn together with what stands before it: accents, variation selectors, joiners, skin tones."""
    return bool(unicodedata.combining(character)) or character == _JOINER or character in _CLINGING


_CLINGING = frozenset(map(chr, [*range(0xFE00, 0xFE10), 0x20E3, *range(0x1F3FB, 0x1F400)]))
