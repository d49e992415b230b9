"""Draw a poster from a layout (海报): pure drawing and a bounded cache by content; no database, no web.

Units    Lengths are pixels of the finished poster, which is 1080 wide.
Raises   PosterError and its kinds: a layout, a picture or a link that cannot be drawn, each saying what to do.
Source   assets/posters/*.toml are the layouts (assets/posters/README.md), assets/fonts the faces.
"""

from services.poster.facts import (
    ContactPoster,
    CouponPoster,
    LeaderboardPoster,
    Poster,
    ProductPoster,
    RecruitPoster,
    Rendered,
    Row,
)
from services.poster.faults import LayoutError, LinkTooLong, PictureError, PosterError
from services.poster.studio import PosterStudio

__all__ = [
    "ContactPoster",
    "CouponPoster",
    "LayoutError",
    "LeaderboardPoster",
    "LinkTooLong",
    "PictureError",
    "Poster",
    "PosterError",
    "PosterStudio",
    "ProductPoster",
    "RecruitPoster",
    "Rendered",
    "Row",
]
