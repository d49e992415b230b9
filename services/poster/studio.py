"""The studio: a poster's facts in, its JPEG out, made once for each content.

A digest over layout, facts, picture, faces and VERSION names the file in the cache. What is the same for every
distributor of a product (picture, name, price, decoration) is painted once and kept in memory; for a distributor
the nickname and the code are painted on a copy of it.
"""

import hashlib
import io
import json
import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from pathlib import Path

from PIL import Image

from services.poster import picture, shapes
from services.poster.cache import DiskCache
from services.poster.facts import ContactPoster, LeaderboardPoster, Poster, ProductPoster, RecruitPoster, Rendered
from services.poster.faults import LayoutError
from services.poster.layout import PERSONAL, Layout, parse
from services.poster.paint import Content, Sheet, height_of, paint
from services.poster.typeset import Typesetter

VERSION = 1  # raise it when the same facts are to look different: every cached poster is made again
QUALITY = 88
LOCKS = 16


class PosterStudio:
    """Draws posters from `assets` (posters/, fonts/, images/) into `cache_dir`; may be shared by threads.

    Raises LayoutError at once where a layout in assets/posters is wrong, so that start-up says it, not a customer.
    `bases` is how many base pictures of about 8 MB each stay in memory.
    """

    def __init__(
        self, assets: Path, cache_dir: Path, *, max_bytes: int = 200_000_000, max_files: int = 2_000, bases: int = 3
    ) -> None:
        self.images = assets / "images"
        self.letters = Typesetter(assets / "fonts")
        self.layouts = {path.stem: parse(path, self.images) for path in sorted((assets / "posters").glob("*.toml"))}
        self._personal = {
            layout.digest: [element for element in layout.element if element.facts() & PERSONAL]
            for layout in self.layouts.values()
        }
        self.cache = DiskCache(cache_dir, max_bytes, max_files)
        self._faces = "".join(f"{path.name}{path.stat().st_size}" for path in sorted((assets / "fonts").glob("*.?tf")))
        self._bases: OrderedDict[str, Image.Image] = OrderedDict()
        self._most_bases = bases
        self._guard = threading.Lock()
        self._making = [threading.Lock() for _ in range(LOCKS)]

    def render(self, poster: Poster, layout: str | None = None) -> Rendered:
        """The poster as JPEG, from the cache or drawn now. `layout` names another file of assets/posters.

        Raises LayoutError, PictureError, LinkTooLong.
        """
        chosen = self._layout(poster, layout)
        content = self._content(poster)
        seen = hashlib.sha256(content.picture or b"").hexdigest()
        common = self._digest(chosen, content, seen, personal=False)
        seen += hashlib.sha256(content.code).hexdigest() if content.code else ""
        digest = self._digest(chosen, content, seen, personal=True)
        with self._making[int(digest[:4], 16) % LOCKS]:  # the same poster is drawn by one thread, the others wait
            jpeg = self.cache.get(digest)
            if jpeg is None:
                jpeg = _encode(self._draw(chosen, content, common))
                self.cache.put(digest, jpeg)
        return Rendered(self.cache.path(digest), digest, jpeg, chosen.width, height_of(chosen, content))

    def _layout(self, poster: Poster, name: str | None) -> Layout:
        found = self.layouts.get(name or poster.layout)
        if found is None:
            raise LayoutError(f"{name}.toml is not in assets/posters; there are {', '.join(self.layouts)}")
        if found.shows != poster.layout:
            raise LayoutError(f"{name}.toml shows {found.shows}; a {poster.layout} poster needs another layout")
        return found

    def _content(self, poster: Poster) -> Content:
        fields = asdict(poster)
        facts = {
            name: value if name == "link" else self.letters.clean(value)
            for name, value in fields.items()
            if isinstance(value, str)
        }
        if "nickname" in facts:  # what could not be drawn at its ends; if nothing is left the layout says it without
            facts["nickname"] = facts["nickname"].strip("· ")
        content = Content(facts)
        if isinstance(poster, ProductPoster) and poster.picture is not None:
            content = replace(content, picture=picture.read(poster.picture))
        if isinstance(poster, ContactPoster) and poster.code is not None:
            content = replace(content, code=picture.read(poster.code))
        if isinstance(poster, RecruitPoster):
            content = replace(content, points=poster.points)
        if isinstance(poster, LeaderboardPoster):
            content = replace(content, rows=poster.rows)
        return content

    def _digest(self, layout: Layout, content: Content, shown: str, *, personal: bool) -> str:
        facts = {name: value for name, value in content.facts.items() if personal or name not in PERSONAL}
        rows = [asdict(row) for row in content.rows]
        said = [VERSION, self._faces, layout.digest, facts, content.points, rows, shown]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def _draw(self, layout: Layout, content: Content, common: str) -> Image.Image:
        canvas = self._base(layout, content, common).copy()
        sheet = Sheet(canvas, content, self.letters, self.images)
        for element in self._personal[layout.digest]:
            paint(sheet, element)
        return canvas

    def _base(self, layout: Layout, content: Content, common: str) -> Image.Image:
        with self._guard:
            if (base := self._bases.get(common)) is not None:
                self._bases.move_to_end(common)
                return base
        base, _ = shapes.filled(layout.width, height_of(layout, content), layout.background)
        sheet = Sheet(base, content, self.letters, self.images)
        for element in layout.element:
            if element not in self._personal[layout.digest]:
                paint(sheet, element)
        with self._guard:
            self._bases[common] = base
            while len(self._bases) > self._most_bases:
                self._bases.popitem(last=False)
        return base


def _encode(canvas: Image.Image) -> bytes:
    """JPEG with halved colour, which pictures do not show and the black and white code does not have."""
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=QUALITY, subsampling="4:2:0", optimize=False)
    return out.getvalue()
