"""What an operator decides in the chat: 「通过 3」, 「拒绝 2 资料不全」, 「已打款 3 WX20261121001」.

Text comes in half-width and simplified, in the case in which it was typed: a reason and a reference are quoted later.
"""

from __future__ import annotations

import re

_WHO = r"(?:第|编号|no\.?|#)?\s*(?P<who>[JjTt]?\d{1,9})\s*(?:号|单)?"  # J: an application to join, T: a task
_NAME = r"(?P<who>(?!推送|消息|通知|提现|打扰|申请|审核|率|所有|全部|他|她|它)[\u4e00-\u9fff]{2,3}?)"
_WHAT = r"(?:的?(?:提现|申请|审核|加入|那笔|那个|请求))*"
_SEP = r"[\s，,。.、:：;；!！-]*"
_YES = r"(?:审核通过|通过|批准|准许|同意|核准|准了?|批了?|放行|ok)"
_NO = r"(?:审核不通过|不通过|不同意|不予通过|不给过|拒绝|拒了?|驳回|打回|退回|否决|不批|不准)"
_DONE = r"(?:完成|成功|好|完)?(?:了|过去了)?"
# Booked for good, so it must be said as done; 「打款 3」 alone may be a wish and needs its reference.
_PAID = rf"(?:我?已经?(?:打款|付款|转账|打钱|付|转|打){_DONE}|(?:打款|付款|转账)(?:完成|成功|好了|完了|了))"
_END = r"(?:了|吧|一下|掉|哈|，谢谢)?[\s。.!！]*$"
_BECAUSE = r"(?:因为|原因是?|理由是?|由于)?"

_APPROVE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:把|让)?{_SEP}{_YES}{_SEP}(?:一下)?{_SEP}{_WHO}{_WHAT}{_END}",
        rf"^(?:把|让)?{_WHO}{_WHAT}{_SEP}(?:可以)?(?:给)?{_YES}{_END}",
        rf"^(?:通过|批准|同意){_SEP}{_NAME}{_WHAT}{_END}",
        r"^(?:审核)?(?:通过|批准)(?:了|吧)?$",
    )
)
_REJECT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:把)?{_NO}{_SEP}{_WHO}{_WHAT}{_SEP}{_BECAUSE}{_SEP}(?P<reason>.*)$",
        rf"^(?:把)?{_WHO}{_WHAT}{_SEP}{_NO}(?:了|吧|掉)?(?=$|[\s，,。:：;；(（]|因|原|理){_SEP}{_BECAUSE}{_SEP}(?P<reason>.*)$",
        rf"^(?:拒绝|驳回|不通过){_SEP}{_NAME}{_WHAT}(?:$|[\s，,。:：;；]+{_BECAUSE}{_SEP}(?P<reason>.*)$)",
        r"^(?:审核)?(?:不通过|驳回)(?:了|吧)?$",
    )
)
_REFERENCE = (
    r"(?:(?:流水号?|单号|凭证号?|交易号|转账单号|编号)?(?:是|为)?[:：]?\s*"
    r"(?P<reference>[0-9A-Za-z][0-9A-Za-z_-]{3,63}))"
)
_PAID_ALL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{_PAID}{_SEP}(?:给)?{_WHO}{_WHAT}(?:了)?(?:{_SEP}{_REFERENCE})?[\s。.]*$",
        rf"^{_WHO}{_WHAT}{_SEP}{_PAID}(?:{_SEP}{_REFERENCE})?[\s。.]*$",
        rf"^(?:打款|付款|转账){_SEP}{_WHO}{_WHAT}{_SEP}{_REFERENCE}[\s。.]*$",
        rf"^{_WHO}{_WHAT}{_SEP}(?:打款|付款|转账){_SEP}{_REFERENCE}[\s。.]*$",
        rf"^{_PAID}[\s。.!！]*$",  # which one, the handler asks
    )
)


# 「3号通过了吗」 asks what became of a request.
_ASKED = re.compile(r"^(?:第|编号)?\s*[JjTt]?\d{1,9}\s*[号单]?[\u4e00-\u9fff]{0,4}(?:通过|批|审核?|处理|打款)了?[吗没]")


def decide(text: str) -> tuple[str, dict[str, str]] | None:
    """(intent, slots) of a decision, or None. A question decides nothing."""
    text = text.strip()
    if _ASKED.search(text):
        return "review", {}
    if re.search(r"[?？]|吗$|么$|[0-9]\s*[和、,，]\s*[0-9]", text):
        return None
    if re.fullmatch(r"(?:今天|今日)[\s。.!！]*", text):
        return "today", {}
    for intent, patterns in (("paid", _PAID_ALL), ("reject", _REJECT), ("approve", _APPROVE)):
        for pattern in patterns:
            match = pattern.match(text)
            if match:
                said = {name: value.strip(" 。.") for name, value in match.groupdict().items() if value}
                return intent, {name: value for name, value in said.items() if value}
    return None
