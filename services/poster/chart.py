"""Bar charts for people who decide on a phone: figures on top, then cards of labelled bars, one below the other.

    picture = draw(Chart("试算：水果店", "10 月，1,234 笔订单", figures, sections, "…"), assets / "fonts")     # PNG

Every bar has its number in words beside it, so that nothing has to be read off a scale. 1080 pixels wide; the height
grows with the bars.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from services.poster import shapes
from services.poster.typeset import Style, Typesetter

WIDTH, EDGE, PAD = 1080, 40, 44
INNER = WIDTH - 2 * EDGE - 2 * PAD
HEAD, TILE, TITLE, BAR, EMPTY, NOTE, GAP = 236, 176, 100, 98, 60, 44, 28
PAPER, CARD, INK, MUTED, RAIL = "#F4F1EC", "#FFFFFF", "#1F2D36", "#6F7B82", "#EEEAE4"
COST, GAIN, LOSS, CALM = ("#F2784B", "#E2513A"), ("#48B98A", "#2C9A6C"), ("#E8677A", "#CF3F57"), ("#7FA6C9", "#4F7FAE")


@dataclass(frozen=True)
class Figure:
    """A number that stands alone: what it is above, what to think of below."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """`length` as a part of the longest in its section, 0 to 1."""

    label: str
    value: str
    length: float
    paint: tuple[str, str] = COST


@dataclass(frozen=True)
class Section:
    """`empty` is said where there are no bars."""

    title: str
    bars: tuple[Bar, ...]
    empty: str = ""
    note: str = ""

    @property
    def height(self) -> int:
        rows = BAR * len(self.bars) if self.bars else EMPTY
        return TITLE + rows + (NOTE if self.note else 0) + PAD // 2


@dataclass(frozen=True)
class Chart:
    title: str
    subtitle: str
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    footer: str = ""


def draw(chart: Chart, fonts: Path) -> bytes:
    """PNG."""
    letters = Typesetter(fonts)
    height = HEAD + TILE + sum(GAP + section.height for section in chart.sections) + 96
    canvas = Image.new("RGB", (WIDTH, height), PAPER)
    _head(canvas, letters, chart)
    top = HEAD - 46
    _figures(canvas, letters, chart.figures, top)
    top += TILE
    for section in chart.sections:
        top += GAP
        _section(canvas, letters, section, top)
        top += section.height
    letters.say(canvas, chart.footer, Style("regular", 26, 20, 2), (EDGE, top + 30, WIDTH - 2 * EDGE), MUTED, "center")
    made = io.BytesIO()
    canvas.save(made, "PNG", optimize=True)
    return made.getvalue()


def _head(canvas: Image.Image, letters: Typesetter, chart: Chart) -> None:
    shapes.panel(canvas, (0, 0, WIDTH, HEAD), ("#2B4654", "#1B2C36"))
    room = WIDTH - 2 * EDGE - PAD
    letters.say(canvas, chart.title, Style("bold", 54, 36, 1), (EDGE + PAD // 2, 44, room), "#FFFFFF")
    letters.say(canvas, chart.subtitle, Style("regular", 30, 22, 1), (EDGE + PAD // 2, 122, room), "#C9D6DC")


def _figures(canvas: Image.Image, letters: Typesetter, figures: tuple[Figure, ...], top: int) -> None:
    gap = 20
    wide = (WIDTH - 2 * EDGE - gap * (len(figures) - 1)) // max(1, len(figures))
    for number, figure in enumerate(figures):
        box = (EDGE + number * (wide + gap), top, wide, TILE)
        _card(canvas, box)
        left, room = box[0] + 26, wide - 52
        letters.say(canvas, figure.label, Style("regular", 27, 20, 1), (left, top + 22, room), MUTED)
        letters.say(canvas, figure.value, Style("bold", 46, 26, 1), (left, top + 62, room), INK)
        letters.say(canvas, figure.note, Style("regular", 24, 17, 1), (left, top + 126, room), MUTED)


def _section(canvas: Image.Image, letters: Typesetter, section: Section, top: int) -> None:
    _card(canvas, (EDGE, top, WIDTH - 2 * EDGE, section.height))
    left = EDGE + PAD
    letters.say(canvas, section.title, Style("bold", 36, 28, 1), (left, top + 34, INNER), INK)
    top += TITLE
    if not section.bars:
        letters.say(canvas, section.empty, Style("regular", 29, 22, 1), (left, top, INNER), MUTED)
        top += EMPTY
    for bar in section.bars:
        value = letters.fit(bar.value, Style("bold", 30, 22, 1), INNER * 3 // 5)
        letters.draw(canvas, value, left, top, INK, align="right", room=INNER)
        room = round(INNER - max(value.widths, default=0) - 24)
        letters.say(canvas, bar.label, Style("regular", 30, 22, 1), (left, top, room), INK)
        shapes.panel(canvas, (left, top + 48, INNER, 20), RAIL, 10)
        if bar.length > 0:
            shapes.panel(canvas, (left, top + 48, max(20, round(INNER * bar.length)), 20), bar.paint, 10, across=True)
        top += BAR
    if section.note:
        letters.say(canvas, section.note, Style("regular", 25, 18, 1), (left, top - 6, INNER), MUTED)


def _card(canvas: Image.Image, box: tuple[int, int, int, int]) -> None:
    shapes.shadow(canvas, box, 26, 14, 6, "#1F2D3618")
    shapes.panel(canvas, box, CARD, 26)
