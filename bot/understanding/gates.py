"""The intents that lead to money or end a question: confirm, cancel, withdraw. Here nothing is guessed.

A sentence passes a gate only if every part of it is understood: it is cut, from left to right, into words that this
withdrawal.toml lists, and one word that is not listed closes the gate. So 「提现50」 and 「帮我把佣金提到零钱」 are
withdrawals; 「提现50了」, 「帮小王提50」, 「明天提现」, 「提50还是100」 are not, and nobody had to think of them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from bot.understanding.amounts import find_amounts
from bot.understanding.patterns import every

# --- confirm and cancel -------------------------------------------------------------------------------------------

_YES = (
    r"(?:确认无误|确认|确定|没问题|没有问题|冇问题|没错|同意|好的|好滴|好哒|好嘞|好勒|好咧|好呀|好啊|好哦|好嘛|好呢|好|可以的|可以|行的|行|是的|是|对的|对|"
    r"嗯嗯|嗯呐|嗯哪|嗯呢|嗯|恩恩|恩|okk?|okay|oki|yes|yep|妥妥的|妥|成|中|得嘞|要得|就这样|就这么办|就这么定了?|就它了?|来吧|提吧|继续|可|没毛病|必须的)"
)
_SOFT = r"(?:的|呀|啊|哈哈|哈|呢|哦|噢|啦|滴|哒|嘞|呗|嘛|耶|，|\s)*"
_CONFIRM = re.compile(
    rf"(?:那就|那|就|我|嗯，?|恩，?|哦，?)?(?:{_YES}{_SOFT})+(?:(?<=确认|确定|同意)，?(?:提现|提款|提取|提|操作|办理)吧?|吧)?{_SOFT}"
)
# Agreeing words that are something else when they stand alone or so.
_NOT_CONFIRM = re.compile(
    r"(?:可|是呢|是哦|是啊|是呀|对啊|对呀|好好|好哈|成|中|来吧|继续|好呢)(?:，)?|.*(?:是|对|可以|确定|没错|好的|行的)，?吧|没问题，?吧|没有问题，?吧|对对?哦|好嘛|嗯+啊+|.*(?<!就)是呢"
)
_PENDING_CONFIRM = re.compile(
    rf"(?:{_YES}{_SOFT})*(?:要的?|提|转|就提这?个?|(?:就|那就)?(?:提|按|照)这(?:么多|个数|个)(?:，?{_YES})?|打吧|转吧|中|成|是啊|是呀|对啊|对呀|继续|来吧|可){_SOFT}|(?:{_YES}{_SOFT})+(?:我要|就)?(?:提现|提|办|弄|转)吧?"
)

_CANCEL = re.compile(
    r"(?:那|还是|嗯|我|哦|就|先|额|啊|呃|不，?|，)*(?:取消(?:提现|操作|申请|这次|掉|提款|了|吧|一下)*|算了|算啦|算鸟|作罢|放弃|撤销|撤回|撤了|退出|停|停下|停止|结束|"
    r"不用|不要|不必|不需要|不想要|不了|不|否|no|cancel|再说|再看看|再想想|再等等|再?考虑(?:一下|下|考虑)|考虑一下|等等|等一下|等一等|等会儿?|等下|稍等|慢着|且慢|先这样|"
    r"(?:点|按|发|打|输|搞|弄|选|手|写)错|手滑|误点|误触|按到了?|不是|不对|不行|不可以|不好|不同意|不确认|不确定|没有|别|别了|暂时不用?|先不|先别|先等等|下次|改天|回头|以后再说|不弄|不办)"
    r"(?:了|啦|吧|啊|呀|哈|的|谢谢|多谢|你|，|先|再说|再看看|数字?|金额|钱|下次|我|再想想|一下|那|吗它|掉|取消|不要|不提|不提现|这个|这次|了吧)*"
)
_NEGATED = re.compile(
    r"(?:不|别|甭|先不|先别|不用|不要|不想|不打算|不准备|不需要|没想|没打算|没要|没说要?|没让你?|没叫你?|没有要|没申请|勿|停止|取消|撤销|撤回|放弃|终止|中止|算了)"
    r"(?:再|去|给我|帮我|给|我的?|这次|这笔|那笔|刚才|刚刚|的|要|急着?|着急|现在)*"
    r"(?:提(?:现|款|取|钱|佣|出来|了|啦|吧|先|$|，|\d|[一二两三四五六七八九十百])|取(?:现|钱|款|出来|了|\d)|转(?:账|出|钱|了)|打款|兑现|申请)"
)
_LATER = re.compile(
    r"(?:明天|后天|下周|下个?月|下次|以后|改天|晚点|晚上|过几天|过两天|等会儿?|等一下|等下|待会儿?|回头|月底|年底|有空|之后|再说|先留着|攒|存着|凑够?|满了?|够了?|等|到时候?)"
    r".{0,8}(?:再|才|就)?(?:提现|提款|取现|提|取)(?:$|，|吧|了|出来|好了|\d)"
)
_POSTPONED = re.compile(r"(?:再|才)(?:提现|提款|提取|提|取)")


def is_confirm(text: str, *, pending: bool) -> bool:
    """Whether the whole plain text is a clear yes. A question, a condition or one word more is none."""
    if "?" in text or len(text) > 16:
        return False
    if pending and _PENDING_CONFIRM.fullmatch(text):
        return True
    return bool(_CONFIRM.fullmatch(text)) and not _NOT_CONFIRM.fullmatch(text)


def is_cancel(text: str) -> bool:
    """Whether the whole plain text takes back or puts off what was asked; a question never does."""
    if "?" in text or re.search(r"[吗么呢]$|怎么|如何|为什么|为啥", text):
        return False
    if len(text) <= 20 and _CANCEL.fullmatch(text):
        return True
    if re.search(r"提不了|不能|不了现|不出来|不成功", text):
        return False
    return bool(_NEGATED.search(text)) or (bool(_LATER.search(text)) and bool(_POSTPONED.search(text)))


# --- withdraw -----------------------------------------------------------------------------------------------------

_LISTS = Path(__file__).with_name("withdrawal.toml")
_AMOUNT_SIGN = "\ue000"


@dataclass(frozen=True, slots=True)
class Ask:
    """A withdrawal that was asked for: an amount, everything, or neither was said."""

    amount: str | None = None
    everything: bool = False


@lru_cache(maxsize=1)
def _lexicon() -> tuple[dict[str, str], int]:
    """Word → its kind, the first list that has it, and the length of the longest word."""
    words: dict[str, str] = {_AMOUNT_SIGN: "amount"}
    for kind, listed in tomllib.loads(_LISTS.read_text(encoding="utf-8")).items():
        for word in (word for written in listed.split() for word in every(written)):
            words.setdefault(word, kind)
    return words, max(map(len, words))


def _cut(text: str) -> list[tuple[str, str]] | None:
    """(kind, word) for the whole text, longest words first; None when a part of it is not in the lists."""
    words, longest = _lexicon()
    cut, at = [], 0
    while at < len(text):
        for length in range(min(longest, len(text) - at), 0, -1):
            word = text[at : at + length]
            if kind := words.get(word):
                cut.append((kind, word))
                at += length
                break
        else:
            return None
    return cut


def read_withdrawal(text: str, *, pending: str | None = None) -> Ask | None:
    """The withdrawal that the whole plain text asks for, or None."""
    if "?" in text or len(text) > 60:
        return None
    talked = bool(pending and pending.startswith("withdraw"))
    text = _corrected(_AGREED.sub("", text), talked=talked)
    amounts = find_amounts(text)
    if len(amounts) > 1:
        return None
    if amounts:
        text = text[: amounts[0].start] + _AMOUNT_SIGN + text[amounts[0].end :]
    if text == _AMOUNT_SIGN and not amounts[0].marked and _NO_ANSWER.fullmatch(str(amounts[0].yuan)):
        return None
    cut = _cut(text.replace(" ", ""))
    if cut is None or not _asks(cut, pending):
        return None
    everything = _is_everything(cut)
    if amounts:
        return None if everything and not _is_whole_of(cut) else Ask(amounts[0].slot)
    return Ask(everything=everything)


_NO_ANSWER = re.compile(r"\d|23{2,}|66{2,}|55{2,}")  # 1 is a nod or a choice, 233 laughs, 666 praises, 555 weeps
_AGREED = re.compile(
    r"^(?:可以|行|好的?|ok|嗯+|对)，"
)  # 「可以，提50」 agrees and asks; 「可以提50」 asks whether one may
_CORRECTION = re.compile(
    r"^(?:不是|不要|别提|不提|不)(?P<wrong>[^，]{1,10})，?(?:是|要|改成|改|换成|而是|我要|应该)*(?P<right>(?:提现?|取)[^，]+)$"
)


# While a withdrawal is talked about: 「改成80」, 「不是50，是100」.
_CHANGE = re.compile(
    r"^(?:(?:不是|不要|别提|不提|不)(?P<wrong>[^，]{1,10})，?)?(?:还是|那就|那|换成|换|改成|改为|改|是|要|而是|我要|应该是?)+(?P<right>[^，]+)$"
)


# … 「少提点，80」, 「算了，提80」: what is taken back before the amount that is wanted.
_SECOND_THOUGHT = re.compile(
    r"^(?:(?:少|多)(?:提|取)?(?:一?点|些)|改(?:一下|下|个)?(?:金额|数)?|改主意了?|不对|不|等等|等一?下|算了|错了|写错了|说错了|打错了)，(?=.*\d|.*[一二两三四五六七八九十百千万])"
)


def _corrected(text: str, *, talked: bool) -> str:
    """「不是50，提100」 asks for 100: the amount that is taken back is left out, and nothing else ever is."""
    if talked:
        text = _SECOND_THOUGHT.sub("", text)
    match = _CORRECTION.match(text) or (_CHANGE.match(text) if talked else None)
    if not match or not (find_amounts(match["right"]) or "全" in match["right"]):
        return text
    wrong = match["wrong"] and match["wrong"].removesuffix("了")
    if wrong is None or any(amount.start == 0 and amount.end == len(wrong) for amount in find_amounts(wrong)):
        return match["right"]
    return text


def _asks(cut: list[tuple[str, str]], pending: str | None) -> bool:
    kinds = [kind for kind, _ in cut]
    words = [word for _, word in cut]
    has = set(kinds)
    if _is_told(cut) or "那" in words[1:] or not _is_spoken_to_us(cut) or not _goes_to_a_place(cut):
        return False
    if "whole" in has:
        return not has & {"amount", "move"}
    if "verb" in has:
        return _verbs_fit(cut)
    target = "dest" in has
    if "weak" in has:
        one = kinds.count("weak") == 1
        return (
            one and (has & {"amount", "money", "all"} or "完" in words or (target and "out" in has)) and _weak_fits(cut)
        )
    if "move" in has:
        mine = "给我" in words or any(kind == "dest" and word.startswith("我") for kind, word in cut)
        return (mine or ("to" in has and target)) and ("amount" in has or "money" in has)
    if "amount" in has and "to" in has and target and words[-1] != "我":
        return True
    return _answers_question(cut, pending)


def _answers_question(cut: list[tuple[str, str]], pending: str | None) -> bool:
    """While a withdrawal is talked about, an amount by itself (「100吧」, 「全部」) is one."""
    if not pending or not pending.startswith("withdraw"):
        return False
    said = [(kind, word) for kind, word in cut if kind != "fill"]
    return len(said) == 1 and (said[0][0] == "amount" or (said[0][0] == "all" and len(said[0][1]) > 1))


def _is_told(cut: list[tuple[str, str]]) -> bool:
    """了 tells of something done (「提了50」), unless the sentence wants it (「我要提现了」, 「都提了吧」)."""
    words = [word for _, word in cut]
    for at, (kind, word) in enumerate(cut):
        if kind != "done" or word != "了":
            continue
        rest = words[at + 1 :]
        wanted = {"我要", "我想", "我想要", "我来", "要", "想", "帮我", "给我", "把", "麻烦", "请", "麻烦你"} & set(
            words[:at]
        )
        if rest[:1] in (["吧"], ["呗"], ["哈"]):
            continue
        if not wanted or any(other in ("amount", "money", "all") for other, _ in cut[at + 1 :]):
            return True
    return False


def _is_spoken_to_us(cut: list[tuple[str, str]]) -> bool:
    """「老板，提300」 and 「客服帮我提现」 speak to somebody; 「老板提现」 may speak of him."""
    for (kind, _), (_, after) in pairwise(cut):
        if (
            kind == "voc"
            and after != "，"
            and not after.startswith(("我", "帮", "给我", "麻烦", "请", "你好", "您好", "在吗"))
        ):
            return False
    return True


def _goes_to_a_place(cut: list[tuple[str, str]]) -> bool:
    """到 leads to a place; 「提到200」 and 「提现到200」 speak of a limit."""
    followed = pairwise([*cut, ("end", "")])
    return all(after == "dest" for (kind, _), (after, _) in followed if kind == "to")


def _verbs_fit(cut: list[tuple[str, str]]) -> bool:
    """One withdrawing verb, or one said twice (「提现，提现50」); 「我的提现」 names a thing, no wish."""
    for (kind, word), (after, follows) in pairwise(cut):
        if after == "verb" and (word == "的" or (word.endswith("的") and kind == "fill")):
            return False
        if kind == "verb" and follows in ("申请", "打款", "转账"):
            return False  # 提现申请, 提现打款: things that have a name
    words = [word for kind, word in cut if kind in ("verb", "weak")]
    return len(words) <= 2 or set(words) == {"提现"}


def _weak_fits(cut: list[tuple[str, str]]) -> bool:
    """提 and 取 alone mean many things: what they take must be beside them, and 「提个」 and 「提到100」 are others."""
    kinds = [kind for kind, _ in cut]
    at = kinds.index("weak")
    after, before = cut[at + 1 :], kinds[:at]
    if not after:
        return bool({"amount", "money", "all"} & set(before))
    if after[0][1] in ("个", "款", "的", "到", "至", "入"):
        return (after[0][1] == "个" and kinds[at + 2 : at + 3] == ["amount"]) or (
            after[0][1] == "到" and "dest" in kinds[at:]
        )
    return bool({"amount", "money", "all"} & set(kinds)) or after[0][0] == "out" or after[0][1] == "完"


def _is_everything(cut: list[tuple[str, str]]) -> bool:
    words = {word for kind, word in cut if kind in ("all", "whole")}
    done = any(kind in ("done", "out") and word in ("完", "光") for kind, word in cut)
    return bool(words) or done


def _is_whole_of(cut: list[tuple[str, str]]) -> bool:
    """「把50都提了」: 都 speaks of the amount; 「全部提现，200」 contradicts itself and is nobody's wish."""
    return {word for kind, word in cut if kind == "all"} <= {"都"}


def mentions_withdrawal(text: str) -> bool:
    """Whether money leaving is spoken of at all, in whatever way."""
    return bool(_MENTION.search(text))


_MENTION = re.compile(
    r"提现|提款|取现|取款|提钱|取钱|提佣|打款|兑现|套现|到账|转账|(?:提|取)出来|(?:提|取)(?:了|过|的)?(?:现)?[¥\d一二两三四五六七八九十几]+(?!天|单|个货)|"
    r"(?:上次|上回|之前|昨天|前天|刚才|刚刚|已经)提|提的(?:钱|那|现)|能提|可提|不?提了|起提|提多少|提几|提完|才能?提|提不|钱(?:怎么|什么时候|啥时候|几时|何时|多久)?.{0,6}(?:到|打)|没到账|没收到钱"
)
