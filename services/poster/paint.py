"""Draw a layout's elements onto a canvas: one function for each kind, in the table at the foot."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from services.poster import layout as parts
from services.poster import picture, qr, shapes
from services.poster.facts import Row
from services.poster.layout import Layout, fill_in
from services.poster.typeset import Style, Typesetter

BoxPixels = tuple[int, int, int, int]


@dataclass(frozen=True)
class Content:
    """A poster's facts, cleaned to what can be drawn; `link` as it is."""

    facts: dict[str, str]
    points: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    picture: bytes | None = None
    code: bytes | None = None  # drawn by the platform, in place of one of the link


@dataclass(frozen=True)
class Sheet:
    """What a painting function works with."""

    canvas: Image.Image
    content: Content
    letters: Typesetter
    images: Path


def height_of(layout: Layout, content: Content) -> int:
    """The poster's height: a leaderboard grows with its rows."""
    rows = sum(
        element.row * max(1, min(element.most, len(content.rows)))
        for element in layout.element
        if isinstance(element, parts.Rows)
    )
    return layout.height + rows


def paint(sheet: Sheet, element: parts.AnyElement) -> None:
    """Draw one element; nothing where a fact that it needs is empty."""
    if any(not sheet.content.facts.get(name) for name in element.needs):
        return
    left, top, width, height = element.box
    bottom = sheet.canvas.height
    top = top if top >= 0 else bottom + top
    height = height if height > 0 else bottom + height - top
    if isinstance(element, parts.Rows):
        height = element.row * max(1, min(element.most, len(sheet.content.rows)))
    PAINTERS[element.kind](sheet, element, (left, top, width, height))


def _style(element: Any, lines: int = 1, leading: float = 1.3) -> Style:
    return Style(element.weight, element.size, element.smallest or element.size, lines, leading)


def _words(sheet: Sheet, element: Any) -> str:
    filled = fill_in(element.text, sheet.content.facts)
    if filled is None:
        filled = fill_in(element.empty, sheet.content.facts)
    return filled or ""


def _panel(sheet: Sheet, element: parts.Panel, box: BoxPixels) -> None:
    if element.shadow:
        cast = element.shadow
        shapes.shadow(sheet.canvas, box, element.radius, cast.blur, cast.down, cast.colour)
    shapes.panel(sheet.canvas, box, element.fill, element.radius, element.corners, across=element.across)


def _dashes(sheet: Sheet, element: parts.Dashes, box: BoxPixels) -> None:
    shapes.dashes(sheet.canvas, box, element.colour, element.dash)


def _picture(sheet: Sheet, element: parts.Picture, box: BoxPixels) -> None:
    left, top, width, height = box
    if sheet.content.picture is None:
        shapes.panel(sheet.canvas, box, element.fill, element.radius, element.corners)
        style = Style("bold", min(width, height) // 3, 12, 1)
        block = sheet.letters.fit(sheet.content.facts["name"][:1], style, width)
        sheet.letters.draw(
            sheet.canvas, block, left, top + (height - block.size) / 2, element.colour, align="center", room=width
        )
        return
    mask = shapes.rounded(width, height, element.radius, element.corners)
    sheet.canvas.paste(picture.cover(sheet.content.picture, width, height), (left, top), mask)


def _decoration(sheet: Sheet, element: parts.Decoration, box: BoxPixels) -> None:
    left, top, width, height = box
    with Image.open(sheet.images / element.file) as opened:
        image = opened.convert("RGBA")
    scale = min(width / image.width, height / image.height)
    size = (round(image.width * scale), round(image.height * scale))
    image = image.resize(size, Image.Resampling.LANCZOS)
    at = (left + (width - size[0]) // 2, top + (height - size[1]) // 2)
    sheet.canvas.paste(image.convert("RGB"), at, image.getchannel("A"))


def _text(sheet: Sheet, element: parts.Text, box: BoxPixels) -> None:
    left, top, width, height = box
    block = sheet.letters.fit(_words(sheet, element), _style(element, element.lines, element.leading), width, height)
    top += round({"top": 0.0, "middle": 0.5, "bottom": 1.0}[element.valign] * (height - block.height))
    sheet.letters.draw(sheet.canvas, block, left, top, element.colour, align=element.align, room=width)


def _price(sheet: Sheet, element: parts.Price, box: BoxPixels) -> None:
    left, top, width, height = box
    yuan, point, fen = sheet.letters.clean(_words_or_none(sheet, element), element.weight).partition(".")
    if not yuan:
        return
    size = element.size
    while True:
        pieces = (("¥", round(size * 0.52)), (yuan, size), (point + fen, round(size * 0.52)))
        long = sum(sheet.letters.width(text, element.weight, each) for text, each in pieces) + size * 0.06
        if long <= width or size <= (element.smallest or 12):
            break
        size -= 2
    x = left + {"left": 0.0, "center": 0.5, "right": 1.0}[element.align] * (width - long)
    for text, each in pieces:
        x = sheet.letters.line(sheet.canvas, text, x, top + height, element.weight, each, element.colour)
        x += size * 0.03


def _words_or_none(sheet: Sheet, element: Any) -> str:
    return fill_in(element.text, sheet.content.facts) or ""


def _chips(sheet: Sheet, element: parts.Chips, box: BoxPixels) -> None:
    left, top, width, height = box
    pad = element.height * 2 // 5
    x, y = left, top
    for part in _words_or_none(sheet, element).split("·"):
        if not part.strip():
            continue
        block = sheet.letters.fit(part, _style(element), width - 2 * pad)
        wide = round(block.widths[0]) + 2 * pad
        if x > left and x + wide > left + width:
            x, y = left, y + element.height + element.gap
        if y + element.height > top + height:
            return
        shapes.panel(sheet.canvas, (x, y, wide, element.height), element.fill, element.height // 2)
        above = y + (element.height - block.size) / 2 - block.size * 0.04
        sheet.letters.draw(sheet.canvas, block, x + pad, above, element.colour, align="left", room=wide)
        x += wide + element.gap


def _monogram(sheet: Sheet, element: parts.Monogram, box: BoxPixels) -> None:
    left, top, width, height = box
    shapes.panel(sheet.canvas, box, element.fill, min(width, height) // 2)
    words = _words(sheet, element)
    first = next((character for character in words if character.isalnum()), words[:1])
    block = sheet.letters.fit(first, _style(element), width)
    above = top + (height - block.size) / 2 - block.size * 0.02
    sheet.letters.draw(sheet.canvas, block, left, above, element.colour, align="center", room=width)


def _points(sheet: Sheet, element: parts.Points, box: BoxPixels) -> None:
    left, top, width, height = box
    if not sheet.content.points:
        return
    step = height / len(sheet.content.points)
    disc = round(element.size * 1.3)
    for number, point in enumerate(sheet.content.points):
        middle = top + step * (number + 0.5)
        shapes.panel(sheet.canvas, (left, round(middle - disc / 2), disc, disc), element.fill, disc // 2)
        tick = sheet.letters.fit("✓", Style("bold", round(element.size * 0.8), 12, 1), disc)
        sheet.letters.draw(sheet.canvas, tick, left, middle - tick.size / 2, element.tick, align="center", room=disc)
        indent = disc + element.size // 2
        block = sheet.letters.fit(point, _style(element, 2), width - indent)
        above = middle - block.height / 2 - block.size * 0.04
        sheet.letters.draw(sheet.canvas, block, left + indent, above, element.colour, align="left", room=width - indent)


def _rows(sheet: Sheet, element: parts.Rows, box: BoxPixels) -> None:
    left, top, width, _ = box
    if not sheet.content.rows:
        block = sheet.letters.fit(element.empty, _style(element), width)
        above = top + (element.row - block.size) / 2
        sheet.letters.draw(sheet.canvas, block, left, above, element.colour, align="center", room=width)
    for number, row in enumerate(sheet.content.rows[: element.most]):
        if number:
            shapes.panel(sheet.canvas, (left, top, width, 2), element.line)
        _row(sheet, element, row, (left, top, width, element.row))
        top += element.row


def _row(sheet: Sheet, element: parts.Rows, row: Row, box: BoxPixels) -> None:
    left, top, width, height = box
    disc = height * 3 // 5
    medal = 1 <= row.rank <= 3
    fill = element.medals[row.rank - 1] if medal else element.plain
    shapes.panel(sheet.canvas, (left, top + (height - disc) // 2, disc, disc), fill, disc // 2)
    number = sheet.letters.fit(str(row.rank), Style("bold", disc * 11 // 20, 12, 1), disc - 8)
    colour = element.medal_colour if medal else element.plain_colour
    above = top + (height - number.size) / 2 - number.size * 0.03
    sheet.letters.draw(sheet.canvas, number, left, above, colour, align="center", room=disc)
    value = sheet.letters.fit(row.value_text, Style("bold", element.size, 20, 1), width * 2 // 5)
    above = top + (height - value.size) / 2 - value.size * 0.03
    sheet.letters.draw(sheet.canvas, value, left, above, element.value_colour, align="right", room=width)
    indent = disc + element.size * 3 // 5
    room = round(width - indent - max(value.widths, default=0) - element.size * 0.6)
    name = sheet.letters.fit(
        row.nickname, Style("bold" if medal else "regular", element.size, element.smallest or element.size, 1), room
    )
    above = top + (height - name.size) / 2 - name.size * 0.03
    sheet.letters.draw(sheet.canvas, name, left + indent, above, element.colour, align="left", room=room)


def _code(sheet: Sheet, element: parts.Code, box: BoxPixels) -> None:
    left, top, room, _ = box
    if sheet.content.code is not None:
        sheet.canvas.paste(picture.cover(sheet.content.code, room, room), (left, top))
        return
    if not sheet.content.facts.get("link"):
        return
    code = qr.draw(sheet.content.facts["link"], room, element.dark)
    sheet.canvas.paste(code, (left + (room - code.width) // 2, top + (room - code.height) // 2))


PAINTERS: dict[str, Callable[[Sheet, Any, BoxPixels], None]] = {
    "panel": _panel,
    "dashes": _dashes,
    "picture": _picture,
    "image": _decoration,
    "text": _text,
    "price": _price,
    "chips": _chips,
    "monogram": _monogram,
    "points": _points,
    "rows": _rows,
    "qr": _code,
}
