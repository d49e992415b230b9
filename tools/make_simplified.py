"""Writes domain/simplified.py from OpenCC: `python -m tools.make_simplified`.

The rules look at single characters, so the table of characters is enough for them, and `domain/` needs no library.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import opencc

TARGET = Path(__file__).resolve().parent.parent / "domain" / "simplified.py"
BLOCK = range(0x3400, 0xA000)
ROW = 100
# Not in OpenCC's table: shapes of the same characters that are typed where the usual one would be found.
VARIANTS = {"髙": "高", "冣": "最", "囯": "国", "囻": "国", "戶": "户", "產": "产", "弌": "一", "壹": "一", "朂": "最"}
HEAD = '''"""Traditional characters and their simplified ones. tools/make_simplified.py writes them from OpenCC.

A character whose simplified form depends on its word is taken as it mostly is; that is enough to find words.
"""

from __future__ import annotations

'''


def pairs() -> list[tuple[str, str]]:
    """(traditional, simplified) of the block of common characters, in the order of their numbers."""
    convert = opencc.OpenCC("t2s").convert
    found = {chr(number): convert(chr(number)) for number in BLOCK} | VARIANTS
    return sorted((old, new) for old, new in found.items() if old != new)


def rows(name: str, characters: str) -> str:
    lines = [f'    "{characters[at : at + ROW]}"' for at in range(0, len(characters), ROW)]
    return "\n".join([f"{name} = (", *lines, ")"])


def main() -> None:
    table = pairs()
    old, new = ("".join(side) for side in zip(*table, strict=True))
    parts = [rows("_TRADITIONAL", old), rows("_SIMPLIFIED", new)]
    closing = "SIMPLIFIED: dict[int, int] = str.maketrans(_TRADITIONAL, _SIMPLIFIED)"
    TARGET.write_text(HEAD + "\n".join([*parts, closing]) + "\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
