"""Set text into boxes: measure, break, shrink, cut; then draw it, each character with the face that holds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from services.poster.glyphs import FACES, Faces, visual

# a line does not begin with these
NOT_FIRST = frozenset(",.!?:;\uff0c\u3002\uff01\uff1f\uff1a\uff1b\uff09\u3001)」』】》〉”’…·%]}~")
NOT_LAST = frozenset("(\uff08「『【《〈“‘¥$#[{")  # nor end with these
ELLIPSIS = "…"
PLAIN_WEIGHT = frozenset(("NotoSansSC-Rare.otf", "DejaVuSans.ttf"))  # come in one weight: bold is drawn with a stroke
SCALE = {"NotoEmoji.ttf": 0.92}


@lru_cache(maxsize=64)
def load(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """A face at a size in pixels; basic layout, so that raqm's presence changes nothing."""
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@dataclass(frozen=True)
class Style:
    """How a text is set. `size` shrinks to `smallest` before the last of `lines` is cut with an ellipsis."""

    weight: str
    size: int
    smallest: int
    lines: int
    leading: float = 1.3


@dataclass(frozen=True)
class Block:
    """Lines that fit, at the size at which they fit. Widths are in pixels."""

    lines: tuple[str, ...]
    widths: tuple[float, ...]
    size: int
    weight: str
    leading: float

    @property
    def height(self) -> int:
        return round(self.size * (1 + self.leading * (len(self.lines) - 1))) if self.lines else 0


class Typesetter:
    """Measures and draws with the faces of one folder."""

    def __init__(self, folder: Path) -> None:
        self.faces = Faces(folder)
        self._advance = lru_cache(maxsize=20_000)(self._measure)
        self._drawable = lru_cache(maxsize=1_000)(self.faces.drawable)

    def clean(self, text: str, weight: str = "regular") -> str:
        return self._drawable(text, weight)

    def fit(self, text: str, style: Style, width: int, height: int | None = None) -> Block:
        """Break `text` into lines of `width`; shrink by rule, and at the smallest size cut what is left over."""
        cleaned = self.faces.joined(self.clean(text, style.weight), style.weight)
        size = style.size
        while size > style.smallest and not self._fits(cleaned, style, size, style.size, width, height):
            size = max(style.smallest, size - 2)  # by the advances of the full size, so that no face is loaded for it
        while size > style.smallest and not self._fits(cleaned, style, size, size, width, height):
            size = max(style.smallest, size - 2)  # by its own, which hinting rounds
        lines = list(self._break(cleaned, style.weight, size, width))
        if len(lines) > style.lines:
            rest = "".join(lines[style.lines - 1 :])
            lines = [*lines[: style.lines - 1], self._cut(rest, style.weight, size, width)]
        lines = [visual(line.rstrip()) for line in lines]
        widths = tuple(self.width(line, style.weight, size) for line in lines)
        return Block(tuple(lines), widths, size, style.weight, style.leading)

    def _fits(self, text: str, style: Style, size: int, measured: int, width: int, height: int | None) -> bool:
        lines = sum(1 for _ in self._break(text, style.weight, measured, width * measured / size))
        if lines > style.lines:
            return False
        return height is None or lines <= 1 or size * (1 + style.leading * (lines - 1)) <= height

    def width(self, text: str, weight: str, size: int) -> float:
        return sum(self._advance(character, weight, size) for character in text)

    def draw(
        self, canvas: Image.Image, block: Block, x: float, top: float, colour: str, *, align: str, room: int
    ) -> None:
        """Draw a block whose box begins at (x, top) and is `room` wide; `align` is left, center or right."""
        slack = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        for number, (line, width) in enumerate(zip(block.lines, block.widths, strict=True)):
            baseline = top + block.size * (0.88 + block.leading * number)
            self.line(canvas, line, x + slack * (room - width), baseline, block.weight, block.size, colour)

    def say(
        self,
        canvas: Image.Image,
        text: str,
        style: Style,
        place: tuple[int, int, int],
        colour: str,
        align: str = "left",
    ) -> None:
        """Fit a text into the room to the right of a place, and draw it. `place`: left, top and room in pixels."""
        left, top, room = place
        self.draw(canvas, self.fit(text, style, room), left, top, colour, align=align, room=room)

    def line(
        self, canvas: Image.Image, text: str, x: float, baseline: float, weight: str, size: int, colour: str
    ) -> float:
        """Draw one line of cleaned text on its baseline, and return where it ends."""
        pen = ImageDraw.Draw(canvas)
        for name, run in self._runs(text, weight):
            font = load(self.faces.folder / name, round(size * SCALE.get(name, 1)))
            stroke = size / 80 if weight == "bold" and name in PLAIN_WEIGHT else 0
            pen.text((x, baseline), run, font=font, fill=colour, anchor="ls", stroke_width=stroke)
            x += sum(self._advance(character, weight, size) for character in run)
        return x

    def _runs(self, text: str, weight: str) -> Iterator[tuple[str, str]]:
        for name, run in groupby(text, key=lambda character: self.faces.find(character, weight)):
            yield name or FACES[weight][0], "".join(run)

    def _measure(self, character: str, weight: str, size: int) -> float:
        name = self.faces.find(character, weight) or FACES[weight][0]
        return float(load(self.faces.folder / name, round(size * SCALE.get(name, 1))).getlength(character))

    def _break(self, text: str, weight: str, size: int, width: float) -> Iterator[str]:
        line, length = "", 0.0
        for word in _words(text):
            needed = self.width(word, weight, size)
            if line and length + needed > width and word != " ":
                yield line
                line, length = "", 0.0
            if needed > width:  # a word longer than a line is broken anywhere
                for character in word:
                    step = self._advance(character, weight, size)
                    if line and length + step > width:
                        yield line
                        line, length = "", 0.0
                    line, length = line + character, length + step
            elif line or word != " ":
                line, length = line + word, length + needed
        if line.strip():
            yield line

    def _cut(self, text: str, weight: str, size: int, width: int) -> str:
        room = width - self.width(ELLIPSIS, weight, size)
        kept = ""
        for character in text:
            room -= self._advance(character, weight, size)
            if room < 0:
                break
            kept += character
        return kept.rstrip(" ·,、\uff0c") + ELLIPSIS


def _words(text: str) -> list[str]:
    """What must not be parted: Latin words and numbers, and punctuation with the character it belongs to."""
    words: list[str] = []
    for character in text:
        last = words[-1] if words else ""
        glued = (
            bool(last)
            and last != " "
            and (character in NOT_FIRST or last[-1] in NOT_LAST or (_latin(character) and _latin(last[-1])))
        )
        if glued:
            words[-1] = last + character
        else:
            words.append(character)
    return words


def _latin(character: str) -> bool:
    return character != " " and ord(character) < 0x2E80 and (character.isalnum() or character in "-_'@&.+")
