"""Does anything that ships break a rule of material? `python -m tools.check_words`

Looks at the sentences of assets/messages, the copy of assets/copy, the words of the poster layouts and the demo
merchant's products, all held against assets/words.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from models.order import Product
from services import demo, words
from services.copy import library
from services.copy.library import Library, OffendingCopy
from services.material import everything
from services.material.everything import Checked

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def checked(assets: Path) -> Iterator[Checked]:
    """Every text that ships, with what was found of it."""
    lists = words.load(assets / "words")
    texts = Library.load(assets / "copy", lists).texts
    yield from (Checked(f"文案 {text.name}", tuple(library.check(text, lists))) for text in texts)
    sentences = tomllib.loads((assets / "messages" / "zh_CN.toml").read_text(encoding="utf-8"))
    yield from everything.sentences(sentences, lists)
    yield from everything.layouts(assets / "posters", lists)
    items = [
        Product(sku=it.sku, name=it.name, category=it.category, promise=it.promise) for it in demo.read(assets).products
    ]
    yield from everything.products(items, lists)


def main(assets: Path = ASSETS) -> int:
    try:
        found = list(checked(assets))
    except OffendingCopy as fault:
        print(fault, file=sys.stderr)
        return 1
    faults = [f"{finding.rule_id} {finding.evidence.said}" for it in found for finding in it.findings]
    print(
        "\n".join(faults) or f"{len(found)} texts hold no word of the lists", file=sys.stderr if faults else sys.stdout
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
