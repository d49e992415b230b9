"""Draw the pictures of docs/plans.zh-CN.md: who invited whom, who sells, who gets what.

    python -m tools.draw_plans [--only single,team]

A tree of people, inviters above, made of the first example of each chapter (tools/plan_chapters.py); what each gets
comes of the engine. It is kept in the file too, so that a test finds a picture that tells other numbers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from services.poster import shapes
from services.poster.typeset import Style, Typesetter
from tools.plan_chapters import CHAPTERS, Chapter, gains

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "images" / "plans"
KEPT = "tuike"  # the text chunk of the PNG
WIDTH, EDGE = 1080, 36
CARDS = {1: 580, 2: 440, 3: 320}  # by how many stand side by side
SOLD, GAP, STEP, HEAD = 50, 30, 62, 104
FACE, LINE = 58, 38
PAPER, INK, MUTED, WIRE, GREEN, PALE = "#F4F1EC", "#1F2D36", "#7A858C", "#B9C3C8", "#23805A", "#E6F3EC"
FACES = ("#E2785A", "#4F8FB8", "#5BA67C", "#9A77B8", "#D19A3C", "#C2607F", "#5C7C8A")


@dataclass
class Node:
    """A person with those whom he invited; `x` is the middle of his card, in cards from the left."""

    name: str
    below: list[Node] = field(default_factory=list)
    x: float = 0.0
    depth: int = 0


def facts(chapter: Chapter) -> dict[str, object]:
    """Everything that the picture tells."""
    story = chapter.examples[0].story
    return {
        "title": chapter.title,
        "people": {person["code"]: person["upline"] for person in story.distributors},
        "roles": chapter.roles,
        "sold": chapter.sold,
        "gains": gains(story),
    }


def draw(chapter: Chapter, letters: Typesetter) -> Image.Image:
    told = gains(chapter.examples[0].story)
    roots = _tree(chapter)
    nodes = _placed(roots)
    rows = max(node.depth for node in nodes) + 1
    columns = round(max(node.x for node in nodes)) + 1
    wide = CARDS.get(columns, (WIDTH - 2 * EDGE - GAP * (columns - 1)) // columns)
    heights = [max(_height(chapter, told, node.name) for node in nodes if node.depth == depth) for depth in range(rows)]
    step = STEP if rows <= 3 else 40
    canvas = Image.new("RGB", (WIDTH, HEAD + sum(heights) + step * (rows - 1) + EDGE), PAPER)
    letters.say(canvas, chapter.title, Style("bold", 42, 28, 1), (EDGE, 34, WIDTH - 2 * EDGE), INK, "center")
    tops = [HEAD + sum(heights[:depth]) + step * depth for depth in range(rows)]
    left = (WIDTH - columns * wide - (columns - 1) * GAP) / 2

    def middle(node: Node) -> int:
        return round(left + node.x * (wide + GAP) + wide / 2)

    for node in nodes:
        foot = tops[node.depth] + _height(chapter, told, node.name)
        for below in node.below:
            _wire(canvas, (middle(node), foot), (middle(below), tops[below.depth]), step)
    for node in nodes:
        if node.below:
            foot = tops[node.depth] + _height(chapter, told, node.name)
            _pill(canvas, letters, "邀请", (middle(node), foot + step // 2))
    for number, node in enumerate(nodes):
        box = (middle(node) - wide // 2, tops[node.depth], wide, _height(chapter, told, node.name))
        _card(canvas, letters, chapter, told.get(node.name, []), node.name, box, FACES[number % len(FACES)])
    return canvas


def _tree(chapter: Chapter) -> list[Node]:
    people = chapter.examples[0].story.distributors
    nodes = {person["code"]: Node(person["code"]) for person in people}
    roots = []
    for person in people:
        above = person["upline"]
        (roots if above is None else nodes[above].below).append(nodes[person["code"]])
    return roots


def _placed(roots: list[Node]) -> list[Node]:
    """Everybody, with his place: leaves side by side, others above the middle of theirs."""
    found: list[Node] = []
    leaves = 0

    def place(node: Node, depth: int) -> None:
        nonlocal leaves
        node.depth = depth
        found.append(node)
        for below in node.below:
            place(below, depth + 1)
        if node.below:
            node.x = sum(below.x for below in node.below) / len(node.below)
        else:
            node.x, leaves = leaves, leaves + 1

    for root in roots:
        place(root, 0)
    return found


def _height(chapter: Chapter, told: dict[str, list[tuple[str, str]]], name: str) -> int:
    lines = max(1, len(told.get(name, [])))
    return 24 + FACE + 14 + LINE * lines + 22 + (SOLD if name in chapter.sold else 0)


def _card(
    canvas: Image.Image,
    letters: Typesetter,
    chapter: Chapter,
    told: list[tuple[str, str]],
    name: str,
    box: tuple[int, int, int, int],
    face: str,
) -> None:
    left, top, wide, height = box
    shapes.shadow(canvas, box, 22, 10, 5, "#1F2D3620")
    shapes.panel(canvas, box, "#FFFFFF", 22)
    x, y = left + 22, top + 22
    shapes.panel(canvas, (x, y, FACE, FACE), face, FACE // 2)
    letters.say(canvas, name[-1], Style("bold", 30, 20, 1), (x, y + 13, FACE), "#FFFFFF", "center")
    role = chapter.roles.get(name, "")
    room = wide - 44 - FACE - 16
    letters.say(canvas, name, Style("bold", 31, 22, 1), (x + FACE + 16, y + (1 if role else 13), room), INK)
    if role:
        letters.say(canvas, role, Style("regular", 22, 16, 1), (x + FACE + 16, y + 36, room), MUTED)
    y += FACE + 14
    if not told:
        letters.say(canvas, "没有佣金", Style("regular", 25, 18, 1), (x, y + 4, wide - 44), MUTED)
        y += LINE
    for title, worth in told:
        value = letters.fit(f"+{worth}" if worth.endswith("元") else worth, Style("bold", 27, 19, 1), wide * 2 // 3)
        rest = round(wide - 44 - max(value.widths, default=0) - 12)
        named = rest >= letters.width(title, "regular", 19)  # where there is no room the amount says enough
        above = y + 3 + 0.88 * (27 - value.size)  # on the line of what is not shrunk
        letters.draw(canvas, value, x, above, GREEN, align="right" if named else "center", room=wide - 44)
        if named:
            letters.say(canvas, title, Style("regular", 25, 19, 1), (x, y + 5, rest), MUTED)
        y += LINE
    if name in chapter.sold:
        foot = (left, top + height - SOLD, wide, SOLD)
        shapes.panel(canvas, foot, PALE, 22, "bottom")
        letters.say(
            canvas, chapter.sold[name], Style("bold", 25, 16, 1), (left + 16, foot[1] + 11, wide - 32), GREEN,
            "center",
        )  # fmt: skip


def _wire(canvas: Image.Image, above: tuple[int, int], below: tuple[int, int], step: int) -> None:
    """From the foot of one card to the head of another, at right angles."""
    pen = ImageDraw.Draw(canvas)
    bend = above[1] + step // 2
    pen.line([above, (above[0], bend), (below[0], bend), below], fill=WIRE, width=4, joint="curve")
    x, y = below
    pen.polygon([(x - 10, y - 13), (x + 10, y - 13), (x, y - 1)], fill=WIRE)


def _pill(canvas: Image.Image, letters: Typesetter, text: str, middle: tuple[int, int]) -> None:
    x, y = middle
    shapes.panel(canvas, (x - 38, y - 16, 76, 32), PAPER, 16)
    letters.say(canvas, text, Style("regular", 22, 16, 1), (x - 38, y - 12, 76), MUTED, "center")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args().only.split(",")
    letters = Typesetter(ROOT / "assets" / "fonts")
    OUT.mkdir(parents=True, exist_ok=True)
    for chapter in CHAPTERS:
        if chosen == [""] or chapter.preset in chosen:
            kept = PngInfo()
            kept.add_itxt(KEPT, json.dumps(facts(chapter), ensure_ascii=False, sort_keys=True))
            drawn = draw(chapter, letters).quantize(96, dither=Image.Dither.NONE)
            drawn.save(OUT / f"{chapter.preset}.png", optimize=True, pnginfo=kept)


if __name__ == "__main__":
    main()
