"""What a poster says, without how it looks. Texts are drawn as given; amounts come as text ("68.00")."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class ProductPoster:
    """One product, recommended by one distributor. `promise` holds claims parted by 「·」; `link` goes into the QR.

    `merchant` and `contact` name who sells and whom to turn to (网络交易监督管理办法 art 20); without both
    only 「广告」 stands at the foot.
    """

    sku: str
    name: str
    price: str
    promise: str
    picture: Path | bytes | None
    nickname: str
    link: str
    merchant: str = ""
    contact: str = ""
    layout: ClassVar[str] = "product"


@dataclass(frozen=True)
class RecruitPoster:
    """An invitation to become a distributor. `points` are two to four short factual sentences."""

    merchant: str
    nickname: str
    link: str
    headline: str = "一起做好物推荐官"
    points: tuple[str, ...] = (
        "加入不收费，不用囤货",
        "发货和售后由商家负责",
        "每一笔佣金怎么算，聊天里随时看得到",
    )
    contact: str = ""
    layout: ClassVar[str] = "recruit"


@dataclass(frozen=True)
class ContactPoster:
    """The code by which a distributor's customers come to the merchant's service: what `link` says, or the picture of
    one (`code`) that the platform has drawn.
    """

    nickname: str
    link: str = ""
    code: bytes | None = None
    merchant: str = ""
    contact: str = ""
    layout: ClassVar[str] = "contact"


@dataclass(frozen=True)
class CouponPoster:
    """A coupon that a distributor shares, in domain.coupon's words; `link` goes to the page where it is taken."""

    title: str
    worth: str
    condition: str
    lasts: str
    scope: str
    nickname: str
    link: str
    merchant: str = ""
    contact: str = ""
    layout: ClassVar[str] = "coupon"


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard; equal ranks may repeat."""

    rank: int
    nickname: str
    value_text: str


@dataclass(frozen=True)
class LeaderboardPoster:
    """A ranking for a group. A code is drawn where the layout has one and a link is given."""

    title: str
    period_label: str
    rows: tuple[Row, ...]
    footnote: str = ""
    link: str = ""
    merchant: str = ""
    layout: ClassVar[str] = "leaderboard"


Poster = ProductPoster | RecruitPoster | CouponPoster | LeaderboardPoster | ContactPoster


@dataclass(frozen=True)
class Rendered:
    """A finished poster: its file in the cache (which a later sweep may remove) and the same bytes."""

    path: Path
    digest: str
    jpeg: bytes
    width: int
    height: int
