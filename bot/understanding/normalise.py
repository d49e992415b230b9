"""What was typed → the plain form that everything else reads.

Plain form   simplified characters, half-width, lower case, no emoji; every pause is one "，", a question mark
             stays "?"; "," stands only between the digits of one number; spaces stay only between two words
             or numbers that would otherwise run together
Never        two numbers are joined, and no digit is dropped: an amount must survive as it was typed
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

MAX_LENGTH = 500  # what is longer is no request to an assistant; the rest is not read

_EMOJI_WORDS = (("🙏", "谢谢"), ("👋", "你好"), ("👌", "ok"), ("🆗", "ok"), ("[ok]", "ok"), ("[抱拳]", "谢谢"))
_STICKER = re.compile(r"\[[\u4e00-\u9fff]{1,4}\]")
_REPEAT = re.compile(r"([^\W0-9a-z零一二两三四五六七八九十百千万亿])\1{2,}")
_WIDE_COMMA = re.compile(r"(?<![０-９])，|，(?![０-９])")  # between full-width digits it groups thousands
_PAUSE = re.compile(r"(?:(?<!\d),|,(?!\d)|(?<!\d):|:(?!\d)|(?<!\d)\.|\.(?!\d)|[，。、;；：~～—|\n\r\t!…])+")
_SPACE = re.compile(r"(?<![0-9a-z])\s+|\s+(?![0-9a-z])")
# Who is spoken to, before a space: 「老板 提现」 is said to him, 「老板提现」 may be said of him.
_CALLED = re.compile(r"^\s*(老板|老师|客服|同学|小助手|助手|机器人|亲)\s+(?=\S)")
# What people say while they think, also as voice input writes it down.
_FILLER = re.compile(
    r"^(?:(?:嗯+(?!呢)|呃+|额(?!度|外)|唔+|哎+|诶+|欸+|喂+|那个啥|那什么|那个|就是说|怎么说呢|请问一下|请问|麻烦问下|问一下|问下|想问问?|咨询一下|咨询下|就是)，?)+(?=.{2})"
)
_VARIANTS = str.maketrans(
    {"帐": "账", "劵": "券", "妳": "你", "您": "你", "祂": "他", "咯": "了", "叻": "了", "喽": "了", "￥": "¥"}
)


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def prepare() -> None:
    """Load the conversion tables now, so that the first sentence does not wait for them."""
    _converter().convert("準備")


def halfwidth(text: str) -> str:
    """Half-width and simplified, in the case in which it was typed; nothing is left out but what is invisible."""
    text = unicodedata.normalize("NFKC", text[:MAX_LENGTH].replace("￥", "¥"))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn", "Me", "Co", "Cs"))
    return str(_converter().convert(text)).translate(_VARIANTS)


def characters(text: str) -> str:
    """The same in lower case."""
    return halfwidth(text).lower()


# What is written as it is spoken in Cantonese, where it can mean nothing else. Longer words first.
_CANTONESE = (
    ("帮手", "帮忙"), ("返开", "打开"), ("唔该晒", "谢谢"), ("唔该", "谢谢"), ("多谢晒", "多谢"), ("唔使", "不用"),
    ("唔好", "不要"), ("点解", "为什么"), ("点样", "怎么"), ("几多", "多少"), ("乜嘢", "什么"), ("边个", "谁"),
    ("边度", "哪里"), ("搵钱", "赚钱"), ("搵咗", "赚了"), ("搵到", "赚到"), ("宜家", "现在"), ("而家", "现在"),
    ("依家", "现在"), ("琴日", "昨天"), ("噚日", "昨天"), ("寻日", "昨天"), ("今个礼拜", "这个礼拜"),
    ("呢个", "这个"), ("呢单", "这单"), ("呢张", "这张"), ("嗰", "那"), ("边单", "哪单"), ("点用", "怎么用"),
    ("点算", "怎么算"), ("点计", "怎么算"), ("点攞", "怎么拿"), ("攞", "拿"), ("几时", "什么时候"),
    ("未到", "没到"), ("系咪", "是不是"), ("系唔系", "是不是"), ("得唔得", "行不行"), ("有冇", "有没有"),
    ("今个月", "这个月"), ("上个礼拜", "上周"), ("咁耐", "这么久"), ("咁", "这么"), ("冇问题", "没问题"),
    ("冇", "没有"), ("嘅", "的"), ("咗", "了"), ("佢", "他"), ("哋", "们"), ("俾", "给"), ("畀", "给"),
    ("啲", "些"), ("乜", "什么"), ("咩", "什么"), ("唔", "不"), ("嚟", "来"), ("喺", "在"), ("睇", "看"),
    ("搵", "找"), ("仲", "还"), ("㗎", "啊"),
)  # fmt: skip


def plain(text: str) -> str:
    """The plain form, fillers at the beginning included in what is dropped."""
    text = _WIDE_COMMA.sub("。", text.replace("？", "?"))
    for emoji, word in _EMOJI_WORDS:
        text = text.replace(emoji, f"。{word}。")
    text = _STICKER.sub("。", characters(text))
    for spoken, written in _CANTONESE:
        text = text.replace(spoken, written) if spoken in text else text
    text = "".join(" " if unicodedata.category(c) in ("So", "Sk") else c for c in text)
    text = _REPEAT.sub(r"\1\1", text)
    text = _PAUSE.sub("，", re.sub(r"[\"'“”‘’「」『』()（）【】《》<>*]+", " ", text))
    text = re.sub(r"[，\s]*\?[，\s?]*", "?", text)
    text = _SPACE.sub("", _CALLED.sub(r"\1，", text)).strip("， ")
    return _FILLER.sub("", text).strip("， ")


def is_hesitant(text: str) -> bool:
    """Whether the writer trails off (「嗯…」, 「好的。。。」): no clear yes."""
    return bool(re.search(r"…|\.{2,}|。{2,}|~{3,}", text))
