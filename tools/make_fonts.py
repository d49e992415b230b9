"""Make the five faces in assets/fonts from the distributions' own fonts; needed only to change what they cover.

    python tools/make_fonts.py CJK_FOLDER NOTO_EMOJI_WOFF DEJAVU_SANS_TTF OUT

Sources  CJK_FOLDER: NotoSansCJK-Regular.ttc and -Bold.ttc (Debian's fonts-noto-cjk, OFL 1.1).
         NOTO_EMOJI_WOFF: files/noto-emoji-emoji-700-normal.woff of npm's @fontsource/noto-emoji (OFL 1.1).
         DEJAVU_SANS_TTF: DejaVuSans.ttf (Debian's fonts-dejavu-core, Bitstream Vera licence).

NotoSansSC-Regular and -Bold hold GB 2312's 6,763 characters, the 5,401 common ones of Big5 (a nickname is often
written in traditional characters), kana, Latin, Greek, Cyrillic, punctuation, currency and symbols. NotoSansSC-Rare
holds the other ideographs that the source draws, and the common Hangul syllables, in one weight. NotoEmoji holds the
emoji in one colour, DejaVuSans what is left of Latin, Arabic, Hebrew, Georgian and the dingbats of nicknames.

Layout tables are dropped: the posters are set with Pillow's basic layout, so that they look alike whether or not
raqm is installed. Hinting is dropped: at poster sizes it changes nothing and weighs a third of the file.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

SC = ("Noto Sans CJK SC", "Noto Sans CJK SC Bold")
SYMBOL_RANGES = (
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x02B0, 0x02FF), (0x0370, 0x03FF), (0x0400, 0x04FF), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x2070, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x22FF), (0x2300, 0x23FF),
    (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2900, 0x2BFF), (0x3000, 0x303F), (0x3040, 0x30FF), (0x3100, 0x312F),
    (0x3200, 0x33FF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
)  # fmt: skip
IDEOGRAPHS = ((0x2E80, 0x2FDF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
OTHER_RANGES = (
    (0x00A0, 0x058F), (0x0590, 0x05FF), (0x0600, 0x06FF), (0x10A0, 0x10FF), (0x1D00, 0x1DBF), (0x1E00, 0x1FFF),
    (0x2010, 0x23FF), (0x2500, 0x27BF), (0x2900, 0x2BFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFC),
)  # fmt: skip


def two_byte(encoding: str, lead: range, trail: range) -> set[int]:
    """The characters that a two-byte encoding has for these lead and trail bytes."""
    found = set()
    for pair in (bytes((a, b)) for a in lead for b in trail):
        text = pair.decode(encoding, "ignore")
        if len(text) == 1:
            found.add(ord(text))
    return found


def inside(ranges: Iterable[tuple[int, int]], points: Iterable[int]) -> set[int]:
    return {point for point in points if any(low <= point <= high for low, high in ranges)}


def simplified_chinese(collection: Path) -> TTFont:
    return next(font for font in TTCollection(collection, lazy=True).fonts if font["name"].getDebugName(4) in SC)


def write(font: TTFont, points: set[int], path: Path) -> None:
    options = Options()
    options.hinting = options.layout_closure = False
    options.layout_features = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG", "kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    whole = CmapSubtable.newSubtable(12)  # the one format that services/poster/glyphs.py reads
    whole.platformID, whole.platEncID, whole.language = 3, 10, 0
    whole.cmap = font.getBestCmap()
    font["cmap"].tables = [whole]
    font.flavor = None
    font["head"].modified = font["head"].created  # the same input gives the same bytes
    font.recalcTimestamp = False
    font.save(path)
    print(f"{path.name}: {len(points)} characters, {path.stat().st_size} bytes")


def main(cjk: Path, emoji: Path, dejavu: Path, out: Path) -> None:
    regular = simplified_chinese(cjk / "NotoSansCJK-Regular.ttc")
    drawn = set(regular.getBestCmap())
    common = two_byte("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF))
    common |= two_byte("big5", range(0xA4, 0xC7), range(0x40, 0xFF))
    common = (common | inside(SYMBOL_RANGES, drawn)) & drawn
    hangul = inside(((0xAC00, 0xD7A3),), two_byte("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF)))
    rare = (inside(IDEOGRAPHS, drawn) | (hangul & drawn)) - common

    write(regular, common, out / "NotoSansSC-Regular.otf")
    write(simplified_chinese(cjk / "NotoSansCJK-Bold.ttc"), common, out / "NotoSansSC-Bold.otf")
    write(simplified_chinese(cjk / "NotoSansCJK-Regular.ttc"), rare, out / "NotoSansSC-Rare.otf")
    pictures = TTFont(emoji)
    faces = {point for point in pictures.getBestCmap() if point >= 0x203C}
    write(pictures, faces, out / "NotoEmoji.ttf")
    other = TTFont(dejavu)
    write(other, inside(OTHER_RANGES, other.getBestCmap()) - common - faces, out / "DejaVuSans.ttf")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
