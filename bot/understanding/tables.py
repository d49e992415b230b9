"""Writes pinyin.txt from pypinyin: `python -m bot.understanding.tables`, with pypinyin installed.

The table is kept in the tree because pypinyin itself costs 50 MB and a quarter of a second in every process.
"""

from __future__ import annotations

from pathlib import Path

# Characters that are really read in two ways; the second readings of all others are found in dictionaries only.
TWO_WAYS = "行还长重得都率乐调单参差觉数系降强便给传更量教种朝曾没藏模着佣劵卷会什么少分"
HEADER = "# Syllable and the characters of GB 2312 that are read so, most usual reading first. From pypinyin (MIT)."


def gb2312() -> list[str]:
    """The 6,763 characters of GB 2312."""
    rows = range(0xB0, 0xF8)
    found = (bytes((high, low)).decode("gb2312", "ignore") for high in rows for low in range(0xA1, 0xFF))
    return [character for character in found if character]


def main() -> None:
    from pypinyin import Style, pinyin

    table: dict[str, list[str]] = {}
    for character in gb2312():
        readings = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
        for syllable in readings[: 2 if character in TWO_WAYS else 1]:
            table.setdefault(syllable.replace("ü", "v"), []).append(character)
    lines = [f"{syllable} {''.join(characters)}" for syllable, characters in sorted(table.items())]
    Path(__file__).with_name("pinyin.txt").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
