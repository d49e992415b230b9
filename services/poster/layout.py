"""Layouts as data: assets/posters/*.toml, parsed, checked, immutable. A designer adds one without code.

A layout lists its elements in drawing order. Elements that show the nickname or the link differ between distributors
and are drawn last, over all others, so that everything below them is made once per product. A box is
[left, top, width, height]; a top below zero is counted from the lower edge, a height of zero or less reaches to that
far above it (leaderboards grow with their rows). Texts may hold {facts}; assets/posters/README.md lists them.
"""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.poster.faults import LayoutError

FACTS = {
    "product": frozenset(("sku", "name", "price", "promise", "nickname", "link", "merchant", "contact")),
    "recruit": frozenset(("merchant", "nickname", "link", "headline", "contact")),
    "contact": frozenset(("merchant", "nickname", "link", "contact")),
    "coupon": frozenset(("title", "worth", "condition", "lasts", "scope", "nickname", "link", "merchant", "contact")),
    "leaderboard": frozenset(("title", "period_label", "footnote", "link", "merchant")),
}
PERSONAL = frozenset(("nickname", "link"))
_PLACE = re.compile(r"\{(\w*)\}")

Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
Fill = Colour | tuple[Colour, Colour]
Size = Annotated[int, Field(ge=12, le=400)]
Box = tuple[int, int, Annotated[int, Field(gt=0)], int]


class Shadow(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    blur: Annotated[int, Field(ge=1, le=80)]
    down: int = 0
    colour: Colour = "#00000040"


class Element(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    box: Box
    needs: tuple[str, ...] = ()

    def facts(self) -> set[str]:
        """The facts this element shows or waits for."""
        texts = (value for value in (getattr(self, "text", ""), getattr(self, "empty", "")) if value)
        return {name for text in texts for name in _PLACE.findall(text)} | set(self.needs)


class Panel(Element):
    """A filled rectangle, rounded where asked; two fill colours make a gradient."""

    kind: Literal["panel"]
    fill: Fill
    across: bool = False
    radius: Annotated[int, Field(ge=0)] = 0
    corners: Literal["all", "top", "bottom"] = "all"
    shadow: Shadow | None = None


class Dashes(Element):
    """A dashed line along the box's longer side."""

    kind: Literal["dashes"]
    colour: Colour
    dash: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] = (14, 10)


class Picture(Element):
    """The product's picture, cut to the box; without one a gradient with the name's first character."""

    kind: Literal["picture"]
    radius: Annotated[int, Field(ge=0)] = 0
    corners: Literal["all", "top", "bottom"] = "all"
    fill: Fill = ("#FFE7D6", "#FFC9A8")
    colour: Colour = "#FFFFFF"


class Decoration(Element):
    """A file of assets/images, scaled to lie within the box."""

    kind: Literal["image"]
    file: Annotated[str, Field(pattern=r"^[\w-]+\.(png|jpg)$")]


class Lettering(Element):
    """What every element with letters knows; `smallest` is how far `size` may shrink."""

    text: str = ""
    weight: Literal["regular", "bold"] = "regular"
    size: Size
    smallest: Size | None = None
    colour: Colour

    @model_validator(mode="after")
    def _shrinks_down(self) -> "Lettering":
        if self.smallest is not None and self.smallest > self.size:
            raise ValueError(f"smallest ({self.smallest}) must not be above size ({self.size})")
        return self


class Text(Lettering):
    """Words that wrap to `lines`, shrink to `smallest` and end in an ellipsis, in this order."""

    kind: Literal["text"]
    empty: str = ""
    lines: Annotated[int, Field(ge=1, le=12)] = 1
    leading: Annotated[float, Field(ge=1.0, le=2.5)] = 1.3
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"


class Price(Lettering):
    """An amount with a small sign, large yuan and smaller fen, on one baseline at the box's foot."""

    kind: Literal["price"]
    text: str = "{price}"
    align: Literal["left", "center", "right"] = "left"


class Chips(Lettering):
    """The parts of a text between 「·」, each in a pill, in rows; a part without room is left out."""

    kind: Literal["chips"]
    fill: Colour
    height: Annotated[int, Field(ge=20)] = 56
    gap: Annotated[int, Field(ge=0)] = 16


class Monogram(Lettering):
    """A disc with the text's first character."""

    kind: Literal["monogram"]
    empty: str = ""
    fill: Fill


class Points(Lettering):
    """A recruiting poster's points, evenly spaced, each behind a tick."""

    kind: Literal["points"]
    fill: Colour
    tick: Colour = "#FFFFFF"


class Rows(Lettering):
    """A leaderboard's rows. The poster grows by `row` for each, at most `most` are shown, at least one line's room."""

    kind: Literal["rows"]
    empty: str
    row: Annotated[int, Field(ge=60)]
    most: Annotated[int, Field(ge=1, le=20)] = 10
    medals: tuple[Fill, Fill, Fill]
    medal_colour: Colour = "#FFFFFF"
    plain: Colour
    plain_colour: Colour
    value_colour: Colour
    line: Colour


class Code(Element):
    """The QR code of the link, as large as whole modules allow in the square box; none without a link."""

    kind: Literal["qr"]
    dark: Colour = "#1A1A1A"

    def facts(self) -> set[str]:
        return super().facts() | {"link"}

    @model_validator(mode="after")
    def _square_and_dark(self) -> "Code":
        if self.box[2] != self.box[3]:
            raise ValueError("box must be a square: width and height differ")
        red, green, blue = (int(self.dark[start : start + 2], 16) for start in (1, 3, 5))
        if 0.299 * red + 0.587 * green + 0.114 * blue > 90:
            raise ValueError("dark must be dark enough to scan: luma at most 90")
        return self


AnyElement = Annotated[
    Panel | Dashes | Picture | Decoration | Text | Price | Chips | Monogram | Points | Rows | Code,
    Field(discriminator="kind"),
]


class Layout(BaseModel):
    """One layout file. `height` is without a leaderboard's rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    shows: Literal["product", "recruit", "coupon", "leaderboard", "contact"]
    width: Annotated[int, Field(ge=1080, le=2160)] = 1080
    height: Annotated[int, Field(ge=400, le=4000)]
    background: Fill
    element: Annotated[tuple[AnyElement, ...], Field(min_length=1)]
    digest: str = ""

    @model_validator(mode="after")
    def _facts_exist(self) -> "Layout":
        known = FACTS[self.shows]
        for number, element in enumerate(self.element):
            if unknown := element.facts() - known:
                names = ", ".join(sorted(known))
                raise ValueError(f"element[{number}]: {{{min(unknown)}}} is no fact of {self.shows}; there are {names}")
            if element.box[0] < 0 or element.box[0] + element.box[2] > self.width:
                raise ValueError(f"element[{number}].box: reaches over the edge of {self.width} pixels")
        codes = sum(isinstance(element, Code) for element in self.element)
        if codes > 1 or (codes == 0 and self.shows != "leaderboard"):
            raise ValueError(f"element: a {self.shows} layout has exactly one qr, this one has {codes}")
        return self


def parse(path: Path, images: Path) -> Layout:
    """Read and check one layout; LayoutError names the file, the key and the fault."""
    try:
        raw = path.read_bytes()
        document: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
    except OSError as fault:
        raise LayoutError(f"{path.name}: cannot be read ({fault.strerror})") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise LayoutError(f"{path.name}: is not TOML: {fault}") from fault
    try:
        layout = Layout.model_validate(document)
    except ValidationError as fault:
        raise LayoutError("; ".join(f"{path.name}: {_said(error)}" for error in fault.errors()[:5])) from fault
    seen = hashlib.sha256(raw)
    for number, element in enumerate(layout.element):
        if isinstance(element, Decoration):
            if not (images / element.file).is_file():
                raise LayoutError(f"{path.name}: element[{number}].file: {element.file} is not in {images.name}/")
            seen.update((images / element.file).read_bytes())
    return layout.model_copy(update={"digest": seen.hexdigest()})


def _said(error: Any) -> str:
    """A pydantic error as `element[3].size: what is wrong`."""
    where = list(error["loc"])
    if where[:1] == ["element"] and len(where) > 2:
        del where[2]  # the kind, by which the union was chosen
        del where[3:]  # and below the key only pydantic's own names
    key = ""
    for part in where:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    message = error["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def fill_in(text: str, facts: dict[str, str]) -> str | None:
    """The text with its facts; None where one of them is empty, so that nothing half said is drawn."""
    if any(not facts.get(name) for name in _PLACE.findall(text)):
        return None
    return _PLACE.sub(lambda place: facts[place.group(1)], text)
